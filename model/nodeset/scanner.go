package nodeset

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// The bounds of the XML itself. Node sets are nested some ten deep; values of structures a little more.
const (
	maxDepth      = 128
	maxAttributes = 64
)

type tokenKind uint8

const (
	tokenEOF tokenKind = iota
	tokenStart
	tokenEnd
	tokenText
)

// attribute is one of a start tag; value is as it stands in the file, name is without its prefix.
type attribute struct {
	name, value []byte
}

// scanner splits XML into tags and text, in place. It checks that tags match and that the text is UTF-8; namespaces of XML are left
// alone: names are compared without their prefix.
type scanner struct {
	src []byte
	pos int
	// open are the names of the open elements, with their prefixes.
	open [][]byte
	// pendingEnd is set after a tag that closes itself.
	pendingEnd bool
	rooted     bool

	// name is that of the last start or end tag, without its prefix; attributes are those of the last start tag.
	name       []byte
	attributes []attribute
	// text is the last text as it stands in the file; literal text, from CDATA, has no references.
	text    []byte
	literal bool
	// start is where the last token began.
	start int
}

// fail is an error with the line where the last token began.
func (s *scanner) fail(format string, args ...any) *SyntaxError {
	line := 1 + bytes.Count(s.src[:min(s.start, len(s.src))], []byte{'\n'})
	return &SyntaxError{Line: line, Message: fmt.Sprintf(format, args...)}
}

// next moves to the next token. Comments and processing instructions are passed over; text may come in several pieces.
func (s *scanner) next() (tokenKind, error) {
	s.start = s.pos
	if s.pendingEnd {
		s.pendingEnd = false
		return s.closeElement()
	}
	for s.pos < len(s.src) {
		s.start = s.pos
		if s.src[s.pos] != '<' {
			if kind, err := s.scanText(); kind != tokenEOF || err != nil {
				return kind, err
			}
			continue
		}
		rest := s.src[s.pos+1:]
		switch {
		case len(rest) == 0:
			return 0, s.fail("the file ends within a tag")
		case rest[0] == '/':
			s.pos += 2
			return s.scanEnd()
		case rest[0] == '?':
			if err := s.skipTo("?>", "processing instruction"); err != nil {
				return 0, err
			}
		case bytes.HasPrefix(rest, []byte("!--")):
			s.pos += 4
			if err := s.skipTo("-->", "comment"); err != nil {
				return 0, err
			}
		case bytes.HasPrefix(rest, []byte("![CDATA[")):
			return s.scanCDATA()
		case rest[0] == '!':
			return 0, s.fail("a document type declaration is not taken; remove it")
		default:
			s.pos++
			return s.scanStart()
		}
	}
	if len(s.open) > 0 {
		return 0, s.fail("the file ends within <%s>", s.open[len(s.open)-1])
	}
	return tokenEOF, nil
}

// scanText takes text up to the next tag. Outside the root only white space is allowed, and passed over: tokenEOF.
func (s *scanner) scanText() (tokenKind, error) {
	end := bytes.IndexByte(s.src[s.pos:], '<')
	if end < 0 {
		end = len(s.src) - s.pos
	}
	s.text, s.literal = s.src[s.pos:s.pos+end], false
	s.pos += end
	if len(s.open) == 0 {
		if len(bytes.TrimSpace(s.text)) > 0 {
			return 0, s.fail("text outside of an element: %q", head(s.text))
		}
		return tokenEOF, nil
	}
	if !utf8.Valid(s.text) {
		return 0, s.fail("the text is no UTF-8; save the file as UTF-8")
	}
	return tokenText, nil
}

func (s *scanner) scanCDATA() (tokenKind, error) {
	if len(s.open) == 0 {
		return 0, s.fail("text outside of an element")
	}
	s.pos += len("<![CDATA[")
	from := s.pos
	if err := s.skipTo("]]>", "CDATA section"); err != nil {
		return 0, err
	}
	s.text, s.literal = s.src[from:s.pos-len("]]>")], true
	if !utf8.Valid(s.text) {
		return 0, s.fail("the text is no UTF-8; save the file as UTF-8")
	}
	return tokenText, nil
}

func (s *scanner) skipTo(end, what string) error {
	i := bytes.Index(s.src[s.pos:], []byte(end))
	if i < 0 {
		return s.fail("a %s does not end", what)
	}
	s.pos += i + len(end)
	return nil
}

func (s *scanner) scanStart() (tokenKind, error) {
	if len(s.open) == 0 && s.rooted {
		return 0, s.fail("a second root element")
	}
	s.rooted = true
	full, err := s.scanName()
	if err != nil {
		return 0, err
	}
	if len(s.open) == maxDepth {
		return 0, s.fail("elements are nested over %d deep", maxDepth)
	}
	s.open = append(s.open, full)
	s.attributes = s.attributes[:0]
	for {
		spaced := s.skipSpace()
		if s.pos >= len(s.src) {
			return 0, s.fail("the file ends within a tag")
		}
		switch c := s.src[s.pos]; {
		case c == '>':
			s.pos++
			s.name = local(full)
			return tokenStart, nil
		case c == '/':
			if s.pos+1 >= len(s.src) || s.src[s.pos+1] != '>' {
				return 0, s.fail("'/' in <%s> is not followed by '>'", full)
			}
			s.pos += 2
			s.name, s.pendingEnd = local(full), true
			return tokenStart, nil
		case !spaced:
			return 0, s.fail("no space before an attribute of <%s>", full)
		}
		if err := s.scanAttribute(full); err != nil {
			return 0, err
		}
	}
}

func (s *scanner) scanAttribute(element []byte) error {
	name, err := s.scanName()
	if err != nil {
		return err
	}
	s.skipSpace()
	if s.pos >= len(s.src) || s.src[s.pos] != '=' {
		return s.fail("attribute %s of <%s> has no value", name, element)
	}
	s.pos++
	s.skipSpace()
	if s.pos >= len(s.src) || s.src[s.pos] != '"' && s.src[s.pos] != '\'' {
		return s.fail("the value of attribute %s of <%s> is not quoted", name, element)
	}
	quote := s.src[s.pos]
	s.pos++
	end := bytes.IndexByte(s.src[s.pos:], quote)
	if end < 0 {
		return s.fail("the value of attribute %s of <%s> does not end", name, element)
	}
	value := s.src[s.pos : s.pos+end]
	s.pos += end + 1
	switch {
	case bytes.IndexByte(value, '<') >= 0:
		return s.fail("'<' in the value of attribute %s of <%s>; write &lt;", name, element)
	case !utf8.Valid(value):
		return s.fail("attribute %s of <%s> is no UTF-8; save the file as UTF-8", name, element)
	case len(s.attributes) == maxAttributes:
		return s.fail("<%s> has over %d attributes", element, maxAttributes)
	}
	s.attributes = append(s.attributes, attribute{local(name), value})
	return nil
}

func (s *scanner) scanEnd() (tokenKind, error) {
	full, err := s.scanName()
	if err != nil {
		return 0, err
	}
	s.skipSpace()
	if s.pos >= len(s.src) || s.src[s.pos] != '>' {
		return 0, s.fail("</%s does not end with '>'", full)
	}
	s.pos++
	if len(s.open) == 0 || !bytes.Equal(s.open[len(s.open)-1], full) {
		return 0, s.fail("</%s> closes no open element", full)
	}
	return s.closeElement()
}

func (s *scanner) closeElement() (tokenKind, error) {
	last := len(s.open) - 1
	s.name = local(s.open[last])
	s.open = s.open[:last]
	return tokenEnd, nil
}

// scanName takes the name of an element or an attribute, with its prefix.
func (s *scanner) scanName() ([]byte, error) {
	from := s.pos
	for s.pos < len(s.src) && nameByte(s.src[s.pos]) {
		s.pos++
	}
	name := s.src[from:s.pos]
	if len(name) == 0 || name[0] == '-' || name[0] == '.' || name[0] >= '0' && name[0] <= '9' || !utf8.Valid(name) {
		return nil, s.fail("%q is no name of an element or an attribute", head(s.src[from:]))
	}
	return name, nil
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == ':' || c == '_' || c == '-' || c == '.' || c >= utf8.RuneSelf
}

func (s *scanner) skipSpace() bool {
	from := s.pos
	for s.pos < len(s.src) && (s.src[s.pos] == ' ' || s.src[s.pos] == '\n' || s.src[s.pos] == '\t' || s.src[s.pos] == '\r') {
		s.pos++
	}
	return s.pos > from
}

// local is a name without its prefix.
func local(name []byte) []byte {
	prefix, rest, found := bytes.Cut(name, []byte(":"))
	if !found || len(prefix) == 0 || len(rest) == 0 {
		return name
	}
	return rest
}

// head is the beginning of a text, for messages.
func head(b []byte) []byte { return b[:min(len(b), 40)] }

// unescape appends text with its references replaced and its line ends made '\n' (XML 1.0, 2.11 and 4.6).
func (s *scanner) unescape(dst, text []byte) ([]byte, error) {
	for len(text) > 0 {
		i := bytes.IndexAny(text, "&\r")
		if i < 0 {
			return append(dst, text...), nil
		}
		dst = append(dst, text[:i]...)
		if text[i] == '\r' {
			dst = append(dst, '\n')
			text = text[i+1:]
			if len(text) > 0 && text[0] == '\n' {
				text = text[1:]
			}
			continue
		}
		end := bytes.IndexByte(text[i:], ';')
		if end < 0 {
			return nil, s.fail("'&' in %q begins no reference; write &amp;", head(text[i:]))
		}
		r, err := s.reference(text[i+1 : i+end])
		if err != nil {
			return nil, err
		}
		dst = utf8.AppendRune(dst, r)
		text = text[i+end+1:]
	}
	return dst, nil
}

// reference is the character that &name; stands for.
func (s *scanner) reference(name []byte) (rune, error) {
	switch string(name) {
	case "lt":
		return '<', nil
	case "gt":
		return '>', nil
	case "amp":
		return '&', nil
	case "apos":
		return '\'', nil
	case "quot":
		return '"', nil
	}
	if len(name) > 1 && name[0] == '#' {
		digits, base := string(name[1:]), 10
		if digits[0] == 'x' {
			digits, base = digits[1:], 16
		}
		n, err := strconv.ParseUint(digits, base, 32)
		if r := rune(n); err == nil && n <= utf8.MaxRune && utf8.ValidRune(r) && (r >= ' ' || r == '\t' || r == '\n' || r == '\r') {
			return r, nil
		}
	}
	return 0, s.fail("reference &%s; is unknown", head(name))
}

// SyntaxError is where and why a text is no node set.
type SyntaxError struct {
	Line    int
	Message string
}

// Error tells both.
func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }
