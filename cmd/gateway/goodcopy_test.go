package gateway

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

func identity(t *testing.T) *Identity {
	t.Helper()
	id, err := OpenIdentity(filepath.Join(t.TempDir(), "identity.json"), "g1")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestGoodCopyIsSealed(t *testing.T) {
	c := goodCopy{filepath.Join(t.TempDir(), "good.json"), identity(t)}
	if text, err := c.load(); text != nil || err != nil {
		t.Fatalf("without a copy: %q, %v", text, err)
	}
	want := []byte("[" + entry("w") + "]")
	if err := c.keep(want); err != nil {
		t.Fatal(err)
	}
	checkSealed(t, c.path)
	if text, err := c.load(); err != nil || !bytes.Equal(text, want) {
		t.Errorf("got %q, %v", text, err)
	}
	other := goodCopy{c.path, identity(t)}
	if text, err := other.load(); text != nil || err == nil || !strings.Contains(err.Error(), "identity.json") {
		t.Errorf("with another key: %q, %v", text, err)
	}
}

// A copy of a version that kept it in clear is used and sealed, and is the same afterwards.
func TestGoodCopyInClearIsSealed(t *testing.T) {
	dir := t.TempDir()
	file, good := filepath.Join(dir, "pn.json"), filepath.Join(dir, "good.json")
	write(t, file, "[ nonsense")
	write(t, good, "// {\n["+entry("w")+"]")
	id := identity(t)
	for range 2 {
		f := NewNodesFile(NodesFileConfig{Gateway: "g1", Path: file, LastGood: good, Sealer: id}, id, zerolog.Nop())
		d := next(t, follow(t, f), "g/w")
		if p, err := f.Secrets().Open(d.Servers[0].SealedPassword); err != nil || string(p) != "hunter2" {
			t.Errorf("password %q, %v", p, err)
		}
		checkSealed(t, good)
	}
}

// What cannot be sealed is not lost.
func TestGoodCopyInClearStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "good.json")
	text := "[" + entry("w") + "]"
	write(t, path, text)
	id := identity(t)
	id.SealPublic = nil
	if got, err := (goodCopy{path, id}).load(); err == nil || string(got) != text {
		t.Errorf("got %q, %v", got, err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != text {
		t.Errorf("the file has %q, %v", b, err)
	}
}

func checkSealed(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(b, []byte(`{"sealedPublishedNodes":`)) || bytes.Contains(b, []byte("hunter2")) || bytes.Contains(b, []byte("plc")) {
		t.Errorf("the copy is not sealed: %s", b)
	}
	if s, err := os.Stat(path); err != nil || s.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", s.Mode(), err)
	}
}
