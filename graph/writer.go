package graph

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Writer shows a DataSetWriter.
type Writer struct{ writer model.DataSetWriter }

// writerID is "gateway/group/writer", each part percent-escaped.
func writerID(k model.WriterKey) string {
	return url.PathEscape(k.Gateway) + "/" + url.PathEscape(k.Group) + "/" + url.PathEscape(k.Writer)
}

// parseWriterID reads the form that writerID prints.
func parseWriterID(field, id string) (model.WriterKey, error) {
	parts := strings.Split(id, "/")
	if len(parts) != 3 {
		return model.WriterKey{}, fieldError(field, "%q is no writer's id; want gateway/group/writer", id)
	}
	for i, p := range parts {
		v, err := url.PathUnescape(p)
		if err != nil || v == "" {
			return model.WriterKey{}, fieldError(field, "%q is no writer's id; want gateway/group/writer, each percent-escaped", id)
		}
		parts[i] = v
	}
	return model.WriterKey{Gateway: parts[0], Group: parts[1], Writer: parts[2]}, nil
}

func keyOfWriter(w *model.DataSetWriter) string { return writerID(w.Key()) }

// ID is "gateway/group/writer".
func (w *Writer) ID() string { return keyOfWriter(&w.writer) }

// Group is the name of the writer's group.
func (w *Writer) Group() string { return w.writer.Group }

// Name is the writer's name in its group.
func (w *Writer) Name() string { return w.writer.Name }

// SamplingInterval is the default of the fields.
func (w *Writer) SamplingInterval() time.Duration { return w.writer.SamplingInterval }

// PublishingInterval is the interval of the subscription.
func (w *Writer) PublishingInterval() time.Duration { return w.writer.PublishingInterval }

// FieldCount is the number of published nodes.
func (w *Writer) FieldCount() int { return len(w.writer.Fields) }

// ExtensionFields are constants that become labels.
func (w *Writer) ExtensionFields() map[string]string { return w.writer.ExtensionFields }

// Fields are the published nodes, in the order of the DataSet.
func (w *Writer) Fields(first *int, after *string) (*PublishedFieldConnection, error) {
	p, err := pageOf(w.writer.Fields, func(f *model.PublishedField) string { return f.Name }, false, first, after)
	if err != nil {
		return nil, err
	}
	c := &PublishedFieldConnection{PageInfo: p.info, TotalCount: len(w.writer.Fields), Edges: make([]PublishedFieldEdge, len(p.items))}
	for i, f := range p.items {
		c.Edges[i] = PublishedFieldEdge{Cursor: p.cursors[i], Node: PublishedField{field: f, writer: w.writer.Key()}}
	}
	return c, nil
}

// PublishedField shows one node that a writer publishes.
type PublishedField struct {
	field  model.PublishedField
	writer model.WriterKey
}

// Name is the field's name in the writer.
func (f *PublishedField) Name() string { return f.field.Name }

// NodeID is the published node.
func (f *PublishedField) NodeID() model.ExpandedNodeID { return f.field.NodeID }

// SamplingInterval is the field's own, nil for the writer's.
func (f *PublishedField) SamplingInterval() *time.Duration {
	if f.field.SamplingInterval == 0 {
		return nil
	}
	return &f.field.SamplingInterval
}

// QueueSize is the length of the queue at the server, nil when the gateway chooses it.
func (f *PublishedField) QueueSize() *int {
	if f.field.QueueSize == 0 {
		return nil
	}
	n := int(f.field.QueueSize)
	return &n
}

// Series is the id of the series that holds the values.
func (f *PublishedField) Series() string {
	return model.SeriesID{Gateway: f.writer.Gateway, Group: f.writer.Group, Writer: f.writer.Writer, Field: f.field.Name}.String()
}

// WriterStatus shows what a gateway reports of a writer.
type WriterStatus struct{ status model.WriterStatus }

// Active counts the fields that the server monitors.
func (s *WriterStatus) Active() int { return s.status.Active }

// BadCount counts the fields that are not active.
func (s *WriterStatus) BadCount() int { return s.status.BadCount }

// Bad are the first fields that are not active.
func (s *WriterStatus) Bad() []ItemState {
	bad := make([]ItemState, len(s.status.Bad))
	for i, b := range s.status.Bad {
		bad[i] = ItemState{Field: b.Field, NodeID: b.NodeID, Status: StatusCode{b.Status}, Message: optional(b.Message)}
	}
	return bad
}

// Error tells why the whole writer does not run.
func (s *WriterStatus) Error() *string { return optional(s.status.Error) }

// Conditions counts the conditions that the server retains.
func (s *WriterStatus) Conditions() int { return s.status.Conditions }

// writers is a page of the writers that the filter selects.
func (r *Resolver) writers(f *WriterFilter, first *int, after *string) (*WriterConnection, error) {
	var selected []model.DataSetWriter
	for _, w := range r.Registry.Writers() {
		if f.matches(&w) {
			selected = append(selected, w)
		}
	}
	return writerConnection(selected, first, after)
}

// writerConnection makes a page of writers.
func writerConnection(writers []model.DataSetWriter, first *int, after *string) (*WriterConnection, error) {
	p, err := pageOf(writers, keyOfWriter, true, first, after)
	if err != nil {
		return nil, err
	}
	c := &WriterConnection{PageInfo: p.info, TotalCount: len(writers), Edges: make([]WriterEdge, len(p.items))}
	for i, w := range p.items {
		c.Edges[i] = WriterEdge{Cursor: p.cursors[i], Node: Writer{w}}
	}
	return c, nil
}

// matches tells whether the writer is one that the filter selects; nil selects all.
func (f *WriterFilter) matches(w *model.DataSetWriter) bool {
	return f == nil || (f.Gateway == nil || *f.Gateway == w.Gateway) && (f.Server == nil || *f.Server == w.Server) &&
		(f.Group == nil || *f.Group == w.Group)
}

// request checks the input and makes the registry's request of it.
func (in *PublishInput) request() (model.PublishRequest, error) {
	r := model.PublishRequest{
		Server: in.Server, Group: in.Server, Writer: "default",
		SamplingInterval: in.SamplingInterval, PublishingInterval: in.PublishingInterval, ExtensionFields: in.ExtensionFields,
	}
	if in.Group != nil {
		r.Group = *in.Group
	}
	if in.Writer != nil {
		r.Writer = *in.Writer
	}
	if r.Group == "" || r.Writer == "" {
		return r, fieldError("group, writer", "an empty name; leave it out for the default")
	}
	if err := checkCount("nodes", len(in.Nodes), maxBatch); err != nil {
		return r, err
	}
	if len(in.Nodes) == 0 {
		return r, fieldError("nodes", "the list is empty; give at least one node")
	}
	if p := in.PublishingInterval; p != nil && *p < minPublishingInterval {
		return r, fieldError("publishingInterval", "%s is below %s", *p, minPublishingInterval)
	}
	for i, n := range in.Nodes {
		f := model.PublishedField{NodeID: n.NodeID}
		if n.Name != nil {
			f.Name = *n.Name
		}
		if n.SamplingInterval != nil {
			f.SamplingInterval = *n.SamplingInterval
		}
		if n.QueueSize != nil {
			if *n.QueueSize < 0 {
				return r, fieldError(fmt.Sprintf("nodes[%d].queueSize", i), "%d is below 0; leave it out for the best", *n.QueueSize)
			}
			f.QueueSize = uint32(*n.QueueSize)
		}
		n.options(&f)
		r.Nodes = append(r.Nodes, f)
	}
	return r, nil
}

// key checks the input and names the writer.
func (in *UnpublishInput) key() (model.WriterKey, error) {
	if in.NodeIds != nil && len(in.NodeIds) == 0 {
		return model.WriterKey{}, fieldError("nodeIds", "the list is empty; leave it out to remove the whole writer")
	}
	if err := checkCount("nodeIds", len(in.NodeIds), maxBatch); err != nil {
		return model.WriterKey{}, err
	}
	return parseWriterID("writer", in.Writer)
}

// publishResults shows the outcome of publishing or unpublishing, node by node.
func publishResults(results []model.PublishResult) []PublishNodeResult {
	out := make([]PublishNodeResult, len(results))
	for i, r := range results {
		out[i] = PublishNodeResult{NodeID: r.NodeID, Field: optional(r.Field), Status: StatusCode{r.Status}, Message: optional(r.Message)}
	}
	return out
}
