package uadp

import (
	"errors"
	"math"
	"testing"
)

func chunkAt(offset, total uint32, data string) *Chunk {
	return &Chunk{WriterID: 1, Offset: offset, TotalSize: total, Data: []byte(data)}
}

func keyOfWriter(id uint16) ChunkKey { return ChunkKey{WriterID: id} }

// add adds a chunk that must be taken.
func add(t *testing.T, r *Reassembler, key ChunkKey, c *Chunk, mark uint64, want string) {
	t.Helper()
	whole, err := r.Add(key, c, mark)
	if err != nil || string(whole) != want {
		t.Errorf("chunk %q at %d of %d: got %q, error %v; want %q", c.Data, c.Offset, c.TotalSize, whole, err, want)
	}
}

func checkOldest(t *testing.T, r *Reassembler, want uint64, wantOK bool) {
	t.Helper()
	if mark, ok := r.Oldest(); mark != want || ok != wantOK {
		t.Errorf("oldest %d, %v; want %d, %v", mark, ok, want, wantOK)
	}
}

// TestReassemblerTellsTheOldestMark: what has to be read again if the process ends now.
func TestReassemblerTellsTheOldestMark(t *testing.T) {
	r := NewReassembler(ReassemblerLimits{})
	checkOldest(t, r, 0, false)
	add(t, r, keyOfWriter(1), chunkAt(0, 4, "ab"), 10, "")
	add(t, r, keyOfWriter(2), chunkAt(0, 4, "AB"), 11, "")
	checkOldest(t, r, 10, true)
	add(t, r, keyOfWriter(1), chunkAt(2, 4, "cd"), 12, "abcd")
	checkOldest(t, r, 11, true)
	add(t, r, keyOfWriter(3), chunkAt(2, 4, "yz"), 13, "")
	add(t, r, keyOfWriter(3), chunkAt(2, 4, "yz"), 9, "") // read once more, from an earlier frame
	checkOldest(t, r, 9, true)
	if n := r.DropBefore(10); n != 1 || r.Open() != 1 {
		t.Errorf("%d dropped, %d open; want 1 and 1", n, r.Open())
	}
	checkOldest(t, r, 11, true)
	r.Reset()
	checkOldest(t, r, 0, false)
	if got, want := r.Stats(), (ReassemblerStats{Completed: 1, Evicted: 1, Duplicates: 1}); got != want || r.Memory() != 0 {
		t.Errorf("stats %+v, memory %d; want %+v", got, r.Memory(), want)
	}
}

// TestContradictingChunkBeginsAnew: overlaps, other totals, other data in the same place.
func TestContradictingChunkBeginsAnew(t *testing.T) {
	f := func(name string, c *Chunk, rest *Chunk, want string) {
		t.Helper()
		r := NewReassembler(ReassemblerLimits{})
		add(t, r, keyOfWriter(1), chunkAt(2, 8, "cd"), 1, "")
		add(t, r, keyOfWriter(1), chunkAt(6, 8, "gh"), 2, "")
		add(t, r, keyOfWriter(1), c, 3, "")
		if r.Stats().Replaced != 1 || r.Open() != 1 {
			t.Errorf("%s: stats %+v, %d open; want one replaced", name, r.Stats(), r.Open())
		}
		checkOldest(t, r, 3, true)
		add(t, r, keyOfWriter(1), rest, 4, want)
	}
	f("other total", chunkAt(0, 3, "AB"), chunkAt(2, 3, "C"), "ABC")
	f("other data", chunkAt(2, 8, "CDEFGH"), chunkAt(0, 8, "AB"), "ABCDEFGH")
	f("other size", chunkAt(2, 8, "c"), chunkAt(0, 8, "ab"), "")
	f("overlaps what is before", chunkAt(3, 8, "DEFGH"), chunkAt(0, 8, "ABC"), "ABCDEFGH")
	f("overlaps what is behind", chunkAt(4, 8, "EFGH"), chunkAt(0, 8, "ABCD"), "ABCDEFGH")
	f("covers all", chunkAt(1, 8, "BCDEFGH"), chunkAt(0, 8, "A"), "ABCDEFGH")
}

// TestReassemblerKeepsItsLimits: the oldest messages go first.
func TestReassemblerKeepsItsLimits(t *testing.T) {
	r := NewReassembler(ReassemblerLimits{MaxWhole: 1000, MaxMemory: 2000, MaxOpen: 3})
	for id := range uint16(5) {
		add(t, r, keyOfWriter(id), chunkAt(0, 10, "a"), uint64(id), "")
	}
	checkOldest(t, r, 2, true)
	if r.Open() != 3 || r.Stats().Evicted != 2 || r.Memory() != 3*(1+chunkOverhead) {
		t.Errorf("%d open in %d bytes, stats %+v; want 3", r.Open(), r.Memory(), r.Stats())
	}
	for i := range uint32(500) {
		add(t, r, keyOfWriter(9), chunkAt(2*i, 1000, "x"), 100, "")
		if r.Memory() > 2000 {
			t.Fatalf("%d bytes; want up to 2000", r.Memory())
		}
	}
	for _, c := range []*Chunk{chunkAt(0, 1001, "a"), chunkAt(0, math.MaxUint32, "a")} {
		if _, err := r.Add(keyOfWriter(1), c, 0); !errors.Is(err, ErrLimit) {
			t.Errorf("total %d: error %v; want %v", c.TotalSize, err, ErrLimit)
		}
	}
	for _, c := range []*Chunk{chunkAt(0, 10, ""), chunkAt(9, 10, "ab"), chunkAt(math.MaxUint32, 10, "ab")} {
		if _, err := r.Add(keyOfWriter(1), c, 0); !errors.Is(err, ErrMalformed) {
			t.Errorf("%d bytes at %d: error %v; want %v", len(c.Data), c.Offset, err, ErrMalformed)
		}
	}
	if r.Stats().Refused != 5 {
		t.Errorf("%d refused; want 5", r.Stats().Refused)
	}
	add(t, r, keyOfWriter(1), chunkAt(0, 3, "abc"), 0, "abc") // at once
}

// TestMessageBeyondTheLimitsAlone is given up, not the ones that fit.
func TestMessageBeyondTheLimitsAlone(t *testing.T) {
	r := NewReassembler(ReassemblerLimits{MaxMemory: 300})
	for i := range uint32(5) {
		add(t, r, keyOfWriter(1), chunkAt(2*i, 100, "x"), uint64(i), "")
		if r.Memory() > 300 {
			t.Fatalf("%d bytes; want up to 300", r.Memory())
		}
	}
	if r.Stats().Evicted != 1 || r.Open() != 0 {
		t.Errorf("stats %+v, %d open; want one evicted", r.Stats(), r.Open())
	}
}

// FuzzReassembler: whatever chunks come, the limits are kept, and what is made whole has the size that was told and the chunks' data.
func FuzzReassembler(f *testing.F) {
	f.Add([]byte{0, 0, 4, 2, 0, 2, 4, 2})
	f.Add([]byte{0, 2, 4, 2, 1, 0, 4, 2, 0, 0, 4, 2, 0, 1, 4, 3, 0, 0, 9, 9})
	f.Fuzz(func(t *testing.T, script []byte) {
		const maxMemory = 700
		r := NewReassembler(ReassemblerLimits{MaxWhole: 200, MaxMemory: maxMemory, MaxOpen: 4})
		for mark := uint64(0); len(script) >= 4; mark, script = mark+1, script[4:] {
			c := &Chunk{Offset: uint32(script[1]), TotalSize: uint32(script[2]), Data: make([]byte, script[3])}
			for i := range c.Data {
				c.Data[i] = byte(int(c.Offset) + i)
			}
			whole, err := r.Add(keyOfWriter(uint16(script[0]%8)), c, mark)
			if whole != nil && (err != nil || len(whole) != int(c.TotalSize)) {
				t.Fatalf("%d bytes of %d, error %v", len(whole), c.TotalSize, err)
			}
			for i, b := range whole {
				if b != byte(i) {
					t.Fatalf("byte %d is %d", i, b)
				}
			}
			oldest, open := r.Oldest()
			if r.Memory() > maxMemory || r.Open() > 4 || r.Memory() < 0 || open != (r.Open() > 0) || oldest > mark {
				t.Fatalf("%d bytes, %d open, oldest %d", r.Memory(), r.Open(), oldest)
			}
		}
		r.DropBefore(math.MaxUint64)
		if r.Memory() != 0 || r.Open() != 0 {
			t.Fatalf("%d bytes and %d open after all were dropped", r.Memory(), r.Open())
		}
	})
}
