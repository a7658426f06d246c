package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// fakeText has the exact values of series in order of time.
type fakeText struct {
	values map[model.SeriesID][]ingest.TextValue
	err    error
	reads  atomic.Int64
}

func (f *fakeText) Text(_ context.Context, id model.SeriesID, from, to time.Time, limit int) (found []ingest.TextValue, err error) {
	f.reads.Add(1)
	if limit < 1 || limit > 100_000 {
		return nil, fmt.Errorf("limit %d", limit)
	}
	for _, v := range f.values[id] {
		if t := time.UnixMilli(v.Time); !t.Before(from) && t.Before(to) && len(found) < limit {
			found = append(found, v)
		}
	}
	return found, f.err
}

// numbersOf is a Reader of one series with the samples; its listings are what SeriesFunc says.
type numbersOf struct {
	samples    []ingest.Sample
	SeriesFunc func(metric string) [][]ingest.Label
}

func (n *numbersOf) Series(_ context.Context, metric string, _ []ingest.Matcher, _ time.Time, limit int) ([][]ingest.Label, error) {
	switch {
	case n.SeriesFunc != nil:
		sets := n.SeriesFunc(metric)
		return sets[:min(limit, len(sets))], nil
	case n.samples == nil:
		return nil, nil
	}
	return [][]ingest.Label{labelsOf("a", "")}, nil
}

func (n *numbersOf) SamplesOf(context.Context, string, [][]ingest.Matcher, ingest.Range) ([]ingest.SeriesSamples, time.Time, error) {
	return nil, time.Time{}, errors.New("not asked for here")
}

func (n *numbersOf) Samples(_ context.Context, _ string, _ []ingest.Matcher, r ingest.Range) (found []ingest.Sample, err error) {
	for _, s := range n.samples {
		if t := time.UnixMilli(s.Time); !t.Before(r.From) && t.Before(r.To) && len(found) < r.Limit {
			found = append(found, s)
		}
	}
	return found, nil
}

func labelsOf(field, element string) []ingest.Label {
	labels := []ingest.Label{{Name: "gateway", Value: "g1"}, {Name: "group", Value: "line"}, {Name: "writer", Value: "press"}, {Name: "field", Value: field}}
	if element != "" {
		labels = append(labels, ingest.Label{Name: "element", Value: element})
	}
	return labels
}

var textStart = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// textSeries is a History of series a with the numbers, given as milliseconds and values, and the exact values.
func textSeries(numbers []ingest.Sample, texts ...ingest.TextValue) (*ingest.History, *fakeText) {
	for i := range numbers {
		numbers[i].Time += textStart.UnixMilli()
	}
	text := &fakeText{values: map[model.SeriesID][]ingest.TextValue{seriesA: texts}}
	return &ingest.History{Reader: &numbersOf{samples: numbers}, Text: text}, text
}

var seriesA = model.SeriesID{Gateway: "g1", Group: "line", Writer: "press", Field: "a"}

// exactAt is an exact value at a millisecond and 1.2 µs.
func exactAt(ms int64, v model.Variant, status model.StatusCode) ingest.TextValue {
	t := textStart.Add(time.Duration(ms)*time.Millisecond + 1200)
	return ingest.TextValue{Series: seriesA, Time: t.UnixMilli(), Value: model.DataValue{Value: v, Status: status, SourceTimestamp: model.DateTimeOf(t)}}
}

// show prints points as "ms:number" or "ms:number=exact".
func show(points []model.HistoryPoint) string {
	var b strings.Builder
	for _, p := range points {
		fmt.Fprintf(&b, " %d:", p.Time-textStart.UnixMilli())
		if !math.IsNaN(p.Number) {
			fmt.Fprint(&b, p.Number)
		}
		if p.Value != nil {
			fmt.Fprintf(&b, "=%s", p.Value.Value.AppendJSON(nil))
		}
	}
	return strings.TrimSpace(b.String())
}

func query(limit int) model.HistoryQuery {
	return model.HistoryQuery{Series: seriesA, From: textStart, To: textStart.Add(time.Hour), Limit: limit}
}

func TestExactHistory(t *testing.T) {
	const big = 1<<53 + 1
	h, _ := textSeries(
		[]ingest.Sample{{Time: 0, Value: 1}, {Time: 5, Value: 1 << 53}, {Time: 7, Value: stale}, {Time: 9, Value: 2}},
		exactAt(3, model.StringValue("x"), 0), exactAt(5, model.Int64Value(big), model.StatusUncertain),
		exactAt(7, model.Variant{}, model.StatusBadSensorFailure), exactAt(8, model.ArrayValue([]string{"y", "z"}), 0), exactAt(8, model.StringValue("w"), 0),
	)
	points, more, err := h.History(t.Context(), query(0))
	const all = `0:1 3:="x" 5:9.007199254740992e+15="9007199254740993" 7:=null 8:=["y","z"] 8:="w" 9:2`
	if got := show(points); err != nil || more || got != all {
		t.Fatalf("%s, more %v, %v; want %s", got, more, err, all)
	}
	if v := points[2].Value; v.Status != model.StatusUncertain || v.SourceTimestamp.String() != "2026-05-04T12:00:00.0050012Z" {
		t.Errorf("exact value %+v", v)
	}
	for limit := 1; limit <= 7; limit++ {
		points, more, err := h.History(t.Context(), query(limit))
		if want := strings.Join(strings.Fields(all)[:limit], " "); err != nil || show(points) != want || more != (limit < 7) {
			t.Errorf("limit %d: %s, more %v, %v; want %s", limit, show(points), more, err, want)
		}
	}
	q := query(0)
	q.From, q.To = textStart.Add(3*time.Millisecond+1), textStart.Add(8*time.Millisecond+1)
	if points, _, err := h.History(t.Context(), q); err != nil || show(points) != strings.Join(strings.Fields(all)[2:6], " ") {
		t.Errorf("between milliseconds: %s, %v", show(points), err)
	}
	h.Text = nil
	if points, _, err := h.History(t.Context(), query(0)); err != nil || show(points) != "0:1 5:9.007199254740992e+15 7: 9:2" {
		t.Errorf("without exact values: %s, %v", show(points), err)
	}
}

// TestLargeTexts asks again and again from the last point's time, as clients do, and looks for all values.
func TestLargeTexts(t *testing.T) {
	for name, size := range map[string]int{"small": 1, "large": 50_000, "huge": 1 << 20} {
		var texts []ingest.TextValue
		var numbers []ingest.Sample
		for i := range int64(300) {
			text := fmt.Sprintf("%0*d", size, i)
			// Pairs within a millisecond, which a page may cut.
			texts = append(texts, exactAt(i/2*2, model.StringValue(text), 0))
			numbers = append(numbers, ingest.Sample{Time: i*2 + 1, Value: float64(i)})
		}
		h, text := textSeries(numbers, texts...)
		q := query(10_000)
		seen := map[string]bool{}
		for answers := 1; ; answers++ {
			points, more, err := h.History(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			sum := 0
			for _, p := range points {
				key := fmt.Sprint(p.Time, p.Number)
				if p.Value != nil {
					key = p.Value.Value.Text()
				}
				seen[key] = true
				sum += len(key)
			}
			if sum > 80<<20 {
				t.Fatalf("%s: answer of %d bytes", name, sum)
			}
			if !more {
				break
			}
			if answers > 100 {
				t.Fatalf("%s: no end", name)
			}
			q.From = time.UnixMilli(points[len(points)-1].Time)
		}
		if len(seen) != 600 {
			t.Errorf("%s: %d points in %d reads, want 600", name, len(seen), text.reads.Load())
		}
		if name == "small" && text.reads.Load() > 2 {
			t.Errorf("%d reads of small values", text.reads.Load())
		}
	}
}

// TestTextsOfOneMillisecond reads more values of one millisecond than a page has.
func TestTextsOfOneMillisecond(t *testing.T) {
	var texts []ingest.TextValue
	for i := range 500 {
		texts = append(texts, exactAt(0, model.StringValue(fmt.Sprint(i)), 0))
	}
	h, _ := textSeries(nil, texts...)
	if points, more, err := h.History(t.Context(), query(0)); err != nil || more || len(points) != 500 {
		t.Errorf("%d points, more %v, %v", len(points), more, err)
	}
	for i := range 100_000 {
		texts = append(texts, exactAt(0, model.StringValue(fmt.Sprint(i)), 0))
	}
	h, _ = textSeries(nil, texts...)
	if _, _, err := h.History(t.Context(), query(0)); err == nil || !strings.Contains(err.Error(), "more than 100000 values within the millisecond 2026-05-04T12:00:00Z") {
		t.Errorf("too many: %v", err)
	}
}

func TestTextSteps(t *testing.T) {
	h, text := textSeries(nil,
		exactAt(0, model.StringValue("a"), 0), exactAt(1, model.StringValue("b"), 0), exactAt(9, model.Variant{}, model.StatusBadSensorFailure),
		exactAt(20, model.Int64Value(1<<60), 0), exactAt(29, model.StringValue("c"), 0), exactAt(35, model.Variant{}, model.StatusBadSensorFailure),
	)
	q := query(0)
	q.Step = 10 * time.Millisecond
	for aggregate, want := range map[string]string{
		"count": `0:2 20:2`, "first": `0:="a" 20:1.152921504606847e+18="1152921504606846976"`, "last": `0:="b" 20:="c"`,
	} {
		q.Aggregate = aggregate
		if points, more, err := h.History(t.Context(), q); err != nil || more || show(points) != want {
			t.Errorf("%s: %s, more %v, %v; want %s", aggregate, show(points), more, err, want)
		}
	}
	q.Limit = 1
	if points, more, err := h.History(t.Context(), q); err != nil || !more || len(points) != 1 {
		t.Errorf("first step: %s, more %v, %v", show(points), more, err)
	}
	for _, aggregate := range []string{"", "avg", "min", "max", "sum", "delta", "stddev"} {
		q.Aggregate = aggregate
		if _, _, err := h.History(t.Context(), q); !errors.Is(err, ingest.ErrInvalid) || !strings.Contains(err.Error(), "use count, first or last") {
			t.Errorf("%q: %v, want ErrInvalid", aggregate, err)
		}
	}
	q.Series.Field = "nothing stored"
	if points, _, err := h.History(t.Context(), q); err != nil || len(points) != 0 {
		t.Errorf("series that is not stored: %v, %v", points, err)
	}
	text.err = errors.New("no connection")
	for _, aggregate := range []string{"", "count"} {
		q.Aggregate = aggregate
		if _, _, err := h.History(t.Context(), q); !errors.Is(err, text.err) {
			t.Errorf("%q: %v", aggregate, err)
		}
	}
}

// TestStepsOfNumbers has exact values beside the numbers, which do not count.
func TestStepsOfNumbers(t *testing.T) {
	h, text := textSeries([]ingest.Sample{{Time: 0, Value: 5}}, exactAt(3, model.StringValue("x"), 0))
	q := query(0)
	q.Step = time.Second
	if points, _, err := h.History(t.Context(), q); err != nil || show(points) != "0:5" || text.reads.Load() > 0 {
		t.Errorf("%s, %v, %d reads", show(points), err, text.reads.Load())
	}
	text.err = errors.New("no connection")
	if _, _, err := h.History(t.Context(), query(0)); !errors.Is(err, text.err) {
		t.Errorf("raw: %v", err)
	}
}

// TestListTexts lists series that have a status and no number.
func TestListTexts(t *testing.T) {
	lists := map[string][][]ingest.Label{
		"opcua_value":  {labelsOf("b", "0"), labelsOf("b", "1"), labelsOf("d", "")},
		"opcua_status": {labelsOf("a", ""), labelsOf("b", ""), labelsOf("d", ""), labelsOf("e", "")},
	}
	h := &ingest.History{Reader: &numbersOf{SeriesFunc: func(metric string) [][]ingest.Label { return lists[metric] }}, Text: &fakeText{}}
	type listed struct {
		Field, Element string
		Numeric        bool
	}
	list := func(f model.SeriesFilter, pageSize int) (all []listed) {
		t.Helper()
		var after model.SeriesID
		for {
			page, err := h.Series(t.Context(), f, after, pageSize)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range page {
				all = append(all, listed{s.ID.Field, s.ID.Element, s.Numeric})
			}
			if len(page) < pageSize {
				return all
			}
			after = page[len(page)-1].ID
		}
	}
	want := []listed{{"a", "", false}, {"b", "", false}, {"b", "0", true}, {"b", "1", true}, {"d", "", true}, {"e", "", false}}
	for pageSize := 1; pageSize <= 7; pageSize++ {
		if diff := cmp.Diff(want, list(model.SeriesFilter{}, pageSize)); diff != "" {
			t.Fatalf("pages of %d (-want +got):\n%s", pageSize, diff)
		}
	}
	if diff := cmp.Diff(want[:1], list(model.SeriesFilter{IDs: []model.SeriesID{seriesA}}, 10)); diff != "" {
		t.Errorf("by id (-want +got):\n%s", diff)
	}
	h.Text = nil
	if diff := cmp.Diff([]listed{want[2], want[3], want[4]}, list(model.SeriesFilter{}, 10), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("without exact values (-want +got):\n%s", diff)
	}
	h.Text = &fakeText{}
	lists["opcua_status"] = make([][]ingest.Label, 200_001)
	if _, err := h.Series(t.Context(), model.SeriesFilter{}, model.SeriesID{}, 10); !errors.Is(err, ingest.ErrInvalid) {
		t.Errorf("too many: %v", err)
	}
}
