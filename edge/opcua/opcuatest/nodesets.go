//go:build unix

package opcuatest

import (
	"path/filepath"
	"testing"
)

// NodeSets returns the NodeSet2 files of OPC UA and its companion specifications that come with the OPC UA test server, 35 of them, in the
// order of their names. It installs the server when necessary.
func NodeSets(t testing.TB) []string {
	t.Helper()
	Install(t)
	dir := filepath.Join(peerDir(t), "node_modules", "node-opcua-nodesets", "nodesets")
	files, err := filepath.Glob(filepath.Join(dir, "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no node sets in %s: %v", dir, err)
	}
	return files
}

// NodeSet returns the path of one of them by its file's name, "Opc.Ua.Di.NodeSet2.xml".
func NodeSet(t testing.TB, name string) string {
	t.Helper()
	for _, f := range NodeSets(t) {
		if filepath.Base(f) == name {
			return f
		}
	}
	t.Fatalf("the OPC UA test server brings no node set %s", name)
	return ""
}
