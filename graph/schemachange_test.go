package graph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// A swap is told with what came, what went and what that breaks, and to whom asks which schema is served.
func TestSchemaChanges(t *testing.T) {
	p, _ := pressPlatform(t, 1)
	h := p.Handler.(*Handler)
	set := func(more bool, causes ...SchemaCause) {
		t.Helper()
		if err := h.SetTypes(smallTypes(t, more), causes...); err != nil {
			t.Fatal(err)
		}
	}
	set(true)
	c := connect(t, p)
	c.subscribe("1", `subscription { schemaChanges { generation hash added removed breaking { kind coordinate description } causes { kind server } } }`)
	waitUntil(t, "the subscription runs", func() bool {
		h.snapshots.feed.mu.Lock()
		defer h.snapshots.feed.mu.Unlock()
		return len(h.snapshots.feed.subscribers) == 1
	})
	server := "press"
	set(false, SchemaCause{Kind: SchemaCauseKindModelChanged, Server: &server})
	var change struct {
		Data struct {
			SchemaChanges struct {
				Hash           string
				Causes         []SchemaCause
				Added, Removed []string
				Breaking       []SchemaDifference
			}
		}
	}
	if f := c.next(); f.Type != "next" || json.Unmarshal(f.Payload, &change) != nil {
		t.Fatalf("%s: %s", f.Type, f.Payload)
	}
	got := change.Data.SchemaChanges
	for _, want := range []string{"Query.Small_ValveType", "Small_ValveType", "Small_ValveType_Object", "Small_ValveType_Page"} {
		if !slices.Contains(got.Removed, want) || len(got.Added) > 0 {
			t.Errorf("removed %v without %s, added %v", got.Removed, want, got.Added)
		}
	}
	removed := SchemaDifference{Kind: SchemaDifferenceKindTypeRemoved, Coordinate: "Small_ValveType", Description: "Small_ValveType was removed."}
	if len(got.Breaking) != len(got.Removed) || !slices.Contains(got.Breaking, removed) {
		t.Errorf("breaking %v", got.Breaking)
	}
	if len(got.Causes) != 1 || got.Causes[0].Kind != SchemaCauseKindModelChanged || *got.Causes[0].Server != server {
		t.Errorf("causes %+v", got.Causes)
	}

	var info struct {
		Data struct {
			Schema struct {
				Generation, Hash, Sdl string
				Types                 int
				LastChange            struct{ Generation, Hash string }
			}
		}
		Extensions struct {
			Schema struct{ Generation, Hash string }
		}
	}
	w := p.send("POST", "/graphql", []byte(`{"query": "{ schema { generation hash sdl types lastChange { generation hash } } }", "extensions": {"schema": true}}`))
	if err := json.Unmarshal(w.Body.Bytes(), &info); err != nil {
		t.Fatal(err)
	}
	s := info.Data.Schema
	if s.Generation != "4" || s.Types != h.SchemaFigures().Types || s.Types == 0 || s.Hash != got.Hash || s.LastChange.Hash != s.Hash || !strings.Contains(s.Sdl, "type Small_PumpType_Page") || !strings.Contains(s.Sdl, "type VariableNode") {
		t.Errorf("schema %+v", s)
	}
	if info.Extensions.Schema.Generation != "4" || info.Extensions.Schema.Hash != s.Hash {
		t.Errorf("extensions %+v", info.Extensions)
	}
	if w := p.send("POST", "/graphql", []byte(`{"query": "{ platform { version } }"}`)); strings.Contains(w.Body.String(), "hash") {
		t.Errorf("extensions that were not asked for: %s", w.Body)
	}
}

// Where introspection is switched off, nothing tells of the schema.
func TestSchemaIsHidden(t *testing.T) {
	p := newPlatform(HandlerConfig{DisableIntrospection: true})
	if err := p.Handler.(*Handler).SetTypes(smallTypes(t, false)); err != nil {
		t.Fatal(err)
	}
	data, errs := p.data(t, `{ schema { generation types sdl lastChange { added } } }`, nil)
	wantAnswer(t, data, errs, fmt.Sprintf(`{"schema":{"generation":"2","types":%d,"sdl":null,"lastChange":null}}`, p.Handler.(*Handler).SchemaFigures().Types))
	c := connect(t, p)
	c.subscribe("1", `subscription { schemaChanges { added } }`)
	if f := c.next(); !strings.Contains(string(f.Payload), "INTROSPECTION_DISABLED") {
		t.Errorf("schemaChanges: %s", f.Payload)
	}
}

// waitUntil waits for what other goroutines do.
func waitUntil(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 30 s", what)
		}
		time.Sleep(time.Millisecond)
	}
}
