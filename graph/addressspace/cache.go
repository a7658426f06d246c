package addressspace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// lookInterval is how often it is looked for servers that came, went or connected.
	lookInterval = 5 * time.Second
	// parallelServers are browsed at a time; the others wait.
	parallelServers = 4
)

// ErrUnknown says that there is no such server.
var ErrUnknown = errors.New("no such server")

// Host is the platform as a Cache sees it.
type Host interface {
	Services
	// Servers are the ids of all servers.
	Servers() []string
	// Connected tells whether a server is connected, and since when.
	Connected(server string) (since time.Time, ok bool)
	// ModelChanges delivers changes of a server's address space until ctx ends; then, or when the gateway goes away, the channel is closed.
	ModelChanges(ctx context.Context, server string, r model.ModelMonitorRequest) (<-chan model.ModelChanges, error)
}

// Store keeps what is known over a restart. Load returns nil for what is not there.
type Store interface {
	Load(server string) ([]byte, error)
	Save(server string, space []byte) error
	// Keep removes what is stored of other servers.
	Keep(servers []string) error
}

// Config of a Cache.
type Config struct {
	Limits
	// Interval is after how long a server is browsed again that does not tell of changes; 0 for never.
	Interval time.Duration
}

// Cache has the address spaces of all servers.
type Cache struct {
	cfg   Config
	host  Host
	store Store
	log   zerolog.Logger
	slots chan struct{} // of those who browse
	counts

	mu      sync.RWMutex
	keepers map[string]*keeper
	running sync.WaitGroup
}

// counts are running totals.
type counts struct {
	requests, failures, browses, failedBrowses, searches atomic.Uint64
}

// NewCache makes a Cache that is empty before Run. Its limits must be positive.
func NewCache(cfg Config, host Host, store Store, log zerolog.Logger) *Cache {
	return &Cache{cfg: cfg, host: host, store: store, log: log, slots: make(chan struct{}, parallelServers), keepers: map[string]*keeper{}}
}

// Run keeps the address spaces until ctx ends. The host knows all servers before.
func (c *Cache) Run(ctx context.Context) error {
	defer c.running.Wait()
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for first := true; ; first = false {
		c.look(ctx, first)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look begins to keep the address spaces of new servers, and ends it for those that are gone.
func (c *Cache) look(ctx context.Context, first bool) {
	ids := c.host.Servers()
	c.mu.Lock()
	defer c.mu.Unlock()
	changed := first
	for id, k := range c.keepers {
		if !slices.Contains(ids, id) {
			k.stop()
			delete(c.keepers, id)
			changed = true
		}
	}
	for _, id := range ids {
		if c.keepers[id] != nil {
			continue
		}
		k := &keeper{cache: c, server: id, log: c.log.With().Str("server", id).Logger(), wake: make(chan struct{}, 1)}
		var kept context.Context
		kept, k.stop = context.WithCancel(ctx)
		c.keepers[id] = k
		c.running.Go(func() { k.run(kept) })
	}
	if changed {
		if err := c.store.Keep(ids); err != nil {
			c.log.Warn().Err(err).Msg("stored address spaces of servers that are gone are not removed")
		}
	}
}

func (c *Cache) keeper(server string) *keeper {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.keepers[server]
}

// Space is what is known of a server; nil for nothing.
func (c *Cache) Space(server string) *Space {
	if k := c.keeper(server); k != nil {
		return k.space.Load()
	}
	return nil
}

// Status tells how it stands with the address space of a server.
func (c *Cache) Status(server string) Status {
	if k := c.keeper(server); k != nil {
		return k.status()
	}
	return Status{State: Waiting}
}

// Refresh has the address space of a server browsed again now.
func (c *Cache) Refresh(server string) error {
	k := c.keeper(server)
	if k == nil {
		return fmt.Errorf("%w: %q", ErrUnknown, server)
	}
	k.demandAll(true)
	return nil
}

// Servers are those whose address space is kept, in the order of their ids.
func (c *Cache) Servers() []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	ids := make([]string, 0, len(c.keepers))
	for id := range c.keepers {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Found is a hit with its server.
type Found struct {
	Hit
	Server string
}

// Search finds nodes on the servers that are named, or on all when there is none: the best first, servers in the order of their ids.
func (c *Cache) Search(ctx context.Context, servers []string, q *Query) ([]Found, error) {
	c.searches.Add(1)
	if len(servers) == 0 {
		servers = c.Servers()
	}
	var found []Found
	for _, id := range servers {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		space := c.Space(id)
		if space == nil {
			continue
		}
		for _, h := range space.Search(q) {
			found = append(found, Found{h, id})
		}
	}
	if len(servers) > 1 {
		slices.SortStableFunc(found, func(a, b Found) int { return cmp.Compare(a.Rank, b.Rank) })
	}
	return found, nil
}

// NodeID is the id of the node that was found.
func (f *Found) NodeID() model.ExpandedNodeID { return f.Space.NodeID(f.Node) }
