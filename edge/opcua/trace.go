package opcua

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// tracedEvents is how many events of one trace wait to be delivered; further ones are dropped and counted.
	tracedEvents = 1000
	// tracedAtOnce bounds the events of one delivery, traceInterval the time between two.
	tracedAtOnce  = 100
	traceInterval = 200 * time.Millisecond
	// traceSearch is how often a trace looks for what else publishes its node: a writer that is opened anew has other items.
	traceSearch = time.Second
	// maxTracedElements and maxTracedBytes bound the values that a trace shows.
	maxTracedElements = 100
	maxTracedBytes    = 4 << 10
)

// traced is a tracer where values of one field come by, with the field's name.
type traced struct {
	*tracer
	field string
}

// tracer gathers the events of one trace.
type tracer struct {
	places map[any]bool // where it is; of the trace's goroutine alone
	wake   chan struct{}

	mu      sync.Mutex
	events  []model.TraceEvent
	dropped uint64
}

// traces are the tracers of a Source by the *item or *cyclicRead that has the values. Where nobody traces it costs one look at a pointer for each
// notification.
type traces struct {
	mu sync.Mutex // of changes
	at atomic.Pointer[map[any][]traced]
}

// of returns who traces at a place, nil for nobody.
func (t *traces) of(place any) []traced {
	if at := t.at.Load(); at != nil {
		return (*at)[place]
	}
	return nil
}

// enter puts a tracer at a place, or changes the name of the field there.
func (t *traces) enter(place any, x *tracer, field string) {
	t.change(place, func(list []traced) []traced { return append(list, traced{x, field}) }, x)
	x.places[place] = true
}

// leave takes it away.
func (t *traces) leave(place any, x *tracer) {
	t.change(place, func(list []traced) []traced { return list }, x)
	delete(x.places, place)
}

// change replaces the tracers of a place by what with makes of those that are not x.
func (t *traces) change(place any, with func([]traced) []traced, x *tracer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	next := map[any][]traced{}
	if at := t.at.Load(); at != nil {
		next = maps.Clone(*at)
	}
	others := slices.DeleteFunc(slices.Clone(next[place]), func(e traced) bool { return e.tracer == x })
	if next[place] = with(others); len(next[place]) == 0 {
		delete(next, place)
	}
	if len(next) == 0 {
		t.at.Store(nil)
		return
	}
	t.at.Store(&next)
}

// note adds an event to those that trace; v is copied.
func note(who []traced, e model.TraceEvent, v *model.DataValue) {
	for _, t := range who {
		e.Field = t.field
		t.add(&e, v)
	}
}

func (t *tracer) add(e *model.TraceEvent, v *model.DataValue) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.events) >= tracedEvents {
		t.dropped++
		return
	}
	shown := *e
	shown.Value, shown.Omitted = *v, tooLargeToTrace(v.Value)
	if shown.Omitted != "" {
		shown.Value.Value = model.Variant{}
	} else {
		shown.Value.Value = v.Value.Clone()
	}
	t.events = append(t.events, shown)
	notify(t.wake)
}

// tooLargeToTrace describes a value that is too large to be shown; empty for others.
func tooLargeToTrace(v model.Variant) string {
	switch t := v.Type(); {
	case v.IsNull():
		return ""
	case v.IsArray():
		if n := v.Len(); n > maxTracedElements || !t.Numeric() && len(v.AppendJSON(nil)) > maxTracedBytes {
			return fmt.Sprintf("%s[%d]", t, n)
		}
	case t == model.TypeString || t == model.TypeXMLElement:
		if n := len(v.Text()); n > maxTracedBytes {
			return fmt.Sprintf("%s of %d bytes", t, n)
		}
	case t == model.TypeByteString:
		if n := len(v.Bytes()); n > maxTracedBytes {
			return fmt.Sprintf("%s of %d bytes", t, n)
		}
	case t > model.TypeByteString:
		if n := len(v.AppendJSON(nil)); n > maxTracedBytes {
			return fmt.Sprintf("%s of %d bytes as JSON", t, n)
		}
	}
	return ""
}

// take returns what waits.
func (t *tracer) take() (events []model.TraceEvent, dropped uint64, more bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(t.events), tracedAtOnce)
	events = slices.Clone(t.events[:n])
	t.events = slices.Delete(t.events, 0, n)
	dropped, t.dropped = t.dropped, 0
	return events, dropped, len(t.events) > 0
}

// Trace implements edge.Tracer.
func (s *Source) Trace(r model.TraceRequest) (func(context.Context, func(model.TraceEvents)), error) {
	if len(s.writers.tracePlaces(r.NodeID)) == 0 {
		return nil, fmt.Errorf("node %s is not published from server %q: publish it, or watch its values with the subscription values: %w",
			r.NodeID, s.cfg.Server.ID, model.StatusBadMonitoredItemIdInvalid)
	}
	return func(ctx context.Context, deliver func(model.TraceEvents)) {
		ctx, cancel := context.WithTimeout(ctx, min(r.Duration, model.MaxTrace))
		defer cancel()
		s.trace(ctx, r.NodeID, deliver)
	}, nil
}

// trace delivers the events of a node until ctx ends.
func (s *Source) trace(ctx context.Context, node model.ExpandedNodeID, deliver func(model.TraceEvents)) {
	t := &tracer{places: map[any]bool{}, wake: make(chan struct{}, 1)}
	defer func() {
		for p := range t.places {
			s.publishing.traces.leave(p, t)
		}
	}()
	s.enterTrace(t, node)
	search := time.NewTicker(traceSearch)
	defer search.Stop()
	var sequence uint64
	for more := false; ; {
		if !more {
			select {
			case <-ctx.Done():
			case <-t.wake:
			case <-search.C:
				s.enterTrace(t, node)
				continue
			}
		}
		sleep(ctx, traceInterval)
		ended := ctx.Err() != nil
		var d model.TraceEvents
		d.Events, d.Dropped, more = t.take()
		sequence++
		d.Sequence, d.Ended = sequence, ended && !more
		if deliver(d); d.Ended {
			return
		}
	}
}

// enterTrace puts a tracer where the node is published now, and takes it away from where it was.
func (s *Source) enterTrace(t *tracer, node model.ExpandedNodeID) {
	now := s.writers.tracePlaces(node)
	for p, field := range now {
		s.publishing.traces.enter(p, t, field)
	}
	for p := range t.places {
		if _, ok := now[p]; !ok {
			s.publishing.traces.leave(p, t)
		}
	}
}

// tracePlaces returns where the values of a node come by, each a *item or *cyclicRead, with the names of their fields.
func (w *writers) tracePlaces(node model.ExpandedNodeID) map[any]string {
	namespaces := *w.source.publishing.namespaces.Load()
	node = namespaces.ExpandExpanded(node)
	places := map[any]string{}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range w.open {
		for i, it := range o.items {
			if it != nil && namespaces.ExpandExpanded(it.node) == node {
				places[it] = o.config.Fields[i].Name
			}
		}
		for i, r := range o.reads {
			if r != nil && namespaces.ExpandExpanded(r.node) == node {
				places[r] = o.config.Fields[i].Name
			}
		}
	}
	return places
}

// putTraced is item.put for a value of a node that is traced; false for one of another node, which it leaves alone.
func (s *subscription) putTraced(it *item, v *model.DataValue, now time.Time) bool {
	who := s.p.traces.of(it)
	f, ok := it.sink.(*fieldSink)
	if who == nil || !ok {
		return false
	}
	e := model.TraceEvent{
		Arrived: now, Subscription: s.decoder.subscription, Number: s.decoder.sequence, Writer: f.set.key, Fate: model.FateRepeated,
	}
	if !it.repeats(v) {
		it.keep(v)
		e.Fate = f.putTold(v)
	}
	note(who, e, v)
	return true
}

// putTraced is take for a value of a node that is traced.
func (r *cyclicRead) putTraced(v *model.DataValue, now time.Time, who []traced) {
	note(who, model.TraceEvent{Arrived: now, Writer: r.sink.set.key, Fate: r.sink.putTold(v)}, v)
}

// putTold is put, and tells what became of the value.
func (f *fieldSink) putTold(v *model.DataValue) model.Fate {
	skip := f.skip
	f.skip = false
	if f.beat != nil {
		f.beat.put(v, true) // keeps it, and hands it on as the next lines do
	}
	switch {
	case skip:
		return model.FateSkipped
	case f.beat != nil && f.beat.drop:
		return model.FateKept
	}
	if d, ok := f.set.dataSet.(edge.Telling); ok {
		return d.PutTold(int(f.field), v)
	}
	f.set.dataSet.Put(int(f.field), v)
	return model.FatePublished
}
