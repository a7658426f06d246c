package inlet

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The metadata of OPC Publisher's documentation.
const publisherMetaData = `{ "MessageId": "0", "MessageType": "ua-metadata", "PublisherId": "opc.tcp://localhost:57537/UA/SampleServer_A2425855",
  "DataSetWriterId": 1, "MetaData": { "Namespaces": [ "http://opcfoundation.org/UA/", "http://test.org/UA/Data/" ],
    "StructureDataTypes": [], "EnumDataTypes": [], "SimpleDataTypes": [],
    "Fields": [ { "Name": "Output", "FieldFlags": 0, "BuiltInType": 26, "DataType": { "Id": 26 }, "ValueRank": -1, "ArrayDimensions": [],
                  "MaxStringLength": 0, "DataSetFieldId": "fcab2ed0-c6b2-4456-a4c3-ed985e5c708d", "Properties": [] } ],
    "ConfigurationVersion": { "MajorVersion": 1222304635, "MinorVersion": 1289056823 } }, "DataSetWriterName": "1000" }`

var compareModel = cmp.Options{cmp.Comparer(func(a, b model.NodeID) bool { return a == b }), cmp.Comparer(func(a, b model.ExpandedNodeID) bool { return a == b })}

func TestPublisherMetaData(t *testing.T) {
	in, s := newInlet(t, Config{})
	const id = "opc.tcp://localhost:57537/UA/SampleServer_A2425855"
	if err := take(t, in, Message{Way: "mqtt", PublisherID: id, Group: "Asset0", Payload: []byte(publisherMetaData)}); err != nil {
		t.Fatal(err)
	}
	set := func(writer string) *model.DataSetMetaData {
		return &model.DataSetMetaData{
			Gateway: "mqtt:" + id, Group: "Asset0", Writer: writer, Server: id,
			Version: model.ConfigurationVersion{Major: 1222304635, Minor: 1289056823},
			Fields: []model.FieldMetaData{{
				Name: "Output", BuiltInType: model.BuiltInType(26), DataType: model.Expanded(model.NumericID(0, 26)), ValueRank: -1,
			}},
		}
	}
	// BuiltInType 26 is the abstract Number: values of any type.
	want := []*model.DataSetMetaData{set("1000"), set("1")}
	for _, w := range want {
		w.Fields[0].BuiltInType = s.sets[0].Fields[0].BuiltInType
	}
	if s.sets[0].Fields[0].BuiltInType != model.TypeVariant {
		t.Errorf("built-in type %v, want a Variant", s.sets[0].Fields[0].BuiltInType)
	}
	for _, got := range s.sets {
		if len(got.Fields[0].ArrayDimensions) == 0 {
			got.Fields[0].ArrayDimensions = nil
		}
	}
	if diff := cmp.Diff(want, s.sets, compareModel); diff != "" {
		t.Error(diff)
	}
	if len(s.frames) != 0 || in.Statistics().Metadata != 1 {
		t.Errorf("%d frames, statistics %+v", len(s.frames), in.Statistics())
	}
}

func TestMetaDataFields(t *testing.T) {
	in, s := newInlet(t, Config{})
	err := take(t, in, Message{Way: "mqtt", Group: "g", Writer: "Ofen 1", Payload: []byte(`{
		"MessageId": "m", "MessageType": "ua-metadata", "PublisherId": "p", "DataSetWriterId": 7, "DataSetWriterName": "oven",
		"MetaData": {
			"Namespaces": ["urn:acme"],
			"EnumDataTypes": [{"DataType": "ns=1;i=3001", "Name": "1:Mode", "EnumDefinition": {"Fields": [{"Value": 0, "Name": "Off"}, {"Value": 1, "Name": "On"}]}, "BuiltInType": 6}],
			"Fields": [
				{"Name": "Temperature", "BuiltInType": 11, "DataType": "i=11", "ValueRank": -1, "Properties": [
					{"Key": "EngineeringUnits", "Value": {"UaType": 22, "Value": {"UaTypeId": "i=887", "NamespaceUri": "http://www.opcfoundation.org/UA/units/un/cefact",
						"UnitId": 4408652, "DisplayName": {"Text": "°C"}}}}]},
				{"Name": "Mode", "BuiltInType": 6, "DataType": "ns=1;i=3001", "ValueRank": -1},
				{"Name": "Curve", "BuiltInType": 10, "DataType": "i=10", "ValueRank": 1, "ArrayDimensions": [3]}],
			"ConfigurationVersion": {"MajorVersion": 1, "MinorVersion": 2}}}`)})
	if err != nil {
		t.Fatal(err)
	}
	var writers []string
	for _, m := range s.sets {
		writers = append(writers, m.Writer)
	}
	if diff := cmp.Diff([]string{"Ofen 1", "oven", "7"}, writers); diff != "" {
		t.Fatalf("stored under: %s", diff)
	}
	m := s.sets[0]
	if m.Gateway != "mqtt:p" || m.Group != "g" || m.Server != "p" || m.Version != (model.ConfigurationVersion{Major: 1, Minor: 2}) {
		t.Errorf("metadata %+v", m)
	}
	fields := []model.FieldMetaData{
		{Name: "Temperature", BuiltInType: model.TypeDouble, DataType: model.Expanded(model.NumericID(0, 11)), ValueRank: -1, Unit: "°C"},
		{
			Name: "Mode", BuiltInType: model.TypeInt32, ValueRank: -1,
			DataType: model.ExpandedNodeID{NodeID: model.NumericID(0, 3001), NamespaceURI: "urn:acme"},
		},
		{Name: "Curve", BuiltInType: model.TypeFloat, DataType: model.Expanded(model.NumericID(0, 10)), ValueRank: 1, ArrayDimensions: []uint32{3}},
	}
	if diff := cmp.Diff(fields, m.Fields, compareModel); diff != "" {
		t.Error(diff)
	}
	if m.Types == nil || len(m.Types.Enums) != 1 || m.Types.Enums[0].Fields[1].Name != "On" || m.Types.Namespaces[0] != "urn:acme" {
		t.Errorf("types %+v", m.Types)
	}
}

// An array may hold metadata and data: both are taken, the metadata first.
func TestMetaDataBesideData(t *testing.T) {
	in, s := newInlet(t, Config{})
	payload := `[{"MessageId":"1","MessageType":"ua-data","PublisherId":"p","Messages":[{"DataSetWriterId":1,"Payload":{"a":1}}]},` + publisherMetaData + `]`
	if err := take(t, in, Message{Way: "mqtt", PublisherID: "p", Group: "g", Payload: []byte(payload)}); err != nil {
		t.Fatal(err)
	}
	if len(s.sets) != 2 || len(s.frames) != 1 || s.frames[0].Data != payload {
		t.Fatalf("%d sets of metadata, frames %+v; want 2 and the message", len(s.sets), s.frames)
	}
}

func TestBadMetaData(t *testing.T) {
	f := func(name, payload string) {
		t.Helper()
		in, s := newInlet(t, Config{})
		if err := take(t, in, Message{Way: "mqtt", PublisherID: "p", Payload: []byte(payload)}); !errors.Is(err, ErrRefused) || len(s.sets) != 0 || len(s.dead) != 1 {
			t.Errorf("%s: %v, %d sets, %d dead letters; want it refused and kept", name, err, len(s.sets), len(s.dead))
		}
	}
	f("no writer", `{"MessageType":"ua-metadata","PublisherId":"p","MetaData":{"Fields":[{"Name":"a","BuiltInType":6}]}}`)
	f("no name of a field", `{"MessageType":"ua-metadata","PublisherId":"p","DataSetWriterId":1,"MetaData":{"Fields":[{"BuiltInType":6}]}}`)
	f("two fields of a name", `{"MessageType":"ua-metadata","PublisherId":"p","DataSetWriterId":1,"MetaData":{"Fields":[{"Name":"a","BuiltInType":6},{"Name":"a","BuiltInType":6}]}}`)
	f("no metadata", `{"MessageType":"ua-metadata","PublisherId":"p","DataSetWriterId":1,"MetaData":5}`)
	f("cut off", `{"MessageType":"ua-metadata","PublisherId":"p","DataSetWriterId":1,"MetaData":{"Fields":[`)
}

func TestMetaDataNotStored(t *testing.T) {
	in, s := newInlet(t, Config{})
	s.setErr = errors.New("no stream")
	err := take(t, in, Message{Way: "mqtt", PublisherID: "p", Payload: []byte(publisherMetaData)})
	if !errors.Is(err, s.setErr) || errors.Is(err, ErrRefused) || len(s.dead) != 0 {
		t.Errorf("%v: want it to come again", err)
	}
	s.setErr = ErrRefused
	if err := take(t, in, Message{Way: "mqtt", PublisherID: "p", Payload: []byte(publisherMetaData)}); !errors.Is(err, ErrRefused) || len(s.dead) != 1 {
		t.Errorf("%v: want it refused", err)
	}
}

func TestUnit(t *testing.T) {
	text := func(b []byte, s string) []byte {
		return append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	// An EUInformation: NamespaceUri, UnitId, DisplayName with locale and text, no Description (Part 6, 5.2).
	body := append(text(nil, "urn:u"), 1, 2, 3, 4, 3)
	body = append(text(text(body, "en"), "bar"), 0)
	f := func(v model.Variant, want string) {
		t.Helper()
		p := []model.KeyValuePair{{Key: model.QualifiedName{Name: "EURange"}, Value: model.StringValue("x")}, {Key: model.QualifiedName{Name: "EngineeringUnits"}, Value: v}}
		if got := unit(p); got != want {
			t.Errorf("unit %q, want %q", got, want)
		}
	}
	f(model.StringValue("mm"), "mm")
	f(model.LocalizedTextValue(&model.LocalizedText{Text: "m/s"}), "m/s")
	f(model.Int32Value(4), "")
	f(model.ExtensionObjectValue(&model.ExtensionObject{Encoding: model.ExtensionBinary, Body: body}), "bar")
	f(model.ExtensionObjectValue(&model.ExtensionObject{Encoding: model.ExtensionJSON, Body: []byte(`{"DisplayName":{"Text":"K"}}`)}), "K")
	for n := range len(body) - 4 { // cut off anywhere before the text
		f(model.ExtensionObjectValue(&model.ExtensionObject{Encoding: model.ExtensionBinary, Body: body[:n]}), "")
	}
	f(model.ExtensionObjectValue(&model.ExtensionObject{Encoding: model.ExtensionJSON, Body: []byte(`{"DisplayName`)}), "")
}
