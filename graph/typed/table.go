package typed

import "github.com/shopfloor-iiot/shopfloor/model"

// Table leads from the names of a schema back to the nodes that they stand for; a name alone does not, since characters that GraphQL does
// not have are lost. Its JSON is for tools that read the SDL.
type Table struct {
	Types map[string]TableType `json:"types"`
}

// TableType is what a type stands for.
type TableType struct {
	// NodeID is the type's, or the declaration's.
	NodeID model.ExpandedNodeID `json:"nodeId"`
	// Fields are those that stand for a node or for a part of a value, by name.
	Fields map[string]TableField `json:"fields,omitempty"`
	// Values are those of an enumeration, by name.
	Values map[string]int64 `json:"values,omitempty"`
}

// TableField is what a field stands for.
type TableField struct {
	// BrowseName is "nsu=<URI>;<name>", or "<name>" in the namespace of OPC UA; of a part of a value it is the part's name.
	BrowseName string `json:"browseName"`
	// NodeID is the declaration's; null for a part of a value.
	NodeID *model.ExpandedNodeID `json:"nodeId,omitempty"`
	// DataType is that of a value; null for objects.
	DataType *model.ExpandedNodeID `json:"dataType,omitempty"`
	// Args are the arguments of a method, by name.
	Args map[string]TableField `json:"args,omitempty"`
}

// Table makes the table of the schema.
func (s *Schema) Table() *Table {
	t := &Table{Types: map[string]TableType{}}
	for _, typ := range s.Types {
		e := TableType{Fields: tableFields(typ.Fields)}
		switch {
		case typ.Declaration != nil:
			e.NodeID = typ.Declaration.NodeID
		case typ.Source != nil:
			e.NodeID = typ.Source.NodeID
		}
		for _, v := range typ.Values {
			if e.Values == nil {
				e.Values = map[string]int64{}
			}
			e.Values[v.Name] = v.Value
		}
		t.Types[typ.Name] = e
	}
	t.Types["Query"] = TableType{Fields: tableFields(s.Query)}
	t.Types["Mutation"] = TableType{Fields: tableFields(s.Mutation)}
	return t
}

func tableFields(fields []*Field) map[string]TableField {
	out := map[string]TableField{}
	for _, f := range fields {
		e := TableField{BrowseName: browseName(f.Key), Args: tableFields(f.Args)}
		switch {
		case f.Member != nil:
			e.NodeID = &f.Member.NodeID
		case f.Source != nil:
			e.BrowseName, e.NodeID = browseName(f.Source.BrowseName), &f.Source.NodeID
		case f.Key.Name == "":
			continue // made by the generator
		}
		if !f.DataType.IsNull() {
			e.DataType = &f.DataType
		}
		out[f.Name] = e
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

func browseName(q model.QualifiedName) string {
	if q.NamespaceURI == "" {
		return q.Name
	}
	return "nsu=" + q.NamespaceURI + ";" + q.Name
}
