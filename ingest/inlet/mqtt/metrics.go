package mqtt

import (
	"io"
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"
)

// counters are the Broker's metrics; all are safe for several goroutines.
type counters struct {
	set *metrics.Set

	refusedConnections, badConnects, refusedLogins, refusedTopics *metrics.Counter
	acknowledged, unacknowledged, dropped, oversize, stalled      *metrics.Counter
	retainRefused                                                 *metrics.Counter
	connections                                                   atomic.Int64
}

func newCounters() *counters {
	set := metrics.NewSet()
	c := &counters{
		set:                set,
		refusedConnections: set.NewCounter("shopfloor_mqtt_refused_connections_total"),
		badConnects:        set.NewCounter("shopfloor_mqtt_bad_connects_total"),
		refusedLogins:      set.NewCounter("shopfloor_mqtt_refused_logins_total"),
		refusedTopics:      set.NewCounter("shopfloor_mqtt_refused_topics_total"),
		acknowledged:       set.NewCounter("shopfloor_mqtt_acknowledged_messages_total"),
		unacknowledged:     set.NewCounter("shopfloor_mqtt_unacknowledged_messages_total"),
		dropped:            set.NewCounter("shopfloor_mqtt_dropped_messages_total"),
		oversize:           set.NewCounter("shopfloor_mqtt_oversize_packets_total"),
		stalled:            set.NewCounter("shopfloor_mqtt_stalled_connections_total"),
		retainRefused:      set.NewCounter("shopfloor_mqtt_retain_refused_total"),
	}
	set.NewGauge("shopfloor_mqtt_connections", func() float64 { return float64(c.connections.Load()) })
	return c
}

// WriteMetrics writes all metrics of the Broker in Prometheus' text form.
func (b *Broker) WriteMetrics(w io.Writer) { b.counters.set.WritePrometheus(w) }

// Statistics are running totals since the start.
type Statistics struct {
	// Acknowledged messages of QoS 1 and 2 are done with; Unacknowledged ones ended their connection, to come again. Dropped ones of
	// QoS 0 found no room.
	Acknowledged, Unacknowledged, Dropped uint64
	// RefusedLogins had a wrong name or password, RefusedTopics no right to publish, RefusedConnections no place.
	RefusedLogins, RefusedTopics, RefusedConnections uint64
	// Connections are open now.
	Connections int64
}

// Statistics returns the totals.
func (b *Broker) Statistics() Statistics {
	c := b.counters
	return Statistics{
		Acknowledged: c.acknowledged.Get(), Unacknowledged: c.unacknowledged.Get(), Dropped: c.dropped.Get(),
		RefusedLogins: c.refusedLogins.Get(), RefusedTopics: c.refusedTopics.Get(), RefusedConnections: c.refusedConnections.Get(),
		Connections: c.connections.Load(),
	}
}
