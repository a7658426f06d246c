package typed

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// writing is a variable that is to be written, or a component with such ones.
type writing struct {
	field *Field
	// path is where it is in the input.
	path  string
	value json.RawMessage
	below []*writing
}

// written is what becomes of a variable of an instance.
type written struct {
	owner   *instance
	writing *writing
	node    *model.ExpandedNodeID
	result  model.WriteResult
}

// writeInstances writes variables of instances: after a Browse for each level of components and server comes one Write for a server.
func (r *run) writeInstances(s *slot, f graphql.CollectedField, field *Field) {
	args := f.ArgumentMap(r.op.Variables)
	given, _ := args["input"].(map[string]any)
	input := r.x.typed.Type(f.Definition.Arguments.ForName("input").Type.Name())
	wanted, err := r.x.writings(input, given, "")
	switch {
	case err != nil:
		s.err = fmt.Errorf("%w: input.%w", ErrInvalid, err)
		return
	case len(wanted) == 0:
		s.err = fmt.Errorf("%w: input: nothing to write; give a variable a value", ErrInvalid)
		return
	}
	found, err := r.instances(args, r.x.typed.byName[r.x.objects[field.Source.NodeID].Implements[0]])
	if err != nil {
		s.err = err
		return
	}
	all, byServer := r.resolve(found, wanted)
	each(byServer, r.writeAll)
	s.list = true
	for _, w := range all {
		r.writeResult(s.item(), f, w)
	}
}

// writings are what an input says, without what is null.
func (x *Executable) writings(input *Type, given map[string]any, path string) (all []*writing, err error) {
	for _, f := range input.Fields {
		v := given[f.Name]
		if v == nil {
			continue
		}
		w := &writing{field: f, path: path + f.Name}
		if f.isComponent() {
			object, _ := v.(map[string]any)
			if w.below, err = x.writings(x.typed.Type(f.Type.Name), object, w.path+"."); err != nil {
				return nil, err
			}
			if len(w.below) == 0 {
				continue
			}
		} else if w.value, err = x.input(f, v); err != nil {
			return nil, fmt.Errorf("%s: %w", w.path, err)
		}
		all = append(all, w)
	}
	return all, nil
}

// instances are those that arguments name by their ids or by a path. All of them must be there: nothing is written else.
func (r *run) instances(args map[string]any, typ *Type) (list []*instance, err error) {
	q, err := searchOf(args)
	if err != nil {
		return nil, err
	}
	wanted := map[string][]model.ExpandedNodeID{}
	var servers []string
	switch {
	case q.given.ids:
		servers, wanted, err = r.serversOf(&q)
	case q.given.path && q.given.server:
		var id model.ExpandedNodeID
		id, err = r.translate(q.server, q.path)
		servers, wanted[q.server] = []string{q.server}, []model.ExpandedNodeID{id}
	default:
		err = fmt.Errorf("%w: which instances is not given; give ids, or server and path", ErrInvalid)
	}
	if err != nil {
		return nil, err
	}
	for _, server := range servers {
		t, err := r.x.space.tree(r.ctx, server)
		if err != nil {
			return nil, err
		}
		for _, id := range wanted[server] {
			o := t.byID[id]
			if o == nil || !r.matches(&o.instance, &search{}, typ) {
				return nil, fmt.Errorf("%w: %q is no instance of %s below Objects", ErrNotFound, server+"/"+id.String(), typ.Name)
			}
			if !slices.Contains(list, &o.instance) {
				list = append(list, &o.instance)
			}
		}
	}
	return list, nil
}

// resolving is a node below which variables are looked for.
type resolving struct {
	at, owner *instance
	wanted    []*writing
}

// resolve finds the variables of instances, level by level.
func (r *run) resolve(found []*instance, wanted []*writing) (all []*written, byServer map[string][]*written) {
	byServer = map[string][]*written{}
	leaf := map[*instance]map[*writing]*written{}
	for _, i := range found {
		leaf[i] = map[*writing]*written{}
		all = flatten(i, wanted, leaf[i], all)
	}
	var level []resolving
	for _, i := range found {
		level = append(level, resolving{i, i, wanted})
	}
	for len(level) > 0 {
		asked := make([]*pending, len(level))
		for i, at := range level {
			asked[i] = &pending{instance: at.at}
		}
		browsed := r.browse(asked)
		var next []resolving
		for _, at := range level {
			b := browsed[place{at.at.server, at.at.id}]
			for _, w := range at.wanted {
				child, result := b.child(w.field, at.at)
				switch {
				case child == nil:
					w.each(func(w *writing) { leaf[at.owner][w].result = result })
				case w.below != nil:
					next = append(next, resolving{child, at.owner, w.below})
				default:
					one := leaf[at.owner][w]
					one.node = &child.id
					byServer[at.at.server] = append(byServer[at.at.server], one)
				}
			}
		}
		level = next
	}
	return all, byServer
}

// each visits the variables.
func (w *writing) each(visit func(*writing)) {
	if w.below == nil {
		visit(w)
	}
	for _, b := range w.below {
		b.each(visit)
	}
}

// flatten makes the places for what becomes of each variable, in the order of the input.
func flatten(owner *instance, wanted []*writing, leaf map[*writing]*written, all []*written) []*written {
	for _, w := range wanted {
		w.each(func(w *writing) {
			leaf[w] = &written{owner: owner, writing: w}
			all = append(all, leaf[w])
		})
	}
	return all
}

// child is the node that a field stands for, or why there is none.
func (b *browsing) child(f *Field, parent *instance) (*instance, model.WriteResult) {
	if b.err != nil {
		return nil, model.WriteResult{Status: model.StatusBadNoCommunication, Message: b.err.Error()}
	}
	for _, c := range b.children {
		if c.browseName == f.Key && c.class == f.class() {
			return c, model.WriteResult{}
		}
	}
	return nil, model.WriteResult{Status: model.StatusBadNoMatch, Message: fmt.Sprintf("%s has no %s", parent.id, browseName(f.Key))}
}

func (r *run) writeAll(server string, all []*written) {
	fail := func(err error) {
		for _, w := range all {
			w.result = model.WriteResult{Status: model.StatusBadNoCommunication, Message: err.Error()}
		}
	}
	defer r.caught(fail)
	values := make([]model.WriteValue, len(all))
	for i, w := range all {
		values[i] = model.WriteValue{NodeID: *w.node, Attribute: model.AttributeValue, Value: w.writing.value}
	}
	done := 0
	_, err := inBatches(values, func(batch []model.WriteValue) ([]model.WriteResult, error) {
		results, err := r.x.services.Write(r.ctx, server, batch)
		if results, err = checked(results, err, len(batch), "write to", server); err != nil {
			return nil, err
		}
		for i := range results {
			all[done+i].result = results[i]
		}
		done += len(batch)
		return results, nil
	})
	if err != nil {
		all = all[done:] // what was written before is not untold
		fail(err)
	}
}

func (r *run) writeResult(s *slot, f graphql.CollectedField, w *written) {
	s.object = true
	for _, c := range graphql.CollectFields(r.op, f.Selections, []string{"TypedWriteResult"}) {
		k := s.kid(c, c.Definition.Type)
		switch c.Name {
		case "__typename":
			k.text("TypedWriteResult")
		case "id":
			k.raw = quoted(w.owner.key())
		case "field":
			k.raw = quoted(w.writing.path)
		case "nodeId":
			if w.node != nil {
				k.raw = quoted(w.node.String())
			}
		case "status":
			k.raw = r.json(k, named("StatusCode"), c, model.StatusCodeValue(w.result.Status).AppendJSON(nil))
		case "message":
			if w.result.Message != "" {
				k.raw = quoted(w.result.Message)
			}
		}
	}
}
