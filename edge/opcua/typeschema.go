package opcua

import (
	"cmp"
	"context"
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxSchemaTypes bounds the types that the metadata of one writer describes. What is beyond stays undescribed: such structures are stored as their bytes.
const maxSchemaTypes = 2000

// schemaOf describes the structures and enumerations that fields have, and those within them, for the metadata of a writer (Part 14, 6.2.3.2.3); nil when
// there are none.
func (s *session) schemaOf(ctx context.Context, fields []model.FieldMetaData) (*model.DataTypeSchema, error) {
	var types []model.NodeID
	for i := range fields {
		if n, err := s.namespaces.Resolve(fields[i].DataType); err == nil && !isBuiltIn(n) && !slices.Contains(types, n) {
			types = append(types, n)
		}
	}
	if len(types) == 0 {
		return nil, nil
	}
	if _, err := s.describeTypes(ctx, types); err != nil {
		return nil, err
	}
	return s.dataTypes.subset(types), nil
}

// subset is the part of the schema that types need, in an order that does not depend on when they were read; nil when nothing is known of them.
func (t *dataTypes) subset(types []model.NodeID) *model.DataTypeSchema {
	t.mu.Lock()
	defer t.mu.Unlock()
	structures, enums, simple := map[model.NodeID]*model.StructureDescription{}, map[model.NodeID]*model.EnumDescription{}, map[model.NodeID]*model.SimpleTypeDescription{}
	for i := range t.schema.Structures {
		structures[t.schema.Structures[i].DataType] = &t.schema.Structures[i]
	}
	for i := range t.schema.Enums {
		enums[t.schema.Enums[i].DataType] = &t.schema.Enums[i]
	}
	for i := range t.schema.Simple {
		simple[t.schema.Simple[i].DataType] = &t.schema.Simple[i]
	}
	part := &model.DataTypeSchema{Namespaces: t.schema.Namespaces}
	seen := map[model.NodeID]bool{}
	for queue := slices.Clone(types); len(queue) > 0 && len(seen) < maxSchemaTypes; queue = queue[1:] {
		n := queue[0]
		if seen[n] {
			continue
		}
		seen[n] = true
		if d := structures[n]; d != nil {
			part.Structures = append(part.Structures, *d)
			for _, f := range d.Fields {
				queue = append(queue, f.DataType)
			}
		}
		if d := enums[n]; d != nil {
			part.Enums = append(part.Enums, *d)
		}
		if d := simple[n]; d != nil {
			part.Simple = append(part.Simple, *d)
		}
	}
	if len(part.Structures)+len(part.Enums) == 0 {
		return nil // a simple type says no more than the field's built-in type
	}
	slices.SortFunc(part.Structures, func(a, b model.StructureDescription) int {
		return cmp.Compare(a.DataType.String(), b.DataType.String())
	})
	slices.SortFunc(part.Enums, func(a, b model.EnumDescription) int { return cmp.Compare(a.DataType.String(), b.DataType.String()) })
	slices.SortFunc(part.Simple, func(a, b model.SimpleTypeDescription) int {
		return cmp.Compare(a.DataType.String(), b.DataType.String())
	})
	return part
}
