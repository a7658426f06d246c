package udp

import (
	"io"

	"github.com/VictoriaMetrics/metrics"
)

// counters are the Receiver's metrics; all are safe for several goroutines.
type counters struct {
	set *metrics.Set

	received, dropped, malformed, unstored, readErrors, probes, probeErrors *metrics.Counter
}

func newCounters() *counters {
	set := metrics.NewSet()
	return &counters{
		set:         set,
		received:    set.NewCounter("shopfloor_udp_datagrams_total"),
		dropped:     set.NewCounter("shopfloor_udp_dropped_datagrams_total"),
		malformed:   set.NewCounter("shopfloor_udp_malformed_datagrams_total"),
		unstored:    set.NewCounter("shopfloor_udp_unstored_datagrams_total"),
		readErrors:  set.NewCounter("shopfloor_udp_read_errors_total"),
		probes:      set.NewCounter("shopfloor_udp_probes_total"),
		probeErrors: set.NewCounter("shopfloor_udp_probe_errors_total"),
	}
}

// WriteMetrics writes all metrics of the Receiver in Prometheus' text form.
func (r *Receiver) WriteMetrics(w io.Writer) { r.counters.set.WritePrometheus(w) }

// Statistics are running totals since the start.
type Statistics struct {
	// Received datagrams were read; Dropped ones of them found the queue full, Malformed ones are no UADP or were refused by the inlet,
	// Unstored ones could not be handed over or are not known to be stored.
	Received, Dropped, Malformed, Unstored uint64
	// Probes were sent.
	Probes uint64
}

// Statistics returns the totals.
func (r *Receiver) Statistics() Statistics {
	c := r.counters
	return Statistics{
		Received: c.received.Get(), Dropped: c.dropped.Get(), Malformed: c.malformed.Get(), Unstored: c.unstored.Get(), Probes: c.probes.Get(),
	}
}
