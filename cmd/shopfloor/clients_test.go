package main

import (
	"os"
	"os/exec"
	"testing"
)

// Other people's clients against the demo plant: the npm packages graphql and graphql-ws, and the UI and the playground in
// Chromium with every outside request cut. They need what .ci/prepare installs, so they run when make test asks for them.

func TestGraphQLClients(t *testing.T) { runScript(t, "e2e/clients.mjs") }

// TestGraphQLOverHTTP runs the audits that the GraphQL over HTTP working group keeps.
func TestGraphQLOverHTTP(t *testing.T) { runScript(t, "e2e/audit.mjs") }

// TestFederation composes a supergraph of the platform and another API, and asks through it.
func TestFederation(t *testing.T) { runScript(t, "e2e/federation.mjs") }

func TestBrowser(t *testing.T) {
	t.Parallel()
	runScript(t, "e2e/run.mjs")
}

// runScript runs a script of the web folder against a demo of its own.
func runScript(t *testing.T, script string) {
	if os.Getenv("SHOPFLOOR_BROWSER_TEST") == "" {
		t.Skip("needs npm packages and Chromium: make test installs and uses them")
	}
	p := startProcess(t, "--demo", "--server-types")
	demoConnected(t, p)
	cmd := exec.CommandContext(t.Context(), "node", script)
	cmd.Dir = "../../web"
	cmd.Env = append(os.Environ(), "SHOPFLOOR_URL="+p.URL)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}
