package uajson

import "github.com/shopfloor-iiot/shopfloor/model"

// FieldType is what the metadata tells of a field's value.
type FieldType struct {
	Type model.BuiltInType
	// ValueRank is -1 for a scalar, 1 for an array, more for a matrix; other numbers if it may vary.
	ValueRank int32
}

// Types are the types of a DataSet's fields by name. They are read-only once made and may be shared by Decoders.
type Types struct {
	names []string
	types []FieldType
	index map[string]int
}

// NewTypes makes the Types of a DataSet's metadata. It keeps the names.
func NewTypes(fields []model.FieldMetaDataType) *Types {
	t := &Types{index: make(map[string]int, len(fields))}
	for i := range fields {
		t.Add(fields[i].Name, FieldType{fields[i].BuiltInType, fields[i].ValueRank})
	}
	return t
}

// Add appends a field; its index is the number of fields before it. A name that is there already keeps its first place.
func (t *Types) Add(name string, f FieldType) {
	if t.index == nil {
		t.index = make(map[string]int)
	}
	if _, ok := t.index[name]; !ok {
		t.index[name] = len(t.names)
	}
	t.names = append(t.names, name)
	t.types = append(t.types, f)
}

// find returns the index of a field, -1 if there is none. guess is where it is likely: behind the last one found.
func (t *Types) find(name string, guess int) int {
	if t == nil {
		return -1
	}
	if guess < len(t.names) && t.names[guess] == name {
		return guess
	}
	if i, ok := t.index[name]; ok {
		return i
	}
	return -1
}
