package registry

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	defaultSampling   = time.Second
	defaultPublishing = time.Second
)

// Publish adds nodes to a writer, which is made when it does not exist. Nodes that the server knows not to be variables are
// reported and not added; when the server cannot be asked they are taken unseen, and the writer's status tells later.
func (r *Registry) Publish(ctx context.Context, p model.PublishRequest) (model.DataSetWriter, []model.PublishResult, error) {
	s, err := r.Server(p.Server)
	if err != nil {
		return model.DataSetWriter{}, nil, err
	}
	key := model.WriterKey{Gateway: s.Gateway, Group: p.Group, Writer: p.Writer}
	if key.Group == "" {
		key.Group = s.ID
	}
	if key.Writer == "" {
		key.Writer = "default"
	}
	if err := validatePublish(&p, key); err != nil {
		return model.DataSetWriter{}, nil, err
	}
	looked := r.look(ctx, &p)
	var w model.DataSetWriter
	var results []model.PublishResult
	c := model.ConfigurationChange{Gateway: s.Gateway, Comment: fmt.Sprintf("publish %d nodes to writer %s", len(p.Nodes), key)}
	err = r.transactOne(ctx, &c, func(d *draft) (err error) {
		if w, err = d.prepareWriter(key, &p); err != nil {
			return err
		}
		results = addFields(&w, &p, looked)
		if len(w.Fields) == 0 && len(w.Selections) == 0 {
			w = model.DataSetWriter{} // nothing to publish: do not make a writer
			return nil
		}
		return d.putWriter(w)
	})
	if err != nil || w.Name == "" {
		return model.DataSetWriter{}, results, err
	}
	w, err = r.Writer(key)
	return w, results, err
}

// settle waits a moment for the watch to bring what others changed.
func (r *Registry) settle(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(50 * time.Millisecond):
		return nil
	}
}

// validatePublish checks what is not checked with the writer as a whole.
func validatePublish(p *model.PublishRequest, key model.WriterKey) error {
	if len(key.Group) > model.MaxNameBytes {
		return invalid("group", "is longer than %d bytes", model.MaxNameBytes)
	}
	if len(key.Writer) > model.MaxNameBytes {
		return invalid("writer", "is longer than %d bytes", model.MaxNameBytes)
	}
	if len(p.Nodes) > model.MaxWriterFields {
		return invalid("nodes", "%d nodes are more than a writer can have, %d; use several writers", len(p.Nodes), model.MaxWriterFields)
	}
	if d := p.PublishingInterval; d != nil && (*d < model.MinPublishingInterval || *d > model.MaxInterval) {
		return invalid("publishingInterval", "%s is out of range; use 10ms to 24h", *d)
	}
	for i := range p.Nodes {
		f := p.Nodes[i]
		if f.Name == "" {
			f.Name = "?" // it gets one
		}
		for _, b := range f.Problems(fmt.Sprintf("nodes[%d]", i)) {
			return invalid(b.Field, "%s", b.Message)
		}
	}
	return nil
}

// prepareWriter returns a copy of the stored writer, or a new one, with the defaults that p changes.
func (d *draft) prepareWriter(key model.WriterKey, p *model.PublishRequest) (model.DataSetWriter, error) {
	w, ok := d.next.writers[key]
	if !ok {
		w = model.DataSetWriter{
			Gateway: key.Gateway, Group: key.Group, Name: key.Writer, Server: p.Server,
			SamplingInterval: defaultSampling, PublishingInterval: defaultPublishing,
		}
	}
	if w.Server != p.Server {
		return w, fmt.Errorf("%w: writer: %s publishes from server %q; a writer has nodes of one server, choose another writer for %q", ErrInvalid, key, w.Server, p.Server)
	}
	w.Fields, w.ExtensionFields = slices.Clone(w.Fields), maps.Clone(w.ExtensionFields)
	if p.SamplingInterval != nil {
		w.SamplingInterval = *p.SamplingInterval
	}
	if p.PublishingInterval != nil {
		w.PublishingInterval = *p.PublishingInterval
	}
	if p.ExtensionFields != nil {
		w.ExtensionFields = maps.Clone(p.ExtensionFields)
	}
	return w, nil
}

// addFields adds the nodes of p to w and returns one result for each.
func addFields(w *model.DataSetWriter, p *model.PublishRequest, looked []sight) []model.PublishResult {
	fields, names := map[model.ExpandedNodeID]string{}, map[string]bool{}
	for _, f := range w.Fields {
		fields[f.NodeID], names[f.Name] = f.Name, true
	}
	results := make([]model.PublishResult, len(p.Nodes))
	for i, n := range p.Nodes {
		n.NodeID = looked[i].id
		results[i] = model.PublishResult{NodeID: n.NodeID, Status: looked[i].status, Message: looked[i].message}
		if results[i].Status.IsBad() {
			continue
		}
		if name, ok := fields[n.NodeID]; ok {
			results[i].Field, results[i].Message = name, "is published already"
			continue
		}
		if n.Name != "" && names[n.Name] {
			results[i].Status = model.StatusBadBrowseNameDuplicated
			results[i].Message = fmt.Sprintf("name %q is taken by another field of the writer; choose another", n.Name)
			continue
		}
		if len(w.Fields) == model.MaxWriterFields {
			results[i].Status = model.StatusBadTooManyMonitoredItems
			results[i].Message = fmt.Sprintf("the writer has %d fields, its limit; use another writer", model.MaxWriterFields)
			continue
		}
		if n.Name == "" {
			n.Name = freeName(names, looked[i].names)
		}
		fields[n.NodeID], names[n.Name] = n.Name, true
		w.Fields = append(w.Fields, n)
		results[i].Field = n.Name
	}
	return results
}

// freeName returns the first candidate that is not taken, else the last one with a number.
func freeName(taken map[string]bool, candidates []string) string {
	for _, c := range candidates {
		if !taken[c] {
			return c
		}
	}
	last := candidates[len(candidates)-1]
	for n := 2; ; n++ {
		if name := fmt.Sprintf("%s#%d", last, n); !taken[name] {
			return name
		}
	}
}

// Unpublish removes nodes from a writer, or with nodes nil the writer, which also goes with its last node.
func (r *Registry) Unpublish(ctx context.Context, key model.WriterKey, nodes []model.ExpandedNodeID) (model.DataSetWriter, bool, []model.PublishResult, error) {
	var w model.DataSetWriter
	var results []model.PublishResult
	var removed bool
	c := model.ConfigurationChange{Gateway: key.Gateway, Comment: fmt.Sprintf("unpublish %d nodes from writer %s", len(nodes), key)}
	if nodes == nil {
		c.Comment = "unpublish writer " + key.String()
	}
	err := r.transactOne(ctx, &c, func(d *draft) error {
		var ok bool
		if w, ok = d.next.writers[key]; !ok {
			return fmt.Errorf("writer %q: %w", key, ErrNotFound)
		}
		results = removeFields(&w, nodes)
		if removed = nodes == nil || len(w.Fields) == 0 && len(w.Selections) == 0; removed {
			d.removeWriter(key)
			return nil
		}
		return d.putWriter(w)
	})
	if err == nil && !removed {
		w, err = r.Writer(key)
	}
	return w, removed, results, err
}

// removeFields removes the fields of nodes, all with nodes nil, and returns one result for each.
func removeFields(w *model.DataSetWriter, nodes []model.ExpandedNodeID) []model.PublishResult {
	if nodes == nil {
		results := make([]model.PublishResult, len(w.Fields))
		for i, f := range w.Fields {
			results[i] = model.PublishResult{NodeID: f.NodeID, Field: f.Name}
		}
		return results
	}
	results := make([]model.PublishResult, len(nodes))
	w.Fields = slices.Clone(w.Fields)
	for i, id := range nodes {
		results[i].NodeID = id
		at := slices.IndexFunc(w.Fields, func(f model.PublishedField) bool { return f.NodeID == id })
		if at < 0 {
			results[i].Status = model.StatusBadNotFound
			results[i].Message = fmt.Sprintf("node %s is not published by writer %s", id, w.Key())
			continue
		}
		results[i].Field = w.Fields[at].Name
		w.Fields = slices.Delete(w.Fields, at, at+1)
	}
	return results
}
