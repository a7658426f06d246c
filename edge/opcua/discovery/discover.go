package discovery

import (
	"context"
	"net/netip"
	"sync"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

var _ edge.Finder = (*Finder)(nil)

// Finder discovers servers from this machine. It has no state: discoveries may run side by side.
type Finder struct {
	// interfaces and prepare are changed by tests.
	interfaces func() ([]nic, error)
	prepare    func(*scope)
}

// New makes a Finder.
func New() *Finder { return &Finder{interfaces: systemInterfaces, prepare: func(*scope) {}} }

// Check implements edge.Finder.
func (f *Finder) Check(c model.DiscoveryConfig) (model.DiscoveryConfig, error) {
	c, err := Prepare(c)
	if err != nil {
		return c, err
	}
	nics, err := f.interfaces()
	if err != nil {
		return c, err
	}
	_, err = makePlan(&c, nics)
	return c, err
}

// Discover implements edge.Finder: it looks for servers until all that was named has been looked at, or ctx ends, which is the error then.
// What was found until then is in the result in any case. It leaves no goroutine and no connection.
func (f *Finder) Discover(ctx context.Context, c model.DiscoveryConfig, report func(model.DiscoveryProgress)) (edge.Found, error) {
	c, err := Prepare(c)
	if err != nil {
		return edge.Found{}, err
	}
	nics, err := f.interfaces()
	if err != nil {
		return edge.Found{}, err
	}
	plan, err := makePlan(&c, nics)
	if err != nil {
		return edge.Found{}, err
	}
	p := &progress{report: report}
	s := newScope(&c, &plan)
	f.prepare(s)
	e := newExplorer(s, c.Locales, p)
	p.servers = e.counts
	scanner := &scanner{config: &c, scope: s, progress: p, pace: newPace(c.MaxProbesPerSecond)}
	scanner.hit = func(a netip.AddrPort) {
		e.heard(a)
		e.visit(ctx, a, serverURL{a.Addr().String(), a.Port(), ""})
	}
	telling, stop := context.WithCancel(ctx)
	var teller, listener sync.WaitGroup
	p.begin(model.DiscoveryServers, 0)
	teller.Go(func() { p.run(telling) })
	e.visitURLs(ctx, c.DiscoveryURLs)
	listener.Go(func() { e.listen(ctx, plan.multicast) })
	err = scanner.run(ctx)
	p.begin(model.DiscoveryServers, 0)
	listener.Wait()
	e.wait()
	stop()
	teller.Wait()
	p.tell()
	if scanner.exhausted.Load() > 0 {
		e.note("this machine ran out of sockets %d times: fewer probes ran at once; set maxPortProbes lower", scanner.exhausted.Load())
	}
	if e.merge.dropped > 0 {
		e.note("more than %d applications were found: %d were left out; name smaller ranges", maxApplications, e.merge.dropped)
	}
	return edge.Found{
		Applications: e.merge.list(e.announced), Notes: append(plan.notes, e.allNotes()...),
		Absent: func(url string) bool {
			u, ok := parseURL(url)
			a, err := netip.ParseAddr(u.host)
			at := netip.AddrPortFrom(a, u.port)
			return ok && err == nil && s.covers(at) && !e.hasHeard(at)
		},
	}, err
}

// visitURLs visits the servers that the operator named, and so allows their addresses.
func (e *explorer) visitURLs(ctx context.Context, urls []string) {
	type named struct {
		a   netip.AddrPort
		url serverURL
	}
	var list []named
	for _, text := range urls {
		u, _ := parseURL(text)
		addresses := e.scope.resolve(ctx, u.host)
		if len(addresses) == 0 {
			e.note("discoveryUrls: %s: the name has no address here; write an address", text)
			continue
		}
		a := netip.AddrPortFrom(addresses[0], u.port)
		e.scope.name(a)
		list = append(list, named{a, u})
	}
	for _, n := range list { // none is contacted before all are named
		e.visit(ctx, n.a, n.url)
	}
}

// listen visits the servers that announce themselves in the networks.
func (e *explorer) listen(ctx context.Context, nics []nic) {
	if len(nics) == 0 {
		return
	}
	err := askNetworks(ctx, nics, func(a announcement) {
		e.announce(ctx, netip.AddrPort{}, a.url(), a.capabilities)
	})
	if err != nil && ctx.Err() == nil {
		e.note("%v", err)
	}
}
