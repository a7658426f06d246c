package opcua

import "time"

// A server that says that its model changed has writers looked at again whose fields depend on it. Such events come in bursts, and some servers send them
// all the time: they are waited for, and there is a pause between two looks that grows with the time that a look takes.
const (
	lookSettle = time.Second
	lookPace   = 10 * time.Second
	lookShare  = 10 // a look takes a tenth of the time at most
)

// looking is when writers are looked at again. Under writers.mu.
type looking struct {
	at   time.Time // zero when nothing is asked for
	last time.Time
	took time.Duration
}

// ask wants a look.
func (l *looking) ask(now time.Time) {
	if !l.at.IsZero() {
		return
	}
	l.at = now.Add(lookSettle)
	if free := l.last.Add(max(lookPace, lookShare*l.took)); free.After(l.at) {
		l.at = free
	}
}

// begin tells whether a look is due.
func (l *looking) begin(now time.Time) bool {
	if l.at.IsZero() || now.Before(l.at) {
		return false
	}
	l.at, l.last = time.Time{}, now
	return true
}

// end notes how long it took.
func (l *looking) end(now time.Time) { l.took, l.last = now.Sub(l.last), now }

// modelChanged has the writers looked at again that depend on the server's model.
func (w *writers) modelChanged() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looking.ask(time.Now())
	notify(w.wake)
}

// look makes the writers stale that depend on the server's model, if it is time to.
func (w *writers) lookAgain(now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.looking.begin(now) {
		return false
	}
	for key := range w.desired {
		if want := w.desired[key]; dependsOnModel(&want) {
			w.stale[key] = true
		}
	}
	return true
}

// looked notes that all are looked at.
func (w *writers) looked() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looking.end(time.Now())
}
