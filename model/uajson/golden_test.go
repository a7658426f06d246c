package uajson

import (
	"math"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// TestValuesOfTheStandard: what Part 6 says that values look like, in the four forms. "=" stands for the form before.
func TestValuesOfTheStandard(t *testing.T) {
	f := func(clause string, v model.Variant, nonReversible, reversible, verbose, compact string) {
		t.Helper()
		last := ""
		for form, want := range []string{nonReversible, reversible, verbose, compact} {
			if want == "=" {
				want = last
			}
			last = want
			if got := string(AppendValue(nil, v, Form(form))); got != want {
				t.Errorf("%s: %v is written as\n%s; want\n%s", clause, Form(form), got, want)
			}
		}
	}
	f("5.4.2.2", model.BooleanValue(true), `true`, `{"Type":1,"Body":true}`, `{"UaType":1,"Value":true}`, "=")
	f("5.4.2.3", model.Int32Value(-7), `-7`, `{"Type":6,"Body":-7}`, `{"UaType":6,"Value":-7}`, "=")
	f("5.4.2.3", model.Int64Value(math.MinInt64), `"-9223372036854775808"`, `{"Type":8,"Body":"-9223372036854775808"}`, `{"UaType":8,"Value":"-9223372036854775808"}`, "=")
	f("5.4.2.3", model.UInt64Value(math.MaxUint64), `"18446744073709551615"`, `{"Type":9,"Body":"18446744073709551615"}`, `{"UaType":9,"Value":"18446744073709551615"}`, "=")
	f("5.4.2.4", model.DoubleValue(math.NaN()), `"NaN"`, `{"Type":11,"Body":"NaN"}`, `{"UaType":11,"Value":"NaN"}`, "=")
	f("5.4.2.4", model.DoubleValue(math.Inf(1)), `"Infinity"`, `{"Type":11,"Body":"Infinity"}`, `{"UaType":11,"Value":"Infinity"}`, "=")
	f("5.4.2.4", model.FloatValue(float32(math.Inf(-1))), `"-Infinity"`, `{"Type":10,"Body":"-Infinity"}`, `{"UaType":10,"Value":"-Infinity"}`, "=")
	f("5.4.2.5", model.StringValue("a\"b\n"), `"a\"b\n"`, `{"Type":12,"Body":"a\"b\n"}`, `{"UaType":12,"Value":"a\"b\n"}`, "=")
	f("5.4.2.5", model.NullStringValue(), `null`, `{"Type":12}`, `{"UaType":12}`, "=")
	f("5.4.2.6", model.DateTimeValue(goldenTime), `"2022-03-18T16:55:20.9313098Z"`, `{"Type":13,"Body":"2022-03-18T16:55:20.9313098Z"}`, `{"UaType":13,"Value":"2022-03-18T16:55:20.9313098Z"}`, "=")
	f("5.4.2.6", model.DateTimeValue(model.MaxDateTime), `"9999-12-31T23:59:59Z"`, `{"Type":13,"Body":"9999-12-31T23:59:59Z"}`, `{"UaType":13,"Value":"9999-12-31T23:59:59Z"}`, "=")
	guid := goldenGUID()
	f("5.4.2.7", model.GUIDValue(&guid), `"72962b91-fa75-4ae6-8d28-b404dc7daf63"`, `{"Type":14,"Body":"72962b91-fa75-4ae6-8d28-b404dc7daf63"}`, `{"UaType":14,"Value":"72962b91-fa75-4ae6-8d28-b404dc7daf63"}`, "=")
	f("5.4.2.8", model.ByteStringValue([]byte{1, 2, 255}), `"AQL/"`, `{"Type":15,"Body":"AQL/"}`, `{"UaType":15,"Value":"AQL/"}`, "=")
	f("5.4.2.9", model.XMLElementValue("<a/>"), `"<a/>"`, `{"Type":16,"Body":"<a/>"}`, `{"UaType":16,"Value":"<a/>"}`, "=")
	id := model.StringID(2, "Temp")
	f("5.4.2.10, H.2", model.NodeIDValue(&id), `{"IdType":1,"Id":"Temp","Namespace":2}`, `{"Type":17,"Body":{"IdType":1,"Id":"Temp","Namespace":2}}`, `{"UaType":17,"Value":"ns=2;s=Temp"}`, "=")
	numeric := model.NumericID(0, 2258)
	f("5.4.2.10, H.2", model.NodeIDValue(&numeric), `{"Id":2258}`, `{"Type":17,"Body":{"Id":2258}}`, `{"UaType":17,"Value":"i=2258"}`, "=")
	opaque := model.OpaqueID(1, "\x33\xf4\x5b")
	f("5.4.2.10, H.2", model.NodeIDValue(&opaque), `{"IdType":3,"Id":"M/Rb","Namespace":1}`, `{"Type":17,"Body":{"IdType":3,"Id":"M/Rb","Namespace":1}}`, `{"UaType":17,"Value":"ns=1;b=M/Rb"}`, "=")
	expanded := model.ExpandedNodeID{NodeID: model.NumericID(0, 7), NamespaceURI: "urn:a;b%", ServerIndex: 3}
	f("5.4.2.11, H.3", model.ExpandedNodeIDValue(&expanded), `{"Id":7,"Namespace":"urn:a;b%","ServerUri":3}`, `{"Type":18,"Body":{"Id":7,"Namespace":"urn:a;b%","ServerUri":3}}`, `{"UaType":18,"Value":"svr=3;nsu=urn:a%3Bb%25;i=7"}`, "=")
	f("5.4.2.12, H.4", model.StatusCodeValue(0x80AB0000), `{"Code":2158690304,"Symbol":"BadInvalidArgument"}`, `{"Type":19,"Body":2158690304}`, `{"UaType":19,"Value":{"Code":2158690304,"Symbol":"BadInvalidArgument"}}`, `{"UaType":19,"Value":{"Code":2158690304}}`)
	f("5.4.2.12", model.StatusCodeValue(0x80AB0480), `{"Code":2158691456,"Symbol":"BadInvalidArgument"}`, `{"Type":19,"Body":2158691456}`, `{"UaType":19,"Value":{"Code":2158691456,"Symbol":"BadInvalidArgument"}}`, `{"UaType":19,"Value":{"Code":2158691456}}`)
	name := model.QualifiedName{Namespace: 2, Name: "Temperature"}
	f("5.4.2.14, H.5", model.QualifiedNameValue(&name), `{"Name":"Temperature","Uri":2}`, `{"Type":20,"Body":{"Name":"Temperature","Uri":2}}`, `{"UaType":20,"Value":"2:Temperature"}`, "=")
	text := model.LocalizedText{Locale: "de", Text: "warm"}
	f("5.4.2.15, H.6", model.LocalizedTextValue(&text), `"warm"`, `{"Type":21,"Body":{"Locale":"de","Text":"warm"}}`, `{"UaType":21,"Value":{"Locale":"de","Text":"warm"}}`, "=")
	object := model.ExtensionObject{TypeID: model.Expanded(model.NumericID(1, 5)), Encoding: model.ExtensionBinary, Body: []byte{1}}
	f("5.4.2.16, H.7", model.ExtensionObjectValue(&object), `"AQ=="`, `{"Type":22,"Body":{"TypeId":{"Id":5,"Namespace":1},"Encoding":1,"Body":"AQ=="}}`, `{"UaType":22,"Value":{"UaTypeId":"ns=1;i=5","UaEncoding":1,"UaBody":"AQ=="}}`, "=")
	structure := model.ExtensionObject{TypeID: model.Expanded(model.NumericID(1, 5)), Encoding: model.ExtensionJSON, Body: []byte(`{"X":1,"Y":2}`)}
	f("5.4.2.16, H.7", model.ExtensionObjectValue(&structure), `{"X":1,"Y":2}`, `{"Type":22,"Body":{"TypeId":{"Id":5,"Namespace":1},"Body":{"X":1,"Y":2}}}`, `{"UaType":22,"Value":{"UaTypeId":"ns=1;i=5","X":1,"Y":2}}`, "=")
	matrix := model.ArrayValue([]int32{0, 2, 3, 1, 3, 4}, 2, 3)
	f("5.4.2.17, H.8, H.9", matrix, `[[0,2,3],[1,3,4]]`, `{"Type":6,"Body":[0,2,3,1,3,4],"Dimensions":[2,3]}`, `{"UaType":6,"Value":[0,2,3,1,3,4],"Dimensions":[2,3]}`, "=")
	value := model.DataValue{Value: model.DoubleValue(1.5), Status: 0x80340000, SourceTimestamp: goldenTime, SourcePicoseconds: 5}
	f("5.4.2.18", model.DataValueValue(&value), `{"Value":1.5,"Status":{"Code":2150891520,"Symbol":"BadNodeIdUnknown"},"SourceTimestamp":"2022-03-18T16:55:20.9313098Z","SourcePicoseconds":5}`,
		`{"Type":23,"Body":{"Value":{"Type":11,"Body":1.5},"Status":2150891520,"SourceTimestamp":"2022-03-18T16:55:20.9313098Z","SourcePicoseconds":5}}`,
		`{"UaType":23,"Value":{"UaType":11,"Value":1.5,"Status":{"Code":2150891520,"Symbol":"BadNodeIdUnknown"},"SourceTimestamp":"2022-03-18T16:55:20.9313098Z","SourcePicoseconds":5}}`,
		`{"UaType":23,"Value":{"UaType":11,"Value":1.5,"Status":{"Code":2150891520},"SourceTimestamp":"2022-03-18T16:55:20.9313098Z","SourcePicoseconds":5}}`)
	f("5.4.5", model.ArrayValue([]model.NodeID{numeric, {}}), `[{"Id":2258},null]`, `{"Type":17,"Body":[{"Id":2258},null]}`, `{"UaType":17,"Value":["i=2258",null]}`, "=")
	f("5.4.2.17", model.ArrayValue([]model.Variant{model.Int32Value(1), {}}), `[1,null]`, `{"Type":24,"Body":[{"Type":6,"Body":1},null]}`, `{"UaType":24,"Value":[{"UaType":6,"Value":1},null]}`, "=")
	f("5.4.2.17", model.Variant{}, `null`, "=", "=", "=")
}

// TestFieldsOfTheStandard: the fields of Part 14, 7.2.5.4.2, Tables 186 and 187 of 7.2.5.4.3, and 6.2.4.2.
func TestFieldsOfTheStandard(t *testing.T) {
	f := func(v model.DataValue, abstract bool, enc FieldEncoding, want string) {
		t.Helper()
		if got := string(AppendField([]byte("{"), "f", &v, &enc, abstract)); got != `{"f":`+want {
			t.Errorf("%v, 0x%x, abstract %v: %s; want %s", enc.Form, enc.Content, abstract, got[5:], want)
		}
	}
	raw := FieldEncoding{Form: Verbose, Content: FieldRawData}
	plain, compact := FieldEncoding{Form: Verbose}, FieldEncoding{Form: Compact}
	number, apple := model.DataValue{Value: model.Int32Value(1234)}, model.DataValue{Value: model.StringValue("Apple")}
	f(number, false, raw, `1234`)
	f(number, false, plain, `1234`)
	f(apple, false, raw, `"Apple"`)
	f(apple, true, raw, `{"Value":"Apple"}`)
	f(apple, true, plain, `{"UaType":12,"Value":"Apple"}`)
	ring := model.DataValue{Value: model.ExtensionObjectValue(&model.ExtensionObject{TypeID: model.Expanded(model.NumericID(1, 3)), Encoding: model.ExtensionJSON, Body: []byte(`{"X":1234,"Y":"Ring"}`)})}
	f(ring, false, raw, `{"X":1234,"Y":"Ring"}`)
	f(ring, false, plain, `{"X":1234,"Y":"Ring"}`)
	f(ring, false, compact, `{"UaType":22,"Value":{"UaTypeId":"ns=1;i=3","X":1234,"Y":"Ring"}}`)
	rings := model.DataValue{Value: model.ArrayValue([]model.ExtensionObject{ring.Value.ExtensionObject(), ring.Value.ExtensionObject()})}
	f(rings, false, plain, `[{"X":1234,"Y":"Ring"},{"X":1234,"Y":"Ring"}]`)
	f(rings, true, plain, `{"UaType":22,"Value":[{"UaTypeId":"ns=1;i=3","X":1234,"Y":"Ring"},{"UaTypeId":"ns=1;i=3","X":1234,"Y":"Ring"}]}`)
	matrix := model.DataValue{Value: model.ArrayValue([]int32{1, 2, 3, 4}, 2, 2)}
	f(matrix, false, plain, `{"Array":[1,2,3,4],"Dimensions":[2,2]}`)
	f(matrix, false, FieldEncoding{Form: NonReversible}, `[[1,2],[3,4]]`)
	bad := model.DataValue{Value: model.Int32Value(1), Status: 0x80340000, SourceTimestamp: goldenTime}
	f(bad, false, plain, `{"Code":2150891520,"Symbol":"BadNodeIdUnknown"}`)
	f(bad, false, raw, `{"Code":2150891520,"Symbol":"BadNodeIdUnknown"}`)
	f(bad, false, compact, `{"UaType":19,"Value":{"Code":2150891520}}`)
	f(bad, false, FieldEncoding{Form: Reversible}, `{"Type":19,"Body":2150891520}`)
	f(bad, false, FieldEncoding{Form: NonReversible, Content: FieldRawData}, `null`)
	uncertain := model.DataValue{Value: model.Int32Value(1), Status: 0x40000000}
	f(uncertain, false, plain, `1`)
	f(uncertain, false, FieldEncoding{Form: NonReversible}, `{"Value":1,"Status":{"Code":1073741824,"Symbol":"Uncertain"}}`)
	f(uncertain, false, FieldEncoding{Form: Reversible}, `{"Type":23,"Body":{"Value":{"Type":6,"Body":1},"Status":1073741824}}`)
	f(bad, false, FieldEncoding{Form: Verbose, Content: FieldStatusCode | FieldServerTimestamp}, `{"Value":1,"Status":{"Code":2150891520,"Symbol":"BadNodeIdUnknown"}}`)
	f(bad, false, FieldEncoding{Form: Compact, Content: FieldStatusCode | FieldSourceTimestamp}, `{"UaType":6,"Value":1,"Status":{"Code":2150891520},"SourceTimestamp":"2022-03-18T16:55:20.9313098Z"}`)
	f(bad, false, FieldEncoding{Form: Reversible, Content: FieldStatusCode}, `{"Value":{"Type":6,"Body":1},"Status":2150891520}`)
	f(apple, true, FieldEncoding{Form: Verbose, Content: FieldStatusCode}, `{"UaType":12,"Value":"Apple"}`)
	f(number, false, FieldEncoding{Form: Compact, Content: FieldRawData}, `{"UaType":6,"Value":1234}`)
	id := model.NumericID(1, 7)
	named := FieldEncoding{Form: Verbose, Namespaces: model.NamespaceTable{namespaceZero, "urn:acme"}}
	f(model.DataValue{Value: model.NodeIDValue(&id)}, false, named, `"nsu=urn:acme;i=7"`)
	named.Form = NonReversible
	f(model.DataValue{Value: model.NodeIDValue(&id)}, false, named, `{"Id":7,"Namespace":"urn:acme"}`)
}

// TestMessagesOfTheStandard: the messages of Part 14, 7.2.5.3 and 7.2.5.4, by their content masks.
func TestMessagesOfTheStandard(t *testing.T) {
	f := func(network NetworkMessageContentMask, dataSet DataSetMessageContentMask, kind DataSetKind, want string) {
		t.Helper()
		h := Header{Content: network, MessageID: "32235546", PublisherID: "MyPublisher", WriterGroupName: "Group", DataSetClassID: goldenGUID()}
		d := DataSetHeader{
			Content: dataSet.WithForm(Verbose), Kind: kind, WriterID: 102, WriterName: "Writer", PublisherID: "MyPublisher", WriterGroupName: "Group",
			SequenceNumber: 25460, Version: model.ConfigurationVersion{Major: 1, Minor: 672341762}, Timestamp: model.DateTime(132_772_419_195_550_000), Status: 0x40000000,
		}
		enc := FieldEncoding{Form: d.Content.Form()}
		body := AppendDataSetHeader(nil, &h, &d)
		if kind != KeepAlive {
			body = AppendField(body, "LocationName", &model.DataValue{Value: model.StringValue("Building A")}, &enc, false)
			coordinate := model.ExtensionObject{Encoding: model.ExtensionJSON, Body: []byte(`{"X":1,"Y":0.2}`)}
			body = AppendField(body, "Coordinate", &model.DataValue{Value: model.ExtensionObjectValue(&coordinate)}, &enc, false)
		}
		got, err := AppendNetworkMessage(nil, &h, [][]byte{AppendDataSetEnd(body, &h, &d)})
		if err != nil || string(got) != want {
			t.Errorf("0x%x, 0x%x: %v\n%s; want\n%s", network, dataSet, err, got, want)
		}
	}
	const payload = `{"LocationName":"Building A","Coordinate":{"X":1,"Y":0.2}}`
	// 7.2.5.4.2, first example
	f(ContentDataSetMessageHeader|ContentSingleDataSetMessage, DataSetPublisherID|DataSetWriterID|DataSetSequenceNumber|DataSetMinorVersion|DataSetTimestamp, KeyFrame,
		`{"DataSetWriterId":102,"PublisherId":"MyPublisher","SequenceNumber":25460,"MinorVersion":672341762,"Timestamp":"2021-09-27T18:45:19.555Z","Payload":`+payload+`}`)
	// A.3.2: minimal messages
	f(ContentSingleDataSetMessage, 0, KeyFrame, payload)
	f(0, 0, KeyFrame, `[`+payload+`]`)
	all := ContentNetworkMessageHeader | ContentDataSetMessageHeader | ContentPublisherID | ContentDataSetClassID | ContentWriterGroupName
	const header = `{"MessageId":"32235546","MessageType":"ua-data","PublisherId":"MyPublisher","WriterGroupName":"Group","DataSetClassId":"72962b91-fa75-4ae6-8d28-b404dc7daf63","Messages":`
	f(all, ^DataSetMessageContentMask(0), DeltaFrame, header+`[{"DataSetWriterId":102,"DataSetWriterName":"Writer","SequenceNumber":25460,"MetaDataVersion":{"MajorVersion":1,"MinorVersion":672341762},"Timestamp":"2021-09-27T18:45:19.555Z","Status":{"Code":1073741824},"MessageType":"ua-deltaframe","Payload":`+payload+`}]}`)
	f(all|ContentSingleDataSetMessage, DataSetMessageType, Event, header+`{"MessageType":"ua-event","Payload":`+payload+`}}`)
	f(all, DataSetMessageType|DataSetWriterID, KeepAlive, header+`[{"DataSetWriterId":102,"MessageType":"ua-keepalive"}]}`)
	f(all&^ContentDataSetMessageHeader, DataSetWriterID, KeyFrame, header+`[`+payload+`]}`)
	f(all&^ContentWriterGroupName, DataSetWriterGroupName|DataSetPublisherID, KeyFrame,
		`{"MessageId":"32235546","MessageType":"ua-data","PublisherId":"MyPublisher","DataSetClassId":"72962b91-fa75-4ae6-8d28-b404dc7daf63","Messages":[{"WriterGroupName":"Group","Payload":`+payload+`}]}`)
	if _, err := AppendNetworkMessage(nil, &Header{Content: ContentSingleDataSetMessage}, nil); err == nil {
		t.Error("a single message of none is no error")
	}
}
