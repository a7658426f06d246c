package typed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/graph/live"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// Executable runs operations on the merged schema: root fields of the typed part itself, all others on the generated schema of the fixed
// part. It is read-only when it is made.
type Executable struct {
	graphql.ExecutableSchema // the fixed part, which knows the merged schema for introspection

	typed    *Schema
	merged   *ast.Schema
	services Services
	space    *Space
	feeds    *live.Feeds
	// id tells this schema from others in keys of feeds.
	id uint64
	// prepare gives an operation that is run within another one a context of its own.
	prepare func(context.Context) context.Context

	queries, mutations, subscriptions map[string]*Field
	// objects are the object types of instances, by their type definition; structures those of structures, by DataType.
	objects, structures map[model.ExpandedNodeID]*Type
	satisfies           map[string][]string
}

// executables counts them.
var executables atomic.Uint64

// NewExecutable makes it. fixed serves introspection of merged; space and feeds outlive the schema.
func NewExecutable(
	s *Schema, merged *ast.Schema, fixed graphql.ExecutableSchema, services Services, space *Space, feeds *live.Feeds, prepare func(context.Context) context.Context,
) *Executable {
	x := &Executable{
		ExecutableSchema: fixed, typed: s, merged: merged, services: services, space: space, feeds: feeds, id: executables.Add(1), prepare: prepare,
		queries: map[string]*Field{}, mutations: map[string]*Field{}, subscriptions: map[string]*Field{},
		objects: map[model.ExpandedNodeID]*Type{}, structures: map[model.ExpandedNodeID]*Type{}, satisfies: map[string][]string{},
	}
	for _, f := range s.Query {
		x.queries[f.Name] = f
	}
	for _, f := range s.Mutation {
		x.mutations[f.Name] = f
	}
	for _, f := range s.Subscription {
		x.subscriptions[f.Name] = f
	}
	for _, t := range s.Types {
		if t.Kind == Object {
			x.satisfies[t.Name] = append([]string{t.Name}, t.Implements...)
		}
		if t.Source == nil || t.Declaration != nil || t.event {
			continue
		}
		switch {
		case t.Kind == Interface && t.Source.Class == model.NodeClassObjectType:
			x.objects[t.Source.NodeID] = t.Object
		case t.Kind == Interface && t.Source.Class == model.NodeClassDataType:
			x.structures[t.Source.NodeID] = t.Object
		case t.Kind == Object && t.Source.Class == model.NodeClassDataType && x.structures[t.Source.NodeID] == nil:
			x.structures[t.Source.NodeID] = t
		}
	}
	return x
}

// Schema is the merged one.
func (x *Executable) Schema() *ast.Schema { return x.merged }

// owned tells whether a root field is of the typed part.
func (x *Executable) owned(kind ast.Operation, name string) bool {
	switch kind {
	case ast.Query:
		return x.queries[name] != nil
	case ast.Mutation:
		return x.mutations[name] != nil
	}
	return false
}

// part is a series of root fields of one owner.
type part struct {
	typed  bool
	at     []int
	fields []graphql.CollectedField
}

// Exec runs an operation. One without typed fields goes to the fixed schema as it is.
func (x *Executable) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	kind := op.Operation.Operation
	if kind == ast.Subscription {
		fields := graphql.CollectFields(op, op.Operation.SelectionSet, []string{x.merged.Subscription.Name})
		if len(fields) == 1 && x.subscriptions[fields[0].Name] != nil {
			return x.subscribe(ctx, op, fields[0])
		}
		return x.ExecutableSchema.Exec(ctx)
	}
	root := x.merged.Query
	if kind == ast.Mutation {
		root = x.merged.Mutation
	}
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, []string{root.Name})
	parts := x.split(kind, fields)
	if len(parts) == 0 || len(parts) == 1 && !parts[0].typed && !x.lifter().liftsAny(fields) {
		return x.ExecutableSchema.Exec(ctx)
	}
	done := false
	return func(ctx context.Context) *graphql.Response {
		if done {
			return nil
		}
		done = true
		values := make([]json.RawMessage, len(fields))
		if !x.runParts(ctx, op, parts, values) {
			return &graphql.Response{Data: json.RawMessage("null")}
		}
		return &graphql.Response{Data: join(fields, values)}
	}
}

// split groups root fields by owner. Those of a query may run in any order; of a mutation only neighbours go together.
func (x *Executable) split(kind ast.Operation, fields []graphql.CollectedField) (parts []part) {
	for i, f := range fields {
		typed, k := x.owned(kind, f.Name), -1
		for j := range parts {
			if parts[j].typed == typed && (kind == ast.Query || j == len(parts)-1) {
				k = j
			}
		}
		if k < 0 {
			k = len(parts)
			parts = append(parts, part{typed: typed})
		}
		parts[k].at, parts[k].fields = append(parts[k].at, i), append(parts[k].fields, f)
	}
	return parts
}

// runParts fills values; false means that data is null as a whole.
func (x *Executable) runParts(ctx context.Context, op *graphql.OperationContext, parts []part, values []json.RawMessage) bool {
	complete := make([]bool, len(parts))
	if op.Operation.Operation == ast.Mutation {
		for i, p := range parts {
			complete[i] = x.runPart(ctx, op, p, values)
		}
	} else {
		var wg sync.WaitGroup
		for i, p := range parts {
			wg.Go(func() { complete[i] = x.runPart(ctx, op, p, values) })
		}
		wg.Wait()
	}
	for _, c := range complete {
		if !c {
			return false
		}
	}
	return true
}

func (x *Executable) runPart(ctx context.Context, op *graphql.OperationContext, p part, values []json.RawMessage) (complete bool) {
	defer func() {
		if v := recover(); v != nil { // the engine recovers in the goroutines of generated code alone
			graphql.AddError(ctx, op.RecoverFunc(ctx, v))
			complete = false
		}
	}()
	var got []json.RawMessage
	switch {
	case !p.typed:
		got, complete = x.fixedFields(ctx, op, op.Operation.Operation, p.fields)
	case op.Operation.Operation == ast.Mutation:
		got, complete = x.mutate(ctx, op, p.fields)
	default:
		got, complete = x.query(ctx, op, p.fields)
	}
	if complete {
		for i, at := range p.at {
			values[at] = got[i]
		}
	}
	return complete
}

// fixedFields runs root fields on the fixed schema as an operation of its own, which shares all else with op.
func (x *Executable) fixedFields(ctx context.Context, op *graphql.OperationContext, kind ast.Operation, fields []graphql.CollectedField) ([]json.RawMessage, bool) {
	l, selections := x.lifter(), make(ast.SelectionSet, len(fields))
	lifts := false
	for i, f := range fields {
		own := *f.Field
		own.SelectionSet, own.Directives = f.Selections, nil // skip and include are decided
		if l.liftsAny(fields[i : i+1]) {
			own.SelectionSet, lifts = l.rewritten(f.Field, f.Selections), true
		}
		selections[i] = &own
	}
	operation := *op.Operation
	operation.Operation, operation.SelectionSet = kind, selections
	sub := &graphql.OperationContext{ // field by field: it has a lock
		RawQuery: op.RawQuery, Variables: op.Variables, OperationName: op.OperationName, Doc: op.Doc, Extensions: op.Extensions, Headers: op.Headers,
		Operation: &operation, DisableIntrospection: op.DisableIntrospection, RecoverFunc: op.RecoverFunc, ResolverMiddleware: op.ResolverMiddleware,
		RootResolverMiddleware: op.RootResolverMiddleware, Stats: op.Stats,
	}
	ctx = x.prepare(graphql.WithOperationContext(ctx, sub))
	asked := ctx
	if lifts {
		asked = graphql.WithFreshResponseContext(ctx)
	}
	data := x.ExecutableSchema.Exec(asked)(asked).Data
	if lifts {
		tellLifted(ctx, graphql.GetErrors(asked))
	}
	var byKey map[string]json.RawMessage
	if err := json.Unmarshal(data, &byKey); err != nil || byKey == nil {
		return nil, false // null, with its error told
	}
	out := make([]json.RawMessage, len(fields))
	for i, f := range fields {
		out[i] = byKey[f.Alias]
	}
	if lifts {
		return x.lift(ctx, sub, l, fields, out)
	}
	return out, true
}

// join writes root fields as one object in the order of the query.
func join(fields []graphql.CollectedField, values []json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range fields {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:", f.Alias) // a name of GraphQL
		b.Write(values[i])
	}
	b.WriteByte('}')
	return b.Bytes()
}
