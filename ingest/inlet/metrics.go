package inlet

import (
	"io"
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"
)

// counters are the Inlet's own metrics; all are safe for several goroutines.
type counters struct {
	set *metrics.Set

	messages, bytes            *metrics.Counter
	stored, unstored, metadata *metrics.Counter
	other, tooLarge, blocked   *metrics.Counter
	dead, deadLost             *metrics.Counter
	pending                    atomic.Int64
}

func newCounters() *counters {
	set := metrics.NewSet()
	c := &counters{
		set:      set,
		messages: set.NewCounter("shopfloor_inlet_messages_total"),
		bytes:    set.NewCounter("shopfloor_inlet_bytes_total"),
		stored:   set.NewCounter("shopfloor_inlet_frames_total"),
		unstored: set.NewCounter("shopfloor_inlet_unstored_messages_total"),
		metadata: set.NewCounter("shopfloor_inlet_metadata_total"),
		other:    set.NewCounter("shopfloor_inlet_other_messages_total"),
		tooLarge: set.NewCounter("shopfloor_inlet_too_large_messages_total"),
		blocked:  set.NewCounter("shopfloor_inlet_blocked_total"),
		dead:     set.NewCounter("shopfloor_inlet_dead_messages_total"),
		deadLost: set.NewCounter("shopfloor_inlet_dead_messages_lost_total"),
	}
	set.NewGauge("shopfloor_inlet_pending_bytes", func() float64 { return float64(c.pending.Load()) })
	return c
}

// WriteMetrics writes all metrics of the Inlet in Prometheus' text form.
func (in *Inlet) WriteMetrics(w io.Writer) { in.counters.set.WritePrometheus(w) }

// Statistics are running totals since the start.
type Statistics struct {
	// Messages came; Frames and Metadata of them were stored, Other ones are not to be stored. Dead ones could not be named, DeadLost
	// of them were not kept; TooLarge ones were refused. The fate of Unstored ones is unknown.
	Messages, Frames, Metadata, Other, Dead, DeadLost, TooLarge, Unstored uint64
	// PendingBytes are on their way.
	PendingBytes int64
}

// Statistics returns the totals.
func (in *Inlet) Statistics() Statistics {
	c := in.counters
	return Statistics{
		Messages: c.messages.Get(), Frames: c.stored.Get(), Metadata: c.metadata.Get(), Other: c.other.Get(), Dead: c.dead.Get(),
		DeadLost: c.deadLost.Get(), TooLarge: c.tooLarge.Get(), Unstored: c.unstored.Get(), PendingBytes: c.pending.Load(),
	}
}
