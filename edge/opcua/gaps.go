package opcua

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxPendingGaps bounds the gaps of a subscription that wait for its next delivery; further ones prolong the last.
const maxPendingGaps = 16

// maxClockError is how far the clock of a device may be off for the times of its values to say when some are missing.
const maxClockError = 7 * 24 * time.Hour

// authored is a sink of a writer.
type authored interface{ author() model.WriterKey }

// lose notes values that did not come since the last message.
func (s *subscription) lose(g model.Gap) {
	g.From, g.To = timeOf(s.came.Load()), time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(g)
}

// notAvailable is the gap of a message that the server does not send again.
func notAvailable(err error) model.Gap {
	return model.Gap{Cause: model.GapNotAvailable, Messages: 1, Detail: "the server does not send a notification again: " + err.Error()}
}

// note keeps a gap until the next delivery tells it, which knows the writers. Under s.mu.
func (s *subscription) note(g model.Gap) {
	if s.live {
		return
	}
	if n := len(s.gaps); n > 0 && (s.gaps[n-1].Cause == g.Cause || n >= maxPendingGaps) {
		last := &s.gaps[n-1]
		last.To = g.To
		last.Messages += g.Messages
		last.Values += g.Values
		return
	}
	s.gaps = append(s.gaps, g)
}

// endGap ends the gap of a subscription that was lost, with the first values of the next one.
func (s *subscription) endGap(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.missing == nil || s.lost {
		return
	}
	g := *s.missing
	s.missing = nil
	g.To = now
	s.note(g)
}

// overflowed notes that the queue of an item was full at the server: what is missing is between its value before and v, or behind v when the
// newest are dropped. The times are those of the values, where the server tells them. Under s.deliver.
func (s *subscription) overflowed(it *item, v *model.DataValue, now time.Time) {
	if s.live {
		return
	}
	from, to := timeOf(cmp.Or(it.counts.last.Load(), s.before, it.counts.since.Load())), plausible(v, now)
	switch {
	case it.discardNew:
		from, to = to, now
	case it.has:
		from = plausible(&it.last, from)
	case s.before != 0: // the last value of the gateway's last life is not known
		from = timeOf(s.before)
	}
	g := &s.overflow
	if g.Values == 0 {
		*g = model.Gap{Cause: model.GapServerQueue, From: from, To: to, Writers: g.Writers[:0], Detail: "the queues of nodes overflowed at the server: enlarge their queue size"}
	}
	if from.Before(g.From) {
		g.From = from
	}
	if to.After(g.To) {
		g.To = to
	}
	g.Values++
	if a, ok := it.sink.(authored); ok && len(g.Writers) < model.MaxGapWriters && !slices.Contains(g.Writers, a.author()) {
		g.Writers = append(g.Writers, a.author())
	}
}

// plausible is the source timestamp of a value unless that is far from its arrival: clocks of devices may be absurd.
func plausible(v *model.DataValue, arrived time.Time) time.Time {
	if at := v.SourceTimestamp.Time(); !v.SourceTimestamp.IsZero() && at.Sub(arrived).Abs() < maxClockError {
		return at
	}
	return arrived
}

// tellGaps reports the gaps that came up. Under s.deliver.
func (s *subscription) tellGaps() {
	if g := s.overflow; g.Values > 0 {
		s.overflow.Values = 0
		g.Writers = slices.Clone(g.Writers)
		g.WriterCount = len(g.Writers)
		s.p.tell(g)
	}
	s.mu.Lock()
	gaps := s.gaps
	s.gaps = nil
	var writers []model.WriterKey
	if len(gaps) > 0 {
		writers = s.writers()
	}
	s.mu.Unlock()
	for _, g := range gaps {
		g.WriterCount, g.Writers = len(writers), writers[:min(len(writers), model.MaxGapWriters)]
		s.p.tell(g)
	}
}

// writers are those of the items. Under s.mu and s.deliver.
func (s *subscription) writers() []model.WriterKey {
	var keys []model.WriterKey
	seen := map[model.WriterKey]bool{}
	for _, it := range s.items {
		if a, ok := it.sink.(authored); ok && !seen[a.author()] {
			seen[a.author()] = true
			keys = append(keys, a.author())
		}
	}
	return keys
}

// tell reports a gap of the server.
func (p *publishing) tell(g model.Gap) {
	if p.cfg.OnGap != nil {
		g.Server = p.cfg.Server
		p.cfg.OnGap(g)
	}
}
