//go:build unix

package typed_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
)

// webDir is the folder with the npm packages, which it installs when they are not there.
func webDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../web")
	if err != nil {
		t.Fatal(err)
	}
	lock, err := os.Open(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "graphql", "package.json")); err == nil {
		return dir
	}
	npm := exec.CommandContext(t.Context(), "npm", "ci", "--no-audit", "--no-fund", "--loglevel=error")
	npm.Dir = dir
	if out, err := npm.CombinedOutput(); err != nil {
		t.Fatalf("npm ci in %s: %v\n%s", dir, err, out)
	}
	return dir
}

// check runs testdata/check.mjs.
func check(t *testing.T, args ...string) {
	t.Helper()
	script, err := filepath.Abs("testdata/check.mjs")
	if err != nil {
		t.Fatal(err)
	}
	run(t, webDir(t), "node", append([]string{script}, args...)...)
}

func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// write writes the fixed schema with a typed one, and returns the file.
func write(t *testing.T, s *typed.Schema) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "*.graphql")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(graph.SDL() + s.SDL()); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

func TestGraphQLJSTakesEveryNodeSet(t *testing.T) {
	all := write(t, generate(t, typed.Options{}, opcuatest.NodeSets(t)...))
	check(t, "validate", all)
	t.Run("no change breaks when node sets are added or come in another order", func(t *testing.T) {
		files := someNodeSets(t)
		some := write(t, generate(t, typed.Options{}, files...))
		check(t, "compare", some, all)
		slices.Reverse(files)
		check(t, "compare", some, write(t, generate(t, typed.Options{}, files...)))
	})
}

// A client that asks the endpoint for its schema gets that of the SDL.
func TestIntrospectionIsTheSDL(t *testing.T) {
	s := generate(t, typed.Options{}, someNodeSets(t)...)
	h := graph.NewHandler(graph.HandlerConfig{}, &graph.Resolver{Log: zerolog.Nop()})
	if err := h.SetTypes(s); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "query")
	check(t, "query", file)
	query, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]string{"query": string(query)})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	answer := filepath.Join(dir, "answer.json")
	if err := os.WriteFile(answer, w.Body.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	check(t, "introspection", answer, write(t, s))
}

func TestCodegenCompiles(t *testing.T) {
	schema := write(t, generate(t, typed.Options{}, someNodeSets(t)...))
	out := filepath.Join(t.TempDir(), "schema.ts")
	check(t, "codegen", schema, out)
	use := filepath.Join(filepath.Dir(out), "use.ts")
	err := os.WriteFile(use, []byte(`import type { Robotics_AxisType_Object, Query, Mutation, DI_DeviceHealthEnumeration, DI_DeviceHealthDiagnosticAlarmEvent, Event } from './schema';
export const stateOf = (e: DI_DeviceHealthDiagnosticAlarmEvent): string | null | undefined => e.activeState?.text?.text;
export const anyEvent = (e: DI_DeviceHealthDiagnosticAlarmEvent): Event => e;
export const position = (axis: Robotics_AxisType_Object): number | null | undefined => axis.ParameterSet?.ActualPosition?.value;
export const serials = (q: Query): (string | null | undefined)[] => q.DI_DeviceType?.nodes.map((d) => d.SerialNumber) ?? [];
export const locked = (m: Mutation): number | null | undefined => m.DI_LockingServicesType_InitLock?.InitLockStatus;
export const health: DI_DeviceHealthEnumeration = 'FAILURE' as DI_DeviceHealthEnumeration;
`), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	dir := webDir(t)
	run(t, dir, filepath.Join(dir, "node_modules", ".bin", "tsc"), "--ignoreConfig", "--noEmit", "--strict", "--target", "es2023", "--module", "esnext", "--moduleResolution", "bundler", "--skipLibCheck", use)
}
