package ingest

import "github.com/shopfloor-iiot/shopfloor/model"

// claim makes w a writer of c, which makes a layout for it. A writer whose frames another Core took before goes over to c.
func (l *Live) claim(w *writer, c *Core) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w.core = c
}

// Forget takes away the values and rates of all writers of a Core that has ended, because their frames are another process' now: what
// is known here would stay as it is for ever. Running Telemetry goes on without them. When one of these writers comes back, with the
// same Core or another one, it is as new.
func (l *Live) Forget(c *Core) {
	for _, w := range l.list() {
		w.mu.Lock()
		l.forget(w, c)
		w.mu.Unlock()
	}
}

// forget empties w if it is a writer of c. It keeps its place in order, to which those of subscriptions correspond. The writer's mu is
// held.
func (l *Live) forget(w *writer, c *Core) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w.core != c {
		return
	}
	for _, s := range w.slots {
		delete(l.index, s.id)
	}
	w.core, w.slots = nil, nil
	// Not that of its last metadata, which may be large, and no layout that a frame can have.
	w.current = &layout{writer: w, meta: &model.DataSetMetaData{}}
	w.rate = rate{count: w.values}
	w.generation++
	w.clock.Add(1)
}

// ServerRates returns the rates of all servers, see ServerRate. Those without values are left out.
func (l *Live) ServerRates() map[string]float64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	rates := make(map[string]float64, len(l.servers))
	for server, perSecond := range l.servers {
		if perSecond > 0 {
			rates[server] = perSecond
		}
	}
	return rates
}
