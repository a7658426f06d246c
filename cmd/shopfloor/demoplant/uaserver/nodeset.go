package uaserver

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/schema"
	"github.com/gopcua/opcua/ua"
)

// The parts of a UANodeSet document (Part 6, Annex F) that namespace 0 needs. gopcua's own structs lose the defaults
// (an absent ValueRank is -1, not 0) and the values.
type xmlNodeSet struct {
	Aliases        []xmlAlias `xml:"Aliases>Alias"`
	Objects        []xmlNode  `xml:"UAObject"`
	Variables      []xmlNode  `xml:"UAVariable"`
	Methods        []xmlNode  `xml:"UAMethod"`
	ObjectTypes    []xmlNode  `xml:"UAObjectType"`
	VariableTypes  []xmlNode  `xml:"UAVariableType"`
	DataTypes      []xmlNode  `xml:"UADataType"`
	ReferenceTypes []xmlNode  `xml:"UAReferenceType"`
}

type xmlAlias struct {
	Name string `xml:"Alias,attr"`
	ID   string `xml:",chardata"`
}

type xmlNode struct {
	ID                      string         `xml:"NodeId,attr"`
	BrowseName              string         `xml:"BrowseName,attr"`
	IsAbstract              bool           `xml:"IsAbstract,attr"`
	Symmetric               bool           `xml:"Symmetric,attr"`
	DataType                string         `xml:"DataType,attr"`
	ValueRank               *int32         `xml:"ValueRank,attr"`
	ArrayDimensions         string         `xml:"ArrayDimensions,attr"`
	MinimumSamplingInterval float64        `xml:"MinimumSamplingInterval,attr"`
	DisplayName             []string       `xml:"DisplayName"`
	Description             []string       `xml:"Description"`
	InverseName             []string       `xml:"InverseName"`
	References              []xmlReference `xml:"References>Reference"`
	Definition              *xmlDefinition `xml:"Definition"`
	Value                   xmlValue       `xml:"Value"`
}

type xmlReference struct {
	Type    string `xml:"ReferenceType,attr"`
	Forward *bool  `xml:"IsForward,attr"`
	Target  string `xml:",chardata"`
}

type xmlDefinition struct {
	IsUnion     bool       `xml:"IsUnion,attr"`
	IsOptionSet bool       `xml:"IsOptionSet,attr"`
	Fields      []xmlField `xml:"Field"`
}

type xmlField struct {
	Name            string   `xml:"Name,attr"`
	DataType        string   `xml:"DataType,attr"`
	ValueRank       *int32   `xml:"ValueRank,attr"`
	ArrayDimensions string   `xml:"ArrayDimensions,attr"`
	Value           int64    `xml:"Value,attr"`
	IsOptional      bool     `xml:"IsOptional,attr"`
	Description     []string `xml:"Description"`
}

// xmlValue covers the values clients read from type nodes: EnumStrings, EnumValues and method arguments.
type xmlValue struct {
	Texts   []xmlText      `xml:"ListOfLocalizedText>LocalizedText"`
	Objects []xmlExtension `xml:"ListOfExtensionObject>ExtensionObject"`
}

type xmlText struct {
	Text string `xml:"Text"`
}

type xmlExtension struct {
	Argument *struct {
		Name        string  `xml:"Name"`
		DataType    string  `xml:"DataType>Identifier"`
		ValueRank   int32   `xml:"ValueRank"`
		Description xmlText `xml:"Description"`
	} `xml:"Body>Argument"`
	EnumValue *struct {
		Value       int64   `xml:"Value"`
		DisplayName xmlText `xml:"DisplayName"`
		Description xmlText `xml:"Description"`
	} `xml:"Body>EnumValueType"`
}

type nodeSetLoader struct {
	space   *Space
	aliases map[string]string
}

func (s *Space) loadStandardNodes() error {
	var doc xmlNodeSet
	if err := xml.Unmarshal(schema.OpcUaNodeSet2, &doc); err != nil {
		return err
	}
	l := &nodeSetLoader{space: s, aliases: make(map[string]string, len(doc.Aliases))}
	for _, a := range doc.Aliases {
		l.aliases[a.Name] = a.ID
	}
	groups := []struct {
		class ua.NodeClass
		nodes []xmlNode
	}{
		{ua.NodeClassReferenceType, doc.ReferenceTypes},
		{ua.NodeClassDataType, doc.DataTypes},
		{ua.NodeClassObjectType, doc.ObjectTypes},
		{ua.NodeClassVariableType, doc.VariableTypes},
		{ua.NodeClassObject, doc.Objects},
		{ua.NodeClassVariable, doc.Variables},
		{ua.NodeClassMethod, doc.Methods},
	}
	for _, g := range groups {
		for i := range g.nodes {
			if err := l.add(g.class, &g.nodes[i]); err != nil {
				return err
			}
		}
	}
	for _, g := range groups {
		for i := range g.nodes {
			if err := l.references(&g.nodes[i]); err != nil {
				return err
			}
		}
	}
	for i := range doc.DataTypes {
		if err := l.define(doc.DataTypes, i); err != nil {
			return err
		}
	}
	return nil
}

// nodeID parses a node id or resolves an alias; an empty text is BaseDataType, the default of the schema.
func (l *nodeSetLoader) nodeID(text string) (*ua.NodeID, error) {
	if text == "" {
		return ua.NewNumericNodeID(0, id.BaseDataType), nil
	}
	if alias, ok := l.aliases[text]; ok {
		text = alias
	}
	nodeID, err := ua.ParseNodeID(text)
	if err != nil {
		return nil, fmt.Errorf("parse node id %q: %w", text, err)
	}
	return nodeID, nil
}

func (l *nodeSetLoader) add(class ua.NodeClass, x *xmlNode) error {
	nodeID, err := l.nodeID(x.ID)
	if err != nil {
		return err
	}
	n := &Node{
		ID: nodeID, Class: class, BrowseName: &ua.QualifiedName{Name: x.BrowseName},
		DisplayName: firstText(x.DisplayName), Description: firstText(x.Description), InverseName: firstText(x.InverseName),
		IsAbstract: x.IsAbstract, Symmetric: x.Symmetric,
	}
	if class == ua.NodeClassVariable || class == ua.NodeClassVariableType {
		if n.Variable, err = l.variable(x); err != nil {
			return err
		}
	}
	return l.space.Add(n)
}

func (l *nodeSetLoader) variable(x *xmlNode) (*Variable, error) {
	dataType, err := l.nodeID(x.DataType)
	if err != nil {
		return nil, err
	}
	value, err := l.value(&x.Value)
	if err != nil {
		return nil, err
	}
	v := &Variable{
		DataType: dataType, ValueRank: valueRank(x.ValueRank), ArrayDimensions: dimensions(x.ArrayDimensions),
		MinimumSamplingInterval: time.Duration(x.MinimumSamplingInterval * float64(time.Millisecond)),
	}
	if value != nil {
		v.Read = Constant(value)
	}
	return v, nil
}

func (l *nodeSetLoader) value(x *xmlValue) (any, error) {
	if len(x.Texts) > 0 {
		texts := make([]*ua.LocalizedText, len(x.Texts))
		for i, t := range x.Texts {
			texts[i] = ua.NewLocalizedText(t.Text)
		}
		return texts, nil
	}
	var objects []*ua.ExtensionObject
	for _, o := range x.Objects {
		switch {
		case o.Argument != nil:
			dataType, err := l.nodeID(o.Argument.DataType)
			if err != nil {
				return nil, err
			}
			objects = append(objects, ua.NewExtensionObject(&ua.Argument{
				Name: o.Argument.Name, DataType: dataType, ValueRank: o.Argument.ValueRank,
				ArrayDimensions: []uint32{}, Description: ua.NewLocalizedText(o.Argument.Description.Text),
			}))
		case o.EnumValue != nil:
			objects = append(objects, ua.NewExtensionObject(&ua.EnumValueType{
				Value: o.EnumValue.Value, DisplayName: ua.NewLocalizedText(o.EnumValue.DisplayName.Text),
				Description: ua.NewLocalizedText(o.EnumValue.Description.Text),
			}))
		}
	}
	if objects == nil {
		return nil, nil
	}
	return objects, nil
}

func (l *nodeSetLoader) references(x *xmlNode) error {
	source := l.space.nodes[x.ID]
	for _, r := range x.References {
		typeID, err := l.nodeID(r.Type)
		if err != nil {
			return err
		}
		refType, target := l.space.Node(typeID), l.space.nodes[r.Target]
		if refType == nil || target == nil {
			continue // the nodeset names a few nodes it does not hold
		}
		if r.Forward == nil || *r.Forward {
			l.space.link(source, refType, target)
		} else {
			l.space.link(target, refType, source)
		}
	}
	return nil
}

// define sets the DataTypeDefinition attribute (Part 3, 8.47). A structure lists the fields of its supertypes first.
func (l *nodeSetLoader) define(types []xmlNode, i int) error {
	n := l.space.nodes[types[i].ID]
	structure := l.space.Standard(id.Structure)
	def := types[i].Definition
	switch {
	case n.isSubtypeOf(structure) && n != structure && (def == nil || !def.IsOptionSet):
		byID := make(map[*Node]*xmlDefinition, len(types))
		for j := range types {
			byID[l.space.nodes[types[j].ID]] = types[j].Definition
		}
		return l.defineStructure(n, byID)
	case def != nil:
		enum := &ua.EnumDefinition{Fields: []*ua.EnumField{}}
		for _, f := range def.Fields {
			enum.Fields = append(enum.Fields, &ua.EnumField{
				Value: f.Value, Name: f.Name, DisplayName: ua.NewLocalizedText(f.Name), Description: textOrEmpty(firstText(f.Description)),
			})
		}
		n.Definition = ua.NewExtensionObject(enum)
	}
	return nil
}

func (l *nodeSetLoader) defineStructure(n *Node, definitions map[*Node]*xmlDefinition) error {
	def := &ua.StructureDefinition{
		DefaultEncodingID: ua.NewTwoByteNodeID(0), BaseDataType: n.supertype().ID, Fields: []*ua.StructureField{},
	}
	if enc := n.child(l.space.Standard(id.HasEncoding), "Default Binary"); enc != nil {
		def.DefaultEncodingID = enc.ID
	}
	for t := n; t != nil; t = t.supertype() {
		own := definitions[t]
		if own == nil {
			continue
		}
		if own.IsUnion {
			def.StructureType = ua.StructureTypeUnion
		}
		fields := make([]*ua.StructureField, 0, len(own.Fields)+len(def.Fields))
		for _, f := range own.Fields {
			dataType, err := l.nodeID(f.DataType)
			if err != nil {
				return err
			}
			if f.IsOptional {
				def.StructureType = ua.StructureTypeStructureWithOptionalFields
			}
			fields = append(fields, &ua.StructureField{
				Name: f.Name, Description: textOrEmpty(firstText(f.Description)), DataType: dataType, ValueRank: valueRank(f.ValueRank),
				ArrayDimensions: dimensions(f.ArrayDimensions), IsOptional: f.IsOptional,
			})
		}
		def.Fields = append(fields, def.Fields...)
	}
	n.Definition = ua.NewExtensionObject(def)
	return nil
}

func firstText(texts []string) *ua.LocalizedText {
	if len(texts) == 0 {
		return nil
	}
	return ua.NewLocalizedText(texts[0])
}

func textOrEmpty(t *ua.LocalizedText) *ua.LocalizedText {
	if t == nil {
		return &ua.LocalizedText{}
	}
	return t
}

// valueRank returns the rank of the document, or -1 (scalar), the default of the schema.
func valueRank(rank *int32) int32 {
	if rank == nil {
		return -1
	}
	return *rank
}

func dimensions(text string) []uint32 {
	dims := []uint32{}
	for part := range strings.SplitSeq(text, ",") {
		if n, err := strconv.ParseUint(strings.TrimSpace(part), 10, 32); err == nil {
			dims = append(dims, uint32(n))
		}
	}
	return dims
}
