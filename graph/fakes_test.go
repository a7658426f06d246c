package graph

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// fakeStore is a store of the series a, b, c … with what HistoryFunc says in them.
type fakeStore struct {
	series      []model.Series
	filter      model.SeriesFilter
	HistoryFunc func(q model.HistoryQuery) ([]model.HistoryPoint, bool, error)
	// NodeHistoryFunc answers histories of nodes; nodeHistories counts the questions.
	NodeHistoryFunc func(q model.NodeHistoryQuery) ([]model.NodeHistory, error)
	nodeHistories   atomic.Int64
}

func (f *fakeStore) Series(_ context.Context, filter model.SeriesFilter, after model.SeriesID, limit int) ([]model.Series, error) {
	f.filter = filter
	var list []model.Series
	for _, s := range f.series {
		if s.ID.String() > after.String() || after == (model.SeriesID{}) {
			list = append(list, s)
		}
	}
	return list[:min(limit, len(list))], nil
}

func (f *fakeStore) History(_ context.Context, q model.HistoryQuery) ([]model.HistoryPoint, bool, error) {
	return f.HistoryFunc(q)
}

func (f *fakeStore) NodeHistory(_ context.Context, q model.NodeHistoryQuery) ([]model.NodeHistory, error) {
	f.nodeHistories.Add(1)
	return f.NodeHistoryFunc(q)
}

// fakeLive knows the values of latest.
type fakeLive struct {
	latest        map[model.SeriesID]model.DataValue
	TelemetryFunc func(ctx context.Context, f model.SeriesFilter, interval time.Duration) (<-chan model.TelemetryBatch, error)
}

func (f *fakeLive) Latest(id model.SeriesID) (model.DataValue, bool) {
	v, ok := f.latest[id]
	return v, ok
}

func (f *fakeLive) Telemetry(ctx context.Context, filter model.SeriesFilter, interval time.Duration) (<-chan model.TelemetryBatch, error) {
	return f.TelemetryFunc(ctx, filter, interval)
}

func (f *fakeLive) Statistics() model.IngestStatistics {
	return model.IngestStatistics{
		ValuesPerSecond: 1.5, Values: 1 << 60, Frames: 2, DeadFrames: 3, ScreenedValues: 4, Backlog: 5, Series: 6, Checkpoint: 7,
	}
}

func (f *fakeLive) ServerRate(string) float64          { return 12.5 }
func (f *fakeLive) WriterRate(model.WriterKey) float64 { return 6.25 }

// fakeDeadLetters has letters in the order of their ids.
type fakeDeadLetters struct {
	letters []model.DeadLetter
	filter  model.DeadLetterFilter
	err     error
}

func (f *fakeDeadLetters) DeadLetters(_ context.Context, filter model.DeadLetterFilter, before uint64, limit int) ([]model.DeadLetter, error) {
	f.filter = filter
	var list []model.DeadLetter
	for _, l := range slices.Backward(f.letters) {
		if (before == 0 || l.ID < before) && len(list) < limit {
			list = append(list, l)
		}
	}
	return list, f.err
}

// fakeLimits has what a test puts in.
type fakeLimits struct {
	limits []model.Limit
	alarms []model.Alarm
	err    error
}

func (f *fakeLimits) Limits(context.Context) ([]model.Limit, error) { return f.limits, f.err }
func (f *fakeLimits) Alarms(context.Context) ([]model.Alarm, error) { return f.alarms, f.err }
