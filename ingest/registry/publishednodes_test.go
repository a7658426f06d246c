package registry

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/publishednodes"
)

const nodesFile = `[ // two servers, and an entry that is wrong
	{"EndpointUrl":"opc.tcp://plc:4840","DataSetWriterGroup":"g","DataSetWriterId":"w","OpcAuthenticationUsername":"op","OpcAuthenticationPassword":"hunter2",
	 "OpcNodes":[{"Id":"nsu=urn:a;s=A"},{"Id":"wrong"},{"Id":"i=2253","DisplayName":"Alarms","EventFilter":{"TypeDefinitionId":"i=2041"}}]},
	{"EndpointUrl":"opc.tcp://oven:4840","DataSetWriterGroup":"g","DataSetWriterId":"v","OpcNodes":[{"Id":"nsu=urn:a;s=B","QueueSize":4000000000}]},
	{"EndpointUrl":"nowhere","OpcNodes":[{"Id":"i=1"}]}]`

func TestImportPublishedNodes(t *testing.T) {
	r := startRegistry(t, memories(), nil)
	ctx := context.Background()
	load := func(text string, dryRun, replace bool) *publishednodes.ImportResult {
		t.Helper()
		result, err := r.ImportPublishedNodes(ctx, "g1", []byte(text), dryRun, replace)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	check := func(what string, r *publishednodes.ImportResult, applied bool, revision uint64, servers, writers publishednodes.Counts, errs int) {
		t.Helper()
		if r.Applied != applied || r.Revision != revision || r.Servers != servers || r.Writers != writers || r.Issues.Errors != errs {
			t.Errorf("%s: got %+v with %v", what, r, r.Issues.List)
		}
	}
	type c = publishednodes.Counts
	// The writer whose queue is too long is refused by the registry's own rules; its server and all others are taken.
	check("dry run", load(nodesFile, true, false), false, 1, c{Created: 2}, c{Created: 2}, 3)
	if len(r.Servers())+len(r.Writers()) > 0 {
		t.Error("a dry run changed something")
	}
	check("import", load(nodesFile, false, false), true, 1, c{Created: 2}, c{Created: 2}, 3)
	s, err := r.Server("plc-4840")
	if err != nil || string(s.SealedPassword) != "sealed:hunter2" || s.Gateway != "g1" {
		t.Errorf("server %+v %v", s, err)
	}
	w, err := r.Writer(model.WriterKey{Gateway: "g1", Group: "g", Writer: "w"})
	if err != nil || w.GroupID == 0 || w.WriterID == 0 || len(w.Fields) != 1 || w.Fields[0].Name != "nsu=urn:a;s=A" {
		t.Errorf("writer %+v %v", w, err)
	}
	if w, err := r.Writer(model.WriterKey{Gateway: "g1", Group: "g", Writer: "w_Alarms"}); err != nil || w.Events == nil {
		t.Errorf("writer of events %+v %v", w, err)
	}
	text, issues, err := r.ExportPublishedNodes(ctx, "g1")
	if err != nil || len(issues.List) > 0 || strings.Contains(string(text), "hunter2") {
		t.Fatalf("export: %v %v\n%s", err, issues, text)
	}
	check("what was exported", load(string(text), false, true), false, 1, c{Unchanged: 2}, c{Unchanged: 2}, 0)
	check("the file again", load(nodesFile, false, false), false, 1, c{Unchanged: 2}, c{Unchanged: 2}, 3)
	check("replace by a file with errors", load(`[{"EndpointUrl":"x"}]`, false, true), false, 1, c{}, c{}, 1)
	check("replace", load(`[{"EndpointUrl":"opc.tcp://plc:4840","DataSetWriterGroup":"g","DataSetWriterId":"w","OpcAuthenticationUsername":"op",
		"OpcNodes":[{"Id":"nsu=urn:a;s=A"},{"Id":"nsu=urn:a;s=C"}]}]`, false, true), true, 2, c{Unchanged: 1, Removed: 1}, c{Changed: 1, Removed: 1}, 0)
	if list := r.Writers(); len(list) != 1 || len(list[0].Fields) != 2 || list[0].WriterID != w.WriterID {
		t.Errorf("writers %+v", list)
	}
	if s, _ := r.Server("plc-4840"); string(s.SealedPassword) != "sealed:hunter2" {
		t.Errorf("the password went: %+v", s)
	}
	for gateway, text := range map[string]string{"g1": "[", "no id": "[]"} {
		if _, err := r.ImportPublishedNodes(ctx, gateway, []byte(text), false, false); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s %s: %v", gateway, text, err)
		}
	}
}
