package uadp

import (
	"strconv"
	"strings"
)

// PublisherIDType is the type of a PublisherID; the values are those of ExtendedFlags1 (Part 14, 7.2.4.4.2).
type PublisherIDType uint8

// The types of publisher ids.
const (
	PublisherIDByte   PublisherIDType = 0
	PublisherIDUInt16 PublisherIDType = 1
	PublisherIDUInt32 PublisherIDType = 2
	PublisherIDUInt64 PublisherIDType = 3
	PublisherIDString PublisherIDType = 4
)

// PublisherID names a publisher (Part 14, 6.2.7.1). It is comparable and can be a map key; ids of different types differ. The
// zero value is the Byte 0.
type PublisherID struct {
	typ  PublisherIDType
	num  uint64
	text string
}

// BytePublisherID makes an id of type Byte.
func BytePublisherID(n uint8) PublisherID { return PublisherID{PublisherIDByte, uint64(n), ""} }

// UInt16PublisherID makes an id of type UInt16.
func UInt16PublisherID(n uint16) PublisherID { return PublisherID{PublisherIDUInt16, uint64(n), ""} }

// UInt32PublisherID makes an id of type UInt32.
func UInt32PublisherID(n uint32) PublisherID { return PublisherID{PublisherIDUInt32, uint64(n), ""} }

// UInt64PublisherID makes an id of type UInt64.
func UInt64PublisherID(n uint64) PublisherID { return PublisherID{PublisherIDUInt64, n, ""} }

// StringPublisherID makes an id of type String. The id keeps s.
func StringPublisherID(s string) PublisherID { return PublisherID{PublisherIDString, 0, s} }

// Type is the id's type.
func (p PublisherID) Type() PublisherIDType { return p.typ }

// Number is the id of any type but String, else 0.
func (p PublisherID) Number() uint64 { return p.num }

// Text is the id of type String, else "".
func (p PublisherID) Text() string { return p.text }

// Clone returns p with memory of its own.
func (p PublisherID) Clone() PublisherID {
	p.text = strings.Clone(p.text)
	return p
}

// String prints the number or the text.
func (p PublisherID) String() string {
	if p.typ == PublisherIDString {
		return p.text
	}
	return strconv.FormatUint(p.num, 10)
}

func (e *encoder) publisherID(p PublisherID) {
	switch p.typ {
	case PublisherIDByte:
		e.uint8(uint8(p.num))
	case PublisherIDUInt16:
		e.uint16(uint16(p.num))
	case PublisherIDUInt32:
		e.uint32(uint32(p.num))
	case PublisherIDUInt64:
		e.uint64(p.num)
	case PublisherIDString:
		e.string(p.text)
	}
}

func (r *reader) publisherID(t PublisherIDType) PublisherID {
	switch t {
	case PublisherIDByte:
		return BytePublisherID(r.uint8())
	case PublisherIDUInt16:
		return UInt16PublisherID(r.uint16())
	case PublisherIDUInt32:
		return UInt32PublisherID(r.uint32())
	case PublisherIDUInt64:
		return UInt64PublisherID(r.uint64())
	case PublisherIDString:
		return StringPublisherID(r.string())
	}
	r.failf(ErrReserved, "publisher id type %d", t)
	return PublisherID{}
}
