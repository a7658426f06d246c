package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The end-to-end tests run the real binary, which TestMain builds, in processes of its own.
var binary string

func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-test.fuzzworker") { // which runs no process
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "shopfloor-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "shopfloor")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the binary: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// process is a running shopfloor.
type process struct {
	t    testing.TB
	args []string
	// URL is the base address, "http://127.0.0.1:40123"; it changes with Restart.
	URL string

	cmd   *exec.Cmd
	ended chan struct{}
	log   *logBuffer
}

// logBuffer keeps what a process logs and finds the address in it.
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

// startProcess runs the binary on a folder of its own and a free port, and returns when it is ready. It dies with the test; its
// log is shown when the test fails. Types of servers are not read but with --server-types.
func startProcess(t testing.TB, args ...string) *process {
	t.Helper()
	p := &process{t: t, args: append([]string{"--data", filepath.Join(t.TempDir(), "data"), "--http", "127.0.0.1:0", "--log-format", "json", "--server-types=false"}, args...)}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("log of shopfloor:\n%s", lastLines(p.log.String(), 60))
		}
	})
	p.start()
	return p
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

var readyLine = regexp.MustCompile(`"ui":"(http://[^"/]+)/"`)

func (p *process) start() {
	p.t.Helper()
	p.cmd = exec.Command(binary, p.args...)
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
	p.waitFor(30*time.Second, "shopfloor is ready", func() error {
		select {
		case <-p.ended:
			return fmt.Errorf("ended with %v", p.cmd.ProcessState)
		default:
		}
		m := readyLine.FindStringSubmatch(p.log.String())
		if m == nil {
			return errors.New("no line with the address")
		}
		p.URL = m[1]
		return nil
	})
}

// Kill ends the process with SIGKILL and waits for it.
func (p *process) Kill() {
	_ = p.cmd.Process.Kill() // an error says that it ended before
	<-p.ended
}

// Stop ends the process with SIGTERM and returns its exit code.
func (p *process) Stop() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.ended:
	case <-time.After(40 * time.Second):
		p.t.Fatal("not stopped within 40 s")
	}
	return p.cmd.ProcessState.ExitCode()
}

// Restart runs the binary on the same folder again.
func (p *process) Restart() {
	p.t.Helper()
	p.start()
}

// waitFor polls until ok returns nil.
func (p *process) waitFor(limit time.Duration, what string, ok func() error) {
	p.t.Helper()
	waitFor(p.t, limit, what, ok)
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

// Get returns status and body of a path.
func (p *process) Get(path string) (int, string) {
	p.t.Helper()
	r, err := http.Get(p.URL + path)
	if err != nil {
		return 0, err.Error()
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, err.Error()
	}
	return r.StatusCode, string(b)
}

// graphError is one error of a GraphQL answer.
type graphError struct {
	Message    string         `json:"message"`
	Path       []any          `json:"path"`
	Extensions map[string]any `json:"extensions"`
}

// Query runs a query or mutation, decodes its data into out, and returns its errors.
func (p *process) Query(out any, query string, variables map[string]any) ([]graphError, error) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	var answer struct {
		Data   json.RawMessage `json:"data"`
		Errors []graphError    `json:"errors"`
	}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("status %d: %w", r.StatusCode, err)
	}
	if out != nil && len(answer.Data) > 0 {
		if err := json.Unmarshal(answer.Data, out); err != nil {
			return answer.Errors, err
		}
	}
	return answer.Errors, nil
}

// MustQuery is Query without errors.
func (p *process) MustQuery(out any, query string, variables map[string]any) {
	p.t.Helper()
	errs, err := p.Query(out, query, variables)
	if err != nil || len(errs) > 0 {
		p.t.Fatalf("%s: %v %+v", query, err, errs)
	}
}

// promSeries is one series of an instant query.
type promSeries struct {
	Metric map[string]string `json:"metric"`
	Value  [2]any            `json:"value"`
}

// Prometheus runs an instant query at a time, zero for now, over the API that Grafana uses.
func (p *process) Prometheus(query string, at time.Time) ([]promSeries, error) {
	form := url.Values{"query": {query}}
	if !at.IsZero() {
		form.Set("time", fmt.Sprintf("%d.%03d", at.Unix(), at.Nanosecond()/1e6))
	}
	r, err := http.PostForm(p.URL+"/prometheus/api/v1/query", form)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	var answer struct {
		Error string `json:"error"`
		Data  struct {
			Result []promSeries `json:"result"`
		} `json:"data"`
	}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if answer.Error != "" {
		return nil, errors.New(answer.Error)
	}
	return answer.Data.Result, nil
}
