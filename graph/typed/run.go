package typed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

var errNull = errors.New("must not be null")

// maxInstances bounds the nodes of one query, those on pages and those below them.
const maxInstances = 100_000

// run is the typed part of one operation. Looking at the address space goes level by level, with one Browse for a server and level; then
// comes one Read for a server with all values of all root fields.
type run struct {
	x   *Executable
	ctx context.Context
	op  *graphql.OperationContext

	reads     map[place]*reading
	order     map[string][]*reading // by server
	delegated []*delegation
	histories map[string]*historyRead // by arguments
	count     int

	// live is, of a subscription, what is known already; nil for queries. owner is the instance on the page whose fields are looked at.
	live  *liveState
	owner int
}

// place is a node of a server.
type place struct {
	server string
	id     model.ExpandedNodeID
}

// reading is a value to read; each node is read once, however often it is asked for.
type reading struct {
	id     model.ExpandedNodeID
	result *model.ReadResult
	err    error
}

// pending is an instance whose fields are asked for.
type pending struct {
	instance   *instance
	typ        *Type
	selections ast.SelectionSet
	slot       *slot
	// members are the fields that need its references.
	members []memberField
	// owner is the place on the page of the instance that it is, or is below of.
	owner int
}

type memberField struct {
	field *Field
	asked graphql.CollectedField
	slot  *slot
}

func (x *Executable) newRun(ctx context.Context, op *graphql.OperationContext) *run {
	return &run{x: x, ctx: ctx, op: op, reads: map[place]*reading{}, order: map[string][]*reading{}, histories: map[string]*historyRead{}}
}

// query answers root fields of Query together.
func (x *Executable) query(ctx context.Context, op *graphql.OperationContext, fields []graphql.CollectedField) ([]json.RawMessage, bool) {
	r := x.newRun(ctx, op)
	slots := make([]*slot, len(fields))
	found := make([]*page, len(fields))
	var wg sync.WaitGroup
	for i, f := range fields {
		slots[i] = rootSlot(f)
		wg.Go(func() {
			defer r.recovered(slots[i])
			found[i], slots[i].err = r.find(f, x.queries[f.Name], slots[i])
		})
	}
	wg.Wait()
	var level []*pending
	for i, f := range fields {
		if slots[i].err == nil {
			level = append(level, r.page(slots[i], f, found[i])...)
		}
	}
	r.expand(level)
	r.fetch()
	return r.finish(slots)
}

// recovered makes an error of a panic, for goroutines of a run.
func (r *run) recovered(s *slot) {
	if v := recover(); v != nil {
		s.err = r.op.RecoverFunc(r.ctx, v)
	}
}

// finish writes root fields; false means that one that must not be null is.
func (r *run) finish(slots []*slot) ([]json.RawMessage, bool) {
	out, complete := make([]json.RawMessage, len(slots)), true
	for i, s := range slots {
		var b bytes.Buffer
		complete = r.write(&b, s) && complete
		out[i] = b.Bytes()
	}
	return out, complete
}

// expand resolves the fields of instances, level by level.
func (r *run) expand(level []*pending) {
	for len(level) > 0 {
		var browsed []*pending
		for _, p := range level {
			r.count++
			if r.count > maxInstances {
				p.slot.err = fmt.Errorf("%w: the query asks for over %d nodes; ask for smaller pages", ErrInvalid, maxInstances)
				continue
			}
			r.owner = p.owner
			r.fields(p)
			if len(p.members) > 0 {
				browsed = append(browsed, p)
			}
		}
		level = r.members(browsed)
	}
}

// fields fills what is known of an instance and notes what needs its references.
func (r *run) fields(p *pending) {
	s := p.slot
	s.object = true
	definition := r.x.merged.Types[p.typ.Name]
	var generic []nodeField
	for _, f := range graphql.CollectFields(r.op, p.selections, r.x.satisfies[p.typ.Name]) {
		if f.Name == "__typename" {
			s.kid(f, f.Definition.Type).text(p.typ.Name)
			continue
		}
		k := s.kid(f, definition.Fields.ForName(f.Name).Type)
		own := p.typ.field(f.Name)
		switch {
		case own == nil:
		case own.Role == RoleIdentity:
			if !r.identity(k, f, p.instance) {
				generic = append(generic, nodeField{f, k})
			}
		case own.Role == RoleValue && own.Key.Name == "":
			r.valueField(k, f, own, p.instance)
		default:
			p.members = append(p.members, memberField{own, f, k})
		}
	}
	r.delegateFields(p, generic)
}

func (t *Type) field(name string) *Field {
	for _, f := range t.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// identity fills a field of TypedNode, or of Node as far as the instance tells; false means that the fixed schema is to be asked.
func (r *run) identity(k *slot, f graphql.CollectedField, i *instance) bool {
	switch f.Name {
	case "id":
		k.raw = quoted(i.key())
	case "nodeId":
		k.raw = quoted(i.id.String())
	case "typeDefinition":
		k.raw = quoted(i.definition.String())
	case "browseName":
		k.raw = r.json(k, named("QualifiedName"), f, model.QualifiedNameValue(&i.browseName).AppendJSON(nil))
	case "displayName":
		k.raw = r.json(k, named("LocalizedText"), f, model.LocalizedTextValue(&i.displayName).AppendJSON(nil))
	case "nodeClass":
		k.raw = quoted("OBJECT") // no others implement Node
	case "server", "node":
		r.delegate(k, f, i)
	default:
		return false
	}
	return true
}

func quoted(s string) []byte {
	b, _ := json.Marshal(s) // a string always marshals
	return b
}

// book has the value of a node read.
func (r *run) book(server string, id model.ExpandedNodeID) *reading {
	at := place{server, id}
	b := r.reads[at]
	if b == nil {
		b = &reading{id: id}
		r.reads[at] = b
		r.order[server] = append(r.order[server], b)
	}
	if r.live != nil {
		r.live.own(at, r.owner)
	}
	return b
}

// class is that of the node that a field stands for; without a declaration it is a property.
func (f *Field) class() model.NodeClass {
	if f.Member == nil {
		return model.NodeClassVariable
	}
	return f.Member.Class
}

// members browses the nodes below instances, one request for a server, and makes the next level of them.
func (r *run) members(level []*pending) (next []*pending) {
	found := r.browse(level)
	for _, p := range level {
		at := place{p.instance.server, p.instance.id}
		b := found[at]
		r.owner = p.owner
		for _, m := range p.members {
			if b.err != nil {
				m.slot.err = b.err
				continue
			}
			if m.field.Role == RolePlaceholder {
				next = append(next, r.placeholder(p, m, b.children)...)
				continue
			}
			for _, child := range b.children {
				if child.browseName == m.field.Key && child.class == m.field.class() {
					next = append(next, r.member(m.slot, m.field, m.asked, child)...)
					break
				}
			}
		}
	}
	return next
}

// member fills a slot with the node that a declaration stands for; what is left for the next level is returned.
func (r *run) member(s *slot, field *Field, asked graphql.CollectedField, child *instance) []*pending {
	declared := r.x.typed.Type(field.Type.Name)
	if declared == nil || declared.Kind == Enum || declared.Source != nil && declared.Source.Class == model.NodeClassDataType {
		r.value(s, asked, field.Type, r.book(child.server, child.id))
		return nil
	}
	return []*pending{{instance: child, typ: r.concrete(declared, child), selections: asked.Selections, slot: s, owner: r.owner}}
}

// placeholder fills a list with the nodes below that the declaration stands for: of its type, and not declared by name.
func (r *run) placeholder(p *pending, m memberField, children []*instance) (next []*pending) {
	m.slot.list = true
	for _, child := range children {
		named := false
		for _, f := range p.typ.Fields {
			named = named || f.Role == RoleMember && f.Key == child.browseName
		}
		if named || child.class != m.field.Member.Class || !r.is(child, m.field.Member) {
			continue
		}
		next = append(next, r.member(m.slot.item(), m.field, m.asked, child)...)
	}
	return next
}

// is tells whether an instance is of a declaration's type. Of a type that is not known it is when anything is.
func (r *run) is(i *instance, m *typemodel.Member) bool {
	if m.Type == nil || i.definition == m.Type.NodeID {
		return true
	}
	if t := r.x.model().Type(i.definition); t != nil {
		return t.IsA(m.Type.NodeID)
	}
	return m.Type.NodeID == typemodel.BaseObjectType || m.Type.IsA(typemodel.BaseVariableType) && (m.Type.NodeID == typemodel.BaseDataVariableType || m.Type.Super == nil)
}

// concrete is the object type of an instance in a place where the schema says declared.
func (r *run) concrete(declared *Type, i *instance) *Type {
	if declared.Kind != Interface {
		return declared
	}
	if t := r.x.objects[i.definition]; t != nil {
		for _, name := range t.Implements {
			if name == declared.Name {
				return t
			}
		}
	}
	return declared.Object
}

// browsing is what is below a node.
type browsing struct {
	children []*instance
	err      error
}

func (r *run) browse(level []*pending) map[place]*browsing {
	found := map[place]*browsing{}
	asked := map[string][]model.BrowseDescription{}
	for _, p := range level {
		at := place{p.instance.server, p.instance.id}
		if found[at] == nil && r.live != nil && r.live.known[at] != nil {
			found[at] = r.live.known[at]
		}
		if found[at] == nil {
			found[at] = &browsing{}
			asked[at.server] = append(asked[at.server], model.BrowseDescription{
				NodeID: at.id, ReferenceType: typemodel.HierarchicalReferences, IncludeSubtypes: true,
				NodeClassMask: model.NodeClassObject | model.NodeClassVariable,
			})
		}
	}
	each(asked, func(server string, nodes []model.BrowseDescription) {
		fail := func(err error) {
			for _, n := range nodes {
				found[place{server, n.NodeID}].err = err
			}
		}
		defer r.caught(fail)
		results, err := inBatches(nodes, func(batch []model.BrowseDescription) ([]model.BrowseResult, error) {
			results, err := r.x.services.Browse(r.ctx, server, batch)
			return checked(results, err, len(batch), "browse", server)
		})
		if err != nil {
			fail(err)
			return
		}
		for i := range results {
			b := found[place{server, nodes[i].NodeID}]
			if results[i].Status.IsBad() {
				b.err = &StatusError{fmt.Sprintf("browse %s of server %q", nodes[i].NodeID, server), results[i].Status, results[i].Message}
				continue
			}
			for j := range results[i].References {
				b.children = append(b.children, instanceOf(server, &results[i].References[j]))
			}
		}
	})
	if r.live != nil {
		r.live.learn(found)
	}
	return found
}

// caught hands a panic to fail as an error, for goroutines of a run.
func (r *run) caught(fail func(error)) {
	if v := recover(); v != nil {
		fail(r.op.RecoverFunc(r.ctx, v))
	}
}

// each runs do for every server at the same time.
func each[T any](byServer map[string][]T, do func(server string, items []T)) {
	var wg sync.WaitGroup
	for server, items := range byServer {
		wg.Go(func() { do(server, items) })
	}
	wg.Wait()
}

// fetch reads all values, and what the fixed schema has, at the same time.
func (r *run) fetch() {
	var wg sync.WaitGroup
	if r.live != nil {
		r.live.fill(r.order)
	} else {
		wg.Go(func() { each(r.order, r.readAll) })
	}
	wg.Go(r.readHistories)
	for _, d := range r.delegated {
		wg.Go(func() { d.run(r) })
	}
	wg.Wait()
}

func (r *run) readAll(server string, values []*reading) {
	fail := func(err error) {
		for _, v := range values {
			v.err = err
		}
	}
	defer r.caught(fail)
	ids := make([]model.ReadValueID, len(values))
	for i, v := range values {
		ids[i] = model.ReadValueID{NodeID: v.id, Attribute: model.AttributeValue}
	}
	results, err := inBatches(ids, func(batch []model.ReadValueID) ([]model.ReadResult, error) {
		results, err := r.x.services.Read(r.ctx, server, batch)
		return checked(results, err, len(batch), "read from", server)
	})
	if err != nil {
		fail(err)
		return
	}
	for i := range results {
		values[i].result = &results[i]
	}
}
