package victoria

import (
	"encoding/binary"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// maxPlan is how many rows are planned at a time; it bounds the memory of a plan to some 2 MiB.
const maxPlan = 64 << 10

// plan groups rows by their series, because labels are most of a request: a frame brings the same series again and again, and each
// series is to be encoded, and parsed by the remote, once. It is used again and again and then does not allocate.
type plan struct {
	rows   []ingest.Row
	groups []group // in the order of their first rows
	// next is for each row the next one of its group, and the row itself when it is the last.
	next []int32
	// table finds groups by the hash of their name: index into groups plus 1, 0 for none. Open addressing, a power of two in size.
	table []int32
}

// group is the rows of one series, and becomes one TimeSeries.
type group struct {
	first, last int32
	rows        int32
	samples     int32 // encoded length of all samples in bytes
}

// reset plans rows, at most maxPlan of them. The plan keeps them until its next reset.
func (p *plan) reset(rows []ingest.Row) error {
	p.rows = rows
	p.groups = p.groups[:0]
	size := 16
	for size < 2*len(rows) {
		size *= 2
	}
	if cap(p.table) < size {
		p.table = make([]int32, size)
	}
	p.table = p.table[:size]
	clear(p.table)
	if cap(p.next) < len(rows) {
		p.next = make([]int32, len(rows), size)
	}
	p.next = p.next[:len(rows)]

	current := -1
	for i := range rows {
		r := &rows[i]
		if len(r.Name) < nameHash {
			return fmt.Errorf("row %d of %d has the name %q, which this store's AppendName did not make", i, len(rows), r.Name)
		}
		if current < 0 || !p.same(current, r.Name) {
			current = p.find(r.Name)
		}
		p.add(current, int32(i), sampleLen(r.Time))
	}
	return nil
}

// same reports whether name is that of a group; the same memory is compared at once.
func (p *plan) same(g int, name []byte) bool {
	return string(p.rows[p.groups[g].first].Name) == string(name)
}

// find returns the index of name's group, which it makes when there is none.
func (p *plan) find(name []byte) int {
	mask := uint64(len(p.table) - 1)
	for at := binary.LittleEndian.Uint64(name) & mask; ; at = (at + 1) & mask {
		g := p.table[at]
		if g == 0 {
			p.groups = append(p.groups, group{first: -1})
			p.table[at] = int32(len(p.groups))
			return len(p.groups) - 1
		}
		if p.same(int(g-1), name) {
			return int(g - 1)
		}
	}
}

func (p *plan) add(g int, row int32, size int) {
	to := &p.groups[g]
	if to.first < 0 {
		to.first = row
	} else {
		p.next[to.last] = row
	}
	p.next[row] = row
	to.last = row
	to.rows++
	to.samples += int32(size)
}

// encodedLen is the length of a group's TimeSeries message without tag and length.
func (p *plan) encodedLen(g *group) int {
	return len(p.rows[g.first].Name) - nameHash + int(g.samples)
}

// cut returns how many groups from from on go into one request of about maxRows rows and maxBytes bytes, and how many rows they have.
func (p *plan) cut(from, maxRows, maxBytes int) (groups, rows int) {
	for size := 0; from+groups < len(p.groups) && rows < maxRows && size < maxBytes; groups++ {
		g := &p.groups[from+groups]
		rows += int(g.rows)
		size += p.encodedLen(g)
	}
	return groups, rows
}

// appendRequest appends the groups [from, to) as a WriteRequest.
func (p *plan) appendRequest(dst []byte, from, to int) []byte {
	for i := from; i < to; i++ {
		g := &p.groups[i]
		dst = append(dst, tagTimeSeries)
		dst = binary.AppendUvarint(dst, uint64(p.encodedLen(g)))
		dst = append(dst, p.rows[g.first].Name[nameHash:]...)
		for row := g.first; ; row = p.next[row] {
			dst = appendSample(dst, p.rows[row].Time, p.rows[row].Value)
			if row == g.last {
				break
			}
		}
	}
	return dst
}

// forget lets go of the rows: they belong to the caller again.
func (p *plan) forget() { p.rows = nil }
