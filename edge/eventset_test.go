package edge

import (
	"context"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

func openEvents(t *testing.T, p *Publisher, fields int) EventSet {
	t.Helper()
	w := testWriter
	w.Events = &model.EventSource{}
	d, err := p.Open(context.Background(), w, testFields(fields), nil)
	if err != nil {
		t.Fatal(err)
	}
	return d.(EventSet)
}

func event(n int, text string) []model.Variant {
	return []model.Variant{model.Int32Value(int32(n)), model.StringValue(text), {}}
}

// Events share NetworkMessages, keep their order and their numbers, and have all fields. One that is larger than a shared frame may be goes alone.
func TestEventSet(t *testing.T) {
	sink := &fakeSink{}
	p := NewPublisher(PublisherConfig{Gateway: "gw"}, sink, &fakeMetadata{}, zerolog.Nop())
	d := openEvents(t, p, 3)
	var texts []string
	for i := range 600 {
		text := "part finished"
		if i == 300 || i == 301 {
			text = strings.Repeat("x", 70_000)
		}
		texts = append(texts, text)
		d.PutEvent(event(i, text))
	}
	stored := 0
	d.(Durable).Stored(func(ok bool) {
		if ok {
			stored++
		}
	})
	d.PutEvent(event(0, "a field too few")[:2])
	d.Put(0, &model.DataValue{Value: model.DoubleValue(1)})
	p.Close(testWriter.Key())
	d.PutEvent(event(0, "too late"))

	n, shared := 0, 0
	for _, frame := range sink.frames {
		m, err := uadp.ParseMessage(frame, nil)
		if err != nil {
			t.Fatal(err)
		}
		shared = max(shared, len(m.DataSets))
		for _, s := range m.DataSets {
			h := &s.Header
			if h.Kind != uadp.Event || h.Encoding != uadp.EncodingVariant || int(h.SequenceNumber) != n+1 || h.Timestamp.IsZero() || len(s.Fields) != 3 {
				t.Fatalf("message %d has header %+v and %d fields", n, *h, len(s.Fields))
			}
			if got := s.Fields[1].Value.Value.Text(); s.Fields[0].Value.Value.Int() != int64(n) || got != texts[n] || !s.Fields[2].Value.Value.IsNull() {
				t.Fatalf("event %d is %v, %.20q, %v", n, s.Fields[0].Value.Value, got, s.Fields[2].Value.Value)
			}
			n++
		}
	}
	if n != 600 || shared < 100 || stored != 1 {
		t.Errorf("%d events, up to %d in a frame, stored %d times", n, shared, stored)
	}
	if s := p.Statistics(); s.Values != 600 || s.Dropped != 3 || s.Refused != 0 {
		t.Errorf("statistics %+v", s)
	}
}

// Events that come for a writer that was just opened again go on if their fields stay; values do not become events.
func TestReplaceEventSet(t *testing.T) {
	sink := &fakeSink{}
	p := NewPublisher(PublisherConfig{Gateway: "gw"}, sink, &fakeMetadata{}, zerolog.Nop())
	values := openTest(t, p, 3)
	first := openEvents(t, p, 3)
	values.Put(0, double(1, 1)) // dropped
	openEvents(t, p, 3)
	first.PutEvent(event(7, "on its way"))
	openEvents(t, p, 4)
	first.PutEvent(event(8, "of other fields")) // dropped
	p.Close(testWriter.Key())
	if len(sink.frames) != 1 || p.Statistics().Dropped != 2 {
		t.Fatalf("%d frames, want 1 with an event; statistics %+v", len(sink.frames), p.Statistics())
	}
	m, err := uadp.ParseMessage(sink.frames[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	if f := m.DataSets[0].Fields; m.DataSets[0].Header.Kind != uadp.Event || f[0].Value.Value.Int() != 7 {
		t.Errorf("%+v", m.DataSets[0])
	}
}

// A value that cannot be encoded does not take its event along.
func TestEventWithBadField(t *testing.T) {
	sink := &fakeSink{}
	p := NewPublisher(PublisherConfig{Gateway: "gw"}, sink, &fakeMetadata{}, zerolog.Nop())
	d := openEvents(t, p, 3)
	deep := model.Int32Value(1)
	for range 200 {
		deep = model.ArrayValue([]model.Variant{deep})
	}
	d.PutEvent([]model.Variant{model.Int32Value(7), deep, model.StringValue("end")})
	p.Close(testWriter.Key())
	m, err := uadp.ParseMessage(sink.frames[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	f := m.DataSets[0].Fields
	if f[0].Value.Value.Int() != 7 || f[1].Value.Value.StatusCode() != model.StatusBadEncodingError && f[1].Value.Status != model.StatusBadEncodingError ||
		f[2].Value.Value.Text() != "end" || p.Statistics().Refused != 1 {
		t.Errorf("fields %+v, statistics %+v", f, p.Statistics())
	}
}

func TestEventSetDoesNotAllocate(t *testing.T) {
	p := NewPublisher(PublisherConfig{Gateway: "gw"}, discard{}, &fakeMetadata{}, zerolog.Nop())
	d := openEvents(t, p, 3)
	e := event(1, "part finished")
	if n := testing.AllocsPerRun(5000, func() { d.PutEvent(e) }); n != 0 {
		t.Errorf("an event allocates %v times", n)
	}
}

// discard stores frames at once.
type discard struct{}

func (discard) PublishFrame(_ context.Context, _ model.WriterKey, _ []byte, done func(error)) error {
	done(nil)
	return nil
}
