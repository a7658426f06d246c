package ingest

import "github.com/shopfloor-iiot/shopfloor/model"

// groups sorts frames by their writer, keeping the order within one. It keeps its memory.
type groups struct {
	list  []group
	index map[model.WriterKey]int

	// What became of the frames since the last count.
	frames, values, screened, bytes int
}

type group struct{ members []member }

type member struct {
	frame  int // its place in the slice
	repeat bool
}

// maxGroups bounds the memory that groups keeps.
const maxGroups = 1 << 16

func (g *groups) add(i int, f *Frame, repeat bool) {
	if g.index == nil {
		g.index = map[model.WriterKey]int{}
	}
	at, ok := g.index[f.key()]
	if !ok {
		at = len(g.list)
		g.index[f.key()] = at
		if at < cap(g.list) {
			g.list = g.list[:at+1] // with the memory of its members
		} else {
			g.list = append(g.list, group{})
		}
	}
	g.list[at].members = append(g.list[at].members, member{i, repeat})
}

func (g *groups) clear() {
	for i := range g.list {
		g.list[i].members = g.list[i].members[:0]
	}
	if len(g.list) > maxGroups {
		g.list = nil
	}
	g.list = g.list[:0]
	clear(g.index)
}

// count moves the counts into b.
func (g *groups) count(b *batch) {
	b.frames += g.frames
	b.values += g.values
	b.screened += g.screened
	g.frames, g.values, g.screened, g.bytes = 0, 0, 0, 0
}
