package bus

import (
	"context"
	"sync"
)

// onWay counts what was given to a Publisher and is not stored yet. The zero value is ready for use.
type onWay struct {
	mu      sync.Mutex
	n       int
	settled chan struct{} // closed when n falls to 0; nil when nobody waits
	err     error         // first one since the last flush
}

func (w *onWay) add() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n++
}

// settle takes one off, whose fate is err.
func (w *onWay) settle(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n--
	if w.err == nil {
		w.err = err
	}
	if w.n == 0 && w.settled != nil {
		close(w.settled)
		w.settled = nil
	}
}

func (w *onWay) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n
}

// flush blocks until all is settled and returns the first error since the last flush. When ctx ends first it returns that error and
// forgets nothing.
func (w *onWay) flush(ctx context.Context) error {
	w.mu.Lock()
	if w.n > 0 && w.settled == nil {
		w.settled = make(chan struct{})
	}
	settled := w.settled
	w.mu.Unlock()
	if settled != nil {
		select {
		case <-settled:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.err
	w.err = nil
	return err
}
