package opcua

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// watcher gathers changes for one Monitor. Its memory is bounded by the queues of its items.
type watcher struct {
	wake    chan struct{}
	skipped *atomic.Uint64 // values that were not delivered; of the Source

	mu       sync.Mutex
	items    []watcherItem
	waiting  int // items that have not answered
	first    bool
	pending  []model.ValueChange
	states   []model.MonitoredItemState
	link     *model.MonitorConnection // when it changed
	state    model.ConnectionState    // that was told
	overflow bool
}

// watcherItem is one item of a watcher.
type watcherItem struct {
	node       model.ExpandedNodeID
	queue      int
	discardNew bool
	answered   bool
	status     model.StatusCode // that was told
	queued     int              // of pending
}

func newWatcher(keys []watchedKey, skipped *atomic.Uint64) *watcher {
	w := &watcher{wake: make(chan struct{}, 1), skipped: skipped, items: make([]watcherItem, len(keys)), waiting: len(keys), first: true}
	for i := range keys {
		w.items[i] = watcherItem{node: keys[i].item.node, queue: int(keys[i].item.queue), discardNew: keys[i].item.discardNew}
	}
	return w
}

// set adds a value of item i. v is not changed any more.
func (w *watcher) set(i int, v *model.DataValue) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer(i, 0, "")
	w.overflow = w.overflow || v.Status.Overflow()
	w.add(i, model.ValueChange{Item: i, NodeID: w.items[i].node, Value: *v})
}

// refuse notes that item i cannot be monitored; Good that it is after all.
func (w *watcher) refuse(i int, status model.StatusCode, message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer(i, status, message)
	if status.IsBad() {
		w.add(i, model.ValueChange{Item: i, NodeID: w.items[i].node, Value: model.DataValue{Status: status}, Message: message})
	}
	notify(w.wake)
}

// answer notes how item i stands. mu is held.
func (w *watcher) answer(i int, status model.StatusCode, message string) {
	x := &w.items[i]
	if !x.answered {
		x.answered = true
		w.waiting--
	}
	if x.status != status {
		x.status = status
		w.states = slices.DeleteFunc(w.states, func(s model.MonitoredItemState) bool { return s.Item == i })
		w.states = append(w.states, model.MonitoredItemState{Item: i, NodeID: x.node, Status: status, Message: message})
	}
}

// add keeps a change. mu is held.
func (w *watcher) add(i int, c model.ValueChange) {
	x := &w.items[i]
	if x.queued >= x.queue {
		w.overflow = true
		w.skipped.Add(1)
		at := slices.IndexFunc(w.pending, func(p model.ValueChange) bool { return p.Item == i })
		switch {
		case x.queue == 1:
			w.pending[at] = c
			return
		case x.discardNew: // the last of the queue gives way (Part 4, 5.13.1.5)
			for j := len(w.pending) - 1; j >= at; j-- {
				if w.pending[j].Item == i {
					w.pending[j] = c
					return
				}
			}
		}
		w.pending = slices.Delete(w.pending, at, at+1)
		x.queued--
	}
	x.queued++
	w.pending = append(w.pending, c)
	notify(w.wake)
}

// connection notes how the connection to the server stands.
func (w *watcher) connection(s *model.ServerStatus) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.State == w.state {
		return
	}
	w.state = s.State
	w.link = &model.MonitorConnection{State: s.State, Message: s.Error}
	if s.State != model.StateConnected && s.Error == "" {
		w.link.Message = "the gateway is connecting to the server"
	}
}

// noLonger has the first delivery made although items have not answered, which it names.
func (w *watcher) noLonger() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.items {
		if x := &w.items[i]; !x.answered && w.state == model.StateConnected {
			w.answer(i, model.StatusBadWaitingForInitialData, "the server has not sent a value yet")
		}
	}
	w.waiting = 0
}

// take returns what changed since the last time, in the order of the request; not ok when there is nothing to deliver yet.
func (w *watcher) take() (d model.ValueChanges, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	away := w.link != nil && w.link.State != model.StateConnected
	if w.first && w.waiting > 0 && !away || len(w.pending)+len(w.states) == 0 && w.link == nil {
		return d, false
	}
	if w.first && !away {
		w.first = false
	}
	d = model.ValueChanges{Overflow: w.overflow, Changes: w.pending, States: w.states, Connection: w.link}
	slices.SortStableFunc(d.Changes, func(a, b model.ValueChange) int { return cmp.Compare(a.Item, b.Item) })
	for i := range d.Changes {
		w.items[d.Changes[i].Item].queued = 0
	}
	w.pending, w.states, w.link, w.overflow = make([]model.ValueChange, 0, len(d.Changes)), nil, nil, false
	return d, true
}
