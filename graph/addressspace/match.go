package addressspace

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// quality tells how well a name matches a term.
type quality uint8

// From worst to best: somewhere within a word, at the beginning of a word, at the beginning of the name, the whole name.
const (
	noMatch quality = iota
	matchesPart
	matchesWord
	matchesPrefix
	matchesWhole
)

// term is one word that is searched for, in any case.
type term struct {
	lower string
	ascii bool
}

func newTerm(s string) term {
	lower := strings.ToLower(s)
	return term{lower, isASCII(lower)}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// match finds the term in a name.
func (t term) match(name string) quality {
	if !t.ascii {
		if isASCII(name) {
			return noMatch
		}
		return t.matchLower(name, strings.ToLower(name))
	}
	best := noMatch
	first := t.lower[0]
	for i := 0; i+len(t.lower) <= len(name); i++ {
		if lower(name[i]) != first || !foldEqual(name[i:i+len(t.lower)], t.lower) {
			continue
		}
		if best = max(best, qualityAt(name, i, len(t.lower))); best >= matchesWord {
			break
		}
	}
	return best
}

// matchLower finds the term in the lower case of a name. Where letters have another length in lower case, the beginnings of words cannot be told.
func (t term) matchLower(name, folded string) quality {
	best := noMatch
	for from := 0; ; {
		i := strings.Index(folded[from:], t.lower)
		if i < 0 {
			return best
		}
		at := from + i
		if len(name) != len(folded) {
			name = folded
		}
		if best = max(best, qualityAt(name, at, len(t.lower))); best >= matchesWord {
			return best
		}
		from = at + len(t.lower)
	}
}

// qualityAt is that of a match of n bytes.
func qualityAt(name string, at, n int) quality {
	switch {
	case at == 0 && n == len(name):
		return matchesWhole
	case at == 0:
		return matchesPrefix
	case beginsWord(name, at):
		return matchesWord
	}
	return matchesPart
}

// beginsWord tells whether a word begins within a name, as in "Boiler_Temperature", "BoilerTemperature" and "Boiler1".
func beginsWord(name string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(name[:at])
	first, _ := utf8.DecodeRuneInString(name[at:])
	switch {
	case unicode.IsLetter(first):
		return !unicode.IsLetter(before) || unicode.IsUpper(first) && !unicode.IsUpper(before)
	case unicode.IsDigit(first):
		return !unicode.IsDigit(before)
	}
	return true
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// foldEqual tells whether s is lowerCase in any case.
func foldEqual(s, lowerCase string) bool {
	for i := range len(lowerCase) {
		if lower(s[i]) != lowerCase[i] {
			return false
		}
	}
	return true
}
