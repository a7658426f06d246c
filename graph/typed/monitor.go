package typed

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxMonitored bounds the nodes of one server that a subscription monitors.
const maxMonitored = 10_000

// monitor delivers the changes of one server to a subscription.
type monitor struct {
	server string
	ids    []model.ExpandedNodeID
	cancel context.CancelFunc
	// first tells that the first delivery was taken.
	first bool
}

// delivery is what a server delivered, or with closed that it delivers no more.
type delivery struct {
	from    *monitor
	changes model.ValueChanges
	closed  bool
}

// monitorAll monitors what readings are of, and leaves alone what is monitored already.
func (s *subscription) monitorAll(order map[string][]*reading) {
	for server, m := range s.monitors {
		if order[server] == nil {
			s.stop(m)
		}
	}
	for server, values := range order {
		ids := make([]model.ExpandedNodeID, len(values))
		for i, v := range values {
			ids[i] = v.id
		}
		slices.SortFunc(ids, func(a, b model.ExpandedNodeID) int { return strings.Compare(a.String(), b.String()) })
		if m := s.monitors[server]; m == nil || !slices.Equal(m.ids, ids) {
			if m != nil {
				s.stop(m)
			}
			s.monitor(server, ids)
		}
	}
}

func (s *subscription) stop(m *monitor) {
	m.cancel()
	delete(s.monitors, m.server)
	delete(s.live.away, m.server)
}

// monitor monitors nodes of a server. What keeps it from that is noted; it is tried again.
func (s *subscription) monitor(server string, ids []model.ExpandedNodeID) {
	ctx, cancel := context.WithCancel(s.ctx)
	m := &monitor{server: server, ids: ids, cancel: cancel}
	s.monitors[server] = m
	request := s.request
	request.NodeIDs = ids
	var changes <-chan model.ValueChanges
	var err error
	if len(ids) > maxMonitored {
		err = fmt.Errorf("%w: %d variables of server %q are more than %d; ask for fewer instances or fields", ErrInvalid, len(ids), server, maxMonitored)
	} else if changes, err = s.x.services.Monitor(ctx, server, request); err != nil {
		err = fmt.Errorf("monitor server %q: %w", server, err)
	}
	if err != nil {
		s.lost(m, err)
		return
	}
	go s.forward(ctx, m, changes)
}

// lost notes why a server does not deliver.
func (s *subscription) lost(m *monitor, err error) {
	m.cancel()
	m.first = true // nothing is waited for
	s.live.away[m.server] = err
	s.retry.Reset(retryMonitor)
}

// forward hands over what a server delivers until ctx ends.
func (s *subscription) forward(ctx context.Context, m *monitor, changes <-chan model.ValueChanges) {
	for {
		d := delivery{from: m}
		var ok bool
		select {
		case d.changes, ok = <-changes:
			d.closed = !ok
		case <-ctx.Done():
			return
		}
		select {
		case s.deliveries <- d:
		case <-ctx.Done():
			return
		}
		if d.closed {
			return
		}
	}
}

// take takes what a server delivered.
func (s *subscription) take(d delivery) {
	m := d.from
	switch {
	case s.monitors[m.server] != m: // of before
	case d.closed:
		s.live.ofServer(m.server, s.changed)
		s.lost(m, &StatusError{fmt.Sprintf("monitor server %q", m.server), model.StatusBadNoCommunication, "it went away; it is monitored again when it is back"})
	default:
		if !m.first && s.live.away[m.server] != nil {
			s.live.ofServer(m.server, s.changed)
		}
		m.first = true
		delete(s.live.away, m.server)
		s.overflow = s.overflow || d.changes.Overflow
		s.stale = s.live.take(m.server, d.changes.Changes, s.changed) || s.stale
	}
}

// again monitors servers that went away.
func (s *subscription) again() {
	for server, m := range s.monitors {
		if err := s.live.away[server]; err != nil {
			s.monitor(server, m.ids)
			if s.monitors[server].first { // failed again: what was told stays
				s.live.away[server] = err
			}
		}
	}
}
