package ingest

import (
	"strconv"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
	"github.com/shopfloor-iiot/shopfloor/model/uajson"
)

// layout is one version of a writer's DataSet, made ready for its frames: what is at each index.
type layout struct {
	writer *writer
	meta   *model.DataSetMetaData
	fields []*field
	// raw tells the decoder what the fields are.
	raw []uadp.RawField
	// extension are the labels of the extension fields.
	extension []Label

	// codec reads structures; nil when nothing is known of their types.
	codec *uajson.StructureCodec
	// types are the fields for messages in JSON, in the same order; nil until one comes.
	types *uajson.Types
	// eventTypes are the same for events, and namespaces those of NodeIds in their fields; nil until an event comes.
	eventTypes *uajson.Types
	namespaces model.NamespaceTable

	// bare says that there is no metadata: fields are added as they are seen. It is looked for again at recheck.
	bare    bool
	recheck time.Time
	// index has the places of the fields by name; nil until it is needed. grown says that fields were added since the layout was shown.
	index map[string]int
	grown bool
	// numbers has the places of fields that have an index and no name.
	numbers map[uint16]int
}

// field is one field of a layout. It belongs to the goroutine that decodes, except for its slots. What every value touches comes
// first, to lie together in memory.
type field struct {
	value      series
	slot       *slot
	lastStatus model.StatusCode // the one written last, if hasStatus
	hasStatus  bool
	// kind tells which series the field has.
	kind   fieldKind
	status series
	meta   *model.FieldMetaData
	// elements are the series of an array, as many as the longest one had so far. They do not move, because samples point to them.
	elements []*element
	// members are the elements of a structure by their path.
	members map[string]*element
	// lateStatus is lastStatus of the late frames that have late in common; 0 for none yet.
	late       uint64
	lateStatus model.StatusCode
}

type fieldKind uint8

const (
	fieldOther  fieldKind = iota // text, structures …: no series but that of the status
	fieldNumber                  // scalar numbers, or values whose type varies
	fieldArray                   // numeric arrays
)

type element struct {
	slot  *slot
	value series
}

func kindOf(f *model.FieldMetaData) fieldKind {
	t := f.BuiltInType
	storable := t.Numeric() || t == model.TypeBoolean || t == model.TypeDateTime || t == model.TypeStatusCode || t == model.TypeVariant
	switch {
	case !storable:
		return fieldOther
	case f.ValueRank >= model.ValueRankOneOrMoreDimensions:
		return fieldArray
	}
	return fieldNumber
}

// newLayout names all series of m. Slots are those of the writer where it has them already.
func newLayout(w *writer, m *model.DataSetMetaData, store Store, elementLimit int, slotOf func(*writer, model.SeriesID) *slot) *layout {
	l := &layout{
		writer: w, meta: m, fields: make([]*field, len(m.Fields)), raw: make([]uadp.RawField, len(m.Fields)),
		extension: extensionLabels(m.ExtensionFields),
	}
	if m.Types != nil && len(m.Types.Structures) > 0 {
		l.codec = uajson.NewStructureCodec(m.Types)
	}
	fields := make([]field, len(m.Fields)) // side by side in memory
	for i := range m.Fields {
		fm := &m.Fields[i]
		l.raw[i] = uadp.RawField{Type: fm.BuiltInType, ValueRank: fm.ValueRank, ArrayDimensions: fm.ArrayDimensions}
		l.fields[i] = &fields[i]
		l.name(&fields[i], fm, store, elementLimit, slotOf)
	}
	return l
}

// name names the series of a field.
func (l *layout) name(f *field, fm *model.FieldMetaData, store Store, elementLimit int, slotOf func(*writer, model.SeriesID) *slot) {
	labels := seriesLabels(l.meta, fm, l.extension)
	f.kind, f.meta = kindOf(fm), fm
	f.slot = slotOf(l.writer, l.seriesID(fm, ""))
	f.status = newSeries(store, metricStatus, labels)
	switch f.kind {
	case fieldNumber:
		f.value = newSeries(store, metricValue, labels)
	case fieldArray:
		l.addElements(f, min(declaredLength(fm), elementLimit), store, slotOf)
	}
}

func newSeries(store Store, metric string, labels []Label) series {
	return series{name: store.AppendName(nil, metric, labels)}
}

// declaredLength is the number of elements that the metadata promises, 0 when it leaves that open.
func declaredLength(f *model.FieldMetaData) int {
	if len(f.ArrayDimensions) == 0 {
		return 0
	}
	n := uint64(1)
	for _, d := range f.ArrayDimensions {
		if n *= uint64(d); n > 1<<31 {
			return 0
		}
	}
	return int(n)
}

// addElements makes the series of a field for the elements up to n.
func (l *layout) addElements(f *field, n int, store Store, slotOf func(*writer, model.SeriesID) *slot) {
	for i := len(f.elements); i < n; i++ {
		l.addElement(f, strconv.Itoa(i), store, slotOf)
	}
}

// addElement makes the series of one element of a field.
func (l *layout) addElement(f *field, name string, store Store, slotOf func(*writer, model.SeriesID) *slot) *element {
	labels := append(seriesLabels(l.meta, f.meta, l.extension), Label{labelElement, name})
	e := &element{
		slot:  slotOf(l.writer, l.seriesID(f.meta, name)),
		value: newSeries(store, metricValue, labels),
	}
	f.elements = append(f.elements, e)
	return e
}

func (l *layout) seriesID(f *model.FieldMetaData, element string) model.SeriesID {
	return model.SeriesID{Gateway: l.meta.Gateway, Group: l.meta.Group, Writer: l.meta.Writer, Field: f.Name, Element: element}
}
