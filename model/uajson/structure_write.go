package uajson

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// AppendBinary appends the structure that a JSON text describes, in the binary encoding (Part 6, 5.2.6 to 5.2.8), to dst and returns the result. id is that of
// its type or of its binary encoding. It reads what AppendJSON writes, and the plainer forms that people write: members in any order, enumerations by
// the names of their values, a matrix as arrays of arrays, values of built-in types as model.ParseVariant takes them. Every member has to be there unless it is
// optional, and none besides. On an error, an *Error whose Path leads to the member, dst is returned as it was.
func (c *StructureCodec) AppendBinary(dst []byte, id model.ExpandedNodeID, text []byte) ([]byte, error) {
	t := c.find(id)
	if t == nil {
		return dst, &Error{Offset: -1, Err: fmt.Errorf("%w: no description of the type %s", ErrType, id)}
	}
	w := structureWriter{codec: c, out: dst, path: []string{t.name}}
	value, err := decodeText(text)
	if err == nil {
		err = w.structure(t, value)
	}
	if err != nil {
		return dst, &Error{Path: strings.Join(w.path, ""), Offset: -1, Err: err}
	}
	return w.out, nil
}

// decodeText reads one JSON value, numbers as json.Number.
func decodeText(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	if d.More() {
		return nil, fmt.Errorf("%w: there is more behind the structure", ErrSyntax)
	}
	return v, nil
}

// structureWriter takes decoded JSON and appends the binary encoding of a structure to out. After an error path is where it occurred.
type structureWriter struct {
	codec *StructureCodec
	out   []byte
	path  []string
	depth int
}

// at runs write one step further down the path.
func (w *structureWriter) at(step string, write func() error) error {
	if w.depth++; w.depth > maxStructureDepth {
		return fmt.Errorf("%w: nested over %d deep", ErrLimit, maxStructureDepth)
	}
	w.path = append(w.path, step)
	if err := write(); err != nil {
		return err
	}
	w.path = w.path[:len(w.path)-1]
	w.depth--
	return nil
}

// structure writes one value of type t.
func (w *structureWriter) structure(t *structureType, v any) error {
	given, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%w: want an object with the members of %s, got %s", ErrType, t.name, excerpt(v))
	}
	return w.members(t, given)
}

// members writes the members of a structure, all that are given.
func (w *structureWriter) members(t *structureType, given map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.ContainsFunc(t.members, func(m structureMember) bool { return m.plain == name }) {
			return fmt.Errorf("%w: %s has no member %q, want %s", ErrType, t.name, name, t.memberNames())
		}
	}
	if t.form == model.StructureUnion || t.form == model.StructureUnionSubtypedValues {
		return w.union(t, given)
	}
	if t.form == model.StructureWithOptionalFields {
		var mask uint32
		for i := range t.members {
			if given[t.members[i].plain] != nil {
				mask |= t.members[i].bit
			}
		}
		w.out = binary.LittleEndian.AppendUint32(w.out, mask)
	}
	for i := range t.members {
		m := &t.members[i]
		v, ok := given[m.plain]
		switch {
		case m.bit != 0 && v == nil:
			continue
		case !ok:
			return fmt.Errorf("%w: member %q of %s is missing", ErrType, m.plain, t.name)
		}
		if err := w.at("."+m.plain, func() error { return w.member(m, v) }); err != nil {
			return err
		}
	}
	return nil
}

// union writes the number of the one member that is given, and that member.
func (w *structureWriter) union(t *structureType, given map[string]any) error {
	if len(given) > 1 {
		return fmt.Errorf("%w: %s is a union and has one member at a time, got %d; want one of %s", ErrType, t.name, len(given), t.memberNames())
	}
	for i := range t.members {
		m := &t.members[i]
		if v, ok := given[m.plain]; ok {
			w.out = binary.LittleEndian.AppendUint32(w.out, uint32(i)+1)
			return w.at("."+m.plain, func() error { return w.member(m, v) })
		}
	}
	w.out = binary.LittleEndian.AppendUint32(w.out, 0)
	return nil
}

func (t *structureType) memberNames() string {
	names := make([]string, len(t.members))
	for i := range t.members {
		names[i] = strconv.Quote(t.members[i].plain)
	}
	return strings.Join(names, ", ")
}

// excerpt is the beginning of a value for messages.
func excerpt(v any) string {
	const most = 60
	text, err := json.Marshal(v)
	switch {
	case err != nil:
		return err.Error()
	case len(text) > most:
		return string(text[:most]) + "…"
	}
	return string(text)
}

func (w *structureWriter) member(m *structureMember, v any) error {
	switch {
	case m.unknown != "":
		return fmt.Errorf("%w: its type %s is not described", ErrType, m.unknown)
	case m.rank == model.ValueRankScalar:
		return w.one(m, v)
	case m.rank <= 1:
		return w.array(m, v)
	}
	return w.matrix(m, v)
}

func (w *structureWriter) one(m *structureMember, v any) error {
	switch {
	case m.structure != nil:
		return w.structure(m.structure, v)
	case m.builtIn == model.TypeExtensionObject:
		return w.object(v)
	}
	return w.value(m, v)
}

// array writes the elements of an array (Part 6, 5.2.5); null is the null array.
func (w *structureWriter) array(m *structureMember, v any) error {
	if v == nil {
		w.out = binary.LittleEndian.AppendUint32(w.out, 1<<32-1)
		return nil
	}
	elements, ok := v.([]any)
	if !ok {
		return fmt.Errorf("%w: want an array, got %s", ErrType, excerpt(v))
	}
	w.out = binary.LittleEndian.AppendUint32(w.out, uint32(len(elements)))
	return w.elements(m, elements)
}

func (w *structureWriter) elements(m *structureMember, elements []any) error {
	for i, v := range elements {
		if err := w.at("["+strconv.Itoa(i)+"]", func() error { return w.one(m, v) }); err != nil {
			return err
		}
	}
	return nil
}

// matrix writes the dimensions of a matrix and then its elements (Part 6, 5.2.5, Table 22).
func (w *structureWriter) matrix(m *structureMember, v any) error {
	if v == nil {
		w.out = binary.LittleEndian.AppendUint32(w.out, 1<<32-1)
		return nil
	}
	if m.rank > maxStructureDepth {
		return fmt.Errorf("%w: a matrix of %d dimensions", ErrLimit, m.rank)
	}
	elements, dims, err := matrixOf(v, int(m.rank))
	if err != nil {
		return err
	}
	n := uint64(1)
	for _, d := range dims {
		n = min(n*uint64(d), 1<<32)
	}
	if len(dims) != int(m.rank) || n != uint64(len(elements)) {
		return fmt.Errorf("%w: %d elements do not fill the dimensions %v, of which there should be %d", ErrType, len(elements), dims, m.rank)
	}
	w.out = binary.LittleEndian.AppendUint32(w.out, uint32(len(dims)))
	for _, d := range dims {
		w.out = binary.LittleEndian.AppendUint32(w.out, d)
	}
	return w.elements(m, elements)
}

// matrixOf takes a matrix apart that is given as {"Array", "Dimensions"} or as arrays of arrays.
func matrixOf(v any, rank int) (elements []any, dims []uint32, err error) {
	given, ok := v.(map[string]any)
	if !ok {
		return flatten(v, rank)
	}
	elements, ok = given["Array"].([]any)
	lengths, also := given["Dimensions"].([]any)
	if !ok || !also {
		return nil, nil, fmt.Errorf("%w: want a matrix as arrays of arrays, or as an object of Array and Dimensions, got %s", ErrType, excerpt(v))
	}
	for _, length := range lengths {
		number, _ := length.(json.Number)
		n, err := strconv.ParseUint(string(number), 10, 31)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: want the length of a dimension, got %s", ErrType, excerpt(length))
		}
		dims = append(dims, uint32(n))
	}
	return elements, dims, nil
}

// flatten makes arrays of arrays, rank deep, one array with its dimensions.
func flatten(v any, rank int) (elements []any, dims []uint32, err error) {
	rows, ok := v.([]any)
	if !ok {
		return nil, nil, fmt.Errorf("%w: want arrays of arrays, %d deep, got %s", ErrType, rank, excerpt(v))
	}
	dims = append(dims, uint32(len(rows)))
	if rank == 1 {
		return rows, dims, nil
	}
	for i, row := range rows {
		inner, d, err := flatten(row, rank-1)
		switch {
		case err != nil:
			return nil, nil, err
		case i == 0:
			dims = append(dims, d...)
		case !slices.Equal(d, dims[1:]):
			return nil, nil, fmt.Errorf("%w: row %d of a matrix has the dimensions %v, the first has %v", ErrType, i, d, dims[1:])
		}
		elements = append(elements, inner...)
	}
	if len(rows) == 0 {
		dims = append(dims, make([]uint32, rank-1)...)
	}
	return elements, dims, nil
}

// object writes an ExtensionObject within a structure (Part 6, 5.2.2.15): null, {"UaTypeId", members …} or {"typeId", "body"}.
func (w *structureWriter) object(v any) error {
	given, ok := v.(map[string]any)
	switch {
	case v != nil && !ok:
		return fmt.Errorf("%w: want a structure with its UaTypeId, got %s", ErrType, excerpt(v))
	case len(given) == 0:
		w.out = append(w.out, 0, 0, byte(model.ExtensionNoBody))
		return nil
	}
	id, given, err := objectMembers(given)
	if err != nil {
		return err
	}
	t := w.codec.find(id)
	if t == nil || t.encodingID.IsNull() {
		return fmt.Errorf("%w: the type %s is not described", ErrType, id)
	}
	encoding, err := uadp.AppendVariant(nil, model.NodeIDValue(&t.encodingID))
	if err != nil {
		return err
	}
	w.out = append(append(w.out, encoding[1:]...), byte(model.ExtensionBinary), 0, 0, 0, 0) // its length comes when it is known
	start := len(w.out)
	if err := w.members(t, given); err != nil {
		return err
	}
	binary.LittleEndian.PutUint32(w.out[start-4:], uint32(len(w.out)-start))
	return nil
}

// objectMembers tells the type of a structure from its members: those of the standard's form stand beside the type, those of the platform's are its body.
func objectMembers(given map[string]any) (id model.ExpandedNodeID, members map[string]any, err error) {
	name, standard := given["UaTypeId"].(string)
	if !standard {
		name, _ = given["typeId"].(string)
	}
	if id, err = model.ParseExpandedNodeID(name); err != nil {
		return id, nil, fmt.Errorf(`%w: want the structure's type as "UaTypeId": %w`, ErrType, err)
	}
	if standard {
		members = maps.Clone(given)
		delete(members, "UaTypeId")
		return id, members, nil
	}
	members, ok := given["body"].(map[string]any)
	if !ok {
		return id, nil, fmt.Errorf(`%w: want "body", an object with the members of %s`, ErrType, id)
	}
	return id, members, nil
}
