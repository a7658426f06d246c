package opcua

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Arguments come with their types and descriptions, and are asked of the server once.
func testDescribeMethods(t *testing.T, s *Source) {
	double := model.Expanded(model.NumericID(0, 11))
	text := func(s string) model.LocalizedText { return model.LocalizedText{Text: s} }
	scalar := func(name, description string) model.MethodArgument {
		return model.MethodArgument{Name: name, DataType: double, BuiltInType: model.TypeDouble, ValueRank: -1, Description: text(description)}
	}
	methods := []model.ExpandedNodeID{plant("Add"), plant("EchoBatch"), plant("Fail"), plant("Nobody"), {NodeID: model.StringID(0, "x"), NamespaceURI: "urn:nobody"}}
	for _, warm := range []bool{false, true} {
		ctx, tally := model.WithTally(t.Context())
		r, err := s.DescribeMethods(ctx, methods[:3])
		if err != nil {
			t.Fatal(err)
		}
		sum := scalar("sum", "a + b")
		want := model.MethodDescription{InputArguments: []model.MethodArgument{scalar("a", "first addend"), scalar("b", "second addend")}, OutputArguments: []model.MethodArgument{sum}}
		if diff := cmp.Diff(want, r[0], cmpopts.EquateComparable(model.ExpandedNodeID{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("Add (-want +got):\n%s", diff)
		}
		numbers := r[1].InputArguments[1]
		if in := r[1].InputArguments; len(in) != 2 || in[0].BuiltInType != model.TypeExtensionObject || in[0].DataType.NamespaceURI == "" || numbers.ValueRank != 1 || len(numbers.ArrayDimensions) != 1 {
			t.Errorf("EchoBatch takes %+v", in)
		}
		if r[2].Status != 0 || len(r[2].InputArguments)+len(r[2].OutputArguments) != 0 {
			t.Errorf("Fail: %+v", r[2])
		}
		if warm && len(tally.Counts()) > 0 {
			t.Errorf("asked again: %s", tally)
		}
	}
	r, err := s.DescribeMethods(t.Context(), methods[3:])
	if err != nil || r[0].Status != model.StatusBadNodeIdUnknown || r[1].Status != model.StatusBadNodeIdUnknown || r[0].Message == "" || r[1].Message == "" {
		t.Errorf("%v: %+v", err, r)
	}
}
