package graph

import (
	"context"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/graph/live"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// typedServices are the resolver's commands as the typed part of the schema asks them.
type typedServices struct{ r *Resolver }

var _ typed.Services = typedServices{}

// Servers are the ids of all servers.
func (s typedServices) Servers() []string {
	list := s.r.Registry.Servers()
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	return ids
}

// Browse refuses a server that is not there.
func (s typedServices) Browse(ctx context.Context, server string, nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
	if _, err := s.r.Registry.Server(server); err != nil {
		return nil, err
	}
	return s.r.Commands.Browse(ctx, server, nodes)
}

// Translate finds nodes by their paths.
func (s typedServices) Translate(ctx context.Context, server string, paths []model.BrowsePath) ([]model.TranslateResult, error) {
	if _, err := s.r.Registry.Server(server); err != nil {
		return nil, err
	}
	return s.r.Commands.Translate(ctx, server, paths)
}

// Read reads values.
func (s typedServices) Read(ctx context.Context, server string, nodes []model.ReadValueID) ([]model.ReadResult, error) {
	return s.r.Commands.Read(ctx, server, nodes)
}

// Write writes values.
func (s typedServices) Write(ctx context.Context, server string, values []model.WriteValue) ([]model.WriteResult, error) {
	if _, err := s.r.Registry.Server(server); err != nil {
		return nil, err
	}
	return s.r.Commands.Write(ctx, server, values)
}

// Monitor refuses a server that is not there.
func (s typedServices) Monitor(ctx context.Context, server string, m model.MonitorRequest) (<-chan model.ValueChanges, error) {
	if _, err := s.r.Registry.Server(server); err != nil {
		return nil, err
	}
	return s.r.Commands.Monitor(ctx, server, m)
}

// MonitorIntervals reads the arguments of a subscription.
func (s typedServices) MonitorIntervals(args map[string]any) (m model.MonitorRequest, err error) {
	sampling, err := plainArgument(args, "samplingInterval", UnmarshalDuration)
	if err != nil {
		return m, err
	}
	publishing, err := plainArgument(args, "publishingInterval", UnmarshalDuration)
	if err != nil {
		return m, err
	}
	m.SamplingInterval, m.PublishingInterval = valueOrZero(sampling), valueOrZero(publishing)
	return m, checkPublishing(m.PublishingInterval)
}

// Resume reads an argument of a subscription.
func (s typedServices) Resume(args map[string]any) (*live.Resume, error) {
	in, _ := args["resume"].(map[string]any)
	if in == nil {
		return nil, nil
	}
	sequence, err := UnmarshalUint64(in["sequence"])
	if err != nil {
		return nil, fmt.Errorf("resume.sequence: %w", err)
	}
	return &live.Resume{Stream: fmt.Sprint(in["stream"]), Sequence: sequence}, nil
}

// Call calls methods.
func (s typedServices) Call(ctx context.Context, server string, calls []model.CallRequest) ([]model.CallResult, error) {
	return s.r.Commands.Call(ctx, server, calls)
}

// HistoryQuery reads the arguments of a history field.
func (s typedServices) HistoryQuery(args map[string]any) (model.NodeHistoryQuery, error) {
	a, err := historyArgsOf(args)
	if err != nil {
		return model.NodeHistoryQuery{}, err
	}
	q, err := a.query(model.SeriesID{}, s.r.now())
	return model.NodeHistoryQuery{From: q.From, To: q.To, Step: q.Step, Aggregate: q.Aggregate, Limit: q.Limit}, err
}

// NodeHistory reads what is stored.
func (s typedServices) NodeHistory(ctx context.Context, q model.NodeHistoryQuery) ([]model.NodeHistory, error) {
	return s.r.History.NodeHistory(ctx, q)
}
