package typed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// maxTypeNodes bounds the nodes that are read of a server's types: those of all published specifications are some 20,000.
const maxTypeNodes = 200_000

// typeRoots are where types begin (Part 5), with what a reference would tell of them.
var typeRoots = []*model.Node{
	{NodeID: typemodel.BaseObjectType, Class: model.NodeClassObjectType, BrowseName: model.QualifiedName{Name: "BaseObjectType"}},
	{NodeID: typemodel.BaseVariableType, Class: model.NodeClassVariableType, BrowseName: model.QualifiedName{Name: "BaseVariableType"}},
	{NodeID: typemodel.BaseDataType, Class: model.NodeClassDataType, BrowseName: model.QualifiedName{Name: "BaseDataType"}},
	{NodeID: model.Expanded(model.NumericID(0, 31)), Class: model.NodeClassReferenceType, BrowseName: model.QualifiedName{Name: "References"}},
}

// BrowseTypes reads the types of a server with their declarations, as nodes for a typemodel.Builder. What cannot be read of a node is
// left out.
func BrowseTypes(ctx context.Context, s NodeReader, server string) ([]*model.Node, error) {
	b := &typeBrowser{ctx: ctx, services: s, server: server, byID: map[model.ExpandedNodeID]*model.Node{}, texts: map[*model.Node][]model.LocalizedText{}}
	var level []*model.Node
	for _, r := range typeRoots {
		root := *r
		root.DisplayName = model.LocalizedText{Text: root.BrowseName.Name}
		level = append(level, b.add(&root))
	}
	for len(level) > 0 {
		var err error
		if level, err = b.browse(level); err != nil {
			return nil, err
		}
	}
	if err := b.readNamespaces(); err != nil {
		return nil, err
	}
	if err := b.read(); err != nil {
		return nil, err
	}
	b.define()
	return b.nodes, nil
}

type typeBrowser struct {
	ctx      context.Context
	services NodeReader
	server   string
	nodes    []*model.Node
	byID     map[model.ExpandedNodeID]*model.Node
	// namespaces is for ids within structures, which have the server's indices.
	namespaces model.NamespaceTable
	// texts are the values of properties that name bits and values.
	texts map[*model.Node][]model.LocalizedText
}

// readNamespaces reads the server's NamespaceArray.
func (b *typeBrowser) readNamespaces() error {
	array := model.Expanded(model.NumericID(0, 2255))
	results, err := b.services.Read(b.ctx, b.server, []model.ReadValueID{{NodeID: array, Attribute: model.AttributeValue}})
	if results, err = checked(results, err, 1, "read the namespaces of", b.server); err != nil {
		return err
	}
	if results[0].Status.IsBad() {
		return &StatusError{fmt.Sprintf("namespaces of server %q", b.server), results[0].Status, results[0].Message}
	}
	b.namespaces = model.Elements[string](results[0].Value.Clone())
	return nil
}

func (b *typeBrowser) add(n *model.Node) *model.Node {
	n.ValueRank = model.ValueRankScalar
	b.byID[n.NodeID] = n
	b.nodes = append(b.nodes, n)
	return n
}

// browse takes the forward references of nodes and returns the nodes that were met first.
func (b *typeBrowser) browse(level []*model.Node) (next []*model.Node, err error) {
	for len(level) > 0 {
		batch := level[:min(browseBatch, len(level))]
		level = level[len(batch):]
		asked := make([]model.BrowseDescription, len(batch))
		for i, n := range batch {
			asked[i] = model.BrowseDescription{NodeID: n.NodeID}
		}
		results, err := b.services.Browse(b.ctx, b.server, asked)
		if results, err = checked(results, err, len(asked), "browse the types of", b.server); err != nil {
			return nil, err
		}
		for i := range results {
			for j := range results[i].References {
				if n := b.take(batch[i], &results[i].References[j]); n != nil {
					next = append(next, n)
				}
			}
		}
		if len(b.nodes) > maxTypeNodes {
			return nil, fmt.Errorf("server %q has over %d nodes of types", b.server, maxTypeNodes)
		}
	}
	return next, nil
}

// take keeps a reference of a type's node, and returns the node at its end when it belongs to types and was not met before.
func (b *typeBrowser) take(from *model.Node, r *model.Reference) *model.Node {
	if r.NodeID.ServerIndex != 0 {
		return nil
	}
	from.References = append(from.References, model.NodeReference{Type: r.ReferenceType, Target: r.NodeID})
	if b.byID[r.NodeID] != nil {
		return nil
	}
	switch r.NodeClass {
	case model.NodeClassObjectType, model.NodeClassVariableType, model.NodeClassDataType, model.NodeClassReferenceType:
		if r.ReferenceType != typemodel.HasSubtype { // it is met below its supertype
			return nil
		}
	case model.NodeClassObject, model.NodeClassVariable, model.NodeClassMethod:
		switch r.ReferenceType { // what is there for the type itself
		case typemodel.HasModellingRule, hasEncoding, hasDescription:
			return nil
		}
	default:
		return nil
	}
	n := instanceOf(b.server, r)
	return b.add(&model.Node{NodeID: r.NodeID, Class: r.NodeClass, BrowseName: n.browseName, DisplayName: r.DisplayName})
}

var (
	hasEncoding    = model.Expanded(model.NumericID(0, 38))
	hasDescription = model.Expanded(model.NumericID(0, 39))
)

// attributeRead is an attribute that is to be read into a node.
type attributeRead struct {
	node      *model.Node
	attribute model.AttributeID
}

// read reads the attributes that references do not tell.
func (b *typeBrowser) read() error {
	var reads []attributeRead
	for _, n := range b.nodes {
		attributes := []model.AttributeID{model.AttributeDescription}
		switch n.Class {
		case model.NodeClassObjectType, model.NodeClassReferenceType:
			attributes = append(attributes, model.AttributeIsAbstract)
		case model.NodeClassVariableType:
			attributes = append(attributes, model.AttributeIsAbstract, model.AttributeDataType, model.AttributeValueRank)
		case model.NodeClassDataType:
			attributes = append(attributes, model.AttributeIsAbstract, model.AttributeDataTypeDefinition)
		case model.NodeClassVariable:
			attributes = append(attributes, model.AttributeDataType, model.AttributeValueRank, model.AttributeAccessLevel)
			if isArguments(n) || namesValues(n) {
				attributes = append(attributes, model.AttributeValue)
			}
		}
		for _, a := range attributes {
			reads = append(reads, attributeRead{n, a})
		}
	}
	ids := make([]model.ReadValueID, len(reads))
	for i, r := range reads {
		ids[i] = model.ReadValueID{NodeID: r.node.NodeID, Attribute: r.attribute}
	}
	results, err := inBatches(ids, func(batch []model.ReadValueID) ([]model.ReadResult, error) {
		results, err := b.services.Read(b.ctx, b.server, batch)
		return checked(results, err, len(batch), "read the types of", b.server)
	})
	if err != nil {
		return err
	}
	for i := range results {
		if !results[i].Status.IsBad() {
			b.set(reads[i], results[i].Value.Clone())
		}
	}
	return nil
}

func isArguments(n *model.Node) bool {
	return n.BrowseName.NamespaceURI == "" && (n.BrowseName.Name == "InputArguments" || n.BrowseName.Name == "OutputArguments")
}

// namesValues tells whether a property names the bits of an option set or the values of an enumeration from 0 on (Part 3, 5.8.3): servers of
// before 1.04 have no other definition.
func namesValues(n *model.Node) bool {
	return n.BrowseName.NamespaceURI == "" && (n.BrowseName.Name == "OptionSetValues" || n.BrowseName.Name == "EnumStrings")
}

func (b *typeBrowser) set(r attributeRead, v model.Variant) {
	n := r.node
	switch r.attribute {
	case model.AttributeDescription:
		n.Description = v.LocalizedText()
	case model.AttributeIsAbstract:
		n.IsAbstract = v.Bool()
	case model.AttributeDataType:
		if n.DataType = v.ExpandedNodeID(); v.Type() == model.TypeNodeID {
			n.DataType = model.Expanded(v.NodeID())
		}
	case model.AttributeValueRank:
		n.ValueRank = int32(v.Int())
	case model.AttributeAccessLevel:
		n.AccessLevel = model.AccessLevel(v.Uint())
	case model.AttributeValue:
		if namesValues(n) {
			b.texts[n] = model.Elements[model.LocalizedText](v)
		} else {
			n.Arguments = b.arguments(v)
		}
	case model.AttributeDataTypeDefinition:
		n.Definition, _ = b.definition(v.ExtensionObject()) // of a type whose definition cannot be read nothing is known
	}
}

// arguments are those in the value of a method's property.
func (b *typeBrowser) arguments(v model.Variant) []model.ArgumentDescription {
	list := []model.ArgumentDescription{}
	for _, x := range model.Elements[model.ExtensionObject](v) {
		var a struct {
			Name        string
			DataType    model.ExpandedNodeID
			ValueRank   int32
			Description model.LocalizedText
		}
		if x.Encoding != model.ExtensionJSON || json.Unmarshal(x.Body, &a) != nil {
			continue
		}
		list = append(list, model.ArgumentDescription{Name: a.Name, DataType: b.namespaces.ExpandExpanded(a.DataType), ValueRank: a.ValueRank, Description: a.Description})
	}
	return list
}

var errNoDefinition = errors.New("no definition that can be read")

// definition reads a StructureDefinition or an EnumDefinition, which come as JSON (Part 3, 8.48 and 8.50).
func (b *typeBrowser) definition(x model.ExtensionObject) (*model.DataTypeDefinition, error) {
	var d struct {
		StructureType *model.StructureType
		Fields        []struct {
			Name                     string
			Description, DisplayName model.LocalizedText
			DataType                 model.ExpandedNodeID
			ValueRank                int32
			MaxStringLength          uint32
			IsOptional               bool
			Value                    int64
		}
	}
	if x.Encoding != model.ExtensionJSON {
		return nil, errNoDefinition
	}
	if err := json.Unmarshal(x.Body, &d); err != nil {
		return nil, err
	}
	out := &model.DataTypeDefinition{Kind: model.DefinesEnumeration}
	if d.StructureType != nil {
		out.Kind, out.Structure = model.DefinesStructure, *d.StructureType
	}
	subtyped := out.Structure == model.StructureWithSubtypedValues || out.Structure == model.StructureUnionSubtypedValues
	for _, f := range d.Fields {
		out.Fields = append(out.Fields, model.DefinitionField{
			Name: f.Name, Description: f.Description, DisplayName: f.DisplayName, DataType: b.namespaces.ExpandExpanded(f.DataType), ValueRank: f.ValueRank,
			MaxStringLength: f.MaxStringLength, Optional: f.IsOptional && !subtyped, AllowSubtypes: f.IsOptional && subtyped, Value: f.Value,
		})
	}
	return out, nil
}

// define completes the definitions of data types: those that have none get one of what names their values; structures lose the fields
// that they inherit, which servers list with their own (Part 3, 8.48).
func (b *typeBrowser) define() {
	whole := map[*model.Node][]model.DefinitionField{}
	for _, n := range b.nodes {
		if n.Class != model.NodeClassDataType {
			continue
		}
		if n.Definition != nil {
			whole[n] = n.Definition.Fields
			continue
		}
		for _, r := range n.References {
			if texts := b.texts[b.byID[r.Target]]; len(texts) > 0 {
				n.Definition = namedDefinition(texts)
			}
		}
	}
	for _, n := range b.nodes {
		if n.Class != model.NodeClassDataType {
			continue
		}
		inherited := whole[n]
		for _, r := range n.References {
			sub := b.byID[r.Target]
			if r.Type != typemodel.HasSubtype || sub == nil || sub.Definition == nil || sub.Definition.Kind != model.DefinesStructure || !begins(whole[sub], inherited) {
				continue
			}
			sub.Definition.Fields = whole[sub][len(inherited):]
		}
	}
}

// namedDefinition makes a definition of names by bit or value; bits without a meaning have an empty name.
func namedDefinition(texts []model.LocalizedText) *model.DataTypeDefinition {
	d := &model.DataTypeDefinition{Kind: model.DefinesEnumeration}
	for i, t := range texts {
		if t.Text != "" {
			d.Fields = append(d.Fields, model.DefinitionField{Name: t.Text, Value: int64(i)})
		}
	}
	return d
}

// begins tells whether fields begin with those of a supertype.
func begins(fields, inherited []model.DefinitionField) bool {
	if len(fields) < len(inherited) {
		return false
	}
	for i := range inherited {
		if fields[i].Name != inherited[i].Name {
			return false
		}
	}
	return true
}
