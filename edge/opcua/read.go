package opcua

import (
	"context"
	"fmt"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Read implements edge.Reader: one request for as many nodes as the server takes at a time.
func (s *Source) Read(ctx context.Context, nodes []model.ReadValueID) ([]model.ReadResult, error) {
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	results := make([]model.ReadResult, len(nodes))
	var reads []*ua.ReadValueID
	var whose []int
	for i := range nodes {
		n := &nodes[i]
		id, err := ses.resolve(n.NodeID)
		if err != nil {
			results[i] = model.ReadResult{DataValue: model.DataValue{Status: model.StatusBadNodeIdUnknown}, Message: err.Error()}
			continue
		}
		attribute := n.Attribute
		defaultTo(&attribute, model.AttributeValue)
		reads = append(reads, &ua.ReadValueID{NodeID: id, AttributeID: ua.AttributeID(attribute), IndexRange: n.IndexRange})
		whose = append(whose, i)
	}
	values, err := s.readWhole(ctx, ses, reads)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	c := s.converter(ses)
	for j, i := range whose {
		r := &results[i]
		c.dataValue(values[j], &r.DataValue)
		if r.Status.IsBad() {
			r.Message = fmt.Sprintf("read %s: %s", nodes[i].NodeID, r.Status.Name())
		}
	}
	return results, nil
}

// readWhole reads, and reads once more the structures whose type was met for the first time and whose body was dropped for it.
func (s *Source) readWhole(ctx context.Context, ses *session, reads []*ua.ReadValueID) ([]*ua.DataValue, error) {
	values, err := ses.read(ctx, reads)
	if err != nil {
		return nil, err
	}
	c := s.converter(ses)
	var again []*ua.ReadValueID
	var whose []int
	for i, v := range values {
		if !structured(v.Value) {
			continue
		}
		if _, known := c.variant(v.Value); !known {
			// A scalar of an unknown type has come as Bad, an array as Good with empty elements.
			again, whose = append(again, reads[i]), append(whose, i)
		}
	}
	if len(again) == 0 {
		return values, nil
	}
	whole, err := ses.read(ctx, again)
	if err != nil {
		return nil, err
	}
	for j, i := range whose {
		values[i] = whole[j]
	}
	return values, nil
}

// structured tells whether v may hold structures.
func structured(v *ua.Variant) bool {
	if v == nil {
		return false
	}
	t := v.Type()
	return t == ua.TypeIDExtensionObject || t == ua.TypeIDVariant || t == ua.TypeIDDataValue
}
