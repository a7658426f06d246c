package opcua

import (
	"context"
	"fmt"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxDescriptions bounds the types of one dictionary.
const maxDescriptions = 10_000

// dictionaries describes data types that have no DataTypeDefinition by the type dictionaries of their servers (Part 5, Annex D): all types of each dictionary
// that one of ids is in.
func (s *session) dictionaries(ctx context.Context, ids []model.NodeID) (*model.DataTypeSchema, error) {
	found := &model.DataTypeSchema{}
	if len(ids) == 0 {
		return found, nil
	}
	// From a type to its encodings, their descriptions, and the dictionaries that those are parts of.
	nodes := ids
	for _, hop := range []struct {
		reference uint32
		forward   bool
	}{{id.HasEncoding, true}, {id.HasDescription, true}, {id.HasComponent, false}} {
		next, err := s.targets(ctx, nodes, hop.reference, hop.forward)
		if err != nil {
			return nil, fmt.Errorf("find type dictionaries: %w", err)
		}
		nodes = nil
		seen := map[model.NodeID]bool{}
		for _, of := range next {
			for _, n := range of {
				if !seen[n] {
					seen[n] = true
					nodes = append(nodes, n)
				}
			}
		}
	}
	for _, n := range nodes {
		if err := s.dictionary(ctx, n, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// targets returns those of the references of one type of each node.
func (s *session) targets(ctx context.Context, nodes []model.NodeID, reference uint32, forward bool) ([][]model.NodeID, error) {
	asked := make([]*ua.BrowseDescription, len(nodes))
	for i, n := range nodes {
		direction := ua.BrowseDirectionInverse
		if forward {
			direction = ua.BrowseDirectionForward
		}
		asked[i] = &ua.BrowseDescription{
			NodeID: uaNodeID(n), BrowseDirection: direction, ReferenceTypeID: ns0(reference), IncludeSubtypes: true, ResultMask: uint32(ua.BrowseResultMaskNone),
		}
	}
	found, err := s.browse(ctx, asked, maxDescriptions)
	if err != nil {
		return nil, err
	}
	targets := make([][]model.NodeID, len(nodes))
	for i := range found {
		for _, r := range found[i].references {
			if n := s.local(r.NodeID); n != nil {
				targets[i] = append(targets[i], nodeID(n))
			}
		}
	}
	return targets, nil
}

// dictionary adds the types of one dictionary to found. One that cannot be read, or is no OPC Binary, has none.
func (s *session) dictionary(ctx context.Context, n model.NodeID, found *model.DataTypeSchema) error {
	parts, err := s.targets(ctx, []model.NodeID{n}, id.HasComponent, true)
	if err != nil {
		return fmt.Errorf("browse type dictionary: %w", err)
	}
	descriptions := parts[0]
	reads := []*ua.ReadValueID{{NodeID: uaNodeID(n), AttributeID: ua.AttributeIDValue}}
	for _, d := range descriptions {
		reads = append(reads, &ua.ReadValueID{NodeID: uaNodeID(d), AttributeID: ua.AttributeIDValue})
	}
	values, err := s.readValues(ctx, reads)
	if err != nil {
		return fmt.Errorf("read type dictionary: %w", err)
	}
	schema, err := parseBinarySchema(values[0].Value.Bytes())
	if err != nil {
		return nil //nolint:nilerr // the types stay undescribed, which is told where a value needs one
	}
	ids, err := s.describedTypes(ctx, descriptions, values[1:])
	if err != nil {
		return fmt.Errorf("find the types of a dictionary: %w", err)
	}
	made := func(name string) model.NodeID {
		return model.StringID(n.Namespace(), "dictionary "+n.String()+": "+name)
	}
	types := schema.schema(ids, made)
	found.Structures = append(found.Structures, types.Structures...)
	found.Enums = append(found.Enums, types.Enums...)
	return nil
}

// describedTypes finds the data types and encodings that descriptions are of; the value of each is the type's name in the dictionary.
func (s *session) describedTypes(ctx context.Context, descriptions []model.NodeID, names []model.DataValue) (map[string]described, error) {
	encodings, err := s.targets(ctx, descriptions, id.HasDescription, false)
	if err != nil {
		return nil, err
	}
	var nodes []model.NodeID
	var whose []string
	for i := range encodings {
		if name := names[i].Value.Text(); name != "" && len(encodings[i]) > 0 {
			nodes, whose = append(nodes, encodings[i][0]), append(whose, name)
		}
	}
	types, err := s.targets(ctx, nodes, id.HasEncoding, false)
	if err != nil {
		return nil, err
	}
	ids := map[string]described{}
	for i, name := range whose {
		if len(types[i]) > 0 {
			ids[name] = described{dataType: types[i][0], encoding: nodes[i]}
		}
	}
	return ids, nil
}
