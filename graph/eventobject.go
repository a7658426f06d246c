package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Event is an event as an object of the schema. Generated code knows no such object: one that implements graphql.Marshaler writes itself.
type Event interface{ IsEvent() }

// eventObject is an event that writes the fields that are selected of it.
type eventObject struct {
	ctx        context.Context
	op         *graphql.OperationContext
	path       ast.Path // where errors are told
	selections ast.SelectionSet
	event      *model.Event
	typ        *eventObjectType
	plants     *plantEvents // that are asked for
	typeName   string       // of the event's own type
	byName     map[string]*model.DataValue
}

var (
	_ Event             = (*eventObject)(nil)
	_ graphql.Marshaler = (*eventObject)(nil)
)

// newEventObject shows an event where the context's field is. plants are the plant's own types if there are fragments for any.
func newEventObject(ctx context.Context, e *model.Event, t *eventObjectType, plants *plantEvents) *eventObject {
	o := &eventObject{ctx: ctx, op: graphql.GetOperationContext(ctx), event: e, typ: t, plants: plants, byName: make(map[string]*model.DataValue, len(e.Fields))}
	if f := graphql.GetFieldContext(ctx); f != nil {
		o.selections, o.path = f.Field.Selections, pathOf(o.op, f)
	}
	for i := range e.Fields {
		o.name(standardName(e.Fields[i].Name), &e.Fields[i].Value)
	}
	if plants != nil {
		for i := range e.Fields {
			o.name(plainEventField(e.Fields[i].Name), &e.Fields[i].Value)
		}
	}
	return o
}

// pathOf is the place of a field in the answer. Within the deliveries of a subscription contexts begin below its root field.
func pathOf(op *graphql.OperationContext, f *graphql.FieldContext) ast.Path {
	path, root := f.Path(), f
	for root.Parent != nil && (root.Parent.Field.Field != nil || root.Parent.Index != nil) {
		root = root.Parent
	}
	if op.Operation.Operation != ast.Subscription || root.Object == "Subscription" {
		return path
	}
	for _, field := range graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Subscription"}) {
		path = append(ast.Path{ast.PathName(field.Alias)}, path...)
	}
	return path
}

func (o *eventObject) name(name string, v *model.DataValue) {
	if _, ok := o.byName[name]; !ok {
		o.byName[name] = v
	}
}

// standardName takes off what some publishers write before a name.
func standardName(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, "/"), "0:")
}

// IsEvent marks it.
func (o *eventObject) IsEvent() {}

// MarshalGQL writes the object.
func (o *eventObject) MarshalGQL(w io.Writer) {
	o.object(o.selections, o.typ.satisfies(), func(f graphql.CollectedField) graphql.Marshaler {
		if show, ok := eventBase[f.Name]; ok {
			return show(o, f)
		}
		if field, ok := o.typ.fields[f.Name]; ok {
			return o.field(eventPath{}, &field, o.path, f)
		}
		return graphql.Null
	}).MarshalGQL(w)
}

// object writes what is selected of an object. satisfies are the names of its types, its own first.
func (o *eventObject) object(set ast.SelectionSet, satisfies []string, value func(f graphql.CollectedField) graphql.Marshaler) graphql.Marshaler {
	fields := graphql.CollectFields(o.op, set, satisfies)
	out := graphql.NewFieldSet(fields)
	for i, f := range fields {
		if f.Name == "__typename" {
			out.Values[i] = graphql.MarshalString(satisfies[0])
			continue
		}
		out.Values[i] = value(f)
	}
	return out
}

// eventBase are the fields of the interface Event.
var eventBase = map[string]func(o *eventObject, f graphql.CollectedField) graphql.Marshaler{
	"id": func(o *eventObject, _ graphql.CollectedField) graphql.Marshaler { return graphql.MarshalID(o.event.ID) },
	"gateway": func(o *eventObject, _ graphql.CollectedField) graphql.Marshaler {
		return graphql.MarshalString(o.event.Gateway)
	},
	"server": func(o *eventObject, _ graphql.CollectedField) graphql.Marshaler {
		return graphql.MarshalString(o.event.Server)
	},
	"group": func(o *eventObject, _ graphql.CollectedField) graphql.Marshaler {
		return graphql.MarshalString(o.event.Group)
	},
	"writer": func(o *eventObject, _ graphql.CollectedField) graphql.Marshaler {
		return graphql.MarshalString(o.event.Writer)
	},
	"eventId": func(o *eventObject, _ graphql.CollectedField) graphql.Marshaler {
		return stringOrNull(base64.StdEncoding.EncodeToString(o.event.EventID))
	},
	"eventType": func(o *eventObject, _ graphql.CollectedField) graphql.Marshaler {
		return MarshalNodeID(o.event.EventType)
	},
	"eventTypeName": func(o *eventObject, _ graphql.CollectedField) graphql.Marshaler {
		return stringOrNull(o.typeName)
	},
	"sourceNode": func(o *eventObject, _ graphql.CollectedField) graphql.Marshaler {
		return MarshalNodeID(o.event.SourceNode)
	},
	"sourceName": func(o *eventObject, _ graphql.CollectedField) graphql.Marshaler {
		return stringOrNull(o.event.SourceName)
	},
	"time": func(o *eventObject, _ graphql.CollectedField) graphql.Marshaler { return MarshalDateTime(o.event.Time) },
	"receiveTime": func(o *eventObject, _ graphql.CollectedField) graphql.Marshaler {
		return MarshalDateTime(o.event.ReceiveTime)
	},
	"message": func(o *eventObject, f graphql.CollectedField) graphql.Marshaler { return o.text(o.event.Message, f) },
	"severity": func(o *eventObject, _ graphql.CollectedField) graphql.Marshaler {
		if o.event.Severity == 0 {
			return graphql.Null
		}
		return graphql.MarshalInt(int(o.event.Severity))
	},
	"conditionId": func(o *eventObject, _ graphql.CollectedField) graphql.Marshaler {
		return MarshalNodeID(o.event.ConditionID)
	},
	"branchId": func(o *eventObject, _ graphql.CollectedField) graphql.Marshaler {
		return MarshalNodeID(o.event.BranchID)
	},
	"retain": func(o *eventObject, _ graphql.CollectedField) graphql.Marshaler {
		if o.event.Retain == nil {
			return graphql.Null
		}
		return graphql.MarshalBoolean(*o.event.Retain)
	},
	"fields": func(o *eventObject, f graphql.CollectedField) graphql.Marshaler { return o.allFields(f) },
}

func stringOrNull(s string) graphql.Marshaler {
	if s == "" {
		return graphql.Null
	}
	return graphql.MarshalString(s)
}

// field writes a field of the event, or of an object within it; above and path are where that is in the event and in the answer.
func (o *eventObject) field(above eventPath, field *eventObjectField, path ast.Path, f graphql.CollectedField) graphql.Marshaler {
	at := above.to(field)
	path = append(path[:len(path):len(path)], ast.PathName(f.Alias))
	if field.object != nil {
		return o.below(at, field.object, path, f)
	}
	v := o.find(at)
	if v == nil || v.Value.IsNull() {
		return graphql.Null
	}
	if field.plant == nil {
		return o.value(v.Value, field.kind, f)
	}
	converted := o.plants.values.Convert(o.ctx, o.op, field.plant.Type, f, v.Value.AppendJSON(nil), path, "fields")
	return graphql.WriterFunc(func(w io.Writer) { w.Write(converted) })
}

// below writes an object, null when the event has nothing of it.
func (o *eventObject) below(at eventPath, t *eventObjectType, path ast.Path, f graphql.CollectedField) graphql.Marshaler {
	if !o.has(at) {
		return graphql.Null
	}
	return o.object(f.Selections, t.satisfies(), func(f graphql.CollectedField) graphql.Marshaler {
		field := t.fields[f.Name]
		return o.field(at, &field, path, f)
	})
}

// find is the value of a field, nil when the event does not have it.
func (o *eventObject) find(at eventPath) *model.DataValue {
	if v := o.byName[at.exact]; v != nil || at.namesake {
		return v
	}
	return o.byName[at.plain]
}

// has tells whether the event has something at a path or below it.
func (o *eventObject) has(at eventPath) bool {
	for name, v := range o.byName {
		if (within(name, at.exact) || !at.namesake && within(name, at.plain)) && !v.Value.IsNull() {
			return true
		}
	}
	return false
}

func within(name, path string) bool {
	rest, ok := strings.CutPrefix(name, path)
	return ok && (rest == "" || rest[0] == '/')
}

// value writes a value as a GraphQL type, null if it does not fit.
func (o *eventObject) value(v model.Variant, kind string, f graphql.CollectedField) graphql.Marshaler {
	switch kind {
	case "Variant":
		return MarshalVariant(v.AppendJSON(nil))
	case "[LocalizedText!]":
		list := graphql.Array{}
		for i := range v.Len() {
			list = append(list, o.text(v.Element(i).LocalizedText(), f))
		}
		return list
	}
	if v.IsArray() {
		return graphql.Null
	}
	switch kind {
	case "String":
		if v.Type() == model.TypeString {
			return graphql.MarshalString(v.Text())
		}
	case "LocalizedText":
		return o.text(textIn(v), f)
	case "NodeId":
		return MarshalNodeID(nodeIn(v))
	case "Boolean":
		if v.Type() == model.TypeBoolean {
			return graphql.MarshalBoolean(v.Bool())
		}
	case "DateTime":
		return MarshalDateTime(v.DateTime())
	case "StatusCode":
		if v.Type() == model.TypeStatusCode {
			return o.status(v.StatusCode(), f)
		}
	}
	if n, ok := v.Number(); ok && !math.IsNaN(n) && !math.IsInf(n, 0) {
		return marshalNumber(n, kind)
	}
	return graphql.Null
}

// marshalNumber writes a number as a GraphQL type.
func marshalNumber(n float64, kind string) graphql.Marshaler {
	switch {
	case kind == "Float":
		return graphql.MarshalFloat(n)
	case kind == "Int" && math.Abs(n) <= math.MaxInt32:
		return graphql.MarshalInt(int(n))
	case kind == "Duration": // in milliseconds (Part 3, 8.13)
		if d := durationOf(n); d != nil {
			return MarshalDuration(*d)
		}
	}
	return graphql.Null
}

// durationOf is a Duration of OPC UA, milliseconds; nil for one that is longer than a century, which some servers have for no end.
func durationOf(ms float64) *time.Duration {
	if !(ms >= 0 && ms < 100*366*24*float64(time.Hour/time.Millisecond)) {
		return nil
	}
	d := time.Duration(ms * float64(time.Millisecond))
	return &d
}

// textIn is the text of a value that is a LocalizedText or a String.
func textIn(v model.Variant) model.LocalizedText {
	if v.Type() == model.TypeString {
		return model.LocalizedText{Text: v.Text()}
	}
	return v.LocalizedText()
}

// nodeIn is the node that a value names.
func nodeIn(v model.Variant) model.ExpandedNodeID {
	if v.Type() == model.TypeNodeID {
		return model.Expanded(v.NodeID())
	}
	return v.ExpandedNodeID()
}

// text writes a LocalizedText, null for the empty one.
func (o *eventObject) text(t model.LocalizedText, f graphql.CollectedField) graphql.Marshaler {
	if t == (model.LocalizedText{}) {
		return graphql.Null
	}
	return o.object(f.Selections, []string{"LocalizedText"}, func(f graphql.CollectedField) graphql.Marshaler {
		if f.Name == "locale" {
			return graphql.MarshalString(t.Locale)
		}
		return graphql.MarshalString(t.Text)
	})
}

func (o *eventObject) status(s model.StatusCode, f graphql.CollectedField) graphql.Marshaler {
	return o.object(f.Selections, []string{"StatusCode"}, func(f graphql.CollectedField) graphql.Marshaler {
		switch f.Name {
		case "code":
			return graphql.MarshalFloat(float64(s))
		case "name":
			return graphql.MarshalString(s.Name())
		}
		return graphql.MarshalString(severityNames[s.Severity()])
	})
}

var severityNames = map[model.Severity]string{model.SeverityGood: "GOOD", model.SeverityUncertain: "UNCERTAIN", model.SeverityBad: "BAD"}

// allFields writes the fields with their types, those of the argument's names if it is given.
func (o *eventObject) allFields(f graphql.CollectedField) graphql.Marshaler {
	var names []string
	given := f.ArgumentMap(o.op.Variables)["names"]
	for _, n := range graphql.CoerceList(given) {
		if s, ok := n.(string); ok {
			names = append(names, s)
		}
	}
	list := graphql.Array{}
	for i := range o.event.Fields {
		field := &o.event.Fields[i]
		if given != nil && !slices.Contains(names, field.Name) && !slices.Contains(names, standardName(field.Name)) {
			continue
		}
		value := DataValue{value: field.Value}
		list = append(list, o.object(f.Selections, []string{"EventField"}, func(f graphql.CollectedField) graphql.Marshaler {
			switch f.Name {
			case "name":
				return graphql.MarshalString(field.Name)
			case "value":
				return MarshalVariant(json.RawMessage(value.Value()))
			case "dataType":
				return stringOrNull(valueOrZero(value.DataType()))
			}
			return o.status(field.Value.Status, f)
		}))
	}
	return list
}
