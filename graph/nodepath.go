package graph

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// PathResult is where one of several browse paths leads to.
type PathResult struct {
	Path    string
	Status  StatusCode
	Message *string
	Node    Node
}

// lead reads browse paths and where they begin.
func (f *rootField) lead(paths []any, start any) error {
	from, ok := nodeIDArgument(start)
	if !ok {
		return fieldError("startingNode", "%q is no node id; want the form nsu=urn:acme:boiler;s=Temp, ns=2;i=7 or i=2258", start)
	}
	for _, p := range paths {
		path, _ := p.(string)
		if path == "" {
			return fieldError("path", "it is empty; want the form Objects/Plant/Boiler1 or /0:Objects/2:Plant/2:Boiler1")
		}
		f.paths = append(f.paths, model.BrowsePath{StartingNode: from, Path: path})
	}
	return nil
}

// resultSelections goes from PathResults to the selections of their nodes.
func resultSelections(op *graphql.OperationContext, results ast.SelectionSet) (nodes []ast.SelectionSet) {
	for _, f := range graphql.CollectFields(op, results, []string{"PathResult"}) {
		if f.Name == "node" {
			nodes = append(nodes, f.Selections)
		}
	}
	return nodes
}

// pathResults are where the paths of the field being resolved lead to. What keeps the server from answering becomes the result of each.
func (r *Resolver) pathResults(ctx context.Context) ([]PathResult, error) {
	f, err := r.rootField(ctx)
	if f == nil || errors.Is(err, ErrInvalid) {
		return nil, err
	}
	results := make([]PathResult, len(f.paths))
	for i := range f.paths {
		results[i].Path = f.paths[i].Path
		failed := err
		if failed == nil {
			results[i].Status, results[i].Message = StatusCode{f.results[i].Status}, optional(f.results[i].Message)
			if f.nodes[i] == nil {
				continue
			}
			results[i].Node, failed = f.nodes[i].identify()
		}
		if failed != nil {
			results[i].Status, results[i].Message = r.pathStatus(ctx, failed)
			results[i].Node = nil
		}
	}
	return results, nil
}

func (r *Resolver) pathStatus(ctx context.Context, err error) (StatusCode, *string) {
	if bad, ok := errors.AsType[*statusError](err); ok {
		return StatusCode{bad.status}, optional(bad.Error())
	}
	status, message := r.statusOf(ctx, err)
	return StatusCode{status}, optional(message)
}
