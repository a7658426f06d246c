package uadp

import (
	"encoding/binary"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// This file is a delivery of live values as bytes: between gateway and core, and where deliveries are kept. It is the platform's own form, since a
// delivery is none of PubSub; its values are in the binary encoding (Part 6, 5.2). Of an item there is its number alone: whoever asked for the
// values knows its node; timestamps are differences, since those of a delivery are close to each other. One Double with both timestamps takes some 15 bytes,
// a fifteenth of the same as JSON.

// changesVersion is the first byte. JSON does not begin with it.
const changesVersion = 1

// Flags of a delivery, and of one change beside the number of its item.
const (
	changesOverflow = 1 << iota
	changesConnection
)

const (
	changeMessage = 1 << iota
	changeSourceTimestamp
	changeServerTimestamp
	changeBits = iota
)

// AppendValueChanges appends a delivery to dst. It is not ok when a value has a type whose binary form would lose the namespaces of what it names, or a
// structure that stands as JSON: such a delivery is for JSON.
func AppendValueChanges(dst []byte, c *model.ValueChanges) (_ []byte, ok bool) {
	flags := byte(0)
	if c.Overflow {
		flags |= changesOverflow
	}
	if c.Connection != nil {
		flags |= changesConnection
	}
	dst = append(dst, changesVersion, flags)
	dst = binary.AppendUvarint(dst, c.Sequence)
	dst = binary.AppendUvarint(dst, uint64(len(c.Changes)))
	var before model.DateTime
	for i := range c.Changes {
		v := &c.Changes[i]
		if !selfContained(v.Value.Value.Type()) {
			return nil, false
		}
		var err error
		if dst, err = appendChange(dst, v, &before); err != nil {
			return nil, false
		}
	}
	dst = binary.AppendUvarint(dst, uint64(len(c.States)))
	for i := range c.States {
		s := &c.States[i]
		dst = binary.AppendUvarint(dst, uint64(s.Item))
		dst = binary.LittleEndian.AppendUint32(dst, uint32(s.Status))
		dst = appendCounted(dst, s.Message)
	}
	if c.Connection != nil {
		dst = appendCounted(appendCounted(dst, string(c.Connection.State)), c.Connection.Message)
	}
	return dst, true
}

// appendChange appends one change. before is the source timestamp of the one before.
func appendChange(dst []byte, v *model.ValueChange, before *model.DateTime) (_ []byte, err error) {
	value := v.Value
	head := uint64(v.Item) << changeBits
	if v.Message != "" {
		head |= changeMessage
	}
	if value.SourceTimestamp != 0 {
		head |= changeSourceTimestamp
	}
	if value.ServerTimestamp != 0 {
		head |= changeServerTimestamp
	}
	dst = binary.AppendUvarint(dst, head)
	if value.SourceTimestamp != 0 {
		dst = binary.AppendVarint(dst, int64(value.SourceTimestamp-*before))
		*before = value.SourceTimestamp
	}
	if value.ServerTimestamp != 0 {
		dst = binary.AppendVarint(dst, int64(value.ServerTimestamp-*before))
	}
	value.SourceTimestamp, value.ServerTimestamp = 0, 0
	if dst, err = AppendDataValue(dst, &value); err != nil {
		return nil, err
	}
	if v.Message != "" {
		dst = appendCounted(dst, v.Message)
	}
	return dst, nil
}

// selfContained tells whether values of a type have the same meaning wherever they are decoded.
func selfContained(t model.BuiltInType) bool {
	switch t {
	case model.TypeNodeID, model.TypeExpandedNodeID, model.TypeQualifiedName, model.TypeExtensionObject, model.TypeDataValue, model.TypeVariant, model.TypeDiagnosticInfo:
		return false
	}
	return true
}

func appendCounted(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// IsValueChanges tells whether b is what AppendValueChanges writes, and not JSON.
func IsValueChanges(b []byte) bool { return len(b) > 0 && b[0] == changesVersion }

// DecodeValueChanges reads what AppendValueChanges wrote of a monitoring that r asked for. Texts of the result point into b, which is not to be changed.
func DecodeValueChanges(b []byte, r *model.MonitorRequest) (c model.ValueChanges, err error) {
	if !IsValueChanges(b) {
		return c, fmt.Errorf("delivery of live values: version: %w", ErrUnsupported)
	}
	d := changesReader{request: r, nodes: r.Count()}
	d.in.Reset(b[1:], nil)
	flags := d.in.Uint8()
	c.Overflow = flags&changesOverflow != 0
	c.Sequence = d.uvarint()
	c.Changes = make([]model.ValueChange, d.count(2))
	for i := range c.Changes {
		d.change(&c.Changes[i])
	}
	if n := d.count(6); n > 0 {
		c.States = make([]model.MonitoredItemState, n)
		for i := range c.States {
			s := &c.States[i]
			s.Item, s.NodeID = d.item(d.uvarint())
			s.Status = d.in.StatusCode()
			s.Message = d.counted()
		}
	}
	if flags&changesConnection != 0 {
		c.Connection = &model.MonitorConnection{State: model.ConnectionState(d.counted()), Message: d.counted()}
	}
	if d.in.Err() == nil && d.in.Left() > 0 {
		d.in.Fail(fmt.Errorf("%d bytes after the end: %w", d.in.Left(), ErrMalformed))
	}
	if err := d.in.Err(); err != nil {
		return model.ValueChanges{}, fmt.Errorf("delivery of live values: %w", err)
	}
	return c, nil
}

// changesReader reads one delivery.
type changesReader struct {
	in      Binary
	request *model.MonitorRequest
	nodes   int
	before  model.DateTime // source timestamp of the change before
}

func (d *changesReader) change(v *model.ValueChange) {
	head := d.uvarint()
	v.Item, v.NodeID = d.item(head >> changeBits)
	if head&changeSourceTimestamp != 0 {
		d.before += d.difference()
	}
	server := d.before
	if head&changeServerTimestamp != 0 {
		server += d.difference()
	}
	d.in.DataValue(&v.Value)
	if head&changeSourceTimestamp != 0 {
		v.Value.SourceTimestamp = d.before
	}
	if head&changeServerTimestamp != 0 {
		v.Value.ServerTimestamp = server
	}
	if t := v.Value.Value.Type(); v.Value.Value.IsArray() || t == model.TypeGUID || t == model.TypeLocalizedText {
		v.Value = v.Value.Clone() // else it is the reader's
	}
	if head&changeMessage != 0 {
		v.Message = d.counted()
	}
}

// item is the number of one with its node.
func (d *changesReader) item(i uint64) (int, model.ExpandedNodeID) {
	if i >= uint64(d.nodes) {
		d.in.Fail(fmt.Errorf("item %d of %d: %w", i, d.nodes, ErrMalformed))
		return 0, model.ExpandedNodeID{}
	}
	if n := int(i); n < len(d.request.NodeIDs) {
		return n, d.request.NodeIDs[n]
	}
	return int(i), d.request.Items[int(i)-len(d.request.NodeIDs)].NodeID
}

func (d *changesReader) uvarint() uint64 {
	n, size := binary.Uvarint(d.in.Rest())
	if size <= 0 {
		d.in.Fail(ErrTruncated)
		return 0
	}
	d.in.Take(size)
	return n
}

func (d *changesReader) difference() model.DateTime {
	n, size := binary.Varint(d.in.Rest())
	if size <= 0 {
		d.in.Fail(ErrTruncated)
		return 0
	}
	d.in.Take(size)
	return model.DateTime(n)
}

// count is a number of things that take at least size bytes each.
func (d *changesReader) count(size int) int {
	n := d.uvarint()
	if n > uint64(d.in.Left()/size) {
		d.in.Fail(fmt.Errorf("%d entries in %d bytes: %w", n, d.in.Left(), ErrTruncated))
		return 0
	}
	return int(n)
}

func (d *changesReader) counted() string {
	b := d.in.Take(d.count(1))
	if len(b) == 0 {
		return ""
	}
	return alias(b)
}
