package graph

import (
	"encoding/json"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// RolePermission is what a role may do with a node.
type RolePermission struct {
	RoleID      model.ExpandedNodeID
	Permissions []model.Permission
}

// rolePermissions are those in an attribute, whose structures gateways make JSON.
func rolePermissions(n *node, id model.AttributeID) ([]RolePermission, error) {
	v, err := attributeValue(n, id)
	if err != nil || v.Type() != model.TypeExtensionObject || !v.IsArray() || v.IsNull() {
		return nil, err
	}
	list := []RolePermission{}
	for _, x := range model.Elements[model.ExtensionObject](v) {
		var p struct {
			RoleID      model.ExpandedNodeID `json:"RoleId"`
			Permissions uint32
		}
		if err := decodeStructure(n, id, x, &p); err != nil {
			return nil, err
		}
		list = append(list, RolePermission{p.RoleID, setBits(model.Permission(p.Permissions), permissionBits)})
	}
	return list, nil
}

// decodeStructure reads the JSON of a structure in an attribute.
func decodeStructure(n *node, id model.AttributeID, x model.ExtensionObject, to any) error {
	about := aboutAttribute(n, id)
	if x.Encoding != model.ExtensionJSON {
		return &statusError{about: about, status: model.StatusBadDataTypeIdUnknown, message: fmt.Sprintf("the gateway cannot decode the structure %s", x.TypeID)}
	}
	if err := json.Unmarshal(x.Body, to); err != nil {
		return &statusError{about: about, status: model.StatusBadDecodingError, message: err.Error()}
	}
	return nil
}
