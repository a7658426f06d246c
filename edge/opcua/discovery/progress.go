package discovery

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// reportInterval is how often progress is told. Changes of the phase are told at once.
const reportInterval = 100 * time.Millisecond

// progress is how far a discovery is. Its methods may be called from several goroutines.
type progress struct {
	report func(model.DiscoveryProgress)
	// servers is how many servers were asked, of how many.
	servers func() (done, total uint64)

	done         atomic.Uint64
	found        atomic.Int64
	applications atomic.Int64

	mu      sync.Mutex // of the fields below
	phase   model.DiscoveryPhase
	total   uint64
	current netip.AddrPort

	reporting sync.Mutex // report is called by one goroutine at a time
}

// begin begins a phase.
func (p *progress) begin(phase model.DiscoveryPhase, total uint64) {
	p.mu.Lock()
	p.phase, p.total = phase, total
	p.done.Store(0)
	p.mu.Unlock()
	p.tell()
}

// at tells what is contacted now. It does not wait: the newest of many is enough.
func (p *progress) at(a netip.AddrPort) {
	if p.mu.TryLock() {
		p.current = a
		p.mu.Unlock()
	}
}

func (p *progress) snapshot() model.DiscoveryProgress {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := model.DiscoveryProgress{
		Phase: p.phase, Done: p.done.Load(), Total: p.total, Found: int(p.found.Load()), Applications: int(p.applications.Load()),
	}
	if s.Phase == model.DiscoveryServers {
		s.Done, s.Total = p.servers()
	}
	if p.current.IsValid() {
		s.Current = p.current.String()
	}
	return s
}

func (p *progress) tell() {
	p.reporting.Lock()
	defer p.reporting.Unlock()
	p.report(p.snapshot())
}

// run tells the progress from time to time, until ctx ends.
func (p *progress) run(ctx context.Context) {
	tick := time.NewTicker(reportInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.tell()
		}
	}
}
