package securechannel

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/gopcua/opcua/ua"
)

// keepBuffer is the largest buffer that is kept for the next message.
const keepBuffer = 1 << 20

// Message is a response: the type of its body and the body, encoded (Part 6, 5.2.9).
type Message struct {
	// Body belongs to the Message until Release.
	Body []byte
	pool *sync.Pool
}

// Release gives the memory back. Nothing that points into Body may be used any more.
func (m *Message) Release() {
	if cap(m.Body) > keepBuffer {
		m.Body = nil
	}
	m.Body = m.Body[:0]
	m.pool.Put(m)
}

// Request is a request of a type that gopcua does not know.
type Request interface {
	ua.Request
	// TypeID is the id of its binary encoding, in namespace 0.
	TypeID() uint16
}

// encode makes the bytes of a request with its header (Part 4, 7.33).
func encode(req ua.Request, authentication *ua.NodeID, handle uint32, timeout time.Duration) ([]byte, error) {
	var typeID uint16
	if own, ok := req.(Request); ok {
		typeID = own.TypeID()
	} else {
		typeID = ua.ServiceTypeID(req)
	}
	if typeID == 0 {
		return nil, fmt.Errorf("encode %T: it is no request", req)
	}
	if authentication == nil {
		authentication = ua.NewTwoByteNodeID(0)
	}
	req.SetHeader(&ua.RequestHeader{
		AuthenticationToken: authentication, Timestamp: time.Now(), RequestHandle: handle,
		TimeoutHint: uint32(min(timeout.Milliseconds(), math.MaxUint32)),
	})
	b, err := ua.Encode(req)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", req, err)
	}
	return append([]byte{1, 0, byte(typeID), byte(typeID >> 8)}, b...), nil // a NodeId in namespace 0
}
