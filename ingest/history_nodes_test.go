package ingest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// countingReader counts the requests for samples of several series.
type countingReader struct {
	ingest.Reader
	metrics []string
	samples int
}

func (r *countingReader) SamplesOf(ctx context.Context, metric string, lists [][]ingest.Matcher, q ingest.Range) ([]ingest.SeriesSamples, time.Time, error) {
	r.metrics = append(r.metrics, metric)
	return r.Reader.SamplesOf(ctx, metric, lists, q)
}

func (r *countingReader) Samples(ctx context.Context, metric string, match []ingest.Matcher, q ingest.Range) ([]ingest.Sample, error) {
	r.samples++
	return r.Reader.Samples(ctx, metric, match, q)
}

func boilerNode(field string) model.HistoryNode {
	return model.HistoryNode{Server: "boiler", NodeID: model.ExpandedNodeID{NodeID: model.StringID(0, field), NamespaceURI: "urn:acme"}}
}

func TestNodeHistory(t *testing.T) {
	s := newStored(t)
	reader := &countingReader{Reader: s.Reader}
	h := ingest.History{Reader: reader}
	nodes := []model.HistoryNode{boilerNode("c"), boilerNode("a"), boilerNode("b"), boilerNode("nothing"), {Server: "oven", NodeID: boilerNode("a").NodeID}, boilerNode("a")}
	for _, step := range []time.Duration{0, 10 * time.Second} {
		reader.metrics = nil
		q := model.NodeHistoryQuery{Nodes: nodes, From: s.at(0), To: s.at(60), Step: step}
		got, err := h.NodeHistory(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(reader.metrics) != 1 || reader.metrics[0] != "opcua_value" {
			t.Errorf("step %s: the store was asked for %v", step, reader.metrics)
		}
		// A variable has the points of its series, whose labels have changed on the way.
		for i, id := range map[int]model.SeriesID{0: {Gateway: "g1", Group: "line", Writer: "press", Field: "c"}, 1: s.id, 5: s.id} {
			want, more, err := s.History.History(t.Context(), model.HistoryQuery{Series: id, From: q.From, To: q.To, Step: step})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(model.NodeHistory{Series: id, Points: want, More: more}, got[i], cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("step %s, node %d (-want +got):\n%s", step, i, diff)
			}
		}
		for _, i := range []int{2, 3, 4} {
			if diff := cmp.Diff(model.NodeHistory{}, got[i]); diff != "" {
				t.Errorf("step %s, node %d (-want +got):\n%s", step, i, diff)
			}
		}
	}
	t.Run("limit", func(t *testing.T) {
		got, err := h.NodeHistory(t.Context(), model.NodeHistoryQuery{Nodes: nodes, From: s.at(0), To: s.at(60), Limit: 12})
		if err != nil || len(got[1].Points) != 12 || !got[1].More || got[0].More {
			t.Errorf("%d points, %v %v, %v", len(got[1].Points), got[1].More, got[0].More, err)
		}
	})
	t.Run("statuses", func(t *testing.T) {
		for from, want := range map[float64][]ingest.Sample{10: {{Time: s.at(20).UnixMilli()}}, 25: {{Time: s.at(25).Add(-400 * 24 * time.Hour).UnixMilli()}}} {
			got, err := h.NodeHistory(t.Context(), model.NodeHistoryQuery{Nodes: nodes, From: s.at(from), To: s.at(60), Statuses: true})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got[1].Statuses); diff != "" {
				t.Errorf("from %v (-want +got):\n%s", from, diff)
			}
		}
	})
	t.Run("rejects", func(t *testing.T) {
		for name, change := range map[string]func(*model.NodeHistoryQuery){
			"to before from": func(q *model.NodeHistoryQuery) { q.To = s.at(-1) },
			"many nodes":     func(q *model.NodeHistoryQuery) { q.Nodes = make([]model.HistoryNode, 20_001) },
			"many steps": func(q *model.NodeHistoryQuery) {
				q.Nodes, q.Step = make([]model.HistoryNode, 10_000), 200*time.Millisecond
			},
			"aggregate": func(q *model.NodeHistoryQuery) { q.Aggregate = "median" },
		} {
			q := model.NodeHistoryQuery{Nodes: nodes, From: s.at(0), To: s.at(60)}
			change(&q)
			if _, err := h.NodeHistory(t.Context(), q); !errors.Is(err, ingest.ErrInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestNodeHistoryOfText(t *testing.T) {
	s := newStored(t)
	id := s.id
	id.Field = "t"
	at := func(second float64, v model.Variant) ingest.TextValue {
		return ingest.TextValue{Series: id, Time: s.at(second).UnixMilli(), Value: model.DataValue{Value: v}}
	}
	text := &fakeText{values: map[model.SeriesID][]ingest.TextValue{
		id:   {at(1, model.StringValue("on")), at(2, model.StringValue("off")), at(12, model.StringValue("on"))},
		s.id: {{Series: s.id, Time: s.at(3).UnixMilli(), Value: model.DataValue{Value: model.Int64Value(1 << 60)}}},
	}}
	h := ingest.History{Reader: s.Reader, Text: text}
	q := model.NodeHistoryQuery{Nodes: []model.HistoryNode{boilerNode("t"), boilerNode("a")}, From: s.at(0), To: s.at(60)}
	got, err := h.NodeHistory(t.Context(), q)
	if err != nil || len(got[0].Points) != 0 || text.reads.Load() != 0 {
		t.Errorf("numbers alone: %+v, %d reads of text, %v", got[0], text.reads.Load(), err)
	}
	for _, tt := range []struct {
		step      time.Duration
		aggregate string
	}{{0, ""}, {10 * time.Second, "last"}, {10 * time.Second, "count"}} {
		q.Nodes[0].Exact, q.Nodes[1].Exact, q.Step, q.Aggregate = true, true, tt.step, tt.aggregate
		got, err := h.NodeHistory(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for i, series := range []model.SeriesID{id, s.id} {
			want, more, err := (&h).History(t.Context(), model.HistoryQuery{Series: series, From: q.From, To: q.To, Step: q.Step, Aggregate: q.Aggregate})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got[i].Points, cmpopts.EquateNaNs(), cmpopts.IgnoreFields(model.HistoryPoint{}, "Value")); diff != "" || more != got[i].More {
				t.Errorf("%+v, node %d (-want +got):\n%s", tt, i, diff)
			}
			for n := range want {
				if (want[n].Value == nil) != (got[i].Points[n].Value == nil) || want[n].Value != nil && !want[n].Value.Value.Equal(got[i].Points[n].Value.Value) {
					t.Errorf("%+v, node %d, point %d: %+v, want %+v", tt, i, n, got[i].Points[n].Value, want[n].Value)
				}
			}
		}
	}
	q.Aggregate = "avg"
	if got, err = h.NodeHistory(t.Context(), q); err != nil || !errors.Is(got[0].Err, ingest.ErrInvalid) || got[1].Err != nil || len(got[1].Points) == 0 {
		t.Errorf("averages of text: %+v, %v", got, err)
	}
}
