package graph

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/graph/live"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// This file writes deliveries of live values for one selection, as generated code would: some hundred nanoseconds for a value in place of ten
// microseconds, since the selection is looked at once in place of for each value. What it does not know, as a field that the schema got, it leaves to
// generated code.

// appender writes a value of one selection.
type appender[T any] func(dst []byte, v *T) []byte

// fieldAppenders make the appender of a field of one GraphQL type, with what it selects; nil for what is not known.
type fieldAppenders[T any] func(op *graphql.OperationContext, name string, selections ast.SelectionSet) appender[T]

// shownDelivery is a delivery as one subscriber sees it.
type shownDelivery struct {
	*live.Delivery
	overflow bool
}

// newDeliveryWriter makes what writes the data of a response, {"values": …}, for one subscriber. It is nil when generated code has to.
func newDeliveryWriter(op *graphql.OperationContext, values *graphql.CollectedField) func(d *live.Delivery, overflow bool) []byte {
	object := objectAppender(op, "ValueChanges", values.Selections, deliveryField)
	if object == nil {
		return nil
	}
	begin := append(appendString([]byte("{"), values.Alias), ':')
	perChange := 32 // bytes that a change took the last time
	return func(d *live.Delivery, overflow bool) []byte {
		dst := append(make([]byte, 0, len(begin)+128+perChange*len(d.Changes)), begin...)
		dst = append(object(dst, &shownDelivery{d, overflow}), '}')
		perChange = min(len(dst)/max(len(d.Changes), 1)+1, 1024)
		return dst
	}
}

// objectAppender writes an object with what is selected of a type.
func objectAppender[T any](op *graphql.OperationContext, typeName string, selections ast.SelectionSet, field fieldAppenders[T]) appender[T] {
	type member struct {
		name  string // with what stands before the value
		value appender[T]
	}
	var members []member
	for _, f := range graphql.CollectFields(op, selections, []string{typeName}) {
		if len(f.Arguments) > 0 || len(f.Deferrables) > 0 {
			return nil
		}
		value := field(op, f.Name, f.Selections)
		if f.Name == "__typename" {
			value = func(dst []byte, _ *T) []byte { return appendString(dst, typeName) }
		}
		if value == nil {
			return nil
		}
		before := byte(',')
		if len(members) == 0 {
			before = '{'
		}
		members = append(members, member{string(append(appendString([]byte{before}, f.Alias), ':')), value})
	}
	if len(members) == 0 {
		return func(dst []byte, _ *T) []byte { return append(dst, "{}"...) }
	}
	return func(dst []byte, v *T) []byte {
		for i := range members {
			dst = members[i].value(append(dst, members[i].name...), v)
		}
		return append(dst, '}')
	}
}

func deliveryField(op *graphql.OperationContext, name string, selections ast.SelectionSet) appender[shownDelivery] {
	switch name {
	case "stream":
		return func(dst []byte, d *shownDelivery) []byte { return appendString(dst, d.Stream) }
	case "sequence":
		return func(dst []byte, d *shownDelivery) []byte {
			return append(strconv.AppendUint(append(dst, '"'), d.Sequence, 10), '"')
		}
	case "overflow":
		return func(dst []byte, d *shownDelivery) []byte { return strconv.AppendBool(dst, d.overflow || d.Overflow) }
	case "changes":
		return listAppender(objectAppender(op, "ValueChange", selections, changeField), func(d *shownDelivery) []model.ValueChange { return d.Changes })
	case "nodes":
		return listAppender(objectAppender(op, "MonitoredNode", selections, monitoredNodeField), func(d *shownDelivery) []model.MonitoredItemState { return d.States })
	case "connection":
		connection := objectAppender(op, "MonitorConnection", selections, connectionField)
		if connection == nil {
			return nil
		}
		return func(dst []byte, d *shownDelivery) []byte {
			if d.Connection == nil {
				return append(dst, "null"...)
			}
			return connection(dst, d.Connection)
		}
	}
	return nil
}

// listAppender writes a list of objects; nil without an object.
func listAppender[T, Item any](object appender[Item], list func(*T) []Item) appender[T] {
	if object == nil {
		return nil
	}
	return func(dst []byte, v *T) []byte {
		dst = append(dst, '[')
		items := list(v)
		for i := range items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = object(dst, &items[i])
		}
		return append(dst, ']')
	}
}

func monitoredNodeField(op *graphql.OperationContext, name string, selections ast.SelectionSet) appender[model.MonitoredItemState] {
	switch name {
	case "item":
		return func(dst []byte, s *model.MonitoredItemState) []byte { return strconv.AppendInt(dst, int64(s.Item), 10) }
	case "nodeId":
		return func(dst []byte, s *model.MonitoredItemState) []byte { return appendString(dst, s.NodeID.String()) }
	case "status":
		return statusAppender(op, selections, func(s *model.MonitoredItemState) model.StatusCode { return s.Status })
	case "message":
		return func(dst []byte, s *model.MonitoredItemState) []byte { return appendOptional(dst, s.Message) }
	case "remedy":
		return func(dst []byte, s *model.MonitoredItemState) []byte { return appendOptional(dst, s.Status.Remedy()) }
	}
	return nil
}

func connectionField(_ *graphql.OperationContext, name string, _ ast.SelectionSet) appender[model.MonitorConnection] {
	switch name {
	case "state":
		return func(dst []byte, c *model.MonitorConnection) []byte {
			return appendString(dst, marshalNConnectionState2githubᚗcomᚋshopfloorᚑiiotᚋshopfloorᚋmodelᚐConnectionState[c.State])
		}
	case "message":
		return func(dst []byte, c *model.MonitorConnection) []byte { return appendOptional(dst, c.Message) }
	}
	return nil
}

func changeField(op *graphql.OperationContext, name string, selections ast.SelectionSet) appender[model.ValueChange] {
	switch name {
	case "item":
		return func(dst []byte, c *model.ValueChange) []byte { return strconv.AppendInt(dst, int64(c.Item), 10) }
	case "nodeId":
		return func(dst []byte, c *model.ValueChange) []byte { return appendString(dst, c.NodeID.String()) }
	case "value":
		return objectAppender(op, "DataValue", selections, changedValueField)
	}
	return nil
}

func changedValueField(op *graphql.OperationContext, name string, selections ast.SelectionSet) appender[model.ValueChange] {
	switch name {
	case "value":
		return func(dst []byte, c *model.ValueChange) []byte {
			if c.Value.Value.IsNull() {
				return append(dst, "null"...)
			}
			return c.Value.Value.AppendJSON(dst)
		}
	case "dataType":
		return func(dst []byte, c *model.ValueChange) []byte {
			if c.Value.Value.Type() == model.TypeNull {
				return append(dst, "null"...)
			}
			return appendString(dst, c.Value.Value.TypeName())
		}
	case "status":
		return statusAppender(op, selections, func(c *model.ValueChange) model.StatusCode { return c.Value.Status })
	case "sourceTimestamp":
		return func(dst []byte, c *model.ValueChange) []byte { return appendDateTime(dst, c.Value.SourceTimestamp) }
	case "serverTimestamp":
		return func(dst []byte, c *model.ValueChange) []byte { return appendDateTime(dst, c.Value.ServerTimestamp) }
	case "message":
		return func(dst []byte, c *model.ValueChange) []byte { return appendOptional(dst, c.Message) }
	}
	return nil
}

// statusAppender writes the StatusCode of something.
func statusAppender[T any](op *graphql.OperationContext, selections ast.SelectionSet, status func(*T) model.StatusCode) appender[T] {
	return objectAppender(op, "StatusCode", selections, func(_ *graphql.OperationContext, name string, _ ast.SelectionSet) appender[T] {
		switch name {
		case "code":
			return func(dst []byte, v *T) []byte { return fmt.Appendf(dst, "%g", float64(status(v))) }
		case "name":
			return func(dst []byte, v *T) []byte { return appendString(dst, status(v).Name()) }
		case "severity":
			return func(dst []byte, v *T) []byte {
				return appendString(dst, marshalNSeverity2githubᚗcomᚋshopfloorᚑiiotᚋshopfloorᚋmodelᚐSeverity[status(v).Severity()])
			}
		}
		return nil
	})
}

// appendOptional is null for no text.
func appendOptional(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, "null"...)
	}
	return appendString(dst, s)
}

// appendDateTime is MarshalDateTime.
func appendDateTime(dst []byte, d model.DateTime) []byte {
	if d.IsZero() {
		return append(dst, "null"...)
	}
	return append(d.Time().AppendFormat(append(dst, '"'), time.RFC3339Nano), '"')
}

// appendString is graphql.MarshalString.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			var b bytes.Buffer
			graphql.MarshalString(s).MarshalGQL(&b)
			return append(dst, b.Bytes()...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}
