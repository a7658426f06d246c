package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestConfigPrecedence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, []byte("data: from-file\nhttp: 127.0.0.1:1\nlog:\n  level: warn\nstore:\n  retention: 30d\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"SHOPFLOOR_HTTP": "127.0.0.1:2", "SHOPFLOOR_LOG_LEVEL": "error", "SHOPFLOOR_CONFIG": file}
	c, err := loadConfig([]string{"--log-level", "debug", "--demo"}, func(k string) (string, bool) { v, ok := env[k]; return v, ok }, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Data != "from-file" || c.HTTP != "127.0.0.1:2" || c.Log.Level != "debug" || !c.Demo || time.Duration(c.Store.Retention) != 30*24*time.Hour {
		t.Errorf("got %+v", c)
	}
}

func TestConfigErrorsNameTheField(t *testing.T) {
	f := func(yaml string, args []string, parts ...string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		code := run(context.Background(), append([]string{"check", "--config", file}, args...), &out, &out)
		if code != exitUsage {
			t.Errorf("%q %q: exit code %d, want %d: %s", yaml, args, code, exitUsage, out.String())
		}
		for _, p := range parts {
			if !strings.Contains(out.String(), p) {
				t.Errorf("%q %q: %q does not say %q", yaml, args, out.String(), p)
			}
		}
	}
	f("dta: x\n", nil, "dta", "[1:1]")
	f("log:\n  lvl: x\n", nil, "lvl", "[2:3]")
	f("http: 8080\n", nil, "http", "8080", "127.0.0.1:8080")
	f("gateway: My Gateway\n", nil, "gateway", "My Gateway")
	f("store:\n  retention: forever\n", nil, "forever", "30d")
	f("store:\n  retention: 1h\n", nil, "store.retention")
	f("stream:\n  maxBytes: 1\n", nil, "stream.maxBytes")
	f("brokers:\n  - name: b\n    url: amqp://host\n", nil, "brokers[0].url", "amqp", "mqtts")
	f("brokers:\n  - name: b\n    url: mqtt://host\n    keepAlive: 1ms\n", nil, "brokers[0].keepAlive", "1ms")
	f("brokers:\n  - name: b\n    uri: mqtt://host\n", nil, "uri", "[3:5]")
	f("", []string{"--log-level", "loud"}, "log.level", "loud")
	f("", []string{"--log-format", "xml"}, "log.format", "xml")
	f("", []string{"--nope"}, "nope")
	f("", []string{"stray"}, "stray")
}

func TestCheckPrintsTheConfiguration(t *testing.T) {
	var out bytes.Buffer
	if code := run(context.Background(), []string{"check", "--gateway", "hall-1"}, &out, &out); code != exitOK {
		t.Fatalf("exit code %d: %s", code, out.String())
	}
	var c Config
	_, yaml, _ := strings.Cut(out.String(), "\n\n")
	if err := parseConfig([]byte(yaml), &c); err != nil || c.Gateway != "hall-1" || c.Store.Retention != defaults().Store.Retention {
		t.Errorf("check prints what it cannot read: %v\n%s", err, out.String())
	}
}

func TestUnknownSubCommand(t *testing.T) {
	var out bytes.Buffer
	if code := run(context.Background(), []string{"frobnicate"}, &out, &out); code != exitUsage || !strings.Contains(out.String(), "frobnicate") {
		t.Errorf("exit code %d: %s", code, out.String())
	}
}
