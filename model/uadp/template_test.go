package uadp

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// periodicFixed is a message in the layout UADP-Periodic-Fixed (Part 14, A.2.1.4 and A.2.1.7) with fields of all kinds of fixed size.
func periodicFixed() Message {
	layout := append(goldenLayout(0)[:3:3],
		RawField{Type: model.TypeString, ValueRank: model.ValueRankScalar, MaxStringLength: 4},
		RawField{Type: model.TypeByte, ValueRank: model.ValueRankScalar},
		RawField{Type: model.TypeInt16, ValueRank: 1, ArrayDimensions: []uint32{3}},
		RawField{Type: model.TypeFloat, ValueRank: 2, ArrayDimensions: []uint32{2, 2}},
		RawField{Type: model.TypeGUID, ValueRank: model.ValueRankScalar},
		RawField{Type: model.TypeUInt16, ValueRank: model.ValueRankScalar},
	)
	head := DataSetHeader{WriterID: 1, Encoding: EncodingRawData, Content: DataSetSequenceNumber | DataSetStatus}
	second := head
	second.WriterID, second.Content = 2, DataSetTimestamp|DataSetPicoSeconds|DataSetSequenceNumber|DataSetStatus|DataSetMajorVersion
	return Message{
		Header{
			Content: ContentPublisherID | ContentGroupHeader | ContentWriterGroupID | ContentGroupVersion | ContentNetworkMessageNumber |
				ContentSequenceNumber | ContentPayloadHeader | ContentTimestamp,
			PublisherID: UInt16PublisherID(2234), WriterGroupID: 100, GroupVersion: 5, NetworkMessageNumber: 1,
		},
		[]DataSet{
			{Header: head, Layout: layout, Fields: templateFields(0)},
			{Header: second, Layout: layout[:2], Fields: templateFields(0)[:2], ConfiguredSize: 40},
		},
	}
}

// templateFields are values for periodicFixed that change with n.
func templateFields(n int) []Field {
	values := []model.Variant{
		model.DoubleValue(float64(n) + 0.5), model.Int32Value(int32(-n)), model.BooleanValue(n%2 == 0), model.StringValue("abcd"[:n%5]),
		model.ByteValue(uint8(n)), model.ArrayValue([]int16{1, int16(n), 3}[:n%4]), model.ArrayValue([]float32{1, 2, 3, float32(n)}, 2, 2),
		model.GUIDValue(&model.GUID{byte(n)}), model.UInt16Value(uint16(n)),
	}
	fields := make([]Field, len(values))
	for i, v := range values {
		fields[i] = Field{uint16(i), model.DataValue{Value: v}}
	}
	return fields
}

func dataValues(fields []Field) []model.DataValue {
	values := make([]model.DataValue, len(fields))
	for i := range fields {
		values[i] = fields[i].Value
	}
	return values
}

// TestTemplateIsTheMessage: after any setting the frame is what Message.Append encodes.
func TestTemplateIsTheMessage(t *testing.T) {
	m := periodicFixed()
	tpl, err := NewTemplate(&m)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 20 {
		fields := templateFields(n)
		m.Header.SequenceNumber, m.Header.Timestamp = uint16(n)<<8, goldenTime+model.DateTime(n)
		tpl.SetSequenceNumber(m.Header.SequenceNumber)
		tpl.SetTimestamp(m.Header.Timestamp)
		for i := range m.DataSets {
			s := &m.DataSets[i]
			s.Fields = fields[:len(s.Layout)]
			s.Header.SequenceNumber, s.Header.Timestamp, s.Header.Status = uint16(n)*257, goldenTime-model.DateTime(n), model.StatusCode(n)<<16
			p := tpl.DataSet(i)
			p.SetSequenceNumber(s.Header.SequenceNumber)
			p.SetTimestamp(s.Header.Timestamp)
			p.SetStatus(s.Header.Status)
			setFields(t, p, dataValues(s.Fields), n)
		}
		want, err := m.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(tpl.Frame(), want) {
			t.Fatalf("round %d: the template is\n%x, want\n%x", n, tpl.Frame(), want)
		}
	}
	got, err := ParseMessage(tpl.Frame(), func(id uint16) []RawField { return m.DataSets[id-1].Layout })
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.DataSets {
		m.DataSets[i].ConfiguredSize = 0 // is not on the wire
		if m.DataSets[i].Header.Content&DataSetTimestamp == 0 {
			m.DataSets[i].Header.Timestamp = 0
		}
	}
	if diff := cmp.Diff(&m, got, equalMessages); diff != "" {
		t.Errorf("decoded otherwise (-want +got):\n%s", diff)
	}
}

// setFields sets them all in one of the ways there are.
func setFields(t *testing.T, p *TemplateDataSet, values []model.DataValue, way int) {
	t.Helper()
	var err error
	switch way % 3 {
	case 0:
		err = p.SetFields(0, values)
	case 1:
		err = p.Encode(values)
	default:
		for i := range values {
			if err = p.Set(i, values[i].Value); err != nil {
				break
			}
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestTemplateWithoutAPayloadHeader: several data sets, told apart by what the reader is configured to expect.
func TestTemplateWithoutAPayloadHeader(t *testing.T) {
	m := periodicFixed()
	m.Header.Content &^= ContentPayloadHeader | ContentTimestamp
	tpl, err := NewTemplate(&m)
	if err != nil {
		t.Fatal(err)
	}
	var d Decoder
	if err := d.Decode(tpl.Frame()); err != nil {
		t.Fatal(err)
	}
	first := len(d.Rest()) - 40
	if err := d.SetFixed([]FixedDataSet{{7, first}, {8, 40}}); err != nil {
		t.Fatal(err)
	}
	dst := make([]Field, 20)
	for i, id := range []uint16{7, 8} {
		if !d.Next() || d.DataSet().WriterID != id {
			t.Fatalf("data set %d: writer %d, error %v; want %d", i, d.DataSet().WriterID, d.Err(), id)
		}
		d.SetLayout(m.DataSets[i].Layout)
		if n := d.Fields(dst); n != len(m.DataSets[i].Layout) || !dst[1].Value.Value.Equal(m.DataSets[i].Fields[1].Value.Value) {
			t.Errorf("data set %d: %d fields, error %v", i, n, d.Err())
		}
	}
	for _, c := range []struct {
		sets []FixedDataSet
		want error
	}{
		{[]FixedDataSet{{7, first}, {8, 41}}, ErrTruncated},
		{[]FixedDataSet{{7, first}, {8, 39}}, ErrMalformed},
		{[]FixedDataSet{{7, -1}}, ErrTruncated},
	} {
		if err := d.Decode(tpl.Frame()); err != nil {
			t.Fatal(err)
		}
		if err := d.SetFixed(c.sets); !errors.Is(err, c.want) || d.Next() {
			t.Errorf("%v: error %v; want %v", c.sets, err, c.want)
		}
	}
}

// TestTooLargeDataSetIsInvalid: Part 14, 6.3.1.3.3.
func TestTooLargeDataSetIsInvalid(t *testing.T) {
	layout := []RawField{{Type: model.TypeString, ValueRank: model.ValueRankScalar}, {Type: model.TypeDouble, ValueRank: model.ValueRankScalar}}
	fields := func(text string) []Field {
		return []Field{{0, model.DataValue{Value: model.StringValue(text)}}, {1, model.DataValue{Value: model.DoubleValue(1)}}}
	}
	m := Message{Header{}, []DataSet{{
		Header: DataSetHeader{Encoding: EncodingRawData, Content: DataSetSequenceNumber, SequenceNumber: 3}, Layout: layout, Fields: fields("abc"), ConfiguredSize: 20,
	}}}
	tpl, err := NewTemplate(&m)
	if err != nil {
		t.Fatal(err)
	}
	f := func(text string, valid bool) {
		t.Helper()
		m.DataSets[0].Fields = fields(text)
		if err := tpl.DataSet(0).Encode(dataValues(m.DataSets[0].Fields)); err != nil {
			t.Fatal(err)
		}
		want, err := m.Append(nil)
		if err != nil || !bytes.Equal(tpl.Frame(), want) || len(want) != 21 {
			t.Fatalf("%q: the template is\n%x, want\n%x, error %v", text, tpl.Frame(), want, err)
		}
		got, err := ParseMessage(want, func(uint16) []RawField { return layout })
		if err != nil {
			t.Fatal(err)
		}
		if s := got.DataSets[0]; s.Header.Invalid == valid || tpl.DataSet(0).Valid() != valid || valid && !s.Fields[0].Value.Value.Equal(model.StringValue(text)) {
			t.Errorf("%q: got %+v; want valid %v", text, s, valid)
		}
	}
	f("abcde", true)
	f("abcdef", false)
	f("", true)
	if err := tpl.DataSet(0).Set(0, model.StringValue("a")); !errors.Is(err, ErrType) {
		t.Errorf("set a field without a fixed size: error %v; want %v", err, ErrType)
	}
}

// TestConfiguredSizeOfAMessage: Message.Append pads invalid and short data sets too, and refuses a size without room for the header.
func TestConfiguredSizeOfAMessage(t *testing.T) {
	m := Message{Header{}, []DataSet{{Header: DataSetHeader{Invalid: true, Content: DataSetTimestamp}, ConfiguredSize: 20}}}
	frame, err := m.Append(nil)
	if err != nil || len(frame) != 1+20 {
		t.Errorf("%d bytes, error %v; want 21", len(frame), err)
	}
	m.DataSets[0].ConfiguredSize = 9
	if _, err := m.Append(nil); !errors.Is(err, ErrLimit) {
		t.Errorf("error %v; want %v", err, ErrLimit)
	}
	m = periodicFixed()
	tpl, err := NewTemplate(&m)
	if err != nil || tpl.Len() != 2 || tpl.DataSet(1).Len() != 2 {
		t.Fatal(err)
	}
}

func TestTemplateRefuses(t *testing.T) {
	f := func(want error, change func(m *Message)) {
		t.Helper()
		m := periodicFixed()
		change(&m)
		if _, err := NewTemplate(&m); !errors.Is(err, want) {
			t.Errorf("error %v; want %v", err, want)
		}
	}
	f(ErrType, func(m *Message) { m.DataSets[0].Header.Kind = DeltaFrame })
	f(ErrType, func(m *Message) { m.DataSets[0].Header.Encoding = EncodingVariant })
	f(ErrType, func(m *Message) { m.DataSets[0].Header.Invalid = true })
	f(ErrType, func(m *Message) { m.DataSets[0].Layout = nil })
	f(ErrType, func(m *Message) { m.DataSets[0].Layout[3].MaxStringLength = 0 })
	f(ErrType, func(m *Message) { m.DataSets[0].Layout[5].ArrayDimensions = nil })
	f(ErrType, func(m *Message) { m.DataSets[1].Fields = templateFields(0) })
	f(ErrType, func(m *Message) { m.DataSets[0].Fields[0].Value.Value = model.StringValue("") })
	f(ErrLimit, func(m *Message) { m.DataSets[1].ConfiguredSize = 20 })
	f(ErrLimit, func(m *Message) { m.DataSets = make([]DataSet, 256); *m = repeated(periodicFixed(), 256) })
	m := periodicFixed()
	tpl, err := NewTemplate(&m)
	if err != nil {
		t.Fatal(err)
	}
	before := bytes.Clone(tpl.Frame())
	p := tpl.DataSet(0)
	for _, err := range []error{
		p.Set(0, model.Int32Value(1)), p.Set(9, model.Int32Value(1)), p.Set(-1, model.Int32Value(1)), p.SetFields(9, make([]model.DataValue, 1)),
		p.SetFields(-1, nil), p.SetFields(0, []model.DataValue{{Value: model.ArrayValue([]float64{1})}}), p.Encode(nil),
	} {
		if !errors.Is(err, ErrType) {
			t.Errorf("error %v; want %v", err, ErrType)
		}
	}
	if err := p.Set(3, model.StringValue("abcde")); !errors.Is(err, ErrLimit) {
		t.Errorf("error %v; want %v", err, ErrLimit)
	}
	if !bytes.Equal(before, tpl.Frame()) {
		t.Error("a refused value changed the frame")
	}
}

func repeated(m Message, n int) Message {
	sets := make([]DataSet, n)
	for i := range sets {
		sets[i] = m.DataSets[0]
	}
	m.DataSets = sets
	return m
}

// benchTemplate is a template of benchFields Doubles, and values for it.
func benchTemplate(tb testing.TB) (*Template, []model.DataValue) {
	tb.Helper()
	values := make([]model.DataValue, benchFields)
	for i := range values {
		values[i] = model.DataValue{Value: model.DoubleValue(float64(i)), SourceTimestamp: goldenTime}
	}
	m := periodicFixed()
	m.DataSets = []DataSet{{Header: m.DataSets[0].Header, Layout: benchLayout(values[0].Value)}}
	tpl, err := NewTemplate(&m)
	if err != nil {
		tb.Fatal(err)
	}
	return tpl, values
}

func TestTemplateDoesNotAllocate(t *testing.T) {
	m := periodicFixed()
	tpl, err := NewTemplate(&m)
	if err != nil {
		t.Fatal(err)
	}
	values := dataValues(templateFields(3))
	n := testing.AllocsPerRun(10, func() {
		tpl.SetSequenceNumber(1)
		tpl.SetTimestamp(goldenTime)
		p := tpl.DataSet(0)
		p.SetSequenceNumber(2)
		for i := range values {
			if err := p.Set(i, values[i].Value); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.SetFields(0, values); err != nil {
			t.Fatal(err)
		}
		if err := p.Encode(values); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkTemplate(b *testing.B) {
	tpl, values := benchTemplate(b)
	p := tpl.DataSet(0)
	run := func(name string, set func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				tpl.SetSequenceNumber(7)
				if err := set(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchFields, "ns/value")
		})
	}
	run("SetFields", func() error { return p.SetFields(0, values) })
	run("Set", func() error {
		for i := range values {
			if err := p.Set(i, values[i].Value); err != nil {
				return err
			}
		}
		return nil
	})
}
