package addressspace

import (
	"hash/maphash"
	"math/bits"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// seed makes that nobody can choose ids that fall into one slot.
var seed = maphash.MakeSeed()

// hashID is the hash of an id within its namespace, of which num is the number or 0, and text the text or "".
func hashID(ns uint16, typ model.IDType, num uint32, text string) uint64 {
	h := uint64(num)<<24 ^ uint64(ns)<<8 ^ uint64(typ)
	if text != "" {
		h ^= maphash.String(seed, text)
	}
	h *= 0x9e3779b97f4a7c15
	return h ^ bits.RotateLeft64(h, 29)
}

// idText is the text of an identifier that is no number.
func idText(id model.NodeID) string {
	if id.Type() == model.IDGUID {
		g := id.GUID()
		return string(g[:])
	}
	return id.Text()
}

// Find returns the number of a node.
func (s *Space) Find(id model.ExpandedNodeID) (i int32, ok bool) {
	if id.ServerIndex != 0 || len(s.slots) == 0 {
		return 0, false
	}
	ns, ok := s.findNamespace(id)
	if !ok {
		return 0, false
	}
	typ, num, text := id.Type(), id.Numeric(), idText(id.NodeID)
	mask := uint64(len(s.slots) - 1)
	for at := hashID(ns, typ, num, text) & mask; s.slots[at] != 0; at = (at + 1) & mask {
		i := s.slots[at] - 1
		n := &s.nodes[i]
		if n.ns == ns && n.idType == typ && (typ == model.IDNumeric && n.id == num || typ != model.IDNumeric && s.names.at(n.id) == text) {
			return i, true
		}
	}
	return 0, false
}

func (s *Space) findNamespace(id model.ExpandedNodeID) (uint16, bool) {
	want := namespaceOf(id.NamespaceURI, id.Namespace())
	for i, ns := range s.namespaces {
		if ns == want {
			return uint16(i), true
		}
	}
	return 0, false
}

// namespaceOf has no index when there is a URI.
func namespaceOf(uri string, index uint16) namespace {
	if uri != "" {
		index = 0
	}
	return namespace{uri, index}
}

// makeSlots makes the slots of n nodes: a power of two, at most three quarters of them full.
func makeSlots(n int) []int32 {
	size := 8
	for size*3 < n*4 {
		size *= 2
	}
	return make([]int32, size)
}

// index fills the slots.
func (s *Space) index() {
	s.slots = makeSlots(len(s.nodes))
	mask := uint64(len(s.slots) - 1)
	for i := range s.nodes {
		n := &s.nodes[i]
		num, text := n.id, ""
		if n.idType != model.IDNumeric {
			num, text = 0, s.names.at(n.id)
		}
		at := hashID(n.ns, n.idType, num, text) & mask
		for s.slots[at] != 0 {
			at = (at + 1) & mask
		}
		s.slots[at] = int32(i) + 1
	}
}
