package uajson

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The messages are what OPC Publisher sends, from its documentation of message formats.
const (
	strictMessage = `{ "MessageId": "27", "MessageType": "ua-data", "PublisherId": "opc.tcp://opcplc:50000_70FB9F43",
  "DataSetClassId": "78c4e91c-82cb-444e-a8e0-6bbacc9a946d", "DataSetWriterGroup": "Asset0",
  "Messages": [ { "DataSetWriterId": 1, "DataSetWriterName": "1000", "SequenceNumber": 27,
      "MetaDataVersion": { "MajorVersion": 1, "MinorVersion": 0 }, "MessageType": "ua-deltaframe",
      "Timestamp": "2022-03-18T12:55:21.3424136Z", "Status": 0,
      "Payload": {
        "AlternatingBoolean": { "Value": true, "SourceTimestamp": "2022-03-18T12:55:20.9313098Z", "ServerTimestamp": "2022-03-18T12:55:20.9314784Z" },
        "StepUp": { "Value": 23305, "SourceTimestamp": "2022-03-18T12:55:21.3313539Z", "ServerTimestamp": "2022-03-18T12:55:21.3313638Z" },
        "BadFastUInt1": { "StatusCode": { "Symbol": "BadNoCommunication", "Code": 2150694912 }, "SourceTimestamp": "2022-03-18T12:55:20.8409353Z" } } } ] }`

	metadataMessage = `{ "MessageId": "0", "MessageType": "ua-metadata", "PublisherId": "opc.tcp://localhost:57537/UA/SampleServer_A2425855",
  "DataSetWriterId": 1, "MetaData": { "Namespaces": [ "http://opcfoundation.org/UA/", "http://test.org/UA/Data/" ],
    "StructureDataTypes": [], "EnumDataTypes": [], "SimpleDataTypes": [],
    "Fields": [ { "Name": "Output", "FieldFlags": 0, "BuiltInType": 26, "DataType": { "Id": 26 }, "ValueRank": -1, "ArrayDimensions": [],
                  "MaxStringLength": 0, "DataSetFieldId": "fcab2ed0-c6b2-4456-a4c3-ed985e5c708d", "Properties": [] } ],
    "ConfigurationVersion": { "MajorVersion": 1222304635, "MinorVersion": 1289056823 } }, "DataSetWriterName": "1000" }`

	eventMessage = `{ "MessageId": "5", "MessageType": "ua-data", "PublisherId": "p", "Messages": [ { "DataSetWriterId": "SIMPLE-EVENTS",
  "MetaDataVersion": { "MajorVersion": 1222304426, "MinorVersion": 3462403799 }, "MessageType": "ua-event", "Payload": {
    "EventId": { "Type": "ByteString", "Body": "88C2T817uUWMVNDclyOFnA==" },
    "Message": { "Type": "LocalizedText", "Body": { "Text": "The system cycle '5' has started.", "Locale": "en-US" } },
    "http://opcfoundation.org/SimpleEvents#CurrentStep": { "Type": "ExtensionObject", "Body": {
       "TypeId": "http://opcfoundation.org/SimpleEvents#i=183", "Encoding": "Json", "Body": { "Name": "Step 1", "Duration": 1000.0 } } } } } ] }`

	keepAliveMessage = `{"DataSetWriterId":1,"DataSetWriterName":"DataSet33","SequenceNumber":66,"MetaDataVersion":{"MajorVersion":2,"MinorVersion":3},"MessageType":"ua-keepalive","Timestamp":"2022-03-18T12:55:21.3424136Z"}`

	rawMessage = `{"StepUp":23305}`

	sampleMessage = `{"NodeId":"nsu=http://microsoft.com/Opc/OpcPlc/;s=StepUp","EndpointUrl":"opc.tcp://opcplc:50000/","Value":{"Value":28679,"SourceTimestamp":"2022-03-18T13:04:18.7244388Z"}}`

	fullSampleMessage = `[{"NodeId":"nsu=http://microsoft.com/Opc/OpcPlc/;s=StepUp","EndpointUrl":"opc.tcp://opcplc:50000/","ApplicationUri":"urn:OpcPlc:opcplc","DisplayName":"StepUp","Timestamp":"2022-03-18T13:04:18.8Z","Heartbeat":true,"SequenceNumber":7,"ExtensionFields":{"PublisherId":"pub","DataSetWriterId":"writer-1","WriterGroupId":"Asset0","Line":4},"Value":{"Value":28679,"SourceTimestamp":"2022-03-18T13:04:18.7244388Z","ServerTimestamp":"2022-03-18T13:04:18.7244399Z"}},{"NodeId":"i=2258","DisplayName":"CurrentTime","Value":{"StatusCode":{"Symbol":"BadNoCommunication","Code":2150694912}}}]`

	telemetryMessage = `{"publisherId":"pub","dataSetClassId":"78c4e91c-82cb-444e-a8e0-6bbacc9a946d","dataSetWriterId":"1000","sequenceNumber":27,"metaDataVersion":"1.1","status":"Good","timestamp":"2022-03-18T12:55:21.3424136Z","payload":{"nsu=urn:a;s=b":{"value":5,"sourceTimestamp":"2022-03-18T12:55:20.9313098Z","serverTimestamp":"2022-03-18T12:55:20.9313098Z"}}}`
)

// compatMessage is strictMessage as the compatible mode sends it: an array of network messages, the writer by its name.
func compatMessage() string {
	s := strings.Replace(strictMessage, `"DataSetWriterId": 1, "DataSetWriterName": "1000"`, `"DataSetWriterId": "1000"`, 1)
	s = strings.Replace(s, `"Status": 0`, `"Status": { "Symbol": "UncertainLastUsableValue", "Code": 1083179008 }`, 1)
	return "[" + s + ",\n" + s + "]"
}

// describe prints what a Decoder makes of a frame, one line for each header and field.
func describe(t *testing.T, frame string, types *Types) (lines []string) {
	t.Helper()
	var d Decoder
	if err := d.Decode([]byte(frame)); err != nil {
		return []string{err.Error()}
	}
	for d.Next() {
		h, s := d.Header(), d.DataSet()
		line := fmt.Sprintf("%s: publisher %q group %q writer %d %q", s.Kind, s.PublisherID, s.WriterGroupName, s.WriterID, s.WriterName)
		if h.MessageID != "" {
			line += " message " + h.MessageID
		}
		if s.Content.Has(DataSetSequenceNumber) {
			line += fmt.Sprintf(" number %d", s.SequenceNumber)
		}
		if s.Version.Major != 0 || s.Version.Minor != 0 {
			line += " version " + s.Version.String()
		}
		if !s.Timestamp.IsZero() {
			line += " at " + s.Timestamp.String()
		}
		if s.Status != 0 {
			line += " " + s.Status.Name()
		}
		if s.NodeID != "" {
			line += fmt.Sprintf(" node %s at %q of %q", s.NodeID, s.EndpointURL, s.ApplicationURI)
		}
		lines = append(lines, line)
		d.SetTypes(types)
		for f := (Field{}); d.Field(&f); {
			line := fmt.Sprintf("%s = %s", f.Name, f.Value.Value)
			if f.Value.Status != 0 {
				line += " " + f.Value.Status.Name()
			}
			if !f.Value.SourceTimestamp.IsZero() {
				line += " " + f.Value.SourceTimestamp.String()
			}
			if !f.Value.ServerTimestamp.IsZero() {
				line += " " + f.Value.ServerTimestamp.String()
			}
			lines = append(lines, line)
		}
	}
	if err := d.Err(); err != nil {
		lines = append(lines, err.Error())
	}
	return lines
}

// TestWhatOPCPublisherSends reads the messages of OPC Publisher, strict and compatible.
func TestWhatOPCPublisherSends(t *testing.T) {
	f := func(frame string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, describe(t, frame, nil)); diff != "" {
			t.Errorf("%s\n%s", frame, diff)
		}
	}
	fields := []string{
		"AlternatingBoolean = Boolean true 2022-03-18T12:55:20.9313098Z 2022-03-18T12:55:20.9314784Z",
		`StepUp = Int64 "23305" 2022-03-18T12:55:21.3313539Z 2022-03-18T12:55:21.3313638Z`,
		"BadFastUInt1 = null BadNoCommunication 2022-03-18T12:55:20.8409353Z",
	}
	f(strictMessage, append([]string{`ua-deltaframe: publisher "opc.tcp://opcplc:50000_70FB9F43" group "Asset0" writer 1 "1000" message 27 number 27 version 1.0 at 2022-03-18T12:55:21.3424136Z`}, fields...)...)
	compat := append([]string{`ua-deltaframe: publisher "opc.tcp://opcplc:50000_70FB9F43" group "Asset0" writer 1000 "1000" message 27 number 27 version 1.0 at 2022-03-18T12:55:21.3424136Z UncertainLastUsableValue`}, fields...)
	f(compatMessage(), append(compat, compat...)...)
	f(metadataMessage, `ua-metadata: publisher "opc.tcp://localhost:57537/UA/SampleServer_A2425855" group "" writer 1 "1000" message 0`)
	f(eventMessage, `ua-event: publisher "p" group "" writer 0 "SIMPLE-EVENTS" message 5 version 1222304426.3462403799`,
		`EventId = ByteString "88C2T817uUWMVNDclyOFnA=="`,
		`Message = LocalizedText {"locale":"en-US","text":"The system cycle '5' has started."}`,
		`http://opcfoundation.org/SimpleEvents#CurrentStep = Structure {"typeId":"nsu=http://opcfoundation.org/SimpleEvents;i=183","encoding":"json","body":{"Name":"Step 1","Duration":1000.0}}`)
	f(keepAliveMessage, `ua-keepalive: publisher "" group "" writer 1 "DataSet33" number 66 version 2.3 at 2022-03-18T12:55:21.3424136Z`)
	f(rawMessage, `ua-keyframe: publisher "" group "" writer 0 ""`, `StepUp = Int64 "23305"`)
	f("23305", `ua-keyframe: publisher "" group "" writer 0 ""`, ` = Int64 "23305"`)
	f(sampleMessage, `sample: publisher "" group "" writer 0 "" node nsu=http://microsoft.com/Opc/OpcPlc/;s=StepUp at "opc.tcp://opcplc:50000/" of ""`,
		`nsu=http://microsoft.com/Opc/OpcPlc/;s=StepUp = Int64 "28679" 2022-03-18T13:04:18.7244388Z`)
	f(fullSampleMessage,
		`sample: publisher "pub" group "Asset0" writer 0 "writer-1" number 7 at 2022-03-18T13:04:18.8Z node nsu=http://microsoft.com/Opc/OpcPlc/;s=StepUp at "opc.tcp://opcplc:50000/" of "urn:OpcPlc:opcplc"`,
		`StepUp = Int64 "28679" 2022-03-18T13:04:18.7244388Z 2022-03-18T13:04:18.7244399Z`,
		`sample: publisher "" group "" writer 0 "" node i=2258 at "" of ""`, `CurrentTime = null BadNoCommunication`)
	f(telemetryMessage, `ua-keyframe: publisher "pub" group "" writer 1000 "1000" number 27 version 1.1 at 2022-03-18T12:55:21.3424136Z`,
		`nsu=urn:a;s=b = Int64 "5" 2022-03-18T12:55:20.9313098Z 2022-03-18T12:55:20.9313098Z`)
}

// TestModesOfOPCPublisher: the same DataSet as each of its modes sends it.
func TestModesOfOPCPublisher(t *testing.T) {
	f := func(frame string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, describe(t, frame, nil)); diff != "" {
			t.Errorf("%s\n%s", frame, diff)
		}
	}
	const nobody = `ua-keyframe: publisher "" group "" writer 0 ""`
	dataSet := `{"Payload":{"A":{"Value":1.5}},"DataSetWriterId":3}`
	writer := `ua-keyframe: publisher "" group "" writer 3 ""`
	f("["+dataSet+","+dataSet+"]", writer, "A = Double 1.5", writer, "A = Double 1.5")                      // DataSetMessages
	f(dataSet, writer, "A = Double 1.5")                                                                    // SingleDataSetMessage
	f(`[{"A":{"Value":1.5}},{"B":{"Value":true}}]`, nobody, "A = Double 1.5", nobody, "B = Boolean true")   // DataSets
	f(`{"A":{"Value":1.5}}`, nobody, "A = Double 1.5")                                                      // SingleDataSet
	f(`[{"A":1.5,"B":"x"},{"B":null}]`, nobody, "A = Double 1.5", `B = String "x"`, nobody, "B = null")     // RawDataSets
	f(`{"MessageId":"1","MessageType":"ua-data","Messages":{"A":1}}`, nobody+" message 1", `A = Int64 "1"`) // without DataSetMessageHeader, single
	f(`{"MessageId":"1","MessageType":"ua-data","Messages":[{"A":1},{"B":2}]}`, nobody+" message 1", `A = Int64 "1"`, nobody+" message 1", `B = Int64 "2"`)
	f(`{"MessageId":"1","MessageType":"ua-data","Messages":[]}`)
	f(`[]`)
	f(`{"DataSetWriterId":3,"SequenceNumber":4}`, `ua-keepalive: publisher "" group "" writer 3 "" number 4`)
	f(`{"DataSetWriterId":3,"Speed":4}`, nobody, `DataSetWriterId = Int64 "3"`, `Speed = Int64 "4"`)
	f(`{}`, nobody)
	f(`{"MessageId":"1","MessageType":"ua-status","PublisherId":"p","Status":0}`)
	f(`[`+rawMessage+`,`+keepAliveMessage+`,`+dataSet+`]`, nobody, `StepUp = Int64 "23305"`,
		`ua-keepalive: publisher "" group "" writer 1 "DataSet33" number 66 version 2.3 at 2022-03-18T12:55:21.3424136Z`, writer, "A = Double 1.5")
	f(`{"DataSetWriterId":3,"MessageType":"ua-keyframe","Payload":23305}`, writer, ` = Int64 "23305"`)
}
