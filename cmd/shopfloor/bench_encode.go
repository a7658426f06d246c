package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
	"github.com/shopfloor-iiot/shopfloor/model/uajson"
)

// benchCodec is one codec in one direction.
type benchCodec struct {
	Name           string  `json:"name"`
	NsPerValue     float64 `json:"ns_per_value"`
	BytesPerValue  float64 `json:"bytes_per_value"`
	AllocsPerValue float64 `json:"allocs_per_value"`
}

// benchEncodeResult is what bench encode found.
type benchEncodeResult struct {
	Codecs []benchCodec `json:"codecs"`
}

func (r *benchEncodeResult) print(w io.Writer) error {
	_, err := fmt.Fprintln(w, "a Double with its source timestamp      ns/value  bytes/value  allocations/value")
	for _, c := range r.Codecs {
		if err == nil {
			_, err = fmt.Fprintf(w, "%-38s %9.1f %12.1f %18.4f\n", c.Name, c.NsPerValue, c.BytesPerValue, c.AllocsPerValue)
		}
	}
	return err
}

const (
	// benchFrameValues is how many values a frame has.
	benchFrameValues = 1000
	// benchTime is how long one codec is measured.
	benchTime = 500 * time.Millisecond
)

// benchFrame is what is measured: the fields of a frame, and how to write and read it.
type benchFrame struct {
	name   string
	encode func(dst []byte) ([]byte, error)
	decode func(frame []byte) (values int, err error)
}

// benchEncode measures the codecs.
func benchEncode(ctx context.Context, progress io.Writer) (*benchEncodeResult, error) {
	values := make([]model.DataValue, benchFrameValues)
	names := make([]string, benchFrameValues)
	now := model.DateTimeOf(time.Now())
	for i := range values {
		names[i] = "Machine" + strconv.Itoa(i) + ".Temperature"
		values[i] = model.DataValue{Value: benchValue(i, 7), SourceTimestamp: now + model.DateTime(i)}
	}
	r := &benchEncodeResult{}
	for _, f := range []benchFrame{
		uadpFrame("UADP DataValue", values, uadp.EncodingDataValue),
		uadpFrame("UADP RawData", values, uadp.EncodingRawData),
		jsonFrame("JSON DataValue", values, names),
	} {
		fmt.Fprintln(progress, f.name, "...")
		frame, err := f.encode(nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		buf := frame
		encode, err := benchLoop(ctx, func() (err error) {
			buf, err = f.encode(buf[:0])
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		decode, err := benchLoop(ctx, func() error {
			n, err := f.decode(frame)
			if err == nil && n != benchFrameValues {
				err = fmt.Errorf("%d of %d values came back", n, benchFrameValues)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		encode.Name, decode.Name = f.name+" encode", f.name+" decode"
		encode.BytesPerValue = float64(len(frame)) / benchFrameValues
		decode.BytesPerValue = encode.BytesPerValue
		r.Codecs = append(r.Codecs, encode, decode)
	}
	return r, nil
}

// benchLoop runs a step that handles one frame again and again. The fastest of five stretches counts, because others use the machine too.
func benchLoop(ctx context.Context, step func() error) (best benchCodec, err error) {
	for stretch := range 5 {
		u := measure()
		frames := 0
		for time.Since(u.begin) < benchTime/5 {
			for range 16 {
				if err := step(); err != nil {
					return best, err
				}
			}
			frames += 16
			if ctx.Err() != nil {
				return best, ctx.Err()
			}
		}
		u.stop()
		n := float64(frames) * benchFrameValues
		if ns := float64(u.wall) / n; stretch == 0 || ns < best.NsPerValue {
			best.NsPerValue = ns
		}
		best.AllocsPerValue = float64(u.allocs) / n
	}
	return best, nil
}

func uadpFrame(name string, values []model.DataValue, encoding uadp.FieldEncoding) benchFrame {
	header := uadp.Header{Content: uadp.ContentPublisherID | uadp.ContentPayloadHeader, PublisherID: uadp.StringPublisherID("local")}
	dataSet := uadp.DataSetHeader{Kind: uadp.KeyFrame, Encoding: encoding}
	layout := make([]uadp.RawField, len(values))
	for i := range layout {
		layout[i] = uadp.RawField{Type: model.TypeDouble, ValueRank: model.ValueRankScalar}
	}
	fields := make([]uadp.Field, len(values))
	for i := range fields {
		fields[i] = uadp.Field{Index: uint16(i), Value: values[i]}
	}
	ids, bodies := []uint16{1}, [][]byte{nil}
	var d uadp.Decoder
	read := make([]uadp.Field, len(values)+1)
	return benchFrame{
		name: name,
		encode: func(dst []byte) ([]byte, error) {
			body, err := uadp.AppendFields(uadp.AppendDataSetHeader(bodies[0][:0], &dataSet, uint16(len(fields))), fields, dataSet.Kind, encoding)
			if err != nil {
				return dst, err
			}
			bodies[0] = body
			return uadp.AppendNetworkMessage(dst, &header, ids, bodies)
		},
		decode: func(frame []byte) (n int, err error) {
			if err := d.Decode(frame); err != nil {
				return 0, err
			}
			for d.Next() {
				d.SetLayout(layout)
				n += d.Fields(read)
			}
			return n, d.Err()
		},
	}
}

func jsonFrame(name string, values []model.DataValue, names []string) benchFrame {
	header := uajson.Header{Content: uajson.ContentNetworkMessageHeader | uajson.ContentDataSetMessageHeader | uajson.ContentPublisherID, MessageID: "1", PublisherID: "local"}
	dataSet := uajson.DataSetHeader{Content: uajson.DataSetWriterID | uajson.DataSetMessageType, Kind: uajson.KeyFrame, WriterID: 1}
	encoding := uajson.FieldEncoding{Form: dataSet.Content.Form(), Content: uajson.FieldSourceTimestamp}
	bodies := [][]byte{nil}
	var d uajson.Decoder
	var field uajson.Field
	return benchFrame{
		name: name,
		encode: func(dst []byte) ([]byte, error) {
			body := uajson.AppendDataSetHeader(bodies[0][:0], &header, &dataSet)
			for i := range values {
				body = uajson.AppendField(body, names[i], &values[i], &encoding, false)
			}
			bodies[0] = uajson.AppendDataSetEnd(body, &header, &dataSet)
			return uajson.AppendNetworkMessage(dst, &header, bodies)
		},
		decode: func(frame []byte) (n int, err error) {
			if err := d.Decode(frame); err != nil {
				return 0, err
			}
			for d.Next() {
				for d.Field(&field) {
					n++
				}
			}
			return n, d.Err()
		},
	}
}
