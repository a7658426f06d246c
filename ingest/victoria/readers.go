package victoria

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/segmentio/encoding/json"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

const (
	// maxSamplesOf is how many raw samples of several series are read into one answer.
	maxSamplesOf = 1_000_000
	// serverMaxQuery is the longest query that VictoriaMetrics takes by default, ownMaxQuery what it is told to take in this process.
	serverMaxQuery, ownMaxQuery = 16 << 10, 4 << 20
	// queryOverhead is what a query has around its selectors, one for delta twice; see rollup.
	queryOverhead = 256
)

// SamplesOf implements ingest.Reader, over the same ranges and steps as Samples: one request for aggregates, and another one when the last step
// is cut short; raw samples come in a few stretches of time. Selectors that are too long for one request go in several.
func (a api) SamplesOf(ctx context.Context, metric string, lists [][]ingest.Matcher, r ingest.Range) ([]ingest.SeriesSamples, time.Time, error) {
	sels, err := selectors(metric, lists, a.maxSelector)
	if err != nil {
		return nil, r.To, fmt.Errorf("read samples: %w", err)
	}
	from, to, err := bounds(r)
	if err != nil {
		return nil, r.To, fmt.Errorf("read samples of %s: %w", metric, err)
	}
	s := seriesSet{index: map[string]int{}, limit: r.Limit}
	if s.limit <= 0 {
		s.limit = defaultSamples
	}
	until := to
	for _, sel := range sels {
		if r.Step == 0 {
			var end int64
			end, err = a.rawOf(ctx, sel, from, to, maxSamplesOf/len(sels), &s)
			until = min(until, end)
		} else {
			err = a.stepsOf(ctx, sel, from, to, r, &s)
		}
		if err != nil {
			return nil, r.To, fmt.Errorf("read samples of %s: %w", metric, err)
		}
	}
	if until == to {
		return s.series, r.To, nil
	}
	for i := range s.series { // selectors that got further
		samples := s.series[i].Samples
		for len(samples) > 0 && samples[len(samples)-1].Time >= until {
			samples = samples[:len(samples)-1]
		}
		s.series[i].Samples = samples
	}
	return s.series, time.UnixMilli(until), nil
}

// rawOf reads stored samples in [from, to) of all series that sel selects, and returns up to where it came.
func (a api) rawOf(ctx context.Context, sel string, from, to int64, limit int, s *seriesSet) (int64, error) {
	window := firstWindow.Milliseconds()
	read := 0
	for start := from; start < to; {
		if read >= limit {
			return start, nil
		}
		end := min(to, start+window)
		form := url.Values{
			"match[]": {sel}, "start": {seconds(start)}, "end": {seconds(end - 1)}, // both ends are inclusive there
			"max_rows_per_line": {"10000"},
		}
		before := s.read
		if err := a.post(ctx, "/api/v1/export", form, s.lines); err != nil {
			return start, err
		}
		got := s.read - before
		if read += got; windowGrowth*got <= limit-read {
			window *= windowGrowth
		}
		start = end
	}
	return to, nil
}

// stepsOf reads one aggregate per step in [from, to) of all series that sel selects.
func (a api) stepsOf(ctx context.Context, sel string, from, to int64, r ingest.Range, s *seriesSet) error {
	step, err := stepOf(r, from, to)
	if err != nil {
		return err
	}
	full := (to - from) / step
	if full > 0 {
		read, err := a.queryRanges(ctx, sel, from, step, full, r.Aggregate)
		if err != nil {
			return err
		}
		s.add(read)
	}
	if rest := (to - from) % step; rest > 0 {
		read, err := a.queryRanges(ctx, sel, from+full*step, rest, 1, r.Aggregate)
		if err != nil {
			return err
		}
		s.add(read)
	}
	return nil
}

// seriesSet collects samples by series, the oldest limit of each.
type seriesSet struct {
	series []ingest.SeriesSamples
	index  map[string]int
	limit  int
	// read counts samples, those that were too many with them.
	read int
}

func (s *seriesSet) add(series []ingest.SeriesSamples) {
	for _, one := range series {
		to := s.of(one.Labels)
		s.read += len(one.Samples)
		room := s.limit - len(to.Samples)
		to.Samples = append(to.Samples, one.Samples[:min(room, len(one.Samples))]...)
	}
}

func (s *seriesSet) of(labels []ingest.Label) *ingest.SeriesSamples {
	var key strings.Builder
	for _, l := range labels {
		key.WriteString(l.Name)
		key.WriteByte(0)
		key.WriteString(l.Value)
		key.WriteByte(0)
	}
	i, known := s.index[key.String()]
	if !known {
		i = len(s.series)
		s.index[key.String()] = i
		s.series = append(s.series, ingest.SeriesSamples{Labels: labels})
	}
	return &s.series[i]
}

// lines takes the samples of all lines of an answer of /api/v1/export.
func (s *seriesSet) lines(r io.Reader) error {
	lines := json.NewDecoder(r)
	for {
		var line exportLine
		switch err := lines.Decode(&line); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		samples, err := line.samples(nil)
		if err != nil {
			return err
		}
		s.add([]ingest.SeriesSamples{{Labels: sortedLabels(line.Metric), Samples: samples}})
	}
}
