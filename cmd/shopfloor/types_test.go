package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// twoNamespaces are the types of OPC UA, as far as they are needed, and one of another namespace, with references as a server tells them.
func twoNamespaces(uri string) []*model.Node {
	base := &model.Node{NodeID: typemodel.BaseObjectType, Class: model.NodeClassObjectType, BrowseName: model.QualifiedName{Name: "BaseObjectType"}}
	folder := &model.Node{NodeID: typemodel.FolderType, Class: model.NodeClassObjectType, BrowseName: model.QualifiedName{Name: "FolderType"}}
	pump := &model.Node{
		NodeID: model.ExpandedNodeID{NodeID: model.NumericID(0, 1), NamespaceURI: uri}, Class: model.NodeClassObjectType,
		BrowseName: model.QualifiedName{Name: "PumpType", NamespaceURI: uri},
	}
	base.References = []model.NodeReference{{Type: typemodel.HasSubtype, Target: pump.NodeID}, {Type: typemodel.HasSubtype, Target: folder.NodeID}}
	return []*model.Node{base, folder, pump}
}

func grouped(t *testing.T, nodes []*model.Node) []*namespaceTypes {
	t.Helper()
	groups, err := byNamespace(nodes)
	if err != nil {
		t.Fatal(err)
	}
	return groups
}

// What is the same at two servers is kept once, on disk and in memory, and comes back after a restart; what is damaged does not.
func TestTypeStore(t *testing.T) {
	s := &typeStore{dir: filepath.Join(t.TempDir(), "types")}
	if servers, err := s.load(); err != nil || len(servers) != 0 {
		t.Fatalf("empty: %v, %v", servers, err)
	}
	servers := map[string]*serverModel{}
	for server, uri := range map[string]string{"a": "urn:pumps", "b": "urn:valves", "c": "urn:pumps"} {
		m := &serverModel{Read: time.Unix(1000, 0).UTC(), Versions: map[string]string{uri: "1.0"}, Namespaces: map[string]string{}, groups: s.share(grouped(t, twoNamespaces(uri)))}
		for _, g := range m.groups {
			m.Namespaces[g.uri] = g.hash
		}
		servers[server] = m
	}
	if a, b, c := servers["a"].groups, servers["b"].groups, servers["c"].groups; a[0] != b[0] || a[0] != c[0] || a[1] == b[1] || a[1] != c[1] {
		t.Error("equal types are not shared")
	}
	if err := s.save(servers); err != nil {
		t.Fatal(err)
	}
	other := &typeStore{dir: s.dir}
	got, err := other.load()
	if err != nil || len(got) != 3 || len(other.groups) != 3 {
		t.Fatalf("%d servers, %d groups, %v", len(got), len(other.groups), err)
	}
	if b := got["b"]; !b.Read.Equal(servers["b"].Read) || b.Versions["urn:valves"] != "1.0" || b.groups[0] != got["a"].groups[0] || b.groups[1].hash != servers["b"].groups[1].hash ||
		!b.has(model.ExpandedNodeID{NodeID: model.NumericID(0, 1), NamespaceURI: "urn:valves"}) || b.has(model.ExpandedNodeID{NodeID: model.NumericID(0, 1), NamespaceURI: "urn:pumps"}) {
		t.Errorf("server b %+v", b)
	}

	damaged := s.path(servers["b"].groups[1].hash)
	if err := os.WriteFile(damaged, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := (&typeStore{dir: s.dir}).load(); err == nil || len(got) != 2 || got["b"] != nil {
		t.Errorf("%d servers, %v", len(got), err)
	}
	delete(servers, "b")
	if err := s.save(servers); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(damaged); err == nil || len(s.groups) != 2 {
		t.Errorf("what no server has is kept: %v, %d groups", err, len(s.groups))
	}
}

// The versions that a server tells say whether to read again.
func TestServerModelVersions(t *testing.T) {
	known := &serverModel{Versions: map[string]string{"": "1.05", "urn:a": "1"}, Namespaces: map[string]string{"": "h0", "urn:a": "h1"}}
	for _, c := range []struct {
		versions map[string]string
		want     bool
	}{
		{map[string]string{"": "1.05", "urn:a": "1"}, true},
		{map[string]string{"": "1.05", "urn:a": "2"}, false},
		{map[string]string{"": "1.05"}, false},
		{map[string]string{"": "1.05", "urn:a": "1", "urn:b": "1"}, false},
		{nil, false},
	} {
		if got := known.told(c.versions); got != c.want {
			t.Errorf("%v: %v", c.versions, got)
		}
	}
	if (&serverModel{}).told(map[string]string{}) {
		t.Error("a server without types is known")
	}
}

func TestTypeReadingIsDue(t *testing.T) {
	connected, now := time.Unix(1000, 0), time.Unix(2000, 0)
	for name, c := range map[string]struct {
		r    typeReading
		want bool
	}{
		"connected anew":        {typeReading{since: time.Unix(900, 0)}, true},
		"known":                 {typeReading{since: connected}, false},
		"failed just now":       {typeReading{since: connected, retry: now.Add(time.Second)}, false},
		"failed a while ago":    {typeReading{since: connected, retry: now}, true},
		"changes go on":         {typeReading{since: connected, changed: modelTypesChanged, told: now}, false},
		"changes ended":         {typeReading{since: connected, changed: modelPerhapsChanged, told: now.Add(-typesQuiet)}, true},
		"changes all the time":  {typeReading{since: connected, changed: modelTypesChanged, told: now.Add(-typesQuiet), began: now.Add(-time.Minute), pause: time.Hour}, false},
		"away and failed since": {typeReading{since: time.Unix(900, 0), retry: now.Add(time.Second)}, false},
	} {
		if got := c.r.due(connected, now); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Nothing is lost by keeping nodes by their namespaces.
func TestByNamespaceKeepsTheSchema(t *testing.T) {
	files := []string{opcuatest.NodeSet(t, "Opc.Ua.NodeSet2.xml"), opcuatest.NodeSet(t, "Opc.Ua.Di.NodeSet2.xml")}
	sdl := func(split bool) string {
		nodes, err := loadNodeSets(files, func(string) {})
		if err != nil {
			t.Fatal(err)
		}
		sources := [][]*model.Node{nodes}
		if split {
			sources = nil
			for _, g := range grouped(t, nodes) {
				sources = append(sources, g.nodes)
			}
		}
		s, err := typedSchema(typed.Options{}, sources...)
		if err != nil {
			t.Fatal(err)
		}
		return s.SDL()
	}
	if whole, split := sdl(false), sdl(true); whole != split {
		t.Errorf("the schemas differ: %d and %d bytes", len(whole), len(split))
	}
}

// A namespace that does not go together with the rest is left out and told; all others are served.
func TestNamespaceIsDropped(t *testing.T) {
	endpoint := graph.NewHandler(graph.HandlerConfig{}, &graph.Resolver{Log: zerolog.Nop()})
	good, bad := grouped(t, twoNamespaces("urn:good")), grouped(t, twoNamespaces("urn:bad"))
	ty := &types{
		endpoint: endpoint, file: filepath.Join(t.TempDir(), "names.json"), now: time.Now, log: zerolog.Nop(),
		// A recorded name may be anything: this one is that of a type which is there already.
		names:   &typed.Names{Prefixes: map[string]string{}, Types: map[string]string{"nsu=urn:bad;i=1": "TypedVariable"}},
		servers: map[string]*serverModel{"a": {groups: good}, "b": {groups: bad}},
	}
	if err := ty.apply(); err != nil {
		t.Fatal(err)
	}
	if ty.dropped.Load() != 1 || ty.names.Types["nsu=urn:good;i=1"] != "Good_PumpType" {
		t.Errorf("%d namespaces dropped, names %v", ty.dropped.Load(), ty.names.Types)
	}
	if f := endpoint.SchemaFigures(); f.Generation != 2 || f.Types == 0 {
		t.Errorf("schema %+v", f)
	}
	before := endpoint.SchemaFigures()
	ty.causes = []graph.SchemaCause{{Kind: graph.SchemaCauseKindModelChanged}}
	if err := ty.apply(); err != nil || endpoint.SchemaFigures() != before {
		t.Errorf("the same again: %v, %+v", err, endpoint.SchemaFigures())
	}
}

// Changes that a server tells of are about types where they have no type definition, or are of nodes that belong to types.
func TestModelNews(t *testing.T) {
	pump := model.ExpandedNodeID{NodeID: model.NumericID(0, 1), NamespaceURI: "urn:pumps"}
	known := &serverModel{groups: grouped(t, twoNamespaces("urn:pumps"))}
	instance := model.ExpandedNodeID{NodeID: model.NumericID(0, 9), NamespaceURI: "urn:pumps"}
	for name, c := range map[string]struct {
		s    watchedServer
		want modelNews
	}{
		"nothing":          {watchedServer{}, modelSame},
		"an instance":      {watchedServer{affected: []model.ModelChange{{Affected: instance, AffectedType: typemodel.FolderType}}}, modelSame},
		"a type":           {watchedServer{affected: []model.ModelChange{{Affected: instance}}}, modelTypesChanged},
		"part of a type":   {watchedServer{affected: []model.ModelChange{{Affected: pump, AffectedType: typemodel.FolderType}}}, modelTypesChanged},
		"perhaps anything": {watchedServer{reload: true}, modelPerhapsChanged},
	} {
		w := &modelWatch{servers: map[string]*watchedServer{"a": &c.s}}
		if got := w.news("a", known); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
		if got := w.news("a", known); got != modelSame || !slices.Equal(c.s.affected, nil) {
			t.Errorf("%s, asked again: %v", name, got)
		}
	}
}
