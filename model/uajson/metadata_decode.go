package uajson

import (
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// metaDataHeader reads the members beside the metadata.
func (d *Decoder) metaDataHeader(i uint32) {
	d.dataSetHeader(i)
	d.head.Kind = MetaDataOf
	d.meta = d.r.named(i, "MetaData")
	if d.r.kind(d.meta) != kindObject {
		d.r.failf(d.meta, ErrMalformed, "no metadata; want {Name, Fields, ConfigurationVersion, …}")
	}
}

// MetaData reads the metadata at which Next stopped, when the Kind of the DataSet is MetaDataOf, into m. m does not share memory with the
// frame or the Decoder. The error is an *Error.
func (d *Decoder) MetaData(m *MetaData) error {
	if d.r.err != nil {
		return d.Err()
	}
	if d.meta == 0 {
		return &Error{Offset: -1, Err: ErrMalformed}
	}
	h := &d.head
	*m = MetaData{
		MessageID: strings.Clone(d.header.MessageID), PublisherID: strings.Clone(h.PublisherID), WriterID: h.WriterID,
		WriterName: strings.Clone(h.WriterName), WriterGroupName: strings.Clone(h.WriterGroupName), Timestamp: h.Timestamp,
	}
	r := metaReader{reader: &d.r}
	r.dataSet(d.meta, &m.DataSet)
	return d.Err()
}

// metaReader reads metadata. It gives namespaces that are written by their URI the index they have in the metadata's own list, to which it
// adds those that are missing.
type metaReader struct {
	*reader
	listed []string
	zero   bool // the list begins with the namespace of OPC UA
}

// dataSet reads a DataSetMetaDataType (Part 14, 6.2.3.2.3).
func (r *metaReader) dataSet(i uint32, m *model.DataSetMetaDataType) {
	r.list(i, "Namespaces", func(j uint32) {
		if r.listed = append(r.listed, r.textOf(j)); len(r.listed) > maxNamespaces {
			r.failf(j, ErrLimit, "over %d namespaces", maxNamespaces)
		}
	})
	r.zero = len(r.listed) > 0 && r.listed[0] == namespaceZero
	r.list(i, "StructureDataTypes", func(j uint32) { m.Structures = append(m.Structures, r.structure(j)) })
	r.list(i, "EnumDataTypes", func(j uint32) { m.Enums = append(m.Enums, r.enum(j)) })
	r.list(i, "SimpleDataTypes", func(j uint32) { m.Simple = append(m.Simple, r.simple(j)) })
	m.Name = r.textAt(i, "Name")
	m.Description = r.localizedAt(i, "Description")
	r.list(i, "Fields", func(j uint32) { m.Fields = append(m.Fields, r.fieldMetaData(j)) })
	m.DataSetClassID = r.guidAt(i, "DataSetClassId")
	if j := r.named(i, "ConfigurationVersion"); j != 0 {
		m.Version.Major = uint32(r.numberAt(j, "MajorVersion", 0, 1<<32-1))
		m.Version.Minor = uint32(r.numberAt(j, "MinorVersion", 0, 1<<32-1))
	}
	m.Namespaces = r.listed
}

// fieldMetaData reads a FieldMetaData (Part 14, 6.2.3.2.4). A missing ValueRank is that of a scalar, as publishers mean it.
func (r *metaReader) fieldMetaData(i uint32) (f model.FieldMetaDataType) {
	f.Name = r.textAt(i, "Name")
	f.Description = r.localizedAt(i, "Description")
	f.Flags = uint16(r.numberAt(i, "FieldFlags", 0, 65535))
	f.DataType = r.nodeAt(i, "DataType")
	f.BuiltInType = r.builtInAt(i, f.DataType)
	f.ValueRank, f.ArrayDimensions = r.rank(i)
	f.MaxStringLength = uint32(r.numberAt(i, "MaxStringLength", 0, 1<<32-1))
	f.FieldID = r.guidAt(i, "DataSetFieldId")
	r.list(i, "Properties", func(j uint32) {
		p := model.KeyValuePair{Key: r.nameAt(j, "Key")}
		if v := r.named(j, "Value"); v != 0 {
			p.Value = r.hinted(v, FieldType{}).Clone()
		}
		f.Properties = append(f.Properties, p)
	})
	return f
}

// builtInAt reads a BuiltInType by number or name; without one the DataType may tell it.
func (r *metaReader) builtInAt(i uint32, dataType model.NodeID) model.BuiltInType {
	j := r.named(i, "BuiltInType")
	if j == 0 || r.kind(j) == kindNull {
		t := model.BuiltInType(dataType.Numeric())
		if dataType.Namespace() == 0 && dataType.Type() == model.IDNumeric && dataType.Numeric() <= uint32(model.TypeDiagnosticInfo) {
			return t
		}
		return model.TypeNull
	}
	if n, ok := r.unsigned(j); ok && n > uint64(model.TypeDiagnosticInfo) && n <= 31 {
		return model.TypeVariant // numbers of abstract types: Number, Integer, UInteger, Enumeration
	}
	t, ok := r.builtInType(j)
	if !ok {
		r.failf(j, ErrMalformed, "no built-in type; want its number or name")
	}
	return t
}

func (r *metaReader) rank(i uint32) (rank int32, dims []uint32) {
	rank = -1
	if r.named(i, "ValueRank") != 0 {
		rank = int32(r.numberAt(i, "ValueRank", -3, 1<<31-1))
	}
	r.list(i, "ArrayDimensions", func(j uint32) { dims = append(dims, uint32(r.numberOf(j, 0, 1<<32-1))) })
	return rank, dims
}

// structure reads a StructureDescription (Part 5, 12.33).
func (r *metaReader) structure(i uint32) (d model.StructureDescription) {
	d.DataType, d.Name = r.nodeAt(i, "DataTypeId"), r.nameAt(i, "Name")
	j := r.named(i, "StructureDefinition")
	if j == 0 {
		return d
	}
	d.EncodingID, d.BaseDataType = r.nodeAt(j, "DefaultEncodingId"), r.nodeAt(j, "BaseDataType")
	d.Type = model.StructureType(r.choiceAt(j, "StructureType", structureTypes))
	r.list(j, "Fields", func(k uint32) {
		f := model.StructureField{Name: r.textAt(k, "Name"), Description: r.localizedAt(k, "Description"), DataType: r.nodeAt(k, "DataType")}
		f.ValueRank, f.ArrayDimensions = r.rank(k)
		f.MaxStringLength = uint32(r.numberAt(k, "MaxStringLength", 0, 1<<32-1))
		if b := r.named(k, "IsOptional"); b != 0 {
			f.Optional, _ = r.boolean(b)
		}
		d.Fields = append(d.Fields, f)
	})
	return d
}

// structureTypes are the names of StructureType, by number, as the old forms write enumerations.
var structureTypes = []string{"Structure", "StructureWithOptionalFields", "Union", "StructureWithSubtypedValues", "UnionWithSubtypedValues"}

// choiceAt reads an enumeration: its number, its name, or both as "Union_2".
func (r *metaReader) choiceAt(object uint32, name string, names []string) uint64 {
	j := r.named(object, name)
	if j == 0 || r.kind(j) == kindNull {
		return 0
	}
	if n, ok := r.signedIn(j, 32); ok && n >= 0 && n < int64(len(names)) {
		return uint64(n)
	}
	for n, s := range names {
		if r.kind(j) == kindString && alias(r.raw(j)) == s {
			return uint64(n)
		}
	}
	r.failf(j, ErrMalformed, "want one of %s", strings.Join(names, ", "))
	return 0
}

// enum reads an EnumDescription (Part 5, 12.34).
func (r *metaReader) enum(i uint32) (d model.EnumDescription) {
	d.DataType, d.Name = r.nodeAt(i, "DataTypeId"), r.nameAt(i, "Name")
	d.BuiltInType = r.builtInAt(i, model.NodeID{})
	if j := r.named(i, "EnumDefinition"); j != 0 {
		r.list(j, "Fields", func(k uint32) {
			d.Fields = append(d.Fields, model.EnumField{
				Value: r.numberAt(k, "Value", -1<<63, 1<<63-1), DisplayName: r.localizedAt(k, "DisplayName"),
				Description: r.localizedAt(k, "Description"), Name: r.textAt(k, "Name"),
			})
		})
	}
	return d
}

// simple reads a SimpleTypeDescription (Part 5, 12.35).
func (r *metaReader) simple(i uint32) (d model.SimpleTypeDescription) {
	d.DataType, d.Name = r.nodeAt(i, "DataTypeId"), r.nameAt(i, "Name")
	d.BaseDataType = r.nodeAt(i, "BaseDataType")
	d.BuiltInType = r.builtInAt(i, d.BaseDataType)
	return d
}
