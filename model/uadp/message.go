package uadp

import (
	"bytes"
	"fmt"
	"math"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Message is a whole NetworkMessage as one value, for tools and tests. Publishers and subscribers use the append functions and a
// Decoder instead, which do not allocate.
type Message struct {
	Header   Header
	DataSets []DataSet
}

// DataSet is a DataSetMessage.
type DataSet struct {
	Header DataSetHeader
	// Fields are in the order of the DataSet; only in a delta frame does Append look at their Index.
	Fields []Field
	// Layout gives RawData fields their fixed size, by index; without it each is encoded as its own type.
	Layout []RawField
	// ConfiguredSize is the size of the encoded DataSetMessage (Part 14, 6.3.1.3.3): it is padded with zeros up to it, and sent without
	// its fields as invalid when it would be larger. 0 leaves the size to the content.
	ConfiguredSize uint16
	// Raw are the encoded fields in RawData when there is no layout to read them by; Append takes it if there are no Fields.
	Raw []byte
}

// Append appends the encoded NetworkMessage to dst and returns the result. The error is an *Error that names the DataSetMessage
// and the field; dst is then returned as it was.
func (m *Message) Append(dst []byte) ([]byte, error) {
	ids := make([]uint16, len(m.DataSets))
	bodies := make([][]byte, len(m.DataSets))
	for i := range m.DataSets {
		s := &m.DataSets[i]
		ids[i] = s.Header.WriterID
		var err error
		if bodies[i], err = s.append(nil, i); err != nil {
			return dst, err
		}
	}
	return AppendNetworkMessage(dst, &m.Header, ids, bodies)
}

func (s *DataSet) append(dst []byte, dataSet int) ([]byte, error) {
	h := &s.Header
	switch {
	case len(s.Fields) > math.MaxUint16:
		return dst, &Error{dataSet, -1, -1, fmt.Errorf("%w: %d fields; want up to 65535", ErrLimit, len(s.Fields))}
	case h.Kind == KeepAlive && len(s.Fields) > 0:
		return dst, &Error{dataSet, -1, -1, fmt.Errorf("%w: a keep-alive with %d fields", ErrType, len(s.Fields))}
	}
	start := len(dst)
	dst = AppendDataSetHeader(dst, h, uint16(len(s.Fields)))
	header := len(dst)
	var err error
	if !h.Invalid {
		if dst, err = s.appendFields(dst, dataSet); err != nil {
			return dst, err
		}
	}
	if dst, err = fit(dst, start, header, int(s.ConfiguredSize)); err != nil {
		return dst, &Error{dataSet, -1, -1, err}
	}
	return dst, nil
}

// fit brings the DataSetMessage that begins at start, and whose header ends at header, to the configured size.
func fit(dst []byte, start, header, size int) ([]byte, error) {
	switch {
	case size == 0:
		return dst, nil
	case header-start > size:
		return dst[:start], fmt.Errorf("%w: header of %d bytes, more than the configured size of %d", ErrLimit, header-start, size)
	case len(dst)-start > size:
		dst[start] &^= flags1Valid
		dst = dst[:header]
	}
	return append(dst, make([]byte, size-(len(dst)-start))...), nil
}

func (s *DataSet) appendFields(dst []byte, dataSet int) ([]byte, error) {
	h := &s.Header
	for i := range s.Fields {
		index := i
		if h.Kind == DeltaFrame {
			index = int(s.Fields[i].Index)
			dst = append(dst, byte(index), byte(index>>8))
		}
		var err error
		if dst, err = s.appendField(dst, index, &s.Fields[i].Value); err != nil {
			return dst, &Error{dataSet, index, -1, err}
		}
	}
	if len(s.Fields) == 0 {
		dst = append(dst, s.Raw...)
	}
	return dst, nil
}

func (s *DataSet) appendField(dst []byte, index int, v *model.DataValue) ([]byte, error) {
	if s.Header.Encoding == EncodingRawData && index < len(s.Layout) {
		return AppendRawField(dst, v.Value, &s.Layout[index])
	}
	return AppendField(dst, v, s.Header.Encoding)
}

// ParseMessage decodes a frame whole. layout gives the layout of a writer's fields, see RawField; it may be nil, and may
// return nil if it is not known. The Message does not share memory with frame.
func ParseMessage(frame []byte, layout func(writerID uint16) []RawField) (*Message, error) {
	var d Decoder // its memory becomes the Message's
	if err := d.Decode(bytes.Clone(frame)); err != nil {
		return nil, err
	}
	m := &Message{Header: d.header}
	for d.Next() {
		s := DataSet{Header: d.head}
		if layout != nil {
			s.Layout = layout(d.head.WriterID)
			d.SetLayout(s.Layout)
		}
		s.Fields = make([]Field, min(d.FieldCount(), len(frame)))
		s.Fields = s.Fields[:d.Fields(s.Fields)]
		if s.Header.Encoding == EncodingRawData && s.Layout == nil {
			s.Raw = d.Rest()
		}
		m.DataSets = append(m.DataSets, s)
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	return m, nil
}
