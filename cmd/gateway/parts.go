package gateway

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// A gateway that knows an earlier desired state is sent a list of the parts of the new one, and asks for those that it does not have. A document is
// cut where its own bytes say so, so that what did not change makes the same parts wherever it stands.

const (
	// partMean is the usual length of a part in bytes; those of a document that would have more than maxParts of it are
	// longer, as far as one still fits into an answer.
	partMean = 32 << 10
	maxParts = 4096
	// partSum is how many bytes of its SHA-256 name a part. The document as a whole is checked by all of its own.
	partSum = 8
)

// errParts says that parts do not make the document: it is to be fetched as a whole.
var errParts = errors.New("parts of the desired state do not fit")

// partName is the beginning of the hash of a part.
type partName [partSum]byte

func nameOf(part []byte) partName {
	sum := sha256.Sum256(part)
	return partName(sum[:partSum])
}

// gear is what each byte adds to the rolling hash: any fixed numbers that look random (here splitmix64).
func gear() (table [256]uint64) {
	x := uint64(0)
	for i := range table {
		x += 0x9e3779b97f4a7c15
		z := (x ^ x>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		table[i] = z ^ z>>31
	}
	return table
}

// cut divides a document into parts, of a quarter to four times the usual length; the last one may be shorter.
func cut(doc []byte) (parts [][]byte) {
	mean := partMean
	for len(doc)/mean > maxParts && mean < maxPart/4 {
		mean *= 2
	}
	table := gear()
	// The upper bits of the hash are those that many bytes had a share in.
	shift := 65 - bits.Len(uint(mean))
	for len(doc) > 0 {
		n, hash := min(mean/4, len(doc)), uint64(0)
		for limit := min(4*mean, len(doc)); n < limit; n++ {
			hash = hash<<1 + table[doc[n]]
			if hash>>shift == 0 {
				n++
				break
			}
		}
		parts = append(parts, doc[:n:n])
		doc = doc[n:]
	}
	return parts
}

// partList is what the parts of a document are, in their order: of each its name and its length.
type partList []listedPart

type listedPart struct {
	name   partName
	length int
}

func listParts(doc []byte) (list partList) {
	for _, part := range cut(doc) {
		list = append(list, listedPart{nameOf(part), len(part)})
	}
	return list
}

// encode writes the list: names of 8 bytes, each with a length as a uvarint behind it.
func (l partList) encode() []byte {
	var b []byte
	for _, p := range l {
		b = binary.AppendUvarint(append(b, p.name[:]...), uint64(p.length))
	}
	return b
}

func parsePartList(b []byte) (list partList, size int, err error) {
	for len(b) > 0 {
		if len(b) <= partSum {
			return nil, 0, fmt.Errorf("%w: the list is cut off", errParts)
		}
		p := listedPart{name: partName(b[:partSum])}
		length, n := binary.Uvarint(b[partSum:])
		if n <= 0 || length == 0 || length > maxDesired {
			return nil, 0, fmt.Errorf("%w: part %d has no good length", errParts, len(list))
		}
		p.length = int(length)
		size += p.length
		list, b = append(list, p), b[partSum+n:]
		if size > maxUnpacked {
			return nil, 0, fmt.Errorf("%w: too large", errParts)
		}
	}
	return list, size, nil
}

// pick returns the wanted parts of a document behind one another, gzipped, up to about maxPart bytes, and how many these are.
func (l partList) pick(doc []byte, want []int) (data []byte, count int, err error) {
	starts, at := make([]int, len(l)), 0
	for i, p := range l {
		starts[i] = at
		at += p.length
	}
	if at != len(doc) {
		return nil, 0, fmt.Errorf("%w: the list is not of this document", errParts)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	for taken := 0; count < len(want); count++ {
		i := want[count]
		if i < 0 || i >= len(l) {
			return nil, 0, fmt.Errorf("%w: there is no part %d", errParts, i)
		}
		// Not compressed it would fit as well.
		if taken += l[i].length; count > 0 && taken > maxPart {
			break
		}
		if _, err := z.Write(doc[starts[i] : starts[i]+l[i].length]); err != nil {
			return nil, 0, err
		}
	}
	err = z.Close()
	return b.Bytes(), count, err
}

// assembly puts a document together.
type assembly struct {
	list  partList
	size  int
	known map[partName][]byte
}

// missing are the parts that are not known, each once.
func (a *assembly) missing() (want []int) {
	seen := map[partName]bool{}
	for i, p := range a.list {
		if _, ok := a.known[p.name]; !ok && !seen[p.name] {
			seen[p.name] = true
			want = append(want, i)
		}
	}
	return want
}

// add takes the answer to a question for parts.
func (a *assembly) add(data []byte, want []int) error {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%w: %w", errParts, err)
	}
	for _, i := range want {
		part := make([]byte, a.list[i].length)
		if _, err := io.ReadFull(z, part); err != nil || nameOf(part) != a.list[i].name {
			return fmt.Errorf("%w: part %d is another one", errParts, i)
		}
		a.known[a.list[i].name] = part
	}
	return nil
}

// document is the whole, whose SHA-256 is sum.
func (a *assembly) document(sum []byte) ([]byte, error) {
	doc := make([]byte, 0, a.size)
	for _, p := range a.list {
		doc = append(doc, a.known[p.name]...)
	}
	if got := sha256.Sum256(doc); len(doc) != a.size || !bytes.Equal(got[:], sum) {
		return nil, fmt.Errorf("%w: the whole has another hash", errParts)
	}
	return doc, nil
}
