package opcua

import (
	"slices"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestParseRange(t *testing.T) {
	f := func(text string, want ...span) {
		t.Helper()
		if got, err := parseRange(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("parseRange(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	f("")
	f("3", span{3, 3})
	f("2:5", span{2, 5})
	f("0:1,3", span{0, 1}, span{3, 3})
	for _, bad := range []string{"x", "5:2", "2:2", "1,", "-1", "1:", "4294967296"} {
		if got, err := parseRange(bad); err == nil {
			t.Errorf("parseRange(%q) = %v, want an error", bad, got)
		}
	}
}

// A server that answers with the whole value gets the range cut out of it; what a server has cut stays as it is.
func TestCutRange(t *testing.T) {
	array, matrix := model.ArrayValue([]string{"a", "b", "c"}), model.ArrayValue([]int32{1, 2, 3, 4, 5, 6}, 2, 3)
	f := func(v model.Variant, text string, want model.Variant, status model.StatusCode) {
		t.Helper()
		asked, err := parseRange(text)
		if err != nil {
			t.Fatal(err)
		}
		got := model.DataValue{Value: v}
		if cutRange(&got, asked); !got.Value.Equal(want) || got.Status != status {
			t.Errorf("%s of %s is %s %s, want %s", text, v, got.Value, got.Status, want)
		}
	}
	f(array, "1", model.ArrayValue([]string{"b"}), 0)
	f(array, "1:7", model.ArrayValue([]string{"a", "b", "c"}), 0) // may be what a longer array has there
	f(array, "1:2", model.ArrayValue([]string{"b", "c"}), 0)
	f(array, "3", model.Variant{}, model.StatusBadIndexRangeNoData)
	f(array, "0,1", array, 0)
	f(matrix, "1,0:1", model.ArrayValue([]int32{4, 5}, 1, 2), 0)
	f(matrix, "0:1,2", model.ArrayValue([]int32{3, 6}, 2, 1), 0)
	f(matrix, "0:1,1:9", matrix, 0)
	f(matrix, "5,0", model.Variant{}, model.StatusBadIndexRangeNoData)
	f(model.StringValue("abc"), "1", model.StringValue("abc"), 0)
}
