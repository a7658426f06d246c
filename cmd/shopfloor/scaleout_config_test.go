package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// TestDeployedConfigurationIsGood keeps the examples of deploy/ what the programs take, with the variants that stand there as comments.
func TestDeployedConfigurationIsGood(t *testing.T) {
	const file = "../../deploy/core.yaml"
	check := func(file string) string {
		t.Helper()
		var out bytes.Buffer
		if code := run(context.Background(), []string{"check", "--config", file}, &out, &out); code != exitOK {
			t.Errorf("%s: exit code %d: %s", file, code, out.String())
		}
		return out.String()
	}
	if out := check(file); !strings.Contains(out, "replicas: 3") || !strings.Contains(out, "http://victoria:8428") {
		t.Errorf("the result lacks what the file says: %s", out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	single, cluster, ok := strings.Cut(string(text), "    # A single node")
	if !ok {
		t.Fatal("core.yaml has no part for a single node")
	}
	_, cluster, ok = strings.Cut(cluster, "vmstorage:\n")
	if !ok {
		t.Fatal("core.yaml has no part for a cluster")
	}
	other := t.TempDir() + "/cluster.yaml"
	if err := os.WriteFile(other, []byte(single+strings.ReplaceAll(cluster, "    # ", "    ")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := check(other); !strings.Contains(out, "vmstorage-2") {
		t.Errorf("the cluster is not in the result: %s", out)
	}
}

func TestDeployedNATSConfigurationIsGood(t *testing.T) {
	t.Setenv("NATS_NAME", "nats-1")
	t.Setenv("NATS_PASSWORD", "secret")
	o, err := server.ProcessConfigFile("../../deploy/nats.conf")
	if err != nil {
		t.Fatal(err)
	}
	if o.ServerName != "nats-1" || len(o.Users) != 1 || o.Users[0].Username != "shopfloor" || !o.JetStream || len(o.Routes) != 3 || o.SyncInterval == 0 {
		t.Errorf("%+v", o)
	}
}
