// Package victoriatest runs a real victoria-metrics process for tests, of the same version that the embedded store is made of.
//
//	p := victoriatest.Start(t, t.TempDir(), "-inmemoryDataFlushInterval=1s")
//	store, err := victoria.OpenRemote(victoria.RemoteConfig{WriteURLs: []string{p.URL + "/api/v1/write"}, ReadURL: p.URL}, log)
//	…
//	p.Kill()    // SIGKILL
//	p.Restart() // on the same folder and port
package victoriatest

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Module is the Go module of VictoriaMetrics.
const Module = "github.com/VictoriaMetrics/VictoriaMetrics"

// tool is what `go tool` knows the program as.
const tool = Module + "/app/victoria-metrics"

// Build returns the path of the victoria-metrics program, which it builds when Go's build cache does not have it: some minutes the
// first time on a machine, a fraction of a second later. Go itself keeps builds at the same time apart. The program's version is that
// of .tools/go.mod; this package's test keeps it the same as that of the main module.
func Build(t testing.TB) string {
	t.Helper()
	// -n builds the tool, but prints its path instead of running it.
	return goCommand(t, "tool", "-modfile="+toolsModule(t), "-n", tool)
}

// version returns the version of VictoriaMetrics that a module file requires: "" for the main one.
func version(t testing.TB, modfile string) string {
	t.Helper()
	args := []string{"list", "-m", "-f", "{{.Version}}", Module}
	if modfile != "" {
		args = append([]string{"list", "-modfile=" + modfile}, args[1:]...)
	}
	return goCommand(t, args...)
}

// toolsModule is the module file with the tools of the project.
func toolsModule(t testing.TB) string {
	t.Helper()
	return filepath.Join(filepath.Dir(goCommand(t, "env", "GOMOD")), ".tools", "go.mod")
}

// goCommand runs the go command in the test's folder and returns its output.
func goCommand(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, exit.Stderr)
		}
		t.Fatalf("go %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out))
}
