package graph

import (
	"context"
	"fmt"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"golang.org/x/sync/errgroup"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// rootNodes loads the nodes that the root fields node, nodes, path and paths of a query ask for, all of a server together, when the
// first of these fields is resolved. So aliases of them cost no requests of their own.
type rootNodes struct {
	once   sync.Once
	err    error
	fields map[string]*rootField // by response key
}

// rootField is one of the fields with its arguments.
type rootField struct {
	server string
	// ids are the nodes, or paths lead to them: then an id is null where a path leads nowhere, which results tell.
	ids        []model.ExpandedNodeID
	paths      []model.BrowsePath
	results    []model.TranslateResult
	selections []ast.SelectionSet

	nodes []*node // nil for a null id
	// err is why none of the nodes could be had.
	err error
}

type rootNodesKey struct{}

// withRootNodes gives an operation its rootNodes.
func withRootNodes(ctx context.Context) context.Context {
	return context.WithValue(ctx, rootNodesKey{}, &rootNodes{fields: map[string]*rootField{}})
}

// rootField returns the field that is being resolved, with its nodes loaded.
func (r *Resolver) rootField(ctx context.Context) (*rootField, error) {
	alias, only := graphql.GetFieldContext(ctx).Field.Alias, ""
	b, ok := ctx.Value(rootNodesKey{}).(*rootNodes)
	if !ok { // run by an executor that was not made by NewHandler: this field alone
		b, only = &rootNodes{fields: map[string]*rootField{}}, alias
	}
	b.once.Do(func() {
		b.err = guarded(ctx, func() error {
			b.collect(graphql.GetOperationContext(ctx), only)
			return r.loadRoots(ctx, b.fields)
		})
	})
	if b.err != nil {
		return nil, b.err
	}
	f := b.fields[alias]
	if f == nil {
		return nil, errNotPlanned
	}
	return f, f.err
}

// rootNode is the node that the field being resolved asks for.
func (r *Resolver) rootNode(ctx context.Context) (Node, error) {
	f, err := r.rootField(ctx)
	if err != nil {
		return nil, err
	}
	if f.nodes[0] == nil {
		r := f.results[0]
		return nil, &statusError{about: fmt.Sprintf("path %q of server %q", f.paths[0].Path, f.server), status: r.Status, message: r.Message}
	}
	return f.nodes[0].identify()
}

// rootNodes are the nodes that the field being resolved asks for, each nil with an error at its place if it is not there.
func (r *Resolver) rootNodes(ctx context.Context) ([]Node, error) {
	f, err := r.rootField(ctx)
	if err != nil {
		return nil, err
	}
	nodes := make([]Node, len(f.nodes))
	for i, n := range f.nodes {
		if nodes[i], err = n.identify(); err != nil {
			path := append(graphql.GetPath(ctx), ast.PathIndex(i))
			graphql.AddError(ctx, gqlerror.WrapPath(path, err))
		}
	}
	return nodes, nil
}

// collect reads the arguments of the fields, or of that with the response key only.
func (b *rootNodes) collect(op *graphql.OperationContext, only string) {
	for _, f := range graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Query"}) {
		if only != "" && f.Alias != only {
			continue
		}
		args := f.ArgumentMap(op.Variables)
		root := &rootField{selections: []ast.SelectionSet{f.Selections}}
		switch f.Name {
		case "node":
			root.ids, root.err = unmarshalNodeIDs([]any{args["nodeId"]})
		case "nodes":
			list := graphql.CoerceList(args["nodeIds"])
			if root.err = checkCount("nodeIds", len(list), maxPageSize); root.err == nil {
				root.ids, root.err = unmarshalNodeIDs(list)
			}
		case "path":
			root.err = root.lead([]any{args["path"]}, args["startingNode"])
		case "paths":
			root.selections = resultSelections(op, f.Selections)
			list := graphql.CoerceList(args["paths"])
			if root.err = checkCount("paths", len(list), maxPageSize); root.err == nil {
				root.err = root.lead(list, args["startingNode"])
			}
		default:
			continue
		}
		root.server = fmt.Sprint(args["server"])
		b.fields[f.Alias] = root
	}
}

func unmarshalNodeIDs(list []any) ([]model.ExpandedNodeID, error) {
	ids := make([]model.ExpandedNodeID, len(list))
	for i, v := range list {
		var err error
		if ids[i], err = UnmarshalNodeID(v); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// loadRoots loads the nodes of all fields, servers at the same time.
func (r *Resolver) loadRoots(ctx context.Context, fields map[string]*rootField) error {
	servers := map[string][]*rootField{}
	for _, f := range fields {
		if f.err == nil {
			servers[f.server] = append(servers[f.server], f)
		}
	}
	var work errgroup.Group
	for id, fields := range servers {
		server, err := r.Registry.Server(id)
		if err != nil {
			for _, f := range fields {
				f.err = fmt.Errorf("server %q: %w", id, err)
			}
			continue
		}
		work.Go(func() error {
			return guarded(ctx, func() error { return r.loadServerRoots(ctx, &server, fields) })
		})
	}
	return work.Wait()
}

func (r *Resolver) loadServerRoots(ctx context.Context, server *model.Server, fields []*rootField) error {
	r.translate(ctx, server.ID, fields)
	var groups []nodeGroup
	for _, f := range fields {
		var there []*node
		for _, id := range f.ids {
			if id.IsNull() && f.paths != nil {
				f.nodes = append(f.nodes, nil)
				continue
			}
			n := &node{server: server, asked: id, id: id}
			f.nodes, there = append(f.nodes, n), append(there, n)
		}
		if len(there) > 0 {
			groups = append(groups, nodeGroup{nodes: there, selections: f.selections})
		}
	}
	return loadNodes(ctx, r.Commands, server, groups)
}

// translate finds the ids of the fields that give browse paths.
func (r *Resolver) translate(ctx context.Context, server string, fields []*rootField) {
	var paths []model.BrowsePath
	for _, f := range fields {
		paths = append(paths, f.paths...)
	}
	if len(paths) == 0 {
		return
	}
	results, err := r.Commands.Translate(ctx, server, paths)
	if err == nil && len(results) != len(paths) {
		err = fmt.Errorf("%d results for %d paths", len(results), len(paths))
	}
	for _, f := range fields {
		if len(f.paths) == 0 {
			continue
		}
		if err != nil {
			f.err = fmt.Errorf("path %q of server %q: %w", f.paths[0].Path, server, err)
			continue
		}
		f.results, results = results[:len(f.paths)], results[len(f.paths):]
		f.ids = make([]model.ExpandedNodeID, len(f.paths))
		for i := range f.results {
			if !f.results[i].Status.IsBad() {
				f.ids[i] = f.results[i].NodeID
			}
		}
	}
}

// loadNode loads one node of a server below another field.
func (r *Resolver) loadNode(ctx context.Context, server *model.Server, id model.ExpandedNodeID) (Node, error) {
	n := &node{server: server, asked: id, id: id}
	selections := []ast.SelectionSet{graphql.GetFieldContext(ctx).Field.Selections}
	if err := loadNodes(ctx, r.Commands, server, []nodeGroup{{[]*node{n}, selections}}); err != nil {
		return nil, err
	}
	return n.identify()
}
