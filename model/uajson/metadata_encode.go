package uajson

import (
	"strconv"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// AppendMetaData appends a metadata message (Part 14, 7.2.5.5.2) to dst and returns the result. The standard asks for Compact since
// 1.05.04 and for Reversible before; the defaults of members are left out in neither, so that all readers take it.
func AppendMetaData(dst []byte, m *MetaData, form Form) []byte {
	s := style{form: form}
	if !form.old() {
		s.ns = namespaceTable(m.DataSet.Namespaces)
	}
	dst = appendText(append(dst, `{"MessageId":`...), m.MessageID)
	dst = append(dst, `,"MessageType":"ua-metadata"`...)
	dst = appendText(append(dst, `,"PublisherId":`...), m.PublisherID)
	dst = strconv.AppendUint(append(dst, `,"DataSetWriterId":`...), uint64(m.WriterID), 10)
	if m.WriterGroupName != "" {
		dst = appendText(append(dst, `,"WriterGroupName":`...), m.WriterGroupName)
	}
	if m.WriterName != "" {
		dst = appendText(append(dst, `,"DataSetWriterName":`...), m.WriterName)
	}
	if !m.Timestamp.IsZero() {
		dst = appendDateTime(append(dst, `,"Timestamp":`...), m.Timestamp)
	}
	return append(s.metaData(append(dst, `,"MetaData":`...), &m.DataSet), '}')
}

// metaData appends a DataSetMetaDataType (Part 14, 6.2.3.2.3).
func (s style) metaData(dst []byte, m *model.DataSetMetaDataType) []byte {
	dst = array(append(dst, `{"Namespaces":`...), m.Namespaces, func(b []byte, uri *string) []byte { return appendText(b, *uri) })
	dst = array(append(dst, `,"StructureDataTypes":`...), m.Structures, s.structure)
	dst = array(append(dst, `,"EnumDataTypes":`...), m.Enums, s.enum)
	dst = array(append(dst, `,"SimpleDataTypes":`...), m.Simple, s.simple)
	if m.Name != "" {
		dst = appendText(append(dst, `,"Name":`...), m.Name)
	}
	dst = s.description(dst, m.Description)
	dst = array(append(dst, `,"Fields":`...), m.Fields, s.fieldMetaData)
	if m.DataSetClassID != (model.GUID{}) {
		dst = s.guid(append(dst, `,"DataSetClassId":`...), m.DataSetClassID)
	}
	dst = strconv.AppendUint(append(dst, `,"ConfigurationVersion":{"MajorVersion":`...), uint64(m.Version.Major), 10)
	dst = strconv.AppendUint(append(dst, `,"MinorVersion":`...), uint64(m.Version.Minor), 10)
	return append(dst, "}}"...)
}

// array appends a JSON array.
func array[T any](dst []byte, elements []T, one func([]byte, *T) []byte) []byte {
	dst = append(dst, '[')
	for i := range elements {
		dst = one(comma(dst), &elements[i])
	}
	return append(dst, ']')
}

func (s style) description(dst []byte, t model.LocalizedText) []byte {
	if t == (model.LocalizedText{}) {
		return dst
	}
	return s.localizedText(append(dst, `,"Description":`...), t)
}

// fieldMetaData appends a FieldMetaData (Part 14, 6.2.3.2.4).
func (s style) fieldMetaData(dst []byte, f *model.FieldMetaDataType) []byte {
	dst = s.description(appendText(append(dst, `{"Name":`...), f.Name), f.Description)
	dst = strconv.AppendUint(append(dst, `,"FieldFlags":`...), uint64(f.Flags), 10)
	dst = strconv.AppendUint(append(dst, `,"BuiltInType":`...), uint64(f.BuiltInType), 10)
	dst = s.nodeID(append(dst, `,"DataType":`...), f.DataType)
	dst = s.rank(dst, f.ValueRank, f.ArrayDimensions, f.MaxStringLength)
	dst = s.guid(append(dst, `,"DataSetFieldId":`...), f.FieldID)
	if len(f.Properties) > 0 {
		dst = array(append(dst, `,"Properties":`...), f.Properties, func(b []byte, p *model.KeyValuePair) []byte {
			b = s.qualifiedName(append(b, `{"Key":`...), p.Key)
			return append(s.variant(append(b, `,"Value":`...), p.Value), '}')
		})
	}
	return append(dst, '}')
}

func (s style) rank(dst []byte, rank int32, dims []uint32, maxString uint32) []byte {
	dst = strconv.AppendInt(append(dst, `,"ValueRank":`...), int64(rank), 10)
	if len(dims) > 0 {
		dst = array(append(dst, `,"ArrayDimensions":`...), dims, func(b []byte, n *uint32) []byte { return strconv.AppendUint(b, uint64(*n), 10) })
	}
	return strconv.AppendUint(append(dst, `,"MaxStringLength":`...), uint64(maxString), 10)
}

// structure appends a StructureDescription (Part 5, 12.33).
func (s style) structure(dst []byte, d *model.StructureDescription) []byte {
	dst = s.nodeID(append(dst, `{"DataTypeId":`...), d.DataType)
	dst = s.qualifiedName(append(dst, `,"Name":`...), d.Name)
	dst = s.nodeID(append(dst, `,"StructureDefinition":{"DefaultEncodingId":`...), d.EncodingID)
	dst = s.nodeID(append(dst, `,"BaseDataType":`...), d.BaseDataType)
	dst = strconv.AppendUint(append(dst, `,"StructureType":`...), uint64(d.Type), 10)
	dst = array(append(dst, `,"Fields":`...), d.Fields, func(b []byte, f *model.StructureField) []byte {
		b = s.description(appendText(append(b, `{"Name":`...), f.Name), f.Description)
		b = s.nodeID(append(b, `,"DataType":`...), f.DataType)
		b = s.rank(b, f.ValueRank, f.ArrayDimensions, f.MaxStringLength)
		return append(strconv.AppendBool(append(b, `,"IsOptional":`...), f.Optional), '}')
	})
	return append(dst, "}}"...)
}

// enum appends an EnumDescription (Part 5, 12.34).
func (s style) enum(dst []byte, d *model.EnumDescription) []byte {
	dst = s.nodeID(append(dst, `{"DataTypeId":`...), d.DataType)
	dst = s.qualifiedName(append(dst, `,"Name":`...), d.Name)
	dst = array(append(dst, `,"EnumDefinition":{"Fields":`...), d.Fields, func(b []byte, f *model.EnumField) []byte {
		b = s.int64(append(b, `{"Value":`...), f.Value)
		if f.DisplayName != (model.LocalizedText{}) {
			b = s.localizedText(append(b, `,"DisplayName":`...), f.DisplayName)
		}
		b = s.description(b, f.Description)
		return append(appendText(append(b, `,"Name":`...), f.Name), '}')
	})
	return append(strconv.AppendUint(append(dst, `},"BuiltInType":`...), uint64(d.BuiltInType), 10), '}')
}

// simple appends a SimpleTypeDescription (Part 5, 12.35).
func (s style) simple(dst []byte, d *model.SimpleTypeDescription) []byte {
	dst = s.nodeID(append(dst, `{"DataTypeId":`...), d.DataType)
	dst = s.qualifiedName(append(dst, `,"Name":`...), d.Name)
	dst = s.nodeID(append(dst, `,"BaseDataType":`...), d.BaseDataType)
	return append(strconv.AppendUint(append(dst, `,"BuiltInType":`...), uint64(d.BuiltInType), 10), '}')
}
