package opcua

import (
	"context"
	"fmt"
	"sync"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxReferenceTypes bounds the reference types of a server whose names are remembered.
const maxReferenceTypes = 10_000

// referenceTypes are the types of references of a server by their names, read when a path names one and kept for the session.
type referenceTypes struct {
	mu     sync.Mutex
	byName map[model.QualifiedName]model.NodeID
}

// followedTypes finds the reference types that walks name. A walk with one that the server does not have ends.
func (s *session) followedTypes(ctx context.Context, walks []walk) (map[model.PathName]model.NodeID, error) {
	types := map[model.PathName]model.NodeID{}
	loaded := false
	for i := range walks {
		w := &walks[i]
		for _, e := range w.path {
			if e.Follow != model.FollowNamed || w.status.IsBad() {
				continue
			}
			id, ok := s.referenceTypes.find(s, e.ReferenceType)
			if !ok && !loaded {
				if err := s.loadReferenceTypes(ctx); err != nil {
					return nil, err
				}
				loaded = true
				id, ok = s.referenceTypes.find(s, e.ReferenceType)
			}
			if !ok {
				w.status, w.message = model.StatusBadReferenceTypeIdInvalid, fmt.Sprintf("the server has no type of references that is named as in %s",
					model.RelativePath{{Follow: model.FollowNamed, ReferenceType: e.ReferenceType}})
			}
			types[e.ReferenceType] = id
		}
	}
	return types, nil
}

func (t *referenceTypes) find(s *session, name model.PathName) (model.NodeID, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, q := range s.targetNames(name) {
		if id, ok := t.byName[model.QualifiedName{Namespace: q.NamespaceIndex, Name: q.Name}]; ok {
			return id, true
		}
	}
	return model.NodeID{}, false
}

// loadReferenceTypes reads the names of all reference types, level by level.
func (s *session) loadReferenceTypes(ctx context.Context) error {
	references := model.NumericID(0, idReferences)
	byName := map[model.QualifiedName]model.NodeID{{Name: "References"}: references}
	seen := map[model.NodeID]bool{references: true}
	for level := []model.NodeID{references}; len(level) > 0 && len(seen) < maxReferenceTypes; {
		found, err := s.browse(ctx, forward(level, idHasSubtype), maxChildren)
		if err != nil {
			return fmt.Errorf("browse reference types: %w", err)
		}
		level = level[:0:0]
		for _, f := range found {
			for _, r := range f.references {
				local := s.local(r.NodeID)
				if local == nil || r.BrowseName == nil || seen[nodeID(local)] || len(seen) >= maxReferenceTypes {
					continue
				}
				id := nodeID(local)
				seen[id] = true
				level = append(level, id)
				byName[model.QualifiedName{Namespace: r.BrowseName.NamespaceIndex, Name: r.BrowseName.Name}] = id
			}
		}
	}
	s.referenceTypes.mu.Lock()
	defer s.referenceTypes.mu.Unlock()
	s.referenceTypes.byName = byName
	return nil
}
