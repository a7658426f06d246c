package uadp

import (
	"math"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// list reads an array of structures of at least size bytes each (Part 6, 5.2.5); the null array is nil.
func list[T any](r *reader, size int, read func(*T)) []T {
	n := r.count(size)
	if n < 0 || r.err != nil {
		return nil
	}
	s := make([]T, n)
	for i := range s {
		if read(&s[i]); r.err != nil {
			return nil
		}
	}
	return s
}

// metaData reads a DataSetMetaDataType (Part 14, 6.2.3.2.3), which is a DataTypeSchemaHeader (Part 5, 12.31) and more. All strings are
// memory of r.buf.
func (r *reader) metaData() *model.DataSetMetaDataType {
	m := &model.DataSetMetaDataType{}
	m.Namespaces = list(r, 4, func(s *string) { *s = r.string() })
	m.Structures = list(r, 20, r.structureDescription)
	m.Enums = list(r, 13, r.enumDescription)
	m.Simple = list(r, 11, func(s *model.SimpleTypeDescription) {
		s.DataType, s.Name = r.nodeID(), r.qualifiedName()
		s.BaseDataType, s.BuiltInType = r.nodeID(), model.BuiltInType(r.uint8())
	})
	m.Name, m.Description = r.string(), r.localizedText()
	m.Fields = list(r, 42, r.fieldMetaData)
	if len(m.Fields) > math.MaxUint16 {
		r.failf(ErrLimit, "%d fields; a data set has room for %d", len(m.Fields), math.MaxUint16)
	}
	m.DataSetClassID = r.guid()
	m.Version = model.ConfigurationVersion{Major: r.uint32(), Minor: r.uint32()}
	return m
}

// fieldMetaData reads a FieldMetaData (Part 14, 6.2.3.2.4).
func (r *reader) fieldMetaData(f *model.FieldMetaDataType) {
	f.Name, f.Description = r.string(), r.localizedText()
	f.Flags = r.uint16()
	f.BuiltInType = model.BuiltInType(r.uint8())
	f.DataType = r.nodeID()
	f.ValueRank = int32(r.uint32())
	f.ArrayDimensions = list(r, 4, func(n *uint32) { *n = r.uint32() })
	f.MaxStringLength = r.uint32()
	f.FieldID = r.guid()
	f.Properties = list(r, 7, func(p *model.KeyValuePair) {
		p.Key = r.qualifiedName()
		p.Value = r.variant().Clone() // the pool's memory is not the metadata's
	})
}

// structureDescription reads a StructureDescription (Part 5, 12.33) with its StructureDefinition (Part 3, 8.48).
func (r *reader) structureDescription(s *model.StructureDescription) {
	s.DataType, s.Name = r.nodeID(), r.qualifiedName()
	s.EncodingID, s.BaseDataType = r.nodeID(), r.nodeID()
	s.Type = model.StructureType(r.uint32())
	s.Fields = list(r, 20, func(f *model.StructureField) {
		f.Name, f.Description = r.string(), r.localizedText()
		f.DataType = r.nodeID()
		f.ValueRank = int32(r.uint32())
		f.ArrayDimensions = list(r, 4, func(n *uint32) { *n = r.uint32() })
		f.MaxStringLength = r.uint32()
		f.Optional = r.bool()
	})
}

// enumDescription reads an EnumDescription (Part 5, 12.34) with its EnumDefinition (Part 3, 8.50).
func (r *reader) enumDescription(s *model.EnumDescription) {
	s.DataType, s.Name = r.nodeID(), r.qualifiedName()
	s.Fields = list(r, 14, func(f *model.EnumField) {
		f.Value = int64(r.uint64())
		f.DisplayName, f.Description = r.localizedText(), r.localizedText()
		f.Name = r.string()
	})
	s.BuiltInType = model.BuiltInType(r.uint8())
}

// appendList appends an array of structures; nil is the null array.
func appendList[T any](e *encoder, s []T, write func(*T)) {
	if s == nil {
		e.null()
		return
	}
	e.length(len(s))
	for i := range s {
		write(&s[i])
	}
}

// metaData appends a DataSetMetaDataType.
func (e *encoder) metaData(m *model.DataSetMetaDataType) {
	if len(m.Fields) > math.MaxUint16 {
		e.failf(ErrLimit, "%d fields; a data set has room for %d", len(m.Fields), math.MaxUint16)
		return
	}
	appendList(e, m.Namespaces, func(s *string) { e.text(*s) })
	appendList(e, m.Structures, e.structureDescription)
	appendList(e, m.Enums, e.enumDescription)
	appendList(e, m.Simple, func(s *model.SimpleTypeDescription) {
		e.nodeID(s.DataType, 0)
		e.qualifiedName(s.Name)
		e.nodeID(s.BaseDataType, 0)
		e.uint8(uint8(s.BuiltInType))
	})
	e.text(m.Name)
	e.localizedText(m.Description)
	appendList(e, m.Fields, e.fieldMetaData)
	e.buf = m.DataSetClassID.AppendWire(e.buf)
	e.uint32(m.Version.Major)
	e.uint32(m.Version.Minor)
}

func (e *encoder) fieldMetaData(f *model.FieldMetaDataType) {
	e.text(f.Name)
	e.localizedText(f.Description)
	e.uint16(f.Flags)
	e.uint8(uint8(f.BuiltInType))
	e.nodeID(f.DataType, 0)
	e.uint32(uint32(f.ValueRank))
	appendList(e, f.ArrayDimensions, func(n *uint32) { e.uint32(*n) })
	e.uint32(f.MaxStringLength)
	e.buf = f.FieldID.AppendWire(e.buf)
	appendList(e, f.Properties, func(p *model.KeyValuePair) {
		e.qualifiedName(p.Key)
		e.variant(p.Value)
	})
}

func (e *encoder) structureDescription(s *model.StructureDescription) {
	e.nodeID(s.DataType, 0)
	e.qualifiedName(s.Name)
	e.nodeID(s.EncodingID, 0)
	e.nodeID(s.BaseDataType, 0)
	e.uint32(uint32(s.Type))
	appendList(e, s.Fields, func(f *model.StructureField) {
		e.text(f.Name)
		e.localizedText(f.Description)
		e.nodeID(f.DataType, 0)
		e.uint32(uint32(f.ValueRank))
		appendList(e, f.ArrayDimensions, func(n *uint32) { e.uint32(*n) })
		e.uint32(f.MaxStringLength)
		e.bool(f.Optional)
	})
}

func (e *encoder) enumDescription(s *model.EnumDescription) {
	e.nodeID(s.DataType, 0)
	e.qualifiedName(s.Name)
	appendList(e, s.Fields, func(f *model.EnumField) {
		e.uint64(uint64(f.Value))
		e.localizedText(f.DisplayName)
		e.localizedText(f.Description)
		e.text(f.Name)
	})
	e.uint8(uint8(s.BuiltInType))
}
