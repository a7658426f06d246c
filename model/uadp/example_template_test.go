package uadp_test

import (
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// A publisher with a fixed layout encodes its frame once and then only writes what changed, here secured for its way.
func ExampleTemplate() {
	layout := []uadp.RawField{
		{Type: model.TypeDouble, ValueRank: model.ValueRankScalar},
		{Type: model.TypeString, ValueRank: model.ValueRankScalar, MaxStringLength: 8},
	}
	frame, err := uadp.NewTemplate(&uadp.Message{
		Header: uadp.Header{
			Content: uadp.ContentPublisherID | uadp.ContentGroupHeader | uadp.ContentWriterGroupID | uadp.ContentGroupVersion |
				uadp.ContentNetworkMessageNumber | uadp.ContentSequenceNumber | uadp.ContentPayloadHeader,
			PublisherID: uadp.UInt16PublisherID(2234), WriterGroupID: 1,
		},
		DataSets: []uadp.DataSet{{
			Header: uadp.DataSetHeader{WriterID: 42, Encoding: uadp.EncodingRawData, Content: uadp.DataSetSequenceNumber | uadp.DataSetStatus},
			Layout: layout,
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	group, err := uadp.NewKeyGroup("press-line", uadp.PubSubAes256CTR, uadp.SecuritySignAndEncrypt, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	key := make([]byte, uadp.PubSubAes256CTR.KeySize()) // from a SecurityKeyService
	if err := group.Update(uadp.SecurityKeys{FirstTokenID: 1, Keys: [][]byte{key}}); err != nil {
		fmt.Println(err)
	}

	var d uadp.Decoder
	d.SetKeys(func(*uadp.Header) *uadp.KeyGroup { return group })
	fields, sealed := make([]uadp.Field, 100), []byte(nil)
	for n := range uint16(2) {
		set := frame.DataSet(0)
		frame.SetSequenceNumber(n)
		set.SetSequenceNumber(n)
		if err := set.SetFields(0, []model.DataValue{{Value: model.DoubleValue(20 + float64(n))}, {Value: model.StringValue("running")}}); err != nil {
			fmt.Println(err)
		}
		if sealed, err = group.Seal(sealed[:0], frame.Frame()); err != nil {
			fmt.Println(err)
		}
		if err := d.Decode(sealed); err != nil {
			fmt.Println(err)
		}
		for d.Next() {
			d.SetLayout(layout)
			for _, f := range fields[:d.Fields(fields)] {
				fmt.Println(d.DataSet().SequenceNumber, f.Index, f.Value.Value)
			}
		}
		if err := d.Err(); err != nil {
			fmt.Println(err)
		}
	}
	// Output:
	// 0 0 Double 20
	// 0 1 String "running"
	// 1 0 Double 21
	// 1 1 String "running"
}
