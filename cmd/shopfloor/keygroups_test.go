package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestKeyGroups(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys.yaml")
	write := func(token int, key string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(file, []byte(fmt.Sprintf("firstTokenId: %d\nkeys: ['%s']\n", token, key)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, at, at); err != nil {
			t.Fatal(err)
		}
	}
	key := strings.Repeat("5a", 52)
	config := KeyGroupConfig{ID: "line", Publishers: []string{"udp:2234"}, Policy: "PubSub-Aes128-CTR", Mode: "Sign", KeyFile: file}
	now := time.Now()
	write(1, key, now)
	k, err := newKeyGroups([]KeyGroupConfig{config}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if k.find("udp:1") != nil {
		t.Error("a publisher without a group has keys")
	}
	if token, _ := k.find("udp:2234").Current(); token != 1 {
		t.Errorf("token %d, want 1", token)
	}
	write(2, strings.Repeat("5b", 52), now.Add(time.Second))
	k.groups[0].looked = time.Time{} // time for the next look
	if token, _ := k.find("udp:2234").Current(); token != 2 {
		t.Errorf("token %d after the file changed, want 2", token)
	}
	// A file that cannot be used changes nothing, and its keys are in no message.
	write(3, key[:10], now.Add(2*time.Second))
	if err := k.groups[0].read(now); err == nil || strings.Contains(err.Error(), key[:10]) {
		t.Errorf("error %v of a short key", err)
	}
	if token, _ := k.find("udp:2234").Current(); token != 2 {
		t.Errorf("token %d after a bad file, want 2", token)
	}
	for field, change := range map[string]func(*KeyGroupConfig){
		"id": func(c *KeyGroupConfig) { c.ID = "" }, "policy": func(c *KeyGroupConfig) { c.Policy = "None" },
		"mode": func(c *KeyGroupConfig) { c.Mode = "None" }, "keyFile": func(c *KeyGroupConfig) { c.KeyFile = "" },
		"publishers": func(c *KeyGroupConfig) { c.Publishers = nil },
	} {
		bad := config
		change(&bad)
		if _, err := newKeyGroups([]KeyGroupConfig{bad}, zerolog.Nop()); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: error %v", field, err)
		}
	}
}
