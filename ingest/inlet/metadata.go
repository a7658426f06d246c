package inlet

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uajson"
)

// namespaceZero is the URI of namespace 0.
const namespaceZero = "http://opcfoundation.org/UA/"

// engineeringUnits is the property that holds the unit of a field (Part 8, 5.3.2.3).
const engineeringUnits = "EngineeringUnits"

// writerMetaData is metadata of a writer as a message carries it.
type writerMetaData struct {
	model.DataSetMetaDataType
	// group and writer are names, id is the writer's number in decimal digits; empty when the message does not tell.
	group, writer, id string
}

// jsonMetaData reads the metadata in a JSON message. data tells whether the message, an array, has data besides.
func (in *Inlet) jsonMetaData(payload []byte) (sets []writerMetaData, data bool, err error) {
	d := in.jsonDecoders.Get().(*uajson.Decoder)
	defer func() {
		d.Reset() // lets go of the message
		in.jsonDecoders.Put(d)
	}()
	if err := d.Decode(payload); err != nil {
		return nil, false, err
	}
	for d.Next() {
		if d.DataSet().Kind != uajson.MetaDataOf {
			data = true
			continue
		}
		var m uajson.MetaData
		if err := d.MetaData(&m); err != nil {
			return nil, false, err
		}
		w := writerMetaData{DataSetMetaDataType: m.DataSet, group: m.WriterGroupName, writer: m.WriterName}
		if m.WriterID != 0 {
			w.id = strconv.Itoa(int(m.WriterID))
		}
		sets = append(sets, w)
	}
	if err := d.Err(); err != nil {
		return nil, false, err
	}
	if len(sets) == 0 && !data {
		return nil, false, errNoMetaData
	}
	return sets, data, nil
}

// toModel makes the platform's metadata of what a message carries, once under each name that a reader may look for: the topic's, the
// writer's name and its number, because a data message may name its writer by any of them.
func (w *writerMetaData) toModel(key model.WriterKey) ([]*model.DataSetMetaData, error) {
	key.Group = first(key.Group, w.group)
	if err := checkName("writer group", key.Group); err != nil {
		return nil, err
	}
	var names []string
	for _, name := range [...]string{key.Writer, w.writer, w.id} {
		if name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("metadata of %s: no DataSetWriterName and no DataSetWriterId", key)
	}
	fields, err := w.fields()
	if err != nil {
		return nil, fmt.Errorf("metadata of %s: %w", key, err)
	}
	var types *model.DataTypeSchema
	if s := &w.DataTypeSchema; len(s.Structures)+len(s.Enums)+len(s.Simple) > 0 {
		types = s
	}
	var sets []*model.DataSetMetaData
	for _, name := range names {
		if err := checkName("data set writer", name); err != nil {
			return nil, fmt.Errorf("metadata of %s: %w", key, err)
		}
		sets = append(sets, &model.DataSetMetaData{
			Gateway: key.Gateway, Group: key.Group, Writer: name, Server: publisherOf(key.Gateway), Version: w.Version, Fields: fields, Types: types,
		})
	}
	return sets, nil
}

// fields describes the fields. A field without a name, or two with one, cannot be told apart.
func (w *writerMetaData) fields() ([]model.FieldMetaData, error) {
	table := namespaces(w.Namespaces)
	names := make(map[string]bool, len(w.Fields))
	fields := make([]model.FieldMetaData, len(w.Fields))
	for i := range w.Fields {
		f := &w.Fields[i]
		if f.Name == "" || names[f.Name] {
			return nil, fmt.Errorf("field %d has no name, or that of another field: %q: give each its own", i, f.Name)
		}
		names[f.Name] = true
		fields[i] = model.FieldMetaData{
			Name: f.Name, BuiltInType: f.BuiltInType, DataType: table.Expand(f.DataType), ValueRank: f.ValueRank,
			ArrayDimensions: f.ArrayDimensions, Unit: unit(f.Properties),
		}
	}
	return fields, nil
}

// namespaces is the table for the indices in metadata. Index 0 is not among its namespaces, though some publishers send it.
func namespaces(uris []string) model.NamespaceTable {
	if len(uris) > 0 && uris[0] == namespaceZero {
		return uris
	}
	return append(model.NamespaceTable{namespaceZero}, uris...)
}
