package opcua

import (
	"context"
	"fmt"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// describe finds the metadata of a writer's fields, all at once. A field whose node is not there is described as one of any type, so that it can be
// published when the node comes.
func (s *Source) describe(ctx context.Context, ses *session, w *model.DataSetWriter) ([]model.FieldMetaData, error) {
	fields := make([]model.FieldMetaData, len(w.Fields))
	var nodes []model.NodeID
	var whose []int
	for i, f := range w.Fields {
		fields[i] = model.FieldMetaData{Name: f.Name, BuiltInType: model.TypeVariant, DataType: anyType, ValueRank: model.ValueRankAny, Node: f.NodeID}
		if id, err := ses.namespaces.Resolve(f.NodeID); err == nil {
			fields[i].Node = ses.namespaces.Expand(id)
			nodes, whose = append(nodes, id), append(whose, i)
		}
	}
	ses.types.forget(nodes)
	types, status, err := ses.variableTypes(ctx, nodes)
	if err != nil {
		return nil, fmt.Errorf("read data types: %w", err)
	}
	units, err := ses.units(ctx, nodes)
	if err != nil {
		return nil, fmt.Errorf("read engineering units: %w", err)
	}
	paths, err := ses.paths(ctx, nodes)
	if err != nil {
		return nil, fmt.Errorf("find browse paths: %w", err)
	}
	var structures []*ua.ReadValueID
	for j, i := range whose {
		if status[j].IsBad() {
			continue
		}
		f, t := &fields[i], types[j]
		f.BuiltInType, f.DataType, f.ValueRank, f.ArrayDimensions = published(t.builtIn), ses.namespaces.Expand(t.dataType), t.rank, t.dimensions
		f.Unit, f.Path = units[j], paths[j]
		if t.builtIn == model.TypeExtensionObject || t.builtIn == model.TypeVariant {
			structures = append(structures, &ua.ReadValueID{NodeID: uaNodeID(nodes[j]), AttributeID: ua.AttributeIDValue})
		}
	}
	// Their types are registered on sight, so that the first notification does not lose its bodies.
	if _, err := s.readWhole(ctx, ses, structures); err != nil {
		return nil, fmt.Errorf("read structures: %w", err)
	}
	return fields, nil
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
