package graph

import (
	"context"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// withoutFixed makes subscriptions run on the current schema, as those do that need types of the plant.
func withoutFixed(t *testing.T, h *Handler) {
	t.Helper()
	other, err := gqlparser.LoadSchema(&ast.Source{Input: `type Query { a: Int } type Subscription { b: Int }`})
	if err != nil {
		t.Fatal(err)
	}
	h.snapshots.fixed = &snapshot{executor: h.snapshots.executor(NewExecutableSchema(Config{Schema: other}), false)}
}

// A subscription holds its schema for some generations; then it ends with a code by which its client subscribes again.
func TestSubscriptionsOfOldSchemasEnd(t *testing.T) {
	p, _ := pressPlatform(t, 1)
	h := p.Handler.(*Handler)
	withoutFixed(t, h)
	in, asked, done := monitored(p)
	c := connect(t, p)
	c.subscribe("1", `subscription { values(server: "press", nodeIds: ["i=1"]) { sequence } }`)
	<-asked
	for i := range maxHeldGenerations {
		in <- model.ValueChanges{Sequence: uint64(i)}
		if f := c.next(); !strings.Contains(string(f.Payload), `"sequence"`) {
			t.Fatalf("after %d changes of the schema: %s", i, f.Payload)
		}
		if err := h.SetTypes(smallTypes(t, i%2 == 0)); err != nil {
			t.Fatal(err)
		}
	}
	if held, schemas, ended := h.snapshots.held.figures(); held != 1 || schemas != 1 || ended != 0 {
		t.Errorf("%d held on %d schemas, %d ended", held, schemas, ended)
	}
	if err := h.SetTypes(smallTypes(t, true)); err != nil {
		t.Fatal(err)
	}
	c.want("next", `{"errors":[{"message":"the schema changed since the subscription began, or what it asks for is gone; subscribe again","extensions":{"code":"SCHEMA_CHANGED"}}],"data":null}`)
	c.want("complete", "")
	await(t, "the subscription's context ends", done)
	waitUntil(t, "nothing is held", func() bool { held, _, ended := h.snapshots.held.figures(); return held == 0 && ended == 1 })
	// The socket goes on.
	c.subscribe("2", `{ platform { version } }`)
	c.want("next", `{"data":{"platform":{"version":"9.9"}}}`)
}

func TestSubscriptionsEndWithTheirTypes(t *testing.T) {
	p, _ := pressPlatform(t, 1)
	h := p.Handler.(*Handler)
	if err := h.SetTypes(smallTypes(t, true)); err != nil {
		t.Fatal(err)
	}
	now := h.snapshots.current.Load()
	var contexts []context.Context
	for _, query := range []string{`{ Small_ValveType { nodes { id } } }`, `{ Small_PumpType { nodes { id } } }`} {
		ctx, cancel := context.WithCancelCause(t.Context())
		contexts = append(contexts, ctx)
		if h.snapshots.held.held == nil {
			h.snapshots.held.held = map[*heldSubscription]struct{}{}
		}
		h.snapshots.held.held[&heldSubscription{snapshot: now, query: query, cancel: cancel}] = struct{}{}
	}
	if err := h.SetTypes(smallTypes(t, false)); err != nil {
		t.Fatal(err)
	}
	if contexts[0].Err() == nil || contexts[1].Err() != nil {
		t.Errorf("ended: %v, %v; want the first alone", contexts[0].Err(), contexts[1].Err())
	}
}

// What needs no types of the plant is not on a schema that changes, however often that is.
func TestFixedSubscriptionsStay(t *testing.T) {
	p, _ := pressPlatform(t, 1)
	in, asked, _ := monitored(p)
	c := connect(t, p)
	c.subscribe("1", `subscription { values(server: "press", nodeIds: ["i=1"]) { sequence } }`)
	<-asked
	for i := range 3 * maxHeldGenerations {
		if err := p.Handler.(*Handler).SetTypes(smallTypes(t, i%2 == 0)); err != nil {
			t.Fatal(err)
		}
	}
	in <- model.ValueChanges{Sequence: 7}
	c.want("next", `{"data":{"values":{"sequence":"1"}}}`)
}

// A subscription to instances goes on over a swap that leaves its type, on the schema that it began with, and ends with one that takes it.
func TestTypedSubscriptionsOverSwaps(t *testing.T) {
	p, plant := pressPlatform(t, 1)
	h := p.Handler.(*Handler)
	m := monitorPresses(t, p, plant)
	c := connect(t, p)
	c.subscribe("1", `subscription { Plant_PressType(server: "press", publishingInterval: "50ms") { nodes { Force { value } } } }`)
	c.want("next", `{"data":{"Plant_PressType":{"nodes":[{"Force":{"value":1.5}}]}}}`)
	if err := h.SetTypes(typesOfPlant(t)); err != nil {
		t.Fatal(err)
	}
	if held, schemas, _ := h.snapshots.held.figures(); held != 1 || schemas != 1 {
		t.Errorf("%d held on %d schemas", held, schemas)
	}
	m.push("P001.Force", false, func(n *pressNode) { n.value.Value = model.DoubleValue(7) })
	c.want("next", `{"data":{"Plant_PressType":{"nodes":[{"Force":{"value":7}}]}}}`)
	if err := h.SetTypes(smallTypes(t, false)); err != nil {
		t.Fatal(err)
	}
	if f := c.next(); f.Type != "next" || !strings.Contains(string(f.Payload), `"code":"SCHEMA_CHANGED"`) {
		t.Errorf("%s %s", f.Type, f.Payload)
	}
	c.want("complete", "")
}
