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
