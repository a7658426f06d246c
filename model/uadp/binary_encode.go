package uadp

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// AppendVariant appends the binary encoding of v (Part 6, 5.2.2.16) to dst and returns the result. On an error, ErrType or
// ErrLimit, it returns dst as it was. Composite values without a value are encoded as their type's null.
func AppendVariant(dst []byte, v model.Variant) ([]byte, error) {
	e := encoder{buf: dst}
	e.variant(v)
	return e.finish(dst)
}

// AppendDataValue appends the binary encoding of v (Part 6, 5.2.2.17) to dst and returns the result. On an error, ErrType or
// ErrLimit, it returns dst as it was. A null value, the status Good and times of 0 are left out.
func AppendDataValue(dst []byte, v *model.DataValue) ([]byte, error) {
	e := encoder{buf: dst}
	e.dataValue(v)
	return e.finish(dst)
}

// encoder appends values to buf with a sticky error.
type encoder struct {
	buf   []byte
	depth int
	// padTo is the size to which strings are padded in RawData, else 0.
	padTo int
	// ext2 are bits of ExtendedFlags2 besides those that follow from the header: chunk and the kind of the message.
	ext2 uint8
	// emptySecurity asks for a security header that tells that there is no security, as discovery messages have.
	emptySecurity bool
	err           error
}

// finish returns what was appended, or dst if something was wrong.
func (e *encoder) finish(dst []byte) ([]byte, error) {
	if e.err != nil {
		return dst, e.err
	}
	return e.buf, nil
}

func (e *encoder) failf(reason error, format string, args ...any) {
	if e.err == nil {
		e.err = fmt.Errorf("%w: "+format, append([]any{reason}, args...)...)
	}
}

// enter goes one level deeper into nested values; leave goes back.
func (e *encoder) enter() bool {
	if e.depth >= maxDepth {
		e.failf(ErrLimit, "nested over %d deep", maxDepth)
		return false
	}
	e.depth++
	return e.err == nil
}

func (e *encoder) leave() { e.depth-- }

func (e *encoder) uint8(n uint8)   { e.buf = append(e.buf, n) }
func (e *encoder) uint16(n uint16) { e.buf = binary.LittleEndian.AppendUint16(e.buf, n) }
func (e *encoder) uint32(n uint32) { e.buf = binary.LittleEndian.AppendUint32(e.buf, n) }
func (e *encoder) uint64(n uint64) { e.buf = binary.LittleEndian.AppendUint64(e.buf, n) }

func (e *encoder) bool(b bool) {
	if b {
		e.uint8(1)
		return
	}
	e.uint8(0)
}

func (e *encoder) float32(f float32) { e.uint32(math.Float32bits(f)) }
func (e *encoder) float64(f float64) { e.uint64(math.Float64bits(f)) }

// null appends the length of a null array, string or ByteString.
func (e *encoder) null() { e.uint32(math.MaxUint32) }

// length appends the length of an array, string or ByteString.
func (e *encoder) length(n int) {
	if n > math.MaxInt32 {
		e.failf(ErrLimit, "length %d is no Int32", n)
	}
	e.uint32(uint32(n))
}

func (e *encoder) string(s string) {
	e.length(len(s))
	e.buf = append(e.buf, s...)
	e.pad(len(s))
}

func (e *encoder) bytes(b []byte) {
	if b == nil {
		e.nullString()
		return
	}
	e.length(len(b))
	e.buf = append(e.buf, b...)
	e.pad(len(b))
}

func (e *encoder) nullString() {
	e.null()
	e.pad(0)
}

// text appends a part of a composite value, for which empty is the same as null.
func (e *encoder) text(s string) {
	if s == "" {
		e.null()
		return
	}
	e.string(s)
}

// pad appends zeros after a string of n bytes up to the size of its field in RawData.
func (e *encoder) pad(n int) {
	if e.padTo == 0 {
		return
	}
	if n > e.padTo {
		e.failf(ErrLimit, "string of %d bytes, longer than the field's MaxStringLength %d", n, e.padTo)
		return
	}
	e.zeros(e.padTo - n)
}

func (e *encoder) zeros(n int) {
	if n > maxPadding {
		e.failf(ErrLimit, "padding of %d bytes; want up to %d", n, maxPadding)
		return
	}
	for range n {
		e.buf = append(e.buf, 0)
	}
}

// variant appends a Variant.
func (e *encoder) variant(v model.Variant) {
	t := v.Type()
	switch {
	case t == model.TypeNull && !v.IsArray():
		e.uint8(0)
	case !t.Valid():
		e.failf(ErrType, "%v is no built-in type", t)
	case v.IsArray():
		e.variantArray(v)
	default:
		e.uint8(uint8(t))
		e.scalar(v)
	}
}

// scalar appends the bare value of a scalar.
func (e *encoder) scalar(v model.Variant) {
	switch t := v.Type(); t {
	case model.TypeBoolean:
		e.bool(v.Bool())
	case model.TypeSByte:
		e.uint8(uint8(v.Int()))
	case model.TypeByte:
		e.uint8(uint8(v.Uint()))
	case model.TypeInt16:
		e.uint16(uint16(v.Int()))
	case model.TypeUInt16:
		e.uint16(uint16(v.Uint()))
	case model.TypeInt32:
		e.uint32(uint32(v.Int()))
	case model.TypeUInt32:
		e.uint32(uint32(v.Uint()))
	case model.TypeInt64:
		e.uint64(uint64(v.Int()))
	case model.TypeUInt64:
		e.uint64(v.Uint())
	case model.TypeFloat:
		e.float32(float32(v.Float()))
	case model.TypeDouble:
		e.float64(v.Float())
	case model.TypeDateTime:
		e.uint64(uint64(v.DateTime()))
	case model.TypeStatusCode:
		e.uint32(uint32(v.StatusCode()))
	case model.TypeString, model.TypeXMLElement:
		if v.IsNull() {
			e.nullString()
			return
		}
		e.string(v.Text())
	case model.TypeByteString:
		e.bytes(v.Bytes())
	default:
		e.composite(v)
	}
}

// composite appends the bare value of a scalar that a Variant points to.
func (e *encoder) composite(v model.Variant) {
	switch t := v.Type(); t {
	case model.TypeGUID:
		e.buf = v.GUID().AppendWire(e.buf)
	case model.TypeNodeID:
		e.nodeID(v.NodeID(), 0)
	case model.TypeExpandedNodeID:
		e.expandedNodeID(v.ExpandedNodeID())
	case model.TypeQualifiedName:
		e.qualifiedName(v.QualifiedName())
	case model.TypeLocalizedText:
		e.localizedText(v.LocalizedText())
	case model.TypeExtensionObject:
		e.extensionObject(v.ExtensionObject())
	case model.TypeDataValue:
		d := v.DataValue()
		if e.enter() {
			e.dataValue(&d)
			e.leave()
		}
	case model.TypeDiagnosticInfo:
		d := v.DiagnosticInfo()
		e.diagnosticInfo(&d)
	default:
		e.failf(ErrType, "a single value of type %v", t) // a Variant holds no Variant but in an array
	}
}

// dataValue appends a DataValue.
func (e *encoder) dataValue(v *model.DataValue) {
	at := len(e.buf)
	e.uint8(0)
	var mask uint8
	if v.Value.Type() != model.TypeNull {
		mask |= dataValueValue
		e.variant(v.Value)
	}
	if v.Status != 0 {
		mask |= dataValueStatus
		e.uint32(uint32(v.Status))
	}
	if v.SourceTimestamp != 0 {
		mask |= dataValueSourceTimestamp
		e.uint64(uint64(v.SourceTimestamp))
	}
	if v.SourcePicoseconds != 0 {
		mask |= dataValueSourcePicoSeconds
		e.uint16(min(v.SourcePicoseconds, maxPicoSeconds))
	}
	if v.ServerTimestamp != 0 {
		mask |= dataValueServerTimestamp
		e.uint64(uint64(v.ServerTimestamp))
	}
	if v.ServerPicoseconds != 0 {
		mask |= dataValueServerPicoSeconds
		e.uint16(min(v.ServerPicoseconds, maxPicoSeconds))
	}
	e.buf[at] = mask
}

// nodeID appends a NodeId in its shortest form; flags are those of an ExpandedNodeId.
func (e *encoder) nodeID(n model.NodeID, flags uint8) {
	ns, num := n.Namespace(), n.Numeric()
	switch {
	case n.Type() == model.IDString:
		e.uint8(nodeIDString | flags)
		e.uint16(ns)
		e.text(n.Text())
	case n.Type() == model.IDGUID:
		e.uint8(nodeIDGUID | flags)
		e.uint16(ns)
		e.buf = n.GUID().AppendWire(e.buf)
	case n.Type() == model.IDOpaque:
		e.uint8(nodeIDOpaque | flags)
		e.uint16(ns)
		e.text(n.Text())
	case ns == 0 && num <= math.MaxUint8:
		e.uint8(nodeIDTwoByte | flags)
		e.uint8(uint8(num))
	case ns <= math.MaxUint8 && num <= math.MaxUint16:
		e.uint8(nodeIDFourByte | flags)
		e.uint8(uint8(ns))
		e.uint16(uint16(num))
	default:
		e.uint8(nodeIDNumeric | flags)
		e.uint16(ns)
		e.uint32(num)
	}
}

func (e *encoder) expandedNodeID(n model.ExpandedNodeID) {
	var flags uint8
	if n.NamespaceURI != "" {
		flags |= nodeIDNamespaceURI
	}
	if n.ServerIndex != 0 {
		flags |= nodeIDServerIndex
	}
	e.nodeID(n.NodeID, flags)
	if n.NamespaceURI != "" {
		e.string(n.NamespaceURI)
	}
	if n.ServerIndex != 0 {
		e.uint32(n.ServerIndex)
	}
}

func (e *encoder) qualifiedName(q model.QualifiedName) {
	e.uint16(q.Namespace)
	e.text(q.Name)
}

func (e *encoder) localizedText(t model.LocalizedText) {
	var mask uint8
	if t.Locale != "" {
		mask |= localizedTextLocale
	}
	if t.Text != "" {
		mask |= localizedTextText
	}
	e.uint8(mask)
	if t.Locale != "" {
		e.string(t.Locale)
	}
	if t.Text != "" {
		e.string(t.Text)
	}
}

// extensionObject appends an ExtensionObject. A type id with a namespace URI goes out in the form of an ExpandedNodeId.
func (e *encoder) extensionObject(x model.ExtensionObject) {
	e.expandedNodeID(x.TypeID)
	e.uint8(uint8(x.Encoding))
	switch x.Encoding {
	case model.ExtensionNoBody:
	case model.ExtensionBinary, model.ExtensionXML:
		e.bytes(x.Body)
	default:
		e.failf(ErrType, "extension object encoding %d; want 0, 1 or 2", x.Encoding)
	}
}

func (e *encoder) diagnosticInfo(d *model.DiagnosticInfo) {
	at := len(e.buf)
	e.uint8(0)
	var mask uint8
	for _, index := range [...]struct {
		n    int32
		flag uint8
	}{
		{d.SymbolicID, diagnosticSymbolicID},
		{d.NamespaceURI, diagnosticNamespaceURI},
		{d.Locale, diagnosticLocale},
		{d.LocalizedText, diagnosticLocalizedText},
	} {
		if index.n != -1 {
			mask |= index.flag
			e.uint32(uint32(index.n))
		}
	}
	if d.AdditionalInfo != "" {
		mask |= diagnosticAdditionalInfo
		e.string(d.AdditionalInfo)
	}
	if d.InnerStatusCode != 0 {
		mask |= diagnosticInnerStatusCode
		e.uint32(uint32(d.InnerStatusCode))
	}
	if d.InnerDiagnosticInfo != nil && e.enter() {
		mask |= diagnosticInner
		e.diagnosticInfo(d.InnerDiagnosticInfo)
		e.leave()
	}
	e.buf[at] = mask
}
