package opcua

import (
	"context"
	"fmt"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// verify compares an inherited subscription with what the server has in it, where the server tells (GetMonitoredItems, Part 5, 9.1), and gives items that
// were recorded before they were made their ids. The fault is why the subscription cannot be gone on with, empty when it can.
func (p *publishing) verify(ctx context.Context, s *session, sub *subscription) (fault string, err error) {
	sub.mu.Lock()
	id := sub.id
	sub.mu.Unlock()
	at, err := s.monitoredItems(ctx, id)
	if err != nil && (ctx.Err() != nil || notConnected(err)) {
		return "", err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	sub.mu.Lock()
	defer sub.mu.Unlock()
	m := matching{told: err == nil, at: at}
	for handle, it := range sub.items {
		if it.state == itemActive && !m.match(&it.id, handle) {
			it.state, it.id = itemWanted, 0
			sub.active--
		}
	}
	if p.inheritance != nil {
		p.inheritance.retain(sub, func(h *heir) bool { return m.match(&h.ID, h.Handle) })
	}
	for id := range m.at { // not wanted when the record was made
		sub.removed = append(sub.removed, id)
	}
	return m.fault(), nil
}

// matching compares recorded items with those that the server has in a subscription.
type matching struct {
	told bool              // the server tells
	at   map[uint32]uint32 // client handles by the ids of items that no recorded one is yet
	ids  map[uint32]uint32 // ids by client handles, made when it is needed
	// known items were recorded with their ids, found ones of them the server has. Unknown ones were about to be made, and the server does not tell.
	known, found, unknown int
}

// match tells whether the server has an item. It sets an id that is 0.
func (m *matching) match(id *uint32, handle uint32) bool {
	switch {
	case *id == 0 && !m.told:
		m.unknown++
		return false
	case !m.told:
		return true
	case *id == 0:
		if m.ids == nil {
			m.ids = make(map[uint32]uint32, len(m.at))
			for id, handle := range m.at {
				m.ids[handle] = id
			}
		}
		*id = m.ids[handle]
	default:
		m.known++
	}
	if *id == 0 || m.at[*id] != handle {
		return false
	}
	m.found++
	delete(m.at, *id)
	return true
}

// fault says why the subscription cannot be gone on with, empty when it can.
func (m *matching) fault() string {
	switch {
	case m.unknown > 0:
		return fmt.Sprintf("%d items were being made when the gateway ended, and the server does not tell which it has (GetMonitoredItems)", m.unknown)
	case m.told && m.found == 0 && m.known+len(m.at) > 0:
		return "the server has another subscription of the same id: it was restarted"
	}
	return ""
}

// monitoredItems returns the items of a subscription: client handles by the server's ids.
func (s *session) monitoredItems(ctx context.Context, subscription uint32) (map[uint32]uint32, error) {
	r, err := do[*ua.CallResponse](ctx, s, &ua.CallRequest{MethodsToCall: []*ua.CallMethodRequest{{
		ObjectID: ns0(idServer), MethodID: ns0(idGetMonitoredItems), InputArguments: []*ua.Variant{ua.MustVariant(subscription)},
	}}})
	if err != nil {
		return nil, err
	}
	if len(r.Results) != 1 || r.Results[0] == nil {
		return nil, model.StatusBadUnknownResponse
	}
	result := r.Results[0]
	if status := model.StatusCode(result.StatusCode); status.IsBad() {
		return nil, status
	}
	if len(result.OutputArguments) != 2 {
		return nil, model.StatusBadUnknownResponse
	}
	ids, ok := uint32s(result.OutputArguments[0])
	handles, ok2 := uint32s(result.OutputArguments[1])
	if !ok || !ok2 || len(ids) != len(handles) {
		return nil, model.StatusBadUnknownResponse
	}
	m := make(map[uint32]uint32, len(ids))
	for i, id := range ids {
		m[id] = handles[i]
	}
	return m, nil
}

// uint32s is the array in a variant; a null one is empty.
func uint32s(v *ua.Variant) ([]uint32, bool) {
	if v == nil || v.Value() == nil {
		return nil, true
	}
	list, ok := v.Value().([]uint32)
	return list, ok
}
