package ingest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// fakeEvents keeps what was flushed.
type fakeEvents struct {
	mu      sync.Mutex
	pending []model.Event
	stored  []model.Event
	fail    int // the next Flushes that fail
}

func (s *fakeEvents) AppendEvents(_ context.Context, events []model.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, events...)
	return nil
}

func (s *fakeEvents) Flush(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	pending := s.pending
	s.pending = nil
	if s.fail > 0 {
		s.fail--
		return errFake
	}
	for _, e := range pending {
		if !slices.ContainsFunc(s.stored, func(o model.Event) bool { return o.ID == e.ID }) {
			s.stored = append(s.stored, e)
		}
	}
	return nil
}

// eventFields are what the writer of the tests selects.
var eventFields = []string{"EventId", "EventType", "SourceNode", "SourceName", "Time", "Message", "Severity", "ConditionId", "Retain", "ActiveState/Id", "2:Level"}

// eventMetadata describes a writer of events: fields whose types vary.
func eventMetadata() *model.DataSetMetaData {
	m := metadata(testKey)
	for _, name := range eventFields {
		m.Fields = append(m.Fields, model.FieldMetaData{Name: name, BuiltInType: model.TypeVariant, ValueRank: model.ValueRankAny})
	}
	m.Types = &model.DataTypeSchema{Namespaces: []string{"urn:acme", "urn:acme:types"}}
	return m
}

// eventValues are the fields of the i-th event.
func eventValues(i int) []model.Variant {
	expanded := &model.ExpandedNodeID{NodeID: model.StringID(0, "Boiler"), NamespaceURI: "urn:acme"}
	condition := model.StringID(1, "Boiler.High")
	return []model.Variant{
		model.ByteStringValue([]byte{1, byte(i >> 8), byte(i)}), model.NodeIDValue(new(model.NumericID(2, 77))), model.ExpandedNodeIDValue(expanded),
		model.StringValue("Boiler"), model.DateTimeValue(model.DateTimeOf(start.Add(time.Duration(i) * time.Millisecond))),
		model.LocalizedTextValue(&model.LocalizedText{Locale: "en", Text: fmt.Sprint("level is high ", i)}), model.UInt16Value(uint16(1 + i%1000)),
		model.NodeIDValue(&condition), model.BooleanValue(i%2 == 0), model.BooleanValue(true), model.DoubleValue(0.1 + 0.2),
	}
}

// eventBody is a DataSetMessage of kind Event.
func eventBody(t testing.TB, values []model.Variant) []byte {
	t.Helper()
	body := uadp.AppendDataSetHeader(nil, &uadp.DataSetHeader{
		Kind: uadp.Event, Encoding: uadp.EncodingVariant, Content: uadp.DataSetMajorVersion | uadp.DataSetMinorVersion,
		Version: model.ConfigurationVersion{Major: 1, Minor: 1},
	}, uint16(len(values)))
	var err error
	for i := range values {
		if body, err = uadp.AppendField(body, &model.DataValue{Value: values[i]}, uadp.EncodingVariant); err != nil {
			t.Fatal(err)
		}
	}
	return body
}

// eventFrame is a NetworkMessage with some events.
func eventFrame(t testing.TB, events ...[]model.Variant) []byte {
	t.Helper()
	ids, bodies := make([]uint16, len(events)), make([][]byte, len(events))
	for i := range events {
		ids[i], bodies[i] = 7, eventBody(t, events[i])
	}
	h := uadp.Header{Content: uadp.ContentPublisherID | uadp.ContentPayloadHeader, PublisherID: uadp.StringPublisherID("g1")}
	frame, err := uadp.AppendNetworkMessage(nil, &h, ids, bodies)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// describeEvent prints an event without its id.
func describeEvent(e *model.Event) string {
	var b strings.Builder
	retain := "-"
	if e.Retain != nil {
		retain = fmt.Sprint(*e.Retain)
	}
	fmt.Fprintf(&b, "%s/%s/%s of %s at %s: id %x type %s source %s %q %q severity %d condition %s retain %s;", e.Gateway, e.Group, e.Writer, e.Server,
		e.At, e.EventID, e.EventType, e.SourceNode, e.SourceName, e.Message.Text, e.Severity, e.ConditionID, retain)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " %s=%s", f.Name, f.Value.Value)
		if f.Value.Status != 0 {
			b.WriteString(" " + f.Value.Status.Name())
		}
	}
	return b.String()
}

func TestEventsOfUADP(t *testing.T) {
	r := newRig(t, eventMetadata())
	r.cfg.Events = &fakeEvents{}
	r.make(t)
	bad := eventValues(2)
	bad[10] = model.StatusCodeValue(model.StatusBadNodeIdUnknown)
	bad[4] = model.Variant{} // no time: that of the frame
	r.process(t, frameOf(1, eventFrame(t, eventValues(1), bad)))
	var got []string
	for i := range r.batch.events {
		got = append(got, describeEvent(&r.batch.events[i]))
	}
	common := `type nsu=urn:acme:types;i=77 source nsu=urn:acme;s=Boiler "Boiler" "level is high `
	fields := ` EventType=NodeId "ns=2;i=77" SourceNode=ExpandedNodeId "nsu=urn:acme;s=Boiler" SourceName=String "Boiler"`
	want := []string{
		`g1/line/press of boiler at 2026-05-04T12:00:00.001Z: id 010001 ` + common + `1" severity 2 condition nsu=urn:acme;s=Boiler.High retain false;` +
			` EventId=ByteString "AQAB"` + fields + ` Time=DateTime "2026-05-04T12:00:00.001Z" Message=LocalizedText {"locale":"en","text":"level is high 1"}` +
			` Severity=UInt16 2 ConditionId=NodeId "ns=1;s=Boiler.High" Retain=Boolean false ActiveState/Id=Boolean true 2:Level=Double 0.3`,
		`g1/line/press of boiler at 2026-05-04T12:01:00Z: id 010002 ` + common + `2" severity 3 condition nsu=urn:acme;s=Boiler.High retain true;` +
			` EventId=ByteString "AQAC"` + fields + ` Time=null Message=LocalizedText {"locale":"en","text":"level is high 2"}` +
			` Severity=UInt16 3 ConditionId=NodeId "ns=1;s=Boiler.High" Retain=Boolean true ActiveState/Id=Boolean true 2:Level=StatusCode {"code":2150891520,"name":"BadNodeIdUnknown"}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if len(r.batch.rows)+len(r.batch.texts) > 0 {
		t.Error("events made samples")
	}
}

// publisherEvent is what OPC Publisher sends, reversible; publisherRaw the same without types, and publisherCondition of a condition.
const (
	publisherEvent = `{"MessageId":"5","MessageType":"ua-data","PublisherId":"p","Messages":[{"DataSetWriterId":"SIMPLE-EVENTS",
		"MetaDataVersion":{"MajorVersion":1222304426,"MinorVersion":3462403799},"MessageType":"ua-event","Payload":{
		"EventId":{"Type":"ByteString","Body":"88C2T817uUWMVNDclyOFnA=="},
		"Message":{"Type":"LocalizedText","Body":{"Text":"The system cycle '5' has started.","Locale":"en-US"}},
		"http://opcfoundation.org/SimpleEvents#CurrentStep":{"Type":"ExtensionObject","Body":{
		"TypeId":"http://opcfoundation.org/SimpleEvents#i=183","Encoding":"Json","Body":{"Name":"Step 1","Duration":1000.0}}}}}]}`
	publisherRaw = `{"MessageId":"6","MessageType":"ua-data","PublisherId":"p","Messages":[{"DataSetWriterName":"alarms","MessageType":"ua-condition",
		"Timestamp":"2026-05-04T12:00:30Z","Payload":{"EventId":"AQI=","EventType":"i=9482","SourceNode":"nsu=urn:acme;s=Boiler","SourceName":"Boiler",
		"Time":"2026-05-04T12:00:01.5Z","Message":"too hot","Severity":700,"ConditionId":"http://acme.com/#i=5","Retain":true,"ActiveState/Id":true}}]}`
	publisherOdd = `{"MessageType":"ua-event","DataSetWriterName":"odd","Payload":{"EventId":"not base64!","Severity":"high","Time":"soon","Retain":7}}`
)

func TestEventsOfJSON(t *testing.T) {
	r := newRig(t)
	r.cfg.Events = &fakeEvents{}
	r.make(t)
	for _, data := range []string{publisherEvent, publisherRaw, publisherOdd} {
		r.process(t, foreign(ContentJSON, []byte(data)))
	}
	var got []string
	for i := range r.batch.events {
		got = append(got, describeEvent(&r.batch.events[i]))
	}
	want := []string{
		`mqtt:opcplc/default/SIMPLE-EVENTS of opcplc at 2026-05-04T12:01:00Z: id f3c0b64fcd7bb9458c54d0dc9723859c type i=0 source i=0 "" "The system cycle '5' has started." severity 0 condition i=0 retain -;` +
			` EventId=ByteString "88C2T817uUWMVNDclyOFnA==" Message=LocalizedText {"locale":"en-US","text":"The system cycle '5' has started."}` +
			` http://opcfoundation.org/SimpleEvents#CurrentStep=Structure {"typeId":"nsu=http://opcfoundation.org/SimpleEvents;i=183","encoding":"json","body":{"Name":"Step 1","Duration":1000.0}}`,
		`mqtt:opcplc/default/alarms of opcplc at 2026-05-04T12:00:01.5Z: id 0102 type i=9482 source nsu=urn:acme;s=Boiler "Boiler" "too hot" severity 700 condition nsu=http://acme.com/;i=5 retain true;`,
		`mqtt:opcplc/default/odd of opcplc at 2026-05-04T12:01:00Z: id  type i=0 source i=0 "" "" severity 0 condition i=0 retain -; EventId=String "not base64!" Severity=String "high" Time=String "soon" Retain=Int64 "7"`,
	}
	for i := range min(len(got), len(want)) {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("event %d:\n%s\nwant\n%s", i, got[i], want[i])
		}
	}
	if len(got) != len(want) || len(r.dead.taken()) > 0 {
		t.Errorf("%d events, want %d; dead letters %v", len(got), len(want), r.dead.taken())
	}
}

// TestEventIDs: the same event has the same name, whenever it comes; any other has another one.
func TestEventIDs(t *testing.T) {
	r := newRig(t, eventMetadata())
	r.cfg.Events = &fakeEvents{}
	r.make(t)
	anonymous := eventValues(1)
	anonymous[0] = model.Variant{}
	acknowledged := eventValues(1)
	acknowledged[9] = model.BooleanValue(false)
	ids := func(sequence uint64, events ...[]model.Variant) (ids []string) {
		t.Helper()
		r.batch = batch{}
		r.process(t, frameOf(sequence, eventFrame(t, events...)))
		for _, e := range r.batch.events {
			ids = append(ids, e.ID)
		}
		if len(ids) != len(events) {
			t.Fatalf("%d events, want %d", len(ids), len(events))
		}
		return ids
	}
	first := ids(1, eventValues(1), eventValues(2), acknowledged, anonymous, anonymous)
	if again := ids(2, eventValues(1))[0]; again != first[0] {
		t.Error("an event that comes again in another frame has another id")
	}
	if all := slices.Compact(slices.Sorted(slices.Values(first))); len(all) != len(first) {
		t.Errorf("events that differ have the same ids: %v", first)
	}
	if again := ids(1, eventValues(1), eventValues(2), acknowledged, anonymous, anonymous); !slices.Equal(again, first) {
		t.Errorf("a frame that is read again has other ids: %v, want %v", again, first)
	}
	if other := ids(3, anonymous)[0]; slices.Contains(first, other) {
		t.Error("an event without EventId in another frame has the same id")
	}
}

// TestEventsWaitForMetadata: as frames of data do, and then as long.
func TestEventsWaitForMetadata(t *testing.T) {
	r := newRig(t)
	sink := &fakeEvents{}
	r.cfg.Events, r.cfg.MetadataWait = sink, time.Minute
	r.stream.add(eventFrame(t, eventValues(1)))
	r.run(t)
	eventually(t, "frame that waits", func() bool { return r.core.position.Load() == 0 && r.core.Health() == nil })
	r.meta.add(eventMetadata())
	r.sync(t)
	if len(sink.stored) != 1 || len(r.dead.taken()) > 0 {
		t.Errorf("%d events stored, dead letters %v", len(sink.stored), r.dead.taken())
	}
}

func TestEventsWithoutSink(t *testing.T) {
	r := newRig(t, eventMetadata())
	r.stream.add(eventFrame(t, eventValues(1)))
	r.run(t)
	eventually(t, "dead letter", func() bool { return len(r.dead.taken()) == 1 })
	if got := r.dead.taken()[0].Error(); !strings.Contains(got, errEvent.Error()) {
		t.Errorf("reason %q", got)
	}
}

// TestEventsOnceOverCrashes: whatever fails, and wherever the Core begins again, each event is stored once.
func TestEventsOnceOverCrashes(t *testing.T) {
	r := newRig(t, eventMetadata())
	sink := &fakeEvents{}
	r.cfg.Events = sink
	random := rand.New(rand.NewPCG(1, 2))
	sent := 0
	for range 20 {
		for range 1 + random.IntN(20) {
			var events [][]model.Variant
			for range 1 + random.IntN(3) {
				events = append(events, eventValues(sent))
				sent++
			}
			frame := eventFrame(t, events...)
			r.stream.add(frame)
			if random.IntN(4) == 0 {
				r.stream.add(frame) // the gateway did not hear that it was stored
			}
		}
		sink.mu.Lock()
		sink.fail = random.IntN(3)
		sink.mu.Unlock()
		r.run(t)
		if random.IntN(2) == 0 {
			r.sync(t)
		}
		if err := r.stop(); err != nil && !strings.Contains(err.Error(), errFake.Error()) {
			t.Fatal(err)
		}
		sink.mu.Lock()
		sink.pending = nil // the process is gone
		sink.mu.Unlock()
		r.store.crash()
	}
	r.run(t)
	r.sync(t)
	counts := map[string]int{}
	for _, e := range sink.stored {
		counts[string(e.EventID)]++
	}
	for i := range sent {
		if n := counts[string(eventValues(i)[0].Bytes())]; n != 1 {
			t.Fatalf("event %d of %d is stored %d times", i, sent, n)
		}
	}
	if len(sink.stored) != sent {
		t.Errorf("%d events are stored, want %d", len(sink.stored), sent)
	}
}

// TestEventsAreBounded: events make no rows, and fill a batch all the same.
func TestEventsAreBounded(t *testing.T) {
	r := newRig(t, eventMetadata())
	r.cfg.Events = &fakeEvents{}
	k := &r.make(t).intake
	data := eventFrame(t, eventValues(1), eventValues(2))
	for sequence := uint64(1); !k.full(); sequence++ {
		if sequence > maxEvents {
			t.Fatalf("%d events wait, and the intake takes more", len(k.events))
		}
		if err := k.take(t.Context(), []Frame{frameOf(sequence, data)}); err != nil {
			t.Fatal(err)
		}
	}
}

// FuzzEvents: no frame of events breaks the decoder, in UADP or JSON.
func FuzzEvents(f *testing.F) {
	f.Add(true, eventFrame(f, eventValues(1), eventValues(2)))
	f.Add(true, eventFrame(f, nil))
	f.Add(true, eventFrame(f, slices.Concat(eventValues(1), eventValues(2))))
	for _, data := range []string{publisherEvent, publisherRaw, publisherOdd} {
		f.Add(false, []byte(data))
	}
	r := newRig(f, eventMetadata())
	r.cfg.Events = &fakeEvents{}
	k := &r.make(f).intake
	f.Fuzz(func(t *testing.T, binary bool, data []byte) {
		frame := frameOf(1, data)
		if !binary {
			frame = foreign(ContentJSON, data)
		}
		err := k.decoder.decode(t.Context(), &frame, &k.layouts)
		if err != nil {
			return
		}
		for i := range k.decoder.events {
			e := &k.decoder.events[i]
			if e.ID == "" || e.At.IsZero() || e.At > model.DateTimeOf(frame.Time.Add(model.MaxEventAhead)) {
				t.Fatalf("event without a place: %+v", e)
			}
		}
	})
}
