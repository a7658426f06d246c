package uajson

import "github.com/shopfloor-iiot/shopfloor/model"

// minArena is the number of elements an arena starts with.
const minArena = 64

// arena hands out slices of one chunk of memory and takes them all back at once. A chunk that is used up is left to those who
// hold its slices and replaced by a larger one, so that after a few rounds of the same size nothing is allocated any more.
type arena[T any] struct {
	chunk []T
	used  int
}

// take returns n elements, valid until reset. They hold what take's last user left: zero, or what reset cleared.
func (a *arena[T]) take(n int) []T {
	if n > len(a.chunk)-a.used {
		a.chunk = make([]T, max(n, 2*len(a.chunk), minArena))
		a.used = 0
	}
	s := a.chunk[a.used : a.used+n : a.used+n]
	a.used += n
	return s
}

// one returns a pointer to v in the arena.
func (a *arena[T]) one(v T) *T {
	p := &a.take(1)[0]
	*p = v
	return p
}

// reset takes all slices back and clears them, so that they pin no memory.
func (a *arena[T]) reset() {
	if a.used > 0 {
		clear(a.chunk[:a.used])
		a.used = 0
	}
}

// pool is the memory for what is not in the frame as it is: the elements of arrays, the scalars that a Variant points to, texts with
// escapes and bytes. It grows to what the largest frame needs, at the worst 50 bytes for each byte of the frame: an empty
// DataValue is two bytes and a comma in JSON, 48 in memory, and a chunk may be half empty.
type pool struct {
	headers          arena[model.ArrayHeader]
	dims             arena[int32]
	bytes            arena[byte]
	booleans         arena[bool]
	sbytes           arena[int8]
	int16s           arena[int16]
	uint16s          arena[uint16]
	int32s           arena[int32]
	uint32s          arena[uint32]
	int64s           arena[int64]
	uint64s          arena[uint64]
	floats           arena[float32]
	doubles          arena[float64]
	strings          arena[string]
	dateTimes        arena[model.DateTime]
	guids            arena[model.GUID]
	byteStrings      arena[[]byte]
	xmlElements      arena[model.XMLElement]
	nodeIDs          arena[model.NodeID]
	expandedNodeIDs  arena[model.ExpandedNodeID]
	statusCodes      arena[model.StatusCode]
	qualifiedNames   arena[model.QualifiedName]
	localizedTexts   arena[model.LocalizedText]
	extensionObjects arena[model.ExtensionObject]
	dataValues       arena[model.DataValue]
	variants         arena[model.Variant]
	diagnosticInfos  arena[model.DiagnosticInfo]
}

func (p *pool) reset() {
	p.headers.reset()
	p.dims.reset()
	p.bytes.reset()
	p.booleans.reset()
	p.sbytes.reset()
	p.int16s.reset()
	p.uint16s.reset()
	p.int32s.reset()
	p.uint32s.reset()
	p.int64s.reset()
	p.uint64s.reset()
	p.floats.reset()
	p.doubles.reset()
	p.strings.reset()
	p.dateTimes.reset()
	p.guids.reset()
	p.byteStrings.reset()
	p.xmlElements.reset()
	p.nodeIDs.reset()
	p.expandedNodeIDs.reset()
	p.statusCodes.reset()
	p.qualifiedNames.reset()
	p.localizedTexts.reset()
	p.extensionObjects.reset()
	p.dataValues.reset()
	p.variants.reset()
	p.diagnosticInfos.reset()
}
