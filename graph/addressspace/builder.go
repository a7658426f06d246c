package addressspace

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxName bounds a name in bytes; longer ones are cut. Part 3, 8.3 has at most 512 characters.
	maxName = 1024
	// maxIdentifier bounds the identifier of a node (Part 3, 8.2.4 has at most 4,096 characters).
	maxIdentifier = 16 << 10
	// maxNodeText is what a node may have of text on average, in bytes.
	maxNodeText = 256
	// maxTypes bounds the type definitions, the reference types and the namespaces.
	maxTypes = 1<<16 - 1
)

var (
	hasProperty = model.Expanded(model.NumericID(0, 46))
	hasSubtype  = model.Expanded(model.NumericID(0, 45))
	rootFolder  = model.Expanded(model.NumericID(0, 84))
	// serverDiagnostics has nodes below it that come and go with every session and subscription.
	serverDiagnostics = model.Expanded(model.NumericID(0, 2274))
)

// builder makes a Space: the references of each node are added after those of the nodes before it.
type builder struct {
	limits Limits
	names  *nameTable
	space  *Space
	byID   map[idKey]int32
	// namespaces, locales, types and kinds are the indices of what space has of them.
	namespaces map[namespace]uint16
	locales    map[string]uint8
	types      map[model.ExpandedNodeID]uint32
	kinds      map[model.ExpandedNodeID]uint16
	// open is the node whose references are added.
	open int32
}

// idKey is an id whose text is the number of a name.
type idKey struct {
	ns  uint16
	typ model.IDType
	id  uint32
}

func newBuilder(limits Limits) *builder {
	b := &builder{
		limits: limits, names: newNameTable(), byID: map[idKey]int32{}, namespaces: map[namespace]uint16{{}: 0}, locales: map[string]uint8{"": 0},
		types: map[model.ExpandedNodeID]uint32{}, kinds: map[model.ExpandedNodeID]uint16{}, open: -1,
		space: &Space{namespaces: []namespace{{}}, locales: []string{""}},
	}
	b.add(-1, &model.Reference{
		NodeID: rootFolder, BrowseName: model.QualifiedName{Name: "Root"}, DisplayName: model.LocalizedText{Text: "Root"}, NodeClass: model.NodeClassObject,
		TypeDefinition: model.Expanded(model.NumericID(0, 61)),
	})
	return b
}

// begin says that the references of a node come now.
func (b *builder) begin(i int32) {
	b.open = i
	b.space.nodes[i].first = uint32(len(b.space.targets))
}

// reference adds a reference of the open node, and the node at its end when it is new. What is on another server is not followed.
func (b *builder) reference(r *model.Reference) {
	if r.NodeID.ServerIndex != 0 || r.NodeID.IsNull() || r.NodeID == serverDiagnostics {
		return
	}
	i, ok := b.find(r.NodeID)
	if !ok {
		if i, ok = b.add(b.open, r); !ok {
			return
		}
	}
	kind, ok := b.kinds[r.ReferenceType]
	if !ok {
		if len(b.kinds) > maxTypes {
			b.omit("there are more than %d types of references", maxTypes)
			return
		}
		kind = uint16(len(b.kinds))
		b.kinds[r.ReferenceType.Clone()] = kind
		b.space.referenceTypes = append(b.space.referenceTypes, typeID{r.ReferenceType.Clone(), -1})
	}
	b.space.targets, b.space.kinds = append(b.space.targets, i), append(b.space.kinds, kind)
}

// find is the number of a node that was added.
func (b *builder) find(id model.ExpandedNodeID) (int32, bool) {
	ns, ok := b.namespaces[namespaceOf(id.NamespaceURI, id.Namespace())]
	if !ok {
		return 0, false
	}
	key := idKey{ns, id.Type(), id.Numeric()}
	if key.typ != model.IDNumeric {
		if key.id, ok = b.names.find(idText(id.NodeID)); !ok {
			return 0, false
		}
	}
	i, ok := b.byID[key]
	return i, ok
}

// add adds a node that is met first.
func (b *builder) add(parent int32, r *model.Reference) (int32, bool) {
	s := b.space
	text := idText(r.NodeID.NodeID)
	switch {
	case len(s.nodes) >= b.limits.MaxNodes:
		b.omit("the server has more than %d nodes; raise addressSpace.maxNodes", b.limits.MaxNodes)
		return 0, false
	case parent >= 0 && int(s.nodes[parent].depth) >= b.limits.MaxDepth:
		b.omit("nodes are more than %d deep; raise addressSpace.maxDepth", b.limits.MaxDepth)
		return 0, false
	case len(b.namespaces) > maxTypes-2:
		b.omit("there are more than %d namespaces", maxTypes-2)
		return 0, false
	case len(text) > maxIdentifier:
		b.omit("identifiers have more than %d bytes", maxIdentifier)
		return 0, false
	case b.names.text.Len() > b.limits.MaxNodes*maxNodeText:
		b.omit("names have more than %d bytes", b.limits.MaxNodes*maxNodeText)
		return 0, false
	}
	n := node{parent: parent, class: uint8(r.NodeClass), idType: r.NodeID.Type(), id: r.NodeID.Numeric()}
	if n.idType != model.IDNumeric {
		n.id = b.names.number(text)
	}
	n.ns, n.browseNS = b.namespace(r.NodeID.NamespaceURI, r.NodeID.Namespace()), b.namespace(r.BrowseName.NamespaceURI, r.BrowseName.Namespace)
	n.browse, n.display = b.names.number(cut(r.BrowseName.Name)), b.names.number(cut(r.DisplayName.Text))
	n.locale, n.typ = b.locale(r.DisplayName.Locale), b.typ(r.TypeDefinition)
	if parent >= 0 {
		n.depth = s.nodes[parent].depth + 1
	}
	i := int32(len(s.nodes))
	s.nodes = append(s.nodes, n)
	b.byID[idKey{n.ns, n.idType, n.id}] = i
	return i, true
}

// omit counts a node that is left out.
func (b *builder) omit(format string, args ...any) {
	if b.space.Omitted++; b.space.Note == "" {
		b.space.Note = fmt.Sprintf(format, args...)
	}
}

// cut cuts a name that is too long.
func cut(s string) string {
	if len(s) <= maxName {
		return s
	}
	return strings.ToValidUTF8(s[:maxName], "")
}

// namespace is the index of a namespace.
func (b *builder) namespace(uri string, index uint16) uint16 {
	ns := namespaceOf(uri, index)
	i, ok := b.namespaces[ns]
	if !ok {
		ns.uri = strings.Clone(ns.uri)
		i = uint16(len(b.namespaces))
		b.namespaces[ns] = i
		b.space.namespaces = append(b.space.namespaces, ns)
	}
	return i
}

// locale is the index of a locale; that of none when there are too many.
func (b *builder) locale(s string) uint8 {
	i, ok := b.locales[s]
	if !ok && len(b.locales) < 256 {
		s = strings.Clone(s)
		i = uint8(len(b.locales))
		b.locales[s] = i
		b.space.locales = append(b.space.locales, s)
	}
	return i
}

// typ is the index of a type definition plus 1.
func (b *builder) typ(id model.ExpandedNodeID) uint32 {
	if id.IsNull() {
		return 0
	}
	i, ok := b.types[id]
	if !ok && len(b.types) < maxTypes {
		id = id.Clone()
		b.space.types = append(b.space.types, typeID{id, -1})
		i = uint32(len(b.space.types))
		b.types[id] = i
	}
	return i
}

// nodeID is the id of a node that was added.
func (b *builder) nodeID(i int32) model.ExpandedNodeID {
	n := &b.space.nodes[i]
	text := ""
	if n.idType != model.IDNumeric {
		text = b.names.at(n.id)
	}
	return b.space.namespaces[n.ns].id(n, text)
}

// setUnits gives variables the units that are those of their properties. All references are added.
func (b *builder) setUnits(units map[int32]string) {
	s := b.space
	for i := range s.nodes {
		from, to := s.references(int32(i))
		for _, target := range s.targets[from:to] {
			if unit, ok := units[target]; ok {
				s.nodes[i].unit = b.names.number(cut(unit))
			}
		}
	}
}

// finish makes the Space, in memory of its exact size. The references of all nodes were added, and the builder is not used any more.
func (b *builder) finish() *Space {
	s := b.space
	s.names = b.names.names()
	s.nodes, s.targets, s.kinds = slices.Clone(s.nodes), slices.Clone(s.targets), slices.Clone(s.kinds)
	s.settle()
	return s
}

// settle makes what follows from the rest: the slots, and the nodes of types.
func (s *Space) settle() {
	s.index()
	for _, list := range [][]typeID{s.types, s.referenceTypes} {
		for i := range list {
			list[i].node = -1
			if at, ok := s.Find(list[i].id); ok {
				list[i].node = at
			}
		}
	}
}
