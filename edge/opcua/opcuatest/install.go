//go:build unix

package opcuatest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

const (
	installTimeout = 5 * time.Minute
	// installedLock is the lock file that node_modules was installed from. npm ci removes it with all of node_modules before it begins, so
	// an interrupted install is seen as none.
	installedLock = "node_modules/.installed-package-lock.json"
)

// Install makes sure that the server's npm packages are installed as peer/package-lock.json says: some 145 packages, 71 MB, 10 to 25 s, once.
// Test binaries that run at the same time wait for one another. Install ends the test when node or npm is missing or the install fails;
// Start calls it.
func Install(t testing.TB) {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("the OPC UA test server needs %s: install Node.js 20 or newer with npm and put both on PATH (%v)", tool, err)
		}
	}
	if err := install(peerDir(t)); err != nil {
		t.Fatalf("install the OPC UA test server: %v", err)
	}
}

func install(dir string) error {
	lock, err := os.Open(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return err
	}
	defer lock.Close()
	// The file's own lock: it ends with the process whatever happens to it, and needs no further file.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	want, err := os.ReadFile(lock.Name())
	if err != nil {
		return err
	}
	installed := filepath.Join(dir, installedLock)
	if got, err := os.ReadFile(installed); err == nil && bytes.Equal(got, want) {
		return nil
	}

	fmt.Fprintf(os.Stderr, "installing the OPC UA test server in %s, once, up to half a minute\n", dir)
	ctx, cancel := context.WithTimeout(context.Background(), installTimeout)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = dir
	npm.WaitDelay = time.Second
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("npm ci in %s (is the npm registry reachable?): %w\n%s", dir, err, out)
	}
	return os.WriteFile(installed, want, 0o644)
}

// peerDir finds the server's folder from the working directory, which in a test is its package's folder. The paths that the compiler knows
// are no help: with -trimpath they are not of this machine.
func peerDir(t testing.TB) string {
	t.Helper()
	wd, err := os.Getwd()
	if err != nil {
		t.Fatalf("find the OPC UA test server: %v", err)
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "edge", "opcua", "opcuatest", "peer")
		}
		if dir == filepath.Dir(dir) {
			t.Fatalf("find the OPC UA test server: no go.mod in %s or above, run the test with go test", wd)
		}
	}
}
