package graph

import (
	"context"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// tree answers Browse from a list of references "from type to" in both directions, with the names and classes of the nodes.
type tree struct {
	names map[model.ExpandedNodeID]string
	class map[model.ExpandedNodeID]model.NodeClass
	refs  [][3]model.ExpandedNodeID
	// kinds are the types that a type of references stands for.
	kinds map[model.ExpandedNodeID][]model.ExpandedNodeID
}

func (f *tree) browse(nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
	results := make([]model.BrowseResult, len(nodes))
	for i, d := range nodes {
		for _, r := range f.refs {
			forward := r[0] == d.NodeID && d.Direction != model.BrowseInverse
			if !forward && (r[2] != d.NodeID || d.Direction == model.BrowseForward) || !f.fits(r[1], d.ReferenceType) {
				continue
			}
			to := r[2]
			if !forward {
				to = r[0]
			}
			if d.NodeClassMask != 0 && d.NodeClassMask&f.class[to] == 0 {
				continue
			}
			ref := model.Reference{ReferenceType: r[1], IsForward: forward, NodeID: to, NodeClass: f.class[to], BrowseName: model.QualifiedName{Name: f.names[to]}}
			if to.NamespaceURI != "" {
				ref.BrowseName.NamespaceURI = to.NamespaceURI
			}
			results[i].References = append(results[i].References, ref)
		}
	}
	return results, nil
}

func (f *tree) fits(is, want model.ExpandedNodeID) bool {
	if want.IsNull() || is == want {
		return true
	}
	for _, k := range f.kinds[want] {
		if f.fits(is, k) {
			return true
		}
	}
	return false
}

func ns0(id uint32) model.ExpandedNodeID { return model.Expanded(model.NumericID(0, id)) }

// boilers is a part of a plant: Root/Objects/Boiler1 of type BoilerType, which derives from DeviceType, below BaseObjectType.
func boilers() *tree {
	const object, variable, objectType = model.NodeClassObject, model.NodeClassVariable, model.NodeClassObjectType
	root, types, device, boiler, instance := ns0(84), ns0(86), tag(100), tag(101), tag(1)
	serial, level, unit, ownSerial, helper := tag(110), tag(111), tag(112), tag(113), tag(114)
	mandatory, optional := ns0(78), ns0(80)
	organizes, component, property := ns0(35), ns0(47), ns0(46)
	return &tree{
		names: map[model.ExpandedNodeID]string{
			root: "Root", objectsFolder: "Objects", types: "Types", ns0(58): "BaseObjectType", device: "DeviceType", boiler: "BoilerType", instance: "Boiler/1",
			serial: "Serial", ownSerial: "Serial", level: "Level", unit: "Unit", helper: "Helper", mandatory: "Mandatory", optional: "Optional",
		},
		class: map[model.ExpandedNodeID]model.NodeClass{
			root: object, objectsFolder: object, types: object, ns0(58): objectType, device: objectType, boiler: objectType, instance: object,
			serial: variable, ownSerial: variable, level: variable, unit: variable, helper: variable, mandatory: object, optional: object,
		},
		refs: [][3]model.ExpandedNodeID{
			{root, organizes, objectsFolder},
			{root, organizes, types},
			{types, organizes, ns0(58)},
			{ns0(58), ns0(45), device},
			{device, ns0(45), boiler},
			{objectsFolder, organizes, instance},
			{instance, ns0(40), boiler},
			{tag(50), ns0(36), instance},
			{instance, organizes, tag(50)},
			{tag(50), component, instance},
			{device, property, serial},
			{serial, ns0(37), mandatory},
			{device, component, level},
			{level, ns0(37), optional},
			{level, property, unit},
			{unit, ns0(37), mandatory},
			{boiler, property, ownSerial},
			{ownSerial, ns0(37), optional},
			{boiler, component, helper},
		},
		kinds: map[model.ExpandedNodeID][]model.ExpandedNodeID{
			ns0(33): {organizes, ns0(36), ns0(34)}, ns0(34): {ns0(44), ns0(45)}, ns0(44): {component, property},
		},
	}
}

func TestFieldsOfReferences(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	plant := boilers()
	p.commands.BrowseFunc = plant.browse
	p.commands.ReadFunc = plant.read
	p.ask(t, `{
		boiler: node(server: "press", nodeId: "nsu=urn:plant;i=1") { parents(first: 1) { edges { isForward referenceType node { browseName { name } } } pageInfo { hasNextPage } }
			... on ObjectNode { typeDefinition { nodeId ... on ObjectTypeNode { supertype { browseName { name } ... on ObjectTypeNode { supertype { nodeId } } } } } modellingRule { nodeId } } }
		level: node(server: "press", nodeId: "nsu=urn:plant;i=111") { ... on VariableNode { modellingRule { browseName { name } } } }
		base: node(server: "press", nodeId: "i=58") { ... on ObjectTypeNode { supertype { nodeId } } }
	}`).wantData(t, `{"boiler": {"parents": {"edges": [{"isForward": false, "referenceType": "i=35", "node": {"browseName": {"name": "Objects"}}}], "pageInfo": {"hasNextPage": true}},
		"typeDefinition": {"nodeId": "nsu=urn:plant;i=101", "supertype": {"browseName": {"name": "DeviceType"}, "supertype": {"nodeId": "i=58"}}}, "modellingRule": null},
		"level": {"modellingRule": {"browseName": {"name": "Optional"}}}, "base": {"supertype": null}}`)
	if n := p.commands.browses.Load(); n != 3 {
		t.Errorf("%d browses, want one for each level", n)
	}
}

// read gives the class and the name of the nodes of the tree.
func (f *tree) read(_ context.Context, ids []model.ReadValueID) ([]model.ReadResult, error) {
	results := make([]model.ReadResult, len(ids))
	for i, id := range ids {
		class, ok := f.class[id.NodeID]
		switch {
		case !ok:
			results[i].Status = model.StatusBadNodeIdUnknown
		case id.Attribute == model.AttributeNodeID:
			results[i] = good(model.ExpandedNodeIDValue(&id.NodeID))
		case id.Attribute == model.AttributeNodeClass:
			results[i] = good(model.Int32Value(int32(class)))
		case id.Attribute == model.AttributeBrowseName:
			results[i] = good(model.QualifiedNameValue(&model.QualifiedName{Name: f.names[id.NodeID], NamespaceURI: id.NodeID.NamespaceURI}))
		default:
			results[i] = good(model.LocalizedTextValue(&model.LocalizedText{Text: f.names[id.NodeID]}))
		}
	}
	return results, nil
}

func TestViewsAndNamespaces(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	var asked model.BrowseDescription
	p.commands.BrowseFunc = func(nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
		asked = nodes[0]
		return []model.BrowseResult{{References: []model.Reference{{
			NodeID: ofClass(model.NodeClassView), NodeClass: model.NodeClassView, BrowseName: model.QualifiedName{Name: "Maintenance", NamespaceURI: "urn:plant"},
		}}}}, nil
	}
	p.commands.answering(map[model.AttributeID]model.ReadResult{
		model.AttributeValue: good(model.ArrayValue([]string{"http://opcfoundation.org/UA/", "urn:plant"})),
	})
	p.ask(t, `{ server(id: "press") { namespaces { index uri } views(first: 5) { edges { node { browseName { name } ... on ViewNode { containsNoLoops } } } } } }`).wantData(t,
		`{"server": {"namespaces": [{"index": 0, "uri": "http://opcfoundation.org/UA/"}, {"index": 1, "uri": "urn:plant"}],
		"views": {"edges": [{"node": {"browseName": {"name": "Maintenance"}, "containsNoLoops": true}}]}}}`)
	want := model.BrowseDescription{NodeID: viewsFolder, ReferenceType: ns0(33), IncludeSubtypes: true, NodeClassMask: model.NodeClassView, MaxReferences: 5}
	if asked != want {
		t.Errorf("asked for %+v, want %+v", asked, want)
	}
	p.commands.answering(map[model.AttributeID]model.ReadResult{
		model.AttributeValue: {DataValue: model.DataValue{Status: model.StatusBadUserAccessDenied}},
	})
	a := p.ask(t, `{ server(id: "press") { id namespaces { uri } } }`)
	a.wantPartial(t, `{"server": {"id": "press", "namespaces": null}}`)
	a.wantCodes(t, "UNAVAILABLE")
}
