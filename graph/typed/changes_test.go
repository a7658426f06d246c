//go:build unix

package typed_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
)

// The two schemas differ in every way that there is.
const (
	schemaBefore = `type Query { a(x: Int, y: Int! = 1, gone: Int, list: [Int]!): String b: String! c: [String] d: I e: Int kept: U }
interface I { i: Int } interface J { j: Int }
type T implements I { i: Int } type Gone { x: Int } type Other { x: Int }
union U = T | Gone2 type Gone2 { x: Int }
enum E { A B } input In { a: Int b: Int! gone: String } scalar S`
	schemaAfter = `type Query { a(x: String, y: Int! = 2, list: [Int!]!, more: Int, must: Int!): String! b: String c: [String!]! d: J e: [Int] kept: U new(a: Int): Int }
interface I { i: Int } interface J { j: Int }
type T implements J { i: Int j: Int } interface Other { x: Int } type Came { x: Int } type Gone2 { x: Int }
union U = T | Came
enum E { A C } input In { a: Int! b: Int more: Int must: Int! } enum S { X }`
)

func told(list []typed.Difference) []string {
	out := []string{}
	for _, d := range list {
		out = append(out, string(d.Kind)+" "+d.Description)
	}
	slices.Sort(out)
	return out
}

func parse(t *testing.T, sdl string) *ast.Schema {
	t.Helper()
	s, err := gqlparser.LoadSchema(&ast.Source{Input: sdl})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCompare(t *testing.T) {
	c := typed.Compare(parse(t, schemaBefore), parse(t, schemaAfter))
	wantAdded := []string{"E.C", "In.more", "In.must", "Query.a(more:)", "Query.a(must:)", "Query.new", "T.j", "Came"}
	if !slices.Equal(c.Added, wantAdded) {
		t.Errorf("added %v, want %v", c.Added, wantAdded)
	}
	if want := []string{"E.B", "Gone", "In.gone", "Query.a(gone:)"}; !slices.Equal(c.Removed, want) {
		t.Errorf("removed %v, want %v", c.Removed, want)
	}
	if same := typed.Compare(parse(t, schemaBefore), parse(t, schemaBefore)); len(same.Added)+len(same.Removed)+len(same.Breaking)+len(same.Dangerous) > 0 {
		t.Errorf("a schema differs from itself: %+v", same)
	}
}

// What breaks is what graphql-js says breaks.
func TestCompareAsGraphQLJS(t *testing.T) {
	base := opcuatest.NodeSet(t, "Opc.Ua.NodeSet2.xml")
	small, large := write(t, generate(t, typed.Options{}, base)), write(t, generate(t, typed.Options{}, base, "testdata/plant.NodeSet2.xml"))
	files := t.TempDir()
	before, after := filepath.Join(files, "before"), filepath.Join(files, "after")
	for file, sdl := range map[string]string{before: schemaBefore, after: schemaAfter} {
		if err := os.WriteFile(file, []byte(sdl), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, pair := range [][2]string{{before, after}, {after, before}, {small, large}, {large, small}} {
		out := filepath.Join(files, "out")
		check(t, "changes", pair[0], pair[1], out)
		text, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		var want struct{ Breaking, Dangerous []string }
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		var schemas [2]*ast.Schema
		for i, file := range pair {
			sdl, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			schemas[i] = parse(t, string(sdl))
		}
		c := typed.Compare(schemas[0], schemas[1])
		if got := told(c.Breaking); !slices.Equal(got, want.Breaking) {
			t.Errorf("%v: breaking\n%q\nwant\n%q", pair, got, want.Breaking)
		}
		if got := told(c.Dangerous); !slices.Equal(got, want.Dangerous) {
			t.Errorf("%v: dangerous\n%q\nwant\n%q", pair, got, want.Dangerous)
		}
	}
}
