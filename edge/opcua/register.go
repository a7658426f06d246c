package opcua

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxRegistered bounds the nodes that are registered at a server for those who ask.
const maxRegistered = 10_000

// registrations are the nodes that the server was asked to prepare (Part 4, 5.9.5). They are wanted until they are taken back; the names that the server makes for
// them hold for a session, and each new one gets its own. Reads and writes use them by themselves; calls do not, since servers are known that find no method by such a name.
type registrations struct {
	turn   sync.Mutex // of those who change what is wanted or register
	mu     sync.Mutex
	wanted map[model.ExpandedNodeID]struct{} // with namespace URIs, the same for all sessions
}

// aliases are the server's names for registered nodes, by their own ids, in one session.
type aliases struct {
	m atomic.Pointer[map[model.NodeID]*ua.NodeID] // replaced when it changes
}

// of is what a request names a node by.
func (a *aliases) of(n model.NodeID) *ua.NodeID {
	if m := a.m.Load(); m != nil {
		if alias, ok := (*m)[n]; ok {
			return alias
		}
	}
	return uaNodeID(n)
}

// change replaces the names. One changes at a time.
func (a *aliases) change(change func(map[model.NodeID]*ua.NodeID)) {
	m := map[model.NodeID]*ua.NodeID{}
	if before := a.m.Load(); before != nil {
		maps.Copy(m, *before)
	}
	change(m)
	a.m.Store(&m)
}

// RegisterNodes implements edge.NodeRegistrar. A node that is registered already stays so.
func (s *Source) RegisterNodes(ctx context.Context, nodes []model.ExpandedNodeID) ([]model.RegisterResult, error) {
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	r := &s.registered
	r.turn.Lock()
	defer r.turn.Unlock()
	results := make([]model.RegisterResult, len(nodes))
	var ids []model.NodeID
	var whose []int
	asked := map[model.NodeID]bool{}
	room := maxRegistered - len(r.list())
	for i, n := range nodes {
		id, err := ses.namespaces.Resolve(n)
		switch {
		case err != nil:
			results[i] = model.RegisterResult{Status: model.StatusBadNodeIdUnknown, Message: err.Error()}
		case r.has(ses.namespaces.Expand(id)) || asked[id]:
		case len(ids) == room:
			results[i] = model.RegisterResult{
				Status: model.StatusBadTooManyOperations, Message: fmt.Sprintf("%d nodes of server %q are registered, which is the limit; unregister some first", maxRegistered, s.cfg.Server.ID),
			}
		default:
			asked[id] = true
			ids, whose = append(ids, id), append(whose, i)
		}
	}
	for j, status := range ses.registerNodes(ctx, ids) {
		if status.IsBad() {
			results[whose[j]] = model.RegisterResult{Status: status, Message: fmt.Sprintf("register %s: %s", nodes[whose[j]], status.Name())}
			continue
		}
		r.want(ses.namespaces.Expand(ids[j]))
	}
	return results, nil
}

// UnregisterNodes implements edge.NodeRegistrar.
func (s *Source) UnregisterNodes(ctx context.Context, nodes []model.ExpandedNodeID) ([]model.RegisterResult, error) {
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	r := &s.registered
	r.turn.Lock()
	defer r.turn.Unlock()
	results := make([]model.RegisterResult, len(nodes))
	var ids []model.NodeID
	for i, n := range nodes {
		id, err := ses.namespaces.Resolve(n)
		if err != nil || !r.forget(ses.namespaces.Expand(id)) {
			results[i] = model.RegisterResult{Status: model.StatusBadNodeIdUnknown, Message: fmt.Sprintf("%s is not registered", n)}
			continue
		}
		ids = append(ids, id)
	}
	ses.unregisterNodes(ctx, ids)
	return results, nil
}

// RegisteredNodes implements edge.NodeRegistrar: each query is answered with all of them.
func (s *Source) RegisteredNodes(_ context.Context, queries []model.RegisteredQuery) ([]model.RegisteredNodes, error) {
	results := make([]model.RegisteredNodes, len(queries))
	for i := range results {
		results[i].NodeIDs = s.registered.list()
	}
	return results, nil
}

// register has a new session register what is wanted.
func (s *Source) register(ctx context.Context, ses *session) {
	if failed := s.registered.renew(ctx, ses); failed > 0 && ctx.Err() == nil {
		s.log.Warn().Int("nodes", failed).Msg("opc ua server does not register nodes again; they are asked for by their ids")
	}
}

// renew registers in a new session what is wanted. Until then, and where the server cannot, nodes go by their own ids.
func (r *registrations) renew(ctx context.Context, ses *session) (failed int) {
	r.turn.Lock()
	defer r.turn.Unlock()
	var ids []model.NodeID
	for _, n := range r.list() {
		id, err := ses.namespaces.Resolve(n)
		if err != nil {
			failed++ // the server no longer has the namespace
			continue
		}
		ids = append(ids, id)
	}
	for _, status := range ses.registerNodes(ctx, ids) {
		if status.IsBad() {
			failed++
		}
	}
	return failed
}

func (r *registrations) want(n model.ExpandedNodeID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wanted == nil {
		r.wanted = map[model.ExpandedNodeID]struct{}{}
	}
	r.wanted[n] = struct{}{}
}

func (r *registrations) forget(n model.ExpandedNodeID) (was bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, was = r.wanted[n]
	delete(r.wanted, n)
	return was
}

func (r *registrations) has(n model.ExpandedNodeID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, has := r.wanted[n]
	return has
}

// list is in the order of the ids.
func (r *registrations) list() []model.ExpandedNodeID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(maps.Keys(r.wanted), func(a, b model.ExpandedNodeID) int { return strings.Compare(a.String(), b.String()) })
}

// registerNodes has the server make names for nodes, and answers one status for each. A request that the server refuses as a whole is made again in halves, so
// that one bad node does not keep the others.
func (s *session) registerNodes(ctx context.Context, ids []model.NodeID) []model.StatusCode {
	status := make([]model.StatusCode, len(ids))
	size := int(s.limits.register.n.Load())
	for from := 0; from < len(ids); from += size {
		to := min(from+size, len(ids))
		s.registerBatch(ctx, ids[from:to], status[from:to])
	}
	return status
}

func (s *session) registerBatch(ctx context.Context, ids []model.NodeID, status []model.StatusCode) {
	req := &ua.RegisterNodesRequest{}
	for _, n := range ids {
		req.NodesToRegister = append(req.NodesToRegister, uaNodeID(n))
	}
	r, err := do[*ua.RegisterNodesResponse](ctx, s, req)
	if err == nil && (len(r.RegisteredNodeIDs) != len(ids) || slices.Contains(r.RegisteredNodeIDs, nil)) {
		err = model.StatusBadUnknownResponse
	}
	if err == nil {
		s.aliases.change(func(m map[model.NodeID]*ua.NodeID) {
			for i, n := range ids {
				m[n] = r.RegisteredNodeIDs[i]
			}
		})
		return
	}
	code := statusOf(err, model.StatusBadUnexpectedError)
	if len(ids) > 1 && (tooLarge(err) || code == model.StatusBadNodeIdInvalid || code == model.StatusBadNodeIdUnknown) {
		half := len(ids) / 2
		s.registerBatch(ctx, ids[:half], status[:half])
		s.registerBatch(ctx, ids[half:], status[half:])
		return
	}
	for i := range status {
		status[i] = code
	}
}

// unregisterNodes gives names back. What the server says to it does not matter: they are not used any more, and go with the session.
func (s *session) unregisterNodes(ctx context.Context, ids []model.NodeID) {
	var names []*ua.NodeID
	s.aliases.change(func(m map[model.NodeID]*ua.NodeID) {
		for _, n := range ids {
			if name, ok := m[n]; ok {
				names = append(names, name)
				delete(m, n)
			}
		}
	})
	_ = s.limits.register.each(len(names), func(from, to int) error {
		_, err := do[*ua.UnregisterNodesResponse](ctx, s, &ua.UnregisterNodesRequest{NodesToUnregister: names[from:to]})
		return err
	}, nil)
}
