package typed

import (
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Names records what was given which name. Written down (it is JSON) and handed to the next Generate, it keeps every name as it was. The
// zero value is an empty table.
type Names struct {
	// Prefixes are those of namespaces, by URI.
	Prefixes map[string]string `json:"prefixes"`
	// Types are the names of types, by what they stand for: a node id, with what belongs to it behind a blank.
	Types map[string]string `json:"types"`
	// Fields are the names of fields that are not the BrowseName of their declaration, by the node id of that, with " event" behind it for a field
	// of events that does not have the name with a small letter.
	Fields map[string]string `json:"fields,omitempty"`

	// taken are what names, in lower case, stand for.
	taken, takenPrefixes map[string]string
	collisions           int
}

// namespaceZero is the URI of the OPC UA namespace, which is empty in ids.
const namespaceZero = "http://opcfoundation.org/UA/"

// clone returns a table to go on with. preferred are prefixes for namespaces that have none yet. The error tells a name that two things have.
func (n *Names) clone(preferred map[string]string) (*Names, error) {
	out := &Names{Prefixes: map[string]string{}, Types: map[string]string{}, Fields: map[string]string{}, taken: map[string]string{}, takenPrefixes: map[string]string{}}
	if n != nil {
		for uri, prefix := range n.Prefixes {
			if err := out.take(out.takenPrefixes, prefix, uri); err != nil {
				return nil, err
			}
			out.Prefixes[uri] = prefix
		}
		for key, name := range n.Types {
			if err := out.take(out.taken, name, key); err != nil {
				return nil, err
			}
			out.Types[key] = name
		}
		for id, name := range n.Fields {
			if name != clean(name) || name == "" {
				return nil, fmt.Errorf("field name %q of %s: use letters, digits and '_', a letter first", name, id)
			}
			out.Fields[id] = name
		}
	}
	for uri, prefix := range preferred {
		if out.Prefixes[uri] != "" {
			continue
		}
		if err := out.take(out.takenPrefixes, prefix, uri); err != nil {
			return nil, err
		}
		out.Prefixes[uri] = prefix
	}
	return out, nil
}

func (n *Names) take(taken map[string]string, name, what string) error {
	if name != clean(name) || name == "" {
		return fmt.Errorf("name %q of %s: use letters, digits and '_', a letter first", name, what)
	}
	if other, ok := taken[strings.ToLower(name)]; ok {
		return fmt.Errorf("name %q is that of %s and of %s; change one of them", name, other, what)
	}
	taken[strings.ToLower(name)] = what
	return nil
}

// prefix is that of a namespace.
func (n *Names) prefix(uri string) string {
	if uri == "" {
		uri = namespaceZero
	}
	if p, ok := n.Prefixes[uri]; ok {
		return p
	}
	p := prefixOf(uri)
	if n.take(n.takenPrefixes, p, uri) != nil {
		n.collisions++
		p += digest(uri)
		n.takenPrefixes[strings.ToLower(p)] = uri
	}
	n.Prefixes[uri] = p
	return p
}

// prefixOf makes a prefix of a URI.
func prefixOf(uri string) string {
	if uri == namespaceZero {
		return "UA"
	}
	rest := uri
	if _, path, ok := strings.Cut(uri, "/UA/"); ok {
		rest = path
	} else if _, afterScheme, ok := strings.Cut(uri, "://"); ok {
		rest = afterScheme
		if _, path, ok := strings.Cut(afterScheme, "/"); ok && strings.Trim(path, "/") != "" {
			rest = path
		}
	} else {
		rest = strings.TrimPrefix(rest, "urn:")
	}
	var b strings.Builder
	for _, part := range strings.FieldsFunc(rest, func(r rune) bool { return !nameRune(r) || r == '_' }) {
		if strings.Trim(part, "vV0123456789") == "" { // a version or a date
			continue
		}
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	if b.Len() == 0 {
		return "NS" + digest(uri)
	}
	return clean(b.String())
}

// node gives a name to a node, or to what belongs to it: kind is "" for the type itself.
func (n *Names) node(id model.ExpandedNodeID, kind, wanted string) string {
	key := id.String()
	if kind != "" {
		key += " " + kind
	}
	if name, ok := n.Types[key]; ok {
		return name
	}
	if n.take(n.taken, wanted, key) != nil {
		n.collisions++
		wanted += "_" + digest(key)
		n.taken[strings.ToLower(wanted)] = key
	}
	n.Types[key] = wanted
	return wanted
}

// digest tells names apart that would be the same.
func digest(s string) string {
	h := fnv.New32a()
	h.Write([]byte(s))
	return hex.EncodeToString(h.Sum(nil))
}

func nameRune(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// clean makes a name of GraphQL of a BrowseName: placeholders lose their brackets.
func clean(s string) string {
	if inner, ok := strings.CutPrefix(s, "<"); ok {
		s = strings.TrimSuffix(inner, ">")
	}
	out := strings.Map(func(r rune) rune {
		if nameRune(r) {
			return r
		}
		return '_'
	}, s)
	if out == "" || out[0] >= '0' && out[0] <= '9' {
		out = "n" + out
	}
	for strings.HasPrefix(out, "__") { // reserved for introspection
		out = out[1:]
	}
	return out
}

// taker gives names that are unique within a type.
type taker map[string]bool

// take returns the name, or the name with addition behind it as often as it takes.
func (t taker) take(name, addition string) string {
	for t[name] {
		name += "_" + addition
	}
	t[name] = true
	return name
}
