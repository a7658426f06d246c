package contentfilter

import (
	"fmt"
	"regexp"
	"strings"
)

// pattern is what a Like compares with (Part 4, table of wildcard characters): % stands for any text, _ for one character, [abc] and [a-c] for one of
// them, [^abc] for one that is none of them, and what follows \ for itself.
type pattern regexp.Regexp

// maxPattern bounds the length of a pattern, in bytes.
const maxPattern = 4096

func compilePattern(text string) (*pattern, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("the pattern has %d bytes, want %d at most", len(text), maxPattern)
	}
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		switch c := runes[i]; c {
		case '%':
			b.WriteString(".*")
		case '_':
			b.WriteByte('.')
		case '\\':
			if i++; i == len(runes) {
				return nil, fmt.Errorf(`the pattern %q ends with \`, text)
			}
			b.WriteString(regexp.QuoteMeta(string(runes[i])))
		case '[':
			end, err := list(&b, runes, i)
			if err != nil {
				return nil, fmt.Errorf("the pattern %q: %w", text, err)
			}
			i = end
		default:
			b.WriteString(regexp.QuoteMeta(string(c)))
		}
	}
	b.WriteString(`\z`)
	r, err := regexp.Compile(b.String())
	if err != nil {
		return nil, fmt.Errorf("the pattern %q: %w", text, err)
	}
	return (*pattern)(r), nil
}

// list writes the list of characters that begins at i, and returns where it ends.
func list(b *strings.Builder, runes []rune, i int) (end int, err error) {
	b.WriteByte('[')
	i++
	if i < len(runes) && runes[i] == '^' {
		b.WriteByte('^')
		i++
	}
	for first := i; i < len(runes); i++ {
		switch c := runes[i]; {
		case c == ']' && i > first:
			b.WriteByte(']')
			return i, nil
		case c == '-' && i > first && i+1 < len(runes) && runes[i+1] != ']':
			b.WriteByte('-')
		case c == '\\' && i+1 < len(runes):
			i++
			b.WriteString(`\x{` + fmt.Sprintf("%x", runes[i]) + `}`)
		default:
			b.WriteString(`\x{` + fmt.Sprintf("%x", c) + `}`)
		}
	}
	return i, fmt.Errorf("it has [ without ]")
}

func (p *pattern) match(text string) bool { return (*regexp.Regexp)(p).MatchString(text) }
