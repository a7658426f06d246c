package victoria

import (
	"io"
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"
)

// remoteCounters are the Remote's own metrics; all are safe for several goroutines.
type remoteCounters struct {
	set *metrics.Set

	requests, rows, bytes, retries, errors *metrics.Counter
	restarts, healthErrors                 *metrics.Counter
	seconds                                *metrics.PrometheusHistogram
	inFlight                               atomic.Int64
}

func newRemoteCounters(r *Remote) *remoteCounters {
	set := metrics.NewSet()
	c := &remoteCounters{
		set:      set,
		requests: set.NewCounter("shopfloor_remote_store_requests_total"),
		rows:     set.NewCounter("shopfloor_remote_store_rows_total"),
		bytes:    set.NewCounter("shopfloor_remote_store_sent_bytes_total"),
		retries:  set.NewCounter("shopfloor_remote_store_retries_total"),
		errors:   set.NewCounter("shopfloor_remote_store_append_errors_total"),
		restarts: set.NewCounter("shopfloor_remote_store_restarts_total"),

		healthErrors: set.NewCounter("shopfloor_remote_store_health_errors_total"),
		seconds:      set.NewPrometheusHistogram("shopfloor_remote_store_request_seconds"),
	}
	set.NewGauge("shopfloor_remote_store_requests_in_flight", func() float64 { return float64(c.inFlight.Load()) })
	set.NewGauge("shopfloor_remote_store_delay_seconds", func() float64 { return r.Delay().Seconds() })
	return c
}

// WriteMetrics writes the Remote's own metrics to w in the Prometheus text format: requests (each try counts), rows that were taken,
// compressed bytes, retries, failed calls of Append, requests under way, the present Delay, restarts of the remote that were seen, and
// looks at its health that failed.
func (r *Remote) WriteMetrics(w io.Writer) { r.counters.set.WritePrometheus(w) }
