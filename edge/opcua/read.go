package opcua

import (
	"context"
	"fmt"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// Read implements edge.Reader: as few requests as the server's limit allows, one more for each other MaxAge and choice of timestamps.
func (s *Source) Read(ctx context.Context, nodes []model.ReadValueID) ([]model.ReadResult, error) {
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	results, err := ses.readNodes(ctx, nodes)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	return results, nil
}

// readHow is what holds for a Read request as a whole.
type readHow struct {
	maxAge     time.Duration
	timestamps model.TimestampsToReturn
}

func (h readHow) request(nodes []*ua.ReadValueID) *ua.ReadRequest {
	r := &ua.ReadRequest{MaxAge: float64(max(h.maxAge, 0)) / float64(time.Millisecond), TimestampsToReturn: ua.TimestampsToReturnBoth, NodesToRead: nodes}
	switch h.timestamps {
	case model.TimestampsSource:
		r.TimestampsToReturn = ua.TimestampsToReturnSource
	case model.TimestampsServer:
		r.TimestampsToReturn = ua.TimestampsToReturnServer
	case model.TimestampsNeither:
		r.TimestampsToReturn = ua.TimestampsToReturnNeither
	}
	return r
}

// readNodes reads what may be asked in different ways, and makes structures JSON.
func (s *session) readNodes(ctx context.Context, nodes []model.ReadValueID) ([]model.ReadResult, error) {
	results := make([]model.ReadResult, len(nodes))
	reads, whose := map[readHow][]*ua.ReadValueID{}, map[readHow][]int{}
	for i := range nodes {
		n := &nodes[i]
		id, err := s.namespaces.Resolve(n.NodeID)
		if err != nil {
			results[i] = model.ReadResult{DataValue: model.DataValue{Status: model.StatusBadNodeIdUnknown}, Message: err.Error()}
			continue
		}
		if _, err := parseRange(n.IndexRange); err != nil {
			results[i] = model.ReadResult{DataValue: model.DataValue{Status: model.StatusBadIndexRangeInvalid}, Message: fmt.Sprintf("indexRange %q: %v", n.IndexRange, err)}
			continue
		}
		attribute := n.Attribute
		defaultTo(&attribute, model.AttributeValue)
		how := readHow{n.MaxAge, n.Timestamps}
		reads[how] = append(reads[how], &ua.ReadValueID{NodeID: s.aliases.of(id), AttributeID: ua.AttributeID(attribute), IndexRange: n.IndexRange})
		whose[how] = append(whose[how], i)
	}
	var read []int
	for how, ids := range reads {
		values, err := s.readValuesAs(ctx, ids, how)
		if err != nil {
			return nil, err
		}
		for j, i := range whose[how] {
			results[i].DataValue = values[j]
			if asked, err := parseRange(nodes[i].IndexRange); err == nil && asked != nil {
				cutRange(&results[i].DataValue, asked)
			}
		}
		read = append(read, whose[how]...)
	}
	if err := s.defineEnums(ctx, nodes, results); err != nil {
		return nil, err
	}
	variants := make([]*model.Variant, len(read))
	for j, i := range read {
		variants[j] = &results[i].Value
	}
	if err := s.unfold(ctx, variants); err != nil {
		return nil, err
	}
	for _, i := range read {
		if r := &results[i]; r.Status.IsBad() {
			r.Message = refusedRead(&nodes[i], r.Status)
		} else {
			r.Message = undescribed(r.Value)
		}
	}
	return results, nil
}

// refusedRead tells what a server refused.
func refusedRead(n *model.ReadValueID, status model.StatusCode) string {
	if n.IndexRange == "" {
		return fmt.Sprintf("read %s: %s", n.NodeID, status.Name())
	}
	return fmt.Sprintf("read %s with indexRange %q: %s", n.NodeID, n.IndexRange, status.Name())
}

// readValues reads in batches, as read does, with a decoder of our own: it takes matrices without elements, all dates and the bodies of all structures.
func (s *session) readValues(ctx context.Context, nodes []*ua.ReadValueID) ([]model.DataValue, error) {
	return s.readValuesAs(ctx, nodes, readHow{})
}

func (s *session) readValuesAs(ctx context.Context, nodes []*ua.ReadValueID, how readHow) ([]model.DataValue, error) {
	values := make([]model.DataValue, len(nodes))
	for _, n := range nodes { // gopcua encodes a nil pointer as nothing at all
		n.DataEncoding = &ua.QualifiedName{}
	}
	var r uadp.Binary
	err := s.limits.read.each(len(nodes), func(from, to int) error {
		return s.readEach(ctx, &r, how.request(nodes[from:to]), func(i int, v *model.DataValue) { values[from+i] = v.Clone() })
	}, func(i int, err error) {
		values[i] = model.DataValue{Status: statusOf(err, model.StatusBadDecodingError)}
	})
	return values, err
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
