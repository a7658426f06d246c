package bus

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestEscape(t *testing.T) {
	f := func(name, token string) {
		t.Helper()
		got, err := Escape(name)
		if err != nil || got != token {
			t.Fatalf("Escape(%q) = %q, %v; want %q", name, got, err, token)
		}
		back, err := Unescape(token)
		if err != nil || back != name {
			t.Fatalf("Unescape(%q) = %q, %v; want %q", token, back, err, name)
		}
	}
	f("", "=")
	f("=", "=3D")
	f("gateway-1_A", "gateway-1_A")
	f("a.b", "a=2Eb")
	f("*", "=2A")
	f(">", "=3E")
	f("Halle 3", "Halle=203")
	f("ü", "=C3=BC")
	f("\x00\xff\r\n", "=00=FF=0D=0A")
	f("$JS.API", "=24JS=2EAPI")
	f(strings.Repeat("a", 200), strings.Repeat("a", 200))
	f(strings.Repeat(".", 200), strings.Repeat("=2E", 200))
}

func TestEscapeTooLong(t *testing.T) {
	if _, err := Escape(strings.Repeat("a", 201)); !errors.Is(err, ErrName) {
		t.Fatalf("error %v, want ErrName", err)
	}
}

func TestUnescapeBad(t *testing.T) {
	f := func(token string) {
		t.Helper()
		if name, err := Unescape(token); !errors.Is(err, ErrName) {
			t.Fatalf("Unescape(%q) = %q, %v; want ErrName", token, name, err)
		}
	}
	f("")
	f("a b")
	f("a.b")
	f("ü")
	f("=2")
	f("a=")
	f("=2e") // lower case: a second token for the same name
	f("=41") // 'A' needs no escape
	f("=GG")
	f(strings.Repeat("a", 201))
	f(strings.Repeat("=2E", 201))
}

func FuzzToken(f *testing.F) {
	for _, s := range []string{"", "=", "a.b", "=2E", "ü *>", "=C3=BC"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if token, err := Escape(s); err == nil {
			if strings.ContainsAny(token, ".*> \t\r\n") || token == "" {
				t.Fatalf("Escape(%q) = %q is no token", s, token)
			}
			if back, err := Unescape(token); err != nil || back != s {
				t.Fatalf("Unescape(Escape(%q)) = %q, %v", s, back, err)
			}
		}
		if name, err := Unescape(s); err == nil {
			if token, err := Escape(name); err != nil || token != s {
				t.Fatalf("Escape(Unescape(%q)) = %q, %v", s, token, err)
			}
		}
	})
}

func FuzzParseSubject(f *testing.F) {
	f.Add("ua.data.g.gr.w")
	f.Add("ua.data.g.=.=2E")
	f.Fuzz(func(t *testing.T, s string) {
		g, gr, w, err := ParseData(s)
		if err != nil {
			return
		}
		if back, err := Data(g, gr, w); err != nil || back != s {
			t.Fatalf("Data(ParseData(%q)) = %q, %v", s, back, err)
		}
	})
}

func TestSubjects(t *testing.T) {
	f := func(want string, got string, err error) {
		t.Helper()
		if err != nil || got != want {
			t.Fatalf("subject %q, %v; want %q", got, err, want)
		}
	}
	s, err := Data("g 1", "line.2", "*")
	f("ua.data.g=201.line=2E2.=2A", s, err)
	s, err = Meta("g", "", "w")
	f("ua.meta.g.=.w", s, err)
	s, err = Dead("g", "gr", "w")
	f("ua.dead.g.gr.w", s, err)
	s, err = Local("g", "gr", "w")
	f("loc.g.gr.w", s, err)
	f("ua.event.g.s=2F1.2026-11.26.04", Event("g", "s/1", time.Date(2026, 11, 26, 6, 59, 59, 0, time.FixedZone("", 2*3600))), nil)
	f("ua.text.a=2Fb", Text("a/b"), nil)
	s, err = Cmd("g", "browse")
	f("ua.cmd.g.browse", s, err)
	s, err = Rep("g", "1")
	f("ua.rep.g.1", s, err)
	s, err = Live("g>", "1")
	f("ua.rep.g=3E.live.1", s, err)
	s, err = Audit("g", "write")
	f("audit.g.write", s, err)
	if _, err := Data("g", strings.Repeat("x", 201), "w"); !errors.Is(err, ErrName) {
		t.Fatalf("error %v, want ErrName", err)
	}
	long := strings.Repeat("x", maxName)
	if s := Text(long); s != "ua.text."+long {
		t.Fatalf("Text = %q", s)
	}
	if s := Text(long + "y"); !strings.HasPrefix(s, "ua.text.=-") || len(s) != len("ua.text.=-")+64 || s == Text(long+"z") {
		t.Fatalf("Text of a long id = %q", s)
	}
}

func TestParseSubjects(t *testing.T) {
	g, gr, w, err := ParseMeta("ua.meta.g=201.=.=2A")
	if err != nil || g != "g 1" || gr != "" || w != "*" {
		t.Fatalf("ParseMeta = %q %q %q %v", g, gr, w, err)
	}
	g, v, err := ParseCmd("ua.cmd.g.read")
	if err != nil || g != "g" || v != "read" {
		t.Fatalf("ParseCmd = %q %q %v", g, v, err)
	}
	for _, s := range []string{"", "ua.data.", "ua.data.a.b", "ua.data.a.b.c.d", "ua.data..b.c", "ua.meta.a.b.c"} {
		if _, _, _, err := ParseData(s); !errors.Is(err, ErrName) {
			t.Fatalf("ParseData(%q): %v, want ErrName", s, err)
		}
	}
}
