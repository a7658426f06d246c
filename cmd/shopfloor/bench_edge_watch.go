package main

import (
	"fmt"
	"io"
	"time"
)

// sampleEvery is how often a longer run is sampled.
const sampleEvery = 10 * time.Second

// benchSample is how a gateway does at one moment of a longer run.
type benchSample struct {
	Second          float64 `json:"second"`
	RSSBytes        uint64  `json:"rss_bytes"`
	ValuesPerSecond float64 `json:"values_per_second"` // since the sample before
	LateNodes       int     `json:"late_nodes"`
	LossesTold      uint64  `json:"losses_told"` // since the begin
}

// benchWatch looks at a gateway while it is measured, and prints what it sees.
type benchWatch struct {
	g       *benchGateway
	w       io.Writer
	begin   time.Time
	every   time.Duration
	long    bool // keeps the samples
	next    time.Time
	last    time.Time
	values  uint64
	lost    uint64
	peak    uint64
	samples []benchSample
}

func (g *benchGateway) newBenchWatch(cfg *benchEdgeConfig, begin time.Time, progress io.Writer) *benchWatch {
	fmt.Fprintf(progress, "measured: %.0f values in %s\n", float64(cfg.nodes)*cfg.rate*cfg.duration.Seconds(), cfg.duration)
	w := &benchWatch{
		g: g, w: progress, begin: begin, every: time.Second, long: cfg.duration >= time.Minute, last: begin,
		values: g.gateway.Publisher.Statistics().Values, lost: g.serverStatus().LostNotifications,
	}
	if w.long {
		w.every = sampleEvery
	}
	w.next = begin.Add(w.every)
	return w
}

// look takes a sample when it is time to.
func (b *benchWatch) look(now time.Time) {
	if now.Before(b.next) {
		return
	}
	b.next = now.Add(b.every)
	values, status := b.g.gateway.Publisher.Statistics().Values, b.g.serverStatus()
	s := benchSample{
		Second: now.Sub(b.begin).Seconds(), RSSBytes: residentBytes(), ValuesPerSecond: float64(values-b.values) / now.Sub(b.last).Seconds(),
		LateNodes: status.Figures.LateItems, LossesTold: status.LostNotifications - b.lost,
	}
	b.values, b.last, b.peak = values, now, max(b.peak, s.RSSBytes)
	if b.long {
		b.samples = append(b.samples, s)
	}
	fmt.Fprintf(b.w, "measured: %4.0f s, %6.0f values/s, %d MiB resident, %d nodes late, %d losses told\n",
		s.Second, s.ValuesPerSecond, s.RSSBytes>>20, s.LateNodes, s.LossesTold)
}

// benchStages count what was lost in each stage of the gateway.
type benchStages struct {
	Overflows         uint64 `json:"overflows"`          // values that told of a full queue at the server
	MissingMessages   uint64 `json:"missing_messages"`   // that the server no longer had
	CrowdedValues     uint64 `json:"crowded_values"`     // for which the gateway had no room
	UndecodableValues uint64 `json:"undecodable_values"` // bytes that are no values
	DroppedValues     uint64 `json:"dropped_values"`     // of fields that are no more
	RefusedValues     uint64 `json:"refused_values"`     // that cannot be encoded
	UnstoredFrames    uint64 `json:"unstored_frames"`    // handed over, and not known to be stored
}

func (g *benchGateway) stages() benchStages {
	f, p := g.serverStatus().Figures, g.gateway.Publisher.Statistics()
	return benchStages{f.Overflows, f.MissingMessages, f.CrowdedValues, f.UndecodableValues, p.Dropped, p.Refused, p.Unstored}
}

func (s benchStages) since(b benchStages) benchStages {
	return benchStages{
		s.Overflows - b.Overflows, s.MissingMessages - b.MissingMessages, s.CrowdedValues - b.CrowdedValues, s.UndecodableValues - b.UndecodableValues,
		s.DroppedValues - b.DroppedValues, s.RefusedValues - b.RefusedValues, s.UnstoredFrames - b.UnstoredFrames,
	}
}

// String names the stages after the server's queues.
func (s *benchStages) String() string {
	return fmt.Sprintf("messages missing %d, values without room %d, undecodable %d, dropped %d, refused %d, frames unstored %d",
		s.MissingMessages, s.CrowdedValues, s.UndecodableValues, s.DroppedValues, s.RefusedValues, s.UnstoredFrames)
}
