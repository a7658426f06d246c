package typed

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// maxPage bounds a page of instances.
const maxPage = 1000

// page is a part of the instances of a type.
type page struct {
	instances  []*instance
	keys       []string
	more, less bool
	// typ is the interface of the type.
	typ *Type
}

// search is the arguments of a root field.
type search struct {
	server, path, browseName, after string
	ids                             []string
	definition                      model.ExpandedNodeID
	first                           int
	given                           struct{ server, path, ids bool }
}

func searchOf(args map[string]any) (q search, err error) {
	q.server, q.given.server = args["server"].(string)
	q.path, q.given.path = args["path"].(string)
	q.after, _ = args["after"].(string)
	if v := args["ids"]; v != nil {
		q.given.ids = true
		for _, id := range graphql.CoerceList(v) {
			q.ids = append(q.ids, fmt.Sprint(id))
		}
		if len(q.ids) > maxPage {
			return q, fmt.Errorf("%w: ids: %d are more than %d; ask in several requests", ErrInvalid, len(q.ids), maxPage)
		}
	}
	q.first = 100
	if v := args["first"]; v != nil {
		if q.first, err = graphql.UnmarshalInt(v); err != nil || q.first < 0 || q.first > maxPage {
			return q, fmt.Errorf("%w: first: %v is not from 0 to %d; ask for the rest in further pages, with after", ErrInvalid, v, maxPage)
		}
	}
	if filter, ok := args["filter"].(map[string]any); ok {
		q.browseName, _ = filter["browseName"].(string)
		if text, ok := filter["typeDefinition"].(string); ok {
			if q.definition, err = model.ParseExpandedNodeID(text); err != nil {
				return q, fmt.Errorf("%w: filter.typeDefinition: %w", ErrInvalid, err)
			}
		}
	}
	if q.given.path && q.given.ids {
		return q, fmt.Errorf("%w: path and ids are both given; give one of them", ErrInvalid)
	}
	return q, nil
}

// serversAtOnce is how many servers are looked at at the same time.
const serversAtOnce = 8

// find finds the instances that a root field asks for. What keeps one server from answering is an error at the field and does not disturb
// the others, unless it was asked for alone. Instances are in the order of their keys, which begin with the server: servers that the page does
// not come to are not looked at.
func (r *run) find(f graphql.CollectedField, field *Field, s *slot) (*page, error) {
	q, err := searchOf(f.ArgumentMap(r.op.Variables))
	if err != nil {
		return nil, err
	}
	p := &page{typ: r.x.typed.Type(field.Name), less: q.after != ""}
	servers, wanted, err := r.serversOf(&q)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(servers, func(a, b string) int { return strings.Compare(a+"/", b+"/") })
	if q.after != "" {
		servers = slices.DeleteFunc(servers, func(server string) bool { return server+"/" < q.after && !strings.HasPrefix(q.after, server+"/") })
	}
	for len(servers) > 0 && len(p.instances) <= q.first {
		batch := servers[:min(serversAtOnce, len(servers))]
		servers = servers[len(batch):]
		if err := r.findIn(batch, &q, wanted, p, s); err != nil {
			return nil, err
		}
	}
	p.cut(&q)
	return p, nil
}

// findIn adds the instances of some servers to a page.
func (r *run) findIn(servers []string, q *search, wanted map[string][]model.ExpandedNodeID, p *page, s *slot) error {
	found, errs := make([][]*instance, len(servers)), make([]error, len(servers))
	var wg sync.WaitGroup
	for i, server := range servers {
		wg.Go(func() {
			defer r.caught(func(e error) { errs[i] = e })
			found[i], errs[i] = r.findOn(server, q, wanted[server], p.typ)
		})
	}
	wg.Wait()
	for i, err := range errs {
		p.instances = append(p.instances, found[i]...)
		switch {
		case err == nil:
		case q.given.server && !q.given.ids:
			return err
		case !q.given.path || !errors.Is(err, errNoPath):
			graphql.AddError(r.ctx, s.located(err))
		}
	}
	return nil
}

// serversOf are the servers to look at and, with ids, the nodes that are wanted of each.
func (r *run) serversOf(q *search) (servers []string, wanted map[string][]model.ExpandedNodeID, err error) {
	if !q.given.ids {
		if q.given.server {
			return []string{q.server}, nil, nil
		}
		return slices.Clone(r.x.services.Servers()), nil, nil
	}
	wanted = map[string][]model.ExpandedNodeID{}
	for _, key := range q.ids {
		server, id, err := parseKey(key)
		if err != nil {
			return nil, nil, err
		}
		if q.given.server && server != q.server {
			continue
		}
		if wanted[server] == nil {
			servers = append(servers, server)
		}
		wanted[server] = append(wanted[server], id)
	}
	return servers, wanted, nil
}

// errNoPath says that a server has nothing at a path.
var errNoPath = errors.New("no such path")

// findOn finds the instances of one server: one more than the page has at most, of those behind its cursor.
func (r *run) findOn(server string, q *search, wanted []model.ExpandedNodeID, typ *Type) ([]*instance, error) {
	if q.given.ids {
		return r.findByID(server, q, wanted, typ)
	}
	var below map[*object]bool
	if q.given.path {
		top, err := r.translate(server, q.path)
		if err != nil {
			return nil, err
		}
		at, err := r.identify(server, []model.ExpandedNodeID{top})
		if err != nil {
			return nil, err
		}
		if at[0] != nil && r.matches(at[0], q, typ) {
			return at, nil
		}
		t, err := r.x.space.tree(r.ctx, server)
		if err != nil {
			return nil, err
		}
		if o := t.byID[top]; o == nil {
			return nil, nil
		} else if top != objectsFolder {
			below = o.below()
		}
	}
	t, err := r.x.space.tree(r.ctx, server)
	if err != nil {
		return nil, err
	}
	var list []*instance
	for definition, objects := range t.byType {
		if !r.isOf(definition, q, typ) {
			continue
		}
		from, exact := slices.BinarySearchFunc(objects, q.after, func(o *object, after string) int { return strings.Compare(o.key(), after) })
		if exact {
			from++
		}
		left := q.first + 1
		for _, o := range objects[from:] {
			if left == 0 {
				break
			}
			if (below == nil || below[o]) && q.named(&o.instance) {
				list = append(list, &o.instance)
				left--
			}
		}
	}
	return list, nil
}

// findByID finds instances wherever they are.
func (r *run) findByID(server string, q *search, wanted []model.ExpandedNodeID, typ *Type) (list []*instance, err error) {
	found, err := r.identify(server, wanted)
	if err != nil {
		return nil, err
	}
	var missing []error
	for i, id := range wanted {
		if found[i] != nil && r.matches(found[i], q, typ) {
			list = append(list, found[i])
			continue
		}
		missing = append(missing, fmt.Errorf("%w: id %q is no instance of %s that the filter takes", ErrNotFound, server+"/"+id.String(), typ.Name))
	}
	return list, errors.Join(missing...)
}

// matches tells whether an instance is of the type, and passes the filter.
func (r *run) matches(i *instance, q *search, typ *Type) bool {
	return i.class == model.NodeClassObject && r.isOf(i.definition, q, typ) && q.named(i)
}

// named tells whether an instance has the name that is asked for.
func (q *search) named(i *instance) bool {
	return q.browseName == "" || i.browseName.Name == q.browseName
}

// isOf tells whether instances with a type definition are of the type, and pass the filter for that.
func (r *run) isOf(definition model.ExpandedNodeID, q *search, typ *Type) bool {
	concrete := r.x.objects[definition]
	if concrete == nil && typ.Source.NodeID != typemodel.BaseObjectType || concrete != nil && !slices.Contains(concrete.Implements, typ.Name) {
		return false
	}
	return q.definition.IsNull() || definition == q.definition || r.x.model().Type(definition).IsA(q.definition)
}

func (r *run) translate(server, path string) (model.ExpandedNodeID, error) {
	results, err := r.x.services.Translate(r.ctx, server, []model.BrowsePath{{Path: path}})
	if results, err = checked(results, err, 1, "translate for", server); err != nil {
		return model.ExpandedNodeID{}, err
	}
	if results[0].Status.IsBad() {
		bad := &StatusError{fmt.Sprintf("path %q of server %q", path, server), results[0].Status, results[0].Message}
		switch results[0].Status {
		case model.StatusBadNoMatch, model.StatusBadNotFound, model.StatusBadNodeIdUnknown:
			return model.ExpandedNodeID{}, fmt.Errorf("%w: %w", errNoPath, bad)
		}
		return model.ExpandedNodeID{}, bad
	}
	return results[0].NodeID, nil
}

// cut sorts the instances and leaves those of the page.
func (p *page) cut(q *search) {
	type entry struct {
		key string
		i   *instance
	}
	entries := make([]entry, len(p.instances))
	for n, i := range p.instances {
		entries[n] = entry{i.key(), i}
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	entries = slices.CompactFunc(entries, func(a, b entry) bool { return a.key == b.key })
	if q.after != "" {
		from, found := slices.BinarySearchFunc(entries, q.after, func(e entry, after string) int { return cmp.Compare(e.key, after) })
		if found {
			from++
		}
		entries = entries[from:]
	}
	p.more = len(entries) > q.first
	entries = entries[:min(q.first, len(entries))]
	p.instances = p.instances[:0]
	for _, e := range entries {
		p.instances, p.keys = append(p.instances, e.i), append(p.keys, e.key)
	}
}

// page makes the slots of a page and returns its instances.
func (r *run) page(s *slot, f graphql.CollectedField, p *page) (level []*pending) {
	definition := r.x.merged.Types[s.typ.Name()]
	s.object = true
	for _, c := range graphql.CollectFields(r.op, f.Selections, []string{definition.Name}) {
		k := s.kid(c, c.Definition.Type)
		switch c.Name {
		case "__typename":
			k.text(definition.Name)
		case "nodes":
			level = append(level, r.nodes(k, c, p.typ, p.instances)...)
		case "pageInfo":
			r.pageInfo(k, c, p)
		}
	}
	return level
}

// nodes makes the slots of a list of instances.
func (r *run) nodes(s *slot, f graphql.CollectedField, typ *Type, instances []*instance) (level []*pending) {
	s.list = true
	for n, i := range instances {
		level = append(level, &pending{instance: i, typ: r.concrete(typ, i), selections: f.Selections, slot: s.item(), owner: n})
	}
	return level
}

func (r *run) pageInfo(s *slot, f graphql.CollectedField, p *page) {
	s.object = true
	for _, c := range graphql.CollectFields(r.op, f.Selections, []string{"PageInfo"}) {
		k := s.kid(c, c.Definition.Type)
		switch {
		case c.Name == "__typename":
			k.text("PageInfo")
		case c.Name == "hasNextPage":
			k.raw = fmt.Append(nil, p.more)
		case c.Name == "hasPreviousPage":
			k.raw = fmt.Append(nil, p.less)
		case len(p.keys) == 0:
		case c.Name == "startCursor":
			k.raw = quoted(p.keys[0])
		case c.Name == "endCursor":
			k.raw = quoted(p.keys[len(p.keys)-1])
		}
	}
}
