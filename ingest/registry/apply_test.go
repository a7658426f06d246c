package registry

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func field(name string) model.PublishedField {
	return model.PublishedField{Name: name, NodeID: model.Expanded(model.StringID(2, name))}
}

func writer(group, name string, fields int) *model.DataSetWriter {
	w := &model.DataSetWriter{Group: group, Name: name, Server: "press", SamplingInterval: time.Second, PublishingInterval: time.Second}
	for i := range fields {
		w.Fields = append(w.Fields, field(fmt.Sprintf("f%d", i)))
	}
	return w
}

func pressServer() *model.Server {
	s := press()
	s.ID = "press"
	return &s
}

// apply makes a transaction that must be applied.
func apply(t *testing.T, r *Registry, items ...model.ConfigurationItem) model.ConfigurationRevision {
	t.Helper()
	o, err := r.Apply(ctx, model.ConfigurationChange{Gateway: "local", Author: "ada", Comment: "why not", Items: items})
	if err != nil || !o.Applied {
		t.Fatalf("not applied: %+v, %v", o, err)
	}
	return o.Revision
}

func key(group, name string) model.WriterKey {
	return model.WriterKey{Gateway: "local", Group: group, Writer: name}
}

func ref[T any](v T) *T { return &v }

func TestApply(t *testing.T) {
	b := memories()
	r := startRegistry(t, b, nil)
	first := apply(t, r, model.ConfigurationItem{PutWriter: writer("g", "w", 3)}, model.ConfigurationItem{PutServer: pressServer()}, model.ConfigurationItem{PutWriter: writer("g", "v", 2)})
	want := model.ConfigurationSummary{ServersAdded: 1, WritersAdded: 2, FieldsAdded: 5}
	if first.Revision != 1 || first.Summary != want || first.Author != "ada" || first.Comment != "why not" || first.Servers != 1 || first.Writers != 2 || first.Fields != 5 {
		t.Errorf("first revision %+v", first)
	}
	w, _ := r.Writer(key("g", "w"))
	v, _ := r.Writer(key("g", "v"))
	if w.GroupID != 1 || v.GroupID != 1 || w.WriterID == v.WriterID || w.WriterID == 0 || v.WriterID == 0 || w.Revision != 1 {
		t.Errorf("numbers %d/%d and %d/%d, revision %d", w.GroupID, w.WriterID, v.GroupID, v.WriterID, w.Revision)
	}
	changed := field("f1")
	changed.Deadband = &model.Deadband{Type: model.DeadbandAbsolute, Value: 2}
	second := apply(t, r, model.ConfigurationItem{ChangeFields: &model.FieldsChange{
		Writer: key("g", "w"), Remove: []string{"f0"}, Put: []model.PublishedField{changed, field("new")},
	}}, model.ConfigurationItem{RemoveWriter: ref(model.WriterKey{Group: "g", Writer: "v"})})
	want = model.ConfigurationSummary{WritersRemoved: 1, WritersChanged: 1, FieldsAdded: 1, FieldsRemoved: 3, FieldsChanged: 1}
	if second.Revision != 2 || second.Summary != want {
		t.Errorf("second revision %+v, want %+v", second, want)
	}
	again := startRegistry(t, b, nil)
	for _, r := range []*Registry{r, again} {
		w, err := r.Writer(key("g", "w"))
		if err != nil || len(w.Fields) != 3 || w.Fields[0].Deadband.Value != 2 || w.Fields[1].Name != "f2" || w.Fields[2].Name != "new" || w.Revision != 2 || w.WriterID != 1 {
			t.Errorf("changed writer %+v, %v", w, err)
		}
		if _, err := r.Writer(key("g", "v")); !errors.Is(err, ErrNotFound) {
			t.Errorf("the removed writer: %v", err)
		}
		if s, err := r.Server("press"); err != nil || s.Revision != 1 {
			t.Errorf("server %+v, %v", s, err)
		}
	}
}

func TestApplyIsAllOrNothing(t *testing.T) {
	b := memories()
	r := startRegistry(t, b, nil)
	apply(t, r, model.ConfigurationItem{PutServer: pressServer()}, model.ConfigurationItem{PutWriter: writer("g", "w", 2)})
	bad := writer("g", "bad", 2)
	bad.Fields[1].Name = "f0"
	other := press()
	other.ID, other.EndpointURL = "other", "http://x"
	o, err := r.Apply(ctx, model.ConfigurationChange{Gateway: "local", Items: []model.ConfigurationItem{
		{PutWriter: writer("g", "good", 1)},
		{PutWriter: bad},
		{RemoveWriter: ref(key("g", "none"))},
		{PutServer: &other},
		{},
		{ChangeFields: &model.FieldsChange{Writer: key("g", "w"), Remove: []string{"none"}, Put: []model.PublishedField{{Name: "x"}}}},
		{PutWriter: &model.DataSetWriter{Gateway: "elsewhere"}},
		{PutServer: pressServer(), Password: ref("secret")},
	}})
	if err != nil || o.Applied || o.Revision.Revision != 1 {
		t.Fatalf("outcome %+v, %v", o, err)
	}
	for i, want := range []string{
		"", `writer.fields[1].name: "f0"`, "removeWriter: there is no writer local/g/none", `putServer.endpointUrl: "http://x"`, "item: has 0",
		`changeFields.remove[0]: "none"`, `putWriter.gateway: "elsewhere"`, "putServer.password: is given without userName",
	} {
		if want == "" {
			if len(o.Problems[i]) > 0 {
				t.Errorf("item %d: %v", i, o.Problems[i])
			}
			continue
		}
		if len(o.Problems[i]) == 0 || !strings.Contains(o.Problems[i][0].String(), want) {
			t.Errorf("item %d: %v, want %q", i, o.Problems[i], want)
		}
	}
	if len(r.Writers()) != 1 || len(r.Servers()) != 1 {
		t.Errorf("something was applied: %v %v", r.Servers(), r.Writers())
	}
}

func TestApplyChecksTheWhole(t *testing.T) {
	r := startRegistry(t, memories(), nil)
	apply(t, r, model.ConfigurationItem{PutServer: pressServer()}, model.ConfigurationItem{PutWriter: writer("g", "w", 2)})
	foreign := pressServer()
	foreign.ID, foreign.Gateway = "theirs", "edge2"
	if o, err := r.Apply(ctx, model.ConfigurationChange{Gateway: "edge2", Items: []model.ConfigurationItem{{PutServer: foreign}}}); err != nil || !o.Applied {
		t.Fatal(o, err)
	}
	f := func(want string, items ...model.ConfigurationItem) {
		t.Helper()
		o, err := r.Apply(ctx, model.ConfigurationChange{Gateway: "local", Items: items})
		if _, p, bad := o.Problem(); err != nil || o.Applied || !bad || !strings.Contains(p.String(), want) {
			t.Errorf("outcome %+v, %v, want %q", o, err, want)
		}
	}
	lost := writer("g", "x", 1)
	lost.Server = "theirs"
	f(`writer.server: "theirs" is no server of gateway "local"`, model.ConfigurationItem{PutWriter: lost})
	stolen := pressServer()
	stolen.ID = "theirs"
	f(`is a server of gateway "edge2"`, model.ConfigurationItem{PutServer: stolen})
	twin := writer("g", "x", 1)
	twin.WriterID = 1
	f("writer.writerId: 1 is the number of both", model.ConfigurationItem{PutWriter: twin})
	odd := writer("g", "x", 1)
	odd.GroupID, odd.WriterID = 7, 9
	f("writer.groupId: 7 differs", model.ConfigurationItem{PutWriter: odd})
	taken := writer("h", "x", 1)
	taken.GroupID, taken.WriterID = 1, 9
	f(`writer.groupId: 1 is the number of group "g"`, model.ConfigurationItem{PutWriter: taken})
	f(`writer.fields[0].triggeredBy: "f1"`, model.ConfigurationItem{ChangeFields: &model.FieldsChange{Writer: key("g", "w"), Put: []model.PublishedField{
		{Name: "f0", NodeID: field("f0").NodeID, TriggeredBy: "f1"}, {Name: "f1", NodeID: field("f1").NodeID, TriggeredBy: "f0"},
	}}})
	// A server goes with its writers, and they may come back under another one in the same transaction.
	moved := writer("g", "w", 2)
	moved.Server = "press2"
	press2 := pressServer()
	press2.ID = "press2"
	apply(t, r, model.ConfigurationItem{RemoveServer: ref("press")}, model.ConfigurationItem{PutServer: press2}, model.ConfigurationItem{PutWriter: moved})
}

func TestApplyExpectsARevision(t *testing.T) {
	b := memories()
	r := startRegistry(t, b, nil)
	apply(t, r, model.ConfigurationItem{PutServer: pressServer()})
	change := model.ConfigurationChange{Gateway: "local", Expected: ref(uint64(0)), Items: []model.ConfigurationItem{{PutWriter: writer("g", "w", 1)}}}
	if o, err := r.Apply(ctx, change); !errors.Is(err, ErrConflict) || o.Revision.Revision != 1 || !strings.Contains(err.Error(), "0 was expected") {
		t.Errorf("a stale revision: %+v, %v", o, err)
	}
	// Another core is faster, after the revision was compared.
	other := startRegistry(t, b, nil)
	configuration := b.Configuration.(*memory)
	configuration.before = func() {
		configuration.before = nil
		apply(t, other, model.ConfigurationItem{PutWriter: writer("g", "theirs", 1)})
	}
	change.Expected = ref(uint64(1))
	if o, err := r.Apply(ctx, change); !errors.Is(err, ErrConflict) || o.Applied {
		t.Errorf("overtaken: %+v, %v", o, err)
	}
	// Without an expectation the change is made on top of theirs.
	configuration.before = func() {
		configuration.before = nil
		apply(t, other, model.ConfigurationItem{PutWriter: writer("g", "more", 1)})
	}
	if got := apply(t, r, change.Items...); got.Revision != 4 || len(r.Writers()) != 3 {
		t.Errorf("revision %+v, writers %v", got, r.Writers())
	}
}

func TestApplyNothing(t *testing.T) {
	r := startRegistry(t, memories(), nil)
	items := []model.ConfigurationItem{{PutServer: pressServer()}, {PutWriter: writer("g", "w", 2)}}
	o, err := r.Apply(ctx, model.ConfigurationChange{Gateway: "local", DryRun: true, Items: items})
	if err != nil || o.Applied || o.Revision.Revision != 1 || o.Revision.Summary.FieldsAdded != 2 || len(r.Servers()) != 0 {
		t.Errorf("dry run: %+v, %v", o, err)
	}
	apply(t, r, items...)
	if o, err := r.Apply(ctx, model.ConfigurationChange{Gateway: "local", Items: items}); err != nil || o.Applied || o.Revision.Revision != 1 {
		t.Errorf("the same again: %+v, %v", o, err)
	}
	if _, err := r.Apply(ctx, model.ConfigurationChange{Gateway: "local"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("no items: %v", err)
	}
	if _, err := r.Apply(ctx, model.ConfigurationChange{Gateway: "No Such", Items: items}); !errors.Is(err, ErrInvalid) {
		t.Errorf("no gateway: %v", err)
	}
}

func TestPasswordStays(t *testing.T) {
	r := startRegistry(t, memories(), nil)
	s := pressServer()
	s.UserName, s.SealedPassword = "op", []byte("forged")
	apply(t, r, model.ConfigurationItem{PutServer: s, Password: ref("one")})
	s.Name = "renamed"
	apply(t, r, model.ConfigurationItem{PutServer: s})
	if got, _ := r.Server("press"); string(got.SealedPassword) != "sealed:one" || got.Name != "renamed" {
		t.Errorf("server %+v", got)
	}
	s.UserName = ""
	apply(t, r, model.ConfigurationItem{PutServer: s})
	if got, _ := r.Server("press"); got.SealedPassword != nil {
		t.Errorf("anonymous server %+v", got)
	}
}

func TestHistoryDiffAndRollBack(t *testing.T) {
	r := startRegistry(t, memories(), nil)
	apply(t, r, model.ConfigurationItem{PutServer: pressServer()}, model.ConfigurationItem{PutWriter: writer("g", "w", 1000)})
	apply(t, r, model.ConfigurationItem{ChangeFields: &model.FieldsChange{Writer: key("g", "w"), Remove: []string{"f7"}, Put: []model.PublishedField{field("new")}}})
	apply(t, r, model.ConfigurationItem{RemoveServer: ref("press")})
	history, err := r.ConfigurationHistory(ctx, "local")
	if err != nil || len(history) != 3 || history[0].Revision != 3 || history[2].Fields != 1000 || history[0].Summary.WritersRemoved != 1 {
		t.Fatalf("history %+v, %v", history, err)
	}
	d, err := r.ConfigurationDiff(ctx, "local", 1, 2)
	if err != nil || len(d.Servers) != 0 || len(d.Writers) != 1 || d.Writers[0].Options || len(d.Writers[0].Fields) != 2 {
		t.Fatalf("diff %+v, %v", d, err)
	}
	added, removed := d.Writers[0].Fields[0], d.Writers[0].Fields[1]
	if added.From != nil || added.Name() != "new" || removed.To != nil || removed.Name() != "f7" {
		t.Errorf("fields %+v", d.Writers[0].Fields)
	}
	o, err := r.RollBack(ctx, "local", 1, "ada", "as it was")
	if err != nil || !o.Applied || o.Revision.Revision != 4 || o.Revision.RolledBackTo != 1 || o.Revision.Summary.FieldsAdded != 1000 {
		t.Fatalf("roll-back %+v, %v", o, err)
	}
	if d, err = r.ConfigurationDiff(ctx, "local", 1, 0); err != nil || !d.Summary.IsZero() {
		t.Errorf("after the roll-back %+v, %v", d.Summary, err)
	}
	if c, err := r.Configuration(ctx, "local", 2); err != nil || c.Revision != 2 || len(c.Writers) != 1 || len(c.Writers[0].Fields) != 1000 {
		t.Errorf("revision 2: %d writers, %v", len(c.Writers), err)
	}
	if _, err := r.RollBack(ctx, "local", 77, "", ""); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "from 1 to 4") {
		t.Errorf("an unknown revision: %v", err)
	}
}

// TestCrashBetweenWrites ends the writes of a transaction at each place in turn: what is read back is the old revision, or the new one when the last
// write was made.
func TestCrashBetweenWrites(t *testing.T) {
	for last := 0; ; last++ {
		b := memories()
		r := startRegistry(t, b, nil)
		apply(t, r, model.ConfigurationItem{PutServer: pressServer()}, model.ConfigurationItem{PutWriter: writer("g", "w", 3000)})
		configuration := b.Configuration.(*memory)
		configuration.writes = 0
		configuration.fail = func(write int, _ []string) error {
			if write > last {
				return errors.New("crashed")
			}
			return nil
		}
		fresh := writer("g", "w", 0)
		for i := range 3000 {
			fresh.Fields = append(fresh.Fields, field(fmt.Sprintf("x%d", i)))
		}
		o, err := r.Apply(ctx, model.ConfigurationChange{Gateway: "local", Items: []model.ConfigurationItem{{PutWriter: fresh}, {PutWriter: writer("g", "more", 1)}}})
		configuration.fail = nil
		again := startRegistry(t, b, nil)
		c, readErr := again.Configuration(ctx, "local", 0)
		if readErr != nil {
			t.Fatal(readErr)
		}
		first := c.Writers[len(c.Writers)-1].Fields[0].Name
		switch {
		case err != nil && (c.Revision != 1 || len(c.Writers) != 1 || first != "f0"):
			t.Fatalf("after %d writes: revision %d, %d writers, first field %s", last, c.Revision, len(c.Writers), first)
		case err == nil && (!o.Applied || c.Revision != 2 || len(c.Writers) != 2 || first != "x0"):
			t.Fatalf("after all writes: %+v, revision %d", o, c.Revision)
		}
		if err == nil {
			if last < 5 {
				t.Errorf("only %d writes, the test tests nothing", last)
			}
			return
		}
		// What was left behind disturbs nobody.
		if o, err := again.Apply(ctx, model.ConfigurationChange{Gateway: "local", Items: []model.ConfigurationItem{{PutWriter: fresh}}}); err != nil || !o.Applied {
			t.Fatalf("the next change after %d writes: %+v, %v", last, o, err)
		}
	}
}

func TestFollowWaitsForAllParts(t *testing.T) {
	b := memories()
	r := startRegistry(t, b, nil)
	apply(t, r, model.ConfigurationItem{PutServer: pressServer()}, model.ConfigurationItem{PutWriter: writer("g", "w", 10)})
	// A mirror that has the commit of the second revision before its parts.
	source := b.Configuration.(*memory)
	mirror := newMemory()
	copyAll := func(commits bool) {
		for _, e := range source.entries {
			if (e.Key[1] == headName) == commits {
				if _, err := mirror.Put(ctx, e.Key, e.Value); err != nil {
					t.Error(err)
				}
			}
		}
	}
	copyAll(false)
	copyAll(true)
	got := make(chan model.Configuration, 10)
	ended := make(chan error, 1)
	stop := follow(t, mirror, got, ended)
	if c := <-got; c.Revision != 1 || len(c.Writers) != 1 || len(c.Servers) != 1 || c.Writers[0].Revision != 1 {
		t.Fatalf("first %+v", c)
	}
	apply(t, r, model.ConfigurationItem{PutWriter: writer("g", "v", 5)}, model.ConfigurationItem{RemoveWriter: ref(key("g", "w"))})
	copyAll(true)
	select {
	case c := <-got:
		t.Fatalf("half of a transaction was applied: %+v", c)
	case <-time.After(100 * time.Millisecond):
	}
	copyAll(false)
	if c := <-got; c.Revision != 2 || len(c.Writers) != 1 || c.Writers[0].Name != "v" || len(c.Writers[0].Fields) != 5 {
		t.Fatalf("second %+v", c)
	}
	stop()
	<-ended
	stop = follow(t, newMemory(), got, ended)
	if c := <-got; c.Revision != 0 || len(c.Servers) != 0 {
		t.Errorf("a gateway without a configuration: %+v", c)
	}
	stop()
	<-ended
}

func TestCollect(t *testing.T) {
	b := memories()
	r := startRegistry(t, b, nil)
	configuration := b.Configuration.(*memory)
	apply(t, r, model.ConfigurationItem{PutServer: pressServer()}, model.ConfigurationItem{PutWriter: writer("g", "w", 2000)})
	for i := range 5 {
		apply(t, r, model.ConfigurationItem{ChangeFields: &model.FieldsChange{Writer: key("g", "w"), Remove: []string{fmt.Sprintf("f%d", 100*i)}}})
	}
	before := configuration.parts("local")
	if err := r.configurations.collect(ctx, "local", time.Now().Add(time.Hour)); err != nil || configuration.parts("local") != before {
		t.Fatalf("parts of kept revisions: %d of %d are left, %v", configuration.parts("local"), before, err)
	}
	head := joined(headPath("local"))
	configuration.history[head] = configuration.history[head][4:]
	if err := r.configurations.collect(ctx, "local", time.Now().Add(-time.Hour)); err != nil || configuration.parts("local") != before {
		t.Fatalf("young parts: %d of %d are left, %v", configuration.parts("local"), before, err)
	}
	if err := r.configurations.collect(ctx, "local", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if after := configuration.parts("local"); after >= before {
		t.Errorf("%d parts after the collection, %d before", after, before)
	}
	again := New(b, plainSealer{}, zerolog.Nop())
	for _, revision := range []uint64{5, 6} {
		s, err := again.configurations.revision(ctx, "local", revision)
		if err != nil || len(s.writers[key("g", "w")].Fields) != 2000-int(revision)+1 {
			t.Errorf("revision %d after the collection: %v", revision, err)
		}
	}
}
