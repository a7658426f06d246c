package uajson

import (
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// openItem reads the next item of the frame: a NetworkMessage with its DataSetMessages, or one DataSetMessage by itself.
func (d *Decoder) openItem() {
	r, i := &d.r, d.nextItem
	if i >= d.itemEnd {
		return // an empty array
	}
	d.nextItem = r.next(i)
	d.header = Header{}
	d.messages, d.lastMsg = i, r.next(i)
	if r.kind(i) == kindObject {
		d.networkMessage(i)
	}
}

// networkMessage reads the members around the DataSetMessages, if the object i is a NetworkMessage (Part 14, 7.2.5.3).
func (d *Decoder) networkMessage(i uint32) {
	r, h := &d.r, &d.header
	messages, metadata := r.named(i, "Messages"), r.named(i, "MetaData")
	if typ := r.named(i, "MessageType"); typ != 0 && r.kind(typ) == kindString {
		h.MessageType = r.text(typ)
	}
	switch {
	case metadata != 0 && (h.MessageType == "ua-metadata" || r.kind(metadata) == kindObject && h.MessageType == "" && r.named(i, "DataSetWriterId") != 0):
		h.Kind = MetaDataMessage
	case messages != 0 && r.kind(messages) >= kindArray && (h.MessageType == "ua-data" || h.MessageType == "" && r.named(i, "MessageId") != 0):
		h.Content = ContentNetworkMessageHeader
		d.messages, d.lastMsg = messages, r.next(messages)
		if r.kind(messages) == kindArray {
			d.messages++
		} else {
			h.Content |= ContentSingleDataSetMessage
		}
	case isOther(h.MessageType):
		h.Kind = OtherMessage
		d.messages = d.lastMsg
	default:
		h.MessageType = ""
		return
	}
	d.networkHeader(i)
}

// isOther tells whether a MessageType is that of a NetworkMessage without DataSetMessages (Part 14, 7.2.5.5 and 7.2.5.6).
func isOther(messageType string) bool {
	if !strings.HasPrefix(messageType, "ua-") {
		return false
	}
	_, dataSet := dataSetKind(messageType)
	return !dataSet
}

func (d *Decoder) networkHeader(i uint32) {
	r, h := &d.r, &d.header
	if j := r.named(i, "MessageId"); j != 0 {
		h.MessageID = d.name(j)
	}
	if j := r.named(i, "PublisherId"); j != 0 {
		h.Content |= ContentPublisherID
		h.PublisherID = d.name(j)
	}
	if h.WriterGroupName = d.groupName(i); h.WriterGroupName != "" {
		h.Content |= ContentWriterGroupName
	}
	if j := r.named(i, "DataSetClassId"); j != 0 && r.kind(j) == kindString && len(r.raw(j)) > 0 {
		var ok bool
		if h.DataSetClassID, ok = r.guid(j); !ok {
			r.failf(j, ErrMalformed, "no Guid")
			return
		}
		h.Content |= ContentDataSetClassID
	}
}

// groupName reads the writer group by either name: that of the standard and that of OPC Publisher.
func (d *Decoder) groupName(i uint32) string {
	if j := d.r.named(i, "WriterGroupName"); j != 0 {
		return d.name(j)
	}
	if j := d.r.named(i, "DataSetWriterGroup"); j != 0 {
		return d.name(j)
	}
	return ""
}

// name reads a string, or a number as text; anything else is "".
func (d *Decoder) name(i uint32) string {
	switch d.r.kind(i) {
	case kindString:
		return d.r.text(i)
	case kindInteger:
		return alias(d.r.raw(i))
	}
	return ""
}

// dataSet reads the header of the current DataSetMessage, or finds out that it is something else.
func (d *Decoder) dataSet() {
	r, i := &d.r, d.current
	d.head.PublisherID, d.head.WriterGroupName = d.header.PublisherID, d.header.WriterGroupName
	if r.kind(i) != kindObject {
		d.single = i + 1
		return
	}
	if d.header.Kind == MetaDataMessage {
		d.metaDataHeader(i)
		return
	}
	payload := r.named(i, "Payload")
	switch {
	case payload != 0 && (r.kind(payload) == kindObject || r.kind(payload) == kindNull):
		d.header.Content |= ContentDataSetMessageHeader
		d.dataSetHeader(i)
		d.fields(payload)
	case payload != 0 && d.hasHeader(i): // of one field by itself
		d.header.Content |= ContentDataSetMessageHeader
		d.dataSetHeader(i)
		d.single = payload + 1
	case d.hasHeader(i):
		d.header.Content |= ContentDataSetMessageHeader
		d.dataSetHeader(i)
		d.head.Kind = KeepAlive
	case d.isSample(i):
		d.sample(i)
	default:
		d.fields(i)
	}
}

// fields makes the members of an object the fields.
func (d *Decoder) fields(i uint32) {
	if d.r.kind(i) == kindObject {
		d.field, d.fieldEnd = i+1, d.r.next(i)
	}
}

// hasHeader tells whether an object without a Payload that is an object is a DataSetMessage: it has the type of one or, where types are
// not sent, the id of a writer and nothing but a header.
func (d *Decoder) hasHeader(i uint32) bool {
	typ := d.r.named(i, "MessageType")
	if typ == 0 {
		return d.r.named(i, "DataSetWriterId") != 0 && d.onlyHeader(i)
	}
	if d.r.kind(typ) != kindString {
		return false
	}
	_, ok := dataSetKind(alias(d.r.raw(typ)))
	return ok
}

// onlyHeader tells whether all members of an object are those of a DataSetMessage's header.
func (d *Decoder) onlyHeader(i uint32) bool {
	r := &d.r
	for j, end := i+1, r.next(i); j < end; j = r.next(j + 1) {
		switch name := alias(r.raw(j)); name {
		case "DataSetWriterId", "DataSetWriterName", "PublisherId", "WriterGroupName", "DataSetWriterGroup", "SequenceNumber", "MetaDataVersion",
			"MinorVersion", "Timestamp", "Status", "Payload":
		default:
			return false
		}
	}
	return true
}

func dataSetKind(messageType string) (DataSetKind, bool) {
	switch messageType {
	case "ua-keyframe":
		return KeyFrame, true
	case "ua-deltaframe":
		return DeltaFrame, true
	case "ua-event", "ua-condition":
		return Event, true
	case "ua-keepalive":
		return KeepAlive, true
	}
	return KeyFrame, false
}

// dataSetHeader reads the members beside the Payload (Part 14, 7.2.5.4).
func (d *Decoder) dataSetHeader(i uint32) {
	r, h := &d.r, &d.head
	for j, end := i+1, r.next(i); j < end; j = r.next(j + 1) {
		name, value := r.raw(j), j+1
		switch {
		case sameName(name, "DataSetWriterId"):
			h.Content |= DataSetWriterID
			d.writerID(value)
		case sameName(name, "DataSetWriterName"):
			h.Content |= DataSetWriterName
			h.WriterName = d.name(value)
		case sameName(name, "PublisherId"):
			h.Content |= DataSetPublisherID
			h.PublisherID = d.name(value)
		case sameName(name, "WriterGroupName"), sameName(name, "DataSetWriterGroup"):
			h.Content |= DataSetWriterGroupName
			h.WriterGroupName = d.name(value)
		case sameName(name, "SequenceNumber"):
			h.Content |= DataSetSequenceNumber
			h.SequenceNumber = d.uint32(value)
		case sameName(name, "MetaDataVersion"):
			h.Content |= DataSetMetaDataVersion
			h.Version = d.version(value)
		case sameName(name, "MinorVersion"):
			h.Content |= DataSetMinorVersion
			h.Version.Minor = d.uint32(value)
		case sameName(name, "Timestamp"):
			h.Content |= DataSetTimestamp
			h.Timestamp = d.time(value)
		case sameName(name, "Status"):
			h.Content |= DataSetStatus
			h.Status = d.status(value)
		case sameName(name, "MessageType"):
			h.Content |= DataSetMessageType
			if kind, ok := dataSetKind(d.name(value)); ok {
				h.Kind = kind
			}
		}
	}
}

// writerID reads a number or, as OPC Publisher writes it, the name of the writer.
func (d *Decoder) writerID(i uint32) {
	if n, ok := d.r.unsigned(i); ok && n <= 65535 {
		d.head.WriterID = uint16(n)
		if d.r.kind(i) == kindString && d.head.WriterName == "" {
			d.head.WriterName = d.r.text(i)
		}
		return
	}
	if d.r.kind(i) == kindString {
		if d.head.WriterName == "" {
			d.head.WriterName = d.r.text(i)
		}
		return
	}
	if d.r.kind(i) != kindNull {
		d.r.failf(i, ErrMalformed, "no id of a writer; want a number up to 65535 or a name")
	}
}

func (d *Decoder) uint32(i uint32) uint32 {
	n, ok := d.r.unsigned(i)
	if (!ok || n>>32 != 0) && d.r.kind(i) != kindNull {
		d.r.failf(i, ErrMalformed, "no number up to 4294967295")
	}
	return uint32(n)
}

func (d *Decoder) time(i uint32) model.DateTime {
	t, ok := d.r.dateTime(i)
	if !ok {
		d.r.noTime(i)
	}
	return t
}

func (d *Decoder) status(i uint32) model.StatusCode {
	c, ok := d.r.statusCode(i)
	if !ok {
		d.r.failf(i, ErrMalformed, "no status code; want a number, a name or {Code, Symbol}")
	}
	return c
}

// version reads the object, or the text "1.2".
func (d *Decoder) version(i uint32) (v model.ConfigurationVersion) {
	switch d.r.kind(i) {
	case kindObject:
		if j := d.r.named(i, "MajorVersion"); j != 0 {
			v.Major = d.uint32(j)
		}
		if j := d.r.named(i, "MinorVersion"); j != 0 {
			v.Minor = d.uint32(j)
		}
	case kindString:
		major, minor, _ := strings.Cut(alias(d.r.raw(i)), ".")
		n, ok1 := parseUint(bytesOf(major))
		m, ok2 := parseUint(bytesOf(minor))
		if !ok1 || !ok2 || n>>32 != 0 || m>>32 != 0 {
			d.r.failf(i, ErrMalformed, "no version; want {MajorVersion, MinorVersion}")
		}
		v = model.ConfigurationVersion{Major: uint32(n), Minor: uint32(m)}
	}
	return v
}

// isSample tells whether an object is a sample of OPC Publisher: a node with its value and whence it comes.
func (d *Decoder) isSample(i uint32) bool {
	r := &d.r
	node := r.named(i, "NodeId")
	return node != 0 && r.kind(node) == kindString && r.named(i, "Value") != 0 &&
		(r.named(i, "EndpointUrl") != 0 || r.named(i, "ApplicationUri") != 0 || r.named(i, "DisplayName") != 0 || r.named(i, "ExtensionFields") != 0)
}

// sample reads a sample.
func (d *Decoder) sample(i uint32) {
	r, h := &d.r, &d.head
	h.Kind = Sample
	for j, end := i+1, r.next(i); j < end; j = r.next(j + 1) {
		name, value := r.raw(j), j+1
		switch {
		case sameName(name, "NodeId"):
			h.NodeID = r.text(value)
		case sameName(name, "EndpointUrl"):
			h.EndpointURL = d.name(value)
		case sameName(name, "ApplicationUri"):
			h.ApplicationURI = d.name(value)
		case sameName(name, "DisplayName"):
			h.DisplayName = d.name(value)
		case sameName(name, "Timestamp"):
			h.Content |= DataSetTimestamp
			h.Timestamp = d.time(value)
		case sameName(name, "SequenceNumber"):
			h.Content |= DataSetSequenceNumber
			h.SequenceNumber = d.uint32(value)
		case sameName(name, "Value"):
			d.single = value + 1
		case sameName(name, "ExtensionFields") && r.kind(value) == kindObject:
			d.extensionFields(value)
		}
	}
}

// extensionFields reads who published a sample.
func (d *Decoder) extensionFields(i uint32) {
	if j := d.r.named(i, "PublisherId"); j != 0 {
		d.head.PublisherID = d.name(j)
	}
	if j := d.r.named(i, "DataSetWriterId"); j != 0 {
		d.writerID(j)
	}
	if j := d.r.named(i, "WriterGroupId"); j != 0 {
		d.head.WriterGroupName = d.name(j)
	}
}

// sampleName is the name of the field of a sample: that of its node for people, else the node itself.
func (d *Decoder) sampleName() string {
	if d.head.DisplayName != "" {
		return d.head.DisplayName
	}
	return d.head.NodeID
}
