package graph

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model/publishednodes"
)

// fakePublishedNodes keeps what it was asked.
type fakePublishedNodes struct {
	asked  string
	result *publishednodes.ImportResult
	err    error
}

func (f *fakePublishedNodes) ImportPublishedNodes(_ context.Context, gateway string, text []byte, dryRun, replace bool) (*publishednodes.ImportResult, error) {
	f.asked = fmt.Sprint(gateway, " ", string(text), " ", dryRun, replace)
	return f.result, f.err
}

func (f *fakePublishedNodes) ExportPublishedNodes(_ context.Context, gateway string) ([]byte, *publishednodes.Issues, error) {
	return []byte(`[{"EndpointUrl":"opc.tcp://` + gateway + `"}]`), &publishednodes.Issues{}, f.err
}

func TestPublishedNodesFile(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	issues := &publishednodes.Issues{Errors: 1, Infos: 1, List: []publishednodes.Issue{
		{Entry: 3, Node: 7, Line: 41, Property: "Id", Value: `"x"`, Problem: "is no node id", Remedy: "write one", Severity: publishednodes.Error},
		{Entry: -1, Node: -1, Problem: "nothing is removed", Severity: publishednodes.Info},
	}}
	f := &fakePublishedNodes{result: &publishednodes.ImportResult{
		Applied: true, Revision: 5, Nodes: 9, Servers: publishednodes.Counts{Created: 1}, Writers: publishednodes.Counts{Changed: 2, Unchanged: 3, Removed: 4}, Issues: issues,
	}}
	const mutation = `mutation($json: String!) { importPublishedNodes(gateway: "edge1", json: $json, replace: true) { applied revision nodes errors warnings
		servers { created changed unchanged removed } writers { created changed unchanged removed }
		issues { severity entry node line property value problem remedy } } }`
	ask := func() string {
		a := p.ask(t, mutation, "json", "[]")
		return fmt.Sprint(a.Data, a.codes())
	}
	if got := ask(); !strings.Contains(got, "UNAVAILABLE") {
		t.Errorf("without published nodes: %s", got)
	}
	p.resolver.PublishedNodes = f
	got := ask()
	for _, want := range []string{
		"applied:true", "revision:5", "nodes:9", "errors:1", "warnings:0", "servers:map[changed:0 created:1 removed:0 unchanged:0]",
		"writers:map[changed:2 created:0 removed:4 unchanged:3]",
		`map[entry:3 line:41 node:7 problem:is no node id property:Id remedy:write one severity:ERROR value:"x"]`,
		"map[entry:<nil> line:<nil> node:<nil> problem:nothing is removed property:<nil> remedy:<nil> severity:INFO value:<nil>]",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
	if f.asked != "edge1 [] false true" {
		t.Errorf("asked %q", f.asked)
	}
	if a := p.ask(t, `{ publishedNodes(gateway: "edge1") }`); fmt.Sprint(a.Data) != `map[publishedNodes:[{"EndpointUrl":"opc.tcp://edge1"}]]` {
		t.Errorf("export: %+v", a)
	}
	f.err = fmt.Errorf("%w: json: line 1, column 2: want ','", ErrInvalid)
	if got := ask(); !strings.Contains(got, "BAD_USER_INPUT") {
		t.Errorf("bad text: %s", got)
	}
	f.err = errors.New("disk is on fire")
	if got := ask(); strings.Contains(got, "fire") {
		t.Errorf("internal error: %s", got)
	}
}
