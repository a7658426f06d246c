package uadp

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func changesRequest(n int) *model.MonitorRequest {
	r := &model.MonitorRequest{}
	for i := range n {
		id := model.ExpandedNodeID{NodeID: model.StringID(0, fmt.Sprintf("Machine%d.Temperature", i)), NamespaceURI: "urn:plant"}
		if i%2 == 0 && len(r.Items) == 0 {
			r.NodeIDs = append(r.NodeIDs, id)
		} else {
			r.Items = append(r.Items, model.MonitoredItem{NodeID: id})
		}
	}
	return r
}

// changesOf has one value of each item.
func changesOf(r *model.MonitorRequest, value func(i int) model.DataValue) model.ValueChanges {
	c := model.ValueChanges{Sequence: 7, Changes: []model.ValueChange{}}
	for i := range r.Count() {
		c.Changes = append(c.Changes, model.ValueChange{Item: i, NodeID: r.Item(i).NodeID, Value: value(i)})
	}
	return c
}

// A delivery comes back as JSON brings it back, of every type that has this form.
func TestValueChangesRoundTrip(t *testing.T) {
	guid := model.GUID{1, 2, 3}
	values := []model.Variant{
		{},
		model.BooleanValue(true), model.SByteValue(-3), model.ByteValue(200), model.Int16Value(-300), model.UInt16Value(60000), model.Int32Value(-70000), model.UInt32Value(4e9),
		model.Int64Value(-1 << 60), model.UInt64Value(1 << 63), model.FloatValue(1.5), model.DoubleValue(-2.25e-300), model.StringValue("äöü\x00"), model.StringValue(""), model.NullStringValue(),
		model.DateTimeValue(132_000_000_000_000_000), model.GUIDValue(&guid), model.ByteStringValue([]byte{1, 2, 3}), model.XMLElementValue("<a/>"), model.StatusCodeValue(0x80010000),
		model.LocalizedTextValue(&model.LocalizedText{Locale: "de", Text: "Zustand"}), model.ArrayValue([]float64{1, 2, 3}), model.ArrayValue([]string{"a", ""}), model.ArrayValue([]model.LocalizedText{{Text: "x"}}),
	}
	r := changesRequest(len(values))
	c := changesOf(r, func(i int) model.DataValue {
		return model.DataValue{Value: values[i], Status: model.StatusCode(i) << 16, SourceTimestamp: model.DateTime(i) * 1e15, ServerTimestamp: model.DateTime(i%2) * 2e15, SourcePicoseconds: uint16(i % 3)}
	})
	c.Overflow = true
	c.Changes[2].Message, c.Changes[3].Message = "why", "w"
	c.States = []model.MonitoredItemState{{Item: 1, NodeID: r.Item(1).NodeID, Status: model.StatusBadNotReadable, Message: "no"}, {Item: len(values) - 1, NodeID: r.Item(len(values) - 1).NodeID}}
	c.Connection = &model.MonitorConnection{State: model.StateReconnecting, Message: "no answer"}
	b, ok := AppendValueChanges([]byte("x"), &c)
	if !ok || b[0] != 'x' {
		t.Fatal("not encoded")
	}
	b = b[1:]
	got, err := DecodeValueChanges(b, r)
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Changes {
		if a, w := got.Changes[i].Value, c.Changes[i].Value; !a.Value.Equal(w.Value) {
			t.Errorf("value %d: %v, want %v", i, a.Value, w.Value)
		}
	}
	text, err := json.Marshal(&got)
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(&c)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != string(want) {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	if empty, _ := AppendValueChanges(nil, &model.ValueChanges{Sequence: 1}); len(empty) > 5 {
		t.Errorf("% x", empty)
	}
	// A part is an error, and so is an item that nobody asked for, more than the end, and JSON.
	for i := range b {
		if _, err := DecodeValueChanges(b[:i:i], r); err == nil {
			t.Fatalf("the first %d bytes are decoded", i)
		}
	}
	for _, wrong := range []struct {
		b []byte
		r *model.MonitorRequest
	}{{b, changesRequest(len(values) - 1)}, {append(b[:len(b):len(b)], 0), r}, {want, r}} {
		if c, err := DecodeValueChanges(wrong.b, wrong.r); err == nil {
			t.Errorf("%.20q: %+v", wrong.b, c)
		}
	}
}

// What names things by the number of a namespace, and structures, are for JSON.
func TestValueChangesOfOtherTypes(t *testing.T) {
	id := model.NumericID(2, 7)
	for _, v := range []model.Variant{
		model.NodeIDValue(&id), model.QualifiedNameValue(&model.QualifiedName{Name: "x"}), model.ExtensionObjectValue(&model.ExtensionObject{}),
		model.ArrayValue([]model.Variant{model.DoubleValue(1)}), model.ArrayValue([]model.DataValue{{}}),
	} {
		c := model.ValueChanges{Changes: []model.ValueChange{{Value: model.DataValue{Value: v}}}}
		if _, ok := AppendValueChanges(nil, &c); ok {
			t.Errorf("%v is encoded", v)
		}
	}
}

func FuzzDecodeValueChanges(f *testing.F) {
	r := changesRequest(3)
	c := changesOf(r, func(i int) model.DataValue { return model.DataValue{Value: model.DoubleValue(float64(i))} })
	b, _ := AppendValueChanges(nil, &c)
	f.Add(b)
	f.Add([]byte{1, 3, 200, 1, 0, 0, 1, 65, 1, 66})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := DecodeValueChanges(b, r)
		if err != nil {
			return
		}
		again, ok := AppendValueChanges(nil, &c)
		if !ok {
			return
		}
		d, err := DecodeValueChanges(again, r)
		if err != nil || len(d.Changes) != len(c.Changes) || !reflect.DeepEqual(d.States, c.States) || !reflect.DeepEqual(d.Connection, c.Connection) {
			t.Errorf("%v: %+v\n%+v", err, d, c)
		}
	})
}

// Numbers are encoded without an allocation, and decoded with one for all of a delivery.
func TestValueChangesAllocate(t *testing.T) {
	r := changesRequest(100)
	c := changesOf(r, func(i int) model.DataValue {
		return model.DataValue{Value: model.DoubleValue(float64(i)), SourceTimestamp: 132_000_000_000_000_000 + model.DateTime(i)*100, ServerTimestamp: 132_000_000_000_000_000 + model.DateTime(i)*100}
	})
	var b []byte
	if n := testing.AllocsPerRun(100, func() { b, _ = AppendValueChanges(b[:0], &c) }); n != 0 {
		t.Errorf("encode: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { _, _ = DecodeValueChanges(b, r) }); n > 2 {
		t.Errorf("decode: %v allocations", n)
	}
	if len(b) > 15*100+20 {
		t.Errorf("%d bytes", len(b))
	}
}

func BenchmarkValueChanges(b *testing.B) {
	r := changesRequest(100)
	c := changesOf(r, func(i int) model.DataValue {
		return model.DataValue{Value: model.DoubleValue(float64(i) * 1.1), SourceTimestamp: 132_000_000_000_000_000}
	})
	binary, _ := AppendValueChanges(nil, &c)
	text, err := json.Marshal(&c)
	if err != nil {
		b.Fatal(err)
	}
	for name, run := range map[string]func(){
		"encode":         func() { binary, _ = AppendValueChanges(binary[:0], &c) },
		"decode":         func() { _, _ = DecodeValueChanges(binary, r) },
		"encode as JSON": func() { text, _ = json.Marshal(&c) },
		"decode as JSON": func() {
			var d model.ValueChanges
			_ = json.Unmarshal(text, &d)
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/value")
		})
	}
}
