package opcua

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
)

var conditionType = model.Expanded(model.NumericID(0, idConditionType))

// eventCompiler makes the filter and the metadata of a writer of events with what the server tells of its types.
type eventCompiler struct {
	session *session
	types   map[model.ExpandedNodeID]*eventType // nil for one that the server does not tell of
	filter  *eventFilter
	nodes   []model.NodeID // of the declarations of the fields; null for one that is not known
}

// compileEvents makes the filter of an EventSource, and describes the fields of its events. The node is where they come from. Errors name the
// member of the source.
func (s *session) compileEvents(ctx context.Context, e *model.EventSource, notifier model.NodeID) (*eventFilter, []model.FieldMetaData, error) {
	c := &eventCompiler{session: s, types: map[model.ExpandedNodeID]*eventType{}, filter: &eventFilter{}}
	var err error
	if len(e.Select) > 0 {
		err = c.selected(ctx, e.Select)
	} else {
		err = c.wholeType(ctx, e.TypeDefinition, e.Where)
	}
	if err != nil {
		return nil, nil, err
	}
	if e.Conditions != nil {
		c.require("EventId", baseEventType)
		c.require("EventType", baseEventType)
		c.require("", conditionType)
		c.require("BranchId", conditionType)
		c.require("Retain", conditionType)
	}
	if err := c.where(ctx, e.Where); err != nil {
		return nil, nil, err
	}
	if e.Conditions != nil {
		c.filter.letRefreshesPass()
	}
	fields, err := c.describe(ctx, notifier)
	if err != nil {
		return nil, nil, err
	}
	f := c.filter
	f.fields = len(f.selects)
	if f.place("EventType") < 0 {
		f.selects = append(f.selects, systemOperand("EventType", baseEventType))
	}
	f.settle()
	return f, fields, nil
}

// settle notes where in selects is what the gateway looks at.
func (f *eventFilter) settle() {
	f.eventID, f.eventType, f.conditionID = f.place("EventId"), f.place("EventType"), f.place("")
	f.branchID, f.retain, f.changes = f.place("BranchId"), f.place("Retain"), f.place("Changes")
}

// place finds the select clause of a field of namespace 0 by its name, "" for the ConditionId; -1 when there is none.
func (f *eventFilter) place(name string) int {
	want := systemOperand(name, model.ExpandedNodeID{})
	return slices.IndexFunc(f.selects, func(o attributeOperand) bool {
		return o.attribute == want.attribute && o.indexRange == "" && slices.Equal(o.path, want.path)
	})
}

// systemOperand selects a field of namespace 0, "" the ConditionId (Part 9, 5.5.2.13).
func systemOperand(name string, typeDefinition model.ExpandedNodeID) attributeOperand {
	if name == "" {
		return attributeOperand{name: "ConditionId", typeDefinition: typeDefinition, attribute: model.AttributeNodeID}
	}
	return attributeOperand{name: name, typeDefinition: typeDefinition, attribute: model.AttributeValue, path: []model.QualifiedName{{Name: name}}}
}

// require selects a field of namespace 0 unless it is selected.
func (c *eventCompiler) require(name string, typeDefinition model.ExpandedNodeID) {
	if c.filter.place(name) >= 0 {
		return
	}
	o := systemOperand(name, typeDefinition)
	c.add(o, c.standard(name))
}

// add selects a field, whose declaration is node.
func (c *eventCompiler) add(o attributeOperand, node model.NodeID) {
	if slices.ContainsFunc(c.filter.selects, func(p attributeOperand) bool { return p.name == o.name }) {
		o.name = distinctName(o.name, model.ExpandedNodeID{NodeID: model.StringID(0, o.String())})
	}
	c.filter.selects, c.nodes = append(c.filter.selects, o), append(c.nodes, node)
}

// standard is the declaration of a field of namespace 0.
func (c *eventCompiler) standard(name string) model.NodeID {
	id := map[string]uint32{"EventId": 2042, "EventType": 2043, "BranchId": 9020, "Retain": 3874}[name]
	return model.NumericID(0, id)
}

// wholeType selects all fields of a type, and lets only its events pass unless it is the type of all.
func (c *eventCompiler) wholeType(ctx context.Context, id model.ExpandedNodeID, where []model.WhereElement) error {
	t, err := c.session.eventType(ctx, id)
	if err != nil {
		return fmt.Errorf("events.typeDefinition %s: %w: name an event type that the server has, i=2041 for any event", id, err)
	}
	if slices.Contains(t.chain, conditionType.NodeID) {
		c.require("", conditionType)
	}
	for i := range t.fields {
		f := &t.fields[i]
		c.add(attributeOperand{name: f.name(), typeDefinition: f.declaredBy, attribute: model.AttributeValue, path: f.path}, f.node)
	}
	c.types[id] = t
	if last := t.chain[len(t.chain)-1]; last != baseEventType.NodeID {
		c.filter.where = typeElements(c.session.namespaces.Expand(last), len(where))
		c.filter.shift = len(c.filter.where)
	}
	return nil
}

// selected selects what the user wants.
func (c *eventCompiler) selected(ctx context.Context, list []model.SelectClause) error {
	for i := range list {
		if list[i].Optional {
			switch told, err := c.tells(ctx, &list[i]); {
			case err != nil:
				return fmt.Errorf("events.select[%d]: %w", i, err)
			case !told:
				continue
			}
		}
		o, t, err := c.attribute(ctx, &list[i])
		if err != nil {
			return fmt.Errorf("events.select[%d]: %w", i, err)
		}
		o.name = list[i].FieldName()
		c.add(*o, t.node)
	}
	return nil
}

// tells tells whether the server has the type and, as far as it says, the field of a clause.
func (c *eventCompiler) tells(ctx context.Context, s *model.SelectClause) (bool, error) {
	t, err := c.typeOf(ctx, c.session.namespaces.ExpandExpanded(s.TypeDefinition))
	return t.find(s.BrowsePath, c.session.namespaces) != nil, err
}

// declared is what is known of a field that a clause names.
type declared struct {
	variableType
	node model.NodeID // null when the type of the events does not have it
}

// attribute compiles a select clause, or the attribute of an operand. Names are taken as the type has them; what it does not have is asked for as it is
// written, and the server judges.
func (c *eventCompiler) attribute(ctx context.Context, s *model.SelectClause) (*attributeOperand, declared, error) {
	o := &attributeOperand{typeDefinition: c.session.namespaces.ExpandExpanded(s.TypeDefinition), attribute: s.Attribute, indexRange: s.IndexRange}
	d := declared{variableType: variableType{builtIn: model.TypeVariant, rank: model.ValueRankAny}}
	if o.attribute == 0 {
		o.attribute = model.AttributeValue
	}
	if o.typeDefinition.IsNull() {
		o.typeDefinition = baseEventType
		if len(s.BrowsePath) == 0 {
			o.typeDefinition = conditionType
		}
	}
	t, err := c.typeOf(ctx, o.typeDefinition)
	if err != nil {
		return nil, d, err
	}
	if f := t.find(s.BrowsePath, c.session.namespaces); f != nil {
		o.path, d.node = f.path, f.node
	} else {
		for j, name := range s.BrowsePath {
			q, err := eventName(name, c.session.namespaces)
			if err != nil {
				return nil, d, fmt.Errorf("browsePath[%d] %w", j, err)
			}
			o.path = append(o.path, q)
		}
	}
	switch {
	case o.attribute != model.AttributeValue:
		if a, ok := attributeType(o.attribute); ok {
			d.variableType = a
		}
	case d.node != model.NodeID{}:
		types, status, err := c.session.variableTypes(ctx, []model.NodeID{d.node})
		if err != nil {
			return nil, d, fmt.Errorf("read the type of the field: %w", err)
		}
		if !status[0].IsBad() {
			d.variableType = types[0]
		}
	}
	return o, d, nil
}

// untold are the answers of a server that does not tell of a type, whenever it is asked.
var untold = []model.StatusCode{
	model.StatusBadNodeIdUnknown, model.StatusBadNodeIdInvalid, model.StatusBadTypeDefinitionInvalid, model.StatusBadUserAccessDenied,
	model.StatusBadServiceUnsupported, model.StatusBadNotSupported,
}

// typeOf reads a type once; nil stands for one that the server does not tell of.
func (c *eventCompiler) typeOf(ctx context.Context, id model.ExpandedNodeID) (*eventType, error) {
	if t, ok := c.types[id]; ok {
		return t, nil
	}
	t, err := c.session.eventType(ctx, id)
	if err != nil && !slices.ContainsFunc(untold, func(s model.StatusCode) bool { return errors.Is(err, s) }) {
		return nil, err
	}
	c.types[id] = t
	return t, nil
}

// describe makes the metadata of the fields. Each has the node that the events come from.
func (c *eventCompiler) describe(ctx context.Context, notifier model.NodeID) ([]model.FieldMetaData, error) {
	s := c.session
	paths, err := s.paths(ctx, []model.NodeID{notifier})
	if err != nil {
		return nil, fmt.Errorf("find browse path: %w", err)
	}
	types, status, err := s.variableTypes(ctx, c.nodes)
	if err != nil {
		return nil, fmt.Errorf("read data types: %w", err)
	}
	fields := make([]model.FieldMetaData, len(c.filter.selects))
	for i := range fields {
		o, f := &c.filter.selects[i], &fields[i]
		*f = model.FieldMetaData{
			Name: o.name, BuiltInType: model.TypeVariant, DataType: anyType, ValueRank: model.ValueRankAny, Node: s.namespaces.Expand(notifier), Path: paths[0],
		}
		switch {
		case o.attribute != model.AttributeValue:
			describeAttribute(f, o.attribute)
		case !status[i].IsBad() && c.nodes[i] != model.NodeID{}:
			t := types[i]
			f.BuiltInType, f.DataType, f.ValueRank, f.ArrayDimensions = published(t.builtIn), s.namespaces.Expand(t.dataType), t.rank, t.dimensions
		}
		describeRange(f, o.indexRange)
	}
	return fields, nil
}
