package gateway

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// lines is a document of numbered lines.
func lines(n int) []byte {
	var b []byte
	for i := range n {
		b = fmt.Appendf(b, `{"name":"Machine%d.Tag%d","node":"ns=2;s=Hall3.Line%d.Machine%d.Tag%d"},`, i/100, i, i%7, i/100, i)
	}
	return b
}

// TestPartsOfAChange: a change makes few parts anew, wherever it stands, and the rest is found again.
func TestPartsOfAChange(t *testing.T) {
	old := lines(50_000)
	for _, c := range []struct {
		name string
		doc  []byte
		most int // parts that are not known
	}{
		{"nothing", old, 0},
		{"a word in the middle", bytes.Replace(old, []byte("Tag25000\""), []byte("Temperature\""), 1), 2},
		{"an insertion at the begin", append([]byte("something new"), old...), 2},
		{"a piece taken out", slices.Concat(old[:len(old)/2], old[len(old)/2+100_000:]), 3},
		{"less", old[:len(old)/3], 2},
		{"all anew", bytes.ToUpper(old), 1 << 20},
		{"empty", nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, size, err := parsePartList(listParts(c.doc).encode())
			if err != nil || size != len(c.doc) {
				t.Fatalf("%d bytes, %v", size, err)
			}
			a := assembly{list: list, size: size, known: map[partName][]byte{}}
			for _, p := range cut(old) {
				if len(p) > 4*partMean {
					t.Fatalf("a part of %d bytes", len(p))
				}
				a.known[nameOf(p)] = p
			}
			want := a.missing()
			if len(want) > c.most {
				t.Errorf("%d of %d parts are missing, want %d at most", len(want), len(list), c.most)
			}
			answers := 0
			for len(want) > 0 {
				data, n, err := list.pick(c.doc, want)
				if err == nil {
					err = a.add(data, want[:n])
				}
				if err != nil || n < 1 || len(data) > maxPart {
					t.Fatalf("%d parts in %d bytes, %v", n, len(data), err)
				}
				want = want[n:]
				answers++
			}
			sum := sha256.Sum256(c.doc)
			if doc, err := a.document(sum[:]); err != nil || !bytes.Equal(doc, c.doc) {
				t.Errorf("%d of %d bytes in %d answers, %v", len(doc), len(c.doc), answers, err)
			}
			if _, err := a.document(make([]byte, 32)); !errors.Is(err, errParts) {
				t.Errorf("another hash: %v", err)
			}
		})
	}
}

func TestPartsRefused(t *testing.T) {
	doc := lines(5000)
	list := listParts(doc)
	for _, want := range [][]int{{-1}, {len(list)}} {
		if _, _, err := list.pick(doc, want); !errors.Is(err, errParts) {
			t.Errorf("part %v: %v", want, err)
		}
	}
	if _, _, err := list.pick(doc[1:], []int{0}); !errors.Is(err, errParts) {
		t.Errorf("of another document: %v", err)
	}
	data, _, err := list.pick(doc, []int{0})
	a := assembly{list: list, known: map[partName][]byte{}}
	if err != nil || !errors.Is(a.add(data, []int{1}), errParts) || !errors.Is(a.add([]byte("nonsense"), []int{0}), errParts) {
		t.Error("another part is taken")
	}
}

func FuzzPartList(f *testing.F) {
	f.Add(listParts(lines(3000)).encode())
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		list, size, err := parsePartList(b)
		if err != nil {
			return
		}
		again, sizeAgain, err := parsePartList(list.encode())
		if err != nil || sizeAgain != size || !slices.Equal(again, list) {
			t.Fatalf("%v, %v\nwant %v", again, err, list)
		}
	})
}

// TestCutAnything: parts make the document whatever its bytes are.
func TestCutAnything(t *testing.T) {
	for range 20 {
		doc := make([]byte, rand.IntN(1<<20))
		for i := range doc {
			doc[i] = byte(rand.Uint32() & rand.Uint32())
		}
		if !bytes.Equal(slices.Concat(cut(doc)...), doc) {
			t.Fatal("the parts make another document")
		}
	}
}
