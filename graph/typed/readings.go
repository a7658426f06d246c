package typed

import (
	"sync"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// reading is a value to read; each node is read once, however often it is asked for.
type reading struct {
	id     model.ExpandedNodeID
	result *model.ReadResult
	err    error
}

// book has the value of a node read.
func (r *run) book(server string, id model.ExpandedNodeID) *reading {
	at := place{server, id}
	b := r.reads[at]
	if b == nil {
		b = &reading{id: id}
		r.reads[at] = b
		r.order[server] = append(r.order[server], b)
	}
	if r.live != nil {
		r.live.own(at, r.owner)
	}
	return b
}

// fetch reads all values, and what the fixed schema has, at the same time.
func (r *run) fetch() {
	var wg sync.WaitGroup
	if r.live != nil {
		r.live.fill(r.order)
	} else {
		wg.Go(func() { each(r.order, r.readAll) })
	}
	wg.Go(r.readHistories)
	for _, d := range r.delegated {
		wg.Go(func() { d.run(r) })
	}
	wg.Wait()
}

func (r *run) readAll(server string, values []*reading) {
	fail := func(err error) {
		for _, v := range values {
			v.err = err
		}
	}
	defer r.caught(fail)
	ids := make([]model.ReadValueID, len(values))
	for i, v := range values {
		ids[i] = model.ReadValueID{NodeID: v.id, Attribute: model.AttributeValue}
	}
	results, err := inBatches(ids, func(batch []model.ReadValueID) ([]model.ReadResult, error) {
		results, err := r.x.services.Read(r.ctx, server, batch)
		return checked(results, err, len(batch), "read from", server)
	})
	if err != nil {
		fail(err)
		return
	}
	for i := range results {
		values[i].result = &results[i]
	}
}
