package uaserver

import (
	"errors"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/contentfilter"
)

// whereClause is that of an EventFilter (Part 4, 7.22.3).
type whereClause struct {
	filter *contentfilter.Filter
	fields []string // that it looks at
}

// compileWhere makes the where clause of a filter. The result is what is wrong with it, nil for nothing.
func compileWhere(f *ua.EventFilter) (*whereClause, *ua.EventFilterResult) {
	w := &whereClause{}
	elements := make([]contentfilter.Element, len(f.WhereClause.Elements))
	if len(elements) > maxOperations {
		return nil, whereResult(f, &contentfilter.FilterError{Operand: -1, Status: model.StatusBadTooManyOperations})
	}
	for i, e := range f.WhereClause.Elements {
		elements[i].Operator = contentfilter.Operator(e.FilterOperator)
		for j, o := range e.FilterOperands {
			operand, ok := w.operand(o)
			if !ok {
				return nil, whereResult(f, &contentfilter.FilterError{Element: i, Operand: j, Status: model.StatusBadFilterOperandInvalid})
			}
			elements[i].Operands = append(elements[i].Operands, operand)
		}
	}
	var err error
	if w.filter, err = contentfilter.New(elements, len(w.fields)); err != nil {
		var fault *contentfilter.FilterError
		errors.As(err, &fault)
		return nil, whereResult(f, fault)
	}
	return w, nil
}

// operand is one of a clause; ok is false for an AttributeOperand, which is not for events, and for what is none.
func (w *whereClause) operand(x *ua.ExtensionObject) (o contentfilter.Operand, ok bool) {
	if x == nil {
		return o, false
	}
	switch v := x.Value.(type) {
	case *ua.LiteralOperand:
		if v.Value != nil {
			o.Value = modelValue(v.Value.Value())
		}
	case *ua.ElementOperand:
		o.Kind, o.Index = contentfilter.ElementAt, int(v.Index)
	case *ua.SimpleAttributeOperand:
		key, ok := fieldOf(v)
		if !ok {
			key = "/" // which no event has
		}
		o.Kind, o.Index = contentfilter.EventsField, len(w.fields)
		w.fields = append(w.fields, key)
	default:
		return o, false
	}
	return o, true
}

// whereResult tells a client what is wrong (Part 4, 7.7.2).
func whereResult(f *ua.EventFilter, fault *contentfilter.FilterError) *ua.EventFilterResult {
	r := &ua.EventFilterResult{SelectClauseResults: make([]ua.StatusCode, len(f.SelectClauses)), WhereClauseResult: &ua.ContentFilterResult{}}
	for i, e := range f.WhereClause.Elements {
		x := &ua.ContentFilterElementResult{OperandStatusCodes: make([]ua.StatusCode, len(e.FilterOperands))}
		switch {
		case i != fault.Element:
		case fault.Operand < 0:
			x.StatusCode = ua.StatusCode(fault.Status)
		default:
			x.StatusCode, x.OperandStatusCodes[fault.Operand] = ua.StatusBadFilterOperandInvalid, ua.StatusCode(fault.Status)
		}
		r.WhereClauseResult.ElementResults = append(r.WhereClauseResult.ElementResults, x)
	}
	return r
}

// passes tells whether an event passes a clause; nil lets all pass.
func (s *Server) passes(w *whereClause, e *Event, fields map[string]any) bool {
	return w == nil || w.filter.Passes(&filteredEvent{s, w, e, fields})
}

// filteredEvent is an event as a where clause sees it.
type filteredEvent struct {
	server *Server
	where  *whereClause
	event  *Event
	fields map[string]any
}

func (e *filteredEvent) Field(i int) model.Variant { return modelValue(e.fields[e.where.fields[i]]) }

func (e *filteredEvent) IsOfType(id model.Variant) bool {
	want, err := ua.ParseNodeID(id.NodeID().String())
	if err != nil {
		return false
	}
	for n := e.server.space.Standard(e.event.Type); n != nil; n = n.supertype() {
		if n.ID.Equal(want) {
			return true
		}
	}
	return false
}

// modelValue makes a value of the kinds that events have one of the model, null of all others.
func modelValue(v any) model.Variant {
	switch x := v.(type) {
	case bool:
		return model.BooleanValue(x)
	case int8:
		return model.SByteValue(x)
	case uint8:
		return model.ByteValue(x)
	case int16:
		return model.Int16Value(x)
	case uint16:
		return model.UInt16Value(x)
	case int32:
		return model.Int32Value(x)
	case uint32:
		return model.UInt32Value(x)
	case int64:
		return model.Int64Value(x)
	case uint64:
		return model.UInt64Value(x)
	case float32:
		return model.FloatValue(x)
	case float64:
		return model.DoubleValue(x)
	case string:
		return model.StringValue(x)
	case []byte:
		return model.ByteStringValue(x)
	case time.Time:
		return model.DateTimeValue(model.DateTimeOf(x))
	case ua.StatusCode:
		return model.StatusCodeValue(model.StatusCode(x))
	case *ua.LocalizedText:
		return model.LocalizedTextValue(&model.LocalizedText{Locale: x.Locale, Text: x.Text})
	case *ua.ExpandedNodeID:
		return modelValue(x.NodeID)
	case *ua.NodeID:
		if n, err := model.ParseNodeID(x.String()); err == nil && x != nil {
			return model.NodeIDValue(&n)
		}
	}
	return model.Variant{}
}
