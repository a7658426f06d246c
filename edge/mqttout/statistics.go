package mqttout

import (
	"fmt"
	"io"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Statistics are the running totals of a broker since the start, and how it is now.
type Statistics struct {
	Broker string
	State  model.ConnectionState
	// Since is the time of the last change of State; Error tells why it is not Connected.
	Since time.Time
	Error string
	// Published messages are those that the broker has, of QoS 0 those that were written; Bytes are those of their payloads.
	Published, Bytes uint64
	// Dropped frames, of whatever writer, went from the gateway's store before the broker had them; Refused messages are not taken by the broker, too
	// large or not to be encoded, LastRefusal tells why.
	Dropped, Refused uint64
	LastRefusal      string
	Reconnects       uint64
	// Waiting frames of the gateway's store, of whatever writer, are not passed; InFlight messages wait for their acknowledgement.
	Waiting  uint64
	InFlight int
}

// Statistics returns those of all brokers, in the order of the configuration.
func (o *Outputs) Statistics() []Statistics {
	all := make([]Statistics, len(o.brokers))
	for i, b := range o.brokers {
		all[i] = b.statistics()
	}
	return all
}

func (b *Broker) statistics() Statistics {
	s := Statistics{
		Broker: b.cfg.Name, Published: b.counters.published.Load(), Bytes: b.counters.bytes.Load(), Refused: b.counters.refused.Load(),
		InFlight: int(b.counters.inflight.Load()),
	}
	s.Waiting, s.Dropped = b.waiting(), b.counters.dropped.Load()
	if last := b.refusal.Load(); last != nil {
		s.LastRefusal = *last
	}
	b.link.state(&s)
	return s
}

// Status implements edge.Outputs.
func (o *Outputs) Status() []model.OutputStatus {
	var all []model.OutputStatus
	for _, s := range o.Statistics() {
		all = append(all, model.OutputStatus{
			Name: s.Broker, State: s.State, Since: s.Since, Error: s.Error, Waiting: s.Waiting, Sent: s.Published, InFlight: s.InFlight,
			Dropped: s.Dropped, Refused: s.Refused, LastRefusal: s.LastRefusal, Reconnects: s.Reconnects,
		})
	}
	return all
}

// WriteMetrics writes the statistics in Prometheus' text format.
func (o *Outputs) WriteMetrics(w io.Writer) {
	all := o.Statistics()
	metric := func(name, kind string, value func(*Statistics) uint64) {
		if len(all) == 0 {
			return
		}
		fmt.Fprintf(w, "# TYPE %s %s\n", name, kind)
		for i := range all {
			fmt.Fprintf(w, "%s{broker=%q} %d\n", name, all[i].Broker, value(&all[i]))
		}
	}
	metric("shopfloor_output_connected", "gauge", func(s *Statistics) uint64 {
		if s.State == model.StateConnected {
			return 1
		}
		return 0
	})
	metric("shopfloor_output_published_total", "counter", func(s *Statistics) uint64 { return s.Published })
	metric("shopfloor_output_published_bytes_total", "counter", func(s *Statistics) uint64 { return s.Bytes })
	metric("shopfloor_output_dropped_total", "counter", func(s *Statistics) uint64 { return s.Dropped })
	metric("shopfloor_output_refused_total", "counter", func(s *Statistics) uint64 { return s.Refused })
	metric("shopfloor_output_reconnects_total", "counter", func(s *Statistics) uint64 { return s.Reconnects })
	metric("shopfloor_output_waiting", "gauge", func(s *Statistics) uint64 { return s.Waiting })
	metric("shopfloor_output_in_flight", "gauge", func(s *Statistics) uint64 { return uint64(s.InFlight) })
}
