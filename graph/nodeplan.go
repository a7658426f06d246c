package graph

import (
	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// nodePlan is what a query asks of a node: the attributes to read and the references to browse, with the fields that are
// asked of the nodes at their ends.
type nodePlan struct {
	attributes []attribute
	references []plannedReferences
	// arguments tells that those of methods are asked for.
	arguments bool
	history   plannedHistory
	explored  []plannedExplore
}

type plannedReferences struct {
	query referenceQuery
	// selections are those of edges.node.
	selections []ast.SelectionSet
}

// typeNames are the GraphQL types of the node classes.
var typeNames = map[model.NodeClass]string{
	model.NodeClassObject:        "ObjectNode",
	model.NodeClassVariable:      "VariableNode",
	model.NodeClassMethod:        "MethodNode",
	model.NodeClassObjectType:    "ObjectTypeNode",
	model.NodeClassVariableType:  "VariableTypeNode",
	model.NodeClassReferenceType: "ReferenceTypeNode",
	model.NodeClassDataType:      "DataTypeNode",
	model.NodeClassView:          "ViewNode",
}

// planNodes finds out what the selections ask of nodes of a class; of nodes of any class, and for their identity, when class is
// NodeClassUnspecified. Fields with arguments that cannot be taken are left out: resolving them gives the error.
func planNodes(op *graphql.OperationContext, selections []ast.SelectionSet, class model.NodeClass) *nodePlan {
	p := &nodePlan{}
	if class != model.NodeClassUnspecified {
		p.addType(op, selections, typeNames[class])
		return p
	}
	p.attributes = append(p.attributes, identity...)
	for c := model.NodeClassObject; c <= model.NodeClassView; c <<= 1 {
		p.addType(op, selections, typeNames[c])
	}
	return p
}

func (p *nodePlan) addType(op *graphql.OperationContext, selections []ast.SelectionSet, typeName string) {
	for _, s := range selections {
		for _, f := range graphql.CollectFields(op, s, []string{typeName, "Node"}) {
			p.addField(op, f)
		}
	}
}

func (p *nodePlan) addField(op *graphql.OperationContext, f graphql.CollectedField) {
	switch f.Name {
	case "references", "children":
		if q, ok := queryOfField(f.Name, f.ArgumentMap(op.Variables)); ok {
			p.addReferences(q, nodeSelections(op, f.Selections))
		}
		return
	case "parents":
		if q, ok := parentsQuery(f.ArgumentMap(op.Variables)); ok {
			p.addReferences(q, nodeSelections(op, f.Selections))
		}
		return
	case "inputArguments", "outputArguments":
		p.arguments = true
		return
	}
	if p.addExplored(op, f) {
		return
	}
	if q, ok := singleReferences[f.Name]; ok {
		p.addReferences(q, []ast.SelectionSet{f.Selections})
		return
	}
	id, ok := attributeOfField[f.Name]
	if !ok {
		p.history.add(op, f)
		return
	}
	a := attribute{id: id}
	if r, ok := f.ArgumentMap(op.Variables)["indexRange"].(string); ok {
		a.indexRange = r
	}
	for _, other := range p.attributes {
		if other == a {
			return
		}
	}
	p.attributes = append(p.attributes, a)
}

func (p *nodePlan) addReferences(q referenceQuery, selections []ast.SelectionSet) {
	for i := range p.references {
		if p.references[i].query == q {
			p.references[i].selections = append(p.references[i].selections, selections...)
			return
		}
	}
	p.references = append(p.references, plannedReferences{q, selections})
}

// nodeSelections goes from a ReferenceConnection to the selections of edges.node.
func nodeSelections(op *graphql.OperationContext, connection ast.SelectionSet) []ast.SelectionSet {
	return connectionSelections(op, connection, "ReferenceConnection", "ReferenceEdge")
}

// connectionSelections goes from a connection to the selections of edges.node.
func connectionSelections(op *graphql.OperationContext, connection ast.SelectionSet, typeName, edgeName string) (nodes []ast.SelectionSet) {
	for _, edges := range graphql.CollectFields(op, connection, []string{typeName}) {
		if edges.Name != "edges" {
			continue
		}
		for _, n := range graphql.CollectFields(op, edges.Selections, []string{edgeName}) {
			if n.Name == "node" {
				nodes = append(nodes, n.Selections)
			}
		}
	}
	return nodes
}

// queryOfField reads the arguments of references or children. It comes to the same query as the method of that name with the
// arguments that generated code read.
func queryOfField(field string, args map[string]any) (q referenceQuery, ok bool) {
	var classes []model.NodeClass
	for _, e := range graphql.CoerceList(args["nodeClasses"]) {
		classes = append(classes, enumValue(classOfEnum, e))
	}
	view, ok := nodeIDArgument(args["view"])
	if !ok {
		return q, false
	}
	if field == "children" {
		q = childrenQuery(classes, view)
	} else {
		q = referenceQuery{direction: enumValue(directionOfEnum, args["direction"]), classes: classMask(classes), view: view}
		include, given := args["includeSubtypes"].(bool)
		q.includeSubtypes = include || !given
		if q.referenceType, ok = nodeIDArgument(args["referenceType"]); !ok {
			return q, false
		}
	}
	return q, q.pageOfField(args)
}

// parentsQuery reads the arguments of parents.
func parentsQuery(args map[string]any) (q referenceQuery, ok bool) {
	q = allParents
	return q, q.pageOfField(args)
}

// pageOfField sets offset and limit from the arguments of a field.
func (q *referenceQuery) pageOfField(args map[string]any) (ok bool) {
	first, after, ok := pageArguments(args)
	return ok && q.page(first, after) == nil
}

// pageArguments are first and after, each nil when it is left out.
func pageArguments(args map[string]any) (first *int, after *string, ok bool) {
	if v := args["first"]; v != nil {
		n, err := graphql.UnmarshalInt(v)
		if err != nil {
			return nil, nil, false
		}
		first = &n
	}
	if v, isString := args["after"].(string); isString {
		after = &v
	}
	return first, after, true
}

// nodeIDArgument reads an id that may be left out.
func nodeIDArgument(v any) (id model.ExpandedNodeID, ok bool) {
	if v == nil {
		return id, true
	}
	id, err := UnmarshalNodeID(v)
	return id, err == nil
}

var (
	classOfEnum = map[string]model.NodeClass{
		"OBJECT": model.NodeClassObject, "VARIABLE": model.NodeClassVariable, "METHOD": model.NodeClassMethod,
		"OBJECT_TYPE": model.NodeClassObjectType, "VARIABLE_TYPE": model.NodeClassVariableType,
		"REFERENCE_TYPE": model.NodeClassReferenceType, "DATA_TYPE": model.NodeClassDataType, "VIEW": model.NodeClassView,
	}
	directionOfEnum = map[string]model.BrowseDirection{
		"FORWARD": model.BrowseForward, "INVERSE": model.BrowseInverse, "BOTH": model.BrowseBoth,
	}
)

func enumValue[T any](values map[string]T, v any) T {
	s, _ := v.(string)
	return values[s]
}
