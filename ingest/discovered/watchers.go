package discovered

import (
	"context"
	"sync"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// watchers are those who watch discoveries.
type watchers struct {
	mu   sync.Mutex
	list map[*watcher]bool
}

// watcher gets one discovery as it changes. Its channel holds the newest state, and is closed once, under the lock.
type watcher struct {
	id  string
	out chan model.Discovery
	all *watchers
}

// add makes a watcher that ends with ctx.
func (ws *watchers) add(ctx context.Context, id string) *watcher {
	w := &watcher{id: id, out: make(chan model.Discovery, 1), all: ws}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.list == nil {
		ws.list = map[*watcher]bool{}
	}
	ws.list[w] = true
	context.AfterFunc(ctx, func() { ws.remove(w) })
	return w
}

func (ws *watchers) remove(w *watcher) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.end(w)
}

// end closes a watcher's channel. The caller holds the lock.
func (ws *watchers) end(w *watcher) {
	if ws.list[w] {
		delete(ws.list, w)
		close(w.out)
	}
}

// endAll closes the channels of all watchers.
func (ws *watchers) endAll() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.list {
		ws.end(w)
	}
}

// tell gives a changed discovery to those who watch it.
func (ws *watchers) tell(d model.Discovery) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.list {
		if w.id == d.ID {
			ws.give(w, d)
		}
	}
}

// give replaces what waits in a watcher's channel. The last state is followed by the end.
func (ws *watchers) give(w *watcher, d model.Discovery) {
	select {
	case <-w.out:
	default:
	}
	w.out <- d
	if d.Progress.Phase.Final() {
		ws.end(w)
	}
}

// begin gives the state at the begin, unless a newer one came meanwhile.
func (w *watcher) begin(d model.Discovery) {
	w.all.mu.Lock()
	defer w.all.mu.Unlock()
	if w.all.list[w] && len(w.out) == 0 {
		w.all.give(w, d)
	}
}
