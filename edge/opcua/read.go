package opcua

import (
	"context"
	"fmt"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
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
	values, err := ses.readValues(ctx, reads)
	if err == nil {
		err = ses.unfold(ctx, variantsOf(values))
	}
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	for j, i := range whose {
		r := &results[i]
		r.DataValue = values[j]
		if r.Status.IsBad() {
			r.Message = fmt.Sprintf("read %s: %s", nodes[i].NodeID, r.Status.Name())
		} else {
			r.Message = undescribed(r.Value)
		}
	}
	return results, nil
}

func variantsOf(values []model.DataValue) []*model.Variant {
	variants := make([]*model.Variant, len(values))
	for i := range values {
		variants[i] = &values[i].Value
	}
	return variants
}

// readValues reads in batches, as read does, with a decoder of our own: it takes matrices without elements, all dates and the bodies of all structures.
func (s *session) readValues(ctx context.Context, nodes []*ua.ReadValueID) ([]model.DataValue, error) {
	values := make([]model.DataValue, len(nodes))
	for _, n := range nodes { // gopcua encodes a nil pointer as nothing at all
		n.DataEncoding = &ua.QualifiedName{}
	}
	var r uadp.Binary
	err := s.limits.read.each(len(nodes), func(from, to int) error {
		return s.readBatch(ctx, &r, nodes[from:to], values[from:to])
	}, func(i int, err error) {
		values[i] = model.DataValue{Status: statusOf(err, model.StatusBadDecodingError)}
	})
	return values, err
}

func (s *session) readBatch(ctx context.Context, r *uadp.Binary, nodes []*ua.ReadValueID, values []model.DataValue) error {
	req := &ua.ReadRequest{TimestampsToReturn: ua.TimestampsToReturnBoth, NodesToRead: nodes}
	return s.readEach(ctx, r, req, func(i int, v *model.DataValue) { values[i] = v.Clone() })
}

// readEach sends one request and calls take with each value, which is valid during the call only.
func (s *session) readEach(ctx context.Context, r *uadp.Binary, req *ua.ReadRequest, take func(i int, v *model.DataValue)) error {
	m, err := s.exchange(ctx, s.token, req, typeReadResponse, s.timeout, r)
	if err != nil {
		if sessionGone(err) {
			s.Fail(err)
		}
		return err
	}
	defer m.Release()
	r.Reset(r.Rest(), s.namespaces)
	nodes := len(req.NodesToRead)
	if n := r.Count(1); n != nodes && r.Err() == nil {
		return fmt.Errorf("%d results for %d nodes: %w", n, nodes, model.StatusBadUnknownResponse)
	}
	var v model.DataValue
	for i := range nodes {
		if r.DataValue(&v); r.Err() != nil {
			return fmt.Errorf("decode read response: %w: %w", r.Err(), model.StatusBadDecodingError)
		}
		take(i, &v)
	}
	return nil
}
