package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// limits is graph.Limits: what the platform is bounded by, and what is wrong now. It looks every few seconds, so that an alarm has
// the time at which it began, and logs when one begins or ends.
type limits struct {
	platform *platform
	log      zerolog.Logger

	mu     sync.Mutex
	active map[string]model.Alarm
	// refused is the number of frames that were refused until lastRefused.
	refused     uint64
	lastRefused time.Time
}

var severityNames = map[model.AlarmSeverity]string{model.AlarmWarning: "warning", model.AlarmCritical: "critical"}

// startGrace is how long after the start it is no alarm that values are not stored yet.
const startGrace = 10 * time.Second

// refusedFor is how long after the last refused frame the alarm lasts.
const refusedFor = 5 * time.Minute

// limitInterval is the time between two looks.
const limitInterval = 2 * time.Second

func (l *limits) run(ctx context.Context) error {
	tick := time.NewTicker(limitInterval)
	defer tick.Stop()
	for {
		l.look(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// look brings the alarms up to date.
func (l *limits) look(ctx context.Context) {
	now := time.Now()
	found := l.find(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	next := make(map[string]model.Alarm, len(found))
	for _, a := range found {
		a.Since = now
		if before, ok := l.active[a.ID]; ok {
			a.Since = before.Since
		} else {
			l.log.Warn().Str("alarm", a.ID).Str("remedy", a.Remedy).Msg(a.Message)
		}
		next[a.ID] = a
	}
	for id, a := range l.active {
		if _, ok := next[id]; !ok {
			l.log.Info().Str("alarm", id).Dur("lasted_ms", now.Sub(a.Since)).Msg("alarm is over")
		}
	}
	l.active = next
}

// find returns all that is wrong now.
func (l *limits) find(ctx context.Context) (alarms []model.Alarm) {
	if err := l.platform.cores.health(); err != nil && time.Since(l.platform.started) > startGrace {
		alarms = append(alarms, model.Alarm{
			ID: "ingest", Severity: model.AlarmCritical, Message: "values are not stored: " + err.Error(),
			Remedy: "Nothing is lost: gateways and the stream keep the values. See /readyz for what has to be mended; ingest goes on by itself.",
		})
	}
	all, err := l.Limits(ctx)
	if err != nil {
		return append(alarms, model.Alarm{
			ID: "bus", Severity: model.AlarmCritical, Message: "the bus does not answer: " + err.Error(), Remedy: "See the log of the process that runs it, and the free space of its disk.",
		})
	}
	for i := range all {
		limit := &all[i]
		state := limit.State()
		if state == model.LimitFar || limit.ID == limitDisk {
			continue
		}
		a := model.Alarm{
			ID: "limit." + limit.ID, Message: fmt.Sprintf("%s: %.0f %% of the limit are used", limit.Name, 100*limit.Current/limit.Max), Remedy: limit.Consequence,
		}
		// A stream that drops its oldest is full for good, and goes on to take what comes.
		if state == model.LimitReached && limit.ID != limitEvents {
			a.Severity = model.AlarmCritical
		}
		alarms = append(alarms, a)
	}
	if g := l.platform.guard; g != nil {
		alarms = append(alarms, diskAlarms(g.Stats(), l.platform.diskReserve())...)
	}
	alarms = append(alarms, l.platform.leafs.alarms(l.platform.registry.Gateway, l.platform.started)...)
	alarms = append(alarms, gapAlarms(l.platform.registry.Gateways(), time.Now())...)
	if n := l.platform.cores.live.Statistics().DeadFrames; n > l.refused {
		l.refused, l.lastRefused = n, time.Now()
	}
	if n := l.refused; n > 0 && time.Since(l.lastRefused) < refusedFor {
		alarms = append(alarms, model.Alarm{
			ID: "dead", Severity: model.AlarmCritical, Message: fmt.Sprintf("frames are refused, %d since the start: their values are not stored", n),
			Remedy: "Look at the reasons under deadLetters, and mend the publisher.",
		})
	}
	return alarms
}

// limitDisk is the disk, whose alarm follows from the bytes that are free and not from a share: of a large disk a fifth is plenty.
const limitDisk = "disk"

// limitEvents is the stream of events: when it is full the oldest go before their age.
const limitEvents = "stream." + bus.StreamEvent

func diskAlarms(st bus.GuardStats, reserve int64) []model.Alarm {
	a := model.Alarm{
		ID: limitDisk, Remedy: "Free space, or make the disk larger. At the reserve nothing is taken any more; it goes on by itself when there is room.",
		Message: fmt.Sprintf("the disk has %d MiB free, of which %d MiB are a reserve", st.Free>>20, reserve>>20),
	}
	switch st.Level {
	case bus.DiskLow:
		return []model.Alarm{a}
	case bus.DiskFull:
		a.Severity = model.AlarmCritical
		return []model.Alarm{a}
	}
	return nil
}

// Alarms returns those that are active.
func (l *limits) Alarms(context.Context) ([]model.Alarm, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	alarms := make([]model.Alarm, 0, len(l.active))
	for _, a := range l.active {
		alarms = append(alarms, a)
	}
	slices.SortFunc(alarms, func(a, b model.Alarm) int { return a.Since.Compare(b.Since) })
	return alarms, nil
}

// Limits returns all limits. Streams that drop their oldest are not among them, but for that of events: a flood of alarms must not push
// out the others unnoticed.
func (l *limits) Limits(ctx context.Context) ([]model.Limit, error) {
	p := l.platform
	st, err := p.control.StreamState(ctx, bus.StreamData)
	if err != nil {
		return nil, fmt.Errorf("state of stream %s: %w", bus.StreamData, err)
	}
	events, err := p.control.StreamState(ctx, bus.StreamEvent)
	if err != nil {
		return nil, fmt.Errorf("state of stream %s: %w", bus.StreamEvent, err)
	}
	all := []model.Limit{
		{
			ID: "ingest.series", Name: "Series", Current: float64(p.cores.live.Statistics().Series), Max: float64(p.cfg.Ingest.MaxSeries), Unit: model.LimitSeries,
			Consequence: "When it is reached, frames of further writers go to the dead letters. Raise ingest.maxSeries (some 600 bytes of memory each) or publish fewer fields.",
		},
		{
			ID: "stream." + bus.StreamData, Name: "Frames that wait to be stored", Current: float64(st.Bytes), Max: float64(max(st.MaxBytes, 0)), Unit: model.LimitBytes,
			Consequence: "When it is reached, gateways hold their frames back. Find out why they are not stored, or raise stream.maxBytes.",
		},
		{
			ID: limitEvents, Name: "Events", Current: float64(events.Bytes), Max: float64(max(events.MaxBytes, 0)), Unit: model.LimitBytes,
			Consequence: "When it is reached, the oldest events go before stream.eventMaxAge. Find out which source floods, select fewer fields, or raise stream.maxBytes.",
		},
	}
	if g := p.guard; g != nil {
		disk := g.Stats()
		all = append(all, model.Limit{
			ID: limitDisk, Name: "Disk", Current: float64(disk.Size - disk.Free), Max: float64(disk.Size - p.diskReserve()), Unit: model.LimitBytes,
			Consequence: "When only the reserve is left, nothing is taken any more until there is room. Free space, or make the disk larger.",
		})
	}
	return all, nil
}

// writeMetrics writes the limits and the alarms, so that Prometheus' own rules can be made of them.
func (l *limits) writeMetrics(ctx context.Context, w io.Writer) {
	all, err := l.Limits(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		l.log.Warn().Err(err).Msg("limits cannot be read")
	}
	for i := range all {
		metrics.WriteGaugeFloat64(w, fmt.Sprintf("shopfloor_limit_current{limit=%q}", all[i].ID), all[i].Current)
		metrics.WriteGaugeFloat64(w, fmt.Sprintf("shopfloor_limit_max{limit=%q}", all[i].ID), all[i].Max)
	}
	alarms, _ := l.Alarms(ctx) // never fails
	metrics.WriteGaugeUint64(w, "shopfloor_alarms", uint64(len(alarms)))
	for i := range alarms {
		metrics.WriteGaugeUint64(w, fmt.Sprintf("shopfloor_alarm{alarm=%q,severity=%q}", alarms[i].ID, severityNames[alarms[i].Severity]), 1)
	}
}
