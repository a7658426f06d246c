package mqttout

import (
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// TestKeyFrameMessage: a key frame is one in both encodings, with all fields.
func TestKeyFrameMessage(t *testing.T) {
	m := uadp.Message{Header: uadp.Header{
		Content: uadp.ContentPublisherID | uadp.ContentPayloadHeader, PublisherID: uadp.StringPublisherID("g1"),
	}, DataSets: []uadp.DataSet{{
		Header: uadp.DataSetHeader{
			WriterID: 4, Kind: uadp.KeyFrame, Encoding: uadp.EncodingDataValue, SequenceNumber: 9, Version: model.ConfigurationVersion{Major: 7, Minor: 8},
			Content: uadp.DataSetSequenceNumber | uadp.DataSetMajorVersion | uadp.DataSetMinorVersion,
		},
		Fields: []uadp.Field{
			{Index: 0, Value: model.DataValue{Value: model.DoubleValue(1.5), SourceTimestamp: testTime}},
			{Index: 1, Value: model.DataValue{Value: model.StringValue("läuft"), SourceTimestamp: testTime}},
			{Index: 2, Value: model.DataValue{Status: model.StatusBadWaitingForInitialData}},
		},
	}}}
	frame, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	payload := func(encoding model.OutputEncoding) (out []byte) {
		w := testWriter
		w.Output = &model.Output{Broker: "b", Encoding: encoding}
		cfg := Config{Name: "b"}
		cfg.setDefaults("g1")
		n, err := newWriter(&cfg, &w, &model.DataSetMetaData{Gateway: "g1", Group: w.Group, Writer: w.Name, Fields: testFields})
		if err != nil {
			t.Fatal(err)
		}
		err = newEncoder(time.Now()).frame(n, 1, frame, time.Now(), 1<<20, func(m *message) error {
			out = append(out, m.payload...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	text := string(payload(model.OutputJSON))
	for _, want := range []string{
		`"MessageType":"ua-keyframe"`, `"Temperature":{"Value":1.5`, `"State":{"Value":"läuft"`, `"Count":{"Status":{"Code":2150760448,"Symbol":"BadWaitingForInitialData"}}`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s\nhas not %s", text, want)
		}
	}
	got, err := uadp.ParseMessage(payload(model.OutputUADP), nil)
	if err != nil || got.DataSets[0].Header.Kind != uadp.KeyFrame || len(got.DataSets[0].Fields) != 3 {
		t.Errorf("UADP: %+v, %v", got, err)
	}
}
