package mqttout

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// frames is a store that keeps what it gets.
type frames struct{ list [][]byte }

func (f *frames) PublishFrame(_ context.Context, _ model.WriterKey, frame []byte, done func(error)) error {
	f.list = append(f.list, append([]byte{}, frame...))
	done(nil)
	return nil
}

func (*frames) LastMetadata(context.Context, model.WriterKey) (*model.DataSetMetaData, error) {
	return &model.DataSetMetaData{
		Gateway: "g1", Group: testWriter.Group, Writer: testWriter.Name, Server: "s1", Version: model.ConfigurationVersion{Major: 7, Minor: 8}, Fields: eventFields,
	}, nil
}
func (*frames) StoreMetadata(context.Context, *model.DataSetMetaData) error { return nil }

var eventFields = []model.FieldMetaData{
	{Name: "EventId", BuiltInType: model.TypeByteString, ValueRank: -1, Path: "Objects/Server"},
	{Name: "Message", BuiltInType: model.TypeLocalizedText, ValueRank: -1, Path: "Objects/Server"},
	{Name: "Severity", BuiltInType: model.TypeUInt16, ValueRank: -1, Path: "Objects/Server"},
	{Name: "AckedState/Id", BuiltInType: model.TypeBoolean, ValueRank: -1, Path: "Objects/Server"},
	{Name: "Extra", BuiltInType: model.TypeVariant, ValueRank: -2, Path: "Objects/Server"},
}

// eventFrames are the frames of two events, as the Publisher makes them.
func eventFrames(t *testing.T) [][]byte {
	t.Helper()
	store := &frames{}
	p := edge.NewPublisher(edge.PublisherConfig{Gateway: "g1"}, store, store, zerolog.Nop())
	w := testWriter
	w.Events = &model.EventSource{}
	d, err := p.Open(t.Context(), w, eventFields, nil)
	if err != nil {
		t.Fatal(err)
	}
	text := model.LocalizedText{Locale: "en", Text: "tank is full"}
	d.(edge.EventSet).PutEvent([]model.Variant{
		model.ByteStringValue([]byte{1, 2, 3}), model.LocalizedTextValue(&text), model.UInt16Value(700), model.BooleanValue(true), model.DoubleValue(1.5),
	})
	d.(edge.EventSet).PutEvent([]model.Variant{model.ByteStringValue([]byte{4}), {}, model.UInt16Value(1), {}, {}})
	p.Close(w.Key())
	return store.list
}

// eventMessages are the messages of a writer of events with an output.
func eventMessages(t *testing.T, out model.Output) (messages []*message) {
	t.Helper()
	w := testWriter
	w.Events, w.Output = &model.EventSource{}, &out
	out.Broker = "b"
	cfg := Config{Name: "b"}
	cfg.setDefaults("g1")
	m, _ := (&frames{}).LastMetadata(t.Context(), w.Key())
	n, err := newWriter(&cfg, &w, m)
	if err != nil {
		t.Fatal(err)
	}
	e := newEncoder(time.Now())
	for _, frame := range eventFrames(t) {
		if err := e.frame(n, 1, frame, time.Now(), 1<<20, func(m *message) error { messages = append(messages, m); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return messages
}

// An event is one message of the type ua-event with all fields, whose values are Variants; by browse path it goes to the topic of the node that it comes from.
func TestEventMessages(t *testing.T) {
	f := func(out model.Output, count int, topic string, want ...string) {
		t.Helper()
		list := eventMessages(t, out)
		if len(list) != count || list[0].topic != topic {
			t.Fatalf("%d messages, the first on %q, want %d on %q", len(list), list[0].topic, count, topic)
		}
		text := ""
		for _, m := range list {
			text += string(m.payload)
		}
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("%+v: %s\nhas not %s", out, text, part)
			}
		}
	}
	payload := `"Payload":{"EventId":"AQID","Message":{"Locale":"en","Text":"tank is full"},"Severity":700,"AckedState/Id":true,"Extra":{"UaType":11,"Value":1.5}}`
	second := `"Payload":{"EventId":"BA==","Message":null,"Severity":1,"AckedState/Id":null,"Extra":null}`
	f(model.Output{}, 1, testDataTopic, `"MessageType":"ua-event"`, `"SequenceNumber":1`, `"SequenceNumber":2`, payload, second)
	f(model.Output{Mode: model.OutputSingleDataSetMessage, Routing: model.RouteBrowsePath}, 2, testDataTopic+"/Objects/Server", `"MessageType":"ua-event"`, payload)
	f(model.Output{Mode: model.OutputSingleRawDataSet}, 2, testDataTopic, `"Severity":700`, `"AckedState/Id":true`, `"Extra":1.5`)

	list := eventMessages(t, model.Output{Encoding: model.OutputUADP})
	m, err := uadp.ParseMessage(list[0].payload, nil)
	if err != nil || len(m.DataSets) != 2 || m.DataSets[0].Header.Kind != uadp.Event || m.DataSets[0].Fields[2].Value.Value.Uint() != 700 {
		t.Errorf("UADP: %+v, %v", m, err)
	}
}
