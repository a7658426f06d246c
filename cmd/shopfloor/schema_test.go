package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
)

func runSchema(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if code := run(context.Background(), append([]string{"schema"}, args...), &out, &errs); code != want {
		t.Fatalf("schema %v: exit code %d, want %d: %s", args, code, want, errs.String())
	}
	return out.String(), errs.String()
}

func TestSchema(t *testing.T) {
	fixed, _ := runSchema(t, exitOK)
	if _, err := gqlparser.LoadSchema(&ast.Source{Input: fixed}); err != nil {
		t.Errorf("the fixed schema: %v", err)
	}
	base, plant := opcuatest.NodeSet(t, "Opc.Ua.NodeSet2.xml"), filepath.Join("..", "..", "graph", "typed", "testdata", "plant.NodeSet2.xml")
	dir := t.TempDir()
	names, table := filepath.Join(dir, "names.json"), filepath.Join(dir, "table.json")
	first, _ := runSchema(t, exitOK, "--nodeset", base, "--nodeset", plant, "--names", names, "--table", table, "--prefix", "urn:acme:base=Acme")
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: first})
	if err != nil {
		t.Fatal(err)
	}
	if schema.Types["Acme_MachineType"] == nil || schema.Query.Fields.ForName("Plant_PressType") == nil || schema.Query.Fields.ForName("servers") == nil {
		t.Error("the schema has not both the fixed and the typed part")
	}
	if d := schema.Types["Plant_JamTripAlarmEvent_Object"]; d == nil || !slices.Contains(schema.GetPossibleTypes(schema.Types["TripAlarmEvent"]), d) {
		t.Error("the plant's types of events are none of the schema's")
	}
	// The prefix is recorded; the order of files means nothing; a folder stands for its files.
	folder := t.TempDir()
	for _, f := range []string{base, plant} {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(f)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, again := range []string{folder, base + "," + plant} {
		if second, _ := runSchema(t, exitOK, "--nodeset", again, "--names", names); second != first {
			t.Errorf("with --nodeset %s it is another schema", again)
		}
	}
	var got typed.Table
	text, err := os.ReadFile(table)
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil || got.Types["Plant_PressType"].NodeID.String() != "nsu=http://acme.com/UA/Plant/;i=100" {
		t.Errorf("table: %v, %+v", err, got.Types["Plant_PressType"])
	}
}

func TestSchemaRefusals(t *testing.T) {
	dir := t.TempDir()
	bad, empty := filepath.Join(dir, "bad.json"), filepath.Join(dir, "empty")
	for file, text := range map[string]string{bad: "{", empty: "<UANodeSet/>"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	base := opcuatest.NodeSet(t, "Opc.Ua.NodeSet2.xml")
	for _, c := range []struct {
		want string
		args []string
	}{
		{"model http://opcfoundation.org/UA/DI/ needs http://opcfoundation.org/UA/", []string{"--nodeset", opcuatest.NodeSet(t, "Opc.Ua.Di.NodeSet2.xml")}},
		{"add Opc.Ua.NodeSet2.xml", []string{"--nodeset", empty}},
		{"no such file", []string{"--nodeset", filepath.Join(dir, "none.xml")}},
		{"has no *.xml files", []string{"--nodeset", dir}},
		{"bad.json: line 1: text outside of an element", []string{"--nodeset", bad}},
		{"it must be a file that --names wrote", []string{"--nodeset", base, "--names", bad}},
		{"not in the form URI=NAME", []string{"--prefix", "x"}},
		{"give some with --nodeset", []string{"--names", "x"}},
		{`argument "x" is unknown`, []string{"x"}},
		{`name "a b" of urn:a`, []string{"--nodeset", base, "--prefix", "urn:a=a b"}},
	} {
		if _, stderr := runSchema(t, exitUsage, c.args...); !strings.Contains(stderr, c.want) {
			t.Errorf("schema %v: %q does not say %q", c.args, stderr, c.want)
		}
	}
}
