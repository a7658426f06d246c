package opcua

import (
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// figures count what goes on between a Source and its server. Values and lastValue are noted once a notification, not once a value.
type figures struct {
	values    atomic.Uint64
	overflows atomic.Uint64
	lastValue atomic.Int64 // arrival in Unix ns; 0 before the first
	publishes atomic.Int64 // Publish requests at the server
}

// arrived notes the values of one notification.
func (f *figures) arrived(now time.Time, values int) {
	if values > 0 {
		f.values.Add(uint64(values))
		f.lastValue.Store(now.UnixNano())
	}
}

// figures are those of all subscriptions for publishing. ValuesPerSecond is the gateway's to fill in.
func (p *publishing) serverFigures() model.ServerFigures {
	f := model.ServerFigures{
		Values: p.figures.values.Load(), Overflows: p.figures.overflows.Load(), LastValue: timeOf(p.figures.lastValue.Load()),
		Publishes: int(p.figures.publishes.Load()),
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
