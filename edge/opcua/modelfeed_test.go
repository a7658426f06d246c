package opcua

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// testTree is a tree with the root 1, of paths as "a/b" whose nodes have these strings for ids in namespace 1.
func testTree(paths ...string) *modelTree {
	root := model.NumericID(0, 1)
	t := &modelTree{namespaces: model.NamespaceTable{"", "urn:a", "urn:b"}, root: root, nodes: map[model.NodeID]*modelNode{root: {}}}
	for _, path := range paths {
		parent, id := root, model.StringID(1, path)
		name := path
		if i := strings.LastIndexByte(path, '/'); i >= 0 {
			parent, name = model.StringID(1, path[:i]), path[i+1:]
		}
		t.nodes[id] = &modelNode{parent: parent, name: name, class: ua.NodeClassObject}
		t.nodes[parent].refs = append(t.nodes[parent].refs, modelRef{model.NumericID(0, idOrganizes), id})
	}
	return t
}

func diffText(a, b *modelTree) (list []string) {
	for _, c := range a.diff(b) {
		list = append(list, c.path+" "+verbText(c.verb))
	}
	return list
}

func TestModelDiff(t *testing.T) {
	a := testTree("x", "x/1", "x/2", "y", "y/1")
	if got := diffText(a, testTree("x", "x/1", "x/2", "y", "y/1")); got != nil {
		t.Errorf("two equal trees differ in %q", got)
	}
	b := testTree("x", "x/1", "y", "y/1", "y/2", "z", "z/1")
	want := []string{" reference added", "x reference deleted", "x/2 node deleted", "y reference added", "y/2 node added", "z node added", "z/1 node added"}
	if got := diffText(a, b); !slices.Equal(got, want) {
		t.Errorf("diff is %q, want %q", got, want)
	}
	// A node whose references are not told keeps what was below it.
	c := testTree("x", "y")
	c.nodes[model.StringID(1, "x")].blind = true
	if got, want := diffText(a, c), []string{"y reference deleted", "y/1 node deleted"}; !slices.Equal(got, want) || c.nodes[model.StringID(1, "x/2")] == nil {
		t.Errorf("diff with a blind node is %q, want %q", got, want)
	}
	// The same after a restart that gave the namespaces other indices.
	d := testTree("x", "x/1", "x/2", "y", "y/1").renumber(model.NamespaceTable{"", "urn:b", "urn:a"})
	if d.nodes[model.StringID(2, "x/1")] == nil {
		t.Error("the tree has the old indices")
	}
	if got := diffText(a, d); got != nil {
		t.Errorf("trees of other indices differ in %q", got)
	}
}

// Looks are coalesced and paced.
func TestLooking(t *testing.T) {
	var l looking
	at := func(d time.Duration) time.Time { return time.Unix(1000, 0).Add(d) }
	l.ask(at(0))
	l.ask(at(900 * time.Millisecond))
	if l.begin(at(999*time.Millisecond)) || !l.begin(at(time.Second)) || l.begin(at(2*time.Second)) {
		t.Error("a look does not come once, a second after it was asked for")
	}
	l.end(at(4 * time.Second)) // it took 3 s
	l.ask(at(5 * time.Second))
	if l.begin(at(33*time.Second)) || !l.begin(at(34*time.Second)) {
		t.Error("the next look does not come after ten times the time of the last one")
	}
}

func FuzzModelChanges(f *testing.F) {
	f.Add([]byte{1, 0, 61, 0, 1, 0, 58, 0, 1})
	f.Add([]byte{3, 1, 0, 2, 0, 0, 0, 'a', 'b', 0, 0, 4})
	f.Fuzz(func(t *testing.T, body []byte) {
		x := model.ExtensionObject{TypeID: model.Expanded(model.NumericID(0, idModelChangeStructure)), Encoding: model.ExtensionBinary, Body: body}
		for _, c := range modelChanges([]model.ExtensionObject{x, {}}, model.NamespaceTable{"", "urn:a"}) {
			_ = c.affected.String()
		}
	})
}

// A feed publishes what the server tells at once, what it does not tell when it is found, and nothing twice.
func TestModelChangeFeed(t *testing.T) {
	server := eventServer(t)
	sets, store := publisher(t)
	source := run(t, config(server.Endpoint(), sets))
	connected(t, source)
	w := eventWriter("model", model.EventSource{Notifier: plant("Plant"), ModelChange: &model.ModelChangeFeed{Rebrowse: time.Second}})
	source.Configure([]model.DataSetWriter{w})
	active(t, source)
	if n := len(store.of(&w)); n != 0 {
		t.Errorf("%d events before anything changed", n)
	}
	invoke(t, source, "AddMachine", "press-7")
	change := func(node string, verb uint8) func(fields) bool {
		return func(f fields) bool {
			return f["Affected"].ExpandedNodeID() == plant(node) && f["Verb"].Uint()&uint64(verb) != 0
		}
	}
	added := store.await(t, source, &w, "the machine", change("press-7", verbNodeAdded))
	if added["EventType"].ExpandedNodeID() != model.Expanded(model.NumericID(0, idGeneralModelChangeEvent)) || added["SourceNode"].ExpandedNodeID() != serverObject ||
		len(added["EventId"].Bytes()) != 16 || added["Severity"].Uint() != modelSeverity || !strings.Contains(added.text("Message"), "node added") {
		t.Errorf("event %v", added)
	}
	speed := store.await(t, source, &w, "its variable", change("press-7.Speed", verbNodeAdded))
	store.await(t, source, &w, "the reference to it", change("Machines", verbReferenceAdded))
	invoke(t, source, "RemoveMachine", "press-7")
	store.await(t, source, &w, "that it is gone", change("press-7.Speed", verbNodeDeleted))
	store.await(t, source, &w, "that it is gone", change("press-7", verbNodeDeleted))
	seen := map[string]int{}
	for _, f := range store.of(&w) {
		seen[fmt.Sprint(f["Affected"], f["Verb"].Uint())]++
	}
	for what, n := range seen {
		if n > 1 {
			t.Errorf("%s was published %d times", what, n)
		}
	}
	if speed.text("BrowsePath") != "Objects/Plant/Machines/press-7/Speed" || speed["NodeClass"].Int() != int64(ua.NodeClassVariable) {
		t.Errorf("event %v", speed)
	}
	page, err := source.Nodes(t.Context(), []model.NodeQuery{{First: 1}})
	if err != nil || len(page[0].Nodes) != 1 || page[0].Nodes[0].State != model.NodeActive || page[0].Values < 4 {
		t.Errorf("state of the feed: %+v, %v", page, err)
	}
}

// Writers whose fields depend on the model look again soon when the server says that it changed, long before they would by themselves.
func TestWritersFollowModel(t *testing.T) {
	server := eventServer(t)
	r := &recorder{}
	source := run(t, config(server.Endpoint(), r))
	connected(t, source)
	w := dataSetWriter("selected", 100*time.Millisecond)
	w.Selections = []model.Selection{{Root: plant("Machines"), Include: []string{"*/Speed"}}}
	source.Configure([]model.DataSetWriter{w})
	eventually(t, eventWait, func() bool { _, n := r.last(); return n == 1 }, func() string { return "the writer is open" })
	eventually(t, eventWait, func() bool {
		for _, sub := range source.publishing.all() {
			sub.mu.Lock()
			active := sub.live && sub.active > 0
			sub.mu.Unlock()
			if active {
				return true
			}
		}
		return false
	}, func() string { return "the gateway listens for changes of the model" })
	invoke(t, source, "AddMachine", "press-8")
	eventually(t, eventWait, func() bool { o, _ := r.last(); return len(o.fields) == 1 && o.fields[0].Node == plant("press-8.Speed") }, func() string {
		o, n := r.last()
		return fmt.Sprintf("the new variable is published: %d openings, the last with %v", n, o.fields)
	})
}
