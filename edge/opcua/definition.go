package opcua

import (
	"fmt"

	"github.com/gopcua/opcua/id"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// The encodings of the values that the DataTypeDefinition attribute has (Part 3, 5.8.3).
var (
	typeStructureDefinition = model.NumericID(0, id.StructureDefinition_Encoding_DefaultBinary)
	typeEnumDefinition      = model.NumericID(0, id.EnumDefinition_Encoding_DefaultBinary)
)

// The least bytes that a StructureField, an EnumField and a UInt32 take.
const (
	minStructureField = 20
	minEnumField      = 14
	minUInt32         = 4
)

// structureDefinition reads a StructureDefinition (Part 3, 8.48) into d, whose type and name are known otherwise. Ids have the
// server's indices. d keeps body's memory.
func structureDefinition(body []byte, d *model.StructureDescription) error {
	var r uadp.Binary
	r.Reset(body, nil)
	d.EncodingID, d.BaseDataType = r.NodeID(), r.NodeID()
	d.Type = model.StructureType(r.Uint32())
	n := max(r.Count(minStructureField), 0)
	for range n {
		f := model.StructureField{Name: r.String(), Description: r.LocalizedText(), DataType: r.NodeID(), ValueRank: int32(r.Uint32())}
		for range max(r.Count(minUInt32), 0) {
			f.ArrayDimensions = append(f.ArrayDimensions, r.Uint32())
		}
		f.MaxStringLength, f.Optional = r.Uint32(), r.Bool()
		if r.Err() != nil {
			break
		}
		d.Fields = append(d.Fields, f)
	}
	if r.Err() != nil {
		return fmt.Errorf("decode structure definition: %w", r.Err())
	}
	return nil
}

// enumDefinition reads an EnumDefinition (Part 3, 8.50) into d.
func enumDefinition(body []byte, d *model.EnumDescription) error {
	var r uadp.Binary
	r.Reset(body, nil)
	n := max(r.Count(minEnumField), 0)
	for range n {
		f := model.EnumField{Value: int64(r.Uint64()), DisplayName: r.LocalizedText(), Description: r.LocalizedText(), Name: r.String()}
		if r.Err() != nil {
			break
		}
		d.Fields = append(d.Fields, f)
	}
	if r.Err() != nil {
		return fmt.Errorf("decode enumeration definition: %w", r.Err())
	}
	return nil
}
