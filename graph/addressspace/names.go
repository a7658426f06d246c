package addressspace

import "strings"

// names are texts by number, each once. Number 0 is the empty text.
type names struct {
	text string
	// ends are where each text ends in text; it begins where the one before it ends.
	ends []uint32
}

// at is the text with a number.
func (n *names) at(i uint32) string {
	if i == 0 {
		return ""
	}
	return n.text[n.ends[i-1]:n.ends[i]]
}

func (n *names) len() int { return len(n.ends) }

// nameTable makes names.
type nameTable struct {
	text    strings.Builder
	ends    []uint32
	numbers map[string]uint32
}

func newNameTable() *nameTable {
	return &nameTable{ends: []uint32{0}, numbers: map[string]uint32{"": 0}}
}

// number is that of a text, a new one for a text that is not there yet.
func (t *nameTable) number(s string) uint32 {
	if i, ok := t.numbers[s]; ok {
		return i
	}
	t.text.WriteString(s)
	i := uint32(len(t.ends))
	t.ends = append(t.ends, uint32(t.text.Len()))
	t.numbers[strings.Clone(s)] = i
	return i
}

// find is the number of a text that is there.
func (t *nameTable) find(s string) (uint32, bool) {
	i, ok := t.numbers[s]
	return i, ok
}

// at is the text with a number.
func (t *nameTable) at(i uint32) string {
	if i == 0 {
		return ""
	}
	return t.text.String()[t.ends[i-1]:t.ends[i]]
}

// names are the texts in memory of their exact size.
func (t *nameTable) names() names {
	ends := make([]uint32, len(t.ends))
	copy(ends, t.ends)
	return names{text: strings.Clone(t.text.String()), ends: ends}
}
