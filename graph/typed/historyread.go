package typed

import (
	"fmt"
	"sync"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// readHistories asks the store once for all variables with the same arguments, or each of their servers once. What has other arguments waits for its turn.
func (r *run) readHistories() {
	var wg sync.WaitGroup
	for _, servers := range []bool{false, true} {
		wg.Go(func() {
			for _, h := range r.histories {
				switch {
				case h.err != nil || h.servers != servers:
				case servers:
					r.readServerHistory(h)
				default:
					r.readStoredHistory(h)
				}
			}
		})
	}
	wg.Wait()
}

func (r *run) readStoredHistory(h *historyRead) {
	defer r.caught(func(err error) { h.err = err })
	results, err := r.x.services.NodeHistory(r.ctx, h.query)
	if h.results, err = historyResults(results, err, len(h.query.Nodes)); err != nil {
		h.err = err
	}
}

// readServerHistory asks the servers at the same time. What one of them cannot answer is an error of its own variables.
func (r *run) readServerHistory(h *historyRead) {
	h.results = make([]model.NodeHistory, len(h.query.Nodes))
	byServer := map[string][]int{}
	for i, n := range h.query.Nodes {
		byServer[n.Server] = append(byServer[n.Server], i)
	}
	each(byServer, func(server string, at []int) {
		fail := func(err error) {
			for _, i := range at {
				h.results[i].Err = err
			}
		}
		defer r.caught(fail)
		q := h.query
		q.Nodes = make([]model.HistoryNode, len(at))
		for n, i := range at {
			q.Nodes[n] = h.query.Nodes[i]
		}
		results, err := r.x.services.ServerHistory(r.ctx, server, q)
		if results, err = historyResults(results, err, len(at)); err != nil {
			fail(err)
			return
		}
		for n, i := range at {
			h.results[i] = results[n]
		}
	})
}

func historyResults(results []model.NodeHistory, err error, nodes int) ([]model.NodeHistory, error) {
	switch {
	case err != nil:
		return nil, fmt.Errorf("history of %d variables: %w", nodes, err)
	case len(results) != nodes:
		return nil, fmt.Errorf("history: %d results for %d variables", len(results), nodes)
	}
	return results, nil
}
