package graph

import (
	"context"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// MethodArgument shows what a method takes or gives.
type MethodArgument struct{ argument model.MethodArgument }

// Name is what calls and messages name it by.
func (a MethodArgument) Name() string { return a.argument.Name }

// DataType is the node of its type.
func (a MethodArgument) DataType() model.ExpandedNodeID { return a.argument.DataType }

// BuiltInType is how its values are encoded.
func (a MethodArgument) BuiltInType() string { return a.argument.BuiltInType.String() }

// ValueRank is -1 for scalars, 1 for arrays, more for matrices.
func (a MethodArgument) ValueRank() int { return int(a.argument.ValueRank) }

// ArrayDimensions are the lengths of an array, nil for any.
func (a MethodArgument) ArrayDimensions() []int {
	var dims []int
	for _, d := range a.argument.ArrayDimensions {
		dims = append(dims, int(d))
	}
	return dims
}

// Description is for people, nil for none.
func (a MethodArgument) Description() *model.LocalizedText {
	if a.argument.Description.Text == "" {
		return nil
	}
	return &a.argument.Description
}

// InputArguments are what the method takes.
func (n *MethodNode) InputArguments() ([]MethodArgument, error) {
	m, err := n.level.method(n.node)
	if err != nil {
		return nil, err
	}
	return methodArguments(m.InputArguments), nil
}

// OutputArguments are what the method gives.
func (n *MethodNode) OutputArguments() ([]MethodArgument, error) {
	m, err := n.level.method(n.node)
	if err != nil {
		return nil, err
	}
	return methodArguments(m.OutputArguments), nil
}

func methodArguments(list []model.MethodArgument) []MethodArgument {
	arguments := make([]MethodArgument, len(list))
	for i := range list {
		arguments[i] = MethodArgument{list[i]}
	}
	return arguments
}

// describe asks for the arguments of all methods of a level at once. Of nodes whose class is not known yet those that are none answer with a Bad status, which
// nobody looks at.
func (l *level) describe(ctx context.Context, commands Commands, server string, todo []plannedGroup) error {
	var methods []model.ExpandedNodeID
	for _, g := range todo {
		if !g.plan.arguments {
			continue
		}
		for _, n := range g.nodes {
			if _, ok := l.methods[n.asked]; !ok {
				l.methods[n.asked] = nil
				methods = append(methods, n.asked)
			}
		}
	}
	for len(methods) > 0 {
		batch := methods[:min(maxReadBatch, len(methods))]
		methods = methods[len(batch):]
		results, err := commands.DescribeMethods(ctx, server, batch)
		if err != nil || len(results) != len(batch) {
			return batchError("describe methods of", server, len(results), len(batch), err)
		}
		for i := range results {
			l.methods[batch[i]] = &results[i]
		}
	}
	return nil
}

// method is what was told of n.
func (l *level) method(n *node) (*model.MethodDescription, error) {
	m, planned := l.methods[n.asked]
	switch {
	case !planned:
		return nil, errNotPlanned
	case m == nil:
		return nil, l.methodErr
	case m.Status.IsBad():
		return nil, &statusError{about: fmt.Sprintf("method %s of server %q", n.asked, n.server.ID), status: m.Status, message: m.Message}
	}
	return m, nil
}
