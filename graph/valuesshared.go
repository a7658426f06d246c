package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/graph/live"
)

// sharedValues has each delivery of live values written once for all subscribers of its stream that select the same of it, in place of once for each. It
// leaves all other operations to the schema.
type sharedValues struct{ graphql.ExecutableSchema }

type sharedValuesKey struct{}

// sharedStream is where the resolver leaves its stream, for one subscriber. Generated code makes the answer out of what comes in on feed.
type sharedStream struct {
	sub  *live.Subscription
	feed chan *ValueChanges
}

func (c *sharedStream) take(sub *live.Subscription) <-chan *ValueChanges {
	c.sub, c.feed = sub, make(chan *ValueChanges, 1)
	return c.feed
}

// Exec runs an operation.
func (s sharedValues) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	if op.Operation.Operation != ast.Subscription {
		return s.ExecutableSchema.Exec(ctx)
	}
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, []string{s.Schema().Subscription.Name})
	if len(fields) != 1 || fields[0].Name != "values" {
		return s.ExecutableSchema.Exec(ctx)
	}
	c := &sharedStream{}
	each := s.ExecutableSchema.Exec(context.WithValue(ctx, sharedValuesKey{}, c))
	if c.sub == nil {
		return each // with the error of the resolver
	}
	key := selectionKey(op, &fields[0])
	keys := map[bool]string{false: key, true: key + " overflow"}
	write := newDeliveryWriter(op, &fields[0])
	ended := false
	return func(ctx context.Context) *graphql.Response {
		if ended {
			return nil
		}
		d, overflow, err := c.sub.Next(ctx)
		if err != nil {
			ended = true
			endStream(ctx, err)
			return nil
		}
		var failed *graphql.Response
		body := d.Render(keys[overflow], func() ([]byte, bool) {
			if write != nil {
				if body, ok := write(d, overflow); ok {
					return body, true
				}
			}
			c.feed <- valueChanges(d, overflow)
			r := each(ctx)
			if r == nil {
				return nil, false
			}
			if len(r.Errors) > 0 || len(graphql.GetErrors(ctx)) > 0 {
				failed = r
			}
			return bytes.Clone(r.Data), failed == nil
		})
		switch {
		case failed != nil:
			return failed
		case body == nil:
			return nil
		}
		return &graphql.Response{Data: body}
	}
}

// selectionKey is the same for fields that select the same.
func selectionKey(op *graphql.OperationContext, f *graphql.CollectedField) string {
	k := selectionWriter{fragments: map[string]bool{}}
	k.b.WriteString(f.Alias)
	k.set(f.Selections)
	if k.variables {
		// They cannot fail to be written: they came as JSON.
		text, _ := json.Marshal(op.Variables)
		k.b.Write(text)
	}
	return k.b.String()
}

// selectionWriter writes selections in one form.
type selectionWriter struct {
	b         strings.Builder
	variables bool            // some selection depends on variables
	fragments map[string]bool // that are written already
}

func (k *selectionWriter) set(set ast.SelectionSet) {
	k.b.WriteByte('{')
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			k.b.WriteString(s.Alias + ":" + s.Name)
			k.arguments(s.Arguments)
			k.directives(s.Directives)
			if len(s.SelectionSet) > 0 {
				k.set(s.SelectionSet)
			}
		case *ast.InlineFragment:
			k.b.WriteString("..." + s.TypeCondition)
			k.directives(s.Directives)
			k.set(s.SelectionSet)
		case *ast.FragmentSpread:
			k.b.WriteString("..." + s.Name)
			k.directives(s.Directives)
			if !k.fragments[s.Name] {
				k.fragments[s.Name] = true
				k.b.WriteString(s.Definition.TypeCondition)
				k.set(s.Definition.SelectionSet)
			}
		}
		k.b.WriteByte(' ')
	}
	k.b.WriteByte('}')
}

func (k *selectionWriter) directives(list ast.DirectiveList) {
	for _, d := range list {
		k.b.WriteString("@" + d.Name)
		k.arguments(d.Arguments)
	}
}

func (k *selectionWriter) arguments(list ast.ArgumentList) {
	for _, a := range list {
		text := a.Value.String()
		k.variables = k.variables || strings.Contains(text, "$")
		k.b.WriteString("(" + a.Name + ":" + text + ")")
	}
}
