package mqttout

import (
	"crypto/sha1"
	"slices"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// namespaceZero is the URI of namespace 0, which is not among the Namespaces of metadata (Part 5, 12.31).
const namespaceZero = "http://opcfoundation.org/UA/"

// dataSetMetaData makes the metadata of the wire (Part 14, 6.2.3.2.3) of the platform's. Namespaces that the schema of types lacks are
// appended to its own, so that its indices stay right.
func dataSetMetaData(m *model.DataSetMetaData) *model.DataSetMetaDataType {
	t := &model.DataSetMetaDataType{Name: m.Writer, Version: m.Version, Fields: make([]model.FieldMetaDataType, len(m.Fields))}
	if m.Types != nil {
		t.DataTypeSchema = *m.Types
		t.Namespaces = slices.Clone(t.Namespaces)
		if len(t.Namespaces) > 0 && t.Namespaces[0] == namespaceZero {
			t.Namespaces = t.Namespaces[1:]
		}
	}
	index := func(id model.ExpandedNodeID) model.NodeID {
		if id.NamespaceURI == "" || id.NamespaceURI == namespaceZero {
			return id.NodeID
		}
		i := slices.Index(t.Namespaces, id.NamespaceURI)
		if i < 0 {
			i = len(t.Namespaces)
			t.Namespaces = append(t.Namespaces, id.NamespaceURI)
		}
		return id.WithNamespace(uint16(i + 1))
	}
	key := strings.Join([]string{m.Gateway, m.Group, m.Writer}, "\x00")
	for i := range m.Fields {
		f := &m.Fields[i]
		t.Fields[i] = model.FieldMetaDataType{
			Name: f.Name, BuiltInType: f.BuiltInType, DataType: index(f.DataType), ValueRank: f.ValueRank,
			ArrayDimensions: f.ArrayDimensions, FieldID: fieldID(key, f.Name),
		}
		if f.Unit != "" {
			t.Fields[i].Properties = []model.KeyValuePair{{
				Key: model.QualifiedName{Name: "EngineeringUnits"}, Value: model.LocalizedTextValue(&model.LocalizedText{Text: f.Unit}),
			}}
		}
	}
	return t
}

// fieldID is the DataSetFieldId of a field: a UUID of version 5 (RFC 9562), the same for the same name at all times.
func fieldID(writer, field string) (g model.GUID) {
	sum := sha1.Sum([]byte(writer + "\x00" + field))
	copy(g[:], sum[:])
	g[6] = g[6]&0x0f | 0x50
	g[8] = g[8]&0x3f | 0x80
	return g
}
