package nodeset

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// namespaceZero is at index 0 of every file without being listed (Part 6, F.2).
const namespaceZero = "http://opcfoundation.org/UA/"

// parser makes nodes of tokens.
type parser struct {
	scanner
	doc     *Document
	aliases map[string]string
	// ids are the node ids that were met, by their text: most are met often.
	ids map[string]model.ExpandedNodeID
	// strings makes equal names one string.
	strings map[string]string
	buffer  []byte
}

// problem notes what cannot be taken and is left out. Lines are counted for those alone that are kept.
func (p *parser) problem(format string, args ...any) {
	p.doc.ProblemCount++
	if len(p.doc.Problems) < MaxProblems {
		p.doc.Problems = append(p.doc.Problems, p.fail(format, args...))
	}
}

// children calls each for every element below the one that was begun last, and returns behind its end. each must return behind the end of
// its element.
func (p *parser) children(each func(name string) error) error {
	for {
		kind, err := p.next()
		switch {
		case err != nil:
			return err
		case kind == tokenEnd:
			return nil
		case kind == tokenStart:
			if err := each(p.intern(p.name)); err != nil {
				return err
			}
		}
	}
}

// skip passes over the element that was begun last.
func (p *parser) skip() error {
	for depth := len(p.open); len(p.open) >= depth; {
		if _, err := p.next(); err != nil {
			return err
		}
	}
	return nil
}

// content is the text of the element that was begun last, trimmed, without that of elements in it.
func (p *parser) content() (string, error) {
	b, err := p.contentBytes()
	return string(bytes.TrimSpace(b)), err
}

// contentBytes is content, untrimmed, in memory that the next call takes again.
func (p *parser) contentBytes() ([]byte, error) {
	p.buffer = p.buffer[:0]
	depth := len(p.open)
	for {
		kind, err := p.next()
		if err != nil {
			return nil, err
		}
		switch {
		case kind == tokenEnd && len(p.open) < depth:
			return p.buffer, nil
		case kind == tokenText && len(p.open) == depth && p.literal:
			p.buffer = append(p.buffer, p.text...)
		case kind == tokenText && len(p.open) == depth:
			if p.buffer, err = p.unescape(p.buffer, p.text); err != nil {
				return nil, err
			}
		}
	}
}

// intern returns b as a string that is shared with its equals.
func (p *parser) intern(b []byte) string {
	if s, ok := p.strings[string(b)]; ok {
		return s
	}
	s := string(b)
	p.strings[s] = s
	return s
}

// attr is the value of an attribute of the element that was begun last; "" if it has none.
func (p *parser) attr(name string) (string, error) {
	for _, a := range p.attributes {
		if string(a.name) != name {
			continue
		}
		if bytes.IndexByte(a.value, '&') < 0 && bytes.IndexByte(a.value, '\r') < 0 {
			return p.intern(a.value), nil
		}
		b, err := p.unescape(nil, a.value)
		return string(b), err
	}
	return "", nil
}

// attrs reads several attributes; each target is a *string, *bool, *int32, *uint32, *int64 or *[]uint32. Those that are not there leave
// their target as it is.
func (p *parser) attrs(targets map[string]any) error {
	for name, target := range targets {
		s, err := p.attr(name)
		if err != nil {
			return err
		}
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if err := setAttr(target, s); err != nil {
			return p.fail("attribute %s=%q of <%s>: %v", name, s, p.name, err)
		}
	}
	return nil
}

func setAttr(target any, s string) (err error) {
	switch t := target.(type) {
	case *string:
		*t = s
	case *bool:
		*t, err = strconv.ParseBool(s)
	case *int32:
		var n int64
		n, err = strconv.ParseInt(s, 10, 32)
		*t = int32(n)
	case *uint32:
		var n uint64
		n, err = strconv.ParseUint(s, 10, 32)
		*t = uint32(n)
	case *int64:
		*t, err = strconv.ParseInt(s, 10, 64)
	case *[]uint32:
		*t, err = parseDimensions(s)
	}
	return err
}

// parseDimensions reads "0,3".
func parseDimensions(s string) ([]uint32, error) {
	parts := strings.Split(s, ",")
	if len(parts) > maxDimensions {
		return nil, fmt.Errorf("over %d dimensions", maxDimensions)
	}
	out := make([]uint32, len(parts))
	for i, part := range parts {
		n, err := strconv.ParseUint(strings.TrimSpace(part), 10, 32)
		if err != nil {
			return nil, err
		}
		out[i] = uint32(n)
	}
	return out, nil
}

// maxDimensions bounds the dimensions of an array.
const maxDimensions = 32

// nodeID reads a node id or an alias. The empty text is the null node id.
func (p *parser) nodeID(text string) (model.ExpandedNodeID, error) {
	if id, ok := p.ids[text]; ok {
		return id, nil
	}
	s := strings.TrimSpace(text)
	if s == "" {
		return model.ExpandedNodeID{}, nil
	}
	if to, ok := p.aliases[s]; ok {
		s = to
	}
	id, err := model.ParseExpandedNodeID(s)
	if err != nil {
		return id, p.fail("%v; it is no alias of the file either", err)
	}
	if id, err = p.expand(id); err != nil {
		return id, err
	}
	p.ids[text] = id
	return id, nil
}

// expand replaces the file's namespace index by the URI.
func (p *parser) expand(id model.ExpandedNodeID) (model.ExpandedNodeID, error) {
	if id.NamespaceURI != "" || id.Namespace() == 0 {
		return id, nil
	}
	uri, err := p.namespace(int(id.Namespace()))
	return model.ExpandedNodeID{NodeID: id.WithNamespace(0), NamespaceURI: uri, ServerIndex: id.ServerIndex}, err
}

// namespace is the URI of an index of the file, "" for OPC UA's.
func (p *parser) namespace(index int) (string, error) {
	if index == 0 {
		return "", nil
	}
	if index > len(p.doc.NamespaceURIs) {
		return "", p.fail("namespace index %d is not in NamespaceUris, which has %d", index, len(p.doc.NamespaceURIs))
	}
	if uri := p.doc.NamespaceURIs[index-1]; uri != namespaceZero {
		return uri, nil
	}
	return "", nil
}

// qualifiedName reads "1:Name".
func (p *parser) qualifiedName(s string) (model.QualifiedName, error) {
	q, err := model.ParseQualifiedName(s)
	if err != nil {
		return q, p.fail("%v", err)
	}
	uri, err := p.namespace(int(q.Namespace))
	return model.QualifiedName{Name: q.Name, NamespaceURI: uri}, err
}

// localizedText reads <DisplayName Locale="en">Text</DisplayName>. The first of several stays: it is the file's default (Part 6, F.6).
func (p *parser) localizedText(t *model.LocalizedText) error {
	locale, err := p.attr("Locale")
	if err != nil {
		return err
	}
	text, err := p.content()
	if err == nil && *t == (model.LocalizedText{}) {
		*t = model.LocalizedText{Locale: locale, Text: text}
	}
	return err
}

// date reads a time; one that cannot be read is a problem and counts as none.
func (p *parser) date(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := parseTime(s)
	if err != nil {
		p.problem("date %q is not in the form 2026-01-02T03:04:05Z", s)
	}
	return t
}

// parseTime takes the dates of XML Schema, with and without a zone.
func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t, err = time.ParseInLocation("2006-01-02T15:04:05.999999999", s, time.UTC)
	}
	if err != nil {
		t, err = time.ParseInLocation(time.DateOnly, s, time.UTC)
	}
	return t, err
}
