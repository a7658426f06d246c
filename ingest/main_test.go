package ingest

import (
	"testing"

	"go.uber.org/goleak"
)

// VictoriaMetrics, which the tests of History read, starts cleaners of its global caches when it is initialised.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.IgnoreCurrent()) }
