package uadp

import "github.com/shopfloor-iiot/shopfloor/model"

// NetworkMessageContentMask tells which optional parts a NetworkMessage has: UadpNetworkMessageContentMask (Part 14, 6.3.1.1.4).
type NetworkMessageContentMask uint16

// The bits of NetworkMessageContentMask. The four parts of the group header need ContentGroupHeader, ContentPicoSeconds needs
// ContentTimestamp; without it they are ignored.
const (
	ContentPublisherID          NetworkMessageContentMask = 1 << 0
	ContentGroupHeader          NetworkMessageContentMask = 1 << 1
	ContentWriterGroupID        NetworkMessageContentMask = 1 << 2
	ContentGroupVersion         NetworkMessageContentMask = 1 << 3
	ContentNetworkMessageNumber NetworkMessageContentMask = 1 << 4
	ContentSequenceNumber       NetworkMessageContentMask = 1 << 5
	ContentPayloadHeader        NetworkMessageContentMask = 1 << 6
	ContentTimestamp            NetworkMessageContentMask = 1 << 7
	ContentPicoSeconds          NetworkMessageContentMask = 1 << 8
	ContentDataSetClassID       NetworkMessageContentMask = 1 << 9
	ContentPromotedFields       NetworkMessageContentMask = 1 << 10
)

// Header is what stands before the payload of a NetworkMessage (Part 14, 7.2.4.4.2). Content tells which of the other fields
// are there; those that are not are 0 after decoding and ignored when encoding.
type Header struct {
	Content        NetworkMessageContentMask
	PublisherID    PublisherID
	DataSetClassID model.GUID
	// WriterGroupID, GroupVersion (a VersionTime, seconds since 2000-01-01), NetworkMessageNumber and SequenceNumber are the
	// group header (Part 14, 7.2.4.4.3).
	WriterGroupID        uint16
	GroupVersion         uint32
	NetworkMessageNumber uint16
	SequenceNumber       uint16
	Timestamp            model.DateTime
	// PicoSeconds counts 10 ps intervals beyond Timestamp, 0..9999.
	PicoSeconds uint16
	// PromotedFields are fields of the one DataSetMessage, repeated for filters (Part 14, 7.2.4.4.2).
	PromotedFields []model.Variant
}

// Has tells whether all bits of m are set.
func (m NetworkMessageContentMask) Has(bits NetworkMessageContentMask) bool { return m&bits == bits }

// DataSetMessageContentMask tells which optional parts a DataSetMessage header has: UadpDataSetMessageContentMask
// (Part 14, 6.3.1.3.2).
type DataSetMessageContentMask uint8

// The bits of DataSetMessageContentMask. DataSetPicoSeconds needs DataSetTimestamp.
const (
	DataSetTimestamp      DataSetMessageContentMask = 1 << 0
	DataSetPicoSeconds    DataSetMessageContentMask = 1 << 1
	DataSetStatus         DataSetMessageContentMask = 1 << 2
	DataSetMajorVersion   DataSetMessageContentMask = 1 << 3
	DataSetMinorVersion   DataSetMessageContentMask = 1 << 4
	DataSetSequenceNumber DataSetMessageContentMask = 1 << 5
)

// Has tells whether all bits of m are set.
func (m DataSetMessageContentMask) Has(bits DataSetMessageContentMask) bool { return m&bits == bits }

// DataSetMessageKind is the type of a DataSetMessage; the values are those of DataSetFlags2 (Part 14, 7.2.4.5.4).
type DataSetMessageKind uint8

// The kinds of DataSetMessages.
const (
	KeyFrame   DataSetMessageKind = 0 // all fields of the DataSet in order
	DeltaFrame DataSetMessageKind = 1 // fields that changed, with their index
	Event      DataSetMessageKind = 2 // the selected fields of one event, as Variants
	KeepAlive  DataSetMessageKind = 3 // no fields
)

// String returns "key frame", "delta frame", "event" or "keep-alive".
func (k DataSetMessageKind) String() string {
	switch k {
	case KeyFrame:
		return "key frame"
	case DeltaFrame:
		return "delta frame"
	case Event:
		return "event"
	case KeepAlive:
		return "keep-alive"
	}
	return "reserved"
}

// FieldEncoding is how the fields of a DataSetMessage are encoded; the values are those of DataSetFlags1 (Part 14, 7.2.4.5.4).
type FieldEncoding uint8

// The encodings of fields.
const (
	// EncodingVariant carries the value. A field whose status is Bad carries its StatusCode instead, one whose status is
	// Uncertain a DataValue.
	EncodingVariant FieldEncoding = 0
	// EncodingRawData carries the bare value: the reader needs the DataSet's metadata, see RawField.
	EncodingRawData FieldEncoding = 1
	// EncodingDataValue carries the value with its status and times.
	EncodingDataValue FieldEncoding = 2
)

// String returns "Variant", "RawData" or "DataValue".
func (e FieldEncoding) String() string {
	switch e {
	case EncodingVariant:
		return "Variant"
	case EncodingRawData:
		return "RawData"
	case EncodingDataValue:
		return "DataValue"
	}
	return "reserved"
}

// DataSetHeader is what stands before the fields of a DataSetMessage (Part 14, 7.2.4.5.4). Content tells which of the optional
// fields are there; those that are not are 0 after decoding and ignored when encoding.
type DataSetHeader struct {
	// WriterID is the DataSetWriterId, which stands in the NetworkMessage's payload header; 0 if there is none.
	WriterID uint16
	// Invalid is the DataSetMessageIsValid flag, negated: the publisher says that the message is not to be processed. Such a
	// message is decoded without its other fields.
	Invalid        bool
	Kind           DataSetMessageKind
	Encoding       FieldEncoding
	Content        DataSetMessageContentMask
	SequenceNumber uint16
	Timestamp      model.DateTime
	// PicoSeconds counts 10 ps intervals beyond Timestamp, 0..9999.
	PicoSeconds uint16
	// Status is the quality of the whole DataSet. The wire has its upper 16 bits only.
	Status model.StatusCode
	// Version is the ConfigurationVersion of the DataSet's metadata.
	Version model.ConfigurationVersion
}

// hasFieldCount tells whether the count of fields follows the header (Part 14, 7.2.4.5.5 to 7.2.4.5.8).
func (h *DataSetHeader) hasFieldCount() bool {
	return h.Kind == DeltaFrame || h.Kind == Event || h.Kind == KeyFrame && h.Encoding != EncodingRawData
}
