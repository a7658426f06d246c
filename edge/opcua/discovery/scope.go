package discovery

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// lookupTimeout bounds asking for the addresses of a name.
const lookupTimeout = 3 * time.Second

// scope is what one discovery may contact. It is the only way of this package to a server.
type scope struct {
	plan *plan
	// strict tells that the operator named ports: then others are not contacted, also when a server names them.
	strict    bool
	referrals bool
	named     map[netip.AddrPort]bool // by discovery URLs
	hosts     map[netip.Addr]bool     // of named

	connect func(context.Context, netip.AddrPort) (net.Conn, error)
	lookup  func(ctx context.Context, host string) ([]netip.Addr, error)

	mu    sync.Mutex
	names map[string][]netip.Addr // looked up already
}

func newScope(c *model.DiscoveryConfig, p *plan) *scope {
	var dialer net.Dialer
	return &scope{
		plan: p, strict: c.PortRanges != "", referrals: c.FollowReferrals, named: map[netip.AddrPort]bool{}, hosts: map[netip.Addr]bool{},
		names: map[string][]netip.Addr{},
		connect: func(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
			return dialer.DialTCP(ctx, "tcp", netip.AddrPort{}, a)
		},
		lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
	}
}

// name allows what a discovery URL stands for. Called before anything is contacted.
func (s *scope) name(a netip.AddrPort) {
	s.named[a], s.hosts[a.Addr()] = true, true
}

// covers tells whether the operator named a, or it is in the gateway's own networks when he named nothing.
func (s *scope) covers(a netip.AddrPort) bool {
	if s.named[a] {
		return true
	}
	return (s.plan.addresses.contains(a.Addr()) || s.hosts[a.Addr()]) && (!s.strict || s.plan.ports.contains(a.Port()))
}

// allows tells whether a may be contacted.
func (s *scope) allows(a netip.AddrPort) bool { return s.referrals || s.covers(a) }

// dial connects to a if it may be contacted.
func (s *scope) dial(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
	if !s.allows(a) {
		return nil, fmt.Errorf("%s is outside what was named", a)
	}
	return s.connect(ctx, a)
}

// resolve returns the addresses of a host. Names are asked for once.
func (s *scope) resolve(ctx context.Context, host string) []netip.Addr {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}
	}
	if strings.EqualFold(host, "localhost") {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	key := strings.ToLower(host)
	s.mu.Lock()
	addrs, ok := s.names[key]
	s.mu.Unlock()
	if ok {
		return addrs
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	addrs, _ = s.lookup(ctx, host) // a name that cannot be resolved has no addresses
	for i := range addrs {
		addrs[i] = addrs[i].Unmap()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names[key] = addrs
	return addrs
}

// local tells whether a is an address of this machine.
func (s *scope) local(a netip.Addr) bool { return s.plan.own.contains(a) }
