package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckPublishedNodes(t *testing.T) {
	f := func(text string, code int, parts ...string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "pn.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if got := run(context.Background(), []string{"check", "--published-nodes", file}, &out, &out); got != code {
			t.Errorf("%s: exit code %d, want %d", text, got, code)
		}
		for _, p := range parts {
			if !strings.Contains(out.String(), p) {
				t.Errorf("%s: %q does not say %q", text, out.String(), p)
			}
		}
	}
	f(`[{"EndpointUrl":"opc.tcp://plc:4840","DataSetWriterGroup":"g","OpcNodes":[{"Id":"i=2258"},{"Id":"i=2253","EventFilter":{"TypeDefinitionId":"i=2041"}}]}]`, exitOK,
		"1 servers, 2 writers and 1 nodes", "server plc-4840: opc.tcp://plc:4840, None, anonymous", "writer g/default: 1 nodes, published each 1s", "writer g/default_Events: events")
	f(`[{"EndpointUrl":"opc.tcp://plc:4840","OpcNodes":[{"Id":"i=2258","OpcSamplngInterval":7}]}]`, exitOK, "0 errors, 1 warnings", "write OpcSamplingInterval if that was meant")
	f(`[{"EndpointUrl":"opc.tcp://plc:4840","OpcNodes":[{"Id":"i=2258"},{"Id":"x"}]}]`, exitUsage, "1 servers, 1 writers and 1 nodes", "error: entry 0, node 1 (line 1)", "1 entries or nodes cannot be taken")
	f("[\n{]", exitUsage, "line 2, column 2")

	var out bytes.Buffer
	if code := run(context.Background(), []string{"check", "--published-nodes=/nowhere"}, &out, &out); code != exitUsage || !strings.Contains(out.String(), "/nowhere") {
		t.Errorf("exit code %d: %s", code, out.String())
	}
	if code := run(context.Background(), []string{"check", "--published-nodes"}, &out, &out); code != exitUsage || !strings.Contains(out.String(), "value is missing") {
		t.Errorf("exit code %d: %s", code, out.String())
	}
}
