package bus

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// This file writes the platform's own metrics of the bus in the Prometheus text form. The bus is in the gateway too, which
// has no library for that.

// metricsWait bounds the questions that one scrape asks the server.
const metricsWait = 2 * time.Second

type metric struct {
	name  string
	value any // a number
}

// writeMetrics writes one line a metric, with the label if it has a name.
func writeMetrics(w io.Writer, label, value string, list ...metric) {
	if label != "" {
		label = fmt.Sprintf("{%s=%q}", label, value)
	}
	for _, m := range list {
		fmt.Fprintf(w, "shopfloor_%s%s %v\n", m.name, label, m.value)
	}
}

// WriteMetrics writes what each stream and bucket holds and may hold, and the totals of the connections. While the server
// does not answer, the streams are missing and shopfloor_bus_up is 0; it waits for that 2 s at most.
//
// What a limit of age or size removed is dropped; what a full stream's readers removed because they have it is purged. An
// operator's purge of a stream that drops its oldest counts as dropped.
func (c *Conn) WriteMetrics(w io.Writer) {
	ctx, cancel := context.WithTimeout(context.Background(), metricsWait)
	defer cancel()
	list := c.js.ListStreams(ctx)
	for info := range list.Info() {
		writeStream(w, info)
	}
	up := 1
	if list.Err() != nil {
		up = 0
	}
	st := c.Stats()
	writeMetrics(w, "", "",
		metric{"bus_up", up}, metric{"bus_slow_consumers_total", st.SlowConsumers}, metric{"bus_async_errors_total", st.AsyncErrors},
		metric{"bus_disconnects_total", st.Disconnects}, metric{"bus_restarts_total", st.Restarts},
	)
}

func writeStream(w io.Writer, info *jetstream.StreamInfo) {
	st, cfg := &info.State, &info.Config
	gone := uint64(st.NumDeleted)
	if st.Msgs == 0 {
		gone = st.LastSeq
	} else if st.FirstSeq > 1 {
		gone += st.FirstSeq - 1
	}
	by := "stream_dropped_messages_total"
	if cfg.Discard == jetstream.DiscardNew || cfg.Name == StreamBuffer { // what a buffer dropped is among the metrics of its Forwarder
		by = "stream_purged_messages_total"
	}
	limit := cfg.MaxBytes
	if bound, held := cfg.Metadata[metadataBound]; held {
		// The Guard holds the stream: its own bound is what counts for an alarm.
		_, _ = fmt.Sscan(bound, &limit) // else the present one
	}
	writeMetrics(w, "stream", cfg.Name,
		metric{"stream_bytes", st.Bytes}, metric{"stream_limit_bytes", limit}, metric{"stream_messages", st.Msgs},
		metric{by, gone}, metric{"stream_replicas", cfg.Replicas},
	)
	if st.Msgs > 0 {
		writeMetrics(w, "stream", cfg.Name, metric{"stream_oldest_timestamp_seconds", st.FirstTime.Unix()})
	}
	if cfg.MaxAge > 0 {
		writeMetrics(w, "stream", cfg.Name, metric{"stream_max_age_seconds", int64(cfg.MaxAge / time.Second)})
	}
}

// WriteMetrics writes what the Guard measured, and what it did.
func (g *Guard) WriteMetrics(w io.Writer) {
	st := g.Stats()
	writeMetrics(w, "dir", g.cfg.Dir,
		metric{"disk_free_bytes", st.Free}, metric{"disk_size_bytes", st.Size}, metric{"disk_reserve_bytes", g.cfg.Reserve},
		metric{"disk_level", uint8(st.Level)}, metric{"disk_low_total", st.Low}, metric{"disk_full_total", st.Full},
		metric{"bus_dead_streams", len(st.Dead)}, metric{"bus_dead_streams_seen_total", st.DeadSeen},
	)
}

// WriteMetrics writes how the partitions are shared, as this process sees it.
func (l *Leases) WriteMetrics(w io.Writer) {
	st := l.Stats()
	writeMetrics(w, "", "",
		metric{"lease_held", st.Held}, metric{"lease_taken_total", st.Taken}, metric{"lease_lost_total", st.Lost},
		metric{"lease_given_total", st.Given}, metric{"lease_failed_total", st.Failed},
	)
}

// WriteMetrics writes the totals of the TextStore.
func (s *TextStore) WriteMetrics(w io.Writer) {
	st := s.Stats()
	writeMetrics(w, "", "",
		metric{"text_stored_total", st.Stored}, metric{"text_too_large_total", st.TooLarge}, metric{"text_late_total", st.Late},
		metric{"text_damaged_total", st.Damaged}, metric{"text_on_way", st.OnWay},
	)
}

// Add adds the totals of another EventStore.
func (st *EventStats) Add(o EventStats) {
	st.Stored += o.Stored
	st.Repeated += o.Repeated
	st.TooLarge += o.TooLarge
	st.OnWay += o.OnWay
}

// WriteMetrics writes the totals.
func (st EventStats) WriteMetrics(w io.Writer) {
	writeMetrics(w, "", "",
		metric{"event_stored_total", st.Stored}, metric{"event_repeated_total", st.Repeated}, metric{"event_too_large_total", st.TooLarge},
		metric{"event_on_way", st.OnWay},
	)
}

// WriteMetrics writes the totals of the EventFeed.
func (f *EventFeed) WriteMetrics(w io.Writer) {
	st := f.Stats()
	writeMetrics(w, "", "",
		metric{"event_subscribers", st.Subscribers}, metric{"event_delivered_total", st.Delivered}, metric{"event_missed_total", st.Missed},
		metric{"event_damaged_total", st.Damaged},
	)
}

// WriteMetrics writes the totals of the Publisher.
func (p *Publisher) WriteMetrics(w io.Writer) {
	st := p.Stats()
	writeMetrics(w, "gateway", p.cfg.Gateway,
		metric{"publisher_stored_total", st.Stored}, metric{"publisher_refused_total", st.Refused}, metric{"publisher_resent_total", st.Resent},
		metric{"publisher_full_total", st.Full}, metric{"publisher_timeouts_total", st.Timeouts}, metric{"publisher_errors_total", st.Errors},
		metric{"publisher_duplicates_total", st.Duplicates}, metric{"publisher_blocked_total", st.Blocked},
		metric{"publisher_frames", st.Frames}, metric{"publisher_bytes", st.Bytes},
	)
}

// WriteMetrics writes what the Forwarder handed over, and how it stands. What is in the buffer is among the metrics of streams.
func (f *Forwarder) WriteMetrics(w io.Writer) {
	st := f.Stats()
	connected, backlog := 0, 0
	if st.Connected {
		connected = 1
	}
	if st.Backlog {
		backlog = 1
	}
	writeMetrics(w, "", "",
		metric{"forwarder_connected", connected}, metric{"forwarder_frames_total", st.Frames}, metric{"forwarder_bytes_total", st.Bytes},
		metric{"forwarder_uploads_total", st.Uploads}, metric{"forwarder_dropped_frames_total", st.Dropped}, metric{"forwarder_retries_total", st.Retries},
		metric{"forwarder_backlog", backlog}, metric{"forwarder_late_frames_total", st.Late},
	)
}
