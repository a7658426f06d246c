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

// delegation is what the fixed schema has of instances: their server, their generic nodes, or fields of these. All that one selection asks of
// one server is one field of the fixed schema.
type delegation struct {
	field      string // "server", "node", or "" for fields of the node
	server     string
	selections ast.SelectionSet
	position   *ast.Position
	ids        []model.ExpandedNodeID
	// slots are where the instances belong, kids the slots of the fields there.
	slots []*slot
	kids  [][]nodeField
}

// nodeField is a field of Node that is asked of an object, with its place.
type nodeField struct {
	asked graphql.CollectedField
	slot  *slot
}

// maxDelegated is how many nodes the fixed field takes at a time.
const maxDelegated = 1000

// delegate adds a slot to a delegation with room for it.
func (r *run) delegate(k *slot, f graphql.CollectedField, i *instance) {
	d := r.delegation(f.Name, i.server, f.Selections, f.Position)
	d.ids, d.slots = append(d.ids, i.id), append(d.slots, k)
}

// delegateFields has fields of Node filled for an object.
func (r *run) delegateFields(p *pending, fields []nodeField) {
	if len(fields) == 0 {
		return
	}
	var same ast.SelectionSet // for objects of which the same is asked: what is below a field may be more for one type than for another
	for _, f := range fields {
		same = append(append(same, f.asked.Field), f.asked.Selections...)
	}
	d := r.delegation("", p.instance.server, same, p.slot.position)
	d.ids, d.slots, d.kids = append(d.ids, p.instance.id), append(d.slots, p.slot), append(d.kids, fields)
}

// delegation finds one with room, or makes it.
func (r *run) delegation(field, server string, selections ast.SelectionSet, position *ast.Position) *delegation {
	for _, d := range r.delegated {
		if d.field == field && d.server == server && sameSelections(d.selections, selections) && (field == "server" || len(d.ids) < maxDelegated) {
			return d
		}
	}
	d := &delegation{field: field, server: server, selections: selections, position: position}
	r.delegated = append(r.delegated, d)
	return d
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

// asked is the selection for the fixed schema: of fields, each with all that was selected below it.
func (d *delegation) asked() ast.SelectionSet {
	if d.kids == nil {
		return d.selections
	}
	selections := make(ast.SelectionSet, len(d.kids[0]))
	for i, f := range d.kids[0] {
		own := *f.asked.Field
		own.SelectionSet, own.Directives = f.asked.Selections, nil // skip and include are decided
		selections[i] = &own
	}
	return selections
}

// run fills the slots, with the errors of the fixed schema at their places.
func (d *delegation) run(r *run) {
	defer r.caught(d.fail)
	name, args := "server", ast.ArgumentList{r.argument("server", "id", d.server)}
	if d.field != "server" {
		ids := make([]string, len(d.ids))
		for i, id := range d.ids {
			ids[i] = id.String()
		}
		name, args = "nodes", ast.ArgumentList{r.argument("nodes", "server", d.server), r.argument("nodes", "nodeIds", ids...)}
	}
	selections := d.asked()
	field := &ast.Field{
		Alias: name, Name: name, Arguments: args, SelectionSet: selections, Position: d.position,
		Definition: r.x.merged.Query.Fields.ForName(name), ObjectDefinition: r.x.merged.Query,
	}
	ctx := graphql.WithFreshResponseContext(r.ctx)
	got, complete := r.x.fixedFields(ctx, r.op, ast.Query, []graphql.CollectedField{{Field: field, Selections: selections}})
	told := d.relocate(r, graphql.GetErrors(ctx))
	switch {
	case !complete && !told:
		d.fail(fmt.Errorf("%s of server %q: %w", name, d.server, errNull))
	case !complete:
		d.null()
	case name == "server":
		for _, s := range d.slots {
			s.raw = got[0]
		}
	default:
		var nodes []json.RawMessage
		if err := json.Unmarshal(got[0], &nodes); err != nil || len(nodes) != len(d.slots) {
			nodes = make([]json.RawMessage, len(d.slots))
			if !told {
				d.fail(errors.New("the nodes did not come"))
				return
			}
		}
		for i := range nodes {
			d.fill(i, nodes[i])
		}
	}
}

// fill fills the slot of an instance, or those of its fields, with what the fixed schema has of its node.
func (d *delegation) fill(i int, node json.RawMessage) {
	if d.kids == nil {
		if !isNull(node) {
			d.slots[i].raw = node
		}
		return
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(node, &fields) != nil || fields == nil { // null, with its error told
		for _, f := range d.kids[i] {
			f.slot.told = true
		}
		return
	}
	for _, f := range d.kids[i] {
		if raw := fields[f.asked.Alias]; !isNull(raw) {
			f.slot.raw = raw
		}
	}
}

// null leaves everything null, with its error told.
func (d *delegation) null() {
	for i, s := range d.slots {
		s.told = true
		if d.kids != nil {
			d.fill(i, nil)
		}
	}
}

func (d *delegation) fail(err error) {
	for i, s := range d.slots {
		if d.kids == nil {
			s.err = err
			continue
		}
		for _, f := range d.kids[i] {
			f.slot.err = err
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
		if d.field != "server" && len(rest) > 0 {
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
