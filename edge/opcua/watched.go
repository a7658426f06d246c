package opcua

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// watchedGrace is how long an item stays at the server that nobody monitors any more: somebody may come back.
const watchedGrace = 2 * time.Second

// watchedKey is what is monitored. Who asks for the same shares it.
type watchedKey struct {
	sub  subscriptionKey
	item monitored
}

// watchedItems are the items of all Monitors of a Source.
type watchedItems struct {
	publishing *publishing
	skipped    atomic.Uint64 // values that a Monitor was too slow for

	mu       sync.Mutex
	items    map[watchedKey]*watchedItem
	monitors int
}

// acquire has the items of a watcher monitored, in the order of the keys.
func (h *watchedItems) acquire(keys []watchedKey, w *watcher) []*watchedItem {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.monitors++
	items := make([]*watchedItem, len(keys))
	var fresh []*watchedItem
	var wants []wanted
	for i, key := range keys {
		x := h.items[key]
		if x == nil {
			x = &watchedItem{key: key}
			h.items[key] = x
			fresh, wants = append(fresh, x), append(wants, wanted{key: key.sub, item: key.item, sink: x})
		}
		x.users++
		items[i] = x
		x.join(taker{w, i})
	}
	for i, it := range h.publishing.add(wants) {
		fresh[i].item = it
	}
	return items
}

// release ends the use of items. Those that nobody uses go after a grace time.
func (h *watchedItems) release(items []*watchedItem, w *watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.monitors--
	now := time.Now()
	for _, x := range items {
		x.leave(w)
		if x.users--; x.users == 0 {
			x.idle = now
		}
	}
	time.AfterFunc(watchedGrace, h.sweep)
}

// sweep ends the items that nobody has used for the grace time.
func (h *watchedItems) sweep() {
	h.mu.Lock()
	defer h.mu.Unlock()
	over := map[subscriptionKey][]*item{}
	for key, x := range h.items {
		if x.users == 0 && time.Since(x.idle) >= watchedGrace {
			over[key.sub] = append(over[key.sub], x.item)
			delete(h.items, key)
		}
	}
	for sub, items := range over {
		h.publishing.remove(sub, items)
	}
}

// counts are the Monitors and the items at the server that they share.
func (h *watchedItems) counts() (monitors, items int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.monitors, len(h.items)
}

// watchedItem is one item with those who monitor it.
type watchedItem struct {
	key watchedKey
	// Under watchedItems.mu:
	item  *item
	users int
	idle  time.Time

	mu      sync.Mutex
	takers  []taker
	last    *model.DataValue // nil before the first; not changed any more
	status  model.StatusCode // Bad while it is refused
	message string
}

// taker is an item of a watcher.
type taker struct {
	w *watcher
	i int
}

var _ sink = (*watchedItem)(nil)

// join adds a taker, and gives it what is known.
func (x *watchedItem) join(t taker) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.takers = append(x.takers, t)
	switch {
	case x.status.IsBad():
		t.w.refuse(t.i, x.status, x.message)
	case x.last != nil:
		t.w.set(t.i, x.last)
	}
}

func (x *watchedItem) leave(w *watcher) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.takers = slices.DeleteFunc(x.takers, func(t taker) bool { return t.w == w })
}

// put hands one copy of a value to all.
func (x *watchedItem) put(v *model.DataValue) {
	c := v.Clone()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.last, x.status, x.message = &c, 0, ""
	for _, t := range x.takers {
		t.w.set(t.i, &c)
	}
}

func (x *watchedItem) refused(status model.StatusCode, message string) { x.settled(status, message) }

func (x *watchedItem) accepted() { x.settled(0, "") }

func (x *watchedItem) settled(status model.StatusCode, message string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.status, x.message = status, message
	for _, t := range x.takers {
		t.w.refuse(t.i, status, message)
	}
}
