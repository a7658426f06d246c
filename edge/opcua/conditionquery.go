package opcua

import (
	"context"
	"fmt"
	"strings"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxConditionPage bounds the conditions of one page, maxReadConditions those that a query reads from the address space.
	maxConditionPage  = 1000
	maxReadConditions = 100
)

// Conditions implements edge.ConditionServer.
func (s *Source) Conditions(ctx context.Context, queries []model.ConditionQuery) ([]model.ConditionPage, error) {
	state, done, err := s.conditions.use(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	pages := make([]model.ConditionPage, len(queries))
	for i := range queries {
		q, page := &queries[i], &pages[i]
		state.page(q, page)
		page.Complete, page.Message = state.standing()
		if q.After == 0 && len(q.Filter.Conditions) > 0 {
			if err := s.addUnretained(ctx, q, state.filter, page); err != nil {
				return nil, fmt.Errorf("conditions: %w", err)
			}
		}
		s.unfoldConditions(ctx, page.Conditions)
	}
	return pages, nil
}

// page fills a page with the conditions that are retained.
func (s *conditionState) page(q *model.ConditionQuery, page *model.ConditionPage) {
	limit := min(max(q.Limit, 0), maxConditionPage)
	s.mu.Lock()
	defer s.mu.Unlock()
	page.Unkept = s.conditions.unkept.Load()
	for _, c := range s.retained() {
		e := s.event(c.event)
		state := model.ConditionOf(e)
		if !q.Filter.Matches(&state) {
			continue
		}
		page.Total++
		switch {
		case c.number <= q.After:
		case len(page.Conditions) < limit:
			page.Conditions, page.Places = append(page.Conditions, *e), append(page.Places, c.number)
		case page.Next == 0 && limit > 0:
			page.Next = page.Places[limit-1]
		}
	}
}

// addUnretained adds those conditions that a query names and that are not retained, as the address space has them.
func (s *Source) addUnretained(ctx context.Context, q *model.ConditionQuery, f *eventFilter, page *model.ConditionPage) error {
	known := map[model.ExpandedNodeID]bool{}
	for i := range page.Conditions {
		known[page.Conditions[i].ConditionID] = true
	}
	var ids []model.ExpandedNodeID
	for _, id := range q.Filter.Conditions {
		if !known[id] && len(ids) < maxReadConditions {
			known[id] = true
			ids = append(ids, id)
		}
	}
	read, err := s.readConditions(ctx, ids, f)
	if err != nil {
		return err
	}
	for _, e := range read {
		state := model.ConditionOf(e)
		if q.Filter.Matches(&state) && len(page.Conditions) < min(q.Limit, maxConditionPage) {
			page.Conditions, page.Places = append(page.Conditions, *e), append(page.Places, 0)
			page.Total++
		}
	}
	return nil
}

// readConditions reads the variables of conditions that the address space has: not of all servers it has any (Part 9, 5.5.2).
func (s *Source) readConditions(ctx context.Context, ids []model.ExpandedNodeID, f *eventFilter) (found []*model.Event, err error) {
	if len(ids) == 0 {
		return nil, nil
	}
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	var paths []*ua.BrowsePath
	var whose []*model.Event
	var names []string
	for _, id := range ids {
		node, err := ses.namespaces.Resolve(id)
		if err != nil {
			continue // the server has no such namespace
		}
		e := &model.Event{Server: s.cfg.Server.ID}
		e.Fields = append(e.Fields, model.EventField{Name: "ConditionId", Value: model.DataValue{Value: model.ExpandedNodeIDValue(&id)}})
		for i := range f.selects[:f.fields] {
			if o := &f.selects[i]; o.attribute == model.AttributeValue {
				path, err := ses.aggregatePath(uaNodeID(node), o.path)
				if err != nil {
					return nil, err
				}
				paths, whose, names = append(paths, path), append(whose, e), append(names, o.name)
			}
		}
	}
	targets, err := ses.translate(ctx, paths)
	if err != nil {
		return nil, err
	}
	var reads []*ua.ReadValueID
	var places []int
	for i, t := range targets {
		if t.node != nil {
			reads, places = append(reads, &ua.ReadValueID{NodeID: t.node, AttributeID: ua.AttributeIDValue}), append(places, i)
		}
	}
	values, err := ses.readValues(ctx, reads)
	if err != nil {
		return nil, err
	}
	for j, i := range places {
		if e := whose[i]; !values[j].Value.IsNull() {
			e.Fields = append(e.Fields, model.EventField{Name: names[i], Value: values[j]})
			if names[i] == "Retain" { // what has none is no condition
				found = append(found, e)
			}
		}
	}
	for _, e := range found {
		e.Summarize(ses.namespaces)
	}
	return found, nil
}

// aggregatePath is the path from a node down to a component or property of a type's names.
func (s *session) aggregatePath(node *ua.NodeID, path []model.QualifiedName) (*ua.BrowsePath, error) {
	p := &ua.BrowsePath{StartingNode: node, RelativePath: &ua.RelativePath{}}
	for _, q := range path {
		name, err := uaQualifiedName(s.namespaces, q)
		if err != nil {
			return nil, fmt.Errorf("path %s: %w", q.Name, err)
		}
		p.RelativePath.Elements = append(p.RelativePath.Elements, &ua.RelativePathElement{ReferenceTypeID: ns0(idAggregates), IncludeSubtypes: true, TargetName: name})
	}
	return p, nil
}

// standardPath is aggregatePath by names of namespace 0, joined by "/".
func (s *session) standardPath(node *ua.NodeID, names string) *ua.BrowsePath {
	p := &ua.BrowsePath{StartingNode: node, RelativePath: &ua.RelativePath{}}
	for _, name := range strings.Split(names, "/") {
		p.RelativePath.Elements = append(p.RelativePath.Elements, &ua.RelativePathElement{
			ReferenceTypeID: ns0(idAggregates), IncludeSubtypes: true, TargetName: &ua.QualifiedName{Name: name},
		})
	}
	return p
}
