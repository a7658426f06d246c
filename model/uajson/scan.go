package uajson

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// maxDepth is how deep arrays and objects may nest: the 100 levels that the standard asks for (Part 6, 5.1.8) and the message
// around them.
const maxDepth = 110

// MaxFrame is the size of the largest frame, in bytes, that a Decoder takes.
const MaxFrame = 1 << 28

// kind is what a JSON value is.
type kind uint8

const (
	kindNull kind = iota
	kindFalse
	kindTrue
	kindInteger // digits with or without a minus
	kindNumber  // with a fraction or an exponent
	kindString
	kindArray
	kindObject
)

// node is one JSON value of a frame. The nodes of a frame stand in the order of the text, each before the values in it: an array is
// followed by its elements, an object by its names and values in turn.
type node struct {
	start, end uint32 // in the frame; of strings without the quotes
	next       uint32 // the index of the node after all that is within this one
	kind       kind
	escaped    bool // a string with a backslash in it
}

// scanner checks that a text is JSON and makes the index of it, once, so that all reading after is in place, in any order and
// without another check.
type scanner struct {
	buf   []byte
	pos   int
	depth int
	nodes []node
	err   error
}

// scan indexes buf, which must hold one JSON value. At an error pos tells where.
func (s *scanner) scan(buf []byte) bool {
	s.buf, s.pos, s.depth, s.err, s.nodes = buf, 0, 0, nil, s.nodes[:0]
	if len(buf) > MaxFrame {
		s.err = fmt.Errorf("%w: a frame of %d bytes; want up to %d", ErrLimit, len(buf), MaxFrame)
		return false
	}
	s.space()
	if !s.value() {
		return false
	}
	if s.space(); s.pos != len(buf) {
		return s.fail("a value and more behind it")
	}
	return true
}

func (s *scanner) fail(what string) bool {
	if s.err == nil {
		if s.pos >= len(s.buf) {
			what = "the text ends too early"
		}
		s.err = fmt.Errorf("%w: %s", ErrSyntax, what)
	}
	return false
}

func (s *scanner) space() {
	for s.pos < len(s.buf) {
		switch s.buf[s.pos] {
		case ' ', '\n', '\t', '\r':
			s.pos++
		default:
			return
		}
	}
}

// value indexes the value at pos.
func (s *scanner) value() bool {
	if s.pos >= len(s.buf) {
		return s.fail("")
	}
	switch c := s.buf[s.pos]; c {
	case '"':
		return s.string()
	case '{', '[':
		if s.depth >= maxDepth {
			s.err = fmt.Errorf("%w: nested over %d deep", ErrLimit, maxDepth)
			return false
		}
		s.depth++
		ok := s.container(c == '{')
		s.depth--
		return ok
	case 't':
		return s.literal("true", kindTrue)
	case 'f':
		return s.literal("false", kindFalse)
	case 'n':
		return s.literal("null", kindNull)
	}
	return s.number()
}

func (s *scanner) literal(text string, k kind) bool {
	if len(s.buf)-s.pos < len(text) || string(s.buf[s.pos:s.pos+len(text)]) != text {
		return s.fail("want a value")
	}
	s.leaf(k, s.pos, s.pos+len(text))
	s.pos += len(text)
	return true
}

func (s *scanner) leaf(k kind, start, end int) {
	s.nodes = append(s.nodes, node{start: uint32(start), end: uint32(end), next: uint32(len(s.nodes) + 1), kind: k})
}

// container indexes an array or an object.
func (s *scanner) container(object bool) bool {
	at := len(s.nodes)
	k, closing := kindArray, byte(']')
	if object {
		k, closing = kindObject, '}'
	}
	s.nodes = append(s.nodes, node{start: uint32(s.pos), kind: k})
	s.pos++
	s.space()
	if s.pos < len(s.buf) && s.buf[s.pos] == closing {
		return s.close(at)
	}
	for {
		if object && !s.name() {
			return false
		}
		if !s.value() {
			return false
		}
		if s.pos < len(s.buf) && s.buf[s.pos] <= ' ' {
			s.space()
		}
		if s.pos >= len(s.buf) {
			return s.fail("")
		}
		switch s.buf[s.pos] {
		case closing:
			return s.close(at)
		case ',':
			if s.pos++; s.pos < len(s.buf) && s.buf[s.pos] <= ' ' {
				s.space()
			}
		default:
			return s.fail("want a comma or the end of the array or object")
		}
	}
}

func (s *scanner) close(at int) bool {
	s.pos++
	n := &s.nodes[at]
	n.end, n.next = uint32(s.pos), uint32(len(s.nodes))
	return true
}

// name indexes the name of a member and skips the colon.
func (s *scanner) name() bool {
	if s.pos >= len(s.buf) || s.buf[s.pos] != '"' {
		return s.fail("want a name in quotes")
	}
	if !s.string() {
		return false
	}
	if s.pos < len(s.buf) && s.buf[s.pos] <= ' ' {
		s.space()
	}
	if s.pos >= len(s.buf) || s.buf[s.pos] != ':' {
		return s.fail("want a colon after the name")
	}
	if s.pos++; s.pos < len(s.buf) && s.buf[s.pos] <= ' ' {
		s.space()
	}
	return true
}

// special marks the bytes that end the plain part of a string: the quote, the backslash and control characters.
var special = [256]bool{
	0: true, 1: true, 2: true, 3: true, 4: true, 5: true, 6: true, 7: true, 8: true, 9: true, 10: true, 11: true, 12: true, 13: true,
	14: true, 15: true, 16: true, 17: true, 18: true, 19: true, 20: true, 21: true, 22: true, 23: true, 24: true, 25: true, 26: true,
	27: true, 28: true, 29: true, 30: true, 31: true, '"': true, '\\': true,
}

func (s *scanner) string() bool {
	start := s.pos + 1
	buf, i, escaped := s.buf, start, false
	for {
		for i = plainEnd(buf, i); i < len(buf) && !special[buf[i]]; {
			i++
		}
		if s.pos = i; i >= len(buf) {
			return s.fail("")
		}
		switch buf[i] {
		case '"':
			s.nodes = append(s.nodes, node{start: uint32(start), end: uint32(i), next: uint32(len(s.nodes) + 1), kind: kindString, escaped: escaped})
			s.pos = i + 1
			return true
		case '\\':
			escaped = true
			if i = escapeEnd(buf, i); i < 0 {
				return s.fail("a bad escape in a string")
			}
		default:
			return s.fail("a control character in a string")
		}
	}
}

const (
	eachByte = 0x0101010101010101
	topBits  = 0x80 * eachByte
)

// plainEnd skips bytes that are not special, eight at a time, as far as that goes: to the first special one, or to the last seven bytes
// of buf. A byte of w is below n where w-n borrows and w's own top bit is not set; a borrow from the byte before can be mistaken for
// it only behind a true one, and the first is what counts.
func plainEnd(buf []byte, i int) int {
	for ; i+8 <= len(buf); i += 8 {
		w := binary.LittleEndian.Uint64(buf[i:])
		quote, backslash := w^'"'*eachByte, w^'\\'*eachByte
		found := ((w-' '*eachByte)&^w | (quote-eachByte)&^quote | (backslash-eachByte)&^backslash) & topBits
		if found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	return i
}

// escapeEnd returns the place behind the escape that begins at i, or -1.
func escapeEnd(buf []byte, i int) int {
	if i+1 >= len(buf) {
		return -1
	}
	switch buf[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		if _, ok := hex4(buf, i+2); ok {
			return i + 6
		}
	}
	return -1
}

// number indexes a number (RFC 8259, 6).
func (s *scanner) number() bool {
	start, k := s.pos, kindInteger
	if s.buf[s.pos] == '-' {
		s.pos++
	}
	switch {
	case s.pos < len(s.buf) && s.buf[s.pos] == '0':
		s.pos++
	case !s.digits():
		return s.fail("want a value")
	}
	if s.pos < len(s.buf) && s.buf[s.pos] == '.' {
		k = kindNumber
		if s.pos++; !s.digits() {
			return s.fail("want digits after the point")
		}
	}
	if s.pos < len(s.buf) && s.buf[s.pos]|0x20 == 'e' {
		k = kindNumber
		if s.pos++; s.pos < len(s.buf) && (s.buf[s.pos] == '+' || s.buf[s.pos] == '-') {
			s.pos++
		}
		if !s.digits() {
			return s.fail("want digits in the exponent")
		}
	}
	s.leaf(k, start, s.pos)
	return true
}

// digits skips digits and tells whether there was one.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.buf) && s.buf[s.pos]-'0' <= 9 {
		s.pos++
	}
	return s.pos > start
}
