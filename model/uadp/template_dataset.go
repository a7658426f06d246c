package uadp

import (
	"encoding/binary"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Len is the number of fields.
func (s *TemplateDataSet) Len() int { return len(s.layout) }

// SetSequenceNumber sets the sequence number of the DataSetMessage, if it has one.
func (s *TemplateDataSet) SetSequenceNumber(n uint16) {
	if s.sequenceNumber > 0 {
		binary.LittleEndian.PutUint16(s.body[s.sequenceNumber:], n)
	}
}

// SetTimestamp sets the timestamp of the DataSetMessage, if it has one.
func (s *TemplateDataSet) SetTimestamp(ts model.DateTime) {
	if s.timestamp > 0 {
		binary.LittleEndian.PutUint64(s.body[s.timestamp:], uint64(ts))
	}
}

// SetStatus sets the upper 16 bits of the status of the whole DataSet, if the DataSetMessage has one.
func (s *TemplateDataSet) SetStatus(c model.StatusCode) {
	if s.status > 0 {
		binary.LittleEndian.PutUint16(s.body[s.status:], uint16(c>>16))
	}
}

// SetValid sets the flag DataSetMessageIsValid.
func (s *TemplateDataSet) SetValid(valid bool) {
	s.body[0] &^= flags1Valid
	if valid {
		s.body[0] |= flags1Valid
	}
}

// Valid tells whether readers are to process the DataSetMessage.
func (s *TemplateDataSet) Valid() bool { return s.body[0]&flags1Valid != 0 }

// Set sets the value of field i. The errors, after which the field is as it was, are those of AppendRawField, and ErrType when there
// is no such field or fields without a fixed size are there.
func (s *TemplateDataSet) Set(i int, v model.Variant) error {
	if uint(i) >= uint(len(s.slots)) {
		return s.noSlot(i)
	}
	if s.slots[i].put(s.body, &v) {
		return nil
	}
	return s.setOther(i, v)
}

// SetFields sets the values of as many fields as there are values, from field first on. An error is an *Error that names the field;
// those before it are set.
func (s *TemplateDataSet) SetFields(first int, values []model.DataValue) error {
	if first < 0 || first > len(s.slots) || len(values) > len(s.slots)-first {
		return s.noSlot(first + len(values) - 1)
	}
	body, slots := s.body, s.slots[first:]
	for i := range values {
		if slots[i].put(body, &values[i].Value) {
			continue
		}
		if err := s.setOther(first+i, values[i].Value); err != nil {
			return &Error{-1, first + i, -1, err}
		}
	}
	return nil
}

// put writes v to its place in body if the field is a scalar number, and v is one of the same type.
func (p *slot) put(body []byte, v *model.Variant) bool {
	if v.Type() != p.number {
		return false
	}
	b := body[p.offset:]
	switch word, size := v.Word(); size {
	case 8:
		binary.LittleEndian.PutUint64(b, word)
	case 4:
		binary.LittleEndian.PutUint32(b, uint32(word))
	case 2:
		binary.LittleEndian.PutUint16(b, uint16(word))
	case 1:
		b[0] = uint8(word)
	default:
		return false
	}
	return true
}

// setOther sets a field of any fixed size.
func (s *TemplateDataSet) setOther(i int, v model.Variant) error {
	var err error
	if s.scratch, err = AppendRawField(s.scratch[:0], v, &s.layout[i]); err != nil {
		return err
	}
	p := s.slots[i]
	copy(s.body[p.offset:p.offset+p.size], s.scratch)
	return nil
}

func (s *TemplateDataSet) noSlot(i int) error {
	if s.slots == nil {
		return fmt.Errorf("%w: the data set has fields without a fixed size; set all fields with Encode", ErrType)
	}
	return fmt.Errorf("%w: field %d of %d", ErrType, i, len(s.slots))
}

// Encode encodes all fields anew: values are as many as the layout has. If the DataSetMessage then is larger than its ConfiguredSize it
// goes out as invalid, without fields, until the next Encode that fits (Part 14, 6.3.1.3.3), see Valid. An error is that of
// AppendRawField in an *Error that names the field; the DataSetMessage is then as it was.
func (s *TemplateDataSet) Encode(values []model.DataValue) error {
	if len(values) != len(s.layout) {
		return fmt.Errorf("%w: %d values for %d fields", ErrType, len(values), len(s.layout))
	}
	s.scratch = s.scratch[:0]
	for i := range values {
		var err error
		if s.scratch, err = AppendRawField(s.scratch, values[i].Value, &s.layout[i]); err != nil {
			return &Error{-1, i, -1, err}
		}
	}
	room := s.body[s.fields:]
	fits := len(s.scratch) <= len(room)
	s.SetValid(fits)
	n := 0
	if fits {
		n = copy(room, s.scratch)
	}
	clear(room[n:])
	return nil
}
