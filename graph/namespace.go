package graph

import (
	"context"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// namespaceArray is the variable with a server's namespaces (Part 5, 8.3.2).
var namespaceArray = model.Expanded(model.NumericID(0, 2255))

// namespaces are those of a server, by their indices in the gateway's session.
func (r *Resolver) namespaces(ctx context.Context, server string) ([]Namespace, error) {
	about := fmt.Sprintf("namespaces of server %q", server)
	results, err := r.Commands.Read(ctx, server, []model.ReadValueID{{NodeID: namespaceArray, Attribute: model.AttributeValue}})
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", about, err)
	case len(results) != 1:
		return nil, fmt.Errorf("%s: %d results for one value", about, len(results))
	case results[0].Status.IsBad():
		return nil, &statusError{about: about, status: results[0].Status, message: results[0].Message}
	case results[0].Value.Type() != model.TypeString || !results[0].Value.IsArray():
		return nil, &statusError{about: about, status: model.StatusBadTypeMismatch, message: "the server's NamespaceArray is no array of strings"}
	}
	list := []Namespace{}
	for i, uri := range model.Elements[string](results[0].Value) {
		list = append(list, Namespace{Index: i, URI: uri})
	}
	return list, nil
}
