package victoriatest

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestVersion keeps the program that tests run and the library that the embedded store is made of the same.
func TestVersion(t *testing.T) {
	if program, library := version(t, toolsModule(t)), version(t, ""); program != library {
		t.Errorf("the tool victoria-metrics is %s, the module uses %s: go get -modfile=.tools/go.mod -tool %s@%s", program, library, tool, library)
	}
}

func TestProcess(t *testing.T) {
	p := Start(t, t.TempDir())
	started := func() string {
		t.Helper()
		page, err := get(t.Context(), p.URL+"/metrics")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(page, `flag{name="dedup.minScrapeInterval", value="1ms"`) {
			t.Error("de-duplication is not at 1ms")
		}
		_, after, _ := strings.Cut(page, "\nprocess_start_time_seconds ")
		line, _, _ := strings.Cut(after, "\n")
		return line
	}
	started()
	p.Flush()
	pid := p.Pid()
	p.Kill()
	if _, err := get(t.Context(), p.URL+"/health"); err == nil {
		t.Error("a killed process answers")
	}
	p.Kill()
	p.SetFlags("-loggerLevel=ERROR")
	p.Restart()
	if p.Pid() == pid {
		t.Error("the killed process runs")
	}
	started()
	p.Stop()
	if _, err := get(t.Context(), p.URL+"/health"); err == nil {
		t.Error("a stopped process answers")
	}
}
