package publishednodes

import (
	"fmt"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// parseNodeID reads "ns=2;s=x", "nsu=uri;s=x" and "uri#s=x", the form of OPC Publisher's own messages.
func parseNodeID(s string) (model.ExpandedNodeID, error) {
	s = strings.TrimSpace(s)
	if uri, id, ok := cutFragment(s); ok {
		s = model.ExpandedNodeID{NodeID: model.StringID(0, ""), NamespaceURI: uri}.String()
		s = strings.TrimSuffix(s, "s=") + id
	}
	e, err := model.ParseExpandedNodeID(s)
	if err == nil && e.ServerIndex != 0 {
		err = fmt.Errorf("node id %q is on another server; publish it from that one", s)
	}
	return e, err
}

// cutFragment splits "uri#s=x" at the first '#' that an identifier follows.
func cutFragment(s string) (uri, id string, ok bool) {
	for _, prefix := range []string{"i=", "s=", "g=", "b=", "ns=", "nsu=", "svr="} {
		if strings.HasPrefix(s, prefix) {
			return "", "", false
		}
	}
	for i := 0; i+2 < len(s); i++ {
		if s[i] == '#' && s[i+2] == '=' && strings.IndexByte("isgb", s[i+1]) >= 0 {
			return s[:i], s[i+1:], i > 0
		}
	}
	return "", "", false
}

// pathEscaper escapes a name within a browse path of the model.
var pathEscaper = strings.NewReplacer("&", "&&", "/", "&/")

// parsePath makes a browse path of the model of an array of elements: "nsu=uri;Name", "3:Name" or "uri#Name". last is the last name, without
// its namespace.
func parsePath(array value) (path, last string, c *complaint) {
	names, c := parseNames(array)
	if c != nil {
		return "", "", c
	}
	escaped := make([]string, len(names))
	for i, n := range names {
		escaped[i] = pathEscaper.Replace(n)
		last = bareName(n)
	}
	return strings.Join(escaped, "/"), last, nil
}

// parseNames reads the elements of a browse path.
func parseNames(array value) ([]string, *complaint) {
	var names []string
	for _, v := range array.items() {
		if v.kind() != '"' {
			return nil, wrong("has an element that is no text", `write the names in double quotes, as in ["Objects", "nsu=urn:acme;Boiler"]`)
		}
		name, err := parseName(v.text())
		if err != nil {
			return nil, wrong(err.Error(), `write plain names, as in ["Objects", "nsu=urn:acme;Boiler"]; all hierarchical references are followed`)
		}
		names = append(names, name)
	}
	return names, nil
}

// parseName reads one element: the relative-path prefixes of the references that are followed anyway go, '&' escapes a character.
func parseName(s string) (string, error) {
	if rest, ok := strings.CutPrefix(s, "/"); ok {
		s = rest
	} else if rest, ok := strings.CutPrefix(s, "."); ok {
		s = rest
	}
	if s == "" {
		return "", fmt.Errorf("has an empty element")
	}
	if strings.IndexByte("<!#", s[0]) >= 0 {
		return "", fmt.Errorf("has the element %q, which names a reference type or a direction", s)
	}
	var b strings.Builder
	escaped := false
	for _, r := range s {
		if escaped = !escaped && r == '&'; escaped {
			continue
		}
		b.WriteRune(r)
	}
	s = b.String()
	if uri, name, ok := strings.Cut(s, "#"); ok && name != "" && (strings.Contains(uri, "://") || strings.HasPrefix(uri, "urn:")) && !strings.HasPrefix(s, "nsu=") {
		return "nsu=" + uri + ";" + name, nil
	}
	return s, nil
}

// bareName is a name without "nsu=uri;" or "3:" before it.
func bareName(name string) string {
	if rest, ok := strings.CutPrefix(name, "nsu="); ok {
		if _, n, ok := strings.Cut(rest, ";"); ok {
			return n
		}
	}
	if q, err := model.ParseQualifiedName(name); err == nil {
		return q.Name
	}
	return name
}

// splitPath splits a browse path of the model into names and undoes the escapes.
func splitPath(path string) []string {
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
			names = append(names, b.String())
			b.Reset()
		default:
			b.WriteRune(r)
		}
	}
	return append(names, b.String())
}

// formatName prints what parseName reads.
func formatName(name string) string {
	name = strings.ReplaceAll(name, "&", "&&")
	if name != "" && strings.IndexByte("/.<!#", name[0]) >= 0 {
		return "&" + name
	}
	return name
}
