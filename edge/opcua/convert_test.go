package opcua

import (
	"context"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// Times go through gopcua's codec and back, those that wrap in it too.
func TestDateTime(t *testing.T) {
	for _, s := range []string{
		"1601-01-01T00:00:00.0000001Z", "1650-01-01T00:00:00Z", "1677-12-31T23:59:59.9999999Z", "1816-03-30T05:56:08Z", "1970-01-01T00:00:00Z", "2026-11-22T12:34:56.1234567Z",
		"2262-04-11T23:47:16.8547757Z", "2262-04-11T23:47:16.8547759Z", "2300-01-01T00:00:00Z", "5000-06-07T08:09:10.1112131Z", "9999-12-31T23:59:59Z",
	} {
		want, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		if got := dateTime(overWire(uint64(model.DateTimeOf(want)))); got != model.DateTimeOf(want) {
			t.Errorf("%s came as %s", s, got)
		}
	}
	for _, ticks := range []uint64{math.MaxInt64, math.MaxInt64 - 1_000_000} {
		if got := dateTime(overWire(ticks)).Time().Year(); got != 9999 {
			t.Errorf("ticks %d came as year %d, want the end of time", ticks, got)
		}
	}
	if dateTime(overWire(0)) != 0 {
		t.Error("0 is no time")
	}
}

// overWire decodes ticks as gopcua does.
func overWire(ticks uint64) time.Time {
	b := ua.NewBuffer(nil)
	b.WriteUint64(ticks)
	return ua.NewBuffer(b.Bytes()).ReadTime()
}

// What gopcua would panic on or send wrong is refused.
func TestEncodeRefuses(t *testing.T) {
	e := &encoder{namespaces: model.NamespaceTable{"http://opcfoundation.org/UA/"}}
	foreign := model.ExpandedNodeID{NodeID: model.NumericID(0, 7), NamespaceURI: "urn:nobody"}
	for name, v := range map[string]model.Variant{
		"array of ByteString":        model.ArrayValue([][]byte{{1}}),
		"late DateTime":              model.DateTimeValue(model.MaxDateTime),
		"structure of another space": model.ExtensionObjectValue(&model.ExtensionObject{TypeID: foreign, Encoding: model.ExtensionBinary}),
		"DiagnosticInfo":             model.DiagnosticInfoValue(&model.DiagnosticInfo{}),
	} {
		if got, err := e.variant(v); err == nil {
			t.Errorf("%s is sent as %v", name, got.Value())
		}
	}
	for name, v := range map[string]model.Variant{
		"structure without a body": model.ExtensionObjectValue(&model.ExtensionObject{}),
		"structure, empty body":    model.ExtensionObjectValue(&model.ExtensionObject{Encoding: model.ExtensionBinary}),
		"null":                     {},
		"matrix of bytes":          model.ArrayValue([]uint8{1, 2, 3, 4, 5, 6}, 2, 3),
		"empty array":              model.ArrayValue([]float64{}),
	} {
		u, err := e.variant(v)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b, err := u.Encode()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		back := &ua.Variant{}
		if _, err := back.Decode(b); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		c := &converter{namespaces: e.namespaces, raw: &rawTypes{}}
		if got, _ := c.variant(back); !got.Equal(v) && v.Type() != model.TypeExtensionObject {
			t.Errorf("%s came back as %s, want %s", name, got, v)
		}
	}
}

func TestNodeIDs(t *testing.T) {
	table := model.NamespaceTable{"http://opcfoundation.org/UA/", "urn:a", "urn:b"}
	for _, s := range []string{"i=2258", "nsu=urn:a;s=x;y", "nsu=urn:b;g=72962b91-fa75-4ae6-8d28-b404dc7daf63", "nsu=urn:b;b=AAEC/w==", "nsu=urn:a;i=4294967295"} {
		id, err := model.ParseExpandedNodeID(s)
		if err != nil {
			t.Fatal(err)
		}
		ses := &session{namespaces: table}
		n, err := ses.resolve(id)
		if err != nil {
			t.Fatal(err)
		}
		if got := ses.expand(n); got != id {
			t.Errorf("%s came back as %s", id, got)
		}
	}
}

// nullSet is a DataSet that only counts.
type nullSet struct{ n int }

func (s *nullSet) Put(int, *model.DataValue) { s.n++ }

// notification is a message with n values of different types.
func notification(sub *subscription, n int) *ua.NotificationMessage {
	change := &ua.DataChangeNotification{}
	set := &nullSet{}
	for i := range n {
		var v any
		switch i % 6 {
		case 0:
			v = float64(i)
		case 1:
			v = float32(i)
		case 2:
			v = i%2 == 0
		case 3:
			v = int32(i)
		case 4:
			v = "some text"
		case 5:
			v = uint16(i)
		}
		handle := uint32(i + 1)
		sub.items[handle] = newItem(handle, monitored{}, &fieldSink{dataSet: set, field: i})
		change.MonitoredItems = append(change.MonitoredItems, &ua.MonitoredItemNotification{ClientHandle: handle, Value: &ua.DataValue{
			EncodingMask: ua.DataValueValue | ua.DataValueSourceTimestamp | ua.DataValueServerTimestamp,
			Value:        ua.MustVariant(v), SourceTimestamp: time.Now(), ServerTimestamp: time.Now(),
		}})
	}
	return &ua.NotificationMessage{SequenceNumber: 1, NotificationData: []*ua.ExtensionObject{ua.NewExtensionObject(change)}}
}

func testSubscription() *subscription {
	p := newPublishing(publishingConfig{Publishes: 3, log: zerolog.Nop()}, new(atomic.Uint64))
	return newSubscription(p, subscriptionKey{interval: time.Second})
}

// touch makes each value of the message a new one.
func touch(m *ua.NotificationMessage) {
	for _, x := range m.NotificationData[0].Value.(*ua.DataChangeNotification).MonitoredItems {
		x.Value.SourceTimestamp = x.Value.SourceTimestamp.Add(time.Millisecond)
	}
}

func TestDeliveryDoesNotAllocate(t *testing.T) {
	sub := testSubscription()
	m := notification(sub, 600)
	if n := testing.AllocsPerRun(100, func() { touch(m); sub.handle(m) }); n != 0 {
		t.Errorf("delivery of 600 values allocates %v times", n)
	}
}

// BenchmarkDelivery is from the decoded notification to Put, per value.
func BenchmarkDelivery(b *testing.B) {
	sub := testSubscription()
	m := notification(sub, 1000)
	b.ReportAllocs()
	for i := 0; i < b.N; i += 1000 {
		touch(m)
		sub.handle(m)
	}
}

// Messages are delivered in order and once, whatever the publishers' order.
func TestOrder(t *testing.T) {
	sub := testSubscription()
	sub.next = math.MaxUint32 - 1 // the numbers wrap around
	for _, n := range []uint32{math.MaxUint32, math.MaxUint32 - 1, 2, 1, 2, math.MaxUint32, 3} {
		sub.accept(context.Background(), nil, &ua.NotificationMessage{SequenceNumber: n, NotificationData: []*ua.ExtensionObject{nil}})
	}
	var got []uint32
	for range 5 {
		m, _ := sub.box.pop(t.Context())
		got = append(got, m.SequenceNumber)
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

var _ edge.DataSet = (*nullSet)(nil)
