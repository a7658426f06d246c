package publishednodes

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGood reads each file of testdata/good. Its golden file has the issues and what the platform would write for it.
func TestGood(t *testing.T) {
	for _, file := range files(t, "testdata/good/*.json") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c, issues := parse(t, read(t, file), Options{Gateway: "g1"})
			if issues.Errors > 0 {
				t.Errorf("has errors: %v", issues.List)
			}
			var b strings.Builder
			for _, i := range issues.List {
				fmt.Fprintln(&b, "//", i)
			}
			for _, s := range c.Servers {
				fmt.Fprintf(&b, "// server %s %q\n", s.ID, s.Name)
			}
			text, written, err := Format(servers(c), c.Writers)
			if err != nil || len(written.List) > 0 {
				t.Errorf("written with %v %v", err, written.List)
			}
			b.Write(text)
			golden := strings.TrimSuffix(file, ".json") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if want := string(read(t, golden)); b.String() != want {
				t.Errorf("got\n%s\nwant\n%s", b.String(), want)
			}
		})
	}
}

// TestBad reads each file of testdata/bad. Its first lines, "// want: …", are how issues or the error begin.
func TestBad(t *testing.T) {
	for _, file := range files(t, "testdata/bad/*.json") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text := read(t, file)
			_, issues, err := Parse(text, Options{Gateway: "g1"})
			var got []string
			if err != nil {
				got = append(got, err.Error())
			} else {
				for _, i := range issues.List {
					got = append(got, i.String())
				}
			}
			for line := range strings.Lines(string(text)) {
				want, ok := strings.CutPrefix(strings.TrimSpace(line), "// want: ")
				if !ok {
					break
				}
				found := false
				for _, g := range got {
					found = found || strings.HasPrefix(g, want)
				}
				if !found {
					t.Errorf("nothing says %q; got\n%s", want, strings.Join(got, "\n"))
				}
			}
		})
	}
}

func TestSyntaxErrorHasItsPlace(t *testing.T) {
	_, _, err := Parse([]byte("[\n  {,}\n]"), Options{})
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || syntax.Line != 2 || syntax.Column != 4 {
		t.Errorf("got %v", err)
	}
}

func files(t testing.TB, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(pattern)
	if err != nil || len(list) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	return list
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t testing.TB, text []byte, o Options) (*Config, *Issues) {
	t.Helper()
	c, issues, err := Parse(text, o)
	if err != nil {
		t.Fatal(err)
	}
	return c, issues
}

func servers(c *Config) []model.Server {
	list := make([]model.Server, len(c.Servers))
	for i, s := range c.Servers {
		list[i] = s.Server
		list[i].Gateway = "g1"
	}
	return list
}
