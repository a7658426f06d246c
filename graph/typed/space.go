package typed

import (
	"context"
	"fmt"
	"slices"
	"strings"
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

// Space remembers which objects servers have below their folders Objects and Views, so that instances of a type are found without a walk through
// the server for each query. Safe for concurrent use.
type Space struct {
	services Services
	maxAge   time.Duration
	now      func() time.Time

	mu      sync.Mutex
	trees   map[string]*tree
	watched map[string]bool
}

// The ages of what is remembered, and its bound.
const (
	// watchedAge is how long a server's objects are remembered when changes of its address space are followed.
	watchedAge = 10 * time.Minute
	// maxRemembered bounds the objects of all servers together; those of servers that were not asked for the longest go first.
	maxRemembered = 1_000_000
)

// NewSpace makes a Space that looks again when what it knows is older than maxAge, or than watchedAge of servers that are watched.
func NewSpace(s Services, maxAge time.Duration) *Space {
	return &Space{services: s, maxAge: maxAge, now: time.Now, trees: map[string]*tree{}, watched: map[string]bool{}}
}

// Watch says whether Forget is called whenever objects of a server come or go.
func (s *Space) Watch(server string, watched bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if watched {
		s.watched[server] = true
	} else {
		delete(s.watched, server)
	}
}

// Forget says that objects of a server came or went. Who waits for a walk through it gets what that finds; who comes later has it walked anew.
func (s *Space) Forget(server string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.trees, server)
}

// fresh tells whether what is known of a server can be gone by; the lock is held.
func (s *Space) fresh(server string, t *tree) bool {
	age := s.now().Sub(t.made)
	return t.err == nil && (age <= s.maxAge || s.watched[server] && age <= watchedAge)
}

// tree is the objects of one server. It is read-only when done is closed, but for used.
type tree struct {
	done       chan struct{}
	err        error
	made, used time.Time
	count      int
	byID       map[model.ExpandedNodeID]*object
	// byType are the objects by their type definition, in the order of their keys.
	byType map[model.ExpandedNodeID][]*object
	// more tells that there are objects beyond the bounds.
	more bool
}

// object is an object, a view, or one of the folders that all begins with.
type object struct {
	instance
	// kids are those below it, whether they were met there first or elsewhere.
	kids []*object
}

// below are the objects below o, to any depth; hierarchies may have loops.
func (o *object) below() map[*object]bool {
	found := map[*object]bool{}
	for next := []*object{o}; len(next) > 0; {
		at := next[len(next)-1]
		next = next[:len(next)-1]
		for _, k := range at.kids {
			if !found[k] {
				found[k] = true
				next = append(next, k)
			}
		}
	}
	delete(found, o)
	return found
}

// known returns what is remembered of a server, nil if it would have to be walked through.
func (s *Space) known(server string) *tree {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.trees[server]
	if t == nil {
		return nil
	}
	select {
	case <-t.done:
		if s.fresh(server, t) {
			t.used = s.now()
			return t
		}
	default:
	}
	return nil
}

// tree returns what is known of a server, looking when it is not, or no more. Queries that come meanwhile wait for the same walk.
func (s *Space) tree(ctx context.Context, server string) (*tree, error) {
	for {
		s.mu.Lock()
		t, walking := s.trees[server], false
		if t != nil {
			select {
			case <-t.done:
				if t.used = s.now(); !s.fresh(server, t) {
					t = nil
				}
			default:
				walking = true
			}
		}
		if t == nil {
			t = &tree{done: make(chan struct{}), byID: map[model.ExpandedNodeID]*object{}, byType: map[model.ExpandedNodeID][]*object{}, used: s.now()}
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

// forget drops what failed, what is too old, and what is too much, so that the memory is that of servers that are asked for.
func (s *Space) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	total := 0
	var servers []string
	for server, t := range s.trees {
		select {
		case <-t.done:
			if !s.fresh(server, t) {
				delete(s.trees, server)
				continue
			}
			total += t.count
			servers = append(servers, server)
		default:
		}
	}
	slices.SortFunc(servers, func(a, b string) int { return s.trees[a].used.Compare(s.trees[b].used) })
	for _, server := range servers {
		if total <= maxRemembered {
			return
		}
		total -= s.trees[server].count
		delete(s.trees, server)
	}
}

// The folders where instances are (Part 5, 8.2.3 and 8.2.2): objects in Objects, and what views show besides.
var (
	objectsFolder = model.Expanded(model.NumericID(0, 85))
	viewsFolder   = model.Expanded(model.NumericID(0, 87))
)

// walk browses level by level.
func (s *Space) walk(ctx context.Context, server string, t *tree) error {
	var level []*object
	for _, id := range []model.ExpandedNodeID{objectsFolder, viewsFolder} {
		root := &object{instance: instance{server: server, id: id, class: model.NodeClassObject, definition: typemodel.FolderType}}
		t.byID[id] = root
		level = append(level, root)
	}
	for depth := 0; len(level) > 0; depth++ {
		if depth == maxTreeDepth {
			t.more = true
			break
		}
		var next []*object
		for len(level) > 0 {
			batch := level[:min(browseBatch, len(level))]
			level = level[len(batch):]
			asked := make([]model.BrowseDescription, len(batch))
			for i, o := range batch {
				asked[i] = model.BrowseDescription{
					NodeID: o.id, ReferenceType: typemodel.HierarchicalReferences, IncludeSubtypes: true, NodeClassMask: model.NodeClassObject | model.NodeClassView,
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
	for _, list := range t.byType {
		sortByKey(list)
	}
	return nil
}

// take adds the objects of a result, and to next those to look below.
func (t *tree) take(server string, parent *object, r *model.BrowseResult, next []*object) []*object {
	t.more = t.more || r.More
	for i := range r.References {
		ref := &r.References[i]
		if ref.NodeClass != model.NodeClassObject && ref.NodeClass != model.NodeClassView || ref.NodeID.ServerIndex != 0 {
			continue
		}
		if known := t.byID[ref.NodeID]; known != nil {
			parent.kids = append(parent.kids, known)
			continue
		}
		if t.count == maxObjects {
			t.more = true
			return next
		}
		o := &object{instance: *instanceOf(server, ref)}
		parent.kids = append(parent.kids, o)
		t.byID[o.id] = o
		t.count++
		if o.class == model.NodeClassObject {
			t.byType[o.definition] = append(t.byType[o.definition], o)
		}
		next = append(next, o)
	}
	return next
}

// sortByKey makes each key once.
func sortByKey(list []*object) {
	type entry struct {
		key string
		o   *object
	}
	entries := make([]entry, len(list))
	for i, o := range list {
		entries[i] = entry{o.key(), o}
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	for i := range entries {
		list[i] = entries[i].o
	}
}
