package main

import (
	"context"
	"errors"

	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/ingest/registry"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/publishednodes"
)

// graphRegistry is the registry with the errors that graph knows.
type graphRegistry struct{ *registry.Registry }

// asGraph maps the registry's kinds of errors to those of graph.
func asGraph(err error) error {
	for kind, to := range map[error]error{registry.ErrNotFound: graph.ErrNotFound, registry.ErrInvalid: graph.ErrInvalid, registry.ErrConflict: graph.ErrConflict} {
		if errors.Is(err, kind) {
			return &mappedError{err, to}
		}
	}
	return err
}

// mappedError has the text of one error and the kind of another.
type mappedError struct{ err, kind error }

func (e *mappedError) Error() string   { return e.err.Error() }
func (e *mappedError) Unwrap() []error { return []error{e.err, e.kind} }

func (r graphRegistry) Server(id string) (model.Server, error) {
	s, err := r.Registry.Server(id)
	return s, asGraph(err)
}

func (r graphRegistry) Gateway(id string) (model.GatewayStatus, error) {
	g, err := r.Registry.Gateway(id)
	return g, asGraph(err)
}

func (r graphRegistry) Writer(key model.WriterKey) (model.DataSetWriter, error) {
	w, err := r.Registry.Writer(key)
	return w, asGraph(err)
}

func (r graphRegistry) AddServer(ctx context.Context, s model.Server, password string) (model.Server, error) {
	s, err := r.Registry.AddServer(ctx, s, password)
	return s, asGraph(err)
}

func (r graphRegistry) UpdateServer(ctx context.Context, id string, change func(*model.Server), password *string) (model.Server, error) {
	s, err := r.Registry.UpdateServer(ctx, id, change, password)
	return s, asGraph(err)
}

func (r graphRegistry) RemoveServer(ctx context.Context, id string) error {
	return asGraph(r.Registry.RemoveServer(ctx, id))
}

func (r graphRegistry) Publish(ctx context.Context, p model.PublishRequest) (model.DataSetWriter, []model.PublishResult, error) {
	w, results, err := r.Registry.Publish(ctx, p)
	return w, results, asGraph(err)
}

func (r graphRegistry) Unpublish(ctx context.Context, key model.WriterKey, nodes []model.ExpandedNodeID) (model.DataSetWriter, bool, []model.PublishResult, error) {
	w, removed, results, err := r.Registry.Unpublish(ctx, key, nodes)
	return w, removed, results, asGraph(err)
}

func (r graphRegistry) ImportPublishedNodes(ctx context.Context, gateway string, text []byte, dryRun, replace bool) (*publishednodes.ImportResult, error) {
	result, err := r.Registry.ImportPublishedNodes(ctx, gateway, text, dryRun, replace)
	return result, asGraph(err)
}

func (r graphRegistry) Configuration(ctx context.Context, gateway string, revision uint64) (model.Configuration, error) {
	c, err := r.Registry.Configuration(ctx, gateway, revision)
	return c, asGraph(err)
}

func (r graphRegistry) ConfigurationHistory(ctx context.Context, gateway string) ([]model.ConfigurationRevision, error) {
	list, err := r.Registry.ConfigurationHistory(ctx, gateway)
	return list, asGraph(err)
}

func (r graphRegistry) ConfigurationDiff(ctx context.Context, gateway string, from, to uint64) (model.ConfigurationDiff, error) {
	d, err := r.Registry.ConfigurationDiff(ctx, gateway, from, to)
	return d, asGraph(err)
}

func (r graphRegistry) Apply(ctx context.Context, c model.ConfigurationChange) (model.ConfigurationOutcome, error) {
	o, err := r.Registry.Apply(ctx, c)
	return o, asGraph(err)
}

func (r graphRegistry) RollBack(ctx context.Context, gateway string, revision uint64, author, comment string) (model.ConfigurationOutcome, error) {
	o, err := r.Registry.RollBack(ctx, gateway, revision, author, comment)
	return o, asGraph(err)
}
