package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The end-to-end tests run the real binaries, the gateway's and the core's, which TestMain builds, in processes of their own.
var binaries string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "shopfloor-edge-test-")
	if err == nil {
		binaries = dir
		err = errors.Join(build(".", gatewayFlags()...), build("../shopfloor"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// build builds one of the binaries.
func build(folder string, flags ...string) error {
	args := append(append([]string{"build"}, flags...), "-o", binaries+"/", folder)
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", folder, err, out)
	}
	return nil
}

// program is a running binary that can be ended and started again on its folder.
type program struct {
	t     testing.TB
	name  string
	args  []string
	ready *regexp.Regexp
	// found are the groups of ready in the log of this start.
	found []string

	cmd   *exec.Cmd
	ended chan struct{}
	log   *logBuffer
}

type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// newProgram makes a program that is ended with the test. Its log is shown when the test fails.
func newProgram(t testing.TB, name string, ready *regexp.Regexp, args ...string) *program {
	p := &program{t: t, name: name, ready: ready, args: append([]string{"--log-format", "json"}, args...)}
	t.Cleanup(func() {
		if p.cmd == nil {
			return
		}
		p.Kill()
		if t.Failed() {
			lines := strings.Split(strings.TrimSpace(p.log.String()), "\n")
			t.Logf("log of %s:\n%s", name, strings.Join(lines[max(0, len(lines)-40):], "\n"))
		}
	})
	return p
}

// Start runs the binary and returns when it is ready.
func (p *program) Start() {
	p.t.Helper()
	p.cmd = exec.Command(filepath.Join(binaries, p.name), p.args...)
	p.log = &logBuffer{}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait() // the exit code is in cmd.ProcessState
		close(ended)
	}(p.cmd, p.ended)
	waitFor(p.t, 60*time.Second, p.name+" is ready", func() error {
		select {
		case <-p.ended:
			return fmt.Errorf("ended with %v", p.cmd.ProcessState)
		default:
		}
		if p.found = p.ready.FindStringSubmatch(p.log.String()); p.found == nil {
			return errors.New("not in its log")
		}
		return nil
	})
}

// Kill ends the process with SIGKILL and waits for it.
func (p *program) Kill() {
	_ = p.cmd.Process.Kill() // an error says that it ended before
	<-p.ended
	p.checkRaces()
}

// checkRaces tells what the race detector found.
func (p *program) checkRaces() {
	p.t.Helper()
	if _, race, ok := strings.Cut(p.log.String(), "WARNING: DATA RACE"); ok {
		p.t.Errorf("%s has a data race: %.4000s", p.name, race)
	}
}

// Stop ends the process with SIGTERM and wants a clean end.
func (p *program) Stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(40 * time.Second):
		p.t.Fatalf("%s: not stopped within 40 s", p.name)
	}
	p.checkRaces()
	if code := p.cmd.ProcessState.ExitCode(); code != exitOK {
		p.t.Errorf("%s: exit code %d after SIGTERM", p.name, code)
	}
}

func waitFor(t testing.TB, limit time.Duration, what string, ok func() error) {
	t.Helper()
	end := time.Now().Add(limit)
	for {
		err := ok()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s: %v", limit, what, err)
		}
		<-time.After(25 * time.Millisecond)
	}
}

// core is a running core.
type core struct{ *program }

var coreReady = regexp.MustCompile(`(?s)"leafnodes":"([^"]+)","fingerprint":"([^"]+)".*"ui":"(http://[^"/]+)/"`)

// startCore starts a core whose ports stay the same after a restart.
func startCore(t testing.TB, dir string, leaf string) core {
	t.Helper()
	config := filepath.Join(dir, "core.yaml")
	if err := os.WriteFile(config, []byte("addressSpace: {enabled: false}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := core{newProgram(t, "shopfloor", coreReady, "--config", config, "--server-types=false", "--data", filepath.Join(dir, "core"), "--http", "127.0.0.1:0", "--leafnodes", leaf)}
	c.Start()
	return c
}

func (c core) Leaf() string { return c.found[1] }
func (c core) URL() string  { return c.found[3] }

// Query runs a query or mutation and decodes its data into out.
func (c core) Query(out any, query string, variables map[string]any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	client := http.Client{Timeout: 30 * time.Second}
	r, err := client.Post(c.URL()+"/graphql", "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer r.Body.Close()
	var answer struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
		return fmt.Errorf("status %d: %w", r.StatusCode, err)
	}
	if len(answer.Errors) > 0 {
		return fmt.Errorf("%s: %v", query, answer.Errors)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Data, out)
}

func (c core) MustQuery(out any, query string, variables map[string]any) {
	c.t.Helper()
	if err := c.Query(out, query, variables); err != nil {
		c.t.Fatal(err)
	}
}

// Export returns the stored samples of the series that a selector finds, by field.
func (c core) Export(match string) (map[string]samples, error) {
	r, err := http.Get(c.URL() + "/prometheus/api/v1/export?match[]=" + strings.NewReplacer(`"`, "%22", "{", "%7B", "}", "%7D", "+", "%2B").Replace(match))
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	all := map[string]samples{}
	for d := json.NewDecoder(r.Body); ; {
		var line struct {
			Metric map[string]string
			samples
		}
		err := d.Decode(&line)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("status %d: %w", r.StatusCode, err)
		}
		all[line.Metric["field"]] = line.samples
	}
}

// samples are the stored values of one series, in the order of time.
type samples struct {
	Timestamps []int64 // Unix milliseconds
	Values     []float64
}
