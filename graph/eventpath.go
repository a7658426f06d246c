package graph

import (
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// eventPath is where a field of an event is.
type eventPath struct {
	// names are browse names as a select clause has them: "ActiveState", "nsu=urn:acme;Torque".
	names []string
	// exact and plain are the names joined by "/", with and without namespaces: fields of events are named in one way or the other, as their
	// writer has it.
	exact, plain string
	// namesake tells that the standard has a field of the plain name, which is another one.
	namesake bool
	// plant tells that it is a field of a type of the plant's own model.
	plant bool
}

// to is the path of a field below.
func (p eventPath) to(f *eventObjectField) eventPath {
	for _, name := range f.names {
		bare := bareName(name)
		if len(p.names) == 0 {
			_, standard := standardEvents().declaredBy[bare]
			p.namesake = standard && bare != name
			p.exact, p.plain = name, bare
		} else {
			p.exact, p.plain = p.exact+"/"+name, p.plain+"/"+bare
		}
		p.names = append(p.names[:len(p.names):len(p.names)], name)
	}
	return p
}

// bareName is a browse name without its namespace: of "nsu=urn:acme;Torque", or "3:Torque".
func bareName(name string) string {
	if strings.HasPrefix(name, "nsu=") {
		if _, bare, ok := strings.Cut(name, ";"); ok {
			return bare
		}
	}
	if index, bare, ok := strings.Cut(name, ":"); ok && index != "" && strings.Trim(index, "0123456789") == "" {
		return bare
	}
	return name
}

// browseNameOf is a browse name as a select clause has it.
func browseNameOf(q model.QualifiedName) string {
	if q.NamespaceURI == "" {
		return q.Name
	}
	return "nsu=" + q.NamespaceURI + ";" + q.Name
}

// plainEventField is the name of a field without the namespaces of its browse names.
func plainEventField(name string) string {
	path := splitEventField(name)
	for i := range path {
		path[i] = bareName(path[i])
	}
	return strings.Join(path, "/")
}
