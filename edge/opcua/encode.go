package opcua

import (
	"fmt"
	"reflect"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// encoder makes gopcua's values of the model's, to be written or passed to a method: ids and names by the session's namespace table.
type encoder struct {
	namespaces model.NamespaceTable
	// nodeIDs asks for NodeIds where the value has ExpandedNodeIds: in the model all ids are such.
	nodeIDs bool
}

// variant converts v. The error says what cannot be sent and why.
func (e *encoder) variant(v model.Variant) (*ua.Variant, error) {
	value, err := e.value(v)
	if err != nil {
		return nil, err
	}
	r, err := ua.NewVariant(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", v.TypeName(), err)
	}
	return r, nil
}

func (e *encoder) value(v model.Variant) (any, error) {
	if v.IsArray() {
		return e.array(v)
	}
	switch v.Type() {
	case model.TypeDateTime:
		return uaTime(v.DateTime())
	case model.TypeStatusCode:
		return ua.StatusCode(v.StatusCode()), nil
	case model.TypeXMLElement:
		return ua.XMLElement(v.Text()), nil
	case model.TypeString:
		return v.Text(), nil
	case model.TypeByteString:
		return v.Bytes(), nil
	case model.TypeGUID:
		return uaGUID(v.GUID()), nil
	case model.TypeNodeID:
		return uaNodeID(v.NodeID()), nil
	case model.TypeExpandedNodeID:
		return e.expandedNodeID(v.ExpandedNodeID())
	case model.TypeQualifiedName:
		return uaQualifiedName(e.namespaces, v.QualifiedName())
	case model.TypeLocalizedText:
		t := v.LocalizedText()
		return ua.NewLocalizedTextWithLocale(t.Text, t.Locale), nil
	case model.TypeExtensionObject:
		x := v.ExtensionObject()
		return uaExtensionObject(e.namespaces, &x)
	case model.TypeDataValue:
		d := v.DataValue()
		return e.dataValue(&d)
	case model.TypeDiagnosticInfo:
		return nil, fmt.Errorf("a DiagnosticInfo cannot be written")
	}
	return v.Any(), nil // null and numbers are the same Go types
}

func uaGUID(g model.GUID) *ua.GUID { return ua.NewGUID(g.String()) }

func (e *encoder) expandedNodeID(id model.ExpandedNodeID) (any, error) {
	if e.nodeIDs {
		return e.localID(id)
	}
	return e.expandedID(id)
}

func (e *encoder) localID(id model.ExpandedNodeID) (*ua.NodeID, error) {
	n, err := e.namespaces.Resolve(id)
	return uaNodeID(n), err
}

// expandedID keeps URIs that the server does not know, and the index of another server.
func (e *encoder) expandedID(id model.ExpandedNodeID) (*ua.ExpandedNodeID, error) {
	if n, err := e.namespaces.Resolve(id); err == nil {
		return &ua.ExpandedNodeID{NodeID: uaNodeID(n)}, nil
	}
	return ua.NewExpandedNodeID(uaNodeID(id.NodeID), id.NamespaceURI, id.ServerIndex), nil
}

func (e *encoder) dataValue(d *model.DataValue) (*ua.DataValue, error) {
	v, err := e.variant(d.Value)
	if err != nil {
		return nil, err
	}
	r := &ua.DataValue{Value: v, Status: ua.StatusCode(d.Status), SourcePicoseconds: d.SourcePicoseconds, ServerPicoseconds: d.ServerPicoseconds}
	if r.SourceTimestamp, err = uaTime(d.SourceTimestamp); err != nil {
		return nil, err
	}
	if r.ServerTimestamp, err = uaTime(d.ServerTimestamp); err != nil {
		return nil, err
	}
	r.UpdateMask()
	return r, nil
}

// array converts arrays and matrices.
func (e *encoder) array(v model.Variant) (any, error) {
	switch v.Type() {
	case model.TypeByteString:
		return nil, fmt.Errorf("an array of ByteString cannot be sent here: it can be a value, or an element of an array of Variant")
	case model.TypeByte:
		return nest(v, ua.ByteArray(model.Elements[uint8](v)))
	case model.TypeDateTime:
		return through(v, uaTime)
	case model.TypeStatusCode:
		return through(v, func(s model.StatusCode) (ua.StatusCode, error) { return ua.StatusCode(s), nil })
	case model.TypeXMLElement:
		return through(v, func(x model.XMLElement) (ua.XMLElement, error) { return ua.XMLElement(x), nil })
	case model.TypeGUID:
		return through(v, func(g model.GUID) (*ua.GUID, error) { return uaGUID(g), nil })
	case model.TypeNodeID:
		return through(v, func(n model.NodeID) (*ua.NodeID, error) { return uaNodeID(n), nil })
	case model.TypeExpandedNodeID:
		if e.nodeIDs {
			return through(v, e.localID)
		}
		return through(v, e.expandedID)
	case model.TypeQualifiedName:
		return through(v, func(q model.QualifiedName) (*ua.QualifiedName, error) { return uaQualifiedName(e.namespaces, q) })
	case model.TypeLocalizedText:
		return through(v, func(t model.LocalizedText) (*ua.LocalizedText, error) {
			return ua.NewLocalizedTextWithLocale(t.Text, t.Locale), nil
		})
	case model.TypeExtensionObject:
		return through(v, func(x model.ExtensionObject) (*ua.ExtensionObject, error) {
			return uaExtensionObject(e.namespaces, &x)
		})
	case model.TypeDataValue:
		return through(v, func(d model.DataValue) (*ua.DataValue, error) { return e.dataValue(&d) })
	case model.TypeVariant:
		return through(v, e.variant)
	case model.TypeDiagnosticInfo:
		return nil, fmt.Errorf("a DiagnosticInfo cannot be written")
	}
	return nest(v, v.Any())
}

// through converts element by element.
func through[F model.Element, T any](v model.Variant, convert func(F) (T, error)) (any, error) {
	from := model.Elements[F](v)
	if from == nil {
		return []T(nil), nil
	}
	to := make([]T, len(from))
	for i := range from {
		var err error
		if to[i], err = convert(from[i]); err != nil {
			return nil, fmt.Errorf("[%d]: %w", i, err)
		}
	}
	return nest(v, to)
}

// nest makes slices of slices of a matrix's elements, as gopcua wants them.
func nest(v model.Variant, row any) (any, error) {
	dims := v.Dimensions()
	if len(dims) < 2 {
		return row, nil
	}
	r := reflect.ValueOf(row)
	for _, n := range slicesReversed(dims[1:]) {
		if n == 0 || r.Len()%n != 0 {
			return nil, fmt.Errorf("a matrix of dimensions %v cannot be written: want no dimension of length 0", dims)
		}
		outer := reflect.MakeSlice(reflect.SliceOf(r.Type()), 0, r.Len()/n)
		for i := 0; i < r.Len(); i += n {
			outer = reflect.Append(outer, r.Slice(i, i+n))
		}
		r = outer
	}
	return r.Interface(), nil
}

func slicesReversed(dims []int32) []int {
	r := make([]int, 0, len(dims))
	for i := len(dims) - 1; i >= 0; i-- {
		r = append(r, int(dims[i]))
	}
	return r
}
