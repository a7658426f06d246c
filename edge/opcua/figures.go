package opcua

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// figures count what goes on between a Source and its server. Values and lastValue are noted once a notification, not once a value.
type figures struct {
	values atomic.Uint64
	// What was lost, by where:
	overflows   atomic.Uint64 // values that tell that others before them were lost in a queue at the server
	missing     atomic.Uint64 // messages that the server no longer had
	crowded     atomic.Uint64 // values for which there was no room here
	undecodable atomic.Uint64 // values
	lastValue   atomic.Int64  // arrival in Unix ns; 0 before the first
	publishes   atomic.Int64  // Publish requests at the server
}

// arrived notes the values of one notification.
func (f *figures) arrived(now time.Time, values int) {
	if values > 0 {
		f.values.Add(uint64(values))
		f.lastValue.Store(now.UnixNano())
	}
}

// lost sums up what was lost, each kind in its own unit.
func (f *figures) lost() uint64 {
	return f.overflows.Load() + f.missing.Load() + f.crowded.Load() + f.undecodable.Load()
}

// serverFigures are those of all subscriptions for publishing. ValuesPerSecond is the gateway's to fill in.
func (p *publishing) serverFigures() model.ServerFigures {
	f := model.ServerFigures{
		Values: p.figures.values.Load(), Overflows: p.figures.overflows.Load(), LastValue: timeOf(p.figures.lastValue.Load()),
		Publishes: int(p.figures.publishes.Load()), MissingMessages: p.figures.missing.Load(), CrowdedValues: p.figures.crowded.Load(),
		UndecodableValues: p.figures.undecodable.Load(),
	}
	for _, sub := range p.all() {
		sub.mu.Lock()
		if sub.id != 0 {
			f.Subscriptions++
		}
		sub.mu.Unlock()
		f.Queued += sub.box.values()
	}
	return f
}

// totalsShare is how much longer totals are used than it took to count them: hundreds of thousands of items are counted now and then only.
const totalsShare = 100

// itemTotals are how many items are at the server, how many it refused or reports Bad, and how many are late.
type itemTotals struct {
	mu                sync.Mutex
	active, bad, late int
	until             time.Time // when they are to be counted anew
}

// counts returns the totals, which are old by a hundred times the time that counting takes at most: some 5 s for 100,000 items.
func (p *publishing) counts() (active, bad, late int) {
	t := &p.totals
	t.mu.Lock()
	defer t.mu.Unlock()
	if begin := time.Now(); !begin.Before(t.until) {
		t.active, t.bad, t.late = p.count(&moment{now: begin})
		end := time.Now()
		t.until = end.Add(totalsShare * end.Sub(begin))
	}
	return t.active, t.bad, t.late
}

func (p *publishing) count(at *moment) (active, bad, late int) {
	for _, sub := range p.all() {
		if sub.live {
			continue
		}
		sub.mu.Lock()
		at.publishing = max(sub.revised, sub.interval)
		for _, it := range sub.items {
			switch {
			case it.state == itemRefused:
				bad++
			case it.state == itemActive:
				active++
				if it.counts.bad() {
					bad++
				} else if it.late(at) > 0 {
					late++
				}
			}
		}
		sub.mu.Unlock()
	}
	return active, bad, late
}
