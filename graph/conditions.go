package graph

import (
	"context"
	"fmt"
	"strconv"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// filter checks the input; nil selects all.
func (f *ConditionFilter) filter(r *Resolver) (out model.ConditionFilter, err error) {
	if f == nil {
		return out, nil
	}
	for _, list := range []struct {
		field string
		nodes []model.ExpandedNodeID
	}{{"filter.conditions", f.Conditions}, {"filter.sourceNodes", f.SourceNodes}} {
		if err := checkCount(list.field, len(list.nodes), maxFilterNodes); err != nil {
			return out, err
		}
	}
	types, err := r.eventTypes(f.EventTypes, f.TypeNames, maxFilterNodes, valueOrZero(f.IncludeSubtypes))
	if err != nil {
		return out, err
	}
	least, err := severity("filter.minSeverity", f.MinSeverity)
	return model.ConditionFilter{
		Conditions: f.Conditions, EventTypes: types, SourceNodes: f.SourceNodes, Active: f.Active, Acked: f.Acknowledged, Confirmed: f.Confirmed,
		Shelved: f.Shelved, Suppressed: f.Suppressed, Severity: least, Text: valueOrZero(f.Text), Branches: valueOrZero(f.Branches),
	}, err
}

// errNoEventServices is what fields answer where servers are not asked for events.
var errNoEventServices = fmt.Errorf("conditions: %w: this installation does not ask servers for them", ErrUnavailable)

// conditionConnection makes a page of the conditions of a server.
func (r *Resolver) conditionConnection(ctx context.Context, s *model.Server, f *ConditionFilter, first *int, after *string) (*ConditionConnection, error) {
	q := model.ConditionQuery{}
	var err error
	if q.Filter, err = f.filter(r); err != nil {
		return nil, err
	}
	if q.Limit, err = pageSize(first); err != nil {
		return nil, err
	}
	if after != nil {
		key, err := cursorKey(*after)
		if err != nil {
			return nil, err
		}
		if q.After, err = strconv.ParseUint(key, 10, 64); err != nil {
			return nil, fieldError("after", "%q is no cursor of a condition; take one from pageInfo or an edge", *after)
		}
	}
	page, err := r.conditionPage(ctx, s, q)
	if err != nil {
		return nil, err
	}
	c := &ConditionConnection{
		Edges: make([]ConditionEdge, len(page.Conditions)), TotalCount: page.Total, Complete: page.Complete, Message: optional(page.Message),
		PageInfo: PageInfo{HasPreviousPage: q.After > 0, HasNextPage: page.Next > 0},
	}
	for i := range page.Conditions {
		c.Edges[i] = ConditionEdge{Cursor: cursor(strconv.FormatUint(page.Places[i], 10)), Node: r.newCondition(s, &page.Conditions[i])}
	}
	if n := len(c.Edges); n > 0 {
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &c.Edges[0].Cursor, &c.Edges[n-1].Cursor
	}
	return c, nil
}

func (r *Resolver) conditionPage(ctx context.Context, s *model.Server, q model.ConditionQuery) (*model.ConditionPage, error) {
	if r.EventServices == nil {
		return nil, errNoEventServices
	}
	pages, err := r.EventServices.Conditions(ctx, s.ID, []model.ConditionQuery{q})
	if err != nil {
		return nil, fmt.Errorf("conditions of server %q: %w", s.ID, err)
	}
	if p := &pages[0]; len(p.Places) == len(p.Conditions) {
		return p, nil
	}
	return nil, fmt.Errorf("conditions of server %q: the gateway's answer does not fit together", s.ID)
}

// condition is one condition, nil when the server does not have it.
func (r *Resolver) condition(ctx context.Context, server string, id model.ExpandedNodeID, branch *model.ExpandedNodeID) (*Condition, error) {
	s, err := r.server(server)
	if err != nil {
		return nil, err
	}
	q := model.ConditionQuery{Filter: model.ConditionFilter{Conditions: []model.ExpandedNodeID{id}, Branches: branch != nil}, Limit: maxPageSize}
	page, err := r.conditionPage(ctx, s, q)
	if err != nil {
		return nil, err
	}
	for i := range page.Conditions {
		if e := &page.Conditions[i]; e.BranchID == valueOrZero(branch) || e.BranchID.IsNull() && valueOrZero(branch).IsNull() {
			c := r.newCondition(s, e)
			return &c, nil
		}
	}
	return nil, nil
}

// watchConditions subscribes to the conditions of a server.
func (r *Resolver) watchConditions(ctx context.Context, server string, f *ConditionFilter) (<-chan *ConditionChanges, error) {
	if r.EventServices == nil {
		return nil, errNoEventServices
	}
	filter, err := f.filter(r)
	if err != nil {
		return nil, err
	}
	s, err := r.server(server)
	if err != nil {
		return nil, err
	}
	in, err := r.EventServices.MonitorConditions(ctx, server, model.ConditionMonitorRequest{Filter: filter})
	if err != nil {
		return nil, fmt.Errorf("conditions of server %q: %w", server, err)
	}
	show := func(c model.ConditionChanges) (*ConditionChanges, error) {
		if c.Ended {
			return nil, endedError(c.Status, c.Message)
		}
		return r.conditionChanges(s, &c), nil
	}
	return forwardUntil(ctx, in, show, fmt.Errorf("server %q went away; subscribe again: %w", server, ErrUnavailable)), nil
}

func (r *Resolver) conditionChanges(s *model.Server, in *model.ConditionChanges) *ConditionChanges {
	out := &ConditionChanges{
		Sequence: in.Sequence, Complete: in.Complete, Overflow: in.Overflow, Status: StatusCode{in.Status}, Message: optional(in.Message),
		Conditions: make([]Condition, len(in.Changes)), Removed: make([]ConditionKey, len(in.Removed)),
	}
	for i := range in.Changes {
		out.Conditions[i] = r.newCondition(s, &in.Changes[i])
	}
	for i, key := range in.Removed {
		out.Removed[i] = ConditionKey{ID: conditionID(s.ID, key), ConditionID: key.Condition, BranchID: &in.Removed[i].Branch}
	}
	return out
}
