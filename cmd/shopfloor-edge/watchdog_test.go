package main

import (
	"context"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua"
	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestWatchdogEndsTheProcess(t *testing.T) {
	w := newWatchdog()
	var codes []int
	w.exit = func(code int) { codes = append(codes, code) }
	w.on(opcua.WatchdogEvent{Behavior: model.WatchdogFailFast})
	if len(codes) != 1 || codes[0] != exitFailed {
		t.Errorf("FailFast ended the process with %v", codes)
	}
	for range 3 { // the second and third must not block
		w.on(opcua.WatchdogEvent{Behavior: model.WatchdogExitProcess, Writer: model.WriterKey{Gateway: "g", Group: "r", Writer: "w"}, Reason: "3 fields are late"})
	}
	if err := w.run(t.Context()); err == nil || !strings.Contains(err.Error(), "g/r/w") || !strings.Contains(err.Error(), "3 fields are late") {
		t.Errorf("ExitProcess: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.run(ended); err != nil {
		t.Errorf("without an event: %v", err)
	}
}
