package opcua

import (
	"context"
	"fmt"
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uajson"
)

// maxUnfolds is how often types are looked up for one batch of values: a structure may have others within that are known only when it is read.
const maxUnfolds = 8

// unfold makes the structures within values JSON, whose TypeID is then that of the data type. One whose type the server does not describe, or whose bytes do not
// fit the description, stays as it came: it carries the id of its encoding.
func (s *session) unfold(ctx context.Context, values []*model.Variant) error {
	codec := s.dataTypes.current()
	for range maxUnfolds {
		u := &unfolding{codec: codec, types: s.dataTypes, namespaces: s.namespaces}
		for _, v := range values {
			*v = u.variant(*v)
		}
		if len(u.missing) == 0 {
			return nil
		}
		types, err := s.encodedTypes(ctx, u.missing)
		if err != nil {
			return err
		}
		next, err := s.describeTypes(ctx, types)
		if err != nil {
			return err
		}
		if next == codec { // nothing new is known
			return nil
		}
		codec = next
	}
	return nil
}

// mayBeFolded tells whether a value can have structures in it.
func mayBeFolded(v *model.Variant) bool {
	return v.Type() == model.TypeExtensionObject || v.Type() == model.TypeVariant || v.Type() == model.TypeDataValue
}

// unfoldValues is unfold on the session of the moment.
func (s *Source) unfoldValues(ctx context.Context, folded []*model.Variant) error {
	if len(folded) == 0 {
		return nil
	}
	ses, err := s.asks.session(ctx)
	if err != nil {
		return err
	}
	return ses.unfold(ctx, folded)
}

// unfoldConditions makes the structures among the fields of events JSON. Where that fails they stay as they came. Others may have the fields too, which
// are not changed.
func (s *Source) unfoldConditions(ctx context.Context, events []model.Event) {
	var folded []*model.Variant
	for i := range events {
		own := false
		for j := range events[i].Fields {
			if !mayBeFolded(&events[i].Fields[j].Value.Value) {
				continue
			}
			if !own {
				events[i].Fields, own = slices.Clone(events[i].Fields), true
			}
			folded = append(folded, &events[i].Fields[j].Value.Value)
		}
	}
	_ = s.unfoldValues(ctx, folded)
}

// unfoldEvents does the same for the values of events.
func (s *Source) unfoldEvents(ctx context.Context, events [][]model.Variant) {
	var folded []*model.Variant
	for _, values := range events {
		for i := range values {
			if mayBeFolded(&values[i]) {
				folded = append(folded, &values[i])
			}
		}
	}
	_ = s.unfoldValues(ctx, folded)
}

// unfolding is one pass over values.
type unfolding struct {
	codec      *uajson.StructureCodec
	types      *dataTypes
	namespaces model.NamespaceTable
	missing    []model.NodeID // encodings of structures that are not described
	depth      int
}

// variant returns v with its structures as JSON, a copy where there are any.
func (u *unfolding) variant(v model.Variant) model.Variant {
	const maxDepth = 100 // Part 6, 5.1.8
	if u.depth >= maxDepth {
		return v
	}
	u.depth++
	defer func() { u.depth-- }()
	switch {
	case v.IsNull():
	case v.Type() == model.TypeExtensionObject && v.IsArray():
		return changed(v, u.object)
	case v.Type() == model.TypeExtensionObject:
		x := u.object(v.ExtensionObject())
		return model.ExtensionObjectValue(&x)
	case v.Type() == model.TypeVariant && v.IsArray():
		return changed(v, u.variant)
	case v.Type() == model.TypeDataValue && v.IsArray():
		return changed(v, func(d model.DataValue) model.DataValue {
			d.Value = u.variant(d.Value)
			return d
		})
	case v.Type() == model.TypeDataValue:
		d := v.DataValue()
		d.Value = u.variant(d.Value)
		return model.DataValueValue(&d)
	}
	return v
}

// changed is an array with each element changed.
func changed[T model.Element](v model.Variant, change func(T) T) model.Variant {
	from := model.Elements[T](v)
	to := make([]T, len(from))
	for i := range from {
		to[i] = change(from[i])
	}
	return model.ArrayValue(to, v.Dimensions()...)
}

// object makes one structure JSON.
func (u *unfolding) object(x model.ExtensionObject) model.ExtensionObject {
	if x.Encoding != model.ExtensionBinary {
		return x
	}
	encoding, err := u.namespaces.Resolve(x.TypeID)
	if err != nil {
		return x
	}
	if !u.codec.Knows(x.TypeID) {
		u.missing = append(u.missing, encoding)
		return x
	}
	text, missing, err := u.codec.Decode(nil, x.TypeID, x.Body)
	if err != nil {
		return x
	}
	unknown := len(u.missing)
	for _, e := range missing {
		if n, err := u.namespaces.Resolve(e); err == nil && (!u.types.asked(n) || u.types.current() != u.codec) {
			u.missing = append(u.missing, n)
		}
	}
	if len(u.missing) > unknown {
		return x // the next pass knows more
	}
	return model.ExtensionObject{TypeID: u.namespaces.Expand(u.codec.DataType(x.TypeID)), Encoding: model.ExtensionJSON, Body: text}
}

// asked tells whether the data type of an encoding was asked for.
func (t *dataTypes) asked(encoding model.NodeID) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.seen[t.encodings[encoding]]
}

// undescribed is what to say of a value with a structure that is left as its bytes; "" for any other.
func undescribed(v model.Variant) string {
	if v.Type() != model.TypeExtensionObject {
		return ""
	}
	objects := []model.ExtensionObject{v.ExtensionObject()}
	if v.IsArray() {
		objects = model.Elements[model.ExtensionObject](v)
	}
	for i := range objects {
		if objects[i].Encoding == model.ExtensionBinary {
			return fmt.Sprintf("the server does not describe the type of the structure with the encoding %s, or the value does not fit the description; it is given as its bytes",
				objects[i].TypeID)
		}
	}
	return ""
}
