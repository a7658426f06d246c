package edge

import "sync"

// Durable is the ability of a DataSet to tell when values are stored. *Publisher's DataSets have it.
type Durable interface {
	// Stored calls done once: with true as soon as all values that were put before are stored, with false when that will not be known any more. It
	// may do so before it returns, and from any goroutine; done must not block. Values that the DataSet refused or dropped count as stored.
	Stored(done func(stored bool))
}

var _ Durable = (*dataSet)(nil)

// flights are the frames of one DataSet that are on their way to the store, those that were closed together as one flight, and who waits for them. They are bounded by what the sink takes at a time.
type flights struct {
	mu      sync.Mutex
	queue   []*flight // in order of their frames
	free    []*flight
	waiting []func(bool) // for the open frame
	// lost tells that a frame was lost since the last Stored, whose values may be in part those of the next one.
	lost bool
}

// flight is the frames that were closed together.
type flight struct {
	// parts are the frames that have not landed, and one more until all have started.
	parts   int
	lost    bool
	waiting []func(bool)
}

// wait has done called when the frames so far have landed, the open one among them if there is one.
func (f *flights) wait(open bool, done func(bool)) {
	f.mu.Lock()
	lost := f.lost
	f.lost = false
	n := len(f.queue)
	switch {
	case lost:
	case open:
		f.waiting = append(f.waiting, done)
		f.mu.Unlock()
		return
	case n > 0:
		f.queue[n-1].waiting = append(f.queue[n-1].waiting, done)
		f.mu.Unlock()
		return
	}
	f.mu.Unlock()
	done(!lost)
}

// start makes the open frame one that is on its way. It has landed when the caller and all frames that it was given by another have.
func (f *flights) start() *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	var t *flight
	if n := len(f.free); n > 0 {
		t = f.free[n-1]
		f.free = f.free[:n-1]
	} else {
		t = &flight{}
	}
	t.parts = 1
	t.waiting, f.waiting = f.waiting, t.waiting
	f.queue = append(f.queue, t)
	return t
}

// another adds a frame to a flight that has not landed.
func (f *flights) another(t *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t.parts++
}

// land notes what became of a frame of a flight. Those who wait for it are told in the order of the frames, whatever order they land in. A lost
// frame is lost for all who wait: their values may have begun in it.
func (f *flights) land(t *flight, stored bool) {
	f.mu.Lock()
	t.parts--
	if !stored {
		f.lost = true
		for _, later := range f.queue {
			later.lost = true
		}
	}
	for len(f.queue) > 0 && f.queue[0].parts == 0 {
		head := f.queue[0]
		f.queue = append(f.queue[:0], f.queue[1:]...)
		f.mu.Unlock()
		for i, done := range head.waiting {
			done(!head.lost)
			head.waiting[i] = nil
		}
		f.mu.Lock()
		*head = flight{waiting: head.waiting[:0]}
		f.free = append(f.free, head)
	}
	f.mu.Unlock()
}

// Stored implements Durable.
func (d *dataSet) Stored(done func(stored bool)) {
	d.mu.Lock()
	if next := d.next; next != nil {
		d.mu.Unlock()
		next.stored(&d.flights, done)
		return
	}
	defer d.mu.Unlock()
	d.flights.wait(d.values > 0, done)
}
