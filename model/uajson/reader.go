package uajson

import (
	"encoding/base64"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// reader reads values out of an index. Its errors are sticky: after the first one the rest is of no use.
type reader struct {
	scan scanner
	pool pool
	err  error
	at   uint32 // the node that the error is about
	// missed is the node that was last found not to be of the type it should be. That is an error only where the message itself tells
	// the type.
	missed uint32
	ids    map[string]model.ExpandedNodeID // see identifier
	clock  clock
}

// fail keeps the first error, which is about node i.
func (r *reader) fail(i uint32, err error) {
	if r.err == nil {
		r.err, r.at = err, i
	}
}

func (r *reader) failf(i uint32, reason error, format string, args ...any) {
	if r.err == nil {
		r.fail(i, fmt.Errorf("%w: "+format, append([]any{reason}, args...)...))
	}
}

func (r *reader) kind(i uint32) kind { return r.scan.nodes[i].kind }

// next is the node after i and all within it.
func (r *reader) next(i uint32) uint32 { return r.scan.nodes[i].next }

// raw is the text of a value as it stands in the frame; of a string without its quotes.
func (r *reader) raw(i uint32) []byte {
	n := &r.scan.nodes[i]
	return r.scan.buf[n.start:n.end:n.end]
}

// text is the text of a string: the frame's memory, or the pool's if there are escapes in it.
func (r *reader) text(i uint32) string {
	raw := r.raw(i)
	if !r.scan.nodes[i].escaped {
		return alias(raw)
	}
	b := r.pool.bytes.take(len(raw))
	return alias(b[:unescape(b, raw)])
}

// count is the number of elements of an array, or of names and values of an object.
func (r *reader) count(i uint32) int {
	n := 0
	for j, end := i+1, r.next(i); j < end; j = r.next(j) {
		n++
	}
	return n
}

// named returns the member of an object, or 0 if it has none of that name.
func (r *reader) named(object uint32, name string) uint32 {
	if r.kind(object) != kindObject {
		return 0
	}
	for j, end := object+1, r.next(object); j < end; j = r.next(j + 1) {
		if sameName(r.raw(j), name) {
			return j + 1
		}
	}
	return 0
}

// sameName compares the name of a member with a name of the standard; the first letter may be small, as in JSON of the cloud.
func sameName(b []byte, name string) bool {
	return len(b) == len(name) && b[0]&^0x20 == name[0] && string(b[1:]) == name[1:]
}

// base64 reads a ByteString.
func (r *reader) base64(i uint32) (b []byte, ok bool) {
	s := r.text(i)
	if s == "" {
		return []byte{}, true // null is something else
	}
	b = r.pool.bytes.take(base64.StdEncoding.DecodedLen(len(s)))
	// Decode has no form for strings; it reads s only.
	n, err := base64.StdEncoding.Decode(b, bytesOf(s))
	return b[:n:n], err == nil
}

// integer reads an integer, also one in a string, which 64-bit integers are.
func (r *reader) integer(i uint32) (n int64, ok bool) {
	switch r.kind(i) {
	case kindInteger:
		return parseInt(r.raw(i))
	case kindString:
		return parseInt(r.raw(i))
	case kindNumber: // 7.0 is an integer too
		f, _ := parseFloat(r.raw(i))
		if n = int64(f); f >= -1<<53 && f <= 1<<53 && float64(n) == f {
			return n, true
		}
	}
	return 0, false
}

func (r *reader) unsigned(i uint32) (n uint64, ok bool) {
	if k := r.kind(i); k == kindInteger || k == kindString {
		return parseUint(r.raw(i))
	}
	s, ok := r.integer(i)
	return uint64(s), ok && s >= 0
}

// float reads a number, also one in a string.
func (r *reader) float(i uint32) (f float64, ok bool) {
	switch r.kind(i) {
	case kindInteger, kindNumber:
		return parseFloat(r.raw(i))
	case kindString:
		if f, ok = named(alias(r.raw(i))); !ok {
			f, ok = parseFloat(r.raw(i))
		}
		return f, ok
	}
	return 0, false
}

func (r *reader) boolean(i uint32) (b, ok bool) {
	k := r.kind(i)
	return k == kindTrue, k == kindTrue || k == kindFalse
}

func (r *reader) dateTime(i uint32) (model.DateTime, bool) {
	switch r.kind(i) {
	case kindNull:
		return 0, true
	case kindString:
		return r.clock.parse(alias(r.raw(i)))
	}
	return 0, false
}

// string reads a string; null is "".
func (r *reader) string(i uint32) (string, bool) {
	switch r.kind(i) {
	case kindNull:
		return "", true
	case kindString:
		return r.text(i), true
	}
	return "", false
}

// statusCode reads a number, a name, or an object of both (Part 6, 5.4.2.12 and H.4).
func (r *reader) statusCode(i uint32) (model.StatusCode, bool) {
	switch r.kind(i) {
	case kindNull:
		return 0, true
	case kindInteger:
		n, ok := parseUint(r.raw(i))
		return model.StatusCode(n), ok && n>>32 == 0
	case kindString:
		c, err := model.ParseStatusCode(r.text(i))
		return c, err == nil
	case kindObject:
		if code := r.named(i, "Code"); code != 0 {
			n, ok := r.unsigned(code)
			return model.StatusCode(n), ok && n>>32 == 0
		}
		if name := r.named(i, "Symbol"); name != 0 {
			return r.symbol(name)
		}
		return 0, r.count(i) == 0
	}
	return 0, false
}

// symbol reads the Symbol of a StatusCode without a Code.
func (r *reader) symbol(i uint32) (model.StatusCode, bool) {
	if r.kind(i) != kindString {
		return 0, false
	}
	c, err := model.ParseStatusCode(r.text(i))
	return c, err == nil
}
