package opcua

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"runtime/debug"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// nullSet is a DataSet that only counts.
type nullSet struct{ n int }

func (s *nullSet) Put(int, *model.DataValue) { s.n++ }

var _ edge.DataSet = (*nullSet)(nil)

// changeMessage has the bytes of a message with n values of different types, for items with the handles 1 to n.
func changeMessage(t testing.TB, n int, at time.Time) *notification {
	t.Helper()
	change := &ua.DataChangeNotification{DiagnosticInfos: []*ua.DiagnosticInfo{}}
	for i := range n {
		v := []any{float64(at.UnixMicro() + int64(i)), float32(i), i%2 == 0, int32(at.UnixMilli()), "some text", uint16(i)}[i%6]
		change.MonitoredItems = append(change.MonitoredItems, &ua.MonitoredItemNotification{ClientHandle: uint32(i + 1), Value: &ua.DataValue{
			EncodingMask: ua.DataValueValue | ua.DataValueSourceTimestamp | ua.DataValueServerTimestamp,
			Value:        ua.MustVariant(v), SourceTimestamp: at, ServerTimestamp: at,
		}})
	}
	b, err := ua.Encode(ua.NewExtensionObject(change))
	if err != nil {
		t.Fatal(err)
	}
	return &notification{sequence: 1, count: 1, data: b}
}

// deliveries are a subscription with n items of one DataSet, and two messages of which each has other values than the other.
func deliveries(t testing.TB, n int, set edge.DataSet) (*subscription, [2]*notification) {
	sub := testSubscription()
	fields := newFieldSet(nil, model.WriterKey{}, set)
	for i := range n {
		sub.items[uint32(i+1)] = newItem(uint32(i+1), plant("V0"), &itemSpec{}, &fieldSink{set: fields, field: int32(i)})
	}
	return sub, [2]*notification{changeMessage(t, n, time.Unix(1, 0)), changeMessage(t, n, time.Unix(2, 0))}
}

func testSubscription() *subscription {
	p := newPublishing(publishingConfig{Publishes: 3, log: zerolog.Nop()})
	return newSubscription(p, subscriptionKey{interval: time.Second})
}

// storeless takes frames and stores them at once.
type storeless struct{}

func (storeless) PublishFrame(_ context.Context, _ model.WriterKey, _ []byte, done func(error)) error {
	done(nil)
	return nil
}

func (storeless) LastMetadata(context.Context, model.WriterKey) (*model.DataSetMetaData, error) {
	return nil, nil
}

func (storeless) StoreMetadata(context.Context, *model.DataSetMetaData) error { return nil }

func frames(t testing.TB, fields int) edge.DataSet {
	p := edge.NewPublisher(edge.PublisherConfig{Gateway: "gw"}, storeless{}, storeless{}, zerolog.Nop())
	set, err := p.Open(context.Background(), model.DataSetWriter{Gateway: "gw", Group: "g", Name: "w"}, make([]model.FieldMetaData, fields), nil)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestDeliveryDoesNotAllocate(t *testing.T) {
	const rounds = 100
	sub, messages := deliveries(t, 600, frames(t, 600))
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // a collection empties the pools
	n := testing.AllocsPerRun(1, func() {            // one run, because the average of several is rounded down
		for range rounds {
			sub.handle(messages[0])
			sub.handle(messages[1])
		}
	})
	limit := 0.0
	if raceDetector {
		limit = 12 * rounds // what lost frames of the pool cost; per value it would be 1,200
	}
	if n > limit {
		t.Errorf("delivery of %d notifications of 600 values allocates %v times", 2*rounds, n)
	}
	if n := sub.p.figures.lost(); n != 0 || messages[0].values() != 600 {
		t.Errorf("%d of %d values were lost", n, messages[0].values())
	}
}

// BenchmarkDelivery is from the bytes of a notification to those of a frame, per value.
func BenchmarkDelivery(b *testing.B) {
	const n = 1000
	sub, messages := deliveries(b, n, frames(b, n))
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i += n {
		sub.handle(messages[i/n%2])
	}
}

// BenchmarkEvents is from the bytes of a notification to those of a frame, per event of three fields.
func BenchmarkEvents(b *testing.B) {
	p := edge.NewPublisher(edge.PublisherConfig{Gateway: "gw"}, storeless{}, storeless{}, zerolog.Nop())
	set, err := p.Open(b.Context(), model.DataSetWriter{Gateway: "gw", Group: "g", Name: "w", Events: &model.EventSource{}}, make([]model.FieldMetaData, 2), nil)
	if err != nil {
		b.Fatal(err)
	}
	const n = 100
	sub, _ := eventItem(set.(edge.EventSet))
	var list []*ua.EventFieldList
	for range n {
		list = append(list, eventFields(1, "part finished", uint16(300), ua.NewNumericNodeID(0, idBaseEventType)))
	}
	message := &notification{count: 1, data: eventBytes(b, list...)}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i += n {
		sub.handle(message)
	}
}

// What a server sends is counted where it does not decode; what came before is delivered.
func TestUndecodableNotification(t *testing.T) {
	whole := changeMessage(t, 6, time.Unix(1, 0))
	for _, c := range []struct {
		name      string
		change    func([]byte) []byte
		delivered int
	}{
		{"whole", func(b []byte) []byte { return b }, 6},
		{"no array", func(b []byte) []byte { binary.LittleEndian.PutUint32(b[9:], math.MaxUint32-1); return b }, 0},
		{"a type that is none", func(b []byte) []byte { b[18] = 63; return b }, 0},
		{"the last value is cut", func(b []byte) []byte {
			b = b[:len(b)-10]
			binary.LittleEndian.PutUint32(b[5:], uint32(len(b)-9))
			return b
		}, 5},
		{"the end is missing", func(b []byte) []byte { return b[:len(b)-1] }, 0},
	} {
		set := &nullSet{}
		sub, _ := deliveries(t, 6, set)
		sub.handle(&notification{count: 1, data: c.change(bytes.Clone(whole.data))})
		if set.n != c.delivered || (sub.p.figures.lost() == 0) != (c.delivered == 6) {
			t.Errorf("%s: %d delivered, %d lost", c.name, set.n, sub.p.figures.lost())
		}
	}
}

// FuzzNotification has a server send any bytes in a PublishResponse.
func FuzzNotification(f *testing.F) {
	change := changeMessage(f, 6, time.Unix(1, 0))
	f.Add(append(make([]byte, 24), append([]byte{1, 0, 0, 0}, change.data...)...))
	f.Add([]byte{1, 0, 0, 0, 1, 0, 0, 0, 9, 9, 9, 9, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		sub, _ := deliveries(t, 6, &nullSet{})
		var r uadp.Binary
		r.Reset(b, nil)
		n, err := readPublish(&r, nil)
		if err != nil {
			return
		}
		n.values()
		sub.handle(n)
	})
}

// Messages are delivered in order and once, whatever the publishers' order.
func TestOrder(t *testing.T) {
	sub := testSubscription()
	sub.next = math.MaxUint32 - 1 // the numbers wrap around
	for _, n := range []uint32{math.MaxUint32, math.MaxUint32 - 1, 2, 1, 2, math.MaxUint32, 3} {
		sub.accept(context.Background(), nil, &notification{sequence: n, count: 1})
	}
	var got []uint32
	for range 5 {
		m, _ := sub.box.pop(t.Context())
		got = append(got, m.sequence)
	}
	want := []uint32{math.MaxUint32 - 1, math.MaxUint32, 1, 2, 3}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("delivered %v, want %v", got, want)
		}
	}
	if len(sub.held) != 0 || len(sub.box.queue) != 0 {
		t.Errorf("%d messages are held, %d left", len(sub.held), len(sub.box.queue))
	}
}
