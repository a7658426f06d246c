package uadp

import (
	"testing"
	"unsafe"
)

// arenaOverhead is what arenas hold for the smallest frames: minArena elements of each type.
const arenaOverhead = 64 << 10

func (a *arena[T]) held() int {
	var t T
	return cap(a.chunk) * int(unsafe.Sizeof(t))
}

// heldBytes is the memory that the arenas of p hold.
func heldBytes(p *pool) int {
	return p.headers.held() + p.dims.held() + p.booleans.held() + p.sbytes.held() + p.int16s.held() + p.uint16s.held() + p.int32s.held() +
		p.uint32s.held() + p.int64s.held() + p.uint64s.held() + p.floats.held() + p.doubles.held() + p.strings.held() + p.dateTimes.held() +
		p.guids.held() + p.byteStrings.held() + p.xmlElements.held() + p.nodeIDs.held() + p.expandedNodeIDs.held() + p.statusCodes.held() +
		p.qualifiedNames.held() + p.localizedTexts.held() + p.extensionObjects.held() + p.dataValues.held() + p.variants.held() +
		p.diagnosticInfos.held()
}

func TestArenaHandsOutEachElementOnce(t *testing.T) {
	var a arena[int]
	var slices [][]int
	for i := range 200 {
		s := a.take(i % 7)
		for j := range s {
			if s[j] != 0 {
				t.Fatalf("slice %d holds %v", i, s)
			}
			s[j] = i + 1
		}
		slices = append(slices, s)
	}
	for i, s := range slices {
		for _, n := range s {
			if n != i+1 || cap(s) != len(s) {
				t.Fatalf("slice %d holds %v, capacity %d", i, s, cap(s))
			}
		}
	}
	a.reset()
	for _, n := range a.chunk {
		if n != 0 {
			t.Fatal("reset left a value behind")
		}
	}
}

func TestDecoderLetsGoOfTheLastFrame(t *testing.T) {
	var d Decoder
	frame, _ := (&Message{DataSets: []DataSet{{Fields: []Field{{}}}}}).Append(nil)
	for _, v := range sampleValues() {
		m := Message{Header{Content: ContentPromotedFields}, []DataSet{{}}}
		m.Header.PromotedFields = append(m.Header.PromotedFields, v)
		big, err := m.Append(nil)
		if err != nil {
			continue // too long for a promoted field
		}
		if err := d.Decode(big); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Decode(frame); err != nil {
		t.Fatal(err)
	}
	for _, s := range d.r.pool.strings.chunk {
		if s != "" {
			t.Errorf("still holds %q", s)
		}
	}
	if n := len(d.Header().PromotedFields); n != 0 {
		t.Errorf("%d promoted fields of the last frame", n)
	}
}
