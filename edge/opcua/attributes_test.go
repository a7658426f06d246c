package opcua

import (
	"encoding/json"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The structures of attributes come as JSON from every server, with the URIs of namespaces, whatever was read before.
func testStructuresOfAttributes(t *testing.T, s *Source) {
	types := func(id string) model.ExpandedNodeID {
		n, err := model.ParseExpandedNodeID("nsu=urn:shopfloor:plant:types;" + id)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	batch, state := types("i=3003"), types("i=3001")
	r := read(t, s,
		model.ReadValueID{NodeID: batch, Attribute: model.AttributeDataTypeDefinition}, model.ReadValueID{NodeID: state, Attribute: model.AttributeDataTypeDefinition},
		model.ReadValueID{NodeID: plant("V0"), Attribute: model.AttributeDataTypeDefinition},
	)
	var definition struct {
		StructureType int
		Fields        []struct {
			Name     string
			DataType model.ExpandedNodeID
		}
	}
	for i, want := range []model.NodeID{model.NumericID(0, 99), model.NumericID(0, 100)} {
		if x := r[i].Value.ExtensionObject(); x.Encoding != model.ExtensionJSON || x.TypeID != model.Expanded(want) {
			t.Fatalf("definition %d is %s %q", i, r[i].Value, r[i].Message)
		}
	}
	if err := json.Unmarshal(r[0].Value.ExtensionObject().Body, &definition); err != nil || len(definition.Fields) == 0 {
		t.Fatalf("%s: %v", r[0].Value, err)
	}
	names := map[string]string{}
	for _, f := range definition.Fields {
		names[f.Name] = f.DataType.String()
	}
	if names["State"] != state.String() || names["BatchId"] != "i=12" {
		t.Errorf("the fields are %v", names)
	}
	if r[2].Status != model.StatusBadAttributeIdInvalid {
		t.Errorf("the definition of a variable is %v", r[2].Status)
	}
}

// A user sees what its own roles may do; what all may do is for those with the permission to see that.
func testRolePermissions(t *testing.T, s *Source) {
	r := read(t, s,
		model.ReadValueID{NodeID: plant("OperatorOnlyWrite"), Attribute: model.AttributeUserRolePermissions},
		model.ReadValueID{NodeID: plant("OperatorOnlyWrite"), Attribute: model.AttributeRolePermissions},
	)
	got := map[string]uint32{}
	for _, x := range model.Elements[model.ExtensionObject](r[0].Value) {
		var permission struct {
			RoleID      model.ExpandedNodeID `json:"RoleId"`
			Permissions uint32
		}
		if err := json.Unmarshal(x.Body, &permission); x.Encoding != model.ExtensionJSON || err != nil {
			t.Fatalf("%s: %v", r[0].Value, err)
		}
		got[permission.RoleID.String()] = permission.Permissions
	}
	const browse, read = 1, 32
	if got["i=15644"] != browse|read { // Anonymous
		t.Errorf("role permissions %v of %s: %v %s", got, r[0].Value, r[0].Status, r[0].Message)
	}
	if !r[1].Status.IsBad() || r[1].Message == "" {
		t.Errorf("the permissions of all roles are %+v", r[1])
	}
}
