package ingest

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"
)

// counters are the Core's own metrics; all are safe for several goroutines.
type counters struct {
	set *metrics.Set

	frames, repeated, late                   *metrics.Counter
	dead, deadLost, missing                  *metrics.Counter
	values, rows, screened, superseded       *metrics.Counter
	appendErrors, checkpointErrors           *metrics.Counter
	purgeErrors, rewinds                     *metrics.Counter
	events, eventErrors                      *metrics.Counter
	textErrors, seriesRefused, chunksGivenUp *metrics.Counter
	alarms                                   map[alarm]*metrics.Counter
	appendSeconds, checkpointSeconds         *metrics.PrometheusHistogram

	subscriptions atomic.Int64
}

func newCounters() *counters {
	set := metrics.NewSet()
	c := &counters{
		set:               set,
		frames:            set.NewCounter("shopfloor_ingest_frames_total"),
		repeated:          set.NewCounter("shopfloor_ingest_repeated_frames_total"),
		late:              set.NewCounter("shopfloor_ingest_late_frames_total"),
		dead:              set.NewCounter("shopfloor_ingest_dead_frames_total"),
		deadLost:          set.NewCounter("shopfloor_ingest_dead_frames_lost_total"),
		missing:           set.NewCounter("shopfloor_ingest_missing_frames_total"),
		values:            set.NewCounter("shopfloor_ingest_values_total"),
		rows:              set.NewCounter("shopfloor_ingest_rows_total"),
		screened:          set.NewCounter("shopfloor_ingest_screened_total"),
		superseded:        set.NewCounter("shopfloor_ingest_superseded_samples_total"),
		appendErrors:      set.NewCounter("shopfloor_ingest_append_errors_total"),
		checkpointErrors:  set.NewCounter("shopfloor_ingest_checkpoint_errors_total"),
		purgeErrors:       set.NewCounter("shopfloor_ingest_purge_errors_total"),
		rewinds:           set.NewCounter("shopfloor_ingest_rewinds_total"),
		events:            set.NewCounter("shopfloor_ingest_events_total"),
		eventErrors:       set.NewCounter("shopfloor_ingest_event_errors_total"),
		textErrors:        set.NewCounter("shopfloor_ingest_text_errors_total"),
		chunksGivenUp:     set.NewCounter("shopfloor_ingest_chunked_messages_given_up_total"),
		seriesRefused:     set.NewCounter("shopfloor_ingest_writers_refused_total"),
		appendSeconds:     set.NewPrometheusHistogramExt("shopfloor_ingest_append_seconds", secondsBounds()),
		checkpointSeconds: set.NewPrometheusHistogramExt("shopfloor_ingest_checkpoint_seconds", secondsBounds()),
		alarms: map[alarm]*metrics.Counter{
			alarmReplaced: set.NewCounter(`shopfloor_ingest_stream_alarms_total{alarm="replaced"}`),
			alarmTailLost: set.NewCounter(`shopfloor_ingest_stream_alarms_total{alarm="tail_lost"}`),
			alarmGap:      set.NewCounter(`shopfloor_ingest_stream_alarms_total{alarm="gap"}`),
			alarmFile:     set.NewCounter(`shopfloor_ingest_stream_alarms_total{alarm="checkpoint_file"}`),
		},
	}
	set.NewGauge("shopfloor_ingest_telemetry_subscriptions", func() float64 { return float64(c.subscriptions.Load()) })
	return c
}

// secondsBounds are the upper bounds of the buckets of what takes from under a millisecond to many seconds.
func secondsBounds() []float64 {
	return []float64{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
}

// alarm counts an alarm and the frames that it says are lost.
func (c *counters) alarm(a alarm, lost uint64) {
	c.alarms[a].Inc()
	c.missing.Add(int(lost))
}

// WriteMetrics writes all metrics of the Cores that share l in Prometheus' text form, among them the screened values of each
// writer.
func (l *Live) WriteMetrics(w io.Writer) {
	l.counters.set.WritePrometheus(w)
	l.writeScreened(w)
	healthy, maxSeries := 1, 0
	cores := l.running()
	for _, c := range cores {
		if c.Health() != nil {
			healthy = 0
		}
		maxSeries = max(maxSeries, c.cfg.MaxSeries)
	}
	s := l.Statistics()
	fmt.Fprintf(w, "shopfloor_ingest_cores %d\nshopfloor_ingest_healthy %d\nshopfloor_ingest_series %d\nshopfloor_ingest_series_limit %d\n",
		len(cores), healthy, s.Series, maxSeries)
	fmt.Fprintf(w, "shopfloor_ingest_backlog_frames %d\nshopfloor_ingest_checkpoint_sequence %d\n", s.Backlog, s.Checkpoint)
}

// writeScreened writes the values screened, of writers that have any.
func (l *Live) writeScreened(w io.Writer) {
	for _, wr := range l.list() {
		wr.mu.Lock()
		screened := wr.screened
		wr.mu.Unlock()
		for why, n := range screened {
			if n > 0 {
				fmt.Fprintf(w, "shopfloor_ingest_screened_values_total{gateway=%s,group=%s,writer=%s,reason=%q} %d\n",
					quoteLabel(wr.key.Gateway), quoteLabel(wr.key.Group), quoteLabel(wr.key.Writer), reasonNames[why], n)
			}
		}
	}
}

// quoteLabel quotes a label's value as the text form wants it: other than in Go only three characters are escaped.
func quoteLabel(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
