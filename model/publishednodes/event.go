package publishednodes

import (
	"fmt"
	"math"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// serverObject is the notifier of all events of a server (Part 5, 8.3.2).
var serverObject = model.Expanded(model.NumericID(0, 2253))

// isEvents tells whether a node makes a writer of events.
func (n *node) isEvents() bool {
	return isSet(n.eventFilter) || isSet(n.conditions) || isSet(n.modelChange)
}

// eventFilter, selectClause, whereElement and whereOperand are as they are written; whereClause has Elements alone.
type (
	eventFilter struct {
		typeDefinition string
		selects, where value
	}
	selectClause struct {
		typeDefinition, displayName, indexRange string
		browsePath                              value
		attribute                               model.AttributeID
	}
	whereClause  struct{ elements value }
	whereElement struct {
		operator string
		operands value
	}
	whereOperand struct {
		literal, browsePath  value
		dataType, indexRange string
		node                 string
		index                *float64
		attribute            model.AttributeID
	}
	conditionHandling struct {
		update, snapshot interval
		refresh          bool
	}
	modelChangeHandling struct{ rebrowse interval }
)

var (
	filterSchema = newSchema(map[string]property[eventFilter]{
		"TypeDefinitionId": text(func(f *eventFilter) *string { return &f.typeDefinition }),
		"SelectClauses":    raw('[', func(f *eventFilter) *value { return &f.selects }),
		"WhereClause":      raw('{', func(f *eventFilter) *value { return &f.where }),
	})
	selectSchema = newSchema(map[string]property[selectClause]{
		"TypeDefinitionId":    text(func(s *selectClause) *string { return &s.typeDefinition }),
		"BrowsePath":          raw('[', func(s *selectClause) *value { return &s.browsePath }),
		"AttributeId":         attribute(func(s *selectClause) *model.AttributeID { return &s.attribute }),
		"IndexRange":          text(func(s *selectClause) *string { return &s.indexRange }),
		"DisplayName":         text(func(s *selectClause) *string { return &s.displayName }),
		"DataSetClassFieldId": informative[selectClause](),
	})
	whereSchema = newSchema(map[string]property[whereClause]{
		"Elements": raw('[', func(w *whereClause) *value { return &w.elements }),
	})
	elementSchema = newSchema(map[string]property[whereElement]{
		"FilterOperator": oneOf(func(e *whereElement) *string { return &e.operator }, "Equals", "IsNull", "GreaterThan", "LessThan", "GreaterThanOrEqual",
			"LessThanOrEqual", "Like", "Not", "Between", "InList", "And", "Or", "Cast", "InView", "OfType", "RelatedTo", "BitwiseAnd", "BitwiseOr"),
		"FilterOperands": raw('[', func(e *whereElement) *value { return &e.operands }),
	})
	operandSchema = newSchema(map[string]property[whereOperand]{
		"Value":      func(o *whereOperand, v value) *complaint { o.literal = v; return nil },
		"DataType":   text(func(o *whereOperand) *string { return &o.dataType }),
		"Index":      float(func(o *whereOperand) **float64 { return &o.index }),
		"NodeId":     text(func(o *whereOperand) *string { return &o.node }),
		"BrowsePath": raw('[', func(o *whereOperand) *value { return &o.browsePath }),
		"AttributeId": attribute(
			func(o *whereOperand) *model.AttributeID { return &o.attribute }),
		"IndexRange": text(func(o *whereOperand) *string { return &o.indexRange }),
		"Alias":      informative[whereOperand](),
	})
	conditionSchema = newSchema(map[string]property[conditionHandling]{
		"UpdateInterval":                   count(time.Second, nil, func(c *conditionHandling) *interval { return &c.update }),
		"SnapshotInterval":                 count(time.Second, nil, func(c *conditionHandling) *interval { return &c.snapshot }),
		"RefreshRetainedConditionsOnStart": boolean(func(c *conditionHandling) *bool { return &c.refresh }),
	})
	modelChangeSchema = newSchema(map[string]property[modelChangeHandling]{
		"RebrowseIntervalTimespan": timespan(func(m *modelChangeHandling) *interval { return &m.rebrowse }),
		"RebrowsePeriod":           timespan(func(m *modelChangeHandling) *interval { return &m.rebrowse }), // as the shipped examples have it
	})
)

// eventSource makes an EventSource of a node.
func (n *node) eventSource(at *place) *model.EventSource {
	s := &model.EventSource{QueueSize: n.queueSize, DiscardNew: n.discardNew}
	s.Notifier, s.BrowsePath, _ = n.target(at, model.ExpandedNodeID{}, serverObject)
	n.reportUseless(at)
	if isSet(n.modelChange) {
		var m modelChangeHandling
		modelChangeSchema.read(&m, n.modelChange, at.within("ModelChangeHandling."))
		s.ModelChange = &model.ModelChangeFeed{Rebrowse: max(m.rebrowse.value, 0)}
	}
	if isSet(n.conditions) {
		var c conditionHandling
		conditionSchema.read(&c, n.conditions, at.within("ConditionHandling."))
		s.Conditions = &model.ConditionSnapshots{
			UpdateInterval: max(c.update.value, 0), SnapshotInterval: max(c.snapshot.value, 0), RefreshOnStart: c.refresh,
		}
	}
	if isSet(n.eventFilter) {
		readFilter(s, n.eventFilter, at.within("EventFilter."))
	}
	if s.ModelChange == nil && s.TypeDefinition.IsNull() && len(s.Select) == 0 {
		at.report("EventFilter", nil, wrong("selects no fields", "write TypeDefinitionId, or SelectClauses"))
	}
	return s
}

// reportUseless reports what is given and has no effect on events.
func (n *node) reportUseless(at *place) {
	for _, p := range []struct {
		name  string
		given bool
	}{
		{"SkipFirst", n.skipFirst},
		{"HeartbeatInterval", n.heartbeat.given},
		{"UseCyclicRead", n.cyclicRead},
		{"DeadbandType", n.deadbandType != "" && n.deadbandType != "None"},
		{"TriggeredNodes", isSet(n.triggered)},
	} {
		if p.given {
			at.report(p.name, nil, note("has no effect on events", "remove it"))
		}
	}
}

// readFilter reads an EventFilter into s.
func readFilter(s *model.EventSource, object value, at *place) {
	var f eventFilter
	filterSchema.read(&f, object, at)
	s.TypeDefinition = optionalID(f.typeDefinition, "TypeDefinitionId", at)
	if isSet(f.selects) {
		for i, v := range f.selects.items() {
			s.Select = append(s.Select, readSelect(v, at.within(fmt.Sprintf("SelectClauses[%d].", i))))
		}
	}
	if len(s.Select) > 0 && !s.TypeDefinition.IsNull() {
		at.report("TypeDefinitionId", nil, warn("is not used beside SelectClauses", "remove one of them"))
		s.TypeDefinition = model.ExpandedNodeID{}
	}
	if isSet(f.where) {
		var w whereClause
		whereSchema.read(&w, f.where, at.within("WhereClause."))
		if isSet(w.elements) {
			for i, v := range w.elements.items() {
				s.Where = append(s.Where, readElement(v, at.within(fmt.Sprintf("WhereClause.Elements[%d].", i))))
			}
		}
	}
}

func readSelect(object value, at *place) (s model.SelectClause) {
	var c selectClause
	if !at.isObject(object) {
		return s
	}
	selectSchema.read(&c, object, at)
	s = model.SelectClause{
		Name: c.displayName, TypeDefinition: optionalID(c.typeDefinition, "TypeDefinitionId", at), Attribute: c.attribute, IndexRange: c.indexRange,
		BrowsePath: optionalNames(c.browsePath, at),
	}
	if len(s.BrowsePath) == 0 && (s.Attribute == 0 || s.Attribute == model.AttributeValue) {
		at.report("BrowsePath", nil, wrong("is missing", `write the field's name, as in ["Message"]`))
	}
	return s
}

func readElement(object value, at *place) (e model.WhereElement) {
	var w whereElement
	if !at.isObject(object) {
		return e
	}
	elementSchema.read(&w, object, at)
	if e.Operator = w.operator; e.Operator == "" && !at.failed {
		at.report("FilterOperator", nil, wrong("is missing", "write one, as in Equals"))
	}
	if isSet(w.operands) {
		for i, v := range w.operands.items() {
			e.Operands = append(e.Operands, readOperand(v, w.operator, at.within(fmt.Sprintf("FilterOperands[%d].", i))))
		}
	}
	return e
}

// readOperand reads one operand, which is what is given of Index, Value and BrowsePath.
func readOperand(object value, operator string, at *place) (o model.WhereOperand) {
	var w whereOperand
	if !at.isObject(object) {
		return o
	}
	operandSchema.read(&w, object, at)
	switch {
	case w.index != nil:
		if n := *w.index; n < 0 || n > 1<<16 || n != math.Trunc(n) {
			at.report("Index", nil, wrong("is no index of an element", "write the element's place, from 0"))
		} else {
			i := uint32(n)
			o.Element = &i
		}
	case isSet(w.literal):
		o.Value, o.DataType = w.literal.plain(nil), w.dataType
		if operator == "OfType" && o.DataType == "" {
			o.DataType = typeOfType
			if w.literal.kind() == '"' {
				optionalID(w.literal.text(), "Value", at)
			}
		}
	case isSet(w.browsePath) || w.node != "" || w.attribute != 0:
		o.Attribute = &model.SelectClause{
			TypeDefinition: optionalID(w.node, "NodeId", at), Attribute: w.attribute, IndexRange: w.indexRange, BrowsePath: optionalNames(w.browsePath, at),
		}
	default:
		at.report("Value", nil, wrong("is missing", "write Value, Index or BrowsePath"))
	}
	return o
}

// typeOfType is the DataType of what OfType compares with when none is written.
const typeOfType = "NodeId"

// optionalID reads a node id; empty is the null one.
func optionalID(s, property string, at *place) model.ExpandedNodeID {
	if s == "" {
		return model.ExpandedNodeID{}
	}
	id, err := parseNodeID(s)
	if err != nil {
		at.report(property, nil, wrong(err.Error(), "write it as in nsu=urn:acme;i=7"))
	}
	return id
}

// optionalNames reads a browse path that may be missing.
func optionalNames(array value, at *place) []string {
	if !isSet(array) {
		return nil
	}
	names, c := parseNames(array)
	if c != nil {
		at.report("BrowsePath", &array, c)
	}
	return names
}
