package uajson

import (
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// benchFields is the number of fields in the frames that are measured.
const benchFields = 1000

const goldenTime = model.DateTime(132_920_961_209_313_098) // 2022-03-18T16:55:20.9313098Z

// benchValues are the hot values: numbers with a source timestamp.
func benchValues() map[string]model.DataValue {
	values := map[string]model.DataValue{
		"Double":       {Value: model.DoubleValue(21.5)},
		"DoublePi":     {Value: model.DoubleValue(3.141592653589793)},
		"Float":        {Value: model.FloatValue(21.5)},
		"Boolean":      {Value: model.BooleanValue(true)},
		"Int32":        {Value: model.Int32Value(-7)},
		"Int64":        {Value: model.Int64Value(1234567890123)},
		"String":       {Value: model.StringValue("pump-1")},
		"Double[16]":   {Value: model.ArrayValue(make([]float64, 16))},
		"Double/worst": {Value: model.DoubleValue(21.5), Status: 0x40000000, ServerTimestamp: goldenTime, SourcePicoseconds: 1, ServerPicoseconds: 1},
	}
	for name, v := range values {
		v.SourceTimestamp = goldenTime
		values[name] = v
	}
	return values
}

func benchNames() []string {
	names := make([]string, benchFields)
	for i := range names {
		names[i] = "Temperature" + string(rune('0'+i/100)) + string(rune('0'+i/10%10)) + string(rune('0'+i%10))
	}
	return names
}

func BenchmarkEncode(b *testing.B) {
	names := benchNames()
	for name, v := range benchValues() {
		for _, form := range []Form{NonReversible, Reversible, Verbose, Compact} {
			b.Run(name+"/"+form.String(), func(b *testing.B) {
				b.ReportAllocs()
				enc := FieldEncoding{Form: form, Content: fieldDataValue}
				var buf []byte
				for b.Loop() {
					buf = append(buf[:0], '{')
					for i := range names {
						buf = AppendField(buf, names[i], &v, &enc, false)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchFields, "ns/value")
			})
		}
	}
}
