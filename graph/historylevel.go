package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// historyKinds are the fields of nodes that read history.
var historyKinds = map[string]model.HistoryKind{
	"serverHistory": model.HistoryRaw, "modifiedHistory": model.HistoryModified, "historyAtTimes": model.HistoryAtTime,
	"processedHistory": model.HistoryProcessed, "eventHistory": model.HistoryEvents,
}

// plannedHistory is what a query asks of the history of a group's nodes.
type plannedHistory struct {
	reads         []model.HistoryRead // without their nodes
	configuration bool
}

// add plans a field, if it is one of history. One with arguments that cannot be taken is left out: resolving it gives the error.
func (p *plannedHistory) add(op *graphql.OperationContext, f graphql.CollectedField) {
	if f.Name == "historyConfiguration" {
		p.configuration = true
		return
	}
	read := map[string]func(context.Context, map[string]any) (map[string]any, error){
		"serverHistory":    (&executionContext{}).field_VariableNode_serverHistory_args,
		"modifiedHistory":  (&executionContext{}).field_VariableNode_modifiedHistory_args,
		"historyAtTimes":   (&executionContext{}).field_VariableNode_historyAtTimes_args,
		"processedHistory": (&executionContext{}).field_VariableNode_processedHistory_args,
		"eventHistory":     (&executionContext{}).field_ObjectNode_eventHistory_args,
	}[f.Name]
	if read == nil {
		return
	}
	args, err := read(context.Background(), f.ArgumentMap(op.Variables))
	if err != nil {
		return
	}
	if r, err := historyArguments(args).read(historyKinds[f.Name], op.Stats.OperationStart); err == nil {
		p.reads = append(p.reads, r)
	}
}

// historyLevel is what was read of the history of all nodes at one depth of a query: what asks the same of several nodes is one request to their server, as far as
// its limits allow.
type historyLevel struct {
	reads            map[historyOf]*model.HistoryReadResult
	readErr          error
	configurations   map[model.ExpandedNodeID]*model.HistoryConfiguration
	configurationErr error
}

type historyOf struct {
	node model.ExpandedNodeID
	key  string
}

// fetch reads what the groups ask for, of the nodes whose class has it. Errors of the commands are kept for those who ask.
func (l *historyLevel) fetch(ctx context.Context, commands Commands, server string, todo []plannedGroup, classOf func(*node) model.NodeClass) {
	l.reads, l.configurations = map[historyOf]*model.HistoryReadResult{}, map[model.ExpandedNodeID]*model.HistoryConfiguration{}
	var items []model.HistoryRead
	var places []historyOf
	var nodes []model.ExpandedNodeID
	for _, g := range todo {
		for i := range g.plan.history.reads {
			r := g.plan.history.reads[i]
			key, err := historyKey(&r)
			if err != nil { // of plain values, which always have a JSON form
				l.readErr = err
				return
			}
			classes := model.NodeClassVariable
			if r.Kind == model.HistoryEvents {
				classes = model.NodeClassObject | model.NodeClassView
			}
			for _, n := range g.nodes {
				place := historyOf{n.asked, key}
				if _, ok := l.reads[place]; !ok && classOf(n)&classes != 0 {
					l.reads[place] = nil
					r.NodeID = n.asked
					items, places = append(items, r), append(places, place)
				}
			}
		}
		for _, n := range g.nodes {
			if _, ok := l.configurations[n.asked]; g.plan.history.configuration && !ok && classOf(n) == model.NodeClassVariable {
				l.configurations[n.asked] = nil
				nodes = append(nodes, n.asked)
			}
		}
	}
	var results []model.HistoryReadResult
	if results, l.readErr = readHistory(ctx, commands, server, items); l.readErr == nil {
		for i := range results {
			l.reads[places[i]] = &results[i]
		}
	}
	l.configure(ctx, commands, server, nodes)
}

// readHistory reads items in commands of at most model.MaxHistoryTotal entries.
func readHistory(ctx context.Context, commands ServerHistory, server string, items []model.HistoryRead) ([]model.HistoryReadResult, error) {
	results := make([]model.HistoryReadResult, 0, len(items))
	for rest := items; len(rest) > 0; {
		n, total := 0, 0
		for n < len(rest) && (n == 0 || total+max(rest[n].Limit, len(rest[n].Times)) <= model.MaxHistoryTotal) {
			total += max(rest[n].Limit, len(rest[n].Times))
			n++
		}
		part, err := commands.HistoryRead(ctx, server, rest[:n])
		if err != nil {
			return nil, fmt.Errorf("history of server %q: %w", server, err)
		}
		if len(part) != n {
			return nil, errHistoryCount(server, len(part), n)
		}
		results, rest = append(results, part...), rest[n:]
	}
	return results, nil
}

func (l *historyLevel) configure(ctx context.Context, commands Commands, server string, nodes []model.ExpandedNodeID) {
	if len(nodes) == 0 {
		return
	}
	results, err := commands.HistoryConfiguration(ctx, server, nodes)
	switch {
	case err != nil:
		l.configurationErr = fmt.Errorf("history configuration of server %q: %w", server, err)
	case len(results) != len(nodes):
		l.configurationErr = errHistoryCount(server, len(results), len(nodes))
	default:
		for i := range results {
			l.configurations[nodes[i]] = &results[i]
		}
	}
}

// history is what was read of n for the field that is being resolved. The error is that of the arguments, of the whole read, or a Bad status.
func (n *node) history(ctx context.Context) (*model.HistoryRead, *model.HistoryReadResult, error) {
	field := graphql.GetFieldContext(ctx)
	r, err := historyArguments(field.Args).read(historyKinds[field.Field.Name], graphql.GetOperationContext(ctx).Stats.OperationStart)
	if err != nil {
		return nil, nil, err
	}
	key, err := historyKey(&r)
	if err != nil {
		return nil, nil, err
	}
	result, planned := n.level.history.reads[historyOf{n.asked, key}]
	switch {
	case !planned:
		return nil, nil, errNotPlanned
	case result == nil:
		return nil, nil, n.level.history.readErr
	case historyFailed(result.Status):
		return nil, nil, &statusError{about: fmt.Sprintf("history of node %s of server %q", n.id, n.server.ID), status: result.Status, message: result.Message}
	}
	return &r, result, nil
}

// historyFailed tells whether a status is an error. BadNoData of some servers says that there is nothing, as GoodNoData does.
func historyFailed(s model.StatusCode) bool { return s.IsBad() && s != model.StatusBadNoData }

// values are the values that the field that is being resolved asks for.
func (n *node) values(ctx context.Context) (*ServerHistoryConnection, error) {
	r, result, err := n.history(ctx)
	if err != nil {
		return nil, err
	}
	return historyConnection(r, result), nil
}

// valuesAtTimes are the values at the times of the field that is being resolved.
func (n *node) valuesAtTimes(ctx context.Context) ([]HistoricalValue, error) {
	r, result, err := n.history(ctx)
	if err != nil {
		return nil, err
	}
	c := historyConnection(r, result)
	values := make([]HistoricalValue, len(c.Edges))
	for i := range values {
		values[i] = c.Edges[i].Node
	}
	return values, nil
}

// events are the events that the field that is being resolved asks for.
func (n *node) events(ctx context.Context) (*EventHistoryConnection, error) {
	r, result, err := n.history(ctx)
	if err != nil {
		return nil, err
	}
	return eventHistoryConnection(r, result), nil
}

// HistoryConfiguration is how the server keeps the history, nil where it does not tell.
func (n *VariableNode) HistoryConfiguration() (*HistoricalDataConfiguration, error) {
	c, planned := n.level.history.configurations[n.asked]
	switch {
	case !planned:
		return nil, errNotPlanned
	case c == nil:
		return nil, n.level.history.configurationErr
	case c.Status == model.StatusBadNotFound:
		return nil, nil
	case c.Status.IsBad():
		return nil, &statusError{about: fmt.Sprintf("history configuration of node %s of server %q", n.id, n.server.ID), status: c.Status, message: c.Message}
	}
	return &HistoricalDataConfiguration{*c}, nil
}
