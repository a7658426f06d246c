package uadp

import "github.com/shopfloor-iiot/shopfloor/model"

// variantArray appends the encoding byte, the elements and the dimensions of an array.
func (e *encoder) variantArray(v model.Variant) {
	dims := v.Dimensions()
	enc := uint8(v.Type()) | variantArray
	if len(dims) == 0 {
		e.uint8(enc)
		e.array(v)
		return
	}
	if !e.checkDimensions(v) {
		return
	}
	e.uint8(enc | variantDimensions)
	e.array(v)
	e.dimensions(dims)
}

func (e *encoder) checkDimensions(v model.Variant) bool {
	if n, ok := product(v.Dimensions()); !ok || n != v.Len() {
		e.failf(ErrType, "dimensions %v of %d elements do not match", v.Dimensions(), v.Len())
		return false
	}
	return true
}

func (e *encoder) dimensions(dims []int32) {
	e.length(len(dims))
	for _, d := range dims {
		e.uint32(uint32(d))
	}
}

// array appends the length and the elements of an array.
func (e *encoder) array(v model.Variant) {
	if v.IsNull() {
		e.null()
		return
	}
	e.length(v.Len())
	e.elements(v)
}

// elements appends the elements of an array.
func (e *encoder) elements(v model.Variant) {
	switch v.Type() {
	case model.TypeBoolean:
		for _, b := range model.Elements[bool](v) {
			e.bool(b)
		}
	case model.TypeSByte:
		for _, n := range model.Elements[int8](v) {
			e.uint8(uint8(n))
		}
	case model.TypeByte:
		e.buf = append(e.buf, model.Elements[uint8](v)...)
	case model.TypeInt16:
		for _, n := range model.Elements[int16](v) {
			e.uint16(uint16(n))
		}
	case model.TypeUInt16:
		for _, n := range model.Elements[uint16](v) {
			e.uint16(n)
		}
	case model.TypeInt32:
		for _, n := range model.Elements[int32](v) {
			e.uint32(uint32(n))
		}
	case model.TypeUInt32:
		for _, n := range model.Elements[uint32](v) {
			e.uint32(n)
		}
	case model.TypeStatusCode:
		for _, c := range model.Elements[model.StatusCode](v) {
			e.uint32(uint32(c))
		}
	case model.TypeInt64:
		for _, n := range model.Elements[int64](v) {
			e.uint64(uint64(n))
		}
	case model.TypeUInt64:
		for _, n := range model.Elements[uint64](v) {
			e.uint64(n)
		}
	case model.TypeDateTime:
		for _, d := range model.Elements[model.DateTime](v) {
			e.uint64(uint64(d))
		}
	case model.TypeFloat:
		for _, f := range model.Elements[float32](v) {
			e.float32(f)
		}
	case model.TypeDouble:
		for _, f := range model.Elements[float64](v) {
			e.float64(f)
		}
	default:
		e.compositeElements(v)
	}
}

// compositeElements appends the elements of the types whose size varies, and of Guid.
func (e *encoder) compositeElements(v model.Variant) {
	switch v.Type() {
	case model.TypeString:
		for _, s := range model.Elements[string](v) {
			e.string(s)
		}
	case model.TypeXMLElement:
		for _, s := range model.Elements[model.XMLElement](v) {
			e.string(string(s))
		}
	case model.TypeByteString:
		for _, b := range model.Elements[[]byte](v) {
			e.bytes(b)
		}
	case model.TypeGUID:
		for _, g := range model.Elements[model.GUID](v) {
			e.buf = g.AppendWire(e.buf)
		}
	case model.TypeNodeID:
		for _, n := range model.Elements[model.NodeID](v) {
			e.nodeID(n, 0)
		}
	case model.TypeExpandedNodeID:
		for _, n := range model.Elements[model.ExpandedNodeID](v) {
			e.expandedNodeID(n)
		}
	case model.TypeQualifiedName:
		for _, q := range model.Elements[model.QualifiedName](v) {
			e.qualifiedName(q)
		}
	case model.TypeLocalizedText:
		for _, t := range model.Elements[model.LocalizedText](v) {
			e.localizedText(t)
		}
	case model.TypeExtensionObject:
		for _, x := range model.Elements[model.ExtensionObject](v) {
			e.extensionObject(x)
		}
	default:
		e.nestedElements(v)
	}
}

// nestedElements appends the elements of the types that hold values of any type.
func (e *encoder) nestedElements(v model.Variant) {
	if !e.enter() {
		return
	}
	defer e.leave()
	switch v.Type() {
	case model.TypeVariant:
		for _, x := range model.Elements[model.Variant](v) {
			e.variant(x)
		}
	case model.TypeDataValue:
		values := model.Elements[model.DataValue](v)
		for i := range values {
			e.dataValue(&values[i])
		}
	case model.TypeDiagnosticInfo:
		infos := model.Elements[model.DiagnosticInfo](v)
		for i := range infos {
			e.diagnosticInfo(&infos[i])
		}
	}
}
