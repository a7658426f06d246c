package opcua

import (
	"context"
	"fmt"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// describe finds the metadata of a writer's fields, whose nodes are at places, all at once. A field whose node is not there is described as one of
// any type, so that it can be published when the node comes.
func (s *Source) describe(ctx context.Context, ses *session, wanted []model.PublishedField, places []place) ([]model.FieldMetaData, error) {
	fields := make([]model.FieldMetaData, len(wanted))
	var nodes, variables []model.NodeID
	var whose, whoseVariables []int
	for i := range wanted {
		f := &wanted[i]
		fields[i] = model.FieldMetaData{Name: f.Name, BuiltInType: model.TypeVariant, DataType: anyType, ValueRank: model.ValueRankAny, Node: places[i].node}
		id, err := ses.namespaces.Resolve(places[i].node)
		if err != nil || places[i].status.IsBad() {
			continue
		}
		fields[i].Node = ses.namespaces.Expand(id)
		nodes, whose = append(nodes, id), append(whose, i)
		if f.Attribute == 0 || f.Attribute == model.AttributeValue {
			variables, whoseVariables = append(variables, id), append(whoseVariables, i)
		} else {
			describeAttribute(&fields[i], f.Attribute)
		}
	}
	paths, err := ses.paths(ctx, nodes)
	if err != nil {
		return nil, fmt.Errorf("find browse paths: %w", err)
	}
	for j, i := range whose {
		fields[i].Path = paths[j]
	}
	if err := ses.describeValues(ctx, fields, variables, whoseVariables); err != nil {
		return nil, err
	}
	for i := range wanted {
		describeRange(&fields[i], wanted[i].IndexRange)
	}
	return fields, nil
}

// describeValues fills in what the Value attributes of variables hold.
func (s *session) describeValues(ctx context.Context, fields []model.FieldMetaData, variables []model.NodeID, whose []int) error {
	// Read anew, and not kept: the cache is for what is read and written on request, and all published nodes in it would be 170 bytes each.
	s.types.forget(variables)
	defer s.types.forget(variables)
	types, status, err := s.variableTypes(ctx, variables)
	if err != nil {
		return fmt.Errorf("read data types: %w", err)
	}
	units, err := s.units(ctx, variables)
	if err != nil {
		return fmt.Errorf("read engineering units: %w", err)
	}
	for j, i := range whose {
		if status[j].IsBad() {
			continue
		}
		f, t := &fields[i], types[j]
		f.BuiltInType, f.DataType, f.ValueRank, f.ArrayDimensions = published(t.builtIn), s.namespaces.Expand(t.dataType), t.rank, t.dimensions
		f.Unit = units[j]
	}
	return nil
}

// describeAttribute fills in the type of an attribute other than Value (Part 3, 5.2 to 5.8); those that are structures or of no fixed type
// stay as they are.
func describeAttribute(f *model.FieldMetaData, a model.AttributeID) {
	if t, ok := attributeType(a); ok && t.builtIn != model.TypeExtensionObject {
		f.BuiltInType, f.DataType = published(t.builtIn), model.Expanded(model.NumericID(0, uint32(t.builtIn)))
		f.ValueRank = t.rank
	}
}

// describeRange gives the field of a part of an array the part's length.
func describeRange(f *model.FieldMetaData, indexRange string) {
	if spans, err := parseRange(indexRange); err == nil && spans != nil && f.ValueRank >= 0 {
		f.ValueRank, f.ArrayDimensions = int32(len(spans)), make([]uint32, len(spans))
		for i, s := range spans {
			f.ArrayDimensions[i] = uint32(s.length())
		}
	}
}

var anyType = model.Expanded(model.NumericID(0, uint32(model.TypeVariant)))

// published is the type in which values of type t leave the converter.
func published(t model.BuiltInType) model.BuiltInType {
	if t == model.TypeNodeID {
		return model.TypeExpandedNodeID
	}
	return t
}

// units reads the display names of the EngineeringUnits (Part 8, 5.6.3); "" for variables that have none.
func (s *session) units(ctx context.Context, nodes []model.NodeID) ([]string, error) {
	units := make([]string, len(nodes))
	paths := make([]*ua.BrowsePath, len(nodes))
	for i, n := range nodes {
		paths[i] = property(n, "EngineeringUnits")
	}
	targets, err := s.translate(ctx, paths)
	if err != nil {
		return nil, err
	}
	var reads []*ua.ReadValueID
	var whose []int
	for i, t := range targets {
		if t.node != nil {
			reads, whose = append(reads, &ua.ReadValueID{NodeID: t.node, AttributeID: ua.AttributeIDValue}), append(whose, i)
		}
	}
	values, err := s.read(ctx, reads)
	if err != nil {
		return nil, err
	}
	for j, i := range whose {
		e, _ := values[j].Value.Value().(*ua.ExtensionObject)
		if e == nil {
			continue
		}
		if u, ok := e.Value.(*ua.EUInformation); ok && u.DisplayName != nil {
			units[i] = u.DisplayName.Text
		}
	}
	return units, nil
}

// forget has the next variableTypes read the nodes anew.
func (t *typeCache) forget(nodes []model.NodeID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range nodes {
		delete(t.variables, n)
	}
}
