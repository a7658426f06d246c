package ingest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// foreign is a frame of another publisher, which names no writer.
func foreign(contentType string, data []byte) Frame {
	return Frame{Sequence: 1, Gateway: "mqtt:opcplc", ContentType: contentType, Time: start.Add(time.Minute), Data: data}
}

// seriesOfRows are the rows of opcua_value as "group/writer/field[element] ms value".
func seriesOfRows(rows []Row) (got []string) {
	for _, row := range rows {
		name := string(row.Name)
		if !strings.HasPrefix(name, metricValue) {
			continue
		}
		label := func(key string) string {
			_, v, ok := strings.Cut(name, key+`="`)
			if !ok {
				return ""
			}
			v, _, _ = strings.Cut(v, `"`)
			return v
		}
		element := label("element")
		if element != "" {
			element = "[" + element + "]"
		}
		got = append(got, fmt.Sprintf("%s/%s/%s%s %d %v", label("group"), label("writer"), label("field"), element, row.Time-start.UnixMilli(), row.Value))
	}
	slices.Sort(got)
	return got
}

// networkMessage is what OPC Publisher sends in its strict form.
const networkMessage = `{"MessageId":"27","MessageType":"ua-data","PublisherId":"opcplc","DataSetWriterGroup":"Asset0","Messages":[
	{"DataSetWriterId":1,"DataSetWriterName":"1000","SequenceNumber":27,"MetaDataVersion":{"MajorVersion":1,"MinorVersion":0},
	"MessageType":"ua-deltaframe","Timestamp":"2026-05-04T12:00:00.005Z","Payload":{
		"AlternatingBoolean":{"Value":true,"SourceTimestamp":"2026-05-04T12:00:00.001Z"},
		"StepUp":{"Value":23305,"SourceTimestamp":"2026-05-04T12:00:00.002Z"},
		"Position":{"Value":{"X":1.5,"Limits":[1,2],"Name":"drill"}},
		"State":{"Value":"running"},
		"Bad":{"StatusCode":{"Symbol":"BadNoCommunication","Code":2150694912},"SourceTimestamp":"2026-05-04T12:00:00.003Z"}}},
	{"DataSetWriterId":2,"MessageType":"ua-keepalive"},
	{"DataSetWriterId":7,"Timestamp":"2026-05-04T12:00:00.007Z","Payload":{"StepUp":{"Value":5}}}]}`

func TestJSONWithoutMetadata(t *testing.T) {
	r := newRig(t)
	r.cfg.Text = &fakeText{}
	core := r.make(t)
	r.process(t, foreign(ContentJSON, []byte(networkMessage)))
	want := []string{
		"Asset0/1000/AlternatingBoolean 1 1", "Asset0/1000/Bad 3 NaN", "Asset0/1000/Position[Limits[0]] 5 1", "Asset0/1000/Position[Limits[1]] 5 2",
		"Asset0/1000/Position[X] 5 1.5", "Asset0/1000/StepUp 2 23305", "Asset0/7/StepUp 7 5",
	}
	if diff := cmp.Diff(want, seriesOfRows(r.batch.rows)); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
	var texts []string
	for _, v := range r.batch.texts {
		b, err := v.Value.Value.MarshalJSON()
		texts = append(texts, fmt.Sprint(v.Series, " ", string(b), err))
	}
	wantTexts := []string{
		`mqtt:opcplc/Asset0/1000/Position {"type":22,"value":{"typeId":"i=0","encoding":"json","body":"{\"X\":1.5,\"Limits\":[1,2],\"Name\":\"drill\"}"}}<nil>`,
		`mqtt:opcplc/Asset0/1000/State {"type":12,"value":"running"}<nil>`,
	}
	if diff := cmp.Diff(wantTexts, texts); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if reasons := r.dead.taken(); len(reasons) != 0 {
		t.Errorf("dead frames: %v", reasons)
	}
	x, ok := core.Live().Latest(model.SeriesID{Gateway: "mqtt:opcplc", Group: "Asset0", Writer: "1000", Field: "Position", Element: "X"})
	if !ok || x.Value.Float() != 1.5 {
		t.Errorf("live member: %v, %v", x, ok)
	}
}

// TestJSONKeepsNames: a layout must not keep names that are the memory of the decoder, which a compressed frame shares with the next one.
func TestJSONKeepsNames(t *testing.T) {
	r := newRig(t)
	core := r.make(t)
	pack := func(text string) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write([]byte(text))
		w.Close()
		return b.Bytes()
	}
	r.process(t, foreign(ContentJSON, pack(networkMessage)), foreign(ContentJSON, pack(strings.ToUpper(networkMessage))), foreign(ContentJSON, pack(networkMessage)))
	if n := core.Live().Statistics().Series; n != 9 {
		t.Errorf("%d series, want 5 and 3 members of writer 1000, and 1 of writer 7", n)
	}
	if n := len(r.dead.taken()); n != 0 {
		t.Logf("%d dead frames", n) // the one in capitals
	}
}

func TestJSONWithMetadata(t *testing.T) {
	m := metadata(model.WriterKey{Gateway: "mqtt:opcplc", Group: "Asset0", Writer: "1000"}, model.TypeInt64, model.TypeDateTime)
	m.Fields[0].Name, m.Fields[1].Name, m.Version = "Count", "Since", model.ConfigurationVersion{Major: 1}
	r := newRig(t, m)
	r.make(t)
	r.process(t, foreign(ContentJSON, []byte(`{"MessageType":"ua-data","DataSetWriterGroup":"Asset0","Messages":[{"DataSetWriterName":"1000",
		"MetaDataVersion":{"MajorVersion":1,"MinorVersion":0},"Timestamp":"2026-05-04T12:00:00Z","Payload":{"Since":"1970-01-01T00:01:40Z","Count":"42","More":1}}]}`)))
	if diff := cmp.Diff([]string{"Asset0/1000/Count 0 42", "Asset0/1000/More 0 1", "Asset0/1000/Since 0 100"}, seriesOfRows(r.batch.rows)); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
}

// TestMetadataWithoutGroup: announcements name no group.
func TestMetadataWithoutGroup(t *testing.T) {
	m := metadata(model.WriterKey{Gateway: "mqtt:opcplc", Writer: "1000"}, model.TypeInt64)
	m.Fields[0].Name, m.Fields[0].Unit, m.Version = "StepUp", "kg", model.ConfigurationVersion{Major: 1}
	r := newRig(t, m)
	r.make(t)
	r.process(t, foreign(ContentJSON, []byte(networkMessage)))
	for _, row := range r.batch.rows {
		if name := string(row.Name); strings.Contains(name, `field="StepUp"`) && strings.Contains(name, `writer="1000"`) && !(strings.Contains(name, `unit="kg"`) && strings.Contains(name, `group="Asset0"`)) {
			t.Errorf("%s lacks the unit or the group", name)
		}
	}
}

func TestSamples(t *testing.T) {
	r := newRig(t)
	core := r.make(t)
	r.process(t, foreign(ContentJSON, []byte(`[{"NodeId":"nsu=http://microsoft.com/Opc/OpcPlc/;s=StepUp","EndpointUrl":"opc.tcp://opcplc:50000/","DisplayName":"StepUp",
		"Value":{"Value":28679,"SourceTimestamp":"2026-05-04T12:00:00.010Z"}}]`)))
	want := []string{"default/opc.tcp://opcplc:50000//nsu=http://microsoft.com/Opc/OpcPlc/;s=StepUp 10 28679"}
	if diff := cmp.Diff(want, seriesOfRows(r.batch.rows)); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
	name := string(r.batch.rows[0].Name)
	for _, label := range []string{`node="nsu=http://microsoft.com/Opc/OpcPlc/;s=StepUp"`, `server="opc.tcp://opcplc:50000/"`} {
		if !strings.Contains(name, label) {
			t.Errorf("name %s lacks %s", name, label)
		}
	}
	_ = core
}

// TestUADPWithoutMetadata: what open62541 publishes by default has no version and values that tell their type.
func TestUADPWithoutMetadata(t *testing.T) {
	body := func(values ...float64) []byte {
		b := uadp.AppendDataSetHeader(nil, &uadp.DataSetHeader{Kind: uadp.KeyFrame}, uint16(len(values)))
		for _, v := range values {
			var err error
			if b, err = uadp.AppendField(b, &model.DataValue{Value: model.DoubleValue(v)}, uadp.EncodingVariant); err != nil {
				t.Fatal(err)
			}
		}
		return b
	}
	h := uadp.Header{
		Content:     uadp.ContentPublisherID | uadp.ContentGroupHeader | uadp.ContentWriterGroupID | uadp.ContentPayloadHeader,
		PublisherID: uadp.UInt16PublisherID(2234), WriterGroupID: 100,
	}
	frame, err := uadp.AppendNetworkMessage(nil, &h, []uint16{62541, 3}, [][]byte{body(1.5, 2), body(7)})
	if err != nil {
		t.Fatal(err)
	}
	f := foreign(ContentUADP, frame)
	f.Group = "100"
	r := newRig(t)
	r.make(t)
	r.process(t, f)
	want := []string{"100/3/0 60000 7", "100/62541/0 60000 1.5", "100/62541/1 60000 2"}
	if diff := cmp.Diff(want, seriesOfRows(r.batch.rows)); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
}

func TestJSONFramesDoNotAllocate(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"MessageId":"1","MessageType":"ua-data","PublisherId":"p","Messages":[{"DataSetWriterId":1,"Timestamp":"2026-05-04T12:00:00Z","Payload":{`)
	for i := range 500 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"Machine%d.Temperature":{"Value":%d.25,"SourceTimestamp":"2026-05-04T12:00:00.%03dZ"}`, i, i, i)
	}
	b.WriteString(`}}]}`)
	r := newRig(t)
	core := r.make(t)
	frame := foreign(ContentJSON, []byte(b.String()))
	var made batch
	process := func() {
		if err := core.intake.frame(t.Context(), &frame, false); err != nil {
			t.Fatal(err)
		}
		core.intake.maker.emit(&made)
		made.reset()
	}
	process()
	if n := testing.AllocsPerRun(50, process); n > 1 { // the name of a writer that has a number only, once per message
		t.Errorf("%v allocations per frame of 500 values, want none per value", n)
	}
	if n := len(r.dead.taken()); n != 0 {
		t.Errorf("dead: %v", r.dead.taken())
	}
}
