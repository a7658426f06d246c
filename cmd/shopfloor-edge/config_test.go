package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func noEnv(string) (string, bool) { return "", false }

func TestConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "edge.yaml")
	if err := os.WriteFile(file, []byte("gateway: line1\ncore: tls://core:7422\nbuffer: {maxBytes: 1073741824, maxAge: 7d}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) (string, bool) { return "debug", name == "SHOPFLOOR_EDGE_LOG_LEVEL" }
	c, err := loadConfig([]string{"--config", file, "--gateway", "line2"}, env, io.Discard)
	if err != nil || c.Gateway != "line2" || c.Buffer.MaxBytes != 1<<30 || c.Buffer.MaxAge.String() != "7d" || c.Log.Level != "debug" || c.HTTP != "127.0.0.1:9102" {
		t.Errorf("%+v, %v", c, err)
	}
	var out bytes.Buffer
	if code := run(t.Context(), []string{"check", "--config", file}, &out, io.Discard); code != exitOK || !strings.Contains(out.String(), "core: tls://core:7422") {
		t.Errorf("check: %d, %s", code, out.String())
	}
}

func TestConfigNamesTheField(t *testing.T) {
	orderFile := filepath.Join(t.TempDir(), "edge.yaml")
	if err := os.WriteFile(orderFile, []byte("buffer: {order: newestFirst}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := []string{"--gateway", "line1", "--core", "tls://core:7422"}
	for field, args := range map[string][]string{
		"gateway:":             {"--gateway", "Line 1"},
		"core:":                {"--core", "core:7422"},
		"fingerprint:":         {"--fingerprint", "abcd"},
		"enrol.core:":          {"--token-file", "token"},
		"data:":                {"--data", ""},
		"buffer.maxBytes:":     {"--buffer-max-bytes", "1000"},
		"buffer.syncInterval:": {"--sync-interval", "5m"},
		"http:":                {"--http", "9102"},
		"buffer.order:":        {"--config", orderFile},
		"log.level:":           {"--log-level", "loud"},
		"reverseConnect:":      {"--reverse-connect", "here"},
	} {
		if _, err := loadConfig(append(good[:4:4], args...), noEnv, io.Discard); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestUnknownCommand(t *testing.T) {
	var out bytes.Buffer
	if code := run(t.Context(), []string{"nonsense"}, &out, &out); code != exitUsage || !strings.Contains(out.String(), "nonsense") {
		t.Errorf("%d, %s", code, out.String())
	}
}
