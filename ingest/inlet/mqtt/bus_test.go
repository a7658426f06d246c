package mqtt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	paho5 "github.com/eclipse/paho.golang/paho"
	paho3 "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/inlet"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// busStream is the inlet's three interfaces over a real bus.
type busStream struct {
	conn      *bus.Conn
	publisher *bus.Publisher
}

func (s *busStream) PublishFrame(ctx context.Context, key model.WriterKey, contentType string, frame []byte, done func(error)) error {
	subject, err := bus.Data(key.Gateway, key.Group, key.Writer)
	if err != nil {
		return fmt.Errorf("%w: %w", inlet.ErrRefused, err)
	}
	return s.publisher.PublishFrame(ctx, subject, bus.FrameHeader{ContentType: contentType}, frame, done)
}

func (s *busStream) StoreMetadata(ctx context.Context, m *model.DataSetMetaData) error {
	doc, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return s.conn.PublishMeta(ctx, m.Gateway, m.Group, m.Writer, "application/json", doc)
}

func (s *busStream) Dead(ctx context.Context, l *inlet.DeadLetter) error {
	return s.conn.PublishDead(ctx, bus.Frame{
		Gateway: l.Key.Gateway, Group: l.Key.Group, Writer: l.Key.Writer, ContentType: l.ContentType, Data: l.Data,
	}, l.Reason.Error())
}

// startBus starts a NATS server with the platform's streams and a broker that delivers into it.
func startBus(t testing.TB, cfg Config, maxStore int64) (*Broker, *busStream) {
	t.Helper()
	server, err := bus.Start(bus.Config{Dir: t.TempDir(), MaxStore: maxStore}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	conn, err := server.Connect(t.Name())
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.EnsureStreams(testContext(t), conn, bus.StreamsConfig{MaxBytes: server.MaxStore()}); err != nil {
		t.Fatal(err)
	}
	publisher, err := bus.NewPublisher(conn, bus.PublisherConfig{Gateway: ":inlet"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- publisher.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("run publisher: %v", err)
		}
	})
	s := &busStream{conn: conn, publisher: publisher}
	in, err := inlet.New(inlet.Config{MaxMessage: conn.MaxMessage()}, s, s, s, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return runBroker(t, cfg, in), s
}

// readFrames reads n frames of UA_DATA from the begin.
func readFrames(t testing.TB, conn *bus.Conn, n int) []bus.Frame {
	t.Helper()
	ctx := testContext(t)
	r, err := conn.Frames(ctx, bus.StreamData, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out []bus.Frame
	for len(out) < n {
		frames, err := r.Next(ctx)
		if err != nil {
			t.Fatalf("%d of %d frames, then %v", len(out), n, err)
		}
		out = append(out, frames...)
	}
	return out
}

// Messages of OPC Publisher, as its documentation has them.
const (
	plcID         = "opc.tcp://opcplc:50000_70FB9F43"
	publisherData = `{ "MessageId": "27", "MessageType": "ua-data", "PublisherId": "opc.tcp://opcplc:50000_70FB9F43",
  "DataSetClassId": "78c4e91c-82cb-444e-a8e0-6bbacc9a946d", "DataSetWriterGroup": "Asset0",
  "Messages": [ { "DataSetWriterId": 1, "DataSetWriterName": "1000", "SequenceNumber": 27,
      "MetaDataVersion": { "MajorVersion": 1, "MinorVersion": 0 }, "MessageType": "ua-deltaframe",
      "Timestamp": "2022-03-18T12:55:21.3424136Z", "Status": 0,
      "Payload": {
        "AlternatingBoolean": { "Value": true, "SourceTimestamp": "2022-03-18T12:55:20.9313098Z", "ServerTimestamp": "2022-03-18T12:55:20.9314784Z" },
        "StepUp": { "Value": 23305, "SourceTimestamp": "2022-03-18T12:55:21.3313539Z", "ServerTimestamp": "2022-03-18T12:55:21.3313638Z" },
        "BadFastUInt1": { "StatusCode": { "Symbol": "BadNoCommunication", "Code": 2150694912 }, "SourceTimestamp": "2022-03-18T12:55:20.8409353Z" } } } ] }`
	publisherMetaData = `{ "MessageId": "0", "MessageType": "ua-metadata", "PublisherId": "opc.tcp://opcplc:50000_70FB9F43",
  "DataSetWriterId": 1, "MetaData": { "Namespaces": [ "http://opcfoundation.org/UA/", "http://test.org/UA/Data/" ],
    "StructureDataTypes": [], "EnumDataTypes": [], "SimpleDataTypes": [],
    "Fields": [ { "Name": "Output", "FieldFlags": 0, "BuiltInType": 26, "DataType": { "Id": 26 }, "ValueRank": -1, "ArrayDimensions": [],
                  "MaxStringLength": 0, "DataSetFieldId": "fcab2ed0-c6b2-4456-a4c3-ed985e5c708d", "Properties": [] } ],
    "ConfigurationVersion": { "MajorVersion": 1222304635, "MinorVersion": 1289056823 } }, "DataSetWriterName": "1000" }`
	publisherEvent = `{ "MessageId": "5", "MessageType": "ua-data", "PublisherId": "p", "Messages": [ { "DataSetWriterId": "SIMPLE-EVENTS",
  "MetaDataVersion": { "MajorVersion": 1222304426, "MinorVersion": 3462403799 }, "MessageType": "ua-event", "Payload": {
    "EventId": { "Type": "ByteString", "Body": "88C2T817uUWMVNDclyOFnA==" } } } ] }`
	publisherKeepAlive = `{"DataSetWriterId":1,"DataSetWriterName":"DataSet33","SequenceNumber":66,"MetaDataVersion":{"MajorVersion":1,"MinorVersion":0},"MessageType":"ua-keepalive","Timestamp":"2022-03-18T12:55:21Z"}`
	publisherSample    = `{"NodeId":"nsu=http://microsoft.com/Opc/OpcPlc/;s=StepUp","EndpointUrl":"opc.tcp://opcplc:50000/","Value":{"Value":28679,"SourceTimestamp":"2022-03-18T13:04:18.7244388Z"}}`
)

// What OPC Publisher sends lands in the stream as it is, under the right names, and its metadata where readers look for it.
func TestPublisherIntoStream(t *testing.T) {
	b, s := startBus(t, Config{}, 1<<28)
	type frame struct{ Gateway, Group, Writer, ContentType, Data string }
	messages := []struct {
		topic, payload string
		want           frame
	}{
		{plcID + "/messages/Asset0", publisherData, frame{"mqtt:" + plcID, "Asset0", "", bus.ContentJSON, publisherData}},
		{"opcua/json/data/plc 1/Gruppe ä/1000", publisherData, frame{"mqtt:plc 1", "Gruppe ä", "1000", bus.ContentJSON, publisherData}},
		{"p/messages/events", publisherEvent, frame{"mqtt:p", "events", "", bus.ContentJSON, publisherEvent}},
		{"opcua/json/data/p/世界", publisherKeepAlive, frame{"mqtt:p", "世界", "", bus.ContentJSON, publisherKeepAlive}},
		{"p.1/messages/a.b>c*", publisherSample, frame{"mqtt:p.1", "a.b>c*", "", bus.ContentJSON, publisherSample}},
	}
	c3, c5 := connect3(t, options3(b, "three")), connect5(t, b, paho5.ClientConfig{}, nil)
	var want []frame
	for _, m := range messages {
		publish3(t, c3, m.topic, 1, m.payload)
		publish5(t, c5, m.topic, 2, m.payload)
		want = append(want, m.want, m.want)
	}
	var got []frame
	for _, f := range readFrames(t, s.conn, len(want)) {
		got = append(got, frame{f.Gateway, f.Group, f.Writer, f.ContentType, string(f.Data)})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	publish3(t, c3, plcID+"/messages/Asset0", 1, publisherMetaData)
	publish5(t, c5, plcID+"/messages/Asset0/metadata", 1, publisherMetaData)
	for _, writer := range []string{"1000", "1"} {
		docs, err := s.conn.MetaVersions(testContext(t), "mqtt:"+plcID, "Asset0", writer)
		if err != nil || len(docs) != 1 {
			t.Fatalf("writer %s: %d versions of metadata, %v; want 1", writer, len(docs), err)
		}
		var m model.DataSetMetaData
		if err := json.Unmarshal(docs[0].Data, &m); err != nil {
			t.Fatal(err)
		}
		if m.Writer != writer || m.Server != plcID || len(m.Fields) != 1 || m.Fields[0].Name != "Output" || m.Version.Major != 1222304635 {
			t.Errorf("metadata of writer %s: %+v", writer, m)
		}
	}

	publish3(t, c3, "nobody/knows", 1, publisherData)
	publish5(t, c5, "nobody/knows", 1, publisherData)
	state, err := s.conn.StreamState(testContext(t), bus.StreamDead)
	if err != nil || state.Messages != 2 {
		t.Errorf("%d dead letters, %v; want 2", state.Messages, err)
	}
}

// While the stream is full there is no acknowledgement; when it has room again, there is one for each message.
func TestFullStream(t *testing.T) {
	b, s := startBus(t, Config{Window: 64}, 32<<20)
	c := connect3(t, options3(b, "a"))
	payload := fmt.Sprintf("%-*s", 700<<10, data)
	var tokens []paho3.Token
	for range 40 { // 28 MB, and the stream has 60 % of 32 MiB
		tokens = append(tokens, c.Publish("opcua/json/data/p/g", 1, false, payload))
	}
	eventually(t, "a full stream", func() bool { return s.publisher.Stats().Full > 0 })
	state, err := s.conn.StreamState(testContext(t), bus.StreamData)
	if err != nil {
		t.Fatal(err)
	}
	last := tokens[len(tokens)-1]
	if !pending(last) {
		t.Fatal("the last message was acknowledged, though the stream is full")
	}
	if got := b.Statistics().Acknowledged; got > state.Last {
		t.Fatalf("%d messages acknowledged, %d stored", got, state.Last)
	}
	if err := s.conn.Purge(testContext(t), bus.StreamData, state.Last); err != nil {
		t.Fatal(err)
	}
	for i, token := range tokens {
		if !token.WaitTimeout(testWait) || token.Error() != nil {
			t.Fatalf("message %d after there was room: %v", i, token.Error())
		}
	}
	if state, err = s.conn.StreamState(testContext(t), bus.StreamData); err != nil || state.Last != uint64(len(tokens)) {
		t.Fatalf("%d messages stored, want %d: %v", state.Last, len(tokens), err)
	}
}

// Connections that break lose nothing of what the clients sent.
func TestRedelivery(t *testing.T) {
	const clients, messages, cuts = 4, 500, 8
	b, s := startBus(t, Config{}, 1<<28)
	var all sync.WaitGroup
	for client := range clients {
		o := options3(b, fmt.Sprint("client", client)).SetCleanSession(false).SetStore(paho3.NewMemoryStore())
		o.SetAutoReconnect(true).SetMaxReconnectInterval(20 * time.Millisecond).SetConnectRetryInterval(10 * time.Millisecond)
		c := connect3(t, o)
		all.Go(func() {
			for i := range messages {
				qos := byte(1 + i%2)
				token := c.Publish(fmt.Sprintf("opcua/json/data/p/g/%d", client), qos, false, fmt.Sprintf("[%d]", i))
				if i%50 == 0 {
					token.WaitTimeout(testWait) // so that the cuts fall between the messages
				}
			}
		})
	}
	for i := range cuts {
		eventually(t, "progress", func() bool { return b.Statistics().Acknowledged > uint64(i*clients*messages/cuts/2) })
		cut(b)
	}
	all.Wait()
	seen := map[string]int{}
	eventually(t, "all messages", func() bool {
		state, err := s.conn.StreamState(testContext(t), bus.StreamData)
		if err != nil {
			t.Fatal(err)
		}
		clear(seen)
		for _, f := range readFrames(t, s.conn, int(state.Last)) {
			seen[f.Writer+string(f.Data)]++
		}
		return len(seen) == clients*messages
	})
	repeated := 0
	for _, n := range seen {
		repeated += n - 1 // of QoS 1; of QoS 2 only where the client sends a message again that it has released
	}
	t.Logf("%d messages over %d cuts, %d stored again", len(seen), cuts, repeated)
}

func TestManyClients(t *testing.T) {
	const clients, messages = 100, 20
	b, s := startBus(t, Config{}, 1<<28)
	var all sync.WaitGroup
	for i := range clients {
		c := connect3(t, options3(b, fmt.Sprint("client", i)))
		all.Go(func() {
			for range messages {
				publish3(t, c, fmt.Sprintf("opcua/json/data/publisher %d/g", i), 1, data)
			}
		})
	}
	all.Wait()
	count := map[string]int{}
	for _, f := range readFrames(t, s.conn, clients*messages) {
		count[f.Gateway]++
	}
	for i := range clients {
		if n := count[fmt.Sprintf("mqtt:publisher %d", i)]; n != messages {
			t.Errorf("%d messages of publisher %d, want %d", n, i, messages)
		}
	}
}
