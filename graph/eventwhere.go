package graph

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxFilterNodes bounds the types, and the sources, of one filter.
const maxFilterNodes = 100

// where makes one content filter of all that a filter asks for, and tells how many of its elements, the first ones, are not those of the client.
func (f *ServerEventFilter) where(r *Resolver) (elements []model.WhereElement, shift int, err error) {
	if f == nil {
		return nil, 0, nil
	}
	parts, err := f.parts(r)
	if err != nil {
		return nil, 0, err
	}
	if len(f.Where) > 0 {
		if err := checkWhere(f.Where); err != nil {
			return nil, 0, err
		}
		parts = append(parts, f.Where)
	}
	elements = joined("And", parts)
	if len(f.Where) > 0 {
		shift = len(elements) - len(f.Where)
	}
	return elements, shift, nil
}

// parts are the parts of a filter but for its content filter, each with its root first.
func (f *ServerEventFilter) parts(r *Resolver) (parts [][]model.WhereElement, err error) {
	types, err := r.eventTypes(f.EventTypes, f.TypeNames, maxFilterNodes, false)
	if err != nil {
		return nil, err
	}
	for _, list := range []struct {
		field string
		nodes []model.ExpandedNodeID
		test  func(id model.ExpandedNodeID) model.WhereElement
	}{
		{"filter.eventTypes", types, func(id model.ExpandedNodeID) model.WhereElement {
			return model.WhereElement{Operator: "OfType", Operands: []model.WhereOperand{nodeOperand(id)}}
		}},
		{"filter.sourceNodes", f.SourceNodes, func(id model.ExpandedNodeID) model.WhereElement {
			return model.WhereElement{Operator: "Equals", Operands: []model.WhereOperand{eventOperand("SourceNode"), nodeOperand(id)}}
		}},
	} {
		if err := checkCount(list.field, len(list.nodes), maxFilterNodes); err != nil {
			return nil, err
		}
		var tests [][]model.WhereElement
		for _, id := range list.nodes {
			tests = append(tests, []model.WhereElement{list.test(id)})
		}
		if len(tests) > 0 {
			parts = append(parts, joined("Or", tests))
		}
	}
	if f.SourceName != nil {
		parts = append(parts, comparison("Equals", "SourceName", quotedJSON(*f.SourceName), "String"))
	}
	low, err := severity("filter.minSeverity", f.MinSeverity)
	if err != nil {
		return nil, err
	}
	high, err := severity("filter.maxSeverity", f.MaxSeverity)
	if err != nil {
		return nil, err
	}
	if high > 0 && high < low {
		return nil, fieldError("filter.maxSeverity", "%d is below minSeverity, %d", high, low)
	}
	if low > 0 {
		parts = append(parts, comparison("GreaterThanOrEqual", "Severity", json.RawMessage(strconv.Itoa(int(low))), "UInt16"))
	}
	if high > 0 {
		parts = append(parts, comparison("LessThanOrEqual", "Severity", json.RawMessage(strconv.Itoa(int(high))), "UInt16"))
	}
	return parts, nil
}

// checkWhere checks what a client's content filter says by itself.
func checkWhere(where []model.WhereElement) error {
	alone := model.EventSource{Notifier: model.Expanded(model.NumericID(0, idServerObject)), TypeDefinition: model.Expanded(model.NumericID(0, idBaseEventType)), Where: where}
	if found := alone.Problems(); len(found) > 0 {
		return fieldError(renumbered(found[0].Field, 0), "%s", found[0].Message)
	}
	return nil
}

// joined joins parts by And or Or, which take two operands each: they stand in front of the parts.
func joined(operator string, parts [][]model.WhereElement) []model.WhereElement {
	if len(parts) < 2 {
		return slices.Concat(parts...)
	}
	starts, at := make([]uint32, len(parts)), uint32(len(parts)-1)
	for i := range parts {
		starts[i] = at
		at += uint32(len(parts[i]))
	}
	var out []model.WhereElement
	for i := range len(parts) - 1 {
		next := uint32(i + 1)
		if i == len(parts)-2 {
			next = starts[i+1]
		}
		out = append(out, model.WhereElement{Operator: operator, Operands: []model.WhereOperand{{Element: &starts[i]}, {Element: &next}}})
	}
	for i, part := range parts {
		for _, e := range part {
			out = append(out, moved(e, starts[i]))
		}
	}
	return out
}

// moved is an element whose operands refer to elements by further on.
func moved(e model.WhereElement, by uint32) model.WhereElement {
	e.Operands = slices.Clone(e.Operands)
	for i := range e.Operands {
		if at := e.Operands[i].Element; at != nil {
			further := *at + by
			e.Operands[i].Element = &further
		}
	}
	return e
}

func comparison(operator, field string, value json.RawMessage, dataType string) []model.WhereElement {
	return []model.WhereElement{{Operator: operator, Operands: []model.WhereOperand{eventOperand(field), {Value: value, DataType: dataType}}}}
}

// eventOperand is a field that all events have.
func eventOperand(name string) model.WhereOperand {
	return model.WhereOperand{Attribute: &model.SelectClause{TypeDefinition: model.Expanded(model.NumericID(0, idBaseEventType)), BrowsePath: []string{name}}}
}

func nodeOperand(id model.ExpandedNodeID) model.WhereOperand {
	return model.WhereOperand{Value: quotedJSON(id.String()), DataType: "NodeId"}
}

func quotedJSON(s string) json.RawMessage {
	b, err := json.Marshal(s)
	if err != nil { // a string always has a JSON form
		panic(err)
	}
	return b
}

var whereIndex = regexp.MustCompile(`(?:events\.)?where\[(\d+)\]`)

// renumbered is a message of the gateway about an element of a content filter by the numbers of the client's, before which shift others stand.
func renumbered(message string, shift int) string {
	return whereIndex.ReplaceAllStringFunc(message, func(text string) string {
		n, err := strconv.Atoi(whereIndex.FindStringSubmatch(text)[1])
		if err != nil || n < shift {
			return "filter"
		}
		return fmt.Sprintf("filter.where[%d]", n-shift)
	})
}
