package demoplant

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopcua/opcua"
	"github.com/gopcua/opcua/ua"
)

func TestHistoryRing(t *testing.T) {
	h := new(history)
	at := func(i int) time.Time { return epoch.Add(time.Duration(i) * time.Second) }
	for i := range historyDepth + 50 {
		h.add(&ua.DataValue{Value: ua.MustVariant(int32(i)), SourceTimestamp: at(i)})
	}
	h.add(&ua.DataValue{Value: ua.MustVariant(int32(-1)), SourceTimestamp: at(3)}) // older than the newest: not recorded
	newest := historyDepth + 49
	for _, tt := range []struct {
		name        string
		start, end  time.Time
		newestFirst bool
		limit       int
		want        []int32
	}{
		{"window without its end", at(100), at(103), false, 10, []int32{100, 101, 102}},
		{"limit", at(100), at(200), false, 2, []int32{100, 101}},
		{"between the values", at(100).Add(time.Millisecond), at(102).Add(time.Millisecond), false, 10, []int32{101, 102}},
		{"newest first without its start", at(100), at(103), true, 10, []int32{103, 102, 101}},
		{"newest first, limit", time.Time{}, at(103), true, 2, []int32{103, 102}},
		{"open end", at(newest - 1), time.Time{}, false, 10, []int32{int32(newest - 1), int32(newest)}},
		{"overwritten", at(0), at(50), false, 10, nil},
		{"future", at(5000), at(6000), false, 10, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []int32
			for _, dv := range h.Raw(tt.start, tt.end, tt.newestFirst, tt.limit) {
				got = append(got, dv.Value.Value().(int32))
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func historyRead(t *testing.T, c *opcua.Client, name string, cp []byte, d *ua.ReadRawModifiedDetails) (*ua.HistoryReadResult, []*ua.DataValue) {
	t.Helper()
	resp, err := c.HistoryReadRawModified(t.Context(), []*ua.HistoryReadValueID{{NodeID: node(name), DataEncoding: &ua.QualifiedName{}, ContinuationPoint: cp}}, d)
	if err != nil {
		t.Fatalf("history of %s: %v", name, err)
	}
	r := resp.Results[0]
	if data, ok := r.HistoryData.Value.(*ua.HistoryData); ok {
		return r, data.DataValues
	}
	return r, nil
}

func TestHistoryRead(t *testing.T) {
	p := startPlant(t, Config{})
	c := connect(t, p)
	for _, b := range p.bindings { // a past, so that the test need not wait for one
		if b.history != nil {
			for i := range 10 {
				b.history.add(&ua.DataValue{EncodingMask: ua.DataValueValue | ua.DataValueSourceTimestamp, Value: ua.MustVariant(float64(i)), SourceTimestamp: now().Add(time.Duration(i+1) * time.Hour)})
			}
		}
	}
	from := time.Now().Add(time.Minute)
	window := &ua.ReadRawModifiedDetails{StartTime: from, EndTime: from.Add(24 * time.Hour), NumValuesPerNode: 4}
	var got []float64
	var cp []byte
	pages := 0
	for {
		r, values := historyRead(t, c, "Boiler1.Temperature", cp, window)
		if r.StatusCode != ua.StatusOK {
			t.Fatal(r.StatusCode)
		}
		pages++
		for _, v := range values {
			got = append(got, v.Value.Float())
		}
		if cp = r.ContinuationPoint; len(cp) == 0 {
			break
		}
	}
	if diff := cmp.Diff([]float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, got); diff != "" || pages != 3 {
		t.Errorf("%d pages, want 3 (-want +got):\n%s", pages, diff)
	}
	_, newest := historyRead(t, c, "Boiler1.Temperature", nil, &ua.ReadRawModifiedDetails{EndTime: from.Add(24 * time.Hour), NumValuesPerNode: 2})
	if len(newest) != 2 || newest[0].Value.Float() != 9 || newest[1].Value.Float() != 8 {
		t.Errorf("newest two = %v", newest)
	}
	for name, want := range map[string]ua.StatusCode{
		"Boiler1.Burner": ua.StatusBadHistoryOperationUnsupported, "Boiler9.Temperature": ua.StatusBadNodeIDUnknown, "Boiler1": ua.StatusBadHistoryOperationUnsupported,
	} {
		if r, _ := historyRead(t, c, name, nil, window); r.StatusCode != want {
			t.Errorf("history of %s: %v, want %v", name, r.StatusCode, want)
		}
	}
	if r, _ := historyRead(t, c, "Boiler1.Temperature", []byte("x"), window); r.StatusCode != ua.StatusBadContinuationPointInvalid {
		t.Errorf("bad continuation point: %v", r.StatusCode)
	}
	if r, _ := historyRead(t, c, "Boiler1.Temperature", nil, &ua.ReadRawModifiedDetails{}); r.StatusCode != ua.StatusBadHistoryOperationInvalid {
		t.Errorf("neither time nor count: %v", r.StatusCode)
	}
}

func TestHistoryRecords(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	eventually(t, "two values are recorded", func() bool {
		_, values := historyRead(t, c, "Boiler1.Pressure", nil, &ua.ReadRawModifiedDetails{StartTime: time.Now().Add(-time.Minute), EndTime: time.Now().Add(time.Minute)})
		return len(values) >= 2 && values[1].SourceTimestamp.Sub(values[0].SourceTimestamp) >= historyInterval
	})
}
