package opcua

import (
	"context"
	"errors"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// skipChunk is how many references a request asks for of a node of which the first ones are passed over.
	skipChunk = 1000
	// maxEmptyParts bounds the parts without a reference that are taken from a server that says that there are more.
	maxEmptyParts = 100
	// maxBegins is how often a page is begun whose continuation point the server drops on the way.
	maxBegins = 3
)

// browsePage is a part of the references of one node: those after the first skip, at most max.
type browsePage struct {
	description *ua.BrowseDescription
	view        *ua.NodeID // nil for the whole address space
	skip, max   int

	status     model.StatusCode
	references []*ua.ReferenceDescription
	rest       []*ua.ReferenceDescription // came with the page and are after it
	point      []byte                     // where it goes on after rest; empty at the end
	cut        bool                       // it goes on, and the point is released
	passed     int                        // references that were skipped
	empty      int                        // parts that brought none
	begins     int
}

// more tells whether the node has references after the page.
func (p *browsePage) more() bool { return len(p.rest) > 0 || len(p.point) > 0 || p.cut }

// open tells whether the next part is wanted.
func (p *browsePage) open() bool { return len(p.references) < p.max && len(p.point) > 0 }

// restart forgets what came.
func (p *browsePage) restart() {
	p.status, p.references, p.rest, p.point, p.cut, p.passed, p.empty = 0, nil, nil, nil, false, 0, 0
	p.begins++
}

// resume goes on from what was held for the page.
func (p *browsePage) resume(c *continuation) {
	n := min(p.max, len(c.rest))
	p.references, p.rest, p.point, p.passed = c.rest[:n:n], c.rest[n:], c.point, p.skip
}

// take adds what the server answered.
func (p *browsePage) take(r *ua.BrowseResult) {
	p.status, p.point = model.StatusCode(r.StatusCode), r.ContinuationPoint
	if p.status.IsBad() {
		p.point = nil
	}
	for _, ref := range r.References {
		switch {
		case ref == nil || ref.NodeID == nil:
		case p.passed < p.skip:
			p.passed++
		case len(p.references) < p.max:
			p.references = append(p.references, ref)
		default:
			p.rest = append(p.rest, ref)
		}
	}
	if len(r.References) > 0 || len(p.point) == 0 {
		return
	}
	if p.empty++; p.empty > maxEmptyParts {
		p.status = model.StatusBadUnexpectedError
	}
}

// browsePages fills pages in as few requests as the server takes. Continuation points of pages with more references are left open: the caller holds or
// releases them. On an error none is left.
func (s *session) browsePages(ctx context.Context, pages []*browsePage) error {
	var begin, resumed []*browsePage
	for _, p := range pages {
		switch {
		case p.passed == 0 && p.point == nil && p.rest == nil:
			begin = append(begin, p)
		case p.open():
			resumed = append(resumed, p)
		}
	}
	err := s.limits.browse.each(len(resumed), func(from, to int) error {
		err := s.goOn(ctx, resumed[from:to])
		if err != nil && !tooLarge(err) || ctx.Err() != nil {
			return err
		}
		if err != nil { // what was sent of them is lost
			s.releasePoints(ctx, resumed[from:to])
			for _, p := range resumed[from:to] {
				p.status = model.StatusBadContinuationPointInvalid
			}
		}
		return nil
	}, nil)
	for err == nil {
		if err = s.beginAll(ctx, begin); err != nil {
			break
		}
		begin = begin[:0]
		for _, p := range pages { // the server needed the continuation point for another request
			if p.status == model.StatusBadContinuationPointInvalid && p.begins < maxBegins {
				begin = append(begin, p)
			}
		}
		if len(begin) == 0 {
			s.releasePoints(ctx, badPages(pages))
			return nil
		}
	}
	s.releasePoints(ctx, pages)
	return err
}

// badPages are the pages with a Bad status.
func badPages(pages []*browsePage) (bad []*browsePage) {
	for _, p := range pages {
		if p.status.IsBad() {
			bad = append(bad, p)
		}
	}
	return bad
}

// beginAll browses from the first reference on. Where the server has too few continuation points for the nodes of a request, fewer are asked for at a time,
// and no point of another page is kept.
func (s *session) beginAll(ctx context.Context, pages []*browsePage) error {
	if err := s.beginGroups(ctx, pages, int(s.limits.browse.n.Load()), func() {}); err != nil {
		return err
	}
	for _, size := range []int{max(s.limits.points, 1), 1} {
		var crowded []*browsePage
		for _, p := range pages {
			if p.status == model.StatusBadNoContinuationPoints {
				crowded = append(crowded, p)
			}
		}
		if len(crowded) == 0 {
			return nil
		}
		err := s.beginGroups(ctx, crowded, size, func() {
			s.continuations.releaseAll(ctx, s)
			s.releasePoints(ctx, pages)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// browseGroup is what one request has for all of its nodes.
type browseGroup struct {
	view  model.NodeID
	chunk uint32
}

// beginGroups browses pages in requests of at most size nodes, with before called before each.
func (s *session) beginGroups(ctx context.Context, pages []*browsePage, size int, before func()) error {
	groups := map[browseGroup][]*browsePage{}
	for _, p := range pages {
		g := browseGroup{chunk: uint32(p.max)}
		if p.skip > 0 {
			g.chunk = max(skipChunk, g.chunk)
		}
		if p.view != nil {
			g.view = nodeID(p.view)
		}
		groups[g] = append(groups[g], p)
	}
	for g, members := range groups {
		for len(members) > 0 {
			part := members[:min(max(size, 1), len(members))]
			members = members[len(part):]
			before()
			err := s.limits.browse.each(len(part), func(from, to int) error {
				err := s.begin(ctx, g, part[from:to])
				if status := statusOf(err, 0); refusesView(status) { // the whole request, though it is about what these nodes have in common
					for _, p := range part[from:to] {
						p.restart()
						p.status = status
					}
					return nil
				}
				return err
			}, func(i int, err error) {
				part[i].restart()
				part[i].status = statusOf(err, model.StatusBadDecodingError)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// refusesView tells whether a server refuses the view of a request (Part 4, 5.9.2.3).
func refusesView(status model.StatusCode) bool {
	switch status {
	case model.StatusBadViewIdUnknown, model.StatusBadViewTimestampInvalid, model.StatusBadViewParameterMismatch, model.StatusBadViewVersionInvalid:
		return true
	}
	return false
}

// begin browses nodes of one group and follows their references until the pages are full.
func (s *session) begin(ctx context.Context, g browseGroup, pages []*browsePage) error {
	nodes := make([]*ua.BrowseDescription, len(pages))
	for i, p := range pages {
		p.restart()
		nodes[i] = p.description
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// Who gives up does not hear of the continuation points that the server makes: the answer is waited for.
	r, err := do[*ua.BrowseResponse](context.WithoutCancel(ctx), s, &ua.BrowseRequest{
		View: &ua.ViewDescription{ViewID: uaNodeID(g.view)}, RequestedMaxReferencesPerNode: g.chunk, NodesToBrowse: nodes,
	})
	if err == nil {
		err = takeAll(pages, r.Results)
	}
	if err == nil {
		err = s.goOn(ctx, pages)
	}
	if err != nil {
		s.releasePoints(ctx, pages)
	}
	return err
}

// goOn takes the next parts of pages until they are full.
func (s *session) goOn(ctx context.Context, pages []*browsePage) error {
	for {
		var open []*browsePage
		var points [][]byte
		for _, p := range pages {
			if p.open() && !p.status.IsBad() {
				open, points = append(open, p), append(points, p.point)
			}
		}
		if len(open) == 0 {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := do[*ua.BrowseNextResponse](context.WithoutCancel(ctx), s, &ua.BrowseNextRequest{ContinuationPoints: points})
		if err != nil {
			return err
		}
		if err := takeAll(open, r.Results); err != nil {
			return err
		}
	}
}

func takeAll(pages []*browsePage, results []*ua.BrowseResult) error {
	if len(results) != len(pages) {
		return model.StatusBadUnknownResponse
	}
	for i, r := range results {
		if r == nil {
			return model.StatusBadUnknownResponse
		}
		pages[i].take(r)
	}
	return nil
}

// releasePoints releases the continuation points of pages, also when the one who asked is gone.
func (s *session) releasePoints(ctx context.Context, pages []*browsePage) {
	var points [][]byte
	for _, p := range pages {
		if len(p.point) > 0 {
			points, p.point, p.cut = append(points, p.point), nil, true
		}
	}
	s.release(ctx, points)
}

// release frees continuation points at the server. Where that fails, the server frees them with the session or when it needs them (Part 4, 7.9).
func (s *session) release(ctx context.Context, points [][]byte) {
	_ = s.limits.browse.each(len(points), func(from, to int) error {
		_, err := do[*ua.BrowseNextResponse](context.WithoutCancel(ctx), s, &ua.BrowseNextRequest{
			ReleaseContinuationPoints: true, ContinuationPoints: points[from:to],
		})
		if errors.Is(err, model.StatusBadTooManyOperations) {
			return err
		}
		return nil
	}, func(int, error) {})
}
