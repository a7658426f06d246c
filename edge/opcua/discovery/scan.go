package discovery

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxPerAddress bounds the probes that run at once against one address of another machine: small devices have few sockets.
	maxPerAddress = 50
	// An address is looked at first, through knocks of its ports, when it has more than fewPorts.
	fewPorts, knocks = 16, 3
	// exhaustedPause is the wait after this machine ran out of sockets.
	exhaustedPause = 100 * time.Millisecond
	// maxAttempts bounds how often a probe is made: an address family that this machine does not have looks the same.
	maxAttempts = 5
)

// scanner looks for what listens.
type scanner struct {
	config   *model.DiscoveryConfig
	scope    *scope
	progress *progress
	pace     *pace
	// exhausted counts how often this machine had no socket for a probe, which was then tried again.
	exhausted atomic.Uint64
	// hit is called for each address at which a server answered, from several goroutines.
	hit func(netip.AddrPort)
}

// run scans the plan. It returns early only when ctx ends.
func (s *scanner) run(ctx context.Context) error {
	plan := s.scope.plan
	addresses := make([]netip.Addr, 0, plan.addresses.total)
	distant := 0
	for i := range plan.addresses.total {
		a := plan.addresses.at(i)
		addresses = append(addresses, a)
		if !s.scope.local(a) {
			distant++
		}
	}
	if plan.ports.total > fewPorts && distant > 1 {
		addresses = s.inUse(ctx, addresses)
		distant = 0
		for _, a := range addresses {
			if !s.scope.local(a) {
				distant++
			}
		}
	}
	s.ports(ctx, addresses, distant)
	return ctx.Err()
}

// inUse returns the addresses at which something answers, if only with a refusal. Those of this machine do.
func (s *scanner) inUse(ctx context.Context, addresses []netip.Addr) []netip.Addr {
	ports := s.scope.plan.ports.knocks(knocks)
	alive := make([]atomic.Bool, len(addresses))
	total := uint64(len(addresses)) * uint64(len(ports))
	s.progress.begin(model.DiscoveryNetworks, total)
	s.each(ctx, total, s.config.MaxNetworkProbes, 100, func(ctx context.Context, i uint64) error {
		n := i / uint64(len(ports))
		a := addresses[n]
		if s.scope.local(a) || alive[n].Load() {
			alive[n].Store(true)
			return nil
		}
		yes, err := s.knock(ctx, netip.AddrPortFrom(a, ports[i%uint64(len(ports))]))
		if yes {
			alive[n].Store(true)
		}
		return err
	})
	var used []netip.Addr
	for i, a := range addresses {
		if alive[i].Load() {
			used = append(used, a)
		}
	}
	return used
}

// knock tells whether somebody is at an address. The error is that this machine has no socket left.
func (s *scanner) knock(ctx context.Context, a netip.AddrPort) (bool, error) {
	if err := s.pace.wait(ctx); err != nil {
		return false, nil
	}
	s.progress.at(a)
	ctx, cancel := context.WithTimeout(ctx, s.config.NetworkProbeTimeout)
	defer cancel()
	conn, err := s.scope.dial(ctx, a)
	if err == nil {
		conn.Close()
		return true, nil
	}
	if outOfSockets(err) {
		return false, err
	}
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET), nil
}

// ports greets all ports of the addresses, of which so many are not on this machine.
func (s *scanner) ports(ctx context.Context, addresses []netip.Addr, distant int) {
	ports := s.scope.plan.ports
	total := uint64(len(addresses)) * ports.total
	s.progress.begin(model.DiscoveryPorts, total)
	workers := s.config.MaxPortProbes
	if distant == len(addresses) {
		workers = min(workers, maxPerAddress*distant)
	}
	s.each(ctx, total, workers, s.config.MinPortProbesPercent, func(ctx context.Context, i uint64) error {
		a := netip.AddrPortFrom(addresses[i/ports.total], ports.at(i%ports.total))
		if !s.scope.local(a.Addr()) && s.pace.wait(ctx) != nil {
			return nil
		}
		s.progress.at(a)
		known, err := s.probe(ctx, a)
		if known {
			s.hit(a)
		}
		return err
	})
}

// probe tells whether an OPC UA server listens at a. The error is that this machine has no socket left.
func (s *scanner) probe(ctx context.Context, a netip.AddrPort) (bool, error) {
	c, known, err := greet(ctx, s.scope, a, "opc.tcp://"+a.String(), s.config.PortProbeTimeout)
	if err == nil {
		c.abort()
	}
	if outOfSockets(err) {
		return false, err
	}
	return known, nil
}

// outOfSockets tells that a connection could not be tried.
func outOfSockets(err error) bool {
	for _, e := range [...]error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// insist makes a probe until it could be made, or often enough. again tells that it did not go at first.
func (s *scanner) insist(ctx context.Context, i uint64, probe func(context.Context, uint64) error) (again bool) {
	for range maxAttempts {
		if probe(ctx, i) == nil {
			return again
		}
		again = true
		s.exhausted.Add(1)
		if sleep(ctx, exhaustedPause) != nil {
			return again
		}
	}
	return again
}

// each calls probe for all numbers below total, in mixed order, by as many workers. A probe that returns an error is made again after a
// pause, and a worker ends as long as least percent of them are left.
func (s *scanner) each(ctx context.Context, total uint64, workers, leastPercent int, probe func(context.Context, uint64) error) {
	workers = int(min(uint64(workers), total))
	if workers == 0 {
		return
	}
	order := newShuffle(total)
	var next atomic.Uint64
	var left atomic.Int64
	left.Store(int64(workers))
	least := int64(max(1, workers*leastPercent/100))
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for ctx.Err() == nil {
				i := next.Add(1) - 1
				if i >= total {
					return
				}
				again := s.insist(ctx, order.at(i), probe)
				s.progress.done.Add(1)
				if again && left.Add(-1) >= least {
					return
				} else if again {
					left.Add(1)
				}
			}
		})
	}
	group.Wait()
}
