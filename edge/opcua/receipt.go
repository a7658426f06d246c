package opcua

import (
	"sync/atomic"

	"github.com/shopfloor-iiot/shopfloor/edge"
)

// stores are the DataSets that the values of one message went to. A message is acknowledged to the server when they have all stored them, so that a
// server that sees the gateway die still holds what the gateway had not stored.
type stores []edge.Durable

// add notes that a value went to a sink. Values of one DataSet mostly follow each other.
func (s *stores) add(to sink) {
	var d edge.Durable
	switch to := to.(type) {
	case *fieldSink:
		d = to.set.durable
	case *eventSink:
		d = to.durable()
	}
	if d != nil && (len(*s) == 0 || (*s)[len(*s)-1] != d) {
		*s = append(*s, d)
	}
}

// receipt acknowledges one message when all of its DataSets have stored its values. It is used again for later messages.
type receipt struct {
	sub              *subscription
	id, sequence     uint32
	waiting, unknown atomic.Int32
	done             func(stored bool)
}

func newReceipt() any {
	r := &receipt{}
	r.done = r.stored
	return r
}

// acknowledgeStored acknowledges n when the values that it had are stored.
func (s *subscription) acknowledgeStored(n *notification) {
	r := s.p.receipts.Get().(*receipt)
	r.sub, r.id, r.sequence = s, n.subscription, n.sequence
	r.unknown.Store(0)
	r.waiting.Store(int32(len(s.stores)) + 1)
	for i, d := range s.stores {
		d.Stored(r.done)
		s.stores[i] = nil
	}
	s.stores = s.stores[:0]
	r.stored(true)
}

func (r *receipt) stored(stored bool) {
	if !stored {
		r.unknown.Add(1)
	}
	if r.waiting.Add(-1) > 0 {
		return
	}
	p := r.sub.p
	if r.unknown.Load() > 0 {
		p.unstored.Add(1)
	} else {
		p.acknowledge(r.sub, r.id, r.sequence)
	}
	r.sub = nil
	p.receipts.Put(r)
}
