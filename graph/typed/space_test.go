package typed

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// hierarchy is what is below nodes of a server.
type hierarchy struct {
	Services
	below   map[uint32][]uint32
	views   map[uint32]bool
	browsed map[string]int
	err     error
}

func numbered(n uint32) model.ExpandedNodeID { return model.Expanded(model.NumericID(0, n)) }

func (h *hierarchy) Browse(_ context.Context, server string, nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
	h.browsed[server]++
	if h.err != nil {
		return nil, h.err
	}
	results := make([]model.BrowseResult, len(nodes))
	for i, n := range nodes {
		for _, id := range h.below[n.NodeID.Numeric()] {
			r := model.Reference{NodeID: numbered(id), NodeClass: model.NodeClassObject, TypeDefinition: typemodel.FolderType, BrowseName: model.QualifiedName{Name: fmt.Sprint(id)}}
			if h.views[id] {
				r.NodeClass, r.TypeDefinition = model.NodeClassView, model.ExpandedNodeID{}
			}
			results[i].References = append(results[i].References, r)
		}
	}
	return results, nil
}

func ids(objects []*object) (list []uint32) {
	for _, o := range objects {
		list = append(list, o.id.Numeric())
	}
	return list
}

// Objects are found below Objects and within views, once each, in hierarchies that have loops.
func TestSpaceWalksHierarchies(t *testing.T) {
	h := &hierarchy{
		below: map[uint32][]uint32{85: {1001, 1002}, 1001: {1003}, 1003: {1001, 1004}, 1002: {1004}, 87: {2001}, 2001: {1003, 2002}}, views: map[uint32]bool{2001: true},
		browsed: map[string]int{},
	}
	s := NewSpace(h, time.Minute)
	tree, err := s.tree(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ids(tree.byType[typemodel.FolderType]), []uint32{1001, 1002, 1003, 1004, 2002}; !slices.Equal(got, want) {
		t.Errorf("objects %v, want %v", got, want)
	}
	for top, want := range map[uint32][]uint32{85: {1001, 1002, 1003, 1004}, 1002: {1004}, 1003: {1001, 1004}, 2001: {1001, 1003, 1004, 2002}} {
		var below []*object
		for o := range tree.byID[numbered(top)].below() {
			below = append(below, o)
		}
		sortByKey(below)
		if got := ids(below); !slices.Equal(got, want) {
			t.Errorf("below %d: %v, want %v", top, got, want)
		}
	}
}

// What is known is gone by until it is too old, or the server tells that it is no more; how old it may be depends on whether it tells.
func TestSpaceRemembers(t *testing.T) {
	h := &hierarchy{below: map[uint32][]uint32{85: {1001}}, browsed: map[string]int{}}
	s := NewSpace(h, 30*time.Second)
	now := time.Unix(1000, 0)
	s.now = func() time.Time { return now }
	walks := func(want int) {
		t.Helper()
		if _, err := s.tree(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if got := h.browsed["a"] / 2; got != want {
			t.Errorf("%d walks, want %d", got, want)
		}
	}
	if s.known("a") != nil {
		t.Error("known before it was looked at")
	}
	walks(1)
	now = now.Add(30 * time.Second)
	walks(1)
	now = now.Add(time.Second)
	if s.known("a") != nil {
		t.Error("known though it is too old")
	}
	walks(2)
	s.Watch("a", true)
	now = now.Add(watchedAge)
	walks(2)
	s.Forget("a")
	walks(3)
	now = now.Add(time.Minute)
	s.Watch("a", false)
	walks(4)
	h.err = context.DeadlineExceeded
	s.Forget("a")
	if _, err := s.tree(t.Context(), "a"); err == nil {
		t.Error("no error")
	}
	h.err = nil
	if _, err := s.tree(t.Context(), "a"); err != nil {
		t.Errorf("an error is remembered: %v", err)
	}
}

// The objects of all servers together are bounded: those that were asked for last stay.
func TestSpaceIsBounded(t *testing.T) {
	s := NewSpace(&hierarchy{below: map[uint32][]uint32{85: {1001}}, browsed: map[string]int{}}, time.Minute)
	now := time.Unix(1000, 0)
	s.now = func() time.Time { return now }
	for _, server := range []string{"a", "b", "c"} {
		now = now.Add(time.Second)
		if _, err := s.tree(t.Context(), server); err != nil {
			t.Fatal(err)
		}
	}
	for _, tree := range s.trees {
		tree.count = maxRemembered / 2
	}
	now = now.Add(time.Second)
	if s.known("a") == nil {
		t.Fatal("a is not remembered")
	}
	s.forget()
	if s.known("a") == nil || s.known("b") != nil || s.known("c") == nil {
		t.Errorf("remembered: a %v, b %v, c %v; want all but b", s.known("a") != nil, s.known("b") != nil, s.known("c") != nil)
	}
}
