package discovery

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// visitTimeout bounds what one server is asked, at the first and at the second attempt.
	visitTimeout = 20 * time.Second
	// maxVisits bounds the servers that are asked, parallelVisits those at a time.
	maxVisits, parallelVisits = 10_000, 16
	maxNotes                  = 100
)

// place is where a server is asked. One address may have several servers, told apart by the path.
type place struct {
	address netip.AddrPort
	path    string
}

// explorer asks servers who they are and whom they know, and these again, each once.
type explorer struct {
	scope    *scope
	locales  []string
	progress *progress
	merge    *merged

	group sync.WaitGroup
	slots chan struct{}
	asked atomic.Uint64 // servers that were, with or without success

	mu        sync.Mutex
	visited   map[place]bool
	answered  map[netip.AddrPort]bool     // as OPC UA servers do
	announced map[netip.AddrPort][]string // capabilities that others told
	notes     []string
	omitted   int
}

func newExplorer(s *scope, locales []string, p *progress) *explorer {
	return &explorer{
		scope: s, locales: locales, progress: p, merge: newMerged(), slots: make(chan struct{}, parallelVisits),
		visited: map[place]bool{}, answered: map[netip.AddrPort]bool{}, announced: map[netip.AddrPort][]string{},
	}
}

// note keeps a remark for the operator.
func (e *explorer) note(format string, args ...any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if text := fmt.Sprintf(format, args...); len(e.notes) < maxNotes-1 && !slices.Contains(e.notes, text) {
		e.notes = append(e.notes, text)
	} else if len(e.notes) == maxNotes-1 {
		e.omitted++
	}
}

// allNotes returns the remarks, when nothing runs any more.
func (e *explorer) allNotes() []string {
	if e.omitted > 0 {
		return append(e.notes, fmt.Sprintf("%d more remarks were left out", e.omitted))
	}
	return e.notes
}

// visit has a server asked unless it was already. It does not wait.
func (e *explorer) visit(ctx context.Context, a netip.AddrPort, url serverURL) {
	p := place{a, strings.ToLower(url.path)}
	e.mu.Lock()
	full := len(e.visited) >= maxVisits
	known := e.visited[p]
	if !full {
		e.visited[p] = true
	}
	e.mu.Unlock()
	if known {
		return
	}
	if full {
		e.note("more than %d servers answered: the rest was not asked; name smaller ranges", maxVisits)
		return
	}
	e.group.Go(func() {
		select {
		case e.slots <- struct{}{}:
			defer func() { <-e.slots }()
		case <-ctx.Done():
			return
		}
		e.progress.at(a)
		err := e.ask(ctx, a, url)
		if err != nil && ctx.Err() == nil {
			err = e.ask(ctx, a, url)
		}
		if err != nil && ctx.Err() == nil {
			e.note("%s: %v", url, err)
		}
		e.progress.applications.Store(int64(e.merge.count()))
		e.asked.Add(1)
	})
}

// wait returns when nobody is left to ask.
func (e *explorer) wait() { e.group.Wait() }

// counts is how many servers were asked, of how many so far.
func (e *explorer) counts() (done, total uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked.Load(), uint64(len(e.visited))
}

// heard notes that a server answered at a.
func (e *explorer) heard(a netip.AddrPort) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.answered[a] {
		e.answered[a] = true
		e.progress.found.Add(1)
	}
}

func (e *explorer) hasHeard(a netip.AddrPort) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.answered[a]
}

// ask asks one server.
func (e *explorer) ask(ctx context.Context, a netip.AddrPort, url serverURL) error {
	c, known, err := greet(ctx, e.scope, a, url.String(), visitTimeout)
	if known {
		e.heard(a)
	}
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.open(); err != nil {
		return err
	}
	endpoints, err := c.getEndpoints(e.locales)
	if err != nil {
		return err
	}
	e.merge.endpoints(a, endpoints)
	for i := range endpoints {
		e.follow(ctx, a, []string{endpoints[i].url})
		e.follow(ctx, a, endpoints[i].server.urls)
	}
	servers, err := c.findServers(e.locales)
	if err != nil {
		return err
	}
	discovery := false
	for i := range servers {
		discovery = discovery || servers[i].kind == kindDiscoveryServer
		e.merge.application(&servers[i])
		e.follow(ctx, a, servers[i].urls)
	}
	if !discovery {
		return nil
	}
	// A discovery server without the multicast extension does not have this service.
	records, err := c.findServersOnNetwork()
	for _, r := range records {
		e.announce(ctx, a, r.url, r.capabilities)
	}
	if err != nil && len(records) == 0 {
		e.note("%s does not tell of servers on its network: %v", url, err)
	}
	return nil
}

// announce visits a server that another one, or a multicast message, told of.
func (e *explorer) announce(ctx context.Context, from netip.AddrPort, url string, capabilities []string) {
	for _, a := range e.follow(ctx, from, []string{url}) {
		e.mu.Lock()
		if len(e.announced) < maxVisits {
			e.announced[a] = capabilities[:min(len(capabilities), maxCapabilities)]
		}
		e.mu.Unlock()
	}
}

// follow visits the servers at urls that from told of, and returns the addresses of those that may be contacted.
func (e *explorer) follow(ctx context.Context, from netip.AddrPort, urls []string) (allowed []netip.AddrPort) {
	for _, text := range urls {
		url, ok := parseURL(text)
		if !ok {
			continue // of another transport
		}
		addresses := e.addressesOf(ctx, from.Addr(), url.host)
		visited := false
		for _, host := range addresses {
			a := netip.AddrPortFrom(host, url.port)
			if e.scope.allows(a) {
				allowed, visited = append(allowed, a), true
				e.visit(ctx, a, serverURL{host.String(), url.port, url.path})
				break
			}
		}
		if !visited && len(addresses) > 0 {
			teller := "multicast"
			if from.IsValid() {
				teller = from.String()
			}
			e.note("%s, told of by %s, is outside what was named: not contacted", text, teller)
		}
	}
	return allowed
}

// addressesOf returns the addresses that a host has for the server at from. What it calls localhost is its own machine and not ours, and so
// is a name that nobody here knows: servers often have their bare host name.
func (e *explorer) addressesOf(ctx context.Context, from netip.Addr, host string) []netip.Addr {
	addresses := e.scope.resolve(ctx, host)
	if !from.IsValid() { // told of by multicast, with the address
		return addresses
	}
	if e.scope.local(from) {
		return append(addresses, from)
	}
	addresses = slices.DeleteFunc(slices.Clone(addresses), netip.Addr.IsLoopback)
	if len(addresses) == 0 {
		return []netip.Addr{from}
	}
	return addresses
}

// modelType is the type of an application in terms of the registry.
func modelType(kind uint32) model.ApplicationType {
	switch kind {
	case 1:
		return model.ApplicationClient
	case 2:
		return model.ApplicationClientAndServer
	case kindDiscoveryServer:
		return model.ApplicationDiscoveryServer
	}
	return model.ApplicationServer
}

const kindDiscoveryServer = 3
