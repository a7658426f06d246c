package uajson

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// value writes a member, or an element, of a built-in type.
func (w *structureWriter) value(m *structureMember, given any) error {
	if n, ok := m.enumerated(given); ok {
		w.out = binary.LittleEndian.AppendUint32(w.out, uint32(n))
		return nil
	}
	t, rank := m.builtIn, int32(model.ValueRankScalar)
	switch t {
	case model.TypeNodeID:
		t = model.TypeExpandedNodeID // so that it can be given with its namespace's URI
	case model.TypeVariant:
		if given == nil {
			w.out = append(w.out, 0)
			return nil
		}
		rank = model.ValueRankAny
	}
	plain, err := plainForm(given, t)
	if err != nil {
		return err
	}
	text, err := json.Marshal(plain)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrType, err)
	}
	v, err := model.ParseVariant(text, t, rank)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrType, err)
	}
	if v, err = w.codec.local(v, m.builtIn); err != nil {
		return fmt.Errorf("%w: %w", ErrType, err)
	}
	if m.builtIn == model.TypeVariant {
		w.out, err = uadp.AppendVariant(w.out, v)
		return err
	}
	if v.Type() == model.TypeNull {
		return fmt.Errorf("%w: want %s, got null", ErrType, m.builtIn)
	}
	whole, err := uadp.AppendVariant(nil, v)
	if err != nil {
		return err
	}
	w.out = append(w.out, whole[1:]...) // without the type, which the structure's says
	return nil
}

// enumerated is the value of an enumeration that is given by its name.
func (m *structureMember) enumerated(given any) (int64, bool) {
	name, ok := given.(string)
	if !ok || m.builtIn != model.TypeInt32 {
		return 0, false
	}
	n, ok := m.names[name]
	return n, ok
}

// local gives identifiers the namespace indices of the schema, and makes an ExpandedNodeId the NodeId that was wanted.
func (c *StructureCodec) local(v model.Variant, want model.BuiltInType) (model.Variant, error) {
	switch v.Type() {
	case model.TypeExpandedNodeID:
		if want != model.TypeNodeID {
			return v, nil
		}
		n, err := c.ns.Resolve(v.ExpandedNodeID())
		return model.NodeIDValue(&n), err
	case model.TypeQualifiedName:
		q := v.QualifiedName()
		if q.NamespaceURI == "" {
			return v, nil
		}
		i := slices.Index(c.ns, q.NamespaceURI)
		if i < 0 {
			return v, fmt.Errorf("there is no namespace %q", q.NamespaceURI)
		}
		q.Namespace, q.NamespaceURI = uint16(i), ""
		return model.QualifiedNameValue(&q), nil
	}
	return v, nil
}

// plainForm makes the forms in which the standard writes some built-in types those that model.ParseVariant takes.
func plainForm(v any, t model.BuiltInType) (any, error) {
	if text, ok := v.(string); ok && t == model.TypeQualifiedName && strings.HasPrefix(text, "nsu=") {
		q := parseQualifiedName(text)
		return map[string]any{"namespaceUri": q.NamespaceURI, "name": q.Name}, nil
	}
	given, ok := v.(map[string]any)
	if !ok {
		return v, nil
	}
	var plain map[string]any
	switch t {
	case model.TypeLocalizedText:
		plain = map[string]any{"text": ""}
	case model.TypeStatusCode:
		plain = map[string]any{"code": 0}
	case model.TypeVariant:
		return plainVariant(given)
	default:
		return v, nil
	}
	for name, v := range given {
		switch name {
		case "Text", "Locale", "Code":
			name = strings.ToLower(name)
		}
		plain[name] = v
	}
	return plain, nil
}

// plainVariant makes {"UaType":11,"Value":1.5} what model.ParseVariant takes.
func plainVariant(given map[string]any) (any, error) {
	number, ok := given["UaType"].(json.Number)
	if !ok {
		return given, nil
	}
	n, err := strconv.ParseUint(string(number), 10, 8)
	t := model.BuiltInType(n)
	if err != nil || !t.Valid() {
		return nil, fmt.Errorf("%w: there is no built-in type %s", ErrType, number)
	}
	value, err := plainElements(given, t)
	if err != nil {
		return nil, err
	}
	return map[string]any{"dataType": t.String(), "value": value}, nil
}

// plainElements does so for the value of a Variant, which may be an array; one with dimensions becomes arrays of arrays.
func plainElements(given map[string]any, t model.BuiltInType) (any, error) {
	elements, ok := given["Value"].([]any)
	if !ok {
		return plainForm(given["Value"], t)
	}
	elements = slices.Clone(elements)
	for i := range elements {
		var err error
		if elements[i], err = plainForm(elements[i], t); err != nil {
			return nil, err
		}
	}
	if given["Dimensions"] == nil {
		return elements, nil
	}
	_, dims, err := matrixOf(map[string]any{"Array": elements, "Dimensions": given["Dimensions"]}, 0)
	if err != nil {
		return nil, err
	}
	for i := len(dims) - 1; i > 0; i-- {
		n := int(dims[i])
		if n == 0 || len(elements)%n != 0 {
			return nil, fmt.Errorf("%w: %d elements do not fill the dimensions %v", ErrType, len(elements), dims)
		}
		var rows []any
		for row := range slices.Chunk(elements, n) {
			rows = append(rows, row)
		}
		elements = rows
	}
	return elements, nil
}
