package uajson

import "github.com/shopfloor-iiot/shopfloor/model"

// MessageKind tells what a NetworkMessage carries.
type MessageKind uint8

// The kinds of NetworkMessages.
const (
	// Data carries DataSetMessages: "ua-data", and all messages without a header.
	Data MessageKind = iota
	// MetaDataMessage carries the metadata of a DataSet: "ua-metadata".
	MetaDataMessage
	// OtherMessage is one of another type, whose name is Header.MessageType; it has no DataSetMessages.
	OtherMessage
)

// Header is what stands around the DataSetMessages of a NetworkMessage (Part 14, 7.2.5.3). Content tells, when encoding, which of the
// other fields are written; a Decoder sets its first three bits by what it finds and leaves fields that are not there empty.
type Header struct {
	Content NetworkMessageContentMask
	// MessageID names the message among all.
	MessageID string
	// MessageType is "ua-data" or another; it is set by decoding only.
	MessageType string
	Kind        MessageKind
	// PublisherID is the id as text, also of publishers whose id is a number.
	PublisherID     string
	DataSetClassID  model.GUID
	WriterGroupName string
}

// DataSetKind is the type of a DataSetMessage.
type DataSetKind uint8

// The kinds of DataSetMessages (Part 14, 7.2.5.4, Table 185).
const (
	KeyFrame   DataSetKind = iota // "ua-keyframe": all fields of the DataSet; also what does not say its type
	DeltaFrame                    // "ua-deltaframe": fields that changed
	Event                         // "ua-event": the fields of one event; also "ua-condition" of OPC Publisher
	KeepAlive                     // "ua-keepalive": no fields
	Sample                        // no DataSetMessage but one field by itself, as OPC Publisher's samples are
	MetaDataOf                    // no DataSetMessage but the metadata of one: see Decoder.MetaData
)

// String returns the message type, "ua-keyframe" for example.
func (k DataSetKind) String() string {
	switch k {
	case KeyFrame:
		return "ua-keyframe"
	case DeltaFrame:
		return "ua-deltaframe"
	case Event:
		return "ua-event"
	case KeepAlive:
		return "ua-keepalive"
	case Sample:
		return "sample"
	case MetaDataOf:
		return "ua-metadata"
	}
	return "reserved"
}

// DataSetHeader is what stands beside the fields of a DataSetMessage (Part 14, 7.2.5.4). Content tells, when encoding, which of the
// other fields are written; a Decoder sets it by what it finds and leaves fields that are not there empty.
type DataSetHeader struct {
	Content DataSetMessageContentMask
	Kind    DataSetKind
	// WriterID is 0 where the publisher gives a name only. A DataSetWriterId that is a string of digits gives both, since it may be either.
	WriterID   uint16
	WriterName string
	// PublisherID and WriterGroupName are those of the message itself or, when decoding, else those of the NetworkMessage.
	PublisherID     string
	WriterGroupName string
	SequenceNumber  uint32
	// Version is the ConfigurationVersion of the DataSet's metadata; of 1.05 publishers mostly its Minor alone.
	Version   model.ConfigurationVersion
	Timestamp model.DateTime
	// Status is the quality of the whole DataSet.
	Status model.StatusCode
	// NodeID, EndpointURL, ApplicationURI and DisplayName tell whence a Sample comes, as far as the publisher tells it. NodeID is the text
	// that it wrote.
	NodeID, EndpointURL, ApplicationURI, DisplayName string
}

// Field is one field of a DataSetMessage.
type Field struct {
	Name string
	// Index is the field's place in the Types that were set; -1 without them or if they do not know the name.
	Index int
	// Value holds what the field's encoding carries; in many messages that is the value alone.
	Value model.DataValue
}
