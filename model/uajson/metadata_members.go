package uajson

import (
	"math"
	"slices"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// list calls one for each object or value in an array; null and nothing are an empty one.
func (r *metaReader) list(object uint32, name string, one func(uint32)) {
	i := r.named(object, name)
	if i == 0 || r.kind(i) == kindNull {
		return
	}
	if r.kind(i) != kindArray {
		r.failf(i, ErrMalformed, "want an array")
		return
	}
	count := 0
	for j, end := i+1, r.next(i); j < end && r.err == nil; j = r.next(j) {
		if count++; count > maxListed {
			r.failf(j, ErrLimit, "over %d elements", maxListed)
			return
		}
		one(j)
	}
}

// maxListed bounds each list in metadata; a DataSet has up to 65535 fields.
const maxListed = 1<<16 - 1

// textOf reads a string into memory of its own.
func (r *metaReader) textOf(i uint32) string {
	s, ok := r.string(i)
	if !ok {
		r.failf(i, ErrMalformed, "want a string")
	}
	return strings.Clone(s)
}

func (r *metaReader) textAt(object uint32, name string) string {
	if i := r.named(object, name); i != 0 {
		return r.textOf(i)
	}
	return ""
}

func (r *metaReader) localizedAt(object uint32, name string) model.LocalizedText {
	i := r.named(object, name)
	if i == 0 {
		return model.LocalizedText{}
	}
	t, ok := r.localizedText(i)
	if !ok {
		r.failf(i, ErrMalformed, "want a text or {Locale, Text}")
	}
	return model.LocalizedText{Locale: strings.Clone(t.Locale), Text: strings.Clone(t.Text)}
}

func (r *metaReader) guidAt(object uint32, name string) model.GUID {
	i := r.named(object, name)
	if i == 0 || r.kind(i) == kindString && len(r.raw(i)) == 0 {
		return model.GUID{}
	}
	g, ok := r.guid(i)
	if !ok {
		r.failf(i, ErrMalformed, "want a Guid")
	}
	return g
}

// numberOf reads an integer from low to high.
func (r *metaReader) numberOf(i uint32, low, high int64) int64 {
	n, ok := r.integer(i)
	if r.kind(i) != kindNull && (!ok || n < low || n > high) {
		r.failf(i, ErrMalformed, "want an integer from %d to %d", low, high)
		return 0
	}
	return n
}

func (r *metaReader) numberAt(object uint32, name string, low, high int64) int64 {
	if i := r.named(object, name); i != 0 {
		return r.numberOf(i, low, high)
	}
	return 0
}

// nameAt reads a QualifiedName with memory of its own.
func (r *metaReader) nameAt(object uint32, name string) model.QualifiedName {
	i := r.named(object, name)
	if i == 0 {
		return model.QualifiedName{}
	}
	q, ok := r.qualifiedName(i)
	if !ok {
		r.failf(i, ErrMalformed, "want a name or {Name, Uri}")
	}
	q.Name = strings.Clone(q.Name)
	if q.NamespaceURI != "" {
		q.Namespace = r.index(q.NamespaceURI)
		q.NamespaceURI = ""
	}
	return q
}

// nodeAt reads a NodeId with memory of its own.
func (r *metaReader) nodeAt(object uint32, name string) model.NodeID {
	i := r.named(object, name)
	if i == 0 {
		return model.NodeID{}
	}
	id, ok := r.expandedNodeID(i)
	if !ok {
		r.failf(i, ErrMalformed, "want a NodeId")
		return model.NodeID{}
	}
	if id.NamespaceURI == "" {
		return id.NodeID.Clone()
	}
	return id.WithNamespace(r.index(id.NamespaceURI)).Clone()
}

// index is that of a namespace in the metadata's list.
func (r *metaReader) index(uri string) uint16 {
	if uri == namespaceZero {
		return 0
	}
	i := slices.Index(r.listed, uri)
	if i < 0 {
		if i = len(r.listed); i >= maxNamespaces {
			r.failf(0, ErrLimit, "over %d namespaces", maxNamespaces)
			return 0
		}
		r.listed = append(r.listed, strings.Clone(uri))
	}
	if !r.zero {
		i++
	}
	return uint16(min(i, math.MaxUint16))
}

// maxNamespaces bounds the namespaces of one DataSet, and so the time to find one.
const maxNamespaces = 256
