package publishednodes

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Counts tells what a file changes of one kind of records.
type Counts struct {
	Created, Changed, Unchanged, Removed int
}

// ImportResult is what became of a file.
type ImportResult struct {
	// Applied tells that the gateway's desired state was changed. It is false for a dry run and when nothing was to be changed.
	Applied bool
	// Revision is that of the gateway's desired state, after the import if there was one.
	Revision         uint64
	Servers, Writers Counts
	// Nodes counts the fields of the writers that were taken.
	Nodes  int
	Issues *Issues
}

// Change is the way from a gateway's desired state to what a file asks for.
type Change struct {
	steps []step
	// Issues are those of the file, and those that Refuse adds.
	Issues *Issues
}

// step is one item with what it does.
type step struct {
	item    model.ConfigurationItem
	entry   int
	nodes   int
	counts  func(*ImportResult) *int
	pending bool // it changes something
}

// NewChange compares a file with the gateway's state. With replace, what the file does not have goes, unless the file has errors: what
// could not be read may be what would go.
func NewChange(c *Config, issues *Issues, current model.Configuration, replace bool) *Change {
	change := &Change{Issues: issues}
	servers := map[string]*model.Server{}
	for i := range current.Servers {
		servers[current.Servers[i].ID] = &current.Servers[i]
	}
	for _, s := range c.Servers {
		change.putServer(s, servers[s.ID])
		delete(servers, s.ID)
	}
	writers := map[model.WriterKey]*model.DataSetWriter{}
	for i := range current.Writers {
		writers[current.Writers[i].Key()] = &current.Writers[i]
	}
	for i := range c.Writers {
		w := c.Writers[i]
		w.Gateway = current.Gateway
		change.putWriter(&w, c.Entries[i], writers[w.Key()])
		delete(writers, w.Key())
	}
	if !replace {
		return change
	}
	if issues.Errors > 0 {
		if len(servers)+len(writers) > 0 {
			at := &place{issues: issues, entry: -1, node: -1}
			at.report("", nil, warn("nothing is removed, since the file has errors and what could not be read may be what would go", "correct them and import it again"))
		}
		return change
	}
	for _, key := range slices.SortedFunc(maps.Keys(writers), func(a, b model.WriterKey) int { return cmp.Compare(a.String(), b.String()) }) {
		change.steps = append(change.steps, step{
			item: model.ConfigurationItem{RemoveWriter: &key}, entry: -1, pending: true, counts: func(r *ImportResult) *int { return &r.Writers.Removed },
		})
	}
	for _, id := range slices.Sorted(maps.Keys(servers)) {
		change.steps = append(change.steps, step{
			item: model.ConfigurationItem{RemoveServer: &id}, entry: -1, pending: true, counts: func(r *ImportResult) *int { return &r.Servers.Removed },
		})
	}
	return change
}

func (c *Change) putServer(s Connection, old *model.Server) {
	put := step{item: model.ConfigurationItem{PutServer: &s.Server, Password: s.Password}, entry: s.Entry, pending: true}
	switch {
	case old == nil:
		put.counts = func(r *ImportResult) *int { return &r.Servers.Created }
	case s.Password == nil && sameServer(old, &s.Server):
		put.pending, put.counts = false, func(r *ImportResult) *int { return &r.Servers.Unchanged }
	default:
		put.counts = func(r *ImportResult) *int { return &r.Servers.Changed }
	}
	c.steps = append(c.steps, put)
}

// sameServer compares all that a file can change.
func sameServer(old, put *model.Server) bool {
	a, b := *old, *put
	a.SealedPassword, a.Revision, a.Gateway, b.Gateway = nil, 0, "", ""
	return reflect.DeepEqual(&a, &b)
}

func (c *Change) putWriter(w *model.DataSetWriter, entry int, old *model.DataSetWriter) {
	put := step{item: model.ConfigurationItem{PutWriter: w}, entry: entry, nodes: len(w.Fields), pending: true}
	switch {
	case old == nil:
		put.counts = func(r *ImportResult) *int { return &r.Writers.Created }
	case sameWriter(old, w):
		put.pending, put.counts = false, func(r *ImportResult) *int { return &r.Writers.Unchanged }
	default:
		put.counts = func(r *ImportResult) *int { return &r.Writers.Changed }
		w.Selections = old.Selections // a file has no words for them
	}
	c.steps = append(c.steps, put)
}

// sameWriter compares all that a file can change.
func sameWriter(old, put *model.DataSetWriter) bool {
	a, b := *old, *put
	a.GroupID, a.WriterID, a.Revision, a.Selections = b.GroupID, b.WriterID, b.Revision, b.Selections
	if len(a.ExtensionFields) == 0 {
		a.ExtensionFields = nil
	}
	return reflect.DeepEqual(&a, &b)
}

// Items are the items of the transaction, servers before writers; none when nothing is to be changed.
func (c *Change) Items() []model.ConfigurationItem {
	items := make([]model.ConfigurationItem, 0, len(c.steps))
	for _, s := range c.steps {
		if s.pending {
			items = append(items, s.item)
		}
	}
	return items
}

// Refuse takes the items with problems out of the change and reports each as an error of its entry. The problems are those of Items, in their
// order. It returns whether there were any.
func (c *Change) Refuse(list [][]model.ConfigurationProblem) bool {
	kept, n := c.steps[:0:0], 0
	for _, s := range c.steps {
		var of []model.ConfigurationProblem
		if s.pending {
			if n < len(list) {
				of = list[n]
			}
			n++
		}
		if len(of) == 0 {
			kept = append(kept, s)
			continue
		}
		at := &place{issues: c.Issues, entry: s.entry, node: -1}
		for _, p := range of {
			at.report(s.name(), nil, wrong(fmt.Sprintf("%s: %s", p.Field, p.Message), ""))
		}
	}
	refused := len(kept) < len(c.steps)
	c.steps = kept
	return refused
}

// name says what a step is about.
func (s *step) name() string {
	switch i := s.item; {
	case i.PutServer != nil:
		return "server " + i.PutServer.ID
	case i.PutWriter != nil:
		return "writer " + i.PutWriter.Group + "/" + i.PutWriter.Name
	case i.RemoveWriter != nil:
		return "removal of writer " + i.RemoveWriter.Group + "/" + i.RemoveWriter.Writer
	}
	return "removal of server " + *s.item.RemoveServer
}

// Result counts what the change does.
func (c *Change) Result() *ImportResult {
	r := &ImportResult{Issues: c.Issues}
	for _, s := range c.steps {
		*s.counts(r)++
		r.Nodes += s.nodes
	}
	return r
}
