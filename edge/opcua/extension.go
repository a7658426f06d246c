package opcua

import (
	"bytes"
	"sync/atomic"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxRawTypes bounds how many types one server can add to gopcua's registry, which never forgets.
const maxRawTypes = 4096

// rawBody keeps the body of a structure as bytes.
type rawBody struct{ b []byte }

// Decode takes the whole body.
func (r *rawBody) Decode(b []byte) (int, error) {
	r.b = bytes.Clone(b)
	return len(b), nil
}

// Encode gives it back.
func (r *rawBody) Encode() ([]byte, error) { return r.b, nil }

// rawTypes registers types of structures that gopcua does not know, whose bodies it would drop. Its registry is one for all
// servers, by NodeId without URI: as all unknown types get the same treatment, it does no harm when the ids of two servers collide.
type rawTypes struct{ n atomic.Int64 }

func (t *rawTypes) register(id *ua.NodeID) {
	if t.n.Add(1) <= maxRawTypes {
		ua.RegisterExtensionObject(id, new(rawBody))
	}
}

// extensionObject converts a structure. ok is false when its body was dropped because its type was not registered; it is from now on.
func (c *converter) extensionObject(e *ua.ExtensionObject) (x model.ExtensionObject, ok bool) {
	if e == nil || e.TypeID == nil {
		return x, true
	}
	x.TypeID = expandExpanded(c.namespaces, e.TypeID)
	x.Encoding = model.ExtensionEncoding(e.EncodingMask)
	switch body := e.Value.(type) {
	case nil:
		// An empty body looks the same as an unknown type.
		if e.EncodingMask == ua.ExtensionObjectEmpty {
			return x, true
		}
		c.raw.register(e.TypeID.NodeID)
		return x, false
	case *rawBody:
		x.Body = body.b
	case *ua.XMLElement:
		x.Body = []byte(*body)
	default:
		b, err := ua.Encode(body)
		if err != nil {
			return x, false
		}
		x.Body = b
	}
	return x, true
}

// uaExtensionObject is the opposite. A body is never nil in an object that has one: gopcua would panic.
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
