package opcua

import (
	"context"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxChangesDelivered bounds the changes of one delivery.
	maxChangesDelivered = 1000
	minRebrowse         = 10 * time.Second
)

// MonitorModel implements edge.ModelMonitor. All who ask share one subscription to the server's events and one picture of its address space.
func (s *Source) MonitorModel(ctx context.Context, r model.ModelMonitorRequest, deliver func(model.ModelChanges)) error {
	m := &modelMonitor{wake: make(chan struct{}, 1), every: r.Rebrowse}
	switch {
	case m.every == 0:
		m.every = defaultRebrowse
	case m.every > 0:
		m.every = max(m.every, minRebrowse)
	}
	s.monitors.add(m)
	defer s.monitors.remove(m)
	var sequence uint64
	for ctx.Err() == nil {
		status, changed := s.status.follow()
		m.connection(&status)
		for d, ok := m.pop(); ok && ctx.Err() == nil; d, ok = m.pop() {
			sequence++
			d.Sequence = sequence
			deliver(d)
		}
		select {
		case <-ctx.Done():
		case <-m.wake:
		case <-changed:
		}
	}
	return nil
}

// modelMonitor gathers changes for one MonitorModel.
type modelMonitor struct {
	wake  chan struct{}
	every time.Duration // negative for one that wants nothing browsed

	mu      sync.Mutex
	away    bool // the server is not connected
	ready   bool // all changes from now on are seen
	pending model.ModelChanges
	fault   model.WriteResult // why nothing can be seen, but for the connection; Good when there is nothing
	news    bool              // pending is to be delivered although it has no changes
}

// tell adds changes to those that wait. What finds no room has the address space looked at again.
func (m *modelMonitor) tell(changes []model.ModelChange, reload bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := min(maxPending-len(m.pending.Changes), len(changes))
	m.pending.Changes = append(m.pending.Changes, changes[:n]...)
	if n < len(changes) || reload {
		m.pending.Reload, m.news = true, true
	}
	notify(m.wake)
}

// connection notes how the connection to the server stands.
func (m *modelMonitor) connection(s *model.ServerStatus) {
	m.mu.Lock()
	defer m.mu.Unlock()
	away := s.State != model.StateConnected
	switch {
	case away && (!m.away || m.pending.Status == 0):
		m.pending.Status, m.pending.Message, m.news = model.StatusBadServerNotConnected, s.Error, true
		if s.Error == "" {
			m.pending.Message = "the server is not connected yet"
		}
	case !away && m.away:
		m.pending.Status, m.pending.Message, m.news = m.fault.Status, m.fault.Message, true
		// What was told meanwhile did not come. Browsing finds it; who wants none must look.
		m.pending.Reload = m.pending.Reload || m.every < 0 && m.ready
	}
	m.away = away
}

// stands notes whether changes are seen, but for the connection.
func (m *modelMonitor) stands(told bool, status model.StatusCode, message string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.news = m.news || !m.ready || m.pending.Told != told || m.fault.Status != status || m.fault.Message != message
	m.ready, m.pending.Told, m.fault = true, told, model.WriteResult{Status: status, Message: message}
	if !m.away {
		m.pending.Status, m.pending.Message = status, message
	}
	notify(m.wake)
}

// pop takes the next delivery.
func (m *modelMonitor) pop() (d model.ModelChanges, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	bad := m.pending.Status.IsBad()
	if !m.ready && !bad || !m.news && len(m.pending.Changes) == 0 {
		return d, false
	}
	d = m.pending
	n := min(len(d.Changes), maxChangesDelivered)
	d.Changes, m.pending.Changes = d.Changes[:n:n], d.Changes[n:]
	if len(m.pending.Changes) == 0 {
		m.pending.Changes = nil
	}
	m.pending.Reload, m.news = false, false
	return d, true
}

// modelMonitors are those of a Source. They share a feed while one of them wants the server browsed.
type modelMonitors struct {
	source *Source

	mu   sync.Mutex
	list map[*modelMonitor]struct{}
	feed *modelFeed // nil while nobody wants one
	// browsed tells that the feed has looked at least once, fault why the last look failed.
	browsed bool
	fault   error
}

var _ changeTaker = (*modelMonitors)(nil)

func (h *modelMonitors) add(m *modelMonitor) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list[m] = struct{}{}
	h.settle()
	h.inform()
}

func (h *modelMonitors) remove(m *modelMonitor) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.list, m)
	h.settle()
}

// settle brings the subscription and the feed to what the monitors want. mu is held.
func (h *modelMonitors) settle() {
	every := time.Duration(-1)
	for m := range h.list {
		if m.every > 0 && (every < 0 || m.every < every) {
			every = m.every
		}
	}
	switch {
	case every < 0 && h.feed != nil:
		h.source.feeds.remove(h.feed)
		h.feed, h.browsed, h.fault = nil, false, nil
	case every > 0 && h.feed == nil:
		h.feed = newModelFeed("live", model.Expanded(model.NumericID(0, idServerObject)), every, h)
		h.source.feeds.add(h.feed)
	case every > 0:
		h.feed.pace(every)
	}
	h.source.model.wantMonitors(len(h.list) > 0)
}

// inform tells the monitors whether they see changes, as far as that is known. mu is held.
func (h *modelMonitors) inform() {
	told, known := h.source.model.tells()
	for m := range h.list {
		switch {
		case m.every < 0 && known && !told:
			m.stands(false, model.StatusBadNotSupported, "the server does not tell of changes of its address space; have it browsed from time to time")
		case m.every < 0 && known:
			m.stands(true, 0, "")
		case m.every > 0 && h.fault != nil && !notConnected(h.fault):
			m.stands(told, statusOf(h.fault, model.StatusBadUnexpectedError), "the address space is not browsed: "+h.fault.Error())
		case m.every > 0 && h.browsed && known:
			m.stands(told, 0, "")
		}
	}
}

// telling has the monitors know whether the server tells of changes.
func (h *modelMonitors) telling() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inform()
}

// changed takes what the server told: structural changes are for those that want nothing browsed, since the feed has them for the others.
func (h *modelMonitors) changed(changes []modelChange) {
	var structural, semantic []model.ModelChange
	for i := range changes {
		if c := changes[i].model(); c.Verb == model.ModelSemanticChanged {
			semantic = append(semantic, c)
		} else {
			structural = append(structural, c)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for m := range h.list {
		if len(semantic) > 0 {
			m.tell(semantic, false)
		}
		if m.every < 0 && len(semantic) < max(len(changes), 1) {
			m.tell(structural, len(changes) == 0)
		}
	}
}

// takeChange implements changeTaker.
func (h *modelMonitors) takeChange(c *treeChange, _ time.Time) {
	change := c.model()
	change.Path, change.NodeClass = c.path, model.NodeClass(c.class)
	h.mu.Lock()
	defer h.mu.Unlock()
	for m := range h.list {
		if m.every > 0 {
			m.tell([]model.ModelChange{change}, false)
		}
	}
}

// looked implements changeTaker.
func (h *modelMonitors) looked(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.browsed, h.fault = h.browsed || err == nil, err
	h.inform()
}
