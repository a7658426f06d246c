package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSealer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret", "key")
	s, err := openSealer(file)
	if err != nil {
		t.Fatal(err)
	}
	plain := []byte("op-pass")
	sealed, err := s.Seal(plain)
	if err != nil || bytes.Contains(sealed, plain) {
		t.Fatalf("sealed to %q, %v", sealed, err)
	}
	again, err := openSealer(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := again.Open(sealed); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("opened to %q, %v", got, err)
	}
	sealed[len(sealed)-1] ^= 1
	if _, err := s.Open(sealed); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("a changed secret opened: %v", err)
	}
	if _, err := s.Open([]byte{1}); err == nil {
		t.Error("one byte opened")
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key file has mode %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(file, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openSealer(file); err == nil || !strings.Contains(err.Error(), "want 32") {
		t.Errorf("a short key is taken: %v", err)
	}
}
