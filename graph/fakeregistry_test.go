package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// fakeRegistry keeps records in maps; what a test replaces goes into the Func fields.
type fakeRegistry struct {
	mu       sync.Mutex
	servers  map[string]model.Server
	password map[string]string
	status   map[string]model.ServerStatus
	gateways []model.GatewayStatus
	writers  []model.DataSetWriter

	PublishFunc func(model.PublishRequest) (model.DataSetWriter, []model.PublishResult, error)

	revisions []model.ConfigurationRevision // newest first
	diff      model.ConfigurationDiff
	ApplyFunc func(model.ConfigurationChange) (model.ConfigurationOutcome, error)
}

func (f *fakeRegistry) Configuration(_ context.Context, gateway string, revision uint64) (model.Configuration, error) {
	c := model.Configuration{Gateway: gateway, Writers: f.writers, Servers: f.Servers()}
	if len(f.revisions) > 0 {
		c.Revision = f.revisions[0].Revision
	}
	if revision != 0 && revision != c.Revision {
		return c, fmt.Errorf("revision %d: %w", revision, ErrNotFound)
	}
	return c, nil
}

func (f *fakeRegistry) ConfigurationHistory(context.Context, string) ([]model.ConfigurationRevision, error) {
	return f.revisions, nil
}

func (f *fakeRegistry) ConfigurationDiff(context.Context, string, uint64, uint64) (model.ConfigurationDiff, error) {
	return f.diff, nil
}

func (f *fakeRegistry) Apply(_ context.Context, c model.ConfigurationChange) (model.ConfigurationOutcome, error) {
	return f.ApplyFunc(c)
}

func (f *fakeRegistry) RollBack(_ context.Context, gateway string, revision uint64, author, comment string) (model.ConfigurationOutcome, error) {
	return model.ConfigurationOutcome{Applied: true, Revision: model.ConfigurationRevision{
		Gateway: gateway, Revision: 9, RolledBackTo: revision, Author: author, Comment: comment,
	}}, nil
}

func (f *fakeRegistry) Servers() (list []model.Server) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.servers {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b model.Server) int { return strings.Compare(a.ID, b.ID) })
	return list
}

func (f *fakeRegistry) Server(id string) (model.Server, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.servers[id]
	if !ok {
		return s, ErrNotFound
	}
	return s, nil
}

func (f *fakeRegistry) ServerStatus(id string) model.ServerStatus { return f.status[id] }
func (f *fakeRegistry) Gateways() []model.GatewayStatus           { return f.gateways }
func (f *fakeRegistry) Writers() []model.DataSetWriter            { return f.writers }

func (f *fakeRegistry) Gateway(id string) (model.GatewayStatus, error) {
	for _, g := range f.gateways {
		if g.Gateway == id {
			return g, nil
		}
	}
	return model.GatewayStatus{}, ErrNotFound
}

func (f *fakeRegistry) Writer(key model.WriterKey) (model.DataSetWriter, error) {
	for _, w := range f.writers {
		if w.Key() == key {
			return w, nil
		}
	}
	return model.DataSetWriter{}, ErrNotFound
}

func (f *fakeRegistry) WriterStatus(key model.WriterKey) model.WriterStatus {
	return model.WriterStatus{
		Writer: key, Active: 2, BadCount: 1, Error: "one is missing",
		Bad: []model.ItemState{{Field: "Gone", NodeID: tag(9), Status: model.StatusBadNodeIdUnknown, Message: "no such node"}},
	}
}

func (f *fakeRegistry) AddServer(_ context.Context, s model.Server, password string) (model.Server, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.ID == "" {
		s.ID = strings.ToLower(s.Name)
	}
	if _, ok := f.servers[s.ID]; ok {
		return s, fmt.Errorf("id %q: %w", s.ID, ErrConflict)
	}
	f.servers[s.ID], f.password[s.ID] = s, password
	return s, nil
}

func (f *fakeRegistry) UpdateServer(_ context.Context, id string, change func(*model.Server), password *string) (model.Server, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.servers[id]
	if !ok {
		return s, ErrNotFound
	}
	change(&s)
	f.servers[id] = s
	if password != nil {
		f.password[id] = *password
	}
	return s, nil
}

func (f *fakeRegistry) RemoveServer(_ context.Context, id string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.servers[id]; !ok {
		return ErrNotFound
	}
	delete(f.servers, id)
	return nil
}

func (f *fakeRegistry) Publish(_ context.Context, r model.PublishRequest) (model.DataSetWriter, []model.PublishResult, error) {
	return f.PublishFunc(r)
}

func (f *fakeRegistry) Unpublish(_ context.Context, key model.WriterKey, nodes []model.ExpandedNodeID) (model.DataSetWriter, bool, []model.PublishResult, error) {
	w, err := f.Writer(key)
	if err != nil || nodes == nil {
		return w, true, nil, err
	}
	var results []model.PublishResult
	for _, n := range nodes {
		results = append(results, model.PublishResult{NodeID: n})
	}
	return w, false, results, nil
}
