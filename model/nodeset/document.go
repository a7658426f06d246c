package nodeset

import "github.com/shopfloor-iiot/shopfloor/model"

// classes are the elements that are nodes.
var classes = map[string]model.NodeClass{
	"UAObject": model.NodeClassObject, "UAVariable": model.NodeClassVariable, "UAMethod": model.NodeClassMethod,
	"UAObjectType": model.NodeClassObjectType, "UAVariableType": model.NodeClassVariableType,
	"UAReferenceType": model.NodeClassReferenceType, "UADataType": model.NodeClassDataType, "UAView": model.NodeClassView,
}

// document reads <UANodeSet> (Part 6, F.2).
func (p *parser) document() error {
	kind, err := p.next()
	if err != nil {
		return err
	}
	if kind != tokenStart || string(p.name) != "UANodeSet" {
		return p.fail("the root element is <%s>, want <UANodeSet>; is this a NodeSet2 file?", p.name)
	}
	err = p.children(func(name string) error {
		switch name {
		case "NamespaceUris":
			return p.namespaceURIs()
		case "Models":
			return p.models()
		case "Aliases":
			return p.aliasTable()
		}
		class, ok := classes[name]
		if !ok {
			return p.skip()
		}
		if len(p.doc.Nodes) == MaxNodes {
			return p.fail("the file has over %d nodes, which is the limit", MaxNodes)
		}
		n, err := p.node(class)
		if err == nil {
			p.doc.Nodes = append(p.doc.Nodes, n)
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = p.next() // what is behind the root
	return err
}

func (p *parser) namespaceURIs() error {
	return p.children(func(string) error {
		uri, err := p.content()
		p.doc.NamespaceURIs = append(p.doc.NamespaceURIs, uri)
		if err == nil && len(p.doc.NamespaceURIs) > 65535 {
			err = p.fail("the file has over 65535 namespaces")
		}
		return err
	})
}

func (p *parser) aliasTable() error {
	return p.children(func(string) error {
		alias, err := p.attr("Alias")
		if err != nil {
			return err
		}
		p.aliases[alias], err = p.content()
		return err
	})
}

func (p *parser) models() error {
	return p.children(func(string) error {
		var m Model
		var published string
		if err := p.attrs(map[string]any{"ModelUri": &m.URI, "Version": &m.Version, "PublicationDate": &published}); err != nil {
			return err
		}
		m.PublicationDate = p.date(published)
		err := p.children(func(name string) error {
			if name != "RequiredModel" {
				return p.skip()
			}
			var r RequiredModel
			var published string
			if err := p.attrs(map[string]any{"ModelUri": &r.URI, "Version": &r.Version, "PublicationDate": &published}); err != nil {
				return err
			}
			r.PublicationDate = p.date(published)
			m.Required = append(m.Required, r)
			return p.skip()
		})
		p.doc.Models = append(p.doc.Models, m)
		return err
	})
}

// node reads one node (Part 6, F.3 to F.16).
func (p *parser) node(class model.NodeClass) (*model.Node, error) {
	n := &model.Node{Class: class, ValueRank: model.ValueRankScalar}
	var id, browseName, dataType string
	var eventNotifier, accessLevel uint32
	targets := map[string]any{"NodeId": &id, "BrowseName": &browseName}
	switch class {
	case model.NodeClassObject, model.NodeClassView:
		targets["EventNotifier"] = &eventNotifier
	case model.NodeClassVariable:
		accessLevel = uint32(model.AccessCurrentRead)
		targets["AccessLevel"] = &accessLevel
		targets["DataType"], targets["ValueRank"], targets["ArrayDimensions"] = &dataType, &n.ValueRank, &n.ArrayDimensions
	case model.NodeClassVariableType:
		targets["IsAbstract"] = &n.IsAbstract
		targets["DataType"], targets["ValueRank"], targets["ArrayDimensions"] = &dataType, &n.ValueRank, &n.ArrayDimensions
	case model.NodeClassReferenceType:
		targets["IsAbstract"], targets["Symmetric"] = &n.IsAbstract, &n.Symmetric
	case model.NodeClassObjectType, model.NodeClassDataType:
		targets["IsAbstract"] = &n.IsAbstract
	}
	err := p.attrs(targets)
	if err != nil {
		return nil, err
	}
	n.EventNotifier, n.AccessLevel = uint8(eventNotifier), model.AccessLevel(accessLevel)
	if n.NodeID, err = p.nodeID(id); err != nil {
		return nil, err
	}
	if n.NodeID.IsNull() {
		return nil, p.fail("<%s> has no NodeId", p.name)
	}
	if n.BrowseName, err = p.qualifiedName(browseName); err != nil {
		return nil, err
	}
	if n.DataType, err = p.nodeID(dataType); err != nil {
		return nil, err
	}
	if class == model.NodeClassVariable && n.DataType.IsNull() {
		n.DataType = model.Expanded(model.NumericID(0, uint32(model.TypeVariant))) // the default of the schema
	}
	return n, p.children(func(name string) error { return p.nodeElement(n, name) })
}

func (p *parser) nodeElement(n *model.Node, name string) error {
	switch name {
	case "DisplayName":
		return p.localizedText(&n.DisplayName)
	case "Description":
		return p.localizedText(&n.Description)
	case "InverseName":
		return p.localizedText(&n.InverseName)
	case "References":
		return p.references(n)
	case "Definition":
		return p.definition(n)
	case "Value":
		return p.nodeValue(n)
	}
	return p.skip()
}

func (p *parser) references(n *model.Node) error {
	return p.children(func(string) error {
		var r model.NodeReference
		typeText, err := p.attr("ReferenceType")
		if err != nil {
			return err
		}
		if r.Type, err = p.nodeID(typeText); err != nil {
			return err
		}
		forward, err := p.attr("IsForward")
		if err != nil {
			return err
		}
		r.Inverse = forward == "false" || forward == "0"
		target, err := p.contentBytes()
		if err != nil {
			return err
		}
		if r.Target, err = p.nodeIDBytes(target); err != nil {
			return err
		}
		n.References = append(n.References, r)
		return nil
	})
}

// nodeIDBytes is nodeID without a string for ids that were met before.
func (p *parser) nodeIDBytes(text []byte) (model.ExpandedNodeID, error) {
	if id, ok := p.ids[string(text)]; ok {
		return id, nil
	}
	return p.nodeID(string(text))
}

// definition reads <Definition> (Part 6, F.12). The base type tells structures from enumerations where the fields do not; a definition
// with values is one of an enumeration.
func (p *parser) definition(n *model.Node) error {
	var union, optionSet bool
	if err := p.attrs(map[string]any{"IsUnion": &union, "IsOptionSet": &optionSet}); err != nil {
		return err
	}
	d := &model.DataTypeDefinition{}
	var optional, subtyped, enumeration bool
	err := p.children(func(name string) error {
		if name != "Field" {
			return p.skip()
		}
		f := model.DefinitionField{ValueRank: model.ValueRankScalar}
		var dataType, value string
		targets := map[string]any{
			"Name": &f.Name, "DataType": &dataType, "ValueRank": &f.ValueRank, "ArrayDimensions": &f.ArrayDimensions,
			"MaxStringLength": &f.MaxStringLength, "IsOptional": &f.Optional, "AllowSubTypes": &f.AllowSubtypes, "Value": &value,
		}
		err := p.attrs(targets)
		if err != nil {
			return err
		}
		if value != "" {
			enumeration = true
			if err := setAttr(&f.Value, value); err != nil {
				return p.fail("value %q of field %s: %v", value, f.Name, err)
			}
		}
		if f.DataType, err = p.nodeID(dataType); err != nil {
			return err
		}
		if f.DataType.IsNull() {
			f.DataType = model.Expanded(model.NumericID(0, uint32(model.TypeVariant)))
		}
		optional, subtyped = optional || f.Optional, subtyped || f.AllowSubtypes
		d.Fields = append(d.Fields, f)
		field := &d.Fields[len(d.Fields)-1]
		return p.children(func(name string) error {
			switch name {
			case "DisplayName":
				return p.localizedText(&field.DisplayName)
			case "Description":
				return p.localizedText(&field.Description)
			}
			return p.skip()
		})
	})
	switch {
	case optionSet:
		d.Kind = model.DefinesOptionSet
	case enumeration:
		d.Kind = model.DefinesEnumeration
	case union && subtyped:
		d.Structure = model.StructureUnionSubtypedValues
	case union:
		d.Structure = model.StructureUnion
	case subtyped:
		d.Structure = model.StructureWithSubtypedValues
	case optional:
		d.Structure = model.StructureWithOptionalFields
	}
	n.Definition = d
	return err
}
