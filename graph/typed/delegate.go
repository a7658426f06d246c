package typed

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// delegation is what the fixed schema has of instances: their server, or their generic nodes, all that one selection asks of one server in
// one field of the fixed schema.
type delegation struct {
	field      string // "server" or "node"
	server     string
	selections ast.SelectionSet
	position   *ast.Position
	ids        []model.ExpandedNodeID
	slots      []*slot
}

// maxDelegated is how many nodes the fixed field takes at a time.
const maxDelegated = 1000

// delegate adds a slot to a delegation with room for it.
func (r *run) delegate(k *slot, f graphql.CollectedField, i *instance) {
	for _, d := range r.delegated {
		if d.field == f.Name && d.server == i.server && sameSelections(d.selections, f.Selections) && (f.Name == "server" || len(d.ids) < maxDelegated) {
			d.ids, d.slots = append(d.ids, i.id), append(d.slots, k)
			return
		}
	}
	r.delegated = append(r.delegated, &delegation{
		field: f.Name, server: i.server, selections: f.Selections, position: f.Position, ids: []model.ExpandedNodeID{i.id}, slots: []*slot{k},
	})
}

// sameSelections tells whether two are the same part of a query.
func sameSelections(a, b ast.SelectionSet) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// run fills the slots, with the errors of the fixed schema at their places.
func (d *delegation) run(r *run) {
	fail := func(err error) {
		for _, s := range d.slots {
			s.err = err
		}
	}
	defer r.caught(fail)
	name, args := "server", ast.ArgumentList{r.argument("server", "id", d.server)}
	if d.field == "node" {
		ids := make([]string, len(d.ids))
		for i, id := range d.ids {
			ids[i] = id.String()
		}
		name, args = "nodes", ast.ArgumentList{r.argument("nodes", "server", d.server), r.argument("nodes", "nodeIds", ids...)}
	}
	field := &ast.Field{
		Alias: name, Name: name, Arguments: args, SelectionSet: d.selections, Position: d.position,
		Definition: r.x.merged.Query.Fields.ForName(name), ObjectDefinition: r.x.merged.Query,
	}
	ctx := graphql.WithFreshResponseContext(r.ctx)
	got, complete := r.x.fixedFields(ctx, r.op, ast.Query, []graphql.CollectedField{{Field: field, Selections: d.selections}})
	told := d.relocate(r, graphql.GetErrors(ctx))
	if !complete {
		if !told {
			fail(fmt.Errorf("%s of server %q: %w", name, d.server, errNull))
		}
		return
	}
	if name == "server" {
		for _, s := range d.slots {
			s.raw = got[0]
		}
	} else {
		var nodes []json.RawMessage
		if err := json.Unmarshal(got[0], &nodes); err != nil || len(nodes) != len(d.slots) {
			if !told {
				fail(errors.New("the nodes did not come"))
			}
			return
		}
		for i, s := range d.slots {
			s.raw = nodes[i]
		}
	}
	for _, s := range d.slots {
		if isNull(s.raw) {
			s.raw = nil
		}
	}
}

// relocate tells errors, whose paths begin at the fixed field, at the slots that they belong to.
func (d *delegation) relocate(r *run, errs gqlerror.List) (told bool) {
	for _, e := range errs {
		rest := e.Path
		if len(rest) > 0 {
			rest = rest[1:]
		}
		slots := d.slots
		if d.field == "node" && len(rest) > 0 {
			if i, ok := rest[0].(ast.PathIndex); ok && int(i) < len(slots) {
				slots, rest = slots[i:i+1], rest[1:]
			}
		}
		for _, s := range slots {
			moved := *e
			moved.Path = append(append(ast.Path{}, s.path...), rest...)
			graphql.AddError(r.ctx, &moved)
			told = true
		}
	}
	return told
}

// argument makes an argument of a fixed root field: one string, or a list of them.
func (r *run) argument(field, name string, values ...string) *ast.Argument {
	typ := r.x.merged.Query.Fields.ForName(field).Arguments.ForName(name).Type
	one := func(v string) *ast.Value {
		return &ast.Value{Kind: ast.StringValue, Raw: v, Definition: r.x.merged.Types[typ.Name()]}
	}
	if typ.Elem == nil {
		return &ast.Argument{Name: name, Value: one(values[0])}
	}
	list := &ast.Value{Kind: ast.ListValue, Definition: r.x.merged.Types[typ.Name()], ExpectedType: typ}
	for _, v := range values {
		list.Children = append(list.Children, &ast.ChildValue{Value: one(v)})
	}
	return &ast.Argument{Name: name, Value: list}
}
