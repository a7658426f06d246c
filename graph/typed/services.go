package typed

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/graph/live"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// NodeReader is what the types of a server are read with.
type NodeReader interface {
	Browse(ctx context.Context, server string, nodes []model.BrowseDescription) ([]model.BrowseResult, error)
	Read(ctx context.Context, server string, nodes []model.ReadValueID) ([]model.ReadResult, error)
}

// Services are what the instances of types are found, read and called with. An error says that the batch was not tried.
type Services interface {
	NodeReader
	// Servers are the ids of all servers.
	Servers() []string
	Translate(ctx context.Context, server string, paths []model.BrowsePath) ([]model.TranslateResult, error)
	Write(ctx context.Context, server string, values []model.WriteValue) ([]model.WriteResult, error)
	// Monitor delivers changes until ctx ends; then, or when the gateway goes away, the channel is closed. The first delivery has the values
	// of all nodes.
	Monitor(ctx context.Context, server string, m model.MonitorRequest) (<-chan model.ValueChanges, error)
	// MonitorIntervals reads the arguments samplingInterval and publishingInterval, which are scalars of the fixed schema.
	MonitorIntervals(args map[string]any) (model.MonitorRequest, error)
	// Resume reads the argument resume of a subscription; nil when it is not given.
	Resume(args map[string]any) (*live.Resume, error)
	Call(ctx context.Context, server string, calls []model.CallRequest) ([]model.CallResult, error)
	// HistoryQuery reads the arguments of a history field, which are scalars of the fixed schema. The query has no nodes yet.
	HistoryQuery(args map[string]any) (model.NodeHistoryQuery, error)
	// NodeHistory is what the platform has stored of variables, of any servers, in the order of q.Nodes.
	NodeHistory(ctx context.Context, q model.NodeHistoryQuery) ([]model.NodeHistory, error)
	// ServerHistory is the same of what a server itself keeps of its variables, those of q.
	ServerHistory(ctx context.Context, server string, q model.NodeHistoryQuery) ([]model.NodeHistory, error)
}

// Kinds of errors, besides those of Services.
var (
	// ErrNotFound: there is no such server, instance or method.
	ErrNotFound = errors.New("not found")
	// ErrInvalid: an argument cannot be taken.
	ErrInvalid = errors.New("invalid input")
	// ErrValue: a value of a server is not what the type says.
	ErrValue = errors.New("unexpected value")
)

// StatusError is a Bad status where there is no place for it in the data.
type StatusError struct {
	About   string
	Status  model.StatusCode
	Message string
}

// Error tells all three.
func (e *StatusError) Error() string {
	text := e.About + ": " + e.Status.Name()
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// checked makes an error of an answer that is not one result per item.
func checked[T any](results []T, err error, items int, verb, server string) ([]T, error) {
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s server %q: %w", verb, server, err)
	case len(results) != items:
		return nil, fmt.Errorf("%s server %q: %d results for %d items", verb, server, len(results), items)
	}
	return results, nil
}

// maxBatch bounds the items of one request to a gateway.
const maxBatch = 10_000

// inBatches asks for items in requests of at most maxBatch.
func inBatches[Item, Result any](items []Item, ask func([]Item) ([]Result, error)) ([]Result, error) {
	var out []Result
	for len(items) > 0 {
		batch := items[:min(maxBatch, len(items))]
		items = items[len(batch):]
		results, err := ask(batch)
		if err != nil {
			return nil, err
		}
		out = append(out, results...)
	}
	return out, nil
}
