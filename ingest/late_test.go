package ingest

import (
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// TestLateFrames: after an outage the newest frames of a gateway go before its backlog. All is stored, each change of status too, and live values
// do not go back in time.
func TestLateFrames(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble, model.TypeString))
	core := r.make(t)
	const good, bad = model.StatusCode(0), model.StatusBadCommunicationError
	sequence := uint64(0)
	frame := func(number, late uint64, status model.StatusCode) Frame {
		sequence++
		after := time.Duration(number) * time.Second
		v := at(0, model.DoubleValue(float64(number)), after)
		v.value.Status = status
		f := frameOf(sequence, deltaFrame(t, v, at(1, model.StringValue(string(rune('a'+number))), after)))
		f.Number, f.Late = number, late
		return f
	}
	process(
		t, core,
		frame(1, 0, good),                                                                                               // before the outage
		frame(6, 0, good), frame(2, 5, bad), frame(7, 0, good), frame(3, 5, good), frame(4, 5, good), frame(8, 0, good), // two lanes
	)
	a, _ := core.Live().Latest(seriesID("a"))
	b, _ := core.Live().Latest(seriesID("b"))
	if a.Value.Float() != 8 || b.Value.Text() != "i" {
		t.Errorf("live values %v and %q, want 8 and i", a.Value.Float(), b.Value.Text())
	}
	process(t, core, frame(9, 0, good), frame(15, 0, good), frame(10, 14, bad), frame(11, 14, good)) // a second outage
	var batch batch
	core.intake.maker.emit(&batch)
	var statuses [][2]int64
	values := 0
	for _, row := range batch.rows {
		switch name := string(row.Name); {
		case strings.HasPrefix(name, metricStatus) && strings.Contains(name, `field="a"`):
			statuses = append(statuses, [2]int64{row.Time - start.UnixMilli(), int64(row.Value)})
		case strings.Contains(name, `field="a"`):
			values++
		}
	}
	// Late frames write the status they begin with.
	want := [][2]int64{{1000, 0}, {2000, int64(bad)}, {3000, 0}, {10000, int64(bad)}, {11000, 0}}
	if len(statuses) != len(want) || values != 11 {
		t.Fatalf("statuses %v, want %v; %d values, want 11", statuses, want, values)
	}
	for i := range want {
		if statuses[i] != want[i] {
			t.Errorf("statuses %v, want %v", statuses, want)
		}
	}
	if late, repeated := core.live.counters.late.Get(), core.live.counters.repeated.Get(); late != 5 || repeated != 0 {
		t.Errorf("%d late frames and %d repeats, want 5 and 0", late, repeated)
	}
}
