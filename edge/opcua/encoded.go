package opcua

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// encodedVariant is a Variant as it is sent (Part 6, 5.2.2.16). gopcua's own encodes no array of ByteString: it leaves the elements out.
type encodedVariant []byte

var _ ua.BinaryEncoder = encodedVariant(nil)

// Encode implements ua.BinaryEncoder.
func (v encodedVariant) Encode() ([]byte, error) { return v, nil }

// The encoding byte of a Variant.
const (
	variantDimensions = 0x40
	variantArray      = 0x80
)

// encode converts v to what is sent. The error says what cannot be sent and why.
func (e *encoder) encode(v model.Variant) (encodedVariant, error) {
	switch {
	case v.IsArray() && v.Type() == model.TypeByteString:
		return appendArray(v, model.Elements[[]byte](v), func(b, element []byte) ([]byte, error) {
			if element == nil {
				return binary.LittleEndian.AppendUint32(b, math.MaxUint32), nil
			}
			return append(binary.LittleEndian.AppendUint32(b, uint32(len(element))), element...), nil
		})
	case v.IsArray() && v.Type() == model.TypeVariant: // some may be such arrays
		return appendArray(v, model.Elements[model.Variant](v), func(b []byte, element model.Variant) ([]byte, error) {
			x, err := e.encode(element)
			return append(b, x...), err
		})
	}
	u, err := e.variant(v)
	if err != nil {
		return nil, err
	}
	return u.Encode()
}

// appendArray makes an array or matrix.
func appendArray[T any](v model.Variant, elements []T, appendElement func([]byte, T) ([]byte, error)) (b encodedVariant, err error) {
	dimensions := v.Dimensions()
	mask := byte(v.Type()) | variantArray
	if len(dimensions) > 1 {
		mask |= variantDimensions
	}
	n := uint32(len(elements))
	if elements == nil {
		n = math.MaxUint32 // a null array
	}
	b = binary.LittleEndian.AppendUint32(append(b, mask), n)
	for i := range elements {
		if b, err = appendElement(b, elements[i]); err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
	}
	if len(dimensions) > 1 {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(dimensions)))
		for _, n := range dimensions {
			b = binary.LittleEndian.AppendUint32(b, uint32(n))
		}
	}
	return b, nil
}

// writeRequest is ua.WriteRequest with encoded values (Part 4, 5.10.4).
type writeRequest struct {
	RequestHeader *ua.RequestHeader
	NodesToWrite  []*valueToWrite
}

type valueToWrite struct {
	NodeID      *ua.NodeID
	AttributeID ua.AttributeID
	IndexRange  string
	Value       writtenValue
}

// writtenValue is a DataValue with a value, and with a status and a source timestamp unless they are 0 (Part 6, 5.2.2.17).
type writtenValue struct {
	encodedVariant
	status model.StatusCode
	source model.DateTime
}

// Encode implements ua.BinaryEncoder.
func (v writtenValue) Encode() ([]byte, error) {
	mask := byte(ua.DataValueValue)
	if v.status != 0 {
		mask |= ua.DataValueStatusCode
	}
	if v.source != 0 {
		mask |= ua.DataValueSourceTimestamp
	}
	b := append([]byte{mask}, v.encodedVariant...)
	if v.status != 0 {
		b = binary.LittleEndian.AppendUint32(b, uint32(v.status))
	}
	if v.source != 0 {
		b = binary.LittleEndian.AppendUint64(b, uint64(v.source))
	}
	return b, nil
}

func (r *writeRequest) Header() *ua.RequestHeader     { return r.RequestHeader }
func (r *writeRequest) SetHeader(h *ua.RequestHeader) { r.RequestHeader = h }

// TypeID implements securechannel.Request.
func (r *writeRequest) TypeID() uint16 { return id.WriteRequest_Encoding_DefaultBinary }

// callRequest is ua.CallRequest with encoded arguments (Part 4, 5.11.2).
type callRequest struct {
	RequestHeader *ua.RequestHeader
	MethodsToCall []*callMethod
}

type callMethod struct {
	ObjectID, MethodID *ua.NodeID
	InputArguments     []encodedVariant
}

func (r *callRequest) Header() *ua.RequestHeader     { return r.RequestHeader }
func (r *callRequest) SetHeader(h *ua.RequestHeader) { r.RequestHeader = h }

// TypeID implements securechannel.Request.
func (r *callRequest) TypeID() uint16 { return id.CallRequest_Encoding_DefaultBinary }
