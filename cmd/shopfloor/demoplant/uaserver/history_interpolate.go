package uaserver

import (
	"time"

	"github.com/gopcua/opcua/ua"
)

// The bits of a StatusCode that tell where a value of a history comes from (Part 4, 7.39.1).
const (
	historianCalculated   ua.StatusCode = 0x0401
	historianInterpolated ua.StatusCode = 0x0402
	historianPartial      ua.StatusCode = 0x0004
)

// tick is the resolution of an OPC UA DateTime.
const tick = 100 * time.Nanosecond

// rawWindow is a time with the direction in which it is read.
type rawWindow struct {
	start, end  time.Time
	newestFirst bool
}

// boundedPage reads raw values with those at the bounds of the time, or next to them outside (Part 11, 6.5.3.2). There is no second page: a time has at
// most as many values as fit into one.
func boundedPage(h History, w rawWindow, next time.Time, limit int, which ua.TimestampsToReturn) *ua.HistoryReadResult {
	if !next.IsZero() {
		return badHistory(ua.StatusBadContinuationPointInvalid)
	}
	var values []*ua.DataValue
	if !w.start.IsZero() {
		values = append(values, boundAt(w.start, h.Raw(time.Time{}, w.start, true, 1)))
	}
	inner := w.start
	if !inner.IsZero() {
		inner = inner.Add(tick)
	}
	values = append(values, h.Raw(inner, w.end, false, maxHistoryValues)...)
	if !w.end.IsZero() {
		values = append(values, boundAt(w.end, h.Raw(w.end, time.Time{}, false, 1)))
	}
	if w.newestFirst {
		for i, j := 0, len(values)-1; i < j; i, j = i+1, j-1 {
			values[i], values[j] = values[j], values[i]
		}
	}
	return historyPage(values[:min(limit, len(values))], limit, which)
}

// boundAt is the value of a bound, or a null one that says that there is none.
func boundAt(t time.Time, found []*ua.DataValue) *ua.DataValue {
	if len(found) > 0 {
		return found[0]
	}
	return &ua.DataValue{EncodingMask: ua.DataValueStatusCode | ua.DataValueSourceTimestamp, Status: ua.StatusBadBoundNotFound, SourceTimestamp: t}
}

// readAtTimes reads the values at times, interpolated where there is none (Part 11, 6.5.5).
func readAtTimes(h History, d *ua.ReadAtTimeDetails, which ua.TimestampsToReturn) *ua.HistoryReadResult {
	if len(d.ReqTimes) == 0 || len(d.ReqTimes) > maxHistoryValues {
		return badHistory(ua.StatusBadInvalidArgument)
	}
	values := make([]*ua.DataValue, len(d.ReqTimes))
	for i, t := range d.ReqTimes {
		values[i] = interpolated(h, t)
	}
	return &ua.HistoryReadResult{HistoryData: ua.NewExtensionObject(&ua.HistoryData{DataValues: stampedValues(values, which)})}
}

// interpolated is the value at a time: the one that is there, or one on the line between its neighbours. Before the first and after the last there is none.
func interpolated(h History, t time.Time) *ua.DataValue {
	before, after := h.Raw(time.Time{}, t, true, 1), h.Raw(t, time.Time{}, false, 1)
	if len(before) > 0 && before[0].SourceTimestamp.Equal(t) {
		return before[0]
	}
	if len(before) > 0 && len(after) > 0 {
		low, okLow := number(before[0])
		high, okHigh := number(after[0])
		if okLow && okHigh {
			whole := after[0].SourceTimestamp.Sub(before[0].SourceTimestamp)
			part := t.Sub(before[0].SourceTimestamp)
			return computed(t, low+(high-low)*float64(part)/float64(whole), historianInterpolated)
		}
	}
	return noData(t)
}

// computed is a value that the server made.
func computed(t time.Time, v float64, status ua.StatusCode) *ua.DataValue {
	return &ua.DataValue{
		EncodingMask: ua.DataValueValue | ua.DataValueStatusCode | ua.DataValueSourceTimestamp, Value: ua.MustVariant(v), Status: status, SourceTimestamp: t,
	}
}

// noData says that there is no value at, or from, a time.
func noData(t time.Time) *ua.DataValue {
	return &ua.DataValue{EncodingMask: ua.DataValueStatusCode | ua.DataValueSourceTimestamp, Status: ua.StatusBadNoData, SourceTimestamp: t}
}

// number is a Good value as a number; ok is false for others.
func number(v *ua.DataValue) (n float64, ok bool) {
	if v.Status != ua.StatusOK || v.Value == nil {
		return 0, false
	}
	switch x := v.Value.Value().(type) {
	case float64:
		return x, true
	case float32:
		return float64(x), true
	case int32:
		return float64(x), true
	case uint32:
		return float64(x), true
	case int16:
		return float64(x), true
	case uint16:
		return float64(x), true
	case byte:
		return float64(x), true
	}
	return 0, false
}
