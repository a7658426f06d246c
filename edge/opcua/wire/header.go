package wire

import (
	"fmt"

	"github.com/gopcua/opcua/id"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// ServiceFault is the type of the response to a request that failed (Part 4, 7.35).
const ServiceFault = id.ServiceFault_Encoding_DefaultBinary

// Header is what every response begins with: the type of its body and the ResponseHeader (Part 4, 7.34).
type Header struct {
	// TypeID is the identifier in namespace 0 of the body's binary encoding.
	TypeID uint32
	// Result is the ServiceResult. A response with a Bad one has nothing more to read.
	Result model.StatusCode
}

// ReadHeader reads a header; r then stands at the response's own parameters.
func ReadHeader(r *uadp.Binary) (h Header, err error) {
	t := r.NodeID()
	if t.Namespace() != 0 || t.Type() != model.IDNumeric {
		r.Fail(fmt.Errorf("%w: a message of type %s", uadp.ErrMalformed, t))
	}
	h.TypeID = t.Numeric()
	r.DateTime()
	r.Uint32() // the handle: the RequestId of the chunks tells whose response it is
	h.Result = r.StatusCode()
	r.DiagnosticInfo()
	for range max(r.Count(4), 0) {
		_ = r.String()
	}
	r.ExtensionObject()
	return h, r.Err()
}
