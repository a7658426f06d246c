package addressspace

import (
	"context"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// followPause is the pause before changes are followed again after that ended.
const followPause = 15 * time.Second

// follow hears of changes of the server's address space until ctx ends.
func (k *keeper) follow(ctx context.Context) {
	for ctx.Err() == nil {
		changes, err := k.cache.host.ModelChanges(ctx, k.server, model.ModelMonitorRequest{Rebrowse: -1})
		if err == nil { // else the gateway is not there
			k.follows(true)
			for c := range changes {
				k.changed(&c)
			}
			k.follows(false)
		}
		_ = wait(ctx, followPause) // it fails when ctx ends
	}
}

// follows notes that changes are followed from now on, or no more.
func (k *keeper) follows(on bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.told = false
	if on {
		k.followed = time.Now()
	}
}

// changed notes what changed.
func (k *keeper) changed(c *model.ModelChanges) {
	k.mu.Lock()
	k.told = c.Told
	k.mu.Unlock()
	if c.Reload {
		k.demandAll(false)
		return
	}
	if len(c.Changes) == 0 {
		return
	}
	stale := make([]model.ExpandedNodeID, 0, len(c.Changes))
	for i := range c.Changes {
		stale = append(stale, c.Changes[i].Affected)
	}
	k.demand(stale)
}

// widen adds to the stale nodes those that the change of these concerns: properties, which may have other values; and the nodes above
// those that are gone or new, of which a server need not say that their references changed (Part 3, 9.32).
func (c *crawler) widen(ctx context.Context) error {
	var added []model.ExpandedNodeID
	stale := make([]model.ExpandedNodeID, 0, len(c.stale))
	for id := range c.stale {
		stale = append(stale, id)
	}
	concerned := map[int32]bool{}
	for _, id := range stale {
		at, ok := c.known.Find(id)
		if !ok {
			added = append(added, id)
			continue
		}
		concerned[at] = true
		from, to := c.known.references(at)
		for ; from < to; from++ {
			if c.known.referenceTypes[c.known.kinds[from]].id == hasProperty {
				c.stale[c.known.NodeID(c.known.targets[from])] = true
			}
		}
	}
	for i := range c.known.nodes {
		from, to := c.known.references(int32(i))
		for _, target := range c.known.targets[from:to] {
			if concerned[target] {
				c.stale[c.known.NodeID(int32(i))] = true
			}
		}
	}
	return c.findParents(ctx, added)
}

// findParents adds the nodes above new ones to the stale nodes.
func (c *crawler) findParents(ctx context.Context, added []model.ExpandedNodeID) error {
	numbers := make([]int32, len(added))
	for i := range numbers {
		numbers[i] = int32(i)
	}
	results, err := inBatches(ctx, c, numbers, func(ctx context.Context, part []int32) ([]model.BrowseResult, error) {
		descriptions := make([]model.BrowseDescription, len(part))
		for i, n := range part {
			descriptions[i] = model.BrowseDescription{
				NodeID: added[n], Direction: model.BrowseInverse, ReferenceType: hierarchicalReferences, IncludeSubtypes: true, MaxReferences: pageSize,
			}
		}
		return c.services.Browse(ctx, c.server, descriptions)
	})
	if err != nil {
		return fmt.Errorf("browse what is new on server %q: %w", c.server, err)
	}
	for i := range results {
		for j := range results[i].References {
			c.stale[results[i].References[j].NodeID] = true
		}
	}
	return nil
}
