package mqttout

import "sync"

// itemOverhead is what a frame in the queue costs beyond its bytes.
const itemOverhead = 64

// item is a frame of a writer that waits. Without a frame it has the writer's metadata sent.
type item struct {
	writer *writer
	frame  []byte
}

// queue is the frames that wait for the broker. When it is full the oldest ones are dropped. Its methods may be called from several
// goroutines.
type queue struct {
	maxBytes, maxItems int
	wake               chan struct{} // has something when the queue may have

	mu      sync.Mutex
	items   []item // from head on
	head    int
	bytes   int
	dropped uint64
}

func newQueue(maxBytes, maxItems int) *queue {
	return &queue{maxBytes: maxBytes, maxItems: maxItems, wake: make(chan struct{}, 1)}
}

// put appends an item, which belongs to the queue then.
func (q *queue) put(it item) {
	size := len(it.frame) + itemOverhead
	q.mu.Lock()
	for q.len() > 0 && (q.bytes+size > q.maxBytes || q.len() >= q.maxItems) {
		if old := q.take(); old.frame != nil {
			q.dropped++
		}
	}
	q.items = append(q.items, it)
	q.bytes += size
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// pop takes the oldest item, if there is one.
func (q *queue) pop() (it item, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.len() == 0 {
		return item{}, false
	}
	return q.take(), true
}

// clear drops everything.
func (q *queue) clear() {
	for {
		it, ok := q.pop()
		if !ok {
			return
		}
		if it.frame != nil {
			q.mu.Lock()
			q.dropped++
			q.mu.Unlock()
		}
	}
}

func (q *queue) len() int { return len(q.items) - q.head }

// take removes the first item. Room before the head is given back when it is half of the slice.
func (q *queue) take() item {
	it := q.items[q.head]
	q.items[q.head] = item{}
	q.head++
	q.bytes -= len(it.frame) + itemOverhead
	if 2*q.head >= len(q.items) {
		n := copy(q.items, q.items[q.head:])
		clear(q.items[n:])
		q.items, q.head = q.items[:n], 0
	}
	return it
}

// statistics returns how many items wait, their bytes, and how many were dropped.
func (q *queue) statistics() (items, bytes int, dropped uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.len(), q.bytes, q.dropped
}
