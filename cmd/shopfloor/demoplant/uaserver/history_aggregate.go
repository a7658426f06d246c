package uaserver

import (
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
)

// aggregateFunctions compute a value of the numbers of an interval, of which there is one at least (Part 13, 5.4).
var aggregateFunctions = map[uint32]func(numbers []float64) float64{
	id.AggregateFunction_Average: average,
	id.AggregateFunction_Minimum: minimum,
	id.AggregateFunction_Maximum: maximum,
	id.AggregateFunction_Range:   func(n []float64) float64 { return maximum(n) - minimum(n) },
	id.AggregateFunction_Count:   func(n []float64) float64 { return float64(len(n)) },
	id.AggregateFunction_Start:   func(n []float64) float64 { return n[0] },
	id.AggregateFunction_End:     func(n []float64) float64 { return n[len(n)-1] },
	id.AggregateFunction_Delta:   func(n []float64) float64 { return n[len(n)-1] - n[0] },
}

func average(numbers []float64) float64 {
	sum := 0.0
	for _, n := range numbers {
		sum += n
	}
	return sum / float64(len(numbers))
}

func minimum(numbers []float64) float64 {
	least := numbers[0]
	for _, n := range numbers {
		least = min(least, n)
	}
	return least
}

func maximum(numbers []float64) float64 {
	most := numbers[0]
	for _, n := range numbers {
		most = max(most, n)
	}
	return most
}

// readProcessed computes an aggregate of each interval (Part 11, 6.5.4). In reverse an interval begins at its later end.
func readProcessed(h History, d *ua.ReadProcessedDetails, function *ua.NodeID, which ua.TimestampsToReturn, next time.Time) *ua.HistoryReadResult {
	start, end := knownTime(d.StartTime), knownTime(d.EndTime)
	if start.IsZero() || end.IsZero() || start.Equal(end) || !(d.ProcessingInterval >= 0) {
		return badHistory(ua.StatusBadInvalidArgument)
	}
	compute := aggregateFunctions[function.IntID()]
	if function.Namespace() != 0 || compute == nil && function.IntID() != id.AggregateFunction_Interpolative {
		return badHistory(ua.StatusBadAggregateNotSupported)
	}
	whole := end.Sub(start)
	step := time.Duration(min(d.ProcessingInterval, float64(whole.Abs())/float64(time.Millisecond)) * float64(time.Millisecond))
	if step == 0 {
		step = whole.Abs()
	}
	if whole < 0 {
		step = -step
	}
	at := start
	if !next.IsZero() {
		at = next
	}
	result := &ua.HistoryReadResult{}
	var values []*ua.DataValue
	for ; at.Before(end) == (whole > 0) && !at.Equal(end); at = at.Add(step) {
		if len(values) == maxHistoryValues {
			result.ContinuationPoint = pointAt(at)
			break
		}
		values = append(values, aggregated(h, interval{at, at.Add(step), end}, compute))
	}
	result.HistoryData = ua.NewExtensionObject(&ua.HistoryData{DataValues: stampedValues(values, which)})
	return result
}

// interval is from one time to another, in either direction, and not beyond the last.
type interval struct{ from, to, last time.Time }

// aggregated is the value of one interval; a nil function interpolates at its beginning.
func aggregated(h History, i interval, compute func([]float64) float64) *ua.DataValue {
	if compute == nil {
		return interpolated(h, i.from)
	}
	status := historianCalculated
	reverse := i.to.Before(i.from)
	if !i.to.Equal(i.last) && i.to.After(i.last) != reverse {
		i.to, status = i.last, status|historianPartial
	}
	start, end := i.from, i.to
	if reverse {
		start, end = end, start
	}
	var numbers []float64
	for _, v := range h.Raw(start, end, reverse, maxHistoryValues) {
		if n, ok := number(v); ok {
			numbers = append(numbers, n)
		}
	}
	if len(numbers) == 0 {
		return noData(i.from)
	}
	return computed(i.from, compute(numbers), status)
}

// listAggregates puts the functions that the server computes into the folders for them (Part 11, 5.4.2; Part 13, 4.2.1.3).
func (s *Server) listAggregates() {
	for _, folder := range []uint32{id.HistoryServerCapabilities_AggregateFunctions, id.Server_ServerCapabilities_AggregateFunctions} {
		f := s.space.Standard(folder)
		if f == nil {
			continue
		}
		for number := range aggregateFunctions {
			if n := s.space.Standard(number); n != nil {
				s.space.Link(f, id.Organizes, n)
			}
		}
		if n := s.space.Standard(id.AggregateFunction_Interpolative); n != nil {
			s.space.Link(f, id.Organizes, n)
		}
	}
}
