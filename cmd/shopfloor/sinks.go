package main

import (
	"context"
	"sync"

	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// sinks are where one core puts what makes no samples. Each core has its own, because an error of its values is not another's.
type sinks struct {
	text   *bus.TextStore
	events *bus.EventStore
}

func (p *platform) makeSinks() (s sinks, err error) {
	if s.text, err = bus.NewTextStore(p.frames, p.part("text")); err != nil {
		return s, err
	}
	s.events, err = bus.NewEventStore(p.frames, p.part("events"))
	return s, err
}

// run stores until the result is called, which waits for the end. Its owner flushes before.
func (s sinks) run(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	for _, run := range []func(context.Context) error{s.text.Run, s.events.Run} {
		running.Go(func() { _ = run(ctx) }) // it says only that the connection is closed
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// textSink is ingest.TextSink over the bus.
type textSink struct {
	store *bus.TextStore
	batch []bus.TextValue
}

func (s *textSink) AppendText(ctx context.Context, values []ingest.TextValue) error {
	s.batch = s.batch[:0]
	for i := range values {
		s.batch = append(s.batch, bus.TextValue(values[i]))
	}
	defer clear(s.batch)
	return s.store.AppendText(ctx, s.batch)
}

func (s *textSink) Flush(ctx context.Context) error { return s.store.Flush(ctx) }

var _ ingest.EventSink = (*bus.EventStore)(nil)

// eventLog is graph.Events over the bus: it reads what the cores of all processes stored.
type eventLog struct {
	conn *bus.Conn
	feed *bus.EventFeed
}

func (l eventLog) Events(ctx context.Context, q model.EventQuery) (model.EventPage, error) {
	return l.conn.Events(ctx, q)
}

func (l eventLog) Watch(ctx context.Context, f model.EventFilter) <-chan model.Event {
	return l.feed.Subscribe(ctx, f)
}
