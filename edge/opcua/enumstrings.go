package opcua

import (
	"context"
	"fmt"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// Before OPC UA 1.04 data types had no attribute DataTypeDefinition: an enumeration named its values by one of the properties EnumStrings and EnumValues, an option
// set its bits by OptionSetValues (Part 3, 5.8.3). Of such types a definition is made that says the same.

// enumProperties are the properties, in the order in which they are looked at.
var enumProperties = [...]string{"EnumValues", "EnumStrings", "OptionSetValues"}

var typeEnumValue = model.NumericID(0, id.EnumValueType_Encoding_DefaultBinary)

// minEnumValue is the least bytes that an EnumValueType takes.
const minEnumValue = 10

// enumFields reads what the properties of data types name; types without such a property are not in the result.
func (s *session) enumFields(ctx context.Context, types []model.NodeID) (map[model.NodeID][]model.EnumField, error) {
	if len(types) == 0 {
		return nil, nil
	}
	var paths []*ua.BrowsePath
	for _, n := range types {
		for _, name := range enumProperties {
			paths = append(paths, s.standardPath(uaNodeID(n), name))
		}
	}
	targets, err := s.translate(ctx, paths)
	if err != nil {
		if ctx.Err() != nil || notConnected(err) {
			return nil, fmt.Errorf("find the values of enumerations: %w", err)
		}
		return nil, nil // a server without the service has the types as they are
	}
	var reads []*ua.ReadValueID
	var whose []model.NodeID
	for i, t := range targets {
		if t.node != nil {
			reads, whose = append(reads, &ua.ReadValueID{NodeID: t.node, AttributeID: ua.AttributeIDValue}), append(whose, types[i/len(enumProperties)])
		}
	}
	if len(reads) == 0 {
		return nil, nil
	}
	values, err := s.readValues(ctx, reads)
	if err != nil {
		return nil, fmt.Errorf("read the values of enumerations: %w", err)
	}
	found := map[model.NodeID][]model.EnumField{}
	for i := range values {
		if fields := namedValues(values[i].Value); len(found[whose[i]]) == 0 && len(fields) > 0 {
			found[whose[i]] = fields
		}
	}
	return found, nil
}

// namedValues are the fields that a property names: texts in the order of the values, from 0, or EnumValueTypes. An empty text names none.
func namedValues(v model.Variant) (fields []model.EnumField) {
	if !v.IsArray() {
		return nil
	}
	switch v.Type() {
	case model.TypeLocalizedText:
		for i, text := range model.Elements[model.LocalizedText](v) {
			if text.Text != "" {
				fields = append(fields, model.EnumField{Value: int64(i), Name: text.Text, DisplayName: text})
			}
		}
	case model.TypeExtensionObject:
		for _, x := range model.Elements[model.ExtensionObject](v) {
			if x.Encoding != model.ExtensionBinary || x.TypeID.NodeID != typeEnumValue || len(x.Body) < minEnumValue {
				continue
			}
			var r uadp.Binary
			r.Reset(x.Body, nil)
			f := model.EnumField{Value: int64(r.Uint64()), DisplayName: r.LocalizedText(), Description: r.LocalizedText()}
			if f.Name = f.DisplayName.Text; r.Err() == nil {
				fields = append(fields, f)
			}
		}
	}
	return fields
}

// defineEnums gives those results that are of the DataTypeDefinition of data types without one what their properties say.
func (s *session) defineEnums(ctx context.Context, nodes []model.ReadValueID, results []model.ReadResult) error {
	var types []model.NodeID
	var places []int
	for i := range nodes {
		r := &results[i]
		if nodes[i].Attribute != model.AttributeDataTypeDefinition || nodes[i].IndexRange != "" || r.Status.IsBad() && r.Status != model.StatusBadAttributeIdInvalid ||
			r.Message != "" || !noDefinition(r.Value) {
			continue
		}
		if n, err := s.namespaces.Resolve(nodes[i].NodeID); err == nil && !isBuiltIn(n) {
			types, places = append(types, n), append(places, i)
		}
	}
	fields, err := s.enumFields(ctx, types)
	if err != nil {
		return err
	}
	for j, i := range places {
		if list := fields[types[j]]; len(list) > 0 {
			body, err := encodeEnumDefinition(list)
			if err != nil {
				return err
			}
			x := model.ExtensionObject{TypeID: model.Expanded(typeEnumDefinition), Encoding: model.ExtensionBinary, Body: body}
			results[i].DataValue = model.DataValue{Value: model.ExtensionObjectValue(&x), ServerTimestamp: results[i].ServerTimestamp}
		}
	}
	return nil
}

// noDefinition tells whether a value of the attribute says nothing. Some servers make an EnumDefinition without fields of an enumeration that has none.
func noDefinition(v model.Variant) bool {
	if v.IsNull() || v.Type() != model.TypeExtensionObject || v.IsArray() {
		return v.IsNull()
	}
	x := v.ExtensionObject()
	return x.Encoding == model.ExtensionNoBody || x.TypeID.NodeID == typeEnumDefinition && len(x.Body) == noFields
}

// noFields is the length of an EnumDefinition without fields: that of the number of them.
const noFields = 4

func encodeEnumDefinition(fields []model.EnumField) ([]byte, error) {
	text := func(t model.LocalizedText) *ua.LocalizedText { return ua.NewLocalizedTextWithLocale(t.Text, t.Locale) }
	d := &ua.EnumDefinition{}
	for i := range fields {
		f := &fields[i]
		d.Fields = append(d.Fields, &ua.EnumField{Value: f.Value, Name: f.Name, DisplayName: text(f.DisplayName), Description: text(f.Description)})
	}
	body, err := ua.Encode(d)
	if err != nil {
		return nil, fmt.Errorf("encode enumeration definition: %w", err)
	}
	return body, nil
}

// nameEnums makes those of the simple types that name their values enumerations.
func (s *session) nameEnums(ctx context.Context, simple []model.NodeID, found *model.DataTypeSchema) error {
	fields, err := s.enumFields(ctx, simple)
	if err != nil {
		return err
	}
	left := found.Simple[:0]
	for _, t := range found.Simple {
		if list := fields[t.DataType]; len(list) > 0 {
			found.Enums = append(found.Enums, model.EnumDescription{DataType: t.DataType, Name: t.Name, BuiltInType: t.BuiltInType, Fields: list})
		} else {
			left = append(left, t)
		}
	}
	found.Simple = left
	return nil
}
