package graph

import (
	"context"
	"fmt"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// jsonStructure is a structure as gateways hand it out.
func jsonStructure(dataType uint32, body string) model.ExtensionObject {
	return model.ExtensionObject{TypeID: model.Expanded(model.NumericID(0, dataType)), Encoding: model.ExtensionJSON, Body: []byte(body)}
}

// answering gives attributes that the plant does not have by itself.
func (f *fakeCommands) answering(values map[model.AttributeID]model.ReadResult) {
	f.ReadFunc = func(_ context.Context, ids []model.ReadValueID) ([]model.ReadResult, error) {
		results := make([]model.ReadResult, len(ids))
		for i, id := range ids {
			r, ok := values[id.Attribute]
			if !ok {
				r = plantRead(id)
			}
			results[i] = r
		}
		return results, nil
	}
}

func good(v model.Variant) model.ReadResult {
	return model.ReadResult{DataValue: model.DataValue{Value: v}}
}

func TestAttributesOfAccess(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	roles := model.ArrayValue([]model.ExtensionObject{
		jsonStructure(96, `{"RoleId":"i=15668","Permissions":4129}`), jsonStructure(96, `{"RoleId":"nsu=urn:plant;s=Fitter","Permissions":131071}`),
	})
	p.commands.answering(map[model.AttributeID]model.ReadResult{
		model.AttributeWriteMask:           good(model.UInt32Value(1<<5 | 1<<6 | 1<<30)),
		model.AttributeUserWriteMask:       good(model.UInt32Value(0)),
		model.AttributeRolePermissions:     good(roles),
		model.AttributeUserRolePermissions: good(model.ArrayValue([]model.ExtensionObject{})),
		model.AttributeAccessRestrictions:  good(model.UInt16Value(1 | 2 | 8)),
		model.AttributeAccessLevel:         good(model.ByteValue(0x7f)),
		model.AttributeAccessLevelEx:       good(model.UInt32Value(1 | 1<<8 | 1<<9 | 1<<10 | 1<<11 | 1<<12 | 1<<13)),
	})
	p.ask(t, `{ node(server: "press", nodeId: "nsu=urn:plant;i=1") { writeMask userWriteMask rolePermissions { roleId permissions } userRolePermissions { roleId }
		accessRestrictions ... on VariableNode { accessLevel accessLevelEx } } }`).wantData(t, `{"node": {
		"writeMask": ["DESCRIPTION", "DISPLAY_NAME"], "userWriteMask": [],
		"rolePermissions": [{"roleId": "i=15668", "permissions": ["BROWSE", "READ", "CALL"]}, {"roleId": "nsu=urn:plant;s=Fitter", "permissions": [
			"BROWSE", "READ_ROLE_PERMISSIONS", "WRITE_ATTRIBUTE", "WRITE_ROLE_PERMISSIONS", "WRITE_HISTORIZING", "READ", "WRITE", "READ_HISTORY", "INSERT_HISTORY",
			"MODIFY_HISTORY", "DELETE_HISTORY", "RECEIVE_EVENTS", "CALL", "ADD_REFERENCE", "REMOVE_REFERENCE", "DELETE_NODE", "ADD_NODE"]}],
		"userRolePermissions": [], "accessRestrictions": ["SIGNING_REQUIRED", "ENCRYPTION_REQUIRED", "APPLY_RESTRICTIONS_TO_BROWSE"],
		"accessLevel": ["CURRENT_READ", "CURRENT_WRITE", "HISTORY_READ", "HISTORY_WRITE", "SEMANTIC_CHANGE", "STATUS_WRITE", "TIMESTAMP_WRITE"],
		"accessLevelEx": ["CURRENT_READ", "NONATOMIC_READ", "NONATOMIC_WRITE", "WRITE_FULL_ARRAY_ONLY", "NO_SUB_DATA_TYPES", "NON_VOLATILE", "CONSTANT"]}}`)
}

// What a node does not have is null; what the server does not give is an error at its place, and all else is there.
func TestAttributesThatAreNotGiven(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.commands.answering(map[model.AttributeID]model.ReadResult{
		model.AttributeUserWriteMask:   {DataValue: model.DataValue{Status: model.StatusBadAttributeIdInvalid}},
		model.AttributeRolePermissions: {DataValue: model.DataValue{Status: model.StatusBadUserAccessDenied}, Message: "not for this user"},
		model.AttributeDescription:     {DataValue: model.DataValue{Status: model.StatusBadNotReadable}},
		model.AttributeUserRolePermissions: good(model.ArrayValue([]model.ExtensionObject{
			{TypeID: model.Expanded(model.NumericID(0, 128)), Encoding: model.ExtensionBinary, Body: []byte{1}},
		})),
	})
	a := p.ask(t, `{ node(server: "press", nodeId: "nsu=urn:plant;i=1") { nodeId userWriteMask accessRestrictions description { text } rolePermissions { roleId }
		userRolePermissions { roleId } ... on VariableNode { value { value } } } }`)
	a.wantPartial(t, `{"node": {"nodeId": "nsu=urn:plant;i=1", "userWriteMask": null, "accessRestrictions": null, "description": null, "rolePermissions": null,
		"userRolePermissions": null, "value": {"value": 0.5}}}`)
	got := map[string]string{}
	for _, e := range a.Errors {
		if e.Extensions["code"] != "UNAVAILABLE" || e.Message == "" {
			t.Errorf("error %+v", e)
		}
		got[fmt.Sprint(e.Path)] = fmt.Sprint(e.Extensions["statusCode"])
		if (e.Extensions["statusCode"] != "BadDecodingError") == (e.Extensions["remedy"] == nil) {
			t.Errorf("error %+v has the wrong remedy", e)
		}
	}
	want := map[string]string{
		"[node description]": "BadNotReadable", "[node rolePermissions]": "BadUserAccessDenied", "[node userRolePermissions]": "BadDataTypeIdUnknown",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("errors %v, want %v", got, want)
	}
}

func TestDataTypeDefinitions(t *testing.T) {
	const query = `query($id: NodeId!) { node(server: "press", nodeId: $id) { ... on DataTypeNode { dataTypeDefinition { __typename
		... on StructureDefinition { structureType baseDataType defaultEncodingId fields { name description { text } dataType valueRank arrayDimensions
			maxStringLength isOptional allowSubTypes } }
		... on EnumDefinition { fields { value name displayName { text } description { text } } } } } } }`
	f := func(v model.Variant, want string) {
		t.Helper()
		p := newPlatform(HandlerConfig{})
		p.commands.answering(map[model.AttributeID]model.ReadResult{model.AttributeDataTypeDefinition: good(v)})
		p.ask(t, query, "id", ofClass(model.NodeClassDataType).String()).wantData(t, `{"node": {"dataTypeDefinition": `+want+`}}`)
	}
	structure := jsonStructure(99, `{"DefaultEncodingId":"nsu=urn:plant;i=7","BaseDataType":"i=22","StructureType":1,"Fields":[
		{"Name":"X","Description":{"Locale":"en","Text":"left"},"DataType":"i=11","ValueRank":-1,"ArrayDimensions":[],"MaxStringLength":0,"IsOptional":false},
		{"Name":"S","Description":{},"DataType":"nsu=urn:plant;i=9","ValueRank":2,"ArrayDimensions":[2,3],"MaxStringLength":4294967295,"IsOptional":true}]}`)
	f(model.ExtensionObjectValue(&structure), `{"__typename": "StructureDefinition", "structureType": "STRUCTURE_WITH_OPTIONAL_FIELDS", "baseDataType": "i=22",
		"defaultEncodingId": "nsu=urn:plant;i=7", "fields": [
		{"name": "X", "description": {"text": "left"}, "dataType": "i=11", "valueRank": -1, "arrayDimensions": [], "maxStringLength": 0, "isOptional": false, "allowSubTypes": false},
		{"name": "S", "description": null, "dataType": "nsu=urn:plant;i=9", "valueRank": 2, "arrayDimensions": [2, 3], "maxStringLength": 4294967295, "isOptional": true, "allowSubTypes": false}]}`)
	subtyped := jsonStructure(99, `{"StructureType":3,"Fields":[{"Name":"V","DataType":"i=12","ValueRank":-1,"IsOptional":true}]}`)
	f(model.ExtensionObjectValue(&subtyped), `{"__typename": "StructureDefinition", "structureType": "STRUCTURE_WITH_SUBTYPED_VALUES", "baseDataType": null,
		"defaultEncodingId": null, "fields": [{"name": "V", "description": null, "dataType": "i=12", "valueRank": -1, "arrayDimensions": [], "maxStringLength": 0,
		"isOptional": false, "allowSubTypes": true}]}`)
	enum := jsonStructure(100, `{"Fields":[{"Value":-1,"DisplayName":{"Text":"Off"},"Description":{},"Name":"Off"},{"Value":9007199254740993,"DisplayName":{"Text":"an"},"Name":"On"}]}`)
	f(model.ExtensionObjectValue(&enum), `{"__typename": "EnumDefinition", "fields": [{"value": "-1", "name": "Off", "displayName": {"text": "Off"}, "description": null},
		{"value": "9007199254740993", "name": "On", "displayName": {"text": "an"}, "description": null}]}`)
	f(model.Variant{}, `null`)
	f(model.ExtensionObjectValue(&model.ExtensionObject{}), `null`)
}
