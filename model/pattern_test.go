package model

import (
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	f := func(pattern, path string, match, below bool) {
		t.Helper()
		p, err := ParsePattern(pattern)
		if err != nil {
			t.Errorf("%q: %v", pattern, err)
			return
		}
		names := SplitBrowsePath(path)
		if got := p.Match(names); got != match {
			t.Errorf("%q matches %q: %v, want %v", pattern, path, got, match)
		}
		if got := p.MatchBelow(names); got != below {
			t.Errorf("%q may match below %q: %v, want %v", pattern, path, got, below)
		}
	}
	f("Boiler1/Temperature", "Boiler1/Temperature", true, false)
	f("Boiler1/Temperature", "Boiler1", false, true)
	f("Boiler1/Temperature", "Boiler2", false, false)
	f("Boiler?/T*", "Boiler7/Temperature", true, false)
	f("Boiler?/T*", "Boiler17/Temperature", false, false)
	f("*", "Boiler1", true, false)
	f("*", "Boiler1/Temperature", false, false)
	f("**", "Boiler1/Temperature", true, true)
	f("**", "", true, true)
	f("**/Temperature", "Temperature", true, true)
	f("**/Temperature", "a/b/Temperature", true, true)
	f("a/**/z", "a/z", true, true)
	f("a/**/z", "a/b/c/z", true, true)
	f("a/**/z", "b/z", false, false)
	f("*a*b*c", "xaxbxc", true, false)
	f("*a*b*c", "xaxbx", false, false)
	f("Ä?ß", "Äöß", true, false)
	f("a&/b/*", "a&/b/c", true, false)
	f("/Boiler[0-9]+\\/.*/", "Boiler12/x/y", true, true)
	f("/Boiler[0-9]+\\/.*/", "Boiler/x", false, true)
	f("/a|b/", "ab", false, true)

	for _, bad := range []string{"", "/(/", "/a", "a/", "a**", strings.Repeat("x", 2000)} {
		if _, err := ParsePattern(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestBrowsePathNames(t *testing.T) {
	names := []string{"a/b", "c&d", "e", "&/"}
	if got := SplitBrowsePath(JoinBrowsePath(names)); strings.Join(got, "|") != strings.Join(names, "|") {
		t.Errorf("got %q, want %q", got, names)
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("a/**/z", "a/b/z")
	f.Add("/a+/", "aaa")
	f.Add("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaa")
	f.Fuzz(func(t *testing.T, pattern, path string) {
		p, err := ParsePattern(pattern)
		if err != nil {
			return
		}
		names := SplitBrowsePath(path)
		if p.Match(names) && len(names) > 0 && p.whole == nil && !p.MatchBelow(names[:len(names)-1]) {
			t.Errorf("%q matches %q, and not below its parent", pattern, path)
		}
	})
}
