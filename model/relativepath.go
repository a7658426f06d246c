package model

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// RelativePath is how to get from one node to others (Part 4, 7.31).
type RelativePath []RelativePathElement

// RelativePathElement follows references of a type to the nodes of a name.
type RelativePathElement struct {
	Follow FollowedReferences
	// ReferenceType names the type of FollowNamed.
	ReferenceType PathName
	// Inverse and NoSubtypes are for FollowNamed alone.
	Inverse    bool
	NoSubtypes bool
	// Target names the nodes at the ends of the references. In the last element it may be zero, which stands for all of them.
	Target PathName
}

// FollowedReferences are the references that an element of a path follows (Part 4, Table A.1).
type FollowedReferences uint8

// The kinds of elements.
const (
	FollowHierarchical FollowedReferences = iota // "/": forward HierarchicalReferences and their subtypes
	FollowAggregates                             // ".": forward Aggregates and their subtypes
	FollowNamed                                  // "<Name>": references of the type of that name
)

// PathName is a name in a path. Without a namespace it stands for the name in any, the one with the lowest index first.
type PathName struct {
	Name string
	// NamespaceURI is the namespace where one is named by its URI; Namespace is the index where one is named so, -1 otherwise.
	NamespaceURI string
	Namespace    int
}

// AnyNamespace is the Namespace of a PathName that has no index.
const AnyNamespace = -1

// IsZero tells whether there is no name.
func (n PathName) IsZero() bool { return n.Name == "" }

// Qualified tells whether the namespace is given.
func (n PathName) Qualified() bool { return n.NamespaceURI != "" || n.Namespace >= 0 }

// The most elements and bytes of a path that is parsed.
const (
	maxPathElements = 128
	maxPathBytes    = 8192
)

// pathReserved are the characters that a name has with an '&' before them (Part 4, A.2).
const pathReserved = "/.<>:#!&"

// ParseBrowsePath reads a path in the text form of Part 4, Annex A, which begins with '/', '.' or '<': "/2:Block&.Output.0:Temperature",
// "<!0:HasComponent>2:Plant", "<#2:Feeds>". Any other text is names that are followed by hierarchical references, "Objects/Plant/2:Boiler1", in which
// only '/' and '&' are escaped. A name may have the URI of its namespace before it instead of the index, with a ';' in it as %3B:
// "/nsu=urn:acme;Boiler1". Without either it stands for the name in any namespace; the standard's namespace 0 is the first that is looked into. Errors tell
// the byte, and what to write.
func ParseBrowsePath(text string) (RelativePath, error) {
	if len(text) > maxPathBytes {
		return nil, fmt.Errorf("path of %d bytes: at most %d are read", len(text), maxPathBytes)
	}
	var path RelativePath
	var err error
	if text != "" && strings.Contains("/.<", text[:1]) {
		path, err = parseRelativePath(text)
	} else {
		path, err = parseNames(text)
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("path %q: %w", text, err)
	case len(path) == 0:
		return nil, fmt.Errorf("path %q has no name, want the form Objects/Plant/Boiler1 or /0:Objects/2:Plant", text)
	case len(path) > maxPathElements:
		return nil, fmt.Errorf("path %q has %d names, at most %d are followed", text, len(path), maxPathElements)
	}
	return path, nil
}

// parseNames reads names that are separated by '/'.
func parseNames(text string) (path RelativePath, err error) {
	for _, s := range SplitBrowsePath(text) {
		name := PathName{Name: s, Namespace: AnyNamespace}
		if uri, bare, ok := cutNamespaceURI(s); ok {
			name.NamespaceURI, name.Name = uri, bare
		} else if strings.HasPrefix(s, uriPrefix) {
			return nil, fmt.Errorf("%q: %s", s, noURI)
		} else if q, err := ParseQualifiedName(s); err != nil {
			return nil, err
		} else if q.Name != s {
			name.Name, name.Namespace = q.Name, int(q.Namespace)
		}
		if name.Name == "" {
			return nil, fmt.Errorf("%q has a namespace and no name", s)
		}
		path = append(path, RelativePathElement{Target: name})
	}
	return path, nil
}

const (
	uriPrefix = "nsu="
	noURI     = `a name that begins with "nsu=" has the URI of its namespace and a ';' there; write "0:nsu=" if it is part of the name`
)

// cutNamespaceURI splits "nsu=<uri>;<name>".
func cutNamespaceURI(s string) (uri, name string, ok bool) {
	rest, ok := strings.CutPrefix(s, uriPrefix)
	if !ok {
		return "", "", false
	}
	uri, name, ok = strings.Cut(rest, ";")
	return strings.NewReplacer("%3B", ";", "%3b", ";", "%25", "%").Replace(uri), name, ok && uri != ""
}

// parseRelativePath reads the text form of the standard.
func parseRelativePath(text string) (path RelativePath, err error) {
	p := pathParser{text: text}
	for p.at < len(text) {
		var e RelativePathElement
		if e, err = p.element(); err != nil {
			return nil, err
		}
		if path = append(path, e); len(path) > maxPathElements {
			return path, nil
		}
		if e.Target.IsZero() && p.at < len(text) {
			return nil, fmt.Errorf("at byte %d: a name is missing, only the last one may be", p.at)
		}
	}
	return path, nil
}

// pathParser reads from at on.
type pathParser struct {
	text string
	at   int
}

func (p *pathParser) element() (e RelativePathElement, err error) {
	c := p.text[p.at]
	p.at++
	switch c {
	case '/':
		e.Follow = FollowHierarchical
	case '.':
		e.Follow = FollowAggregates
	case '<':
		if err := p.referenceType(&e); err != nil {
			return e, err
		}
	default: // a name ends at a reserved character
		return e, fmt.Errorf("at byte %d: %q stands where '/', '.' or '<' does; in a name write \"&%c\"", p.at-1, c, c)
	}
	e.Target, err = p.name()
	return e, err
}

// referenceType reads what is behind '<' to its '>'.
func (p *pathParser) referenceType(e *RelativePathElement) (err error) {
	e.Follow = FollowNamed
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case '#':
			e.NoSubtypes = true
		case '!':
			e.Inverse = true
		default:
			if e.ReferenceType, err = p.name(); err != nil {
				return err
			}
			if e.ReferenceType.IsZero() {
				return fmt.Errorf("at byte %d: the name of a reference type is missing behind '<'", p.at)
			}
			if p.at == len(p.text) || p.text[p.at] != '>' {
				return fmt.Errorf("at byte %d: the '>' behind the name of the reference type is missing", p.at)
			}
			p.at++
			return nil
		}
		p.at++
	}
	return errors.New("the name of a reference type and a '>' are missing behind '<'")
}

// name reads a name with its namespace, up to a reserved character.
func (p *pathParser) name() (n PathName, err error) {
	n.Namespace = AnyNamespace
	if uri, rest, ok := cutNamespaceURI(p.text[p.at:]); ok {
		n.NamespaceURI, p.at = uri, len(p.text)-len(rest)
	} else if strings.HasPrefix(p.text[p.at:], uriPrefix) {
		return n, fmt.Errorf("at byte %d: %s", p.at, noURI)
	} else if digits := p.index(); digits != "" {
		index, err := strconv.ParseUint(digits, 10, 16)
		if err != nil {
			return n, fmt.Errorf("at byte %d: namespace index %s is over 65535", p.at, digits)
		}
		n.Namespace = int(index)
		p.at += len(digits) + 1
	}
	if n.Name, err = p.plainName(); err != nil {
		return n, err
	}
	if n.Name == "" && n.Qualified() {
		return n, fmt.Errorf("at byte %d: the name behind the namespace is missing", p.at)
	}
	return n, nil
}

// index are the digits before a ':', "" when there are none.
func (p *pathParser) index() string {
	rest := p.text[p.at:]
	n := 0
	for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
		n++
	}
	if n == 0 || n == len(rest) || rest[n] != ':' {
		return ""
	}
	return rest[:n]
}

func (p *pathParser) plainName() (string, error) {
	var b strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == '&':
			if p.at+1 == len(p.text) || !strings.Contains(pathReserved, p.text[p.at+1:p.at+2]) {
				return "", fmt.Errorf("at byte %d: '&' stands before none of %s; for itself write \"&&\"", p.at, pathReserved)
			}
			p.at++
			b.WriteByte(p.text[p.at])
		case c == ':' || c == '#' || c == '!':
			return "", fmt.Errorf("at byte %d: '%c' within a name is written \"&%c\"", p.at, c, c)
		case strings.IndexByte(pathReserved, c) >= 0:
			return b.String(), nil
		default:
			b.WriteByte(c)
		}
		p.at++
	}
	return b.String(), nil
}

// String is the text form of Part 4, Annex A; ParseBrowsePath reads it.
func (p RelativePath) String() string {
	var b []byte
	for i := range p {
		b = p[i].append(b)
	}
	return string(b)
}

func (e *RelativePathElement) append(b []byte) []byte {
	switch e.Follow {
	case FollowHierarchical:
		b = append(b, '/')
	case FollowAggregates:
		b = append(b, '.')
	case FollowNamed:
		b = append(b, '<')
		if e.NoSubtypes {
			b = append(b, '#')
		}
		if e.Inverse {
			b = append(b, '!')
		}
		b = append(e.ReferenceType.append(b), '>')
	}
	return e.Target.append(b)
}

func (n PathName) append(b []byte) []byte {
	switch {
	case n.NamespaceURI != "":
		b = append(b, uriPrefix...)
		b = append(b, strings.NewReplacer("%", "%25", ";", "%3B").Replace(n.NamespaceURI)...)
		b = append(b, ';')
	case n.Namespace >= 0:
		b = append(strconv.AppendInt(b, int64(n.Namespace), 10), ':')
	}
	for i := range len(n.Name) {
		if strings.IndexByte(pathReserved, n.Name[i]) >= 0 {
			b = append(b, '&')
		}
		b = append(b, n.Name[i])
	}
	return b
}
