package victoriatest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	// startTimeout bounds the start of the process on a busy machine.
	startTimeout = 30 * time.Second
	// stopTimeout bounds a clean stop, which writes everything to disk.
	stopTimeout = 30 * time.Second
	// startTries is how often Start looks for a free port: another process may take it before victoria-metrics does.
	startTries = 5
)

// Process is a victoria-metrics single node that runs in a process of its own. Its methods fail the test when they cannot do their
// work; they belong to the goroutine of the test, or of one that the test waits for.
type Process struct {
	// URL is where it listens: "http://127.0.0.1:port".
	URL string

	t       testing.TB
	program string
	dir     string
	port    string
	flags   []string
	cmd     *exec.Cmd
	exited  chan struct{} // closed when cmd has ended and its output is read
	output  *testLog
}

// Start starts victoria-metrics on the folder dir and waits until it answers. flags are added to those that a store of Shopfloor needs
// (de-duplication at 1 ms, 100 years of retention); of a flag that is given twice the last one counts. Its log goes into the test's.
// It is killed when the test ends.
func Start(t testing.TB, dir string, flags ...string) *Process {
	t.Helper()
	p := &Process{t: t, program: Build(t), dir: dir, flags: flags, output: &testLog{t: t}}
	t.Cleanup(func() {
		p.Kill()
		p.output.close()
	})
	for range startTries {
		p.port = freePort(t)
		p.URL = "http://127.0.0.1:" + p.port
		if p.run() {
			return p
		}
	}
	t.Fatalf("victoria-metrics did not start in %d tries, see its log", startTries)
	return nil
}

// Pid is the number of the running process.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Kill ends the process by SIGKILL and waits until it is gone. It does nothing when the process has ended already.
func (p *Process) Kill() {
	p.t.Helper()
	p.end(os.Kill)
}

// Stop ends the process as a service manager does, so that it writes everything to disk.
func (p *Process) Stop() {
	p.t.Helper()
	p.end(os.Interrupt)
}

// Restart starts the process again on the same folder and port. It kills one that still runs.
func (p *Process) Restart() {
	p.t.Helper()
	p.Kill()
	if !p.run() {
		p.t.Fatalf("victoria-metrics did not start again on %s, see its log", p.URL)
	}
}

// Flush makes all rows that were written visible to queries. It does not make them durable.
func (p *Process) Flush() {
	p.t.Helper()
	if _, err := get(p.t.Context(), p.URL+"/internal/force_flush"); err != nil {
		p.t.Errorf("flush victoria-metrics: %v", err)
	}
}

// SetFlags replaces the flags that were given to Start, from the next Restart on.
func (p *Process) SetFlags(flags ...string) { p.flags = flags }

// run starts the process and reports whether it answers.
func (p *Process) run() bool {
	args := append([]string{
		"-storageDataPath=" + p.dir, "-httpListenAddr=127.0.0.1:" + p.port, "-retentionPeriod=100y", "-dedup.minScrapeInterval=1ms",
		"-memory.allowedBytes=512MB", "-storage.minFreeDiskSpaceBytes=1MB", "-loggerDisableTimestamps",
	}, p.flags...)
	p.cmd = exec.Command(p.program, args...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		p.t.Fatalf("start victoria-metrics: %v", err)
	}
	p.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait() // it is killed, or says why in its log
		close(exited)
	}(p.cmd, p.exited)
	return p.ready()
}

// ready waits until the process answers, and reports false when it ended before.
func (p *Process) ready() bool {
	deadline := time.NewTimer(startTimeout)
	defer deadline.Stop()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		if _, err := get(context.Background(), p.URL+"/health"); err == nil {
			return true
		}
		select {
		case <-p.exited:
			return false
		case <-deadline.C:
			p.Kill()
			p.t.Fatalf("victoria-metrics does not answer on %s/health after %s", p.URL, startTimeout)
		case <-again.C:
		}
	}
}

func (p *Process) end(signal os.Signal) {
	p.t.Helper()
	if p.exited == nil {
		return
	}
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Errorf("end victoria-metrics: %v", err)
	}
	select {
	case <-p.exited:
	case <-time.After(stopTimeout):
		_ = p.cmd.Process.Kill()
		<-p.exited
		p.t.Errorf("victoria-metrics did not end within %s after %v", stopTimeout, signal)
	}
}

// get returns the body of a good answer. It leaves no connection open.
func get(ctx context.Context, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	req.Close = true
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, body)
	}
	return string(body), err
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// testLog writes lines into the test's log as long as the test runs.
type testLog struct {
	mu sync.Mutex
	t  testing.TB
}

// Write logs whole lines: victoria-metrics writes one at a time.
func (l *testLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.t != nil {
		for lines := bufio.NewScanner(strings.NewReader(string(p))); lines.Scan(); {
			l.t.Log("victoria-metrics: " + lines.Text())
		}
	}
	return len(p), nil
}

func (l *testLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.t = nil
}
