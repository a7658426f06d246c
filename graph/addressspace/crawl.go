package addressspace

import (
	"context"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// firstBatch, minBatch and maxBatch are how many nodes are asked for at once: at the beginning, of a slow server, of a fast one.
	firstBatch, minBatch, maxBatch = 100, 5, 500
	// slowBatch makes batches smaller, fastBatch larger.
	slowBatch, fastBatch = 2 * time.Second, 250 * time.Millisecond
	// pageSize is how many references of a node are asked for at once; the others follow in further pages.
	pageSize = 2000
	// batchTries is how often a batch is asked for that fails; retryPause is the first pause before the next try, each further one is twice as
	// long, up to retryPauseMax.
	batchTries                = 8
	retryPause, retryPauseMax = time.Second, 30 * time.Second
	// batchTimeout bounds one request.
	batchTimeout = time.Minute
)

// engineeringUnits is the browse name of the property of a variable (Part 8, 5.6.3), in namespace 0.
const engineeringUnits = "EngineeringUnits"

var hierarchicalReferences = model.Expanded(model.NumericID(0, 33))

// Services are what a server is browsed with. An error says that the batch was not tried.
type Services interface {
	Browse(ctx context.Context, server string, nodes []model.BrowseDescription) ([]model.BrowseResult, error)
	Read(ctx context.Context, server string, nodes []model.ReadValueID) ([]model.ReadResult, error)
}

// Limits bound what is kept of one server.
type Limits struct {
	MaxNodes int
	MaxDepth int // at most 255
}

// crawler browses one server.
type crawler struct {
	services Services
	server   string
	limits   Limits
	// known is what is known from earlier, nil for nothing. Only the nodes in stale, and those that widen adds, are asked for again; or all of
	// them when stale is nil.
	known *Space
	stale map[model.ExpandedNodeID]bool
	// progress is told how many nodes are browsed, of those that are found.
	progress func(browsed, found int)
	// counts are added to.
	counts *counts

	b     *builder
	batch int
}

// crawl browses the server and reads the units of its variables.
func (c *crawler) crawl(ctx context.Context) (*Space, error) {
	c.b, c.batch = newBuilder(c.limits), firstBatch
	if c.known != nil && c.stale != nil {
		if err := c.widen(ctx); err != nil {
			return nil, err
		}
	}
	for next := int32(0); int(next) < len(c.b.space.nodes); {
		last, asked := c.take(next)
		results, err := c.browse(ctx, asked)
		if err != nil {
			return nil, err
		}
		c.put(next, last, asked, results)
		next = last
		c.progress(int(next), len(c.b.space.nodes))
	}
	if err := c.readUnits(ctx); err != nil {
		return nil, err
	}
	s := c.b.finish()
	s.BrowsedAt = time.Now()
	s.Version = s.digest()
	return s, nil
}

// take returns the nodes from one on that come next: those that are asked for, and those that need not be between them.
func (c *crawler) take(from int32) (last int32, asked []int32) {
	for last = from; int(last) < len(c.b.space.nodes) && len(asked) < c.batch && last-from < 100*maxBatch; last++ {
		if _, ok := c.remembered(last); !ok {
			asked = append(asked, last)
		}
	}
	return last, asked
}

// remembered is the number in known of a node that need not be asked for.
func (c *crawler) remembered(i int32) (int32, bool) {
	if c.known == nil || c.stale == nil {
		return 0, false
	}
	id := c.b.nodeID(i)
	if c.stale[id] {
		return 0, false
	}
	return c.known.Find(id)
}

// browse asks for the references of nodes.
func (c *crawler) browse(ctx context.Context, nodes []int32) ([]model.BrowseResult, error) {
	results, err := inBatches(ctx, c, nodes, func(ctx context.Context, part []int32) ([]model.BrowseResult, error) {
		descriptions := make([]model.BrowseDescription, len(part))
		for i, n := range part {
			descriptions[i] = c.description(n, 0)
		}
		return c.services.Browse(ctx, c.server, descriptions)
	})
	for i := range results {
		if err == nil && results[i].More {
			err = c.browseRest(ctx, nodes[i], &results[i])
		}
	}
	if err != nil {
		return nil, fmt.Errorf("browse server %q: %w", c.server, err)
	}
	return results, nil
}

func (c *crawler) description(node int32, skip int) model.BrowseDescription {
	return model.BrowseDescription{
		NodeID: c.b.nodeID(node), ReferenceType: hierarchicalReferences, IncludeSubtypes: true, Skip: skip, MaxReferences: pageSize,
	}
}

// browseRest asks for the further pages of a node's references, as many as there may be nodes.
func (c *crawler) browseRest(ctx context.Context, node int32, r *model.BrowseResult) error {
	for r.More && len(r.References) <= c.limits.MaxNodes {
		pages, err := inBatches(ctx, c, []int32{node}, func(ctx context.Context, _ []int32) ([]model.BrowseResult, error) {
			return c.services.Browse(ctx, c.server, []model.BrowseDescription{c.description(node, len(r.References))})
		})
		if err != nil {
			return err
		}
		if pages[0].Status.IsBad() {
			r.Status = pages[0].Status
			return nil
		}
		if len(pages[0].References) == 0 {
			return nil // some servers say that there is more when there is not
		}
		r.References, r.More = append(r.References, pages[0].References...), pages[0].More
	}
	return nil
}

// inBatches asks for nodes in batches, one after the other. After each it waits as long as that took, so that the server has time for others.
// Batches become smaller when they take long, or are not done: then they are tried again after a pause.
func inBatches[T any](ctx context.Context, c *crawler, nodes []int32, ask func(context.Context, []int32) ([]T, error)) ([]T, error) {
	results := make([]T, 0, len(nodes))
	for failures := 0; len(nodes) > 0; {
		part := nodes[:min(len(nodes), c.batch)]
		begin := time.Now()
		c.counts.requests.Add(1)
		answer, err := within(ctx, batchTimeout, func(ctx context.Context) ([]T, error) { return ask(ctx, part) })
		took := time.Since(begin)
		if err == nil && len(answer) != len(part) {
			return nil, fmt.Errorf("%d results for %d items", len(answer), len(part))
		}
		switch {
		case err != nil || took > slowBatch:
			c.batch = max(c.batch/2, minBatch)
		case took < fastBatch && len(part) == c.batch:
			c.batch = min(c.batch*2, maxBatch)
		}
		pause := took
		if err != nil {
			c.counts.failures.Add(1)
			if failures++; failures == batchTries || ctx.Err() != nil {
				return nil, err
			}
			pause = min(retryPause<<(failures-1), retryPauseMax)
		} else {
			failures = 0
			results, nodes = append(results, answer...), nodes[len(part):]
		}
		if err := wait(ctx, pause); err != nil {
			return nil, err
		}
	}
	return results, nil
}

func within[T any](ctx context.Context, limit time.Duration, ask func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return ask(ctx)
}

// wait waits for a time, or less when ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// put adds the references of the nodes from first to before last.
func (c *crawler) put(first, last int32, asked []int32, results []model.BrowseResult) {
	for i := first; i < last; i++ {
		c.b.begin(i)
		if len(asked) == 0 || asked[0] != i {
			at, _ := c.remembered(i)
			c.remember(at)
			continue
		}
		r := &results[0]
		asked, results = asked[1:], results[1:]
		if r.Status.IsBad() && r.Status != model.StatusBadNodeIdUnknown {
			c.b.omit("the references of %s are not told: %s", c.b.nodeID(i), r.Status.Name())
			if c.known == nil {
				continue
			}
			if at, ok := c.known.Find(c.b.nodeID(i)); ok { // it is not gone
				c.remember(at)
			}
			continue
		}
		for j := range r.References {
			c.b.reference(&r.References[j])
		}
	}
}

// remember adds the references that a node had.
func (c *crawler) remember(at int32) {
	from, to := c.known.references(at)
	for ; from < to; from++ {
		r := c.known.reference(from)
		c.b.reference(&r)
	}
}
