package uajson

import (
	"strings"
	"testing"
)

// TestHostileFrames reads frames that cost the most for their length: deep and wide, small and many. Each must take a time that grows with
// its length only, which the time limit of the tests sees to, and no more memory than the Decoder promises.
func TestHostileFrames(t *testing.T) {
	rep := func(s string, n int) string { return strings.Repeat(s, n/len(s)) }
	const n = 1 << 19
	types := &Types{}
	types.Add("a", FieldType{6, -1})
	frames := map[string]string{
		"fields":   "{" + strings.TrimSuffix(rep(`"a":1,`, n), ",") + "}",
		"ints":     `{"a":[` + strings.TrimSuffix(rep(`1,`, n), ",") + `]}`,
		"nested":   `{"a":[` + strings.TrimSuffix(rep(strings.Repeat("[", 100)+strings.Repeat("]", 100)+",", n), ",") + `]}`,
		"nested2":  `{"a":[` + strings.TrimSuffix(rep(strings.Repeat("[", 100)+"1"+strings.Repeat("]", 100)+",", n), ",") + `]}`,
		"nested3":  strings.Repeat(`[`, 100) + strings.TrimSuffix(rep(`[],`, n), ",") + strings.Repeat(`]`, 100),
		"variants": `{"a":` + strings.Repeat(`{"UaType":24,"Value":[`, 50) + strings.TrimSuffix(rep(`{},`, n), ",") + strings.Repeat(`]}`, 50) + `}`,
		"objects":  `{"a":[` + strings.TrimSuffix(rep(`{},`, n), ",") + `]}`,
		"items":    `[` + strings.TrimSuffix(rep(`{},`, n), ",") + `]`,
		"spaces":   `{"a":` + strings.Repeat(`{"b": `, 90) + `[` + strings.TrimSuffix(rep(`1, `, n), ", ") + `]` + strings.Repeat(`}`, 90) + `}`,
		"names":    `[` + strings.TrimSuffix(rep(`{"MessageType":"ua-data","MessageId":"","Messages":[]},`, n), ",") + `]`,
		"symbols":  `{"a":{"UaType":19,"Value":[` + strings.TrimSuffix(rep(`"BadX",`, n), ",") + `]}}`,
		"good":     `{"a":{"UaType":19,"Value":[` + strings.TrimSuffix(rep(`"Good",`, n), ",") + `]}}`,
		"guids":    `{"a":{"UaType":17,"Value":[` + strings.TrimSuffix(rep(`"g=1","b=?",`, n), ",") + `]}}`,
		"uris":     `{"MessageType":"ua-metadata","MetaData":{"Fields":[` + strings.TrimSuffix(rep(`{"DataType":"nsu=a;i=5"},`, n), ",") + `]}}`,
		"mixed":    strings.Repeat(`[1,`, 100) + strings.TrimSuffix(rep(`[1],`, n), ",") + strings.Repeat(`]`, 100),
	}
	for name, frame := range frames {
		var d Decoder
		var f Field
		err := d.Decode([]byte(frame))
		for d.Next() {
			d.SetTypes(types)
			if d.DataSet().Kind == MetaDataOf {
				err = d.MetaData(&MetaData{})
			}
			for d.Field(&f) {
				continue
			}
		}
		if err == nil {
			err = d.Err()
		}
		if wrong := name == "symbols"; (err != nil) != wrong {
			t.Errorf("%s: %v", name, err)
		}
		if held := heldBytes(&d); held > 100*len(frame) {
			t.Errorf("%s: %d bytes held for a frame of %d", name, held, len(frame))
		}
	}
}
