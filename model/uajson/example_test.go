package uajson_test

import (
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uajson"
)

// A publisher fills a DataSetMessage as values arrive and joins it to a frame.
func ExampleAppendField() {
	h := uajson.Header{
		Content:   uajson.ContentNetworkMessageHeader | uajson.ContentDataSetMessageHeader | uajson.ContentPublisherID,
		MessageID: "1", PublisherID: "gateway",
	}
	d := uajson.DataSetHeader{Content: (uajson.DataSetWriterID | uajson.DataSetMessageType).WithForm(uajson.Verbose), Kind: uajson.DeltaFrame, WriterID: 7}
	enc := uajson.FieldEncoding{Form: d.Content.Form(), Content: uajson.FieldSourceTimestamp}
	body := uajson.AppendDataSetHeader(nil, &h, &d)
	body = uajson.AppendField(body, "Temperature", &model.DataValue{Value: model.DoubleValue(21.5), SourceTimestamp: model.DateTimeOfMilli(1647608120931)}, &enc, false)
	body = uajson.AppendDataSetEnd(body, &h, &d)
	frame, err := uajson.AppendNetworkMessage(nil, &h, [][]byte{body})
	fmt.Println(string(frame), err)
	// Output:
	// {"MessageId":"1","MessageType":"ua-data","PublisherId":"gateway","Messages":[{"DataSetWriterId":7,"MessageType":"ua-deltaframe","Payload":{"Temperature":{"Value":21.5,"SourceTimestamp":"2022-03-18T12:55:20.931Z"}}}]} <nil>
}

// A subscriber walks a frame, with the types of the fields if it has seen their metadata.
func ExampleDecoder() {
	frame := []byte(`{"MessageId":"1","MessageType":"ua-data","PublisherId":"gateway","Messages":[{"Payload":{"Count":"5","Name":{"Value":"M1"}},"DataSetWriterId":7}]}`)
	types := &uajson.Types{}
	types.Add("Count", uajson.FieldType{Type: model.TypeInt64, ValueRank: model.ValueRankScalar})
	var d uajson.Decoder
	var f uajson.Field
	if err := d.Decode(frame); err != nil {
		fmt.Println(err)
	}
	for d.Next() {
		fmt.Println(d.DataSet().PublisherID, d.DataSet().WriterID, d.DataSet().Kind)
		d.SetTypes(types)
		for d.Field(&f) {
			fmt.Println(f.Index, f.Name, f.Value.Value)
		}
	}
	fmt.Println(d.Err())
	// Output:
	// gateway 7 ua-keyframe
	// 0 Count Int64 "5"
	// -1 Name String "M1"
	// <nil>
}
