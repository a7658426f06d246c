package web

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestBrowser drives the built UI, served by the real handler with its real policies, in Chromium; a stand-in answers
// GraphQL. It needs "npm ci" and a browser, so it runs only when it is asked for: SHOPFLOOR_BROWSER_TEST=1.
func TestBrowser(t *testing.T) {
	if os.Getenv("SHOPFLOOR_BROWSER_TEST") == "" {
		t.Skip("set SHOPFLOOR_BROWSER_TEST=1 to run Chromium")
	}
	mux := http.NewServeMux()
	mux.Handle("/", newHandler(t))
	mux.Handle("/graphql", httputil.NewSingleHostReverseProxy(startMock(t)))
	srv := httptest.NewServer(mux)
	defer srv.Close()

	e2e := exec.CommandContext(t.Context(), "node", "e2e/run.mjs")
	e2e.Env = append(os.Environ(), "SHOPFLOOR_URL="+srv.URL)
	out, err := e2e.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}

// startMock runs e2e/mock.mjs on a free port for as long as the test runs, and returns its URL.
func startMock(t *testing.T) *url.URL {
	t.Helper()
	mock := exec.CommandContext(t.Context(), "node", "e2e/mock.mjs", "0")
	mock.Stderr = os.Stderr
	stdout, err := mock.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := mock.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = mock.Process.Kill()
		_ = mock.Wait() // reports the kill
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal("the stand-in did not start:", err)
	}
	target, err := url.Parse(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return target
}
