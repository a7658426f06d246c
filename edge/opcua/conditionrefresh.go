package opcua

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The methods of ConditionType that send the state of all retained conditions once more (Part 9, 5.5.7 and 5.5.8).
const (
	idConditionRefresh  = 3875
	idConditionRefresh2 = 12912
)

const (
	refreshRetry = 2 * time.Second
	refreshMax   = 5 * time.Minute
)

// notifier is what an item of events has more than one of values. Under subscription.mu.
type notifier struct {
	filter filterResult // as the server said last
	// where is the where clause when the gateway applies it, since the server does not; nil when the server does. Not under subscription.mu, but changed only
	// while the item is not at the server.
	where atomic.Pointer[localWhere]
	// conditions is their state, nil for an item without; the rest is about how it is refreshed.
	conditions *conditions
	onStart    bool
	created    bool // was at the server before
	asked      bool // is among subscription.refreshes
	at         time.Time
	retry      backoff
	note       string // why the state may lack conditions
}

// created notes that an item is at the server: its conditions are to be refreshed, since what came before was sent to nobody. mu is held.
func (s *subscription) created(it *item) {
	n := it.notifier
	if n == nil || n.conditions == nil {
		return
	}
	again := n.created
	n.created = true
	if again || n.onStart {
		s.wantRefresh(it)
	}
}

// wantRefresh has the conditions of an item refreshed. mu is held.
func (s *subscription) wantRefresh(it *item) {
	it.notifier.conditions.lack(time.Now())
	if !it.notifier.asked {
		it.notifier.asked = true
		s.refreshes = append(s.refreshes, it)
	}
	s.p.alert()
}

// refresh has the conditions of an item refreshed.
func (s *subscription) refresh(it *item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if it.state == itemActive { // else it is when it will be
		it.sub.wantRefresh(it)
	}
}

// missed notes that messages of the server are lost, with whatever they told of conditions.
func (s *subscription) missed(n int) {
	s.p.figures.missing.Add(uint64(n))
	s.refreshAll()
}

// refreshAll has the conditions of all items refreshed.
func (s *subscription) refreshAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, it := range s.items {
		if it.notifier != nil && it.notifier.conditions != nil && it.state == itemActive {
			s.wantRefresh(it)
		}
	}
}

// refreshConditions calls for the refreshes that are due. Its session is the one that has the subscription: no other may.
func (s *subscription) refreshConditions(ctx context.Context, ses *session) error {
	for _, it := range s.dueRefreshes(time.Now()) {
		if err := s.refreshOne(ctx, ses, it); err != nil {
			return err
		}
	}
	return nil
}

// dueRefreshes takes the items from refreshes whose time has come. Those that are not at the server are refreshed when they are.
func (s *subscription) dueRefreshes(now time.Time) (due []*item) {
	s.mu.Lock()
	defer s.mu.Unlock()
	later := s.refreshes[:0]
	for _, it := range s.refreshes {
		switch {
		case it.state != itemActive:
			it.notifier.asked = false
		case it.sub != s: // it found room in another one
			it.sub.refreshes = append(it.sub.refreshes, it)
		case now.Before(it.notifier.at):
			later = append(later, it)
		default:
			it.notifier.asked = false
			due = append(due, it)
		}
	}
	clear(s.refreshes[len(later):])
	s.refreshes = later
	return due
}

// refreshOne calls ConditionRefresh2 for one item, or where the server has none ConditionRefresh for all of the subscription.
func (s *subscription) refreshOne(ctx context.Context, ses *session, it *item) error {
	s.mu.Lock()
	id, itemID := s.id, it.id
	s.mu.Unlock()
	status, err := ses.callConditionType(ctx, idConditionRefresh2, id, itemID)
	if err == nil && noSuchMethod(status) {
		status, err = ses.callConditionType(ctx, idConditionRefresh, id)
	}
	if err != nil {
		if ctx.Err() != nil || notConnected(err) {
			return fmt.Errorf("condition refresh: %w", err)
		}
		status = statusOf(err, model.StatusBadUnexpectedError)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r := it.notifier
	switch {
	case !status.IsBad():
		r.note = ""
		r.retry.reset()
	case noSuchMethod(status):
		r.note = "the server has no ConditionRefresh: of its conditions those are known that changed since the writer began"
		r.conditions.settle()
	default:
		pause := r.retry.pause()
		r.at = time.Now().Add(pause)
		r.note = fmt.Sprintf("the server refuses a ConditionRefresh (%s), which is tried again: conditions may be missing in snapshots", status.Name())
		if it.state == itemActive {
			s.wantRefresh(it)
		}
		if status != model.StatusBadRefreshInProgress {
			s.p.cfg.log.Warn().Stringer("status", status).Stringer("notifier", it.node).Dur("retry_in", pause).Msg("opc ua server refuses a condition refresh")
		}
	}
	return nil
}

// noSuchMethod tells whether a server does not have a method.
func noSuchMethod(status model.StatusCode) bool {
	switch status {
	case model.StatusBadMethodInvalid, model.StatusBadNodeIdUnknown, model.StatusBadNodeIdInvalid, model.StatusBadNotSupported, model.StatusBadNotImplemented,
		model.StatusBadServiceUnsupported, model.StatusBadNotExecutable:
		return true
	}
	return false
}

// callConditionType calls a method of ConditionType with numbers for arguments.
func (s *session) callConditionType(ctx context.Context, method uint32, arguments ...uint32) (model.StatusCode, error) {
	e := &encoder{namespaces: s.namespaces}
	request := &callMethod{ObjectID: ns0(idConditionType), MethodID: ns0(method)}
	for _, a := range arguments {
		v, err := e.encode(model.UInt32Value(a))
		if err != nil {
			return 0, err
		}
		request.InputArguments = append(request.InputArguments, v)
	}
	r, err := s.callBatch(ctx, []*callMethod{request})
	if err != nil {
		if noSuchMethod(statusOf(err, 0)) {
			return statusOf(err, 0), nil
		}
		return 0, err
	}
	return r[0].status, nil
}
