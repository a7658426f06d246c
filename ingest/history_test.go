package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/ingest/victoria"
	"github.com/shopfloor-iiot/shopfloor/model"
)

var stale = math.Float64frombits(0x7ff0000000000002)

// stored is a VictoriaMetrics with samples at base plus some seconds.
type stored struct {
	ingest.History
	base time.Time
	id   model.SeriesID
}

// newStored stores series "a" to "c" of a writer; "a" changed its unit after 10 s and its path after 20 s. Text "t" has a status only.
func newStored(t *testing.T) *stored {
	store, err := victoria.Open(victoria.Config{Dir: t.TempDir(), MinFreeDisk: 1 << 20}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &stored{
		History: ingest.History{Reader: store}, base: time.Now().Add(-time.Hour).Truncate(time.Minute),
		id: model.SeriesID{Gateway: "g1", Group: "line", Writer: "press", Field: "a"},
	}
	var rows []ingest.Row
	metric := "opcua_value"
	add := func(field, element, unit, path string, second, value float64) {
		name := store.AppendName(nil, metric, []ingest.Label{
			{Name: "gateway", Value: "g1"},
			{Name: "server", Value: "boiler"},
			{Name: "group", Value: "line"},
			{Name: "writer", Value: "press"},
			{Name: "field", Value: field},
			{Name: "element", Value: element},
			{Name: "unit", Value: unit},
			{Name: "path", Value: path},
			{Name: "node", Value: "nsu=urn:acme;s=" + field},
		})
		rows = append(rows, ingest.Row{Name: name, Time: s.at(second).UnixMilli(), Value: value})
	}
	for i := range 30 {
		v := float64(i)
		switch {
		case i < 10:
			add("a", "", "", "", v, v)
		case i < 20:
			add("a", "", "bar", "", v, v)
		default:
			add("a", "", "bar", "Objects/a", v, v)
		}
	}
	add("a", "", "", "", 10, stale) // both sets at 10 s
	add("a", "", "bar", "Objects/a", 30, stale)
	add("b", "0", "", "Objects/b", 0, 1)
	add("b", "1", "", "Objects/b", 0, 2)
	add("c", "", "", "Objects/c", 0, 3)
	metric = "opcua_status"
	add("a", "", "bar", "Objects/a", 20, 0)
	add("t", "", "", "Objects/t", 0, 0)
	if err := store.Append(rows); err != nil {
		t.Fatal(err)
	}
	if err := store.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stored) at(second float64) time.Time {
	return s.base.Add(time.Duration(second * float64(time.Second)))
}

func TestHistory(t *testing.T) {
	s := newStored(t)
	t.Run("series", func(t *testing.T) { testSeries(t, s) })
	t.Run("text series", func(t *testing.T) { testTextSeries(t, s) })
	t.Run("raw", func(t *testing.T) { testRaw(t, s) })
	t.Run("steps", func(t *testing.T) { testSteps(t, s) })
	t.Run("rejects", func(t *testing.T) { testRejects(t, s) })
}

func testSeries(t *testing.T, s *stored) {
	var all []string
	var after model.SeriesID
	for page := 0; page < 10; page++ {
		series, err := s.Series(t.Context(), model.SeriesFilter{}, after, 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range series {
			all = append(all, x.ID.String())
		}
		if len(series) < 3 {
			break
		}
		after = series[2].ID
	}
	want := []string{"g1/line/press/a", "g1/line/press/b/0", "g1/line/press/b/1", "g1/line/press/c"}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("pages of all series (-want +got):\n%s", diff)
	}
	node := model.ExpandedNodeID{NodeID: model.StringID(0, "c"), NamespaceURI: "urn:acme"}
	element := s.id
	element.Field, element.Element = "b", "1"
	for _, test := range []struct {
		filter model.SeriesFilter
		want   string
	}{
		{model.SeriesFilter{Gateway: "g1", Server: "boiler", Group: "line", Writer: "press", Field: "c|d"}, "c"},
		{model.SeriesFilter{Path: "Objects/[ac]"}, "a c"},
		{model.SeriesFilter{NodeIDs: []model.ExpandedNodeID{node}}, "c"},
		{model.SeriesFilter{IDs: []model.SeriesID{element, s.id}}, "a b"},
		{model.SeriesFilter{Server: "none"}, ""},
	} {
		series, err := s.Series(t.Context(), test.filter, model.SeriesID{}, 100)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, x := range series {
			got = append(got, x.ID.Field)
		}
		if g := strings.Join(got, " "); g != test.want {
			t.Errorf("%+v selects %q, want %q", test.filter, g, test.want)
		}
	}
	series, err := s.Series(t.Context(), model.SeriesFilter{Field: "c"}, model.SeriesID{}, 1)
	if err != nil || len(series) != 1 {
		t.Fatalf("series c: %v, %v", series, err)
	}
	if c := series[0]; c.Server != "boiler" || c.Path != "Objects/c" || c.NodeID != "nsu=urn:acme;s=c" || c.Labels["writer"] != "press" || !c.Numeric {
		t.Errorf("series c: %+v", c)
	}
}

// testTextSeries lists what has a status alone, when there is a store for it.
func testTextSeries(t *testing.T, s *stored) {
	h := ingest.History{Reader: s.Reader, Text: &fakeText{}}
	series, err := h.Series(t.Context(), model.SeriesFilter{Path: "Objects/[act]"}, model.SeriesID{}, 10)
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, x := range series {
		got += fmt.Sprint(x.ID.Field, x.Numeric, " ")
	}
	if want := "atrue ctrue tfalse "; got != want {
		t.Errorf("series %q, want %q", got, want)
	}
}

func testRaw(t *testing.T, s *stored) {
	samples, more, err := s.History.History(t.Context(), model.HistoryQuery{Series: s.id, From: s.base, To: s.at(31)})
	if err != nil || more {
		t.Fatalf("more %v, %v", more, err)
	}
	var want []model.HistoryPoint
	for i := range 30 {
		want = append(want, model.HistoryPoint{Time: s.at(float64(i)).UnixMilli(), Number: float64(i)})
	}
	want = append(want, model.HistoryPoint{Time: s.at(30).UnixMilli(), Number: stale})
	if diff := cmp.Diff(want, samples, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
	samples, more, err = s.History.History(t.Context(), model.HistoryQuery{Series: s.id, From: s.at(5), To: s.at(31), Limit: 10})
	if err != nil || !more || len(samples) != 10 || samples[9].Number != 14 {
		t.Errorf("first ten: %v, more %v, %v", samples, more, err)
	}
	other := s.id
	other.Field = "none"
	if samples, more, err = s.History.History(t.Context(), model.HistoryQuery{Series: other}); err != nil || more || len(samples) != 0 {
		t.Errorf("series that is not stored: %v, %v, %v", samples, more, err)
	}
	element := s.id
	element.Field, element.Element = "b", "1"
	if samples, _, err = s.History.History(t.Context(), model.HistoryQuery{Series: element, From: s.base, To: s.at(1)}); err != nil || len(samples) != 1 || samples[0].Number != 2 {
		t.Errorf("element: %v, %v", samples, err)
	}
}

func testSteps(t *testing.T, s *stored) {
	// Values 6..11 and 18..23 lie in steps in which the labels changed.
	for aggregate, want := range map[string][]float64{
		"": {2.5, 8.5, 14.5, 20.5, 26.5}, "avg": {2.5, 8.5, 14.5, 20.5, 26.5}, "min": {0, 6, 12, 18, 24}, "max": {5, 11, 17, 23, 29},
		"sum": {15, 51, 87, 123, 159}, "count": {6, 6, 6, 6, 6}, "first": {0, 6, 12, 18, 24}, "last": {5, 11, 17, 23, 29}, "delta": {5, 5, 5, 5, 5},
		"stddev": {1.7078, 1.7078, 1.7078, 1.7078, 1.7078},
	} {
		q := model.HistoryQuery{Series: s.id, From: s.base, To: s.at(30), Step: 6 * time.Second, Aggregate: aggregate}
		samples, more, err := s.History.History(t.Context(), q)
		if err != nil || more {
			t.Fatalf("%s: more %v, %v", aggregate, more, err)
		}
		var got []float64
		for i, x := range samples {
			got = append(got, x.Number)
			if x.Time != s.at(float64(6*i)).UnixMilli() {
				t.Errorf("%s: step %d at %d", aggregate, i, x.Time)
			}
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-4)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", aggregate, diff)
		}
		q.Limit = 2
		if samples, more, err = s.History.History(t.Context(), q); err != nil || !more || len(samples) != 2 {
			t.Errorf("%s, first two: %v, more %v, %v", aggregate, samples, more, err)
		}
	}
}

func testRejects(t *testing.T, s *stored) {
	for name, q := range map[string]model.HistoryQuery{
		"no series":     {},
		"backwards":     {Series: s.id, From: s.at(1), To: s.base},
		"negative step": {Series: s.id, Step: -1},
		"nanosecond":    {Series: s.id, Step: 1},
		"aggregate":     {Series: s.id, Aggregate: "median"},
		"limit":         {Series: s.id, Limit: 1 << 30},
	} {
		if _, _, err := s.History.History(t.Context(), q); !errors.Is(err, ingest.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if _, err := s.Series(t.Context(), model.SeriesFilter{Field: "("}, model.SeriesID{}, 1); !errors.Is(err, ingest.ErrInvalid) {
		t.Errorf("filter: %v, want ErrInvalid", err)
	}
	broken := ingest.History{Reader: brokenReader{}}
	if _, _, err := broken.History(t.Context(), model.HistoryQuery{Series: s.id}); err == nil || errors.Is(err, ingest.ErrInvalid) {
		t.Errorf("a reader that fails: %v", err)
	}
}

type brokenReader struct{ ingest.Reader }

func (brokenReader) Series(context.Context, string, []ingest.Matcher, time.Time, int) ([][]ingest.Label, error) {
	return nil, fmt.Errorf("no connection")
}
