package typed

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/graph/live"
	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// firstDelivery is how long the first delivery waits for the values of all servers.
	firstDelivery = 10 * time.Second
	// retryMonitor is how long it takes until a server that went away is monitored again, lookAgain until it is looked for instances that came
	// or went; the latter goes by what Space knows, for all subscriptions together.
	retryMonitor, lookAgain = 5 * time.Second, 30 * time.Second
)

// subscription writes a feed of instances of a type as their values change. Its methods are called by one goroutine, that of the feed, but forward and
// lookForInstances.
type subscription struct {
	x     *Executable
	op    *graphql.OperationContext
	field graphql.CollectedField
	typ   *Type
	feed  *live.Feed
	ctx   context.Context // ends with the feed

	search  search
	request model.MonitorRequest

	live       *liveState
	instances  []*instance
	monitors   map[string]*monitor
	deliveries chan delivery
	found      chan lookup
	look       *time.Ticker
	retry      *time.Timer
	looking    bool

	// changed are the instances that the next delivery has, by their places in instances.
	changed  map[int]bool
	overflow bool
	// stale tells that a node is gone, so that what is known of the instances does not hold.
	stale     bool
	last      time.Time
	publisher *time.Timer
}

// produce writes the feed of a subscription to instances of a type, until ctx ends or an error ends it.
func (x *Executable) produce(ctx context.Context, op *graphql.OperationContext, field graphql.CollectedField, feed *live.Feed) {
	s := &subscription{
		x: x, op: op, field: field, typ: x.typed.Type(field.Name), feed: feed, ctx: ctx, live: newLiveState(), monitors: map[string]*monitor{},
		deliveries: make(chan delivery), found: make(chan lookup, 1), changed: map[int]bool{},
		look: time.NewTicker(lookAgain), retry: time.NewTimer(time.Hour), publisher: time.NewTimer(time.Hour),
	}
	defer s.look.Stop()
	defer s.retry.Stop()
	defer s.publisher.Stop()
	for step, next := s.begin, s.next; ; step = next {
		d, ok := s.document(step)
		if !ok {
			return
		}
		if feed.Add(d); d.Last {
			return
		}
	}
}

// document takes a step to the next document, with the errors that were told on the way. false when the feed has ended.
func (s *subscription) document(step func(context.Context) []byte) (d live.Document, ok bool) {
	ctx := graphql.WithFreshResponseContext(s.ctx)
	func() {
		defer func() {
			if v := recover(); v != nil { // the engine recovers in the goroutines of generated code alone
				graphql.AddError(ctx, s.op.RecoverFunc(ctx, v))
				d.Data = nil
			}
		}()
		d.Data = step(ctx)
	}()
	d.Errors = slices.Clip(graphql.GetErrors(ctx))
	for _, e := range d.Errors {
		e.Locations = nil // those of one of its readers
	}
	if d.Data == nil && len(d.Errors) > 0 {
		d.Data, d.Last = []byte("null"), true
	}
	return d, d.Data != nil && s.ctx.Err() == nil
}

// next waits for the next delivery; nil ends the feed.
func (s *subscription) next(ctx context.Context) []byte {
	for {
		wait, due := s.due()
		if due {
			return s.deliver(ctx)
		}
		select {
		case <-s.ctx.Done():
			return nil
		case w := <-s.feed.Wholes():
			s.feed.Answer(w, s.whole)
		case d := <-s.deliveries:
			s.take(d)
		case <-s.retry.C:
			s.again()
		case <-s.look.C:
			s.lookForInstances()
		case found := <-s.found:
			s.looking = false
			if found.err != nil {
				graphql.AddError(ctx, s.root().located(found.err))
				return nil
			}
			if data := s.follow(ctx, found.instances); data != nil {
				return data
			}
		case <-wait:
		}
	}
}

// due tells whether it is time for a delivery, or else gives the channel to wait on.
func (s *subscription) due() (<-chan time.Time, bool) {
	if len(s.changed) == 0 {
		return nil, false
	}
	left := s.request.PublishingInterval - time.Since(s.last)
	if left <= 0 {
		return nil, true
	}
	s.publisher.Reset(left)
	return s.publisher.C, false
}

// begin finds the instances, monitors their variables and makes the first delivery. Without data there is an error.
func (s *subscription) begin(ctx context.Context) []byte {
	root := s.root()
	args := s.field.ArgumentMap(s.op.Variables)
	var err error
	if s.search, err = searchOf(args); err == nil {
		s.request, err = s.x.services.MonitorIntervals(args)
	}
	r := s.run(ctx)
	var p *page
	if err == nil {
		p, err = r.find(s.field, s.x.queries[s.field.Name], root)
	}
	if err != nil {
		graphql.AddError(ctx, root.located(err))
		return nil
	}
	s.instances = p.instances
	return s.plan(ctx, nil)
}

func (s *subscription) run(ctx context.Context) *run {
	r := s.x.newRun(ctx, s.op)
	r.live = s.live
	return r
}

func (s *subscription) root() *slot { return rootSlot(s.field) }

// plan looks at what is below the instances, monitors it, and delivers all when the values are there.
func (s *subscription) plan(ctx context.Context, removed []string) []byte {
	r := s.run(ctx)
	s.live.owners = map[place][]int{}
	// The slots are thrown away, with their errors: the delivery makes them again of what is known then.
	r.ctx = graphql.WithFreshResponseContext(ctx)
	r.expand(s.changes(r, s.root(), &changes{complete: true, instances: s.instances}))
	s.live.learned = false
	s.live.forget()
	s.monitorAll(r.order)
	timeout := time.NewTimer(firstDelivery)
	defer timeout.Stop()
	for waiting := true; waiting && s.pending(); {
		select {
		case <-s.ctx.Done():
			return nil
		case d := <-s.deliveries:
			s.take(d)
		case <-timeout.C:
			waiting = false
		}
	}
	overflow := s.overflow
	s.delivered()
	return s.write(ctx, &changes{sequence: s.feed.Sequence() + 1, complete: true, overflow: overflow, instances: s.instances, removed: removed})
}

// pending tells whether a server has not delivered for the first time.
func (s *subscription) pending() bool {
	for _, m := range s.monitors {
		if !m.first {
			return true
		}
	}
	return false
}

// changes is a delivery.
type changes struct {
	sequence           uint64
	complete, overflow bool
	instances          []*instance
	removed            []string
}

// deliver makes a delivery of the instances that changed.
func (s *subscription) deliver(ctx context.Context) []byte {
	c := &changes{sequence: s.feed.Sequence() + 1, overflow: s.overflow}
	for _, i := range slices.Sorted(maps.Keys(s.changed)) {
		c.instances = append(c.instances, s.instances[i])
	}
	s.delivered()
	return s.write(ctx, c)
}

// delivered notes that there is a delivery of what changed.
func (s *subscription) delivered() {
	clear(s.changed)
	s.overflow, s.last = false, time.Now()
}

// whole makes a delivery of all instances, beside those of changes.
func (s *subscription) whole(sequence uint64, overflow bool) live.Document {
	d, _ := s.document(func(ctx context.Context) []byte {
		return s.write(ctx, &changes{sequence: sequence, complete: true, overflow: overflow, instances: s.instances})
	})
	return d
}

// write writes a delivery, of what is known.
func (s *subscription) write(ctx context.Context, c *changes) []byte {
	owners := s.live.owners
	s.live.owners = nil // the places are those of the page
	r, root := s.run(ctx), s.root()
	r.expand(s.changes(r, root, c))
	r.fetch()
	s.live.owners = owners
	s.stale = s.stale || s.live.learned // not monitored yet
	values, whole := r.finish([]*slot{root})
	if !whole {
		return []byte("null")
	}
	return join([]graphql.CollectedField{s.field}, values)
}

// changes makes the slots of a delivery, and returns its instances.
func (s *subscription) changes(r *run, root *slot, c *changes) (level []*pending) {
	name := root.typ.Name()
	root.object = true
	for _, f := range graphql.CollectFields(s.op, s.field.Selections, s.x.satisfies[name]) {
		k := root.kid(f, f.Definition.Type)
		switch f.Name {
		case "__typename":
			k.text(name)
		case "stream":
			k.raw = quoted(s.feed.ID())
		case "sequence":
			k.raw = quoted(strconv.FormatUint(c.sequence, 10))
		case "complete":
			k.raw = strconv.AppendBool(nil, c.complete)
		case "overflow":
			k.raw = strconv.AppendBool(nil, c.overflow)
		case "removed":
			k.list = true
			for _, id := range c.removed {
				k.item().raw = quoted(id)
			}
		case "nodes":
			level = append(level, r.nodes(k, f, s.typ, c.instances)...)
		}
	}
	return level
}
