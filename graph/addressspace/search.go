package addressspace

import (
	"cmp"
	"slices"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxTerms bounds the words of a text.
const maxTerms = 8

// Query tells which nodes are wanted. Zero fields stand for all nodes.
type Query struct {
	// Text is words, each of which stands in the names of a node, its type or unit; all but one may stand in the names of the nodes above it, so
	// that "boiler1 temperature" finds the Temperature of a Boiler1. An id of a node finds the node.
	Text string
	// Classes is a mask.
	Classes model.NodeClass
	// TypeDefinition is a type that the node is of, or of a subtype.
	TypeDefinition model.ExpandedNodeID
	// Path is a pattern for browse paths; nil for all.
	Path *model.Pattern
	// Unit is the unit's display name, in any case.
	Unit string
}

// Hit is a node that was found. Less tells the order of hits.
type Hit struct {
	Space *Space
	Node  int32
	// Rank is low for a good hit: by how the terms match, objects before the declarations of types, short paths before long ones, then short names.
	Rank uint32
}

// The value of a match of a term for the rank: in a name of the node; in the name of its type, in its unit; in the name of a node above.
var nameValue = [...]uint32{noMatch: 0, matchesPart: 120, matchesWord: 160, matchesPrefix: 200, matchesWhole: 250}

const (
	typeValue  = 60
	unitValue  = 60
	aboveValue = 20
	maxValue   = 255
)

// rank packs what hits are ordered by.
func (s *Space) rank(i int32, value uint32, inTypes bool) uint32 {
	n := &s.nodes[i]
	types := uint32(0)
	if inTypes {
		types = 1
	}
	length := min(len(s.names.at(n.browse)), 255)
	return (maxValue-value)<<16 | types<<15 | uint32(min(n.depth, 127))<<8 | uint32(length)
}

// compare orders hits of one space.
func compare(a, b Hit) int { return cmp.Or(cmp.Compare(a.Rank, b.Rank), cmp.Compare(a.Node, b.Node)) }

// Search finds the nodes of a query, the best first.
func (s *Space) Search(q *Query) []Hit {
	if id, err := model.ParseExpandedNodeID(strings.TrimSpace(q.Text)); err == nil {
		byID := *q
		byID.Text = ""
		i, ok := s.Find(id)
		if !ok {
			return nil
		}
		return slices.DeleteFunc(s.Search(&byID), func(h Hit) bool { return h.Node != i })
	}
	m, ok := s.matcher(q)
	if !ok {
		return nil
	}
	var hits []Hit
	for i := range s.nodes {
		if value, ok := m.match(int32(i)); ok {
			hits = append(hits, Hit{s, int32(i), s.rank(int32(i), value, m.inTypes[i])})
		}
	}
	slices.SortFunc(hits, compare)
	return hits
}

// matcher matches the nodes of one space, in their order.
type matcher struct {
	s     *Space
	q     *Query
	terms []term
	// qualities are how names match, by term and number.
	qualities [][]quality
	// above has the terms that match a name of the node or of one above it, a bit each.
	above []uint8
	// inTypes tells of nodes that are below Types.
	inTypes []bool
	// wanted are the type definitions that are asked for, by index; nil for all. unit are the numbers of the unit's texts.
	wanted []bool
	unit   map[uint32]bool
	path   *pathMatcher
}

// matcher prepares a search. It is not ok when no node can match.
func (s *Space) matcher(q *Query) (*matcher, bool) {
	m := &matcher{s: s, q: q, above: make([]uint8, len(s.nodes)), inTypes: make([]bool, len(s.nodes))}
	for _, word := range Terms(q.Text) {
		t := newTerm(word)
		qualities := make([]quality, s.names.len())
		for i := 1; i < len(qualities); i++ {
			qualities[i] = t.match(s.names.at(uint32(i)))
		}
		m.terms, m.qualities = append(m.terms, t), append(m.qualities, qualities)
	}
	if !q.TypeDefinition.IsNull() {
		if m.wanted = s.subtypes(q.TypeDefinition); m.wanted == nil {
			return nil, false
		}
	}
	if q.Unit != "" {
		m.unit = map[uint32]bool{}
		for i := range s.names.ends {
			if name := s.names.at(uint32(i)); strings.EqualFold(name, q.Unit) {
				m.unit[uint32(i)] = true
			}
		}
		if len(m.unit) == 0 {
			return nil, false
		}
	}
	if q.Path != nil {
		m.path = newPathMatcher(s, q.Path)
	}
	return m, true
}

// Terms are the words of a text, at most eight: what stands between spaces and slashes.
func Terms(text string) []string {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '/' })
	return words[:min(len(words), maxTerms)]
}

// match tells whether a node matches, and how well. It is called for all nodes in their order.
func (m *matcher) match(i int32) (value uint32, ok bool) {
	n := &m.s.nodes[i]
	var above, own uint8
	if n.parent >= 0 {
		above, m.inTypes[i] = m.above[n.parent], m.inTypes[n.parent]
	}
	if n.parent == 0 && n.ns == 0 && n.idType == model.IDNumeric && n.id == idTypesFolder {
		m.inTypes[i] = true
	}
	var typeName uint32
	if n.typ > 0 {
		if at := m.s.types[n.typ-1].node; at >= 0 {
			typeName = m.s.nodes[at].browse
		}
	}
	all := true
	itself := len(m.terms) == 0
	for t := range m.terms {
		bit := uint8(1) << t
		qualities := m.qualities[t]
		best := nameValue[max(qualities[n.browse], qualities[n.display])]
		if best > 0 {
			own |= bit
		}
		if qualities[typeName] > noMatch {
			best = max(best, typeValue)
		}
		if qualities[n.unit] > noMatch {
			best = max(best, unitValue)
		}
		switch {
		case best > 0:
			itself = true
		case above&bit != 0:
			best = aboveValue
		default:
			all = false
		}
		value += best
	}
	m.above[i] = above | own
	onPath := m.path == nil || m.path.step(i)
	if !all || !itself || !onPath || !m.filter(n) || m.path != nil && !m.path.match(i) {
		return 0, false
	}
	return value / uint32(max(len(m.terms), 1)), true
}

// idTypesFolder is the node that all types are below.
const idTypesFolder = 86

// filter tells whether the node has the class, the type and the unit.
func (m *matcher) filter(n *node) bool {
	switch {
	case m.q.Classes != 0 && m.q.Classes&model.NodeClass(n.class) == 0:
		return false
	case m.wanted != nil && (n.typ == 0 || !m.wanted[n.typ-1]):
		return false
	}
	return m.unit == nil || m.unit[n.unit]
}

// subtypes tells which type definitions are a type or its subtypes; nil when there is none.
func (s *Space) subtypes(id model.ExpandedNodeID) []bool {
	root, found := s.Find(id)
	below := make([]bool, len(s.nodes))
	if found {
		below[root] = true
	}
	for todo := []int32{root}; found && len(todo) > 0; {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		from, to := s.references(i)
		for ; from < to; from++ {
			if target := s.targets[from]; s.referenceTypes[s.kinds[from]].id == hasSubtype && !below[target] {
				below[target] = true
				todo = append(todo, target)
			}
		}
	}
	wanted := make([]bool, len(s.types))
	for i, t := range s.types {
		if t.id == id || t.node >= 0 && below[t.node] {
			wanted[i], found = true, true
		}
	}
	if !found {
		return nil
	}
	return wanted
}
