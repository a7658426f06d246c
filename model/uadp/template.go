package uadp

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Template is a NetworkMessage whose bytes stay where they are from one sending to the next, as in the header layout
// UADP-Periodic-Fixed (Part 14, A.2.1): key frames in RawData of fields with a fixed size. It is encoded once; after that what changes
// is written in place, without allocating. It is for one goroutine at a time.
type Template struct {
	frame    []byte
	at       headerOffsets
	dataSets []TemplateDataSet
}

// TemplateDataSet is a DataSetMessage within a Template.
type TemplateDataSet struct {
	body                              []byte // in the Template's frame
	header                            DataSetHeader
	layout                            []RawField
	slots                             []slot // nil if the fields' places depend on their values
	scratch                           []byte
	sequenceNumber, timestamp, status int // 0 for what is not there: flags come first
	fields                            int // where they begin
}

// slot is the place of a field within a DataSetMessage.
type slot struct {
	offset uint32
	// size is that of all of it.
	size uint32
	// number is the type if it is a scalar number, else noNumber.
	number model.BuiltInType
}

// noNumber is no type of any value.
const noNumber model.BuiltInType = math.MaxUint8

// NewTemplate encodes m, whose DataSets need a Layout and may have Fields to begin with; fields that are missing begin as 0 or null.
// A DataSet with a ConfiguredSize may have fields without a fixed size too, see TemplateDataSet.Encode. Without a payload
// header the frame may have several DataSetMessages: the reader then needs SetFixed.
//
// The error is an *Error; ErrType for a DataSet that is no key frame in RawData, ErrLimit for one beyond its ConfiguredSize.
func NewTemplate(m *Message) (*Template, error) {
	t := &Template{dataSets: make([]TemplateDataSet, len(m.DataSets))}
	ids, bodies := make([]uint16, len(m.DataSets)), make([][]byte, len(m.DataSets))
	for i := range m.DataSets {
		ids[i] = m.DataSets[i].Header.WriterID
		var err error
		if bodies[i], err = t.dataSets[i].init(&m.DataSets[i]); err != nil {
			return nil, &Error{i, -1, -1, err}
		}
	}
	var e encoder
	var err error
	if t.at, err = e.networkMessage(&m.Header, ids, bodies); err != nil {
		return nil, err
	}
	t.frame = e.buf
	end := len(t.frame)
	for i := len(bodies) - 1; i >= 0; i-- {
		t.dataSets[i].body = t.frame[end-len(bodies[i]) : end : end]
		end -= len(bodies[i])
	}
	for i := range m.DataSets {
		if err := t.dataSets[i].begin(m.DataSets[i].Fields); err != nil {
			return nil, &Error{i, -1, -1, err}
		}
	}
	return t, nil
}

// init finds the places of all parts and returns the encoded header with zeros for the fields.
func (s *TemplateDataSet) init(d *DataSet) ([]byte, error) {
	h := &d.Header
	if h.Kind != KeyFrame || h.Encoding != EncodingRawData || len(d.Layout) == 0 || h.Invalid {
		return nil, fmt.Errorf("%w: %v in %v with a layout of %d fields; want a valid key frame in RawData with a layout", ErrType, h.Kind, h.Encoding, len(d.Layout))
	}
	body := AppendDataSetHeader(nil, h, 0)
	s.header, s.layout, s.fields = *h, d.Layout, len(body)
	s.headerPlaces()
	end, slots := len(body), make([]slot, len(d.Layout))
	for i := range d.Layout {
		size := d.Layout[i].fixedSize()
		if size == 0 || size > maxPadding {
			if d.ConfiguredSize > 0 {
				slots = nil
				break
			}
			return nil, fmt.Errorf("%w: field %d of type %v and rank %d has no fixed size; give it a MaxStringLength or ArrayDimensions, or the data set a ConfiguredSize",
				ErrType, i, d.Layout[i].Type, d.Layout[i].ValueRank)
		}
		slots[i] = slot{offset: uint32(end), size: uint32(size), number: noNumber}
		if d.Layout[i].ValueRank == model.ValueRankScalar && model.NumberFormOf(d.Layout[i].Type).Size() > 0 {
			slots[i].number = d.Layout[i].Type
		}
		if end += size; end > math.MaxInt32 {
			return nil, fmt.Errorf("%w: data set of more than %d bytes", ErrLimit, math.MaxInt32)
		}
	}
	s.slots = slots
	size := int(d.ConfiguredSize)
	switch {
	case size == 0:
		size = end
	case slots != nil && end > size, s.fields > size:
		return nil, fmt.Errorf("%w: %d bytes, more than the ConfiguredSize of %d", ErrLimit, end, size)
	}
	return append(body, make([]byte, size-len(body))...), nil
}

// headerPlaces finds what may change in the header, in the order of AppendDataSetHeader.
func (s *TemplateDataSet) headerPlaces() {
	at := 1
	if _, flags2 := s.header.flags(); flags2 != 0 {
		at++
	}
	place := func(bit DataSetMessageContentMask, size int) int {
		if !s.header.Content.Has(bit) {
			return 0
		}
		at += size
		return at - size
	}
	s.sequenceNumber = place(DataSetSequenceNumber, 2)
	s.timestamp = place(DataSetTimestamp, 8)
	place(DataSetTimestamp|DataSetPicoSeconds, 2)
	s.status = place(DataSetStatus, 2)
}

// begin sets the values that the message came with, and 0 or null for all others.
func (s *TemplateDataSet) begin(fields []Field) error {
	if len(fields) > len(s.layout) {
		return fmt.Errorf("%w: %d fields, more than the %d of the layout", ErrType, len(fields), len(s.layout))
	}
	values := make([]model.DataValue, len(s.layout))
	for i := range fields {
		values[i] = fields[i].Value
	}
	if s.slots == nil {
		return s.Encode(values)
	}
	return s.SetFields(0, values)
}

// fixedSize is the number of bytes that each value of the field takes, or 0 if it varies.
func (f *RawField) fixedSize() int {
	size := f.elementSize()
	switch {
	case !f.Type.Valid() || f.ValueRank == model.ValueRankScalar:
		return size
	case f.ValueRank < 1 || f.capacity() == 0 || f.capacity() > maxPadding:
		return 0
	case f.ValueRank == 1:
		return 4 + f.capacity()*size
	}
	return 4 + 4*int(f.ValueRank) + f.capacity()*size
}

// Frame is the encoded NetworkMessage. It is the Template's memory and changes with the next call of a Set method.
func (t *Template) Frame() []byte { return t.frame }

// SetSequenceNumber sets the sequence number of the group header, if there is one.
func (t *Template) SetSequenceNumber(n uint16) {
	if at := t.at.sequenceNumber; at > 0 {
		binary.LittleEndian.PutUint16(t.frame[at:], n)
	}
}

// SetTimestamp sets the timestamp of the NetworkMessage, if there is one.
func (t *Template) SetTimestamp(ts model.DateTime) {
	if at := t.at.timestamp; at > 0 {
		binary.LittleEndian.PutUint64(t.frame[at:], uint64(ts))
	}
}

// Len is the number of DataSetMessages.
func (t *Template) Len() int { return len(t.dataSets) }

// DataSet returns DataSetMessage i, from 0.
func (t *Template) DataSet(i int) *TemplateDataSet { return &t.dataSets[i] }
