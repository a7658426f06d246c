package opcua

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// events is an edge.EventSet that keeps what it gets.
type events struct {
	nullSet
	got [][]model.Variant
}

func (e *events) PutEvent(fields []model.Variant) {
	kept := make([]model.Variant, len(fields))
	for i := range fields {
		kept[i] = fields[i].Clone()
	}
	e.got = append(e.got, kept)
}

// eventBytes has the bytes of events as a server sends them, each for the item of a handle.
func eventBytes(t testing.TB, list ...*ua.EventFieldList) []byte {
	t.Helper()
	b, err := ua.Encode(ua.NewExtensionObject(&ua.EventNotificationList{Events: list}))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func eventFields(handle uint32, values ...any) *ua.EventFieldList {
	e := &ua.EventFieldList{ClientHandle: handle}
	for _, v := range values {
		e.EventFields = append(e.EventFields, ua.MustVariant(v))
	}
	return e
}

// eventItem is a subscription with one item, of the handle 1, that asks for Message, Severity and, for itself, EventType.
func eventItem(set edge.EventSet) (*subscription, *item) {
	sub := testSubscription()
	f := &eventFilter{fields: 2, selects: []attributeOperand{
		systemOperand("Message", baseEventType), systemOperand("Severity", baseEventType), systemOperand("EventType", baseEventType),
	}}
	f.settle()
	it := newItem(1, plant("V0"), &itemSpec{events: f}, &eventSink{filter: f, set: set})
	it.notifier = &notifier{}
	sub.items[1] = it
	return sub, it
}

func TestEventDelivery(t *testing.T) {
	set := &events{}
	sub, it := eventItem(set)
	base := ua.NewNumericNodeID(0, idBaseEventType)
	list := eventBytes(
		t, eventFields(1, "first", uint16(1), base), eventFields(7, "of an item that is gone", uint16(1), base), eventFields(1, "too short"),
		eventFields(1, "too long", uint16(3), base, "more", "and more"), eventFields(1, "lost some", uint16(4), ua.NewNumericNodeID(0, idEventQueueOverflow)),
	)
	sub.handle(&notification{count: 1, data: list})
	var got []string
	for _, e := range set.got {
		got = append(got, fmt.Sprint(len(e), e[0].Text(), e[1].Uint()))
	}
	if want := []string{"2first1", "2too short0", "2too long3", "2lost some4"}; !slices.Equal(got, want) {
		t.Errorf("delivered %q, want %q", got, want)
	}
	if sub.p.figures.lost() != 1 || sub.p.figures.overflows.Load() != 1 || sub.p.figures.values.Load() != 5 || it.counts.overflows.Load() != 1 || it.counts.values.Load() != 4 {
		t.Errorf("%d lost, %d overflows, %d events; of the item %d and %d", sub.p.figures.lost(), sub.p.figures.overflows.Load(), sub.p.figures.values.Load(),
			it.counts.overflows.Load(), it.counts.values.Load())
	}
	if n := (&notification{count: 1, data: list}).values(); n != 5 {
		t.Errorf("the message counts as %d, want 5 events", n)
	}
}

// What does not decode is counted; what came before is delivered.
func TestUndecodableEvents(t *testing.T) {
	base := ua.NewNumericNodeID(0, idBaseEventType)
	whole := eventBytes(t, eventFields(1, "first", uint16(1), base), eventFields(1, "second", uint16(2), base))
	for name, c := range map[string]struct {
		change    func([]byte)
		delivered int
	}{
		"whole":                  {func([]byte) {}, 2},
		"2^31 events":            {func(b []byte) { binary.LittleEndian.PutUint32(b[9:], 1<<31-1) }, 0},
		"2^31 fields":            {func(b []byte) { binary.LittleEndian.PutUint32(b[17:], 1<<31-1) }, 0},
		"no type":                {func(b []byte) { b[len(b)-8] = 63 }, 1},
		"a value is a long text": {func(b []byte) { binary.LittleEndian.PutUint32(b[22:], 1<<30) }, 0},
	} {
		set := &events{}
		sub, _ := eventItem(set)
		b := slices.Clone(whole)
		c.change(b)
		sub.handle(&notification{count: 1, data: b})
		if len(set.got) != c.delivered || (sub.p.figures.lost() == 0) != (c.delivered == 2) {
			t.Errorf("%s: %d delivered, %d lost", name, len(set.got), sub.p.figures.lost())
		}
	}
}

func FuzzEventList(f *testing.F) {
	list := eventBytes(f, eventFields(1, "first", uint16(1), ua.NewNumericNodeID(0, idEventQueueOverflow)), eventFields(2, time.Now(), []byte{1}))
	f.Add(list)
	f.Add(list[:len(list)-3])
	f.Fuzz(func(t *testing.T, b []byte) {
		set := &events{}
		sub, _ := eventItem(set)
		n := &notification{count: 1, data: b}
		n.values()
		sub.handle(n)
		for _, e := range set.got {
			if len(e) != 2 {
				t.Fatalf("an event of %d fields was delivered, want 2", len(e))
			}
		}
	})
}

// From the bytes of the server to those of the frame.
func TestEventDeliveryDoesNotAllocate(t *testing.T) {
	p := edge.NewPublisher(edge.PublisherConfig{Gateway: "gw"}, storeless{}, storeless{}, zerolog.Nop())
	set, err := p.Open(t.Context(), model.DataSetWriter{Gateway: "gw", Group: "g", Name: "w", Events: &model.EventSource{}}, make([]model.FieldMetaData, 2), nil)
	if err != nil {
		t.Fatal(err)
	}
	sub, _ := eventItem(set.(edge.EventSet))
	var list []*ua.EventFieldList
	for range 100 {
		list = append(list, eventFields(1, "part finished", uint16(300), ua.NewNumericNodeID(0, idBaseEventType)))
	}
	n := &notification{count: 1, data: eventBytes(t, list...)}
	for range 10 { // until all buffers of a frame are there
		sub.handle(n)
	}
	if allocs := testing.AllocsPerRun(100, func() { sub.handle(n) }); allocs >= 12 { // of the pools, now and then
		t.Errorf("the delivery of 100 events allocates %v times", allocs)
	}
}

// A server whose queue overflows says so by an event, which the gateway counts, shows and publishes.
func TestEventQueueOverflow(t *testing.T) {
	var handle, number atomic.Uint32
	raw := opcuatest.NewRaw(t, func(req ua.Request) []byte {
		switch r := req.(type) {
		case *ua.CreateMonitoredItemsRequest:
			if item := r.ItemsToCreate[0]; item.ItemToMonitor.AttributeID == ua.AttributeIDEventNotifier {
				handle.Store(item.RequestedParameters.ClientHandle)
			}
		case *ua.PublishRequest:
			list := &ua.EventNotificationList{Events: []*ua.EventFieldList{
				eventFields(handle.Load(), ua.NewLocalizedText("events were lost"), ua.NewNumericNodeID(0, idEventQueueOverflow)),
			}}
			return opcuatest.RawResponse(req, &ua.PublishResponse{
				ResponseHeader: &ua.ResponseHeader{}, SubscriptionID: 1, AvailableSequenceNumbers: []uint32{}, NotificationMessage: &ua.NotificationMessage{
					SequenceNumber: number.Add(1), NotificationData: []*ua.ExtensionObject{ua.NewExtensionObject(list)},
				}, Results: []ua.StatusCode{}, DiagnosticInfos: []*ua.DiagnosticInfo{},
			})
		}
		return nil
	})
	sets, store := publisher(t)
	w := eventWriter("lossy", model.EventSource{Select: []model.SelectClause{{BrowsePath: []string{"Message"}}}})
	source := run(t, config(raw.Endpoint(), sets), w)
	store.await(t, source, &w, "the event of the loss", message("events were lost"))
	eventually(t, eventWait, func() bool {
		status := source.Status()
		page, err := source.Nodes(t.Context(), []model.NodeQuery{{First: 1}})
		return err == nil && status.LostNotifications > 0 && status.Figures.Overflows > 0 && len(page[0].Nodes) == 1 &&
			page[0].Nodes[0].State == model.NodeOverflow && page[0].Nodes[0].Overflows > 0
	}, func() string { return fmt.Sprintf("the loss is shown: %+v", source.Status()) })
}

// A message with events is acknowledged when they are stored, not before.
func TestEventsAcknowledged(t *testing.T) {
	store := &slowStore{}
	p := edge.NewPublisher(edge.PublisherConfig{Gateway: "gw"}, store, store, zerolog.Nop())
	w := model.DataSetWriter{Gateway: "gw", Group: "g", Name: "w", Events: &model.EventSource{}}
	set, err := p.Open(t.Context(), w, make([]model.FieldMetaData, 2), nil)
	if err != nil {
		t.Fatal(err)
	}
	sub, _ := eventItem(set.(edge.EventSet))
	sub.p.byID[7] = sub
	sub.handle(&notification{subscription: 7, sequence: 3, count: 1, data: eventBytes(t, eventFields(1, "first", uint16(1), ua.NewNumericNodeID(0, idBaseEventType)))})
	p.Close(w.Key()) // hands the open frame over
	if acks := sub.lane.takeAcks(); store.taken() != 1 || len(acks) != 0 {
		t.Fatalf("%d frames, acknowledged %v before they are stored", store.taken(), acks)
	}
	store.store(nil)
	if acks := sub.lane.takeAcks(); len(acks) != 1 || acks[0].SequenceNumber != 3 {
		t.Errorf("acknowledged %v, want message 3", acks)
	}
}
