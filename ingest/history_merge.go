package ingest

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

const (
	// maxShared bounds the steps that several label sets share, each of which is computed from its raw samples.
	maxShared = 100
	// maxRaw bounds the raw samples of one such step.
	maxRaw = 1_000_000
)

// mergeRaw joins the samples of several label sets in order of time. Where two have the same time a value is preferred to a stale
// marker, and then the larger one, as the store does within a series.
func mergeRaw(parts [][]Sample) []Sample {
	samples := slices.Concat(parts...)
	slices.SortStableFunc(samples, func(a, b Sample) int {
		// cmp.Compare has NaN below all values.
		return cmp.Or(cmp.Compare(a.Time, b.Time), -cmp.Compare(a.Value, b.Value))
	})
	return slices.CompactFunc(samples, func(a, b Sample) bool { return a.Time == b.Time })
}

// mergeSteps joins aggregates. A step in which several label sets have samples is computed from these, because aggregates
// cannot be joined.
func (h *History) mergeSteps(ctx context.Context, sets [][]Matcher, parts [][]Sample, r Range) ([]Sample, error) {
	all := slices.Concat(parts...)
	slices.SortStableFunc(all, func(a, b Sample) int { return cmp.Compare(a.Time, b.Time) })
	samples := all[:0:0]
	shared := 0
	for i := 0; i < len(all) && len(samples) < r.Limit; {
		end := i + 1
		for end < len(all) && all[end].Time == all[i].Time {
			end++
		}
		s := all[i]
		if end > i+1 {
			if shared++; shared > maxShared {
				return nil, fmt.Errorf("%w: more than %d steps in which the series had several sets of labels: ask for a shorter time", ErrInvalid, maxShared)
			}
			v, err := h.aggregate(ctx, sets, s.Time, r)
			if err != nil {
				return nil, err
			}
			s.Value = v
		}
		samples = append(samples, s)
		i = end
	}
	return samples, nil
}

// aggregate computes one step, which begins at ms, from the raw samples of all label sets.
func (h *History) aggregate(ctx context.Context, sets [][]Matcher, ms int64, r Range) (float64, error) {
	from := time.UnixMilli(ms)
	to := from.Add(r.Step)
	if to.After(r.To) {
		to = r.To
	}
	parts := make([][]Sample, len(sets))
	for i, match := range sets {
		var err error
		if parts[i], err = h.Reader.Samples(ctx, metricValue, match, Range{From: from, To: to, Limit: maxRaw + 1}); err != nil {
			return 0, err
		}
		if len(parts[i]) > maxRaw {
			return 0, fmt.Errorf("%w: step %s holds more than %d samples and a change of the series' labels: choose a shorter one", ErrInvalid, r.Step, maxRaw)
		}
	}
	values := []float64{}
	for _, s := range mergeRaw(parts) {
		if s.Value == s.Value {
			values = append(values, s.Value)
		}
	}
	if len(values) == 0 {
		return math.NaN(), nil
	}
	return aggregateOf(r.Aggregate)(values), nil
}

// aggregateOf returns what computes an aggregate from one value or more, nil for a name that is unknown.
func aggregateOf(name string) func([]float64) float64 {
	switch name {
	case "avg":
		return mean
	case "min":
		return slices.Min[[]float64]
	case "max":
		return slices.Max[[]float64]
	case "sum":
		return sum
	case "count":
		return func(v []float64) float64 { return float64(len(v)) }
	case "first":
		return func(v []float64) float64 { return v[0] }
	case "last":
		return func(v []float64) float64 { return v[len(v)-1] }
	case "delta":
		return func(v []float64) float64 { return v[len(v)-1] - v[0] }
	case "stddev":
		return stddev
	}
	return nil
}

func sum(values []float64) float64 {
	s := 0.0
	for _, v := range values {
		s += v
	}
	return s
}

func mean(values []float64) float64 { return sum(values) / float64(len(values)) }

// stddev is the standard deviation of the whole population, as VictoriaMetrics' stddev_over_time.
func stddev(values []float64) float64 {
	m, s := mean(values), 0.0
	for _, v := range values {
		s += (v - m) * (v - m)
	}
	return math.Sqrt(s / float64(len(values)))
}
