package addressspace

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// magic begins the stored form of a space. Its last byte is the version of the form.
const magic = "OPCUASP\x01"

// maxStored bounds the stored form in bytes, unpacked.
const maxStored = 1 << 30

// minNode is the least that a node takes in it.
const minNode = 12

// Marshal is the stored form of the space: magic, then deflated what encode appends.
func (s *Space) Marshal() ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(magic)
	z, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	head := appendString(nil, s.Version)
	head = appendString(head, s.Stamp)
	head = binary.AppendVarint(head, s.BrowsedAt.UnixNano())
	_, err = z.Write(head)
	if err == nil {
		_, err = z.Write(s.encode())
	}
	err = errors.Join(err, z.Close())
	return out.Bytes(), err
}

// digest is a short name of what encode appends.
func (s *Space) digest() string {
	sum := sha256.Sum256(s.encode())
	return hex.EncodeToString(sum[:8])
}

// encode appends everything that browsing tells.
func (s *Space) encode() []byte {
	dst := make([]byte, 0, len(s.names.text)+20*len(s.nodes)+4*len(s.targets))
	dst = binary.AppendUvarint(dst, uint64(s.Omitted))
	dst = appendString(dst, s.Note)
	dst = binary.AppendUvarint(dst, uint64(len(s.namespaces)))
	for _, ns := range s.namespaces {
		dst = binary.AppendUvarint(appendString(dst, ns.uri), uint64(ns.index))
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.locales)))
	for _, l := range s.locales {
		dst = appendString(dst, l)
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.names.ends)))
	before := uint32(0)
	for _, end := range s.names.ends {
		dst = binary.AppendUvarint(dst, uint64(end-before))
		before = end
	}
	dst = appendString(dst, s.names.text)
	for _, list := range [][]typeID{s.types, s.referenceTypes} {
		dst = binary.AppendUvarint(dst, uint64(len(list)))
		for _, t := range list {
			dst = appendString(dst, t.id.String())
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.nodes)))
	for i := range s.nodes {
		dst = s.encodeNode(dst, int32(i))
	}
	return dst
}

func (s *Space) encodeNode(dst []byte, i int32) []byte {
	n := &s.nodes[i]
	dst = append(dst, byte(n.idType), n.class, n.locale)
	for _, v := range [...]uint32{n.id, n.browse, n.display, n.unit, n.typ, uint32(n.parent + 1), uint32(n.ns), uint32(n.browseNS)} {
		dst = binary.AppendUvarint(dst, uint64(v))
	}
	from, to := s.references(i)
	dst = binary.AppendUvarint(dst, uint64(to-from))
	for ; from < to; from++ {
		dst = binary.AppendUvarint(binary.AppendUvarint(dst, uint64(s.targets[from])), uint64(s.kinds[from]))
	}
	return dst
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

var errStored = errors.New("it is no stored address space")

// Unmarshal reads what Marshal made.
func Unmarshal(src []byte) (*Space, error) {
	packed, ok := bytes.CutPrefix(src, []byte(magic))
	if !ok {
		return nil, fmt.Errorf("%w of this version", errStored)
	}
	z := flate.NewReader(bytes.NewReader(packed))
	body, err := io.ReadAll(io.LimitReader(z, maxStored))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errStored, err)
	}
	r := reader{src: body}
	s := &Space{Version: r.text(), Stamp: r.text(), BrowsedAt: time.Unix(0, r.varint())}
	if err := r.space(s); err != nil {
		return nil, err
	}
	s.settle()
	return s, nil
}

// reader reads values until one is not there; then it reads zeros.
type reader struct {
	src []byte
	bad bool
}

func (r *reader) uvarint(below uint64) uint64 {
	v, n := binary.Uvarint(r.src)
	if n <= 0 || v >= below {
		r.fail()
		return 0
	}
	r.src = r.src[n:]
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.src)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.src = r.src[n:]
	return v
}

// count is that of items that have at least one byte each.
func (r *reader) count() int { return int(r.uvarint(uint64(len(r.src)) + 1)) }

func (r *reader) text() string {
	n := r.count()
	if n > len(r.src) {
		r.fail()
		return ""
	}
	s := string(r.src[:n])
	r.src = r.src[n:]
	return s
}

func (r *reader) byte() byte {
	if len(r.src) == 0 {
		r.fail()
		return 0
	}
	b := r.src[0]
	r.src = r.src[1:]
	return b
}

func (r *reader) fail() { r.src, r.bad = nil, true }

// space reads what encode appended.
func (r *reader) space(s *Space) error {
	s.Omitted, s.Note = int(r.uvarint(1<<31)), r.text()
	for n := r.count(); n > 0 && !r.bad; n-- {
		s.namespaces = append(s.namespaces, namespace{r.text(), uint16(r.uvarint(1 << 16))})
	}
	for n := r.count(); n > 0 && !r.bad; n-- {
		s.locales = append(s.locales, r.text())
	}
	r.readNames(s)
	for _, list := range []*[]typeID{&s.types, &s.referenceTypes} {
		for n := r.count(); n > 0 && !r.bad; n-- {
			id, err := model.ParseExpandedNodeID(r.text())
			if err != nil {
				return fmt.Errorf("%w: %w", errStored, err)
			}
			*list = append(*list, typeID{id, -1})
		}
	}
	nodes := r.count()
	if nodes > len(r.src)/minNode {
		return errStored
	}
	s.nodes = make([]node, 0, nodes)
	for i := range nodes {
		if r.readNode(s, i); r.bad {
			break
		}
	}
	if r.bad || len(r.src) > 0 || len(s.namespaces) == 0 || len(s.locales) == 0 || len(s.nodes) == 0 {
		return errStored
	}
	return r.targets(s)
}

func (r *reader) readNames(s *Space) {
	end := uint64(0)
	n := r.count()
	s.names.ends = make([]uint32, 0, n)
	for range n {
		end += r.uvarint(maxStored)
		if end > maxStored || r.bad {
			r.fail()
			return
		}
		s.names.ends = append(s.names.ends, uint32(end))
	}
	if s.names.text = r.text(); len(s.names.ends) == 0 || s.names.ends[0] != 0 || end != uint64(len(s.names.text)) {
		r.fail()
	}
}

func (r *reader) readNode(s *Space, i int) {
	n := node{idType: model.IDType(r.byte()), class: r.byte(), locale: r.byte(), parent: -1, first: uint32(len(s.targets))}
	texts := uint64(len(s.names.ends))
	ids := texts
	if n.idType == model.IDNumeric {
		ids = 1 << 32
	}
	n.id, n.browse, n.display, n.unit = uint32(r.uvarint(ids)), uint32(r.uvarint(texts)), uint32(r.uvarint(texts)), uint32(r.uvarint(texts))
	n.typ = uint32(r.uvarint(uint64(len(s.types)) + 1))
	n.parent = int32(r.uvarint(uint64(i)+1)) - 1
	n.ns, n.browseNS = uint16(r.uvarint(uint64(len(s.namespaces)))), uint16(r.uvarint(uint64(len(s.namespaces))))
	if n.idType > model.IDOpaque || int(n.locale) >= len(s.locales) {
		r.fail()
	}
	if n.parent >= 0 {
		if n.depth = s.nodes[n.parent].depth + 1; n.depth == 0 {
			r.fail()
		}
	}
	s.nodes = append(s.nodes, n)
	for refs := r.count(); refs > 0 && !r.bad; refs-- {
		s.targets = append(s.targets, int32(r.uvarint(1<<31)))
		s.kinds = append(s.kinds, uint16(r.uvarint(uint64(len(s.referenceTypes)))))
	}
}

// targets checks what only the whole tells.
func (r *reader) targets(s *Space) error {
	for _, t := range s.targets {
		if int(t) >= len(s.nodes) {
			return errStored
		}
	}
	return nil
}
