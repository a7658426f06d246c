package typed

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// firstDelivery is how long the first delivery waits for the values of all servers.
	firstDelivery = 10 * time.Second
	// retryMonitor is how long it takes until a server that went away is monitored again, lookAgain until it is looked for instances that came
	// or went; the latter goes by what Space knows, for all subscriptions together.
	retryMonitor, lookAgain = 5 * time.Second, 30 * time.Second
)

// subscription delivers instances of a type as their values change. Its methods are called by one goroutine, that which asks for the next
// response, but forward and look.
type subscription struct {
	x      *Executable
	op     *graphql.OperationContext
	field  graphql.CollectedField
	typ    *Type
	ctx    context.Context // ends with the subscription
	cancel context.CancelFunc

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
	sequence  uint64
	last      time.Time
	begun     bool
	ended     bool
	publisher *time.Timer
}

// subscribe answers a subscription to instances of a type.
func (x *Executable) subscribe(ctx context.Context, op *graphql.OperationContext, field graphql.CollectedField) graphql.ResponseHandler {
	s := &subscription{
		x: x, op: op, field: field, typ: x.typed.Type(field.Name), live: newLiveState(), monitors: map[string]*monitor{},
		deliveries: make(chan delivery), found: make(chan lookup, 1), changed: map[int]bool{},
	}
	s.ctx, s.cancel = context.WithCancel(ctx)
	return s.next
}

// next waits for the next delivery; nil ends the subscription.
func (s *subscription) next(ctx context.Context) (response *graphql.Response) {
	defer func() {
		if v := recover(); v != nil { // the engine recovers in the goroutines of generated code alone
			graphql.AddError(ctx, s.op.RecoverFunc(ctx, v))
			response = s.fail()
		}
		if response == nil {
			s.end()
		}
	}()
	switch {
	case s.ended:
		return nil
	case !s.begun:
		return s.begin(ctx)
	}
	for {
		wait, due := s.due()
		if due {
			return s.deliver(ctx, false, nil)
		}
		select {
		case <-s.ctx.Done():
			return nil
		case <-ctx.Done():
			return nil
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
				return s.fail()
			}
			if response := s.follow(ctx, found.instances); response != nil {
				return response
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

func (s *subscription) end() {
	s.ended = true
	s.cancel()
	if s.begun {
		s.look.Stop()
		s.retry.Stop()
		s.publisher.Stop()
	}
}

// fail is the last response, with the errors that were told.
func (s *subscription) fail() *graphql.Response {
	s.end()
	return &graphql.Response{Data: json.RawMessage("null")}
}

// begin finds the instances, monitors their variables and makes the first delivery.
func (s *subscription) begin(ctx context.Context) *graphql.Response {
	s.begun = true
	s.look, s.retry, s.publisher = time.NewTicker(lookAgain), time.NewTimer(time.Hour), time.NewTimer(time.Hour)
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
		return s.fail()
	}
	s.instances = p.instances
	return s.plan(ctx, nil)
}

func (s *subscription) run(ctx context.Context) *run {
	r := s.x.newRun(ctx, s.op)
	r.live = s.live
	return r
}

func (s *subscription) root() *slot {
	return &slot{typ: s.field.Definition.Type, path: ast.Path{ast.PathName(s.field.Alias)}, position: s.field.Position}
}

// plan looks at what is below the instances, monitors it, and delivers all when the values are there.
func (s *subscription) plan(ctx context.Context, removed []string) *graphql.Response {
	r := s.run(ctx)
	s.live.owners = map[place][]int{}
	// The slots are thrown away, with their errors: the delivery makes them again of what is known then.
	r.ctx = graphql.WithFreshResponseContext(ctx)
	r.expand(s.changes(r, s.root(), true, s.instances, nil))
	s.live.learned = false
	s.live.forget()
	s.monitorAll(r.order)
	timeout := time.NewTimer(firstDelivery)
	defer timeout.Stop()
	for waiting := true; waiting && s.pending(); {
		select {
		case <-s.ctx.Done():
			return nil
		case <-ctx.Done():
			return nil
		case d := <-s.deliveries:
			s.take(d)
		case <-timeout.C:
			waiting = false
		}
	}
	return s.deliver(ctx, true, removed)
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

// deliver makes a response with the instances that changed, or with all of them.
func (s *subscription) deliver(ctx context.Context, complete bool, removed []string) *graphql.Response {
	s.sequence++
	instances := s.instances
	if !complete {
		instances = nil
		for _, i := range slices.Sorted(maps.Keys(s.changed)) {
			instances = append(instances, s.instances[i])
		}
	}
	owners := s.live.owners
	s.live.owners = nil // the places are those of the page
	r, root := s.run(ctx), s.root()
	r.expand(s.changes(r, root, complete, instances, removed))
	r.fetch()
	s.live.owners = owners
	s.stale = s.stale || s.live.learned // not monitored yet
	values, whole := r.finish([]*slot{root})
	clear(s.changed)
	s.overflow, s.last = false, time.Now()
	if !whole {
		return &graphql.Response{Data: json.RawMessage("null")}
	}
	return &graphql.Response{Data: join([]graphql.CollectedField{s.field}, values)}
}

// changes makes the slots of a delivery, and returns its instances.
func (s *subscription) changes(r *run, root *slot, complete bool, instances []*instance, removed []string) (level []*pending) {
	name := root.typ.Name()
	root.object = true
	for _, c := range graphql.CollectFields(s.op, s.field.Selections, s.x.satisfies[name]) {
		k := root.kid(c, c.Definition.Type)
		switch c.Name {
		case "__typename":
			k.text(name)
		case "sequence":
			k.raw = quoted(strconv.FormatUint(s.sequence, 10))
		case "complete":
			k.raw = strconv.AppendBool(nil, complete)
		case "overflow":
			k.raw = strconv.AppendBool(nil, s.overflow)
		case "removed":
			k.list = true
			for _, id := range removed {
				k.item().raw = quoted(id)
			}
		case "nodes":
			level = append(level, r.nodes(k, c, s.typ, instances)...)
		}
	}
	return level
}
