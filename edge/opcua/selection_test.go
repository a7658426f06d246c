package opcua

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestExpand(t *testing.T) {
	server := opcuatest.Start(t, opcuatest.Options{Vars: 20})
	s := run(t, config(server.Endpoint(), &recorder{}))
	connected(t, s)
	f := func(sel model.Selection, want int, first string, truncated bool) {
		t.Helper()
		got, err := s.Expand(t.Context(), []model.Selection{sel})
		if err != nil || len(got) != 1 {
			t.Fatalf("%+v: %+v, %v", sel, got, err)
		}
		e := got[0]
		if e.Status.IsBad() || e.Count != want || e.Truncated != truncated || want > 0 && e.Sample[0].Name != first {
			t.Errorf("%+v: %+v, want %d nodes, the first one %q", sel, e, want, first)
		}
	}
	root := plant("Plant")
	f(model.Selection{Root: root, Include: []string{"Fast/V*"}}, 20, "Fast.V0", false)
	f(model.Selection{Root: root, Path: "Fast", Include: []string{"/V1[0-9]/"}}, 10, "V10", false)
	f(model.Selection{Root: root, Path: "Fast", Exclude: []string{"V1*"}}, 9, "V0", false)
	f(model.Selection{Path: "Plant/Fast", Include: []string{"V?"}}, 10, "V0", false)
	f(model.Selection{Root: root, Include: []string{"Fast/**"}, MaxNodes: 7}, 7, "Fast.V0", true)
	f(model.Selection{Root: root, Include: []string{"Fast/**"}, MaxDepth: 1}, 0, "", true)
	// V0 to V19 are BaseDataVariables, a subtype of BaseVariableType; the folder above them is none.
	f(model.Selection{Root: root, Include: []string{"Fast/V*"}, TypeDefinition: model.Expanded(model.NumericID(0, 62))}, 20, "Fast.V0", false)
	f(model.Selection{Root: root, Include: []string{"Fast/V*"}, TypeDefinition: model.Expanded(model.NumericID(0, 61))}, 20, "Fast.V0", false)
	f(model.Selection{Root: root, Path: "Fast", TypeDefinition: model.Expanded(model.NumericID(0, 68))}, 0, "", false)
	got, err := s.Expand(t.Context(), []model.Selection{{Path: "Nowhere"}, {Root: root, Include: []string{"/(/"}}, {Root: root, Path: "Fast", Field: model.PublishedField{SamplingInterval: 2 * time.Second}}})
	if err != nil || !got[0].Status.IsBad() || !got[1].Status.IsBad() || got[2].Count != 20 || got[2].ValuesPerSecond > 10 || got[2].ValuesPerSecond <= 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWriterPublishesASelection(t *testing.T) {
	server := opcuatest.Start(t, opcuatest.Options{Vars: 20})
	r := &recorder{}
	w := dataSetWriter("w", 100*time.Millisecond, "V3")
	w.Selections = []model.Selection{{Root: plant("Plant"), Path: "Fast", Include: []string{"V?"}, Rebrowse: time.Second}}
	s := run(t, config(server.Endpoint(), r), w)
	connected(t, s)
	status := func() model.WriterStatus { return s.Writers()[0] }
	eventually(t, 15*time.Second, func() bool { return status().Active == 10 }, func() string { return fmt.Sprintf("%+v", status()) })
	opens := func() int {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.opens)
	}
	if n := opens(); n != 1 {
		t.Errorf("opened %d times", n)
	}
	r.mu.Lock()
	names := fmt.Sprint(r.opens[0].fields[0].Name, " ", r.opens[0].fields[1].Name, " ", len(r.opens[0].fields))
	r.mu.Unlock()
	if names != "V3 V0 10" {
		t.Errorf("fields %s: the one that the user named comes first, and only once", names)
	}
	// Looking again finds the same: the data set stays.
	w2 := s.Writers()
	again, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
	defer cancel()
	<-again.Done()
	if n := opens(); n != 1 || s.Writers()[0].Active != w2[0].Active {
		t.Errorf("opened %d times after it was browsed again", n)
	}
	w.Selections[0].Include = []string{"V1?"}
	s.Configure([]model.DataSetWriter{w})
	eventually(t, 15*time.Second, func() bool { return opens() == 2 && status().Active == 11 }, func() string { return fmt.Sprintf("%+v", status()) })
}
