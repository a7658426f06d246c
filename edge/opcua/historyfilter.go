package opcua

import (
	"context"
	"encoding/json"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// historyFilter is a compiled filter with the names of its fields, or why there is none.
type historyFilter struct {
	filter *eventFilter
	names  []string
	err    error
}

// filterOf compiles a filter, each once.
func (r *historyReading) filterOf(ctx context.Context, e *model.EventSource) historyFilter {
	key, err := json.Marshal(e)
	if err != nil {
		return historyFilter{err: err}
	}
	f, ok := r.filters[string(key)]
	if !ok {
		f.filter, f.names, f.err = r.session.historyFilter(ctx, e)
		r.filters[string(key)] = f
	}
	return f
}

// historyFilter compiles which events are wanted, with which fields. The Time is always there, since pages go by it.
func (s *session) historyFilter(ctx context.Context, e *model.EventSource) (*eventFilter, []string, error) {
	if e == nil {
		e = &model.EventSource{}
	}
	c := &eventCompiler{session: s, types: map[model.ExpandedNodeID]*eventType{}, filter: &eventFilter{}}
	var err error
	switch {
	case len(e.Select) > 0:
		if !e.TypeDefinition.IsNull() {
			c.filter.where = typeElements(s.namespaces.ExpandExpanded(e.TypeDefinition), len(e.Where))
			c.filter.shift = len(c.filter.where)
		}
		err = c.selected(ctx, e.Select)
	case !e.TypeDefinition.IsNull():
		err = c.wholeType(ctx, e.TypeDefinition, e.Where)
	default:
		for _, name := range []string{"EventId", "EventType", "SourceNode", "SourceName", "Time", "ReceiveTime", "Message", "Severity"} {
			c.add(systemOperand(name, baseEventType), model.NodeID{})
		}
	}
	if err == nil {
		err = c.where(ctx, e.Where)
	}
	if err != nil {
		return nil, nil, err
	}
	f := c.filter
	f.fields = len(f.selects)
	names := make([]string, f.fields)
	for i := range names {
		names[i] = f.selects[i].name
	}
	if f.place("Time") < 0 {
		f.selects = append(f.selects, systemOperand("Time", baseEventType))
	}
	return f, names, nil
}
