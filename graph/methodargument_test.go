package graph

import (
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The arguments of all methods that a query reaches are asked for at once; one that cannot be described has its error and leaves the others.
func TestMethodArguments(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	asked := 0
	p.commands.DescribeFunc = func(methods []model.ExpandedNodeID) ([]model.MethodDescription, error) {
		asked++
		results := make([]model.MethodDescription, len(methods))
		for i, m := range methods {
			if m.Numeric() != plantSize+uint32(model.NodeClassMethod) {
				results[i] = model.MethodDescription{Status: model.StatusBadNodeIdUnknown, Message: "no method"}
				continue
			}
			results[i].InputArguments = []model.MethodArgument{{
				Name: "speed", DataType: model.Expanded(model.NumericID(0, 11)), BuiltInType: model.TypeDouble, ValueRank: 1, ArrayDimensions: []uint32{0, 3},
				Description: model.LocalizedText{Text: "in rpm"},
			}}
		}
		return results, nil
	}
	const query = `query($ids: [NodeId!]!) { nodes(server: "press", nodeIds: $ids) { nodeClass
		... on MethodNode { inputArguments { name dataType builtInType valueRank arrayDimensions description { text } } outputArguments { name } } } }`
	method := tag(plantSize + int(model.NodeClassMethod)).String()
	p.ask(t, query, "ids", []string{method, tag(1).String()}).wantData(t, `{"nodes": [
		{"nodeClass": "METHOD", "outputArguments": [], "inputArguments": [
			{"name": "speed", "dataType": "i=11", "builtInType": "Double", "valueRank": 1, "arrayDimensions": [0, 3], "description": {"text": "in rpm"}}]},
		{"nodeClass": "VARIABLE"}]}`)
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	p.commands.DescribeFunc = func(methods []model.ExpandedNodeID) ([]model.MethodDescription, error) {
		return make([]model.MethodDescription, len(methods)-1), nil
	}
	a := p.ask(t, query, "ids", []string{method})
	a.wantCodes(t, "INTERNAL", "INTERNAL")
	if len(a.Errors[0].Path) != 3 || !strings.Contains(p.log.String(), "1 items") {
		t.Errorf("errors %+v, log %s", a.Errors, p.log)
	}
}
