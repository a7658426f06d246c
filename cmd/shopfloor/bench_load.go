package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// benchWriterFields is how many series a writer publishes; the last one may have fewer.
const benchWriterFields = 1000

// benchLoad publishes rounds values of each series, a second apart, the way a gateway does.
type benchLoad struct {
	platform       *platform
	series, rounds int
	start          time.Time
	sets           []edge.DataSet
	// before is how many values there were already when publish began.
	before uint64
}

// values is how many there are.
func (l *benchLoad) values() uint64 { return uint64(l.series) * uint64(l.rounds) }

func newBenchLoad(ctx context.Context, p *platform, cfg benchConfig) (*benchLoad, error) {
	l := &benchLoad{platform: p, series: cfg.series, rounds: cfg.rounds}
	l.start = time.Now().Add(-time.Duration(cfg.rounds+1) * time.Second).Truncate(time.Second)
	for first := 0; first < cfg.series; first += benchWriterFields {
		fields := make([]model.FieldMetaData, min(benchWriterFields, cfg.series-first))
		for j := range fields {
			n := first + j
			fields[j] = model.FieldMetaData{
				Name: fmt.Sprint("f", n), BuiltInType: model.TypeDouble, ValueRank: model.ValueRankScalar,
				Node: model.ExpandedNodeID{NodeID: model.StringID(0, fmt.Sprintf("Machine%d.Temperature", n)), NamespaceURI: "urn:bench"},
			}
		}
		i := len(l.sets)
		w := model.DataSetWriter{
			Gateway: p.cfg.Gateway, Group: "bench", Name: fmt.Sprint("w", i), Server: "bench", GroupID: 1, WriterID: uint16(i + 1),
		}
		d, err := p.gateway.Publisher.Open(ctx, w, fields, nil)
		if err != nil {
			return nil, err
		}
		l.sets = append(l.sets, d)
	}
	return l, nil
}

func benchValue(series, round int) model.Variant {
	return model.DoubleValue(float64(series*round%977) * 0.1)
}

// register publishes a first value of each series, a second before the others, and waits until it is stored.
func (l *benchLoad) register(ctx context.Context, progress io.Writer) error {
	first := *l
	first.start, first.rounds = l.start.Add(-time.Second), 1
	report := newBenchProgress(progress, "first values of all series", first.values())
	if err := errors.Join(first.publish(ctx, report), first.wait(ctx, report)); err != nil {
		return err
	}
	l.before = first.values()
	return nil
}

// publish hands all values to the gateway's publisher.
func (l *benchLoad) publish(ctx context.Context, progress *benchProgress) error {
	for round := range l.rounds {
		v := model.DataValue{SourceTimestamp: model.DateTimeOf(l.start.Add(time.Duration(round) * time.Second))}
		for i := range l.series {
			v.Value = benchValue(i, round)
			l.sets[i/benchWriterFields].Put(i%benchWriterFields, &v)
			if i%benchWriterFields == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
		}
		progress.at(l.platform.cores.live.Statistics().Values - l.before)
	}
	return nil
}

// wait returns when the core has given all values to the store.
func (l *benchLoad) wait(ctx context.Context, progress *benchProgress) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		s := l.platform.cores.live.Statistics()
		switch {
		case s.Values >= l.before+l.values():
			return nil
		case s.DeadFrames > 0:
			return fmt.Errorf("%d frames did not decode", s.DeadFrames)
		}
		progress.at(s.Values - l.before)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// benchAudited is how many series are read back whole; the others differ in nothing but their names.
const benchAudited = 100

// audit reads series back and compares each value.
func (l *benchLoad) audit(ctx context.Context, r ingest.Reader) (lost, duplicated int64, err error) {
	span := ingest.Range{From: l.start, To: l.start.Add(time.Duration(l.rounds) * time.Second), Limit: 2 * l.rounds}
	for i := 0; i < l.series; i += max(1, l.series/benchAudited) {
		match := []ingest.Matcher{{Name: "group", Value: "bench"}, {Name: "field", Value: fmt.Sprint("f", i)}}
		samples, err := r.Samples(ctx, "opcua_value", match, span)
		if err != nil {
			return 0, 0, fmt.Errorf("read back series %d: %w", i, err)
		}
		seen := make([]bool, l.rounds)
		for _, s := range samples {
			round := int(time.UnixMilli(s.Time).Sub(l.start) / time.Second)
			want, _ := benchValue(i, round).Number()
			switch {
			case s.Value < want-1e-9 || s.Value > want+1e-9:
				return 0, 0, fmt.Errorf("series %d has %v in round %d, want %v", i, s.Value, round, want)
			case seen[round]:
				duplicated++
			}
			seen[round] = true
		}
		for _, ok := range seen {
			if !ok {
				lost++
			}
		}
	}
	return lost, duplicated, nil
}
