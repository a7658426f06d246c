package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// configurations keeps the newest revision of each gateway's configuration in memory.
type configurations struct {
	bucket ConfigurationBucket
	log    zerolog.Logger
	// collects asks for what is no longer needed of a gateway to be removed.
	collects  chan string
	collected atomic.Uint64

	mu        sync.RWMutex
	snapshots map[string]*snapshot
	owners    map[string]string // gateways by server id
}

func newConfigurations(b ConfigurationBucket, log zerolog.Logger) *configurations {
	return &configurations{bucket: b, log: log, collects: make(chan string, 1), snapshots: map[string]*snapshot{}, owners: map[string]string{}}
}

// get returns the newest snapshot of a gateway; that of one without is empty.
func (c *configurations) get(gateway string) *snapshot {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if s := c.snapshots[gateway]; s != nil {
		return s
	}
	return emptySnapshot(gateway)
}

// all returns the snapshots of all gateways.
func (c *configurations) all() []*snapshot {
	c.mu.RLock()
	defer c.mu.RUnlock()
	list := make([]*snapshot, 0, len(c.snapshots))
	for _, s := range c.snapshots {
		list = append(list, s)
	}
	return list
}

// owner returns the gateway that a server belongs to, "" if there is no such server.
func (c *configurations) owner(server string) string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.owners[server]
}

// take makes a snapshot the newest of its gateway, unless a newer one is there.
func (c *configurations) take(s *snapshot) {
	c.mu.Lock()
	defer c.mu.Unlock()
	gateway := s.commit.Gateway
	if old := c.snapshots[gateway]; old != nil {
		if old.stored >= s.stored {
			return
		}
		for id := range old.servers {
			if c.owners[id] == gateway {
				delete(c.owners, id)
			}
		}
	}
	for id := range s.servers {
		c.owners[id] = gateway
	}
	c.snapshots[gateway] = s
}

// watch keeps the snapshots as the bucket is, until ctx ends. loaded is called once, when all there was is in memory. A revision that cannot be read is
// left out; the one before it stays.
func (c *configurations) watch(ctx context.Context, loaded func(), refused func(key []string, err error)) error {
	updates, err := c.bucket.WatchEach(ctx, headName)
	if err != nil {
		return fmt.Errorf("watch bucket %s: %w", BucketConfiguration, err)
	}
	for e := range updates {
		switch {
		case e.InitDone:
			loaded()
		case e.Deleted, len(e.Key) == 0, c.get(e.Key[0]).stored >= e.Revision:
		default:
			s, err := loadSnapshot(ctx, c.bucket, e, c.get(e.Key[0]))
			if err != nil && ctx.Err() == nil {
				refused(e.Key, err)
			} else if err == nil {
				c.take(s)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return fmt.Errorf("watch bucket %s: %w", BucketConfiguration, errWatchEnded)
}

// commits returns the commits that the bucket keeps of a gateway, oldest first.
func (c *configurations) commits(ctx context.Context, gateway string) ([]commit, error) {
	entries, err := c.bucket.History(ctx, headPath(gateway))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []commit
	for _, e := range entries {
		if e.Deleted {
			continue
		}
		var one commit
		if err := json.Unmarshal(e.Value, &one); err != nil {
			return nil, fmt.Errorf("commit of the configuration of gateway %q: %w", gateway, err)
		}
		list = append(list, one)
	}
	return list, nil
}

// revision loads an earlier revision of a gateway.
func (c *configurations) revision(ctx context.Context, gateway string, revision uint64) (*snapshot, error) {
	current := c.get(gateway)
	if current.commit.Revision == revision {
		return current, nil
	}
	entries, err := c.bucket.History(ctx, headPath(gateway))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	var oldest uint64
	for _, e := range entries {
		var one commit
		if e.Deleted || json.Unmarshal(e.Value, &one) != nil {
			continue
		}
		if one.Revision == revision {
			return loadSnapshot(ctx, c.bucket, e, current)
		}
		if oldest == 0 {
			oldest = one.Revision
		}
	}
	return nil, fmt.Errorf("revision %d of gateway %q: %w; the ones from %d to %d are kept", revision, gateway, ErrNotFound, oldest, current.commit.Revision)
}

const (
	// collectEach is how many revisions make it worth to look for parts that no revision needs any more.
	collectEach = 16
	// collectAge keeps parts that may belong to a revision that is just being stored.
	collectAge = time.Hour
)

// wantCollect asks for a gateway to be collected. When another one waits already, the next multiple of collectEach asks again.
func (c *configurations) wantCollect(gateway string) {
	select {
	case c.collects <- gateway:
	default:
	}
}

// runCollect collects whom wantCollect asks for until ctx ends.
func (c *configurations) runCollect(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case gateway := <-c.collects:
			if err := c.collect(ctx, gateway, time.Now().Add(-collectAge)); err != nil && ctx.Err() == nil {
				c.log.Warn().Err(err).Str("gateway", gateway).Msg("old parts of the configuration stay for now")
			}
		}
	}
}

// collect removes the parts of a gateway that no kept revision has and that were written before a time. A part that somebody writes again
// meanwhile has another revision, so that its purge is refused.
func (c *configurations) collect(ctx context.Context, gateway string, before time.Time) error {
	parts, err := c.bucket.Keys(ctx, []string{gateway, "part"})
	if err != nil {
		return err
	}
	commits, err := c.commits(ctx, gateway)
	if err != nil {
		return err
	}
	needed := map[string]bool{}
	for _, one := range commits {
		fresh := slices.DeleteFunc(slices.Clone(one.Entries), func(p partRef) bool { return needed[p.Hash] })
		entries, err := readParts[entry](ctx, c.bucket, gateway, fresh)
		if err != nil {
			return fmt.Errorf("%s: %w", &one.ConfigurationRevision, err)
		}
		for _, p := range fresh {
			needed[p.Hash] = true
		}
		for _, e := range entries {
			for _, p := range e.Fields {
				needed[p.Hash] = true
			}
		}
	}
	for _, p := range parts {
		if len(p.Key) != 3 || needed[p.Key[2]] || !p.Time.Before(before) {
			continue
		}
		if err := c.bucket.Purge(ctx, p.Key, p.Revision); err == nil {
			c.collected.Add(1)
		} else if !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return nil
}

// history returns the revisions of a gateway that are kept, newest first.
func (c *configurations) history(ctx context.Context, gateway string) ([]model.ConfigurationRevision, error) {
	commits, err := c.commits(ctx, gateway)
	if err != nil {
		return nil, err
	}
	list := make([]model.ConfigurationRevision, 0, len(commits))
	for _, one := range slices.Backward(commits) {
		list = append(list, one.ConfigurationRevision)
	}
	return list, nil
}
