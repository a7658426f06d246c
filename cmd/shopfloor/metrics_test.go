package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon/metricstest"
)

// TestMetricsAreWellFormed reads the metrics of a process that has all parts which one process can have, once values flow.
func TestMetricsAreWellFormed(t *testing.T) {
	config := filepath.Join(t.TempDir(), "c.yaml")
	text := fmt.Sprintf("mqtt: {listen: %q, anonymous: {publish: ['#']}}\nudp: {listen: ['opc.udp://127.0.0.1:0']}\nleafnodes: {listen: %q}\n", freeAddress(t), freeAddress(t))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, "--config", config, "--demo")
	var page string
	p.waitFor(60*time.Second, "values in the metrics", func() error {
		code := 0
		if code, page = p.Get("/metrics"); code != http.StatusOK || strings.Contains(page, "\nshopfloor_ingest_values_total 0\n") {
			return fmt.Errorf("no value yet, status %d", code)
		}
		return nil
	})
	families := metricstest.Check(t, []byte(page))
	for _, name := range []string{ // one of each part
		"shopfloor_edge_values_total", "shopfloor_publisher_stored_total", "shopfloor_receiver_uploads_total", "shopfloor_inlet_messages_total",
		"shopfloor_mqtt_connections", "shopfloor_udp_datagrams_total", "shopfloor_stream_bytes", "shopfloor_text_stored_total", "shopfloor_disk_level",
		"shopfloor_ingest_append_seconds", "vm_rows", "shopfloor_limit_current", "shopfloor_alarms", "go_goroutines", "process_resident_memory_bytes",
	} {
		if families[name] == nil {
			t.Errorf("metric %s is missing", name)
		}
	}
}
