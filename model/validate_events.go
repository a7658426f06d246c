package model

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

const (
	maxSelectClauses = 1000
	maxWhereElements = 1000
	maxOperands      = 100
)

// filterOperators are the operators of a ContentFilter with the least and the most operands that each takes (Part 4, 7.7.3).
var filterOperators = map[string][2]int{
	"Equals": {2, 2}, "IsNull": {1, 1}, "GreaterThan": {2, 2}, "LessThan": {2, 2}, "GreaterThanOrEqual": {2, 2}, "LessThanOrEqual": {2, 2},
	"Like": {2, 2}, "Not": {1, 1}, "Between": {3, 3}, "InList": {2, maxOperands}, "And": {2, 2}, "Or": {2, 2}, "Cast": {2, 2},
	"InView": {1, 1}, "OfType": {1, 1}, "RelatedTo": {3, 6}, "BitwiseAnd": {2, 2}, "BitwiseOr": {2, 2},
}

// Problems returns what is wrong with e by itself, as DataSetWriter.Problems does.
func (e *EventSource) Problems() []ConfigurationProblem {
	p := &problems{}
	p.events(e)
	return p.list
}

func (p *problems) events(e *EventSource) {
	if e.Notifier.IsNull() && e.BrowsePath == "" {
		p.add("events.notifier", "is null without a browsePath; use i=2253, the Server object, for all events of a server")
	}
	if e.QueueSize > maxQueueSize {
		p.add("events.queueSize", "%d is out of range; use 1 to %d, or leave it out for 1000", e.QueueSize, maxQueueSize)
	}
	if m := e.ModelChange; m != nil {
		p.interval("events.modelChange.rebrowse", m.Rebrowse, time.Second, 30*MaxInterval)
		if !e.TypeDefinition.IsNull() || len(e.Select) > 0 || len(e.Where) > 0 || e.Conditions != nil {
			p.add("events.modelChange", "is given with a filter or conditions; use a writer of its own for changes of the model")
		}
		return
	}
	switch {
	case e.TypeDefinition.IsNull() && len(e.Select) == 0:
		p.add("events.select", "is empty without a typeDefinition; select fields, or name the type whose fields are wanted, i=2041 for any event")
	case !e.TypeDefinition.IsNull() && len(e.Select) > 0:
		p.add("events.typeDefinition", "is given with select; use one of them")
	}
	p.selectClauses(e.Select)
	p.where(e.Where)
	if c := e.Conditions; c != nil {
		p.interval("events.conditions.updateInterval", c.UpdateInterval, 100*time.Millisecond, MaxInterval)
		p.interval("events.conditions.snapshotInterval", c.SnapshotInterval, 100*time.Millisecond, MaxInterval)
	}
}

func (p *problems) selectClauses(list []SelectClause) {
	if len(list) > maxSelectClauses {
		p.add("events.select", "%d clauses are too many; use at most %d", len(list), maxSelectClauses)
		return
	}
	names := map[string]int{}
	for i := range list {
		at := fmt.Sprintf("events.select[%d]", i)
		p.selectClause(at, &list[i])
		name := list[i].FieldName()
		if first, ok := names[name]; ok {
			p.add(at+".name", "%q is the name of select[%d], too; give another name", name, first)
			continue
		}
		names[name] = i
	}
}

func (p *problems) selectClause(at string, c *SelectClause) {
	if len(c.Name) > MaxNameBytes {
		p.add(at+".name", "has %d bytes; use at most %d", len(c.Name), MaxNameBytes)
	}
	p.attribute(at+".attribute", c.Attribute)
	p.indexRange(at+".indexRange", c.IndexRange)
	if len(c.BrowsePath) == 0 && c.Attribute != AttributeNodeID {
		p.add(at+".browsePath", "is empty; name a field of the event, or use attribute 1 (NodeId) for the id of a condition")
	}
	for j, name := range c.BrowsePath {
		if strings.TrimSpace(name) == "" {
			p.add(fmt.Sprintf("%s.browsePath[%d]", at, j), "is empty; write a name, 16:CycleId or nsu=urn:x;CycleId")
		}
	}
}

// FieldName is Name, or what stands for an empty one: the last name of the path without its namespace, or ConditionId.
func (c *SelectClause) FieldName() string {
	if c.Name != "" {
		return c.Name
	}
	if len(c.BrowsePath) == 0 {
		return "ConditionId"
	}
	name := c.BrowsePath[len(c.BrowsePath)-1]
	if strings.HasPrefix(name, "nsu=") {
		if i := strings.LastIndexByte(name, ';'); i >= 0 {
			return name[i+1:]
		}
	}
	if prefix, rest, ok := strings.Cut(name, ":"); ok && prefix != "" && strings.Trim(prefix, "0123456789") == "" {
		return rest
	}
	return name
}

func (p *problems) where(list []WhereElement) {
	if len(list) > maxWhereElements {
		p.add("events.where", "%d elements are too many; use at most %d", len(list), maxWhereElements)
		return
	}
	for i := range list {
		e := &list[i]
		at := fmt.Sprintf("events.where[%d]", i)
		count, ok := filterOperators[e.Operator]
		switch n := len(e.Operands); {
		case !ok:
			p.add(at+".operator", "%q is unknown; use one of Part 4, 7.7.3, such as Equals, OfType or And", e.Operator)
		case n < count[0] || n > count[1]:
			p.add(at+".operands", "%s has %d operands; it takes %d to %d", e.Operator, n, count[0], count[1])
		}
		for j := range e.Operands[:min(len(e.Operands), maxOperands)] {
			p.operand(fmt.Sprintf("%s.operands[%d]", at, j), &e.Operands[j], i, len(list))
		}
	}
}

// operand checks an operand of element i of n. An element refers to ones behind it only, so that there are no circles (Part 4, 7.7.4.2).
func (p *problems) operand(at string, o *WhereOperand, i, n int) {
	given := 0
	for _, is := range []bool{o.Element != nil, len(o.Value) > 0, o.Attribute != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		p.add(at, "has %d of element, value and attribute; give exactly one", given)
		return
	}
	switch {
	case o.Element != nil && (int64(*o.Element) <= int64(i) || int64(*o.Element) >= int64(n)):
		p.add(at+".element", "%d is no element behind this one; use %d to %d", *o.Element, i+1, n-1)
	case len(o.Value) > 0 && !json.Valid(o.Value):
		p.add(at+".value", "%.100q is no JSON", o.Value)
	case o.Attribute != nil:
		p.selectClause(at+".attribute", o.Attribute)
	}
}
