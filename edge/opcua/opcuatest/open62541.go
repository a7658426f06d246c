//go:build unix

package opcuatest

import (
	"os"
	"testing"
)

// Open62541Server names the environment variable with the test plant on open62541. .ci/interop builds it and sets it.
const Open62541Server = "SHOPFLOOR_OPEN62541_SERVER"

// StartOpen62541 starts the test plant on open62541 and returns when clients can connect; of the options Continuing means nothing to it.
// Without Open62541Server in the environment the test is skipped: what it takes to build open62541 is no part of what the project's other
// tests need.
func StartOpen62541(t testing.TB, o Options) *Server {
	t.Helper()
	plant := os.Getenv(Open62541Server)
	if plant == "" {
		t.Skipf("%s is not set: make interop builds open62541 and sets it", Open62541Server)
	}
	return launch(t, o, t.TempDir(), plant)
}
