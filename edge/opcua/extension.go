package opcua

import (
	"bytes"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// rawBody keeps the body of a structure as bytes.
type rawBody struct{ b []byte }

// Decode takes the whole body.
func (r *rawBody) Decode(b []byte) (int, error) {
	r.b = bytes.Clone(b)
	return len(b), nil
}

// Encode gives it back.
func (r *rawBody) Encode() ([]byte, error) { return r.b, nil }

// uaExtensionObject converts a structure for gopcua. A body is never nil in an object that has one: gopcua would panic.
func uaExtensionObject(t model.NamespaceTable, x *model.ExtensionObject) (*ua.ExtensionObject, error) {
	id, err := t.Resolve(x.TypeID)
	if err != nil {
		return nil, err
	}
	e := &ua.ExtensionObject{TypeID: &ua.ExpandedNodeID{NodeID: uaNodeID(id)}, EncodingMask: uint8(x.Encoding)}
	switch x.Encoding {
	case model.ExtensionNoBody:
	case model.ExtensionXML:
		text := ua.XMLElement(x.Body)
		e.Value = &text
	default:
		e.Value = &rawBody{x.Body}
	}
	return e, nil
}
