package typed

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// The bounds of what is remembered of a server.
const (
	// maxObjects bounds the objects of one server; instances beyond are not found by their type.
	maxObjects = 200_000
	// maxTreeDepth bounds how deep below Objects they are looked for.
	maxTreeDepth = 32
	// browseBatch is how many nodes are browsed in one request.
	browseBatch = 1000
)

// Space remembers, for a while, which objects servers have below their Objects folder, so that instances of a type are found without a walk
// through the server for each query. Safe for concurrent use.
type Space struct {
	services Services
	maxAge   time.Duration
	now      func() time.Time

	mu    sync.Mutex
	trees map[string]*tree
}

// NewSpace makes a Space that looks again when what it knows is older than maxAge.
func NewSpace(s Services, maxAge time.Duration) *Space {
	return &Space{services: s, maxAge: maxAge, now: time.Now, trees: map[string]*tree{}}
}

// tree is the objects of one server. It is read-only when done is closed.
type tree struct {
	done    chan struct{}
	err     error
	made    time.Time
	objects []*object
	byID    map[model.ExpandedNodeID]*object
	// more tells that there are objects beyond the bounds.
	more bool
}

type object struct {
	instance
	parent *object
}

// below tells whether o is the node, or has it above it.
func (o *object) below(id model.ExpandedNodeID) bool {
	for ; o != nil; o = o.parent {
		if o.id == id {
			return true
		}
	}
	return false
}

// tree returns what is known of a server, looking when it is not, or no more. Queries that come meanwhile wait for the same walk.
func (s *Space) tree(ctx context.Context, server string) (*tree, error) {
	for {
		s.mu.Lock()
		t, walking := s.trees[server], false
		if t != nil {
			select {
			case <-t.done:
				if t.err != nil || s.now().Sub(t.made) > s.maxAge {
					t = nil
				}
			default:
				walking = true
			}
		}
		if t == nil {
			t = &tree{done: make(chan struct{}), byID: map[model.ExpandedNodeID]*object{}}
			s.trees[server] = t
			s.mu.Unlock()
			t.err = fmt.Errorf("walk through server %q ended early", server) // when walk panics
			func() {
				defer close(t.done)
				t.err = s.walk(ctx, server, t)
				t.made = s.now()
			}()
			s.forget()
			return t, t.err
		}
		s.mu.Unlock()
		if !walking {
			return t, nil
		}
		select {
		case <-t.done:
			if t.err == nil {
				return t, nil
			}
			// The walk was another query's, and may have ended with it.
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// forget drops what failed and what is too old, so that the memory is that of servers that are asked for.
func (s *Space) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for server, t := range s.trees {
		select {
		case <-t.done:
			if t.err != nil || s.now().Sub(t.made) > s.maxAge {
				delete(s.trees, server)
			}
		default:
		}
	}
}

// objectsFolder is where instances are (Part 5, 8.2.3).
var objectsFolder = model.Expanded(model.NumericID(0, 85))

// walk browses level by level.
func (s *Space) walk(ctx context.Context, server string, t *tree) error {
	root := &object{instance: instance{server: server, id: objectsFolder, class: model.NodeClassObject, browseName: model.QualifiedName{Name: "Objects"}, definition: typemodel.FolderType}}
	t.byID[root.id] = root
	level := []*object{root}
	for depth := 0; len(level) > 0; depth++ {
		if depth == maxTreeDepth {
			t.more = true
			return nil
		}
		var next []*object
		for len(level) > 0 {
			batch := level[:min(browseBatch, len(level))]
			level = level[len(batch):]
			asked := make([]model.BrowseDescription, len(batch))
			for i, o := range batch {
				asked[i] = model.BrowseDescription{
					NodeID: o.id, ReferenceType: typemodel.HierarchicalReferences, IncludeSubtypes: true, NodeClassMask: model.NodeClassObject,
				}
			}
			results, err := s.services.Browse(ctx, server, asked)
			if results, err = checked(results, err, len(asked), "browse", server); err != nil {
				return err
			}
			for i := range results {
				next = t.take(server, batch[i], &results[i], next)
			}
		}
		level = next
	}
	return nil
}

// take adds the objects of a result, and to next those to look below.
func (t *tree) take(server string, parent *object, r *model.BrowseResult, next []*object) []*object {
	t.more = t.more || r.More
	for i := range r.References {
		ref := &r.References[i]
		if ref.NodeClass != model.NodeClassObject || ref.NodeID.ServerIndex != 0 || t.byID[ref.NodeID] != nil {
			continue
		}
		if len(t.objects) == maxObjects {
			t.more = true
			return next
		}
		o := &object{instance: *instanceOf(server, ref), parent: parent}
		t.byID[o.id] = o
		t.objects = append(t.objects, o)
		next = append(next, o)
	}
	return next
}
