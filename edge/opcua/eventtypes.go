package opcua

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// typeLookup bounds how long the events of a subscription wait for the supertypes of a type that came for the first time.
	typeLookup = 5 * time.Second
	// maxLookedUp bounds the types whose supertypes are kept, of one server.
	maxLookedUp = 10_000
)

// eventTypes knows the supertypes of the types of events that come, for where clauses that the gateway applies. What it knows holds for a session.
type eventTypes struct {
	session func() *session // nil while there is none

	mu     sync.Mutex
	of     *session
	chains map[model.ExpandedNodeID][]model.ExpandedNodeID // a type's supertypes and itself; nil for one that the server does not tell of
}

// isA tells whether a type of events is the type id, or a subtype of it. An event too many does less harm than an alarm that is not shown: what cannot be found
// out is taken for a subtype.
func (t *eventTypes) isA(eventType, id model.Variant) bool {
	event, base := nodeOf(eventType), nodeOf(id)
	switch {
	case event.IsNull() || base.IsNull():
		return false
	case event == base || base == baseEventType:
		return true
	}
	chain := t.chain(event)
	return chain == nil || slices.Contains(chain, base)
}

// chain returns a type's supertypes and itself, nil when they are not known. Those of a type that is new are read from the server.
func (t *eventTypes) chain(event model.ExpandedNodeID) (chain []model.ExpandedNodeID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.session()
	if s == nil {
		return t.chains[event]
	}
	if s != t.of {
		t.of, t.chains = s, map[model.ExpandedNodeID][]model.ExpandedNodeID{}
	}
	if chain, known := t.chains[event]; known {
		return chain
	}
	node, err := s.namespaces.Resolve(event)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), min(typeLookup, s.timeout))
	defer cancel()
	nodes, err := s.supertypes(ctx, node)
	if err != nil && (ctx.Err() != nil || notConnected(err)) {
		return nil // the next event asks again
	}
	for _, n := range nodes {
		chain = append(chain, s.namespaces.Expand(n))
	}
	if len(t.chains) < maxLookedUp {
		t.chains[event.Clone()] = chain
	}
	return chain
}

// nodeOf is the node that a NodeId or ExpandedNodeId names, null for another value.
func nodeOf(v model.Variant) model.ExpandedNodeID {
	if v.Type() == model.TypeNodeID {
		return model.Expanded(v.NodeID())
	}
	return v.ExpandedNodeID()
}
