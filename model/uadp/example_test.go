package uadp_test

import (
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// A publisher appends values as they come and closes the frame when it is full or due.
func Example() {
	head := uadp.DataSetHeader{Kind: uadp.DeltaFrame, Encoding: uadp.EncodingDataValue}
	body := uadp.AppendDataSetHeader(nil, &head, 0)
	start := len(body)
	var count uint16
	put := func(field uint16, v model.DataValue) (err error) {
		body, err = uadp.AppendDeltaField(body, field, &v, head.Encoding)
		if err == nil {
			count++
		}
		return err
	}
	now := model.DateTimeOfMilli(1_700_000_000_000)
	if err := put(0, model.DataValue{Value: model.DoubleValue(21.5), SourceTimestamp: now}); err != nil {
		fmt.Println(err)
	}
	if err := put(7, model.DataValue{Value: model.StringValue("running"), SourceTimestamp: now}); err != nil {
		fmt.Println(err)
	}

	uadp.PatchFieldCount(body, start, count)
	header := uadp.Header{
		Content:     uadp.ContentPublisherID | uadp.ContentGroupHeader | uadp.ContentWriterGroupID | uadp.ContentPayloadHeader,
		PublisherID: uadp.StringPublisherID("gateway-7"), WriterGroupID: 1,
	}
	frame, err := uadp.AppendNetworkMessage(nil, &header, []uint16{42}, [][]byte{body})
	if err != nil {
		fmt.Println(err)
	}

	var d uadp.Decoder
	if err := d.Decode(frame); err != nil {
		fmt.Println(err)
	}
	for d.Next() {
		fmt.Println(d.Header().PublisherID, d.DataSet().WriterID, d.DataSet().Kind)
		for f := (uadp.Field{}); d.Field(&f); {
			fmt.Println(f.Index, f.Value.Value, f.Value.SourceTimestamp)
		}
	}
	if err := d.Err(); err != nil {
		fmt.Println(err)
	}
	// Output:
	// gateway-7 42 delta frame
	// 0 Double 21.5 2023-11-14T22:13:20Z
	// 7 String "running" 2023-11-14T22:13:20Z
}
