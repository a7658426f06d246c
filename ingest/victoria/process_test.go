package victoria

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/logger"
	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

func TestLogWriter(t *testing.T) {
	f := func(line, level, caller, detail string) {
		t.Helper()
		var out bytes.Buffer
		log := zerolog.New(&out)
		var w logWriter
		w.to.Store(&log)
		if n, err := w.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatalf("wrote %d bytes, error %v", n, err)
		}
		var got map[string]string
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"level": level, "caller": caller, "detail": detail, "message": "victoriametrics"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	}
	f("warn\tlib/storage/storage.go:1\tslow\tinsert \"x\"\n", "warn", "lib/storage/storage.go:1", "slow\tinsert \"x\"")
	f("panic\ta.go:1\tFATAL: no space\n", "panic", "a.go:1", "FATAL: no space")
	f("fatal\ta.go:1\tx\n", "fatal", "a.go:1", "x")
	f("something else", "error", "", "something else")
}

func TestVictoriaMetricsLogsThroughZerolog(t *testing.T) {
	var out bytes.Buffer
	s, err := Open(Config{Dir: t.TempDir()}, zerolog.New(zerolog.SyncWriter(&out)))
	if err != nil {
		t.Fatal(err)
	}
	logger.Infof("not worth a line")
	logger.Warnf("disk %s is slow", "sda")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var got map[string]string
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, out.Bytes())
	}
	if got["level"] != "warn" || got["detail"] != "disk sda is slow" {
		t.Errorf("got %v", got)
	}
}
