package uajson

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// readMetaData reads a frame that is one metadata message.
func readMetaData(tb testing.TB, frame []byte) (*MetaData, error) {
	tb.Helper()
	var d Decoder
	if err := d.Decode(frame); err != nil {
		return nil, err
	}
	if !d.Next() {
		return nil, d.Err()
	}
	var m MetaData
	err := d.MetaData(&m)
	return &m, err
}

var compareVariants = cmp.Options{
	cmp.Comparer(func(a, b model.Variant) bool { return a.Equal(b) }),
	cmp.Comparer(func(a, b model.NodeID) bool { return a == b }),
}

// TestMetaDataOfOPCPublisher reads the metadata that OPC Publisher sends.
func TestMetaDataOfOPCPublisher(t *testing.T) {
	got, err := readMetaData(t, []byte(metadataMessage))
	if err != nil {
		t.Fatal(err)
	}
	field, _ := model.ParseGUID("fcab2ed0-c6b2-4456-a4c3-ed985e5c708d")
	want := &MetaData{
		MessageID: "0", PublisherID: "opc.tcp://localhost:57537/UA/SampleServer_A2425855", WriterID: 1, WriterName: "1000",
		DataSet: model.DataSetMetaDataType{
			DataTypeSchema: model.DataTypeSchema{Namespaces: []string{namespaceZero, "http://test.org/UA/Data/"}},
			Fields:         []model.FieldMetaDataType{{Name: "Output", BuiltInType: model.TypeVariant, DataType: model.NumericID(0, 26), ValueRank: -1, FieldID: field}},
			Version:        model.ConfigurationVersion{Major: 1222304635, Minor: 1289056823},
		},
	}
	if diff := cmp.Diff(want, got, compareVariants); diff != "" {
		t.Error(diff)
	}
}

// TestMetaDataOfTheStandard reads the example of Part 14, A.3.1.
func TestMetaDataOfTheStandard(t *testing.T) {
	const frame = `{
  "MessageId": "66D65CA4-92EE-4195-9867-E6E27794B692",
  "MessageType": "ua-metadata",
  "PublisherId": "MyPublisher",
  "DataSetWriterId": 101,
  "MetaData": {
    "Name": "DataSet1",
    "Fields": [
      { "Name": "Active", "FieldFlags": 0, "BuiltInType": 1, "DataType": "i=1", "ValueRank": -1, "MaxStringLength": 0, "DataSetFieldId": "f355bfe8-d5c0-4073-aa89-c8d9d9f8c0c4" },
      { "Name": "Temperature", "FieldFlags": 0, "BuiltInType": 11, "DataType": "i=11", "ValueRank": -1, "MaxStringLength": 0, "DataSetFieldId": "4b91e1cc-61f5-411a-9fb3-ea9087d2154c" }
    ]
  }
}`
	m, err := readMetaData(t, []byte(frame))
	if err != nil || m.DataSet.Name != "DataSet1" || len(m.DataSet.Fields) != 2 || m.WriterID != 101 || m.PublisherID != "MyPublisher" {
		t.Fatalf("%+v, %v", m, err)
	}
	if f := m.DataSet.Fields[1]; f.Name != "Temperature" || f.BuiltInType != model.TypeDouble || f.DataType != model.NumericID(0, 11) || f.ValueRank != -1 {
		t.Errorf("%+v", f)
	}
	types := NewTypes(m.DataSet.Fields)
	if types.find("Temperature", 0) != 1 || types.find("Active", 1) != 0 || types.find("x", 0) != -1 {
		t.Error("the fields are not found by their names")
	}
}

func sampleMetaData() *MetaData {
	text := model.LocalizedText{Locale: "en", Text: "of the boiler"}
	return &MetaData{
		MessageID: "m1", PublisherID: "gateway", WriterID: 7, WriterName: "boiler", WriterGroupName: "line 1", Timestamp: goldenTime,
		DataSet: model.DataSetMetaDataType{
			DataTypeSchema: model.DataTypeSchema{
				Namespaces: []string{"urn:acme", "urn:other;1"},
				Structures: []model.StructureDescription{motor(), {
					DataType: model.StringID(2, "U"), Name: model.QualifiedName{Namespace: 2, Name: "U"}, EncodingID: model.GUIDID(2, goldenGUID()),
					BaseDataType: model.NumericID(0, 12756), Type: model.StructureUnion,
					Fields: []model.StructureField{{Name: "A", Description: text, DataType: model.NumericID(0, 6), ValueRank: 2, ArrayDimensions: []uint32{2, 3}, MaxStringLength: 9, Optional: true}},
				}},
				Enums: []model.EnumDescription{{
					DataType: model.NumericID(1, 40), Name: model.QualifiedName{Namespace: 1, Name: "State"}, BuiltInType: model.TypeInt32,
					Fields: []model.EnumField{{Value: -1, Name: "Off"}, {Value: 1 << 40, DisplayName: text, Description: text, Name: "On"}},
				}},
				Simple: []model.SimpleTypeDescription{{DataType: model.NumericID(1, 41), Name: model.QualifiedName{Namespace: 1, Name: "Celsius"}, BaseDataType: model.NumericID(0, 11), BuiltInType: model.TypeDouble}},
			},
			Name: "DataSet", Description: text, DataSetClassID: goldenGUID(), Version: model.ConfigurationVersion{Major: 5, Minor: 6},
			Fields: []model.FieldMetaDataType{
				{
					Name: "Temperature", Description: text, Flags: 1, BuiltInType: model.TypeDouble, DataType: model.NumericID(1, 41), ValueRank: -1, FieldID: goldenGUID(),
					Properties: []model.KeyValuePair{{Key: model.QualifiedName{Namespace: 1, Name: "Unit"}, Value: model.StringValue("°C")}, {Key: model.QualifiedName{Name: "Range"}, Value: model.ArrayValue([]float64{0, 1})}},
				},
				{Name: "Motor", BuiltInType: model.TypeExtensionObject, DataType: motor().DataType, ValueRank: 1, ArrayDimensions: []uint32{4}, MaxStringLength: 8},
			},
		},
	}
}

// TestMetaDataRoundTrip: all that metadata has comes back, in the forms of 1.04 and 1.05.
func TestMetaDataRoundTrip(t *testing.T) {
	for _, namespaces := range [][]string{{"urn:acme", "urn:other;1"}, {namespaceZero, "urn:acme", "urn:other;1"}} {
		for _, form := range []Form{Reversible, Verbose, Compact} {
			want := sampleMetaData()
			want.DataSet.Namespaces = namespaces
			frame := AppendMetaData(nil, want, form)
			got, err := readMetaData(t, frame)
			if err != nil {
				t.Errorf("%v: %v: %s", form, err, frame)
				continue
			}
			if diff := cmp.Diff(want, got, compareVariants); diff != "" {
				t.Errorf("%v: %s\n%s", form, diff, frame)
			}
		}
	}
}

// TestMetaDataNamesUnlistedNamespaces: a URI that the list lacks is added to it.
func TestMetaDataNamesUnlistedNamespaces(t *testing.T) {
	const frame = `{"MessageType":"ua-metadata","DataSetWriterId":1,"MetaData":{"Namespaces":["urn:a"],"Fields":[{"Name":"f","BuiltInType":22,"DataType":"nsu=urn:b;i=5"},{"Name":"g","BuiltInType":"Int32","DataType":{"Id":3,"Namespace":"urn:a"}}]}}`
	m, err := readMetaData(t, []byte(frame))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"urn:a", "urn:b"}, m.DataSet.Namespaces); diff != "" {
		t.Error(diff)
	}
	if f := m.DataSet.Fields; f[0].DataType != model.NumericID(2, 5) || f[1].DataType != model.NumericID(1, 3) || f[1].BuiltInType != model.TypeInt32 || f[0].ValueRank != -1 {
		t.Errorf("%+v", f)
	}
}
