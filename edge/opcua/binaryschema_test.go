package opcua

import (
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uajson"
)

// plantDictionary has the forms of Part 3, Annex C and Part 6, Annex F: arrays, optional members, a union, an enumeration, types of the standard.
const plantDictionary = `<opc:TypeDictionary xmlns:opc="http://opcfoundation.org/BinarySchema/" xmlns:ua="http://opcfoundation.org/UA/" xmlns:tns="urn:plant"
  DefaultByteOrder="LittleEndian" TargetNamespace="urn:plant">
 <opc:Import Namespace="http://opcfoundation.org/UA/"/>
 <opc:EnumeratedType Name="Mode" LengthInBits="32"><opc:EnumeratedValue Name="Off" Value="0"/><opc:EnumeratedValue Name="On" Value="1"/></opc:EnumeratedType>
 <opc:StructuredType Name="Part" BaseType="ua:ExtensionObject">
  <opc:Field Name="Number" TypeName="opc:UInt32"/>
  <opc:Field Name="NoOfWeights" TypeName="opc:Int32"/>
  <opc:Field Name="Weights" TypeName="opc:Double" LengthField="NoOfWeights"/>
 </opc:StructuredType>
 <opc:StructuredType Name="Order" BaseType="ua:ExtensionObject">
  <opc:Field Name="PriceSpecified" TypeName="opc:Bit"/>
  <opc:Field Name="LimitsSpecified" TypeName="opc:Bit"/>
  <opc:Field Name="Reserved1" TypeName="opc:Bit" Length="30"/>
  <opc:Field Name="Name" TypeName="opc:CharArray"/>
  <opc:Field Name="Mode" TypeName="tns:Mode"/>
  <opc:Field Name="Price" TypeName="opc:Float" SwitchField="PriceSpecified"/>
  <opc:Field Name="Limits" TypeName="ua:Range" SwitchField="LimitsSpecified"/>
  <opc:Field Name="NoOfParts" TypeName="opc:Int32"/>
  <opc:Field Name="Parts" TypeName="tns:Part" LengthField="NoOfParts"/>
  <opc:Field Name="Note" TypeName="ua:LocalizedText"/>
 </opc:StructuredType>
 <opc:StructuredType Name="Reading" BaseType="ua:Union">
  <opc:Field Name="SwitchField" TypeName="opc:UInt32"/>
  <opc:Field Name="Number" TypeName="opc:Double" SwitchField="SwitchField" SwitchValue="1"/>
  <opc:Field Name="Text" TypeName="opc:String" SwitchField="SwitchField" SwitchValue="2"/>
 </opc:StructuredType>
 <opc:StructuredType Name="Odd"><opc:Field Name="A" TypeName="opc:Byte" Length="7"/></opc:StructuredType>
 <opc:StructuredType Name="Nibbles"><opc:Field Name="A" TypeName="opc:Bit" Length="4"/><opc:Field Name="B" TypeName="opc:Byte"/></opc:StructuredType>
</opc:TypeDictionary>`

// The descriptions of a dictionary's types read and write what the types say.
func TestBinarySchema(t *testing.T) {
	s, err := parseBinarySchema([]byte(plantDictionary))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]described{
		"Order":   {model.NumericID(1, 10), model.NumericID(1, 11)},
		"Reading": {model.NumericID(1, 20), model.NumericID(1, 21)},
	}
	schema := s.schema(ids, func(name string) model.NodeID { return model.StringID(1, "made "+name) })
	if len(schema.Structures) != 3 || len(schema.Enums) != 1 {
		t.Fatalf("%d structures and %d enumerations, want the three that OPC UA has and one", len(schema.Structures), len(schema.Enums))
	}
	codec := uajson.NewStructureCodec(schema)
	for text, encoding := range map[string]uint32{
		`{"Name":"A","Mode":1,"Price":1.5,"Parts":[{"Number":7,"Weights":[1,2]}],"Note":{"Text":"x"}}`: 11,
		`{"Name":"A","Mode":1,"Limits":{"Low":1,"High":2},"Parts":[],"Note":{}}`:                       11,
		`{"Text":"hot"}`: 21,
		`{"Number":5}`:   21,
	} {
		id := model.Expanded(model.NumericID(1, encoding))
		body, err := codec.AppendBinary(nil, id, []byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := codec.AppendJSON(nil, id, body); err != nil || string(got) != text {
			t.Errorf("%s, %v; want %s", got, err, text)
		}
	}
	const order = "\x02\x00\x00\x00\x01\x00\x00\x00A\x01\x00\x00\x00" // the second of the optional members, the name, the mode
	if body, _ := codec.AppendBinary(nil, model.Expanded(model.NumericID(1, 11)), []byte(`{"Name":"A","Mode":"On","Limits":{"Low":1,"High":2},"Parts":[],"Note":{}}`)); !strings.HasPrefix(string(body), order) {
		t.Errorf("% x, want it to begin with % x", body, order)
	}
}

func FuzzBinarySchema(f *testing.F) {
	f.Add([]byte(plantDictionary))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseBinarySchema(text)
		if err != nil {
			return
		}
		uajson.NewStructureCodec(s.schema(nil, func(name string) model.NodeID { return model.StringID(1, name) }))
	})
}
