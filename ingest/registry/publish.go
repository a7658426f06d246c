package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxFields bounds the fields of a writer, so that its record stays far below the largest message of the bus.
	maxFields = 5000
	// maxName bounds the names of groups, writers and fields, in bytes.
	maxName = 128

	defaultSampling   = time.Second
	defaultPublishing = time.Second
	minPublishing     = 10 * time.Millisecond
	maxInterval       = 24 * time.Hour
	maxExtensions     = 32
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
	r.changing.Lock()
	defer r.changing.Unlock()
	for range tries {
		w, err := r.prepareWriter(key, &p)
		if err != nil {
			return model.DataSetWriter{}, nil, err
		}
		results := addFields(&w, &p, looked)
		if w.Revision == 0 && len(w.Fields) == 0 {
			return model.DataSetWriter{}, results, nil // nothing to publish: do not make a writer
		}
		w, err = r.storeWriter(ctx, w)
		if !errors.Is(err, ErrConflict) {
			return w, results, err
		}
		if err := r.settle(ctx); err != nil {
			return w, nil, err
		}
	}
	return model.DataSetWriter{}, nil, fmt.Errorf("%w: writer %s is being changed by others, try again", ErrConflict, key)
}

func (r *Registry) storeWriter(ctx context.Context, w model.DataSetWriter) (model.DataSetWriter, error) {
	if w.Revision == 0 {
		return r.writers.create(ctx, w)
	}
	return r.writers.update(ctx, w, w.Revision)
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

func validatePublish(p *model.PublishRequest, key model.WriterKey) error {
	bad := func(field, format string, args ...any) error {
		return fmt.Errorf("%w: %s: %s", ErrInvalid, field, fmt.Sprintf(format, args...))
	}
	if len(key.Group) > maxName {
		return bad("group", "is longer than %d bytes", maxName)
	}
	if len(key.Writer) > maxName {
		return bad("writer", "is longer than %d bytes", maxName)
	}
	if len(p.Nodes) > maxFields {
		return bad("nodes", "%d nodes are more than a writer can have, %d; use several writers", len(p.Nodes), maxFields)
	}
	if d := p.SamplingInterval; d != nil && (*d < 0 || *d > maxInterval) {
		return bad("samplingInterval", "%s is out of range; use 0s to 24h", *d)
	}
	if d := p.PublishingInterval; d != nil && (*d < minPublishing || *d > maxInterval) {
		return bad("publishingInterval", "%s is out of range; use 10ms to 24h", *d)
	}
	if len(p.ExtensionFields) > maxExtensions {
		return bad("extensionFields", "has %d entries, at most %d are allowed", len(p.ExtensionFields), maxExtensions)
	}
	for _, n := range p.Nodes {
		if len(n.Name) > maxName {
			return bad("nodes.name", "%q is longer than %d bytes", n.Name, maxName)
		}
		if n.SamplingInterval < 0 || n.SamplingInterval > maxInterval {
			return bad("nodes.samplingInterval", "%s is out of range; use 0s to 24h", n.SamplingInterval)
		}
	}
	return nil
}

// prepareWriter returns a copy of the stored writer, or a new one, with the defaults that p changes.
func (r *Registry) prepareWriter(key model.WriterKey, p *model.PublishRequest) (model.DataSetWriter, error) {
	w, err := r.Writer(key)
	if err != nil {
		w = model.DataSetWriter{
			Gateway: key.Gateway, Group: key.Group, Name: key.Writer, Server: p.Server,
			SamplingInterval: defaultSampling, PublishingInterval: defaultPublishing,
		}
		if w.GroupID, w.WriterID, err = r.freeNumbers(key); err != nil {
			return w, err
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

// freeNumbers returns the number of the writer's group and one for the writer, unique among those of the gateway.
func (r *Registry) freeNumbers(key model.WriterKey) (group, writer uint16, err error) {
	groups, writers := map[uint16]bool{}, map[uint16]bool{}
	for _, w := range r.Writers() {
		if w.Gateway != key.Gateway {
			continue
		}
		groups[w.GroupID], writers[w.WriterID] = true, true
		if w.Group == key.Group {
			group = w.GroupID
		}
	}
	if group == 0 {
		group = lowestFree(groups)
	}
	if writer = lowestFree(writers); group == 0 || writer == 0 {
		return 0, 0, fmt.Errorf("%w: writer: gateway %q has 65535 groups or writers, no more can be told apart", ErrInvalid, key.Gateway)
	}
	return group, writer, nil
}

// lowestFree returns the lowest number from 1 that is not taken, 0 if there is none.
func lowestFree(taken map[uint16]bool) uint16 {
	for n := uint16(1); n != 0; n++ {
		if !taken[n] {
			return n
		}
	}
	return 0
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
		if len(w.Fields) == maxFields {
			results[i].Status = model.StatusBadTooManyMonitoredItems
			results[i].Message = fmt.Sprintf("the writer has %d fields, its limit; use another writer", maxFields)
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
	r.changing.Lock()
	defer r.changing.Unlock()
	for range tries {
		w, err := r.Writer(key)
		if err != nil {
			return w, false, nil, err
		}
		old := w.Revision
		results := removeFields(&w, nodes)
		if nodes == nil || len(w.Fields) == 0 {
			if err = r.writers.remove(ctx, w, old); err == nil {
				r.dropStatus(ctx, key)
			}
		} else {
			w, err = r.writers.update(ctx, w, old)
		}
		if !errors.Is(err, ErrConflict) {
			return w, nodes == nil || len(w.Fields) == 0, results, err
		}
		if err := r.settle(ctx); err != nil {
			return w, false, nil, err
		}
	}
	return model.DataSetWriter{}, false, nil, fmt.Errorf("%w: writer %s is being changed by others, try again", ErrConflict, key)
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
