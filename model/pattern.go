package model

import (
	"fmt"
	"regexp"
	"strings"
)

// maxPattern bounds a Pattern, in bytes: an expression takes memory and time with its length.
const maxPattern = 1024

// Pattern is one of Selection.Include or Exclude, ready to use. It may be used by several goroutines.
type Pattern struct {
	// whole is a regular expression; nil for a wildcard.
	whole *regexp.Regexp
	// names are the parts of a wildcard between the slashes, "**" among them.
	names []string
}

// ParsePattern reads a pattern. A '/' in a name of a wildcard is written "&/", as in VerbTranslate.
func ParsePattern(s string) (Pattern, error) {
	if s == "" {
		return Pattern{}, fmt.Errorf("pattern is empty; leave it out, or write ** for everything")
	}
	if len(s) > maxPattern {
		return Pattern{}, fmt.Errorf("pattern has %d bytes, at most %d are allowed", len(s), maxPattern)
	}
	if len(s) > 1 && s[0] == '/' && s[len(s)-1] == '/' {
		expression, err := regexp.Compile(`^(?:` + s[1:len(s)-1] + `)$`)
		if err != nil {
			return Pattern{}, fmt.Errorf("pattern %q is no regular expression: %w", s, err)
		}
		return Pattern{whole: expression}, nil
	}
	if s[0] == '/' || s[len(s)-1] == '/' && !strings.HasSuffix(s, "&/") {
		return Pattern{}, fmt.Errorf("pattern %q begins or ends with '/'; begin and end with a name, or with '/' on both sides for a regular expression", s)
	}
	names := SplitBrowsePath(s)
	for _, n := range names {
		if strings.Contains(n, "**") && n != "**" {
			return Pattern{}, fmt.Errorf("pattern %q has ** within a name; it stands for whole names, as in Boiler*/**/Temperature", s)
		}
	}
	return Pattern{names: names}, nil
}

// Match tells whether the pattern matches a path, given by its names.
func (p Pattern) Match(path []string) bool {
	if p.whole != nil {
		return p.whole.MatchString(JoinBrowsePath(path))
	}
	at := p.walk(path)
	return at != nil && at[len(p.names)]
}

// MatchBelow tells whether the pattern may match paths that begin with path and go on. A regular expression always may.
func (p Pattern) MatchBelow(path []string) bool {
	if p.whole != nil {
		return true
	}
	at := p.walk(path)
	for i := range p.names {
		if at[i] {
			return true
		}
	}
	return false
}

// walk returns which places of the wildcard are reached when the names of path are taken: place i is before names[i].
func (p Pattern) walk(path []string) []bool {
	at := make([]bool, len(p.names)+1)
	at[0] = true
	p.skip(at)
	for _, name := range path {
		next := make([]bool, len(at))
		for i, here := range at[:len(p.names)] {
			switch {
			case !here:
			case p.names[i] == "**":
				next[i] = true
			case matchName(p.names[i], name):
				next[i+1] = true
			}
		}
		p.skip(next)
		at = next
	}
	return at
}

// skip goes on behind each "**" that is reached, since it stands for no name, too.
func (p Pattern) skip(at []bool) {
	for i, n := range p.names {
		if at[i] && n == "**" {
			at[i+1] = true
		}
	}
}

// matchName matches one name with a wildcard of '*' and '?'. The time is at most the product of the lengths.
func matchName(pattern, name string) bool {
	want, have := []rune(pattern), []rune(name)
	star, resume := -1, 0
	i, j := 0, 0
	for j < len(have) {
		switch {
		case i < len(want) && want[i] == '*':
			star, resume = i, j
			i++
		case i < len(want) && (want[i] == '?' || want[i] == have[j]):
			i++
			j++
		case star >= 0:
			resume++
			i, j = star+1, resume
		default:
			return false
		}
	}
	for i < len(want) && want[i] == '*' {
		i++
	}
	return i == len(want)
}

// SplitBrowsePath splits a browse path into its names and undoes the escapes: a '/' or '&' within a name is written "&/" or "&&"
// (Part 4, A.2).
func SplitBrowsePath(path string) []string {
	var names []string
	var b strings.Builder
	escaped := false
	for _, r := range path {
		switch {
		case escaped:
			b.WriteRune(r)
			escaped = false
		case r == '&':
			escaped = true
		case r == '/':
			if b.Len() > 0 {
				names = append(names, b.String())
			}
			b.Reset()
		default:
			b.WriteRune(r)
		}
	}
	if b.Len() > 0 {
		names = append(names, b.String())
	}
	return names
}

// JoinBrowsePath is the inverse of SplitBrowsePath.
func JoinBrowsePath(names []string) string {
	escaped := make([]string, len(names))
	for i, n := range names {
		escaped[i] = EscapeBrowseName(n)
	}
	return strings.Join(escaped, "/")
}

// EscapeBrowseName escapes a name for a browse path.
func EscapeBrowseName(name string) string {
	if !strings.ContainsAny(name, "&/") {
		return name
	}
	return strings.ReplaceAll(strings.ReplaceAll(name, "&", "&&"), "/", "&/")
}

// PatternPlaces are the places of a wildcard that some names of a path lead to, a bit each.
type PatternPlaces uint64

// Begin returns the places before the first name, for those who match many paths that begin alike name by name. It is not ok for a regular
// expression, which is for whole paths, and for a wildcard of more than 63 names.
func (p Pattern) Begin() (at PatternPlaces, ok bool) {
	if p.whole != nil || len(p.names) > 63 {
		return 0, false
	}
	return p.skipped(1), true
}

// Step returns the places behind one more name.
func (p Pattern) Step(at PatternPlaces, name string) (next PatternPlaces) {
	for i, want := range p.names {
		here := PatternPlaces(1) << i
		switch {
		case at&here == 0:
		case want == "**":
			next |= here
		case want == name || strings.ContainsAny(want, "*?") && matchName(want, name):
			next |= here << 1
		}
	}
	return p.skipped(next)
}

// Ends tells whether the names that led to the places match the whole wildcard.
func (p Pattern) Ends(at PatternPlaces) bool { return at&(1<<len(p.names)) != 0 }

// skipped is skip for a PatternPlaces.
func (p Pattern) skipped(at PatternPlaces) PatternPlaces {
	for i, n := range p.names {
		if n == "**" && at&(1<<i) != 0 {
			at |= 1 << (i + 1)
		}
	}
	return at
}
