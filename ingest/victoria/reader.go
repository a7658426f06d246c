package victoria

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/encoding/json"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

const (
	// defaultSamples is the limit of Samples when Range.Limit is 0.
	defaultSamples = 100_000
	// maxIntervals is how many steps one read may have: what /api/v1/query_range allows by default.
	maxIntervals = 30_000
	// firstWindow is the time covered by the first request for raw samples. The next cover more while samples are few,
	// so that a limited read of a long range loads little more than it returns.
	firstWindow = time.Minute
	// windowGrowth is the factor from one window to the next.
	windowGrowth = 4
	// settledAge is how old all points of one request to /api/v1/query_range are made to be, see api.queryRange.
	settledAge = time.Hour
)

// api reads series through the Prometheus query API of VictoriaMetrics, in this process or another. It implements
// ingest.Reader.
type api struct {
	client *http.Client
	base   string // what stands before /api/v1, no slash at the end
	// maxSelector bounds a selector that stands for several, in bytes.
	maxSelector int
}

// Series implements ingest.Reader. VictoriaMetrics' index is by day, so series that ended earlier on the day of from are
// returned too. A limit of 0 or less means as many as the server allows.
func (a api) Series(ctx context.Context, metric string, match []ingest.Matcher, from time.Time, limit int) ([][]ingest.Label, error) {
	sel, err := selector(metric, match)
	if err != nil {
		return nil, fmt.Errorf("list series: %w", err)
	}
	// A start of 0 would be taken as "five minutes ago".
	form := url.Values{"match[]": {sel}, "start": {seconds(max(1, from.UnixMilli()))}}
	if limit > 0 {
		form.Set("limit", strconv.Itoa(limit))
	}
	var answer struct {
		Data []map[string]string `json:"data"`
	}
	err = a.post(ctx, "/api/v1/series", form, func(r io.Reader) error { return json.NewDecoder(r).Decode(&answer) })
	if err != nil {
		return nil, fmt.Errorf("list series of %s: %w", sel, err)
	}
	series := make([][]ingest.Label, 0, len(answer.Data))
	for _, labels := range answer.Data {
		series = append(series, sortedLabels(labels))
	}
	slices.SortFunc(series, compareLabels)
	if limit > 0 && len(series) > limit {
		series = series[:limit]
	}
	return series, nil
}

// Samples implements ingest.Reader over the half-open time [From, To): adjacent ranges share no sample. Times are rounded
// up to milliseconds, as the samples are.
//
// With a step, the range is cut into intervals [From, From+Step), [From+Step, From+2*Step) …, of which the last one ends
// at To; each gives one sample with the interval's beginning as its time, and none when it holds no sample (OPC UA Part
// 13, 5.4.1). Stale markers do not count. A step is whole milliseconds, and a range has at most 30,000 of them.
func (a api) Samples(ctx context.Context, metric string, match []ingest.Matcher, r ingest.Range) ([]ingest.Sample, error) {
	sel, err := selector(metric, match)
	if err != nil {
		return nil, fmt.Errorf("read samples: %w", err)
	}
	from, to, err := bounds(r)
	if err != nil {
		return nil, fmt.Errorf("read samples of %s: %w", sel, err)
	}
	limit := r.Limit
	if limit <= 0 {
		limit = defaultSamples
	}
	var samples []ingest.Sample
	if r.Step == 0 {
		samples, err = a.raw(ctx, sel, from, to, limit)
	} else {
		samples, err = a.steps(ctx, sel, from, to, r)
	}
	if err != nil {
		return nil, fmt.Errorf("read samples of %s: %w", sel, err)
	}
	return samples[:min(limit, len(samples))], nil
}

// bounds are those of a range, in milliseconds.
func bounds(r ingest.Range) (from, to int64, err error) {
	if r.To.Before(r.From) {
		return 0, 0, fmt.Errorf("to %s is before from %s", r.To.Format(time.RFC3339Nano), r.From.Format(time.RFC3339Nano))
	}
	return max(0, ceilMilli(r.From)), max(0, ceilMilli(r.To)), nil
}

// raw reads stored samples in [from, to) until there are limit of them or more. Never with reduce_mem_usage: it shows
// repeated samples that are one.
func (a api) raw(ctx context.Context, sel string, from, to int64, limit int) ([]ingest.Sample, error) {
	var read export
	window := firstWindow.Milliseconds()
	for start := from; start < to && len(read.samples) < limit; {
		end := min(to, start+window)
		form := url.Values{
			"match[]": {sel}, "start": {seconds(start)}, "end": {seconds(end - 1)}, // both ends are inclusive there
			"max_rows_per_line": {"10000"},
		}
		before := len(read.samples)
		if err := a.post(ctx, "/api/v1/export", form, read.lines); err != nil {
			return nil, err
		}
		if got := len(read.samples) - before; windowGrowth*got <= limit-len(read.samples) {
			window *= windowGrowth
		}
		start = end
	}
	return read.samples, nil
}

// steps reads one aggregate per step in [from, to).
func (a api) steps(ctx context.Context, sel string, from, to int64, r ingest.Range) ([]ingest.Sample, error) {
	step, err := stepOf(r, from, to)
	if err != nil {
		return nil, err
	}
	full := (to - from) / step
	var samples []ingest.Sample
	if full > 0 {
		if samples, err = a.queryRange(ctx, sel, from, step, full, r.Aggregate); err != nil {
			return nil, err
		}
	}
	if rest := (to - from) % step; rest > 0 {
		last, err := a.queryRange(ctx, sel, from+full*step, rest, 1, r.Aggregate)
		if err != nil {
			return nil, err
		}
		samples = append(samples, last...)
	}
	return samples, nil
}

// stepOf is the step of a range in milliseconds.
func stepOf(r ingest.Range, from, to int64) (int64, error) {
	step := r.Step.Milliseconds()
	if step <= 0 || r.Step%time.Millisecond != 0 {
		return 0, fmt.Errorf("step %s is not a positive number of whole milliseconds", r.Step)
	}
	if n := (to - from + step - 1) / step; n > maxIntervals {
		return 0, fmt.Errorf("step %s cuts the range into %d intervals: choose a longer step, at most %d intervals are read at once", r.Step, n, maxIntervals)
	}
	return step, nil
}

// queryRange reads n intervals of step milliseconds from from on. A point at time t of VictoriaMetrics covers (t-step, t];
// in whole milliseconds that is [t-step+1, t+1), so the points are asked for at the last millisecond of each interval.
//
// VictoriaMetrics replaces points near the present by earlier ones, as scraped samples come late. Such points are asked for
// at a time in the past, with a negative offset that brings the samples there.
func (a api) queryRange(ctx context.Context, sel string, from, step, n int64, aggregate string) ([]ingest.Sample, error) {
	read, err := a.queryRanges(ctx, sel, from, step, n, aggregate)
	switch {
	case err != nil || len(read) == 0:
		return nil, err
	case len(read) > 1:
		return nil, errSeveral
	}
	return read[0].Samples, nil
}

// queryRanges is queryRange for any number of series.
func (a api) queryRanges(ctx context.Context, sel string, from, step, n int64, aggregate string) ([]ingest.SeriesSamples, error) {
	first := from + step - 1
	last := first + (n-1)*step
	shift := max(0, last-time.Now().Add(-settledAge).UnixMilli())
	expr, err := rollup(aggregate, sel, time.Duration(step)*time.Millisecond, time.Duration(shift)*time.Millisecond)
	if err != nil {
		return nil, err
	}
	form := url.Values{
		"query": {expr}, "step": {fmt.Sprintf("%dms", step)},
		"start": {seconds(first - shift)}, "end": {seconds(last - shift)},
		"nocache": {"1"}, // else start is rounded
	}
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string `json:"metric"`
				Values []point           `json:"values"`
			} `json:"result"`
		} `json:"data"`
	}
	err = a.post(ctx, "/api/v1/query_range", form, func(r io.Reader) error { return json.NewDecoder(r).Decode(&answer) })
	if err != nil {
		return nil, err
	}
	series := make([]ingest.SeriesSamples, len(answer.Data.Result))
	for i, result := range answer.Data.Result {
		series[i] = ingest.SeriesSamples{Labels: sortedLabels(result.Metric), Samples: make([]ingest.Sample, 0, len(result.Values))}
		for _, p := range result.Values {
			series[i].Samples = append(series[i].Samples, ingest.Sample{Time: p.time + shift - step + 1, Value: p.value})
		}
	}
	return series, nil
}

// post sends form to path and gives the body of a good answer to read. The time left in ctx becomes the query's time-out,
// because VictoriaMetrics does not stop a query when its client is gone.
func (a api) post(ctx context.Context, path string, form url.Values, read func(io.Reader) error) error {
	if deadline, ok := ctx.Deadline(); ok {
		left := max(time.Until(deadline), time.Millisecond)
		form.Set("timeout", strconv.FormatFloat(left.Seconds(), 'f', 3, 64))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
		return fmt.Errorf("VictoriaMetrics answered %d: %s", resp.StatusCode, strings.TrimSpace(string(text)))
	}
	if err := read(resp.Body); err != nil {
		return fmt.Errorf("decode %s: %w", path, err)
	}
	return nil
}

// seconds formats milliseconds as the seconds that the API takes.
func seconds(ms int64) string {
	return fmt.Sprintf("%d.%03d", ms/1000, ms%1000)
}

// ceilMilli returns the first whole millisecond that is not before t.
func ceilMilli(t time.Time) int64 {
	ms := t.UnixMilli()
	if t.Nanosecond()%int(time.Millisecond) != 0 && ms < math.MaxInt64 {
		ms++
	}
	return ms
}

func sortedLabels(m map[string]string) []ingest.Label {
	labels := make([]ingest.Label, 0, len(m))
	for name, value := range m {
		if name != "__name__" {
			labels = append(labels, ingest.Label{Name: name, Value: value})
		}
	}
	slices.SortFunc(labels, compareLabel)
	return labels
}

func compareLabel(a, b ingest.Label) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
}

func compareLabels(a, b []ingest.Label) int {
	return slices.CompareFunc(a, b, compareLabel)
}
