package wire

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	// maxMemory bounds what gopcua may allocate for one response, as estimated from its elements: a null DataValue is a byte on the wire and 170 in
	// memory.
	maxMemory = 256 << 20
	// maxDimensions of a matrix. gopcua makes a Go type and a level of recursion for each.
	maxDimensions = 32
	// sizes of what gopcua makes of values, with the pointers to them
	variantSize, stringSize, structSize = 96, 48, 80
)

// ErrTooLarge tells that a response would take more memory than it may; the request may succeed in smaller parts.
var ErrTooLarge = fmt.Errorf("the response takes more than %d MiB of memory: %w", maxMemory>>20, model.StatusBadResponseTooLarge)

// Decode is ua.Decode for bytes that are not to be trusted: v is a pointer to one of gopcua's structures, which may be a response. It checks that
// lengths fit into what is left, that nesting and memory are within limits, and only then has gopcua decode. Errors have
// model.StatusBadDecodingError in their chain, or ErrTooLarge.
func Decode(b []byte, v any) error {
	g := guard{}
	g.r.Reset(b, nil)
	g.walk(reflect.TypeOf(v).Elem())
	err := g.r.Err()
	if err == nil {
		_, err = ua.Decode(b, v)
	}
	if err == nil || errors.Is(err, ErrTooLarge) {
		return err
	}
	return fmt.Errorf("decode %T: %w: %w", v, err, model.StatusBadDecodingError)
}

// guard walks through bytes in the way in which gopcua decodes them.
type guard struct {
	r      uadp.Binary
	memory int
}

// take counts memory.
func (g *guard) take(n int) {
	g.memory += n
	if g.memory > maxMemory {
		g.r.Fail(ErrTooLarge)
	}
}

// failed stops loops after the first error.
func (g *guard) failed() bool { return g.r.Err() != nil }

// walk follows ua.Decode.
func (g *guard) walk(t reflect.Type) {
	if g.builtIn(t) || g.failed() {
		return
	}
	switch t.Kind() {
	case reflect.Bool, reflect.Int8, reflect.Uint8:
		g.r.Take(1)
	case reflect.Int16, reflect.Uint16:
		g.r.Take(2)
	case reflect.Int32, reflect.Uint32, reflect.Float32:
		g.r.Take(4)
	case reflect.Int64, reflect.Uint64, reflect.Float64:
		g.r.Take(8)
	case reflect.String:
		g.take(len(g.r.Bytes()))
	case reflect.Pointer:
		g.take(int(t.Elem().Size()))
		g.walk(t.Elem())
	case reflect.Struct:
		if !g.r.Enter() {
			return
		}
		for i := range t.NumField() {
			g.walk(t.Field(i).Type)
		}
		g.r.Leave()
	case reflect.Slice:
		g.slice(t.Elem())
	default:
		g.r.Fail(fmt.Errorf("%w: a field of type %s", uadp.ErrUnsupported, t))
	}
}

func (g *guard) slice(element reflect.Type) {
	n := g.r.Count(1)
	if element.Kind() == reflect.Uint8 {
		g.r.Take(max(n, 0))
		return
	}
	for range max(n, 0) {
		g.take(int(element.Size()))
		if g.walk(element); g.failed() {
			return
		}
	}
}

var (
	timeType            = reflect.TypeFor[time.Time]()
	variantType         = reflect.TypeFor[ua.Variant]()
	dataValueType       = reflect.TypeFor[ua.DataValue]()
	extensionObjectType = reflect.TypeFor[ua.ExtensionObject]()
	diagnosticInfoType  = reflect.TypeFor[ua.DiagnosticInfo]()
	nodeIDType          = reflect.TypeFor[ua.NodeID]()
	expandedNodeIDType  = reflect.TypeFor[ua.ExpandedNodeID]()
	localizedTextType   = reflect.TypeFor[ua.LocalizedText]()
	guidType            = reflect.TypeFor[ua.GUID]()
	decoderType         = reflect.TypeFor[ua.BinaryDecoder]()
)

// builtIn walks through the types that decode themselves; false for all others.
func (g *guard) builtIn(t reflect.Type) bool {
	switch t {
	case timeType:
		g.r.Take(8)
	case variantType:
		g.variant()
	case dataValueType:
		g.dataValue()
	case extensionObjectType:
		g.extensionObject()
	case diagnosticInfoType:
		g.diagnosticInfo()
	case nodeIDType:
		g.nodeID()
	case expandedNodeIDType:
		g.expandedNodeID()
	case localizedTextType:
		g.localizedText()
	case guidType:
		g.r.Take(16)
	default:
		if t.Kind() == reflect.Struct && reflect.PointerTo(t).Implements(decoderType) {
			// One that keeps its bytes, as a body of unknown form does.
			g.r.Take(g.r.Left())
			return true
		}
		return false
	}
	return true
}
