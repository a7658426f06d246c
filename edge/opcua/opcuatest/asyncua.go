//go:build unix

package opcuatest

import (
	"os"
	"path/filepath"
	"testing"
)

// AsyncuaPython names the environment variable with the Python interpreter that has asyncua installed. .ci/interop sets it.
const AsyncuaPython = "SHOPFLOOR_ASYNCUA_PYTHON"

// StartAsyncua starts the test plant on asyncua and returns when clients can connect; of the options Limit, NoAnonymous, AutoAccept and
// Continuing mean nothing to it. Without AsyncuaPython in the environment the test is skipped: Python is no part of what the
// project's other tests need.
func StartAsyncua(t testing.TB, o Options) *Server {
	t.Helper()
	python := os.Getenv(AsyncuaPython)
	if python == "" {
		t.Skipf("%s is not set: make interop installs asyncua and sets it", AsyncuaPython)
	}
	return launch(t, o, filepath.Join(filepath.Dir(peerDir(t)), "asyncua"), python, "server.py")
}
