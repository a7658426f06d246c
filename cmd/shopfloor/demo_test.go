package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// demoConnected waits until the demo plant is connected and its values are stored.
func demoConnected(t *testing.T, p *process) {
	t.Helper()
	p.waitFor(20*time.Second, "the demo plant's values are in the store", func() error {
		var got struct {
			Server struct {
				State      string
				Connection struct{ Error *string }
			}
		}
		if errs, err := p.Query(&got, `{ server(id: "demo") { state connection { error } } }`, nil); err != nil || len(errs) > 0 {
			return fmt.Errorf("%w %v", err, errs)
		}
		if got.Server.State != "CONNECTED" {
			return fmt.Errorf("server is %+v", got.Server)
		}
		series, err := p.Prometheus(`opcua_value{server="demo"}`, time.Time{})
		if err != nil || len(series) < 40 {
			return fmt.Errorf("%d series, %w", len(series), err)
		}
		return nil
	})
}

func TestDemo(t *testing.T) {
	p := startProcess(t, "--demo")
	demoConnected(t, p)
	if code, body := p.Get("/readyz"); code != 200 {
		t.Errorf("/readyz: %d %s", code, body)
	}
	for path, want := range map[string]string{
		"/healthz": "ok", "/metrics": "shopfloor_edge_server_values_total", "/": "<html", "/playground": "<html", "/vmui/": "<html",
		"/prometheus/api/v1/labels": `"field"`,
	} {
		if code, body := p.Get(path); code != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d without %q: %.200s", path, code, want, body)
		}
	}
	t.Run("servers", func(t *testing.T) {
		var got struct {
			Servers struct {
				Edges []struct {
					Node struct{ ID, Name, State string }
				}
			}
		}
		p.MustQuery(&got, `{ servers { edges { node { id name state } } } }`, nil)
		if len(got.Servers.Edges) != 1 || got.Servers.Edges[0].Node.State != "CONNECTED" {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("series with unit and path", func(t *testing.T) {
		series, err := p.Prometheus(`opcua_value{field="Boiler1.Temperature"}`, time.Time{})
		if err != nil || len(series) != 1 || series[0].Metric["unit"] != "°C" || series[0].Metric["path"] != "Objects/Plant/Boiler1/Temperature" {
			t.Errorf("got %+v, %v", series, err)
		}
	})
	t.Run("foreign host and origin are refused", func(t *testing.T) {
		for header, value := range map[string]string{"Host": "evil.example", "Origin": "http://evil.example"} {
			req, err := http.NewRequest(http.MethodPost, p.URL+"/graphql", strings.NewReader(`{"query":"{__typename}"}`))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			if header == "Host" {
				req.Host = value
			} else {
				req.Header.Set(header, value)
			}
			r, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			r.Body.Close()
			if r.StatusCode < 400 {
				t.Errorf("%s %s: status %d", header, value, r.StatusCode)
			}
		}
	})
}

func TestStartIsFastAndSmall(t *testing.T) {
	begin := time.Now()
	p := startProcess(t, "--demo")
	t.Logf("ready after %s", time.Since(begin))
	demoConnected(t, p)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Skip("needs /proc")
	}
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kb), "kB")))
			if err != nil || n > 250*1024 {
				t.Errorf("resident memory %d KiB, %v, want at most 250 MiB", n, err)
			}
			t.Logf("resident memory %d KiB", n)
		}
	}
}

func TestStopAndRestartKeepsState(t *testing.T) {
	p := startProcess(t, "--demo")
	demoConnected(t, p)
	p.MustQuery(nil, `mutation { addServer(input: {name: "Press 7", endpointUrl: "opc.tcp://127.0.0.1:1", userName: "op", password: "op-secret-pass"}) { id } }`, nil)
	if code := p.Stop(); code != exitOK {
		t.Errorf("exit code %d after SIGTERM, want %d", code, exitOK)
	}
	p.Restart()
	var got struct {
		Server struct{ Name, UserName string }
	}
	p.MustQuery(&got, `{ server(id: "press-7") { name userName } }`, nil)
	if got.Server.Name != "Press 7" || got.Server.UserName != "op" {
		t.Errorf("after a restart: %+v", got)
	}
	demoConnected(t, p)
	p.Stop()
	secretIsNowhere(t, p.args[1], "op-secret-pass")
	if strings.Contains(p.log.String(), "op-secret-pass") {
		t.Error("the password is in the log")
	}
}

// secretIsNowhere looks for a secret in all files below dir.
func secretIsNowhere(t *testing.T, dir, secret string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(b), secret) {
			t.Errorf("the secret stands in %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestSecondInstanceIsRefused(t *testing.T) {
	p := startProcess(t)
	code, log := runOnce(t, p.args...)
	if code != exitFailed || !strings.Contains(log, "in use by another shopfloor") || !strings.Contains(log, p.args[1]) {
		t.Errorf("exit code %d: %s", code, log)
	}
	code, log = runOnce(t, "--data", t.TempDir(), "--http", strings.TrimPrefix(p.URL, "http://"))
	if code != exitFailed || !strings.Contains(log, "--http") {
		t.Errorf("a port in use: exit code %d: %s", code, log)
	}
}

// runOnce runs the binary to its end.
func runOnce(t *testing.T, args ...string) (code int, log string) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}
