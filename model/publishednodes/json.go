package publishednodes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"
)

const (
	// maxBytes bounds a file; 120,000 nodes take some 30 MB.
	maxBytes = 256 << 20
	// maxDepth bounds how deep arrays and objects may be nested.
	maxDepth = 32
)

// SyntaxError says where a file is no JSON.
type SyntaxError struct {
	// Line and Column count from 1, Column in bytes.
	Line, Column int
	Problem      string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Problem)
}

// document is a JSON text with comments (// and /* */) and trailing commas allowed. After check its values are read where they stand, so
// that a file of any size needs no tree of it.
type document struct {
	text  []byte
	lines []int // where each line begins; made when first asked for
}

// value is one value of a checked document: text[from:to].
type value struct {
	doc      *document
	from, to int
}

// checkDocument checks the syntax of all of text, once, and returns its only value.
func checkDocument(text []byte) (value, error) {
	if len(text) > maxBytes {
		return value{}, fmt.Errorf("the file has %d bytes, more than %d: divide it", len(text), maxBytes)
	}
	d := &document{text: text}
	from, err := d.space(len(text) - len(bytes.TrimPrefix(text, []byte("\ufeff"))))
	if err != nil {
		return value{}, err
	}
	to, err := d.check(from, 0)
	if err != nil {
		return value{}, err
	}
	if end, err := d.space(to); err != nil {
		return value{}, err
	} else if end < len(text) {
		return value{}, d.errorAt(end, "there is more behind the end of the array")
	}
	return value{d, from, to}, nil
}

func (d *document) errorAt(at int, problem string) error {
	line, column := d.position(at)
	return &SyntaxError{Line: line, Column: column, Problem: problem}
}

// position is the line and the column of a place, from 1.
func (d *document) position(at int) (line, column int) {
	if d.lines == nil {
		d.lines = append(d.lines, 0)
		for i, c := range d.text {
			if c == '\n' {
				d.lines = append(d.lines, i+1)
			}
		}
	}
	low, high := 0, len(d.lines)
	for low+1 < high {
		if middle := (low + high) / 2; d.lines[middle] <= at {
			low = middle
		} else {
			high = middle
		}
	}
	return low + 1, at - d.lines[low] + 1
}

// space skips white space and comments.
func (d *document) space(i int) (int, error) {
	for i < len(d.text) {
		switch c := d.text[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c != '/':
			return i, nil
		case bytes.HasPrefix(d.text[i:], []byte("//")):
			if n := bytes.IndexByte(d.text[i:], '\n'); n >= 0 {
				i += n + 1
			} else {
				i = len(d.text)
			}
		case bytes.HasPrefix(d.text[i:], []byte("/*")):
			n := bytes.Index(d.text[i+2:], []byte("*/"))
			if n < 0 {
				return i, d.errorAt(i, "the comment has no end: want */")
			}
			i += n + 4
		default:
			return i, nil
		}
	}
	return i, nil
}

// check checks the value at i and returns where it ends.
func (d *document) check(i, depth int) (int, error) {
	if i >= len(d.text) {
		return i, d.errorAt(i, "the text ends where a value is wanted")
	}
	switch c := d.text[i]; {
	case c == '"':
		return d.checkString(i)
	case c == '{' || c == '[':
		if depth == maxDepth {
			return i, d.errorAt(i, fmt.Sprintf("arrays and objects are nested deeper than %d", maxDepth))
		}
		return d.checkList(i, depth, c)
	}
	to := i
	for to < len(d.text) && !isDelimiter(d.text[to]) {
		to++
	}
	if word := d.text[i:to]; !json.Valid(word) {
		return i, d.errorAt(i, fmt.Sprintf("%.40q is no JSON value; texts stand in double quotes", word))
	}
	return to, nil
}

// isDelimiter tells whether a byte ends a number or a word.
func isDelimiter(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', ',', ']', '}', ':', '/', '"', '{', '[':
		return true
	}
	return false
}

// checkList checks an object or an array.
func (d *document) checkList(open, depth int, kind byte) (int, error) {
	closing := kind + 2 // '}' or ']'
	i, err := d.space(open + 1)
	for err == nil {
		if i >= len(d.text) {
			return i, d.errorAt(open, fmt.Sprintf("the %q here is never closed", kind))
		}
		if d.text[i] == closing {
			return i + 1, nil
		}
		if kind == '{' {
			if i, err = d.checkName(i); err != nil {
				return i, err
			}
		}
		if i, err = d.check(i, depth+1); err != nil {
			return i, err
		}
		if i, err = d.space(i); err != nil || i >= len(d.text) || d.text[i] == closing {
			continue
		}
		if d.text[i] != ',' {
			return i, d.errorAt(i, fmt.Sprintf("want ',' or %q, got %q", closing, d.text[i]))
		}
		i, err = d.space(i + 1)
	}
	return i, err
}

// checkName checks a property's name and the colon behind it.
func (d *document) checkName(i int) (int, error) {
	if d.text[i] != '"' {
		return i, d.errorAt(i, fmt.Sprintf("want a property's name in double quotes, got %q", d.text[i]))
	}
	i, err := d.checkString(i)
	if err != nil {
		return i, err
	}
	if i, err = d.space(i); err != nil {
		return i, err
	}
	if i >= len(d.text) || d.text[i] != ':' {
		return i, d.errorAt(i, "want ':' behind a property's name")
	}
	return d.space(i + 1)
}

// checkString checks the string at i and returns where it ends.
func (d *document) checkString(i int) (int, error) {
	to := d.stringEnd(i)
	if to < 0 {
		return i, d.errorAt(i, "the text in double quotes has no end on its line")
	}
	if bytes.IndexByte(d.text[i:to], '\\') >= 0 {
		if !json.Valid(d.text[i:to]) {
			return i, d.errorAt(i, fmt.Sprintf("%.60s has an escape that JSON lacks; a backslash is written \\\\", d.text[i:to]))
		}
	}
	return to, nil
}

// stringEnd returns where the string at i ends, -1 when it does not or has control characters.
func (d *document) stringEnd(i int) int {
	for i++; i < len(d.text); i++ {
		switch c := d.text[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			i++
		case c < ' ':
			return -1
		}
	}
	return -1
}

// skip returns where the value at i ends; the document is checked.
func (d *document) skip(i int) int {
	depth := 0
	for ; i < len(d.text); i++ {
		switch d.text[i] {
		case '"':
			i = d.stringEnd(i) - 1
		case '/':
			i, _ = d.space(i)
			i--
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case ' ', '\t', '\r', '\n', ',', ':':
			continue
		default:
			for i+1 < len(d.text) && !isDelimiter(d.text[i+1]) {
				i++
			}
		}
		if depth == 0 {
			return i + 1
		}
	}
	return i
}

// kind is the first byte of the value: '{', '[', '"', 't', 'f', 'n', or that of a number.
func (v value) kind() byte { return v.doc.text[v.from] }

// raw is the value as it is written.
func (v value) raw() []byte { return v.doc.text[v.from:v.to] }

func (v value) isNull() bool { return v.kind() == 'n' }

// text is a string without its quotes.
func (v value) text() string {
	raw := v.doc.text[v.from+1 : v.to-1]
	if bytes.IndexByte(raw, '\\') < 0 {
		if utf8.Valid(raw) {
			return string(raw)
		}
		return strings.ToValidUTF8(string(raw), "\ufffd")
	}
	var s string
	if err := json.Unmarshal(v.raw(), &s); err != nil {
		return "" // checked before
	}
	return s
}

// items are the elements of an array.
func (v value) items() iter.Seq2[int, value] {
	return func(yield func(int, value) bool) {
		i, n := v.from+1, 0
		for {
			if i = v.next(i); i >= v.to-1 {
				return
			}
			to := v.doc.skip(i)
			if !yield(n, value{v.doc, i, to}) {
				return
			}
			i, n = to, n+1
		}
	}
}

// members are the properties of an object, in the order of the file.
func (v value) members() iter.Seq2[value, value] {
	return func(yield func(name, v value) bool) {
		i := v.from + 1
		for {
			if i = v.next(i); i >= v.to-1 {
				return
			}
			nameEnd := v.doc.skip(i)
			at := v.next(nameEnd)
			to := v.doc.skip(at)
			if !yield(value{v.doc, i, nameEnd}, value{v.doc, at, to}) {
				return
			}
			i = to
		}
	}
}

// next skips white space, comments, commas and colons.
func (v value) next(i int) int {
	for {
		i, _ = v.doc.space(i)
		if i >= v.to || v.doc.text[i] != ',' && v.doc.text[i] != ':' {
			return i
		}
		i++
	}
}

// plain appends the value as JSON without comments, white space and trailing commas.
func (v value) plain(dst []byte) []byte {
	switch v.kind() {
	case '[':
		dst = append(dst, '[')
		for i, item := range v.items() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.plain(dst)
		}
		return append(dst, ']')
	case '{':
		dst = append(dst, '{')
		first := true
		for name, member := range v.members() {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = append(append(dst, name.raw()...), ':')
			dst = member.plain(dst)
		}
		return append(dst, '}')
	}
	return append(dst, v.raw()...)
}
