package mqttout

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
	"github.com/shopfloor-iiot/shopfloor/model/uajson"
)

const (
	testDataTopic     = "opcua/json/data/g1/hall 1/press"
	testMetadataTopic = "opcua/json/metadata/g1/hall 1/press"
	testStatusTopic   = "opcua/json/status/g1"
)

// TestBothVersions publishes over MQTT 3.1.1 and 5 with each QoS, and looks at what another client gets.
func TestBothVersions(t *testing.T) {
	for _, version := range []Version{Version311, Version5} {
		for qos := range uint8(3) {
			t.Run(fmt.Sprint(version, " QoS ", qos), func(t *testing.T) { testPublish(t, version, qos) })
		}
	}
}

func testPublish(t *testing.T, version Version, qos uint8) {
	address := freeAddress(t)
	startBroker(t, address)
	s := subscribe(t, address)
	o, stop := start(t, Config{Name: "b", URL: "mqtt://" + address, Version: version, UserProperties: map[string]string{"Plant": "P1"}})
	out := open(t, o, model.Output{Broker: "b", QoS: qos, Retain: true, TTL: 90 * time.Second})
	const n = 200
	for i := range n {
		out.Put(frameOf(t, i))
	}
	eventually(t, "all messages", func() bool { return len(s.on(testDataTopic)) == n })
	got := s.all("")
	if topics := []string{got[0].Topic, got[1].Topic, got[2].Topic}; !slices.Equal(topics, []string{testStatusTopic, testMetadataTopic, testDataTopic}) {
		t.Errorf("the first topics are %q", topics)
	}
	for i, p := range s.on(testDataTopic) {
		if want := fmt.Sprintf(`"Temperature":{"Value":%d`, i); !strings.Contains(string(p.Payload), want) {
			t.Fatalf("message %d has not %s: %s", i, want, p.Payload)
		}
		if p.QoS != qos || !p.Retain {
			t.Fatalf("message %d has QoS %d, retain %t", i, p.QoS, p.Retain)
		}
	}
	if meta := got[1]; !meta.Retain || meta.QoS == 0 {
		t.Errorf("metadata has QoS %d, retain %t", meta.QoS, meta.Retain)
	}
	if version == Version5 {
		checkProperties(t, got[2])
	}
	eventually(t, "acknowledgements", func() bool { return o.Statistics()[0].Published == n+2 })
	if st := o.Statistics()[0]; st.State != model.StateConnected || st.Dropped+st.Refused+st.Reconnects != 0 || st.InFlight != 0 {
		t.Errorf("statistics %+v", st)
	}
	stop()
	eventually(t, "the last status", func() bool { return len(s.on(testStatusTopic)) == 2 })
	for i, want := range []string{`"Status":2}`, `"Status":0}`} {
		if p := s.on(testStatusTopic)[i]; !strings.HasSuffix(string(p.Payload), want) || !p.Retain {
			t.Errorf("status %d is not %s: %s", i, want, p.Payload)
		}
	}
}

func checkProperties(t *testing.T, p *paho.Publish) {
	t.Helper()
	q := p.Properties
	if q.ContentType != "application/json" || q.User.Get("MessageType") != "ua-data" || q.User.Get("Plant") != "P1" {
		t.Errorf("content type %q, user properties %v", q.ContentType, q.User)
	}
	if q.MessageExpiry == nil || *q.MessageExpiry > 90 || *q.MessageExpiry < 60 {
		t.Errorf("message expiry %v, want up to 90 s", q.MessageExpiry)
	}
}

// TestModes compares the payload of each mode.
func TestModes(t *testing.T) {
	address := freeAddress(t)
	startBroker(t, address)
	o, _ := start(t, Config{Name: "b", URL: "mqtt://" + address, TopicRoot: "plants/{SiteId}", SiteID: "s7"})
	id := regexp.MustCompile(`"MessageId":"[^"]+"`)
	const at = `"SourceTimestamp":"2026-01-02T03:04:05.6789001Z"`
	head := `"DataSetWriterId":4,"DataSetWriterName":"press",`
	rest := `"MetaDataVersion":{"MajorVersion":7,"MinorVersion":8},"Timestamp":"2026-01-02T03:04:05.6789001Z","MessageType":"ua-deltaframe","Payload":{`
	values := func(n int) string { return fmt.Sprintf(`"Temperature":{"Value":%d,%s}`, n, at) }
	more := `,"State":{"Value":"läuft",` + at + `},"Count":{"Status":{"Code":2156527616,"Symbol":"BadNotConnected"},` + at + `}`
	f := func(mode model.OutputMode, want ...string) {
		t.Helper()
		s := subscribe(t, address)
		out := open(t, o, model.Output{Broker: "b", Mode: mode, Topic: "{RootTopic}/" + string(mode) + "/{writergroupid}/{unknown}"})
		out.Put(frameOf(t, 1, 2))
		topic := "plants/s7/" + string(mode) + "/3/unknown"
		eventually(t, string(mode), func() bool { return len(s.on(topic)) == len(want) })
		for i, p := range s.on(topic) {
			if got := id.ReplaceAllString(string(p.Payload), `"MessageId":"1"`); got != want[i] {
				t.Errorf("%s: message %d\ngot  %s\nwant %s", mode, i, got, want[i])
			}
		}
	}
	f("PubSub", `{"MessageId":"1","MessageType":"ua-data","PublisherId":"g1","WriterGroupName":"hall 1","Messages":[{`+
		head+`"SequenceNumber":1,`+rest+values(1)+more+`}},{`+head+`"SequenceNumber":2,`+rest+values(2)+`}}]}`)
	head += `"PublisherId":"g1","WriterGroupName":"hall 1",`
	f("DataSetMessages", `[{`+head+`"SequenceNumber":1,`+rest+values(1)+more+`}},{`+head+`"SequenceNumber":2,`+rest+values(2)+`}}]`)
	f("SingleDataSetMessage", `{`+head+`"SequenceNumber":1,`+rest+values(1)+more+`}}`, `{`+head+`"SequenceNumber":2,`+rest+values(2)+`}}`)
	f("RawDataSets", `[{"Temperature":1,"State":"läuft","Count":null},{"Temperature":2}]`)
	f("SingleRawDataSet", `{"Temperature":1,"State":"läuft","Count":null}`, `{"Temperature":2}`)
}

// TestNamespaceByBrowsePath has each field on a topic of its own.
func TestNamespaceByBrowsePath(t *testing.T) {
	address := freeAddress(t)
	startBroker(t, address)
	s := subscribe(t, address)
	o, _ := start(t, Config{Name: "b", URL: "mqtt://" + address})
	out := open(t, o, model.Output{Broker: "b", Mode: model.OutputSingleRawDataSet, Routing: model.RouteBrowsePath, Topic: "acme", QoS: 1})
	out.Put(frameOf(t, 5, 6))
	eventually(t, "four values", func() bool { return len(s.all(typeData)) == 4 })
	var got []string
	for _, p := range s.all(typeData) {
		got = append(got, p.Topic+" "+string(p.Payload))
	}
	want := []string{
		`acme/Objects/Boiler \x231/Temperature {"Temperature":5}`, `acme/State {"State":"läuft"}`, `acme/Objects/Boiler \x231/Count {"Count":null}`,
		`acme/Objects/Boiler \x231/Temperature {"Temperature":6}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestEncodings sends UADP as it is, with its announcement, and JSON compressed.
func TestEncodings(t *testing.T) {
	address := freeAddress(t)
	startBroker(t, address)
	s := subscribe(t, address)
	o, _ := start(t, Config{Name: "b", URL: "mqtt://" + address})
	frame := frameOf(t, 1, 2, 3)
	open(t, o, model.Output{Broker: "b", Encoding: model.OutputUADP}).Put(frame)
	eventually(t, "the first message", func() bool { return len(s.all(typeData)) == 1 })
	open(t, o, model.Output{Broker: "b", Encoding: model.OutputJSONGzip}).Put(frame)
	eventually(t, "both messages", func() bool { return len(s.all(typeData)) == 2 && len(s.all(typeMetadata)) == 2 })
	data, meta := s.all(typeData), s.all(typeMetadata)
	if data[0].Topic != "opcua/uadp/data/g1/hall 1/press" || !bytes.Equal(data[0].Payload, frame) || data[0].Properties.ContentType != contentUADP {
		t.Errorf("uadp on %q as %q: %x", data[0].Topic, data[0].Properties.ContentType, data[0].Payload)
	}
	var u uadp.Decoder
	if kind, err := u.DecodeAny(meta[0].Payload); err != nil || kind != uadp.KindAnnouncement {
		t.Fatalf("announcement: %v, %v", kind, err)
	}
	if a, err := u.Announcement(); err != nil || a.WriterID != 4 || len(a.MetaData.Fields) != 3 || a.MetaData.Version.Minor != 8 {
		t.Errorf("announcement %+v: %v", a, err)
	}
	var j uajson.Decoder
	if err := j.Decode(data[1].Payload); err != nil || data[1].Properties.ContentType != contentJSONGzip || data[1].Payload[0] != 0x1f {
		t.Errorf("compressed: %v: %x", err, data[1].Payload)
	}
	if err := j.Decode(meta[1].Payload); err != nil || !j.Next() {
		t.Fatalf("metadata: %v", err)
	}
	var m uajson.MetaData
	if err := j.MetaData(&m); err != nil || m.WriterName != "press" || m.WriterGroupName != "hall 1" || m.DataSet.Fields[0].Name != "Temperature" {
		t.Errorf("metadata %+v: %v", m, err)
	}
}

// TestBatches sends by size and by time.
func TestBatches(t *testing.T) {
	address := freeAddress(t)
	startBroker(t, address)
	s := subscribe(t, address)
	o, stop := start(t, Config{Name: "b", URL: "mqtt://" + address})
	out := open(t, o, model.Output{Broker: "b", Mode: model.OutputRawDataSets, BatchSize: 3, BatchInterval: time.Hour})
	count := func(p *paho.Publish) int { return strings.Count(string(p.Payload), "Temperature") }
	out.Put(frameOf(t, 1, 2))
	out.Put(frameOf(t, 3, 4, 5))
	eventually(t, "a full batch", func() bool { return len(s.all(typeData)) == 1 })
	timed := open(t, o, model.Output{Broker: "b", Mode: model.OutputRawDataSets, BatchSize: 100, BatchInterval: 50 * time.Millisecond})
	timed.Put(frameOf(t, 6))
	timed.Put(frameOf(t, 7))
	eventually(t, "a batch whose time has come", func() bool { return len(s.all(typeData)) == 2 })
	stop()
	eventually(t, "the batch that was open at the end", func() bool { return len(s.all(typeData)) == 3 })
	for i, want := range []int{3, 2, 2} {
		if got := count(s.all(typeData)[i]); got != want {
			t.Errorf("message %d has %d data sets, want %d", i, got, want)
		}
	}
}

// TestTooLarge refuses what a broker would disconnect for, and goes on.
func TestTooLarge(t *testing.T) {
	address := freeAddress(t)
	startBroker(t, address)
	s := subscribe(t, address)
	o, _ := start(t, Config{Name: "b", URL: "mqtt://" + address, MaxMessage: 8 << 10})
	out := open(t, o, model.Output{Broker: "b", Encoding: model.OutputUADP, QoS: 1})
	out.Put(frameOf(t, make([]int, 250)...))
	out.Put(frameOf(t, 1))
	eventually(t, "the small message", func() bool { return len(s.all(typeData)) == 1 })
	if st := o.Statistics()[0]; st.Refused != 1 || !strings.Contains(st.LastRefusal, "maxMessage") {
		t.Errorf("statistics %+v", st)
	}
}
