package uajson

// Form is one of the four JSON encodings of Part 6: the two of version 1.04 (now Annex H) and the two that replaced them in
// 1.05.04 (5.4).
type Form uint8

// The forms.
const (
	// NonReversible leaves the types out; the reader must know them (Annex H).
	NonReversible Form = iota
	// Reversible writes a Variant as {"Type":11,"Body":1.5} and identifiers as objects (Annex H).
	Reversible
	// Verbose writes a Variant as {"UaType":11,"Value":1.5}, identifiers as text, and names beside numbers (5.4.1). In the fields of a
	// DataSet the types that the metadata tells are left out (Part 14, 7.2.5.4.2).
	Verbose
	// Compact is Verbose without the names and the defaults, and always with the types.
	Compact
)

// String returns the name of the form, "Compact" for example.
func (f Form) String() string {
	switch f {
	case NonReversible:
		return "NonReversible"
	case Reversible:
		return "Reversible"
	case Verbose:
		return "Verbose"
	case Compact:
		return "Compact"
	}
	return "reserved"
}

// old tells whether f is of version 1.04.
func (f Form) old() bool { return f <= Reversible }

// NetworkMessageContentMask tells which optional parts a NetworkMessage has: JsonNetworkMessageContentMask (Part 14, 6.3.2.1.1).
type NetworkMessageContentMask uint32

// The bits of NetworkMessageContentMask. All but the first three need ContentNetworkMessageHeader; without it they are ignored.
const (
	ContentNetworkMessageHeader NetworkMessageContentMask = 1 << 0
	ContentDataSetMessageHeader NetworkMessageContentMask = 1 << 1
	ContentSingleDataSetMessage NetworkMessageContentMask = 1 << 2
	ContentPublisherID          NetworkMessageContentMask = 1 << 3
	ContentDataSetClassID       NetworkMessageContentMask = 1 << 4
	ContentReplyTo              NetworkMessageContentMask = 1 << 5 // not used any more
	ContentWriterGroupName      NetworkMessageContentMask = 1 << 6
)

// Has tells whether all bits are set.
func (m NetworkMessageContentMask) Has(bits NetworkMessageContentMask) bool { return m&bits == bits }

// DataSetMessageContentMask tells which optional parts a DataSetMessage header has, and the Form of its fields:
// JsonDataSetMessageContentMask (Part 14, 6.3.2.3.1).
type DataSetMessageContentMask uint32

// The bits of DataSetMessageContentMask. DataSetReversibleFieldEncoding is the name of DataSetFieldEncoding1 before 1.05.04.
const (
	DataSetWriterID                DataSetMessageContentMask = 1 << 0
	DataSetMetaDataVersion         DataSetMessageContentMask = 1 << 1
	DataSetSequenceNumber          DataSetMessageContentMask = 1 << 2
	DataSetTimestamp               DataSetMessageContentMask = 1 << 3
	DataSetStatus                  DataSetMessageContentMask = 1 << 4
	DataSetMessageType             DataSetMessageContentMask = 1 << 5
	DataSetWriterName              DataSetMessageContentMask = 1 << 6
	DataSetFieldEncoding1          DataSetMessageContentMask = 1 << 7
	DataSetReversibleFieldEncoding                           = DataSetFieldEncoding1
	DataSetPublisherID             DataSetMessageContentMask = 1 << 8
	DataSetWriterGroupName         DataSetMessageContentMask = 1 << 9
	DataSetMinorVersion            DataSetMessageContentMask = 1 << 10
	DataSetFieldEncoding2          DataSetMessageContentMask = 1 << 11
)

// Has tells whether all bits are set.
func (m DataSetMessageContentMask) Has(bits DataSetMessageContentMask) bool { return m&bits == bits }

// Form is the encoding that the two bits FieldEncoding1 and FieldEncoding2 stand for.
func (m DataSetMessageContentMask) Form() Form {
	switch m & (DataSetFieldEncoding1 | DataSetFieldEncoding2) {
	case DataSetFieldEncoding1:
		return Reversible
	case DataSetFieldEncoding2:
		return Verbose
	case DataSetFieldEncoding1 | DataSetFieldEncoding2:
		return Compact
	}
	return NonReversible
}

// WithForm returns m with the bits that stand for f.
func (m DataSetMessageContentMask) WithForm(f Form) DataSetMessageContentMask {
	m &^= DataSetFieldEncoding1 | DataSetFieldEncoding2
	switch f {
	case Reversible:
		m |= DataSetFieldEncoding1
	case Verbose:
		m |= DataSetFieldEncoding2
	case Compact:
		m |= DataSetFieldEncoding1 | DataSetFieldEncoding2
	}
	return m
}

// FieldContentMask tells what of a field is sent: DataSetFieldContentMask (Part 14, 6.2.4.2). With none of the bits a field is a
// Variant, with any of the first five a DataValue.
type FieldContentMask uint32

// The bits of FieldContentMask. Picoseconds need their timestamp; without it they are ignored.
const (
	FieldStatusCode        FieldContentMask = 1 << 0
	FieldSourceTimestamp   FieldContentMask = 1 << 1
	FieldServerTimestamp   FieldContentMask = 1 << 2
	FieldSourcePicoSeconds FieldContentMask = 1 << 3
	FieldServerPicoSeconds FieldContentMask = 1 << 4
	// FieldRawData makes the fields bare values in the forms of 1.04, whatever the other bits say; in Verbose it leaves out the types
	// that the metadata does not tell; in Compact it is ignored.
	FieldRawData FieldContentMask = 1 << 5
)

const fieldDataValue = FieldStatusCode | FieldSourceTimestamp | FieldServerTimestamp | FieldSourcePicoSeconds | FieldServerPicoSeconds
