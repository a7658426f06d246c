package uaserver

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopcua/opcua/ua"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// item monitors a variable whose value the returned function sets.
func item(m monitoredItem) (*monitoredItem, func(v any, status ua.StatusCode, at time.Time)) {
	var dv *ua.DataValue
	m.node = &Node{Class: ua.NodeClassVariable, Variable: &Variable{Read: func() *ua.DataValue { return dv }}}
	m.attribute, m.sampling = ua.AttributeIDValue, 100*time.Millisecond
	return &m, func(v any, status ua.StatusCode, at time.Time) {
		dv = &ua.DataValue{EncodingMask: ua.DataValueValue | ua.DataValueStatusCode | ua.DataValueSourceTimestamp, Value: ua.MustVariant(v), Status: status, SourceTimestamp: at}
	}
}

func TestQueueOverflow(t *testing.T) {
	for _, tt := range []struct {
		name          string
		size          int
		discardOldest bool
		want          []float64
		overflowAt    int // -1: none
	}{
		{"one value, newest wins without a mark", 1, true, []float64{4}, -1},
		{"discard oldest marks the first", 3, true, []float64{2, 3, 4}, 0},
		{"discard newest marks the last", 3, false, []float64{0, 1, 4}, 2},
		{"room for all", 9, true, []float64{0, 1, 2, 3, 4}, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, set := item(monitoredItem{queueSize: tt.size, discardOldest: tt.discardOldest, mode: ua.MonitoringModeReporting, trigger: ua.DataChangeTriggerStatusValue})
			for i := range 5 {
				set(float64(i), ua.StatusOK, epoch)
				m.sample(epoch.Add(time.Duration(i) * time.Second))
			}
			var got []float64
			for i, dv := range m.queue {
				got = append(got, dv.Value.Float())
				if marked := dv.Status&overflow == overflow; marked != (i == tt.overflowAt) {
					t.Errorf("value %d is marked as overflow: %t", i, marked)
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("queue (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDataChangeFilter(t *testing.T) {
	later := epoch.Add(time.Second)
	for _, tt := range []struct {
		name     string
		trigger  ua.DataChangeTrigger
		deadband float64
		v        any
		status   ua.StatusCode
		at       time.Time
		want     bool
	}{
		{"same value", ua.DataChangeTriggerStatusValue, 0, []float64{1, 2}, ua.StatusOK, later, false},
		{"same value, new time", ua.DataChangeTriggerStatusValueTimestamp, 0, []float64{1, 2}, ua.StatusOK, later, true},
		{"new value", ua.DataChangeTriggerStatusValue, 0, []float64{1, 2.5}, ua.StatusOK, epoch, true},
		{"new value, status only", ua.DataChangeTriggerStatus, 0, []float64{9, 9}, ua.StatusOK, later, false},
		{"new status, status only", ua.DataChangeTriggerStatus, 0, []float64{1, 2}, ua.StatusUncertain, epoch, true},
		{"inside the deadband", ua.DataChangeTriggerStatusValue, 1, []float64{1.9, 1.1}, ua.StatusOK, epoch, false},
		{"one element outside", ua.DataChangeTriggerStatusValue, 1, []float64{1.9, 3.1}, ua.StatusOK, epoch, true},
		{"other length", ua.DataChangeTriggerStatusValue, 1, []float64{1}, ua.StatusOK, epoch, true},
		{"not a number", ua.DataChangeTriggerStatusValue, 1, "x", ua.StatusOK, epoch, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, set := item(monitoredItem{queueSize: 9, mode: ua.MonitoringModeReporting, trigger: tt.trigger, deadband: tt.deadband})
			set([]float64{1, 2}, ua.StatusOK, epoch)
			m.sample(epoch)
			set(tt.v, tt.status, tt.at)
			m.sample(later)
			if got := len(m.queue) == 2; got != tt.want {
				t.Errorf("passed the filter: %t, want %t", got, tt.want)
			}
		})
	}
}

func TestSamplingModes(t *testing.T) {
	m, set := item(monitoredItem{queueSize: 9, mode: ua.MonitoringModeDisabled})
	set(1.0, ua.StatusOK, epoch)
	if m.sample(epoch); len(m.queue) != 0 {
		t.Error("a disabled item sampled")
	}
	m.mode = ua.MonitoringModeSampling
	if m.sample(epoch); len(m.queue) != 1 {
		t.Error("a sampling item queued nothing")
	}
	sub := &subscription{enabled: true, items: []*monitoredItem{m}}
	if sub.pending() {
		t.Error("a sampling item asks to be reported")
	}
	m.mode = ua.MonitoringModeReporting
	if !sub.pending() {
		t.Error("a reporting item with a value does not ask to be reported")
	}
}

func TestParseIndexRange(t *testing.T) {
	for text, want := range map[string]ua.StatusCode{
		"": ua.StatusOK, "0": ua.StatusOK, "1:4": ua.StatusOK,
		"4:1": ua.StatusBadIndexRangeInvalid, "1:1": ua.StatusBadIndexRangeInvalid, ":": ua.StatusBadIndexRangeInvalid, "-1": ua.StatusBadIndexRangeInvalid,
		"1,2": ua.StatusBadIndexRangeInvalid, "99999999999": ua.StatusBadIndexRangeInvalid,
	} {
		if _, got := parseIndexRange(text); got != want {
			t.Errorf("parseIndexRange(%q) = %v, want %v", text, got, want)
		}
	}
}
