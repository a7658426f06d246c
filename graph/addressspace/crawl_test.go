package addressspace

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

var limits = Limits{MaxNodes: 1000, MaxDepth: 100}

func crawlPlant(t *testing.T, p *plant, known *Space, stale map[model.ExpandedNodeID]bool) *Space {
	t.Helper()
	c := &crawler{services: p, server: "s1", limits: limits, known: known, stale: stale, progress: func(int, int) {}, counts: &counts{}}
	s, err := c.crawl(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func find(t *testing.T, s *Space, id model.ExpandedNodeID) int32 {
	t.Helper()
	i, ok := s.Find(id)
	if !ok {
		t.Fatalf("%s is not in the space", id)
	}
	return i
}

func TestCrawlTellsWhatReferencesTell(t *testing.T) {
	s := crawlPlant(t, newPlant(), nil, nil)
	i := find(t, s, text("Boiler2.Temperature"))
	if s.NodeID(i) != text("Boiler2.Temperature") || s.Class(i) != model.NodeClassVariable || s.TypeDefinition(i) != num(2368) || s.Unit(i) != "°C" {
		t.Errorf("got %v, class %d, type %v, unit %q", s.NodeID(i), s.Class(i), s.TypeDefinition(i), s.Unit(i))
	}
	if want := (model.QualifiedName{Name: "Temperature", NamespaceURI: uri}); s.BrowseName(i) != want {
		t.Errorf("browse name %#v", s.BrowseName(i))
	}
	if want := (model.LocalizedText{Locale: "en", Text: "Temperature"}); s.DisplayName(i) != want {
		t.Errorf("display name %#v", s.DisplayName(i))
	}
	if s.Path(i) != "Objects/Plant/Boiler2/Temperature" {
		t.Errorf("path %q", s.Path(i))
	}
	if b := find(t, s, text("Boiler1")); s.TypeName(b) != "BoilerType" {
		t.Errorf("type %q of a boiler", s.TypeName(b))
	}
	if root := find(t, s, rootFolder); root != 0 || s.Path(root) != "" {
		t.Errorf("root is %d with path %q", root, s.Path(root))
	}
}

func TestIdentifiersOfAllKinds(t *testing.T) {
	p := newPlant()
	ids := []model.ExpandedNodeID{
		{NodeID: model.NumericID(0, 7), NamespaceURI: uri},
		{NodeID: model.NumericID(0, 7), NamespaceURI: "urn:other"},
		model.Expanded(model.NumericID(9, 7)),
		{NodeID: model.StringID(0, "7"), NamespaceURI: uri},
		{NodeID: model.StringID(0, ""), NamespaceURI: uri},
		{NodeID: model.OpaqueID(0, "7"), NamespaceURI: uri},
		{NodeID: model.GUIDID(0, model.GUID{1, 2, 3}), NamespaceURI: uri},
	}
	for i, id := range ids {
		p.link(num(85), organizes, id, fmt.Sprintf("N%d", i), model.NodeClassObject, num(61))
	}
	p.link(num(85), organizes, model.ExpandedNodeID{NodeID: model.NumericID(0, 1), ServerIndex: 1}, "Elsewhere", model.NodeClassObject, num(61))
	s := crawlPlant(t, p, nil, nil)
	for i, id := range ids {
		at := find(t, s, id)
		if s.NodeID(at) != id || s.Path(at) != fmt.Sprintf("Objects/N%d", i) {
			t.Errorf("%s is found as %s at %s", id, s.NodeID(at), s.Path(at))
		}
	}
	for _, id := range []model.ExpandedNodeID{text("none"), {NodeID: model.NumericID(0, 7), NamespaceURI: "urn:none"}, {NodeID: model.NumericID(0, 1), ServerIndex: 1}} {
		if _, ok := s.Find(id); ok {
			t.Errorf("%s is found", id)
		}
	}
}

func TestCrawlAgainAsksForStaleNodesOnly(t *testing.T) {
	p := newPlant()
	before := crawlPlant(t, p, nil, nil)
	p.link(text("Plant"), organizes, text("Boiler3"), "Boiler3", model.NodeClassObject, text("BoilerType"))
	p.link(text("Boiler3"), hasComponent, text("Boiler3.Level"), "Level", model.NodeClassVariable, num(63))
	p.unlink(text("Plant"), text("Boiler1"))
	clear(p.browsed)
	after := crawlPlant(t, p, before, map[model.ExpandedNodeID]bool{text("Plant"): true})
	if len(p.browsed) != 4 {
		t.Errorf("browsed %v, want Plant, Objects above it and the two new nodes", p.browsed)
	}
	if whole := crawlPlant(t, p, nil, nil); whole.Version != after.Version {
		t.Errorf("the space differs from one that is browsed as a whole: %d and %d nodes", after.Len(), whole.Len())
	}
	if _, ok := after.Find(text("Boiler1.Temperature")); ok {
		t.Error("a node below one that is gone is still there")
	}
	if i := find(t, after, text("Boiler2.Pressure")); after.Unit(i) != "bar" {
		t.Errorf("unit %q", after.Unit(i))
	}
	if before.Version == after.Version {
		t.Error("the version is the same")
	}
}

func TestCrawlKeepsWhatABusyServerDoesNotTell(t *testing.T) {
	p := newPlant()
	before := crawlPlant(t, p, nil, nil)
	p.bad[text("Boiler1")] = model.StatusBadTooManyOperations
	p.bad[text("Boiler2")] = model.StatusBadNodeIdUnknown
	after := crawlPlant(t, p, before, nil)
	if _, ok := after.Find(text("Boiler1.Temperature")); !ok {
		t.Error("what was known of Boiler1 is lost")
	}
	if _, ok := after.Find(text("Boiler2.Temperature")); ok {
		t.Error("what is below Boiler2, which is gone, is kept")
	}
	if after.Omitted != 1 || after.Note == "" {
		t.Errorf("omitted %d: %q", after.Omitted, after.Note)
	}
}

func TestCrawlIsBounded(t *testing.T) {
	p := newPlant()
	c := &crawler{services: p, server: "s1", limits: Limits{MaxNodes: 8, MaxDepth: 100}, progress: func(int, int) {}, counts: &counts{}}
	s, err := c.crawl(t.Context())
	if err != nil || s.Len() != 8 || s.Omitted == 0 || s.Note != "the server has more than 8 nodes; raise addressSpace.maxNodes" {
		t.Errorf("%d nodes, omitted %d: %q, %v", s.Len(), s.Omitted, s.Note, err)
	}
	c.limits = Limits{MaxNodes: 100, MaxDepth: 2}
	if s, err = c.crawl(t.Context()); err != nil || s.Note != "nodes are more than 2 deep; raise addressSpace.maxDepth" {
		t.Errorf("%q, %v", s.Note, err)
	}
	if _, ok := s.Find(text("Boiler1")); ok {
		t.Error("a node that is 3 deep is there")
	}
}

func TestCrawlAsksForLessWhenRefused(t *testing.T) {
	p := newPlant()
	for i := range 300 {
		p.link(text("Plant"), organizes, text(fmt.Sprint("V", i)), fmt.Sprint("V", i), model.NodeClassVariable, num(63))
	}
	var sizes []int
	p.refuse = func(_, nodes int) error {
		sizes = append(sizes, nodes)
		if nodes > 60 {
			return model.StatusBadTooManyOperations
		}
		return nil
	}
	synctest.Test(t, func(t *testing.T) {
		if s := crawlPlant(t, p, nil, nil); s.Len() < 300 {
			t.Errorf("%d nodes", s.Len())
		}
	})
	if len(sizes) > 40 {
		t.Errorf("%d requests: %v", len(sizes), sizes)
	}
}

func TestCrawlGivesUp(t *testing.T) {
	p := newPlant()
	p.refuse = func(int, int) error { return model.StatusBadServerNotConnected }
	synctest.Test(t, func(t *testing.T) {
		c := &crawler{services: p, server: "s1", limits: limits, progress: func(int, int) {}, counts: &counts{}}
		if _, err := c.crawl(t.Context()); !errors.Is(err, model.StatusBadServerNotConnected) {
			t.Errorf("got %v", err)
		}
	})
	if p.calls != batchTries {
		t.Errorf("%d requests, want %d", p.calls, batchTries)
	}
}

func TestCrawlTakesHalfOfTheTimeAtMost(t *testing.T) {
	p := newPlant()
	p.takes = 3 * time.Second
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		crawlPlant(t, p, nil, nil)
		if took := time.Since(begin); took < time.Duration(2*p.calls)*p.takes {
			t.Errorf("%d requests of %s in %s", p.calls, p.takes, took)
		}
	})
}

func TestCrawlTakesAllPagesOfAFolder(t *testing.T) {
	p := newPlant()
	for i := range 2*pageSize + 1 {
		p.link(text("Plant"), organizes, text(fmt.Sprint("V", i)), fmt.Sprint("V", i), model.NodeClassVariable, num(63))
	}
	c := &crawler{services: p, server: "s1", limits: Limits{MaxNodes: 10_000, MaxDepth: 100}, progress: func(int, int) {}, counts: &counts{}}
	s, err := c.crawl(t.Context())
	if err != nil || s.Omitted > 0 {
		t.Fatalf("%v, %q", err, s.Note)
	}
	if i := find(t, s, text(fmt.Sprint("V", 2*pageSize))); s.Path(i) != fmt.Sprint("Objects/Plant/V", 2*pageSize) {
		t.Errorf("path %q", s.Path(i))
	}
}
