package uajson

import (
	"fmt"
	"strconv"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// AppendNetworkMessage appends a NetworkMessage (Part 14, 7.2.5.3) to dst and returns the result: h, then the DataSetMessages whose
// encoded forms are bodies, in this order. With ContentSingleDataSetMessage there must be one; else, an ErrType, dst is returned as it
// was.
func AppendNetworkMessage(dst []byte, h *Header, bodies [][]byte) ([]byte, error) {
	single := h.Content.Has(ContentSingleDataSetMessage)
	if single && len(bodies) != 1 {
		return dst, &Error{"Messages", -1, fmt.Errorf("%w: %d data sets in a message for a single one", ErrType, len(bodies))}
	}
	header := h.Content.Has(ContentNetworkMessageHeader)
	if header {
		dst = append(appendNetworkHeader(dst, h), `,"Messages":`...)
	}
	if !single {
		dst = append(dst, '[')
	}
	for i, b := range bodies {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, b...)
	}
	if !single {
		dst = append(dst, ']')
	}
	if header {
		dst = append(dst, '}')
	}
	return dst, nil
}

// appendNetworkHeader appends the members before Messages.
func appendNetworkHeader(dst []byte, h *Header) []byte {
	dst = appendText(append(dst, `{"MessageId":`...), h.MessageID)
	dst = append(dst, `,"MessageType":"ua-data"`...)
	if h.Content.Has(ContentPublisherID) {
		dst = appendText(append(dst, `,"PublisherId":`...), h.PublisherID)
	}
	if h.Content.Has(ContentWriterGroupName) {
		dst = appendText(append(dst, `,"WriterGroupName":`...), h.WriterGroupName)
	}
	if h.Content.Has(ContentDataSetClassID) {
		dst = append(appendGUID(append(dst, `,"DataSetClassId":"`...), h.DataSetClassID), '"')
	}
	return dst
}

// AppendDataSetHeader begins a DataSetMessage (Part 14, 7.2.5.4) of the NetworkMessage h behind dst and returns the result, to which
// AppendField adds and which AppendDataSetEnd closes. Without ContentDataSetMessageHeader it is the fields alone. A Status of Good is
// the default and left out (Part 6, 5.4.2.1); MetaDataVersion has both its members always.
func AppendDataSetHeader(dst []byte, h *Header, d *DataSetHeader) []byte {
	dst = append(dst, '{')
	if !h.Content.Has(ContentDataSetMessageHeader) {
		return dst
	}
	if d.Content.Has(DataSetWriterID) {
		dst = strconv.AppendUint(append(dst, `"DataSetWriterId":`...), uint64(d.WriterID), 10)
	}
	if d.Content.Has(DataSetWriterName) {
		dst = appendText(append(comma(dst), `"DataSetWriterName":`...), d.WriterName)
	}
	network := h.Content.Has(ContentNetworkMessageHeader)
	if d.Content.Has(DataSetPublisherID) && !network {
		dst = appendText(append(comma(dst), `"PublisherId":`...), d.PublisherID)
	}
	if d.Content.Has(DataSetWriterGroupName) && !(network && h.Content.Has(ContentWriterGroupName)) {
		dst = appendText(append(comma(dst), `"WriterGroupName":`...), d.WriterGroupName)
	}
	if d.Content.Has(DataSetSequenceNumber) {
		dst = strconv.AppendUint(append(comma(dst), `"SequenceNumber":`...), uint64(d.SequenceNumber), 10)
	}
	dst = appendVersion(dst, d)
	if d.Content.Has(DataSetTimestamp) {
		dst = appendDateTime(append(comma(dst), `"Timestamp":`...), d.Timestamp)
	}
	if d.Content.Has(DataSetStatus) && d.Status != 0 {
		dst = style{form: d.headerForm()}.statusCode(append(comma(dst), `"Status":`...), d.Status)
	}
	if d.Content.Has(DataSetMessageType) {
		dst = append(append(append(comma(dst), `"MessageType":"`...), d.Kind.String()...), '"')
	}
	if d.Kind != KeepAlive {
		dst = append(comma(dst), `"Payload":{`...)
	}
	return dst
}

func appendVersion(dst []byte, d *DataSetHeader) []byte {
	switch {
	case d.Content.Has(DataSetMetaDataVersion):
		dst = strconv.AppendUint(append(comma(dst), `"MetaDataVersion":{"MajorVersion":`...), uint64(d.Version.Major), 10)
		dst = append(strconv.AppendUint(append(dst, `,"MinorVersion":`...), uint64(d.Version.Minor), 10), '}')
	case d.Content.Has(DataSetMinorVersion):
		dst = strconv.AppendUint(append(comma(dst), `"MinorVersion":`...), uint64(d.Version.Minor), 10)
	}
	return dst
}

// headerForm is the form of the header: Reversible in 1.04 and Compact since, whatever that of the fields.
func (d *DataSetHeader) headerForm() Form {
	if d.Content.Form().old() {
		return Reversible
	}
	return Compact
}

// AppendDataSetEnd closes what AppendDataSetHeader began with the same headers.
func AppendDataSetEnd(dst []byte, h *Header, d *DataSetHeader) []byte {
	if h.Content.Has(ContentDataSetMessageHeader) && d.Kind != KeepAlive {
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// FieldEncoding is how the fields of a DataSet are written; keep one for each DataSetWriter, since it remembers a little of what was
// written last. It is for one goroutine at a time.
type FieldEncoding struct {
	// Form is that of DataSetMessageContentMask.
	Form Form
	// Content tells whether a field is a Variant, a DataValue or raw, and which parts a DataValue has.
	Content FieldContentMask
	// Namespaces is the server's table, by which Verbose, Compact and NonReversible name the namespaces of identifiers in values. Without
	// it their indices are written.
	Namespaces model.NamespaceTable

	clock clock
}

// AppendField appends a field behind what AppendDataSetHeader or AppendField returned, and returns the result. abstract tells that the
// metadata does not name the type of the field (its BuiltInType is Variant, its ValueRank -2, -3 or 0, or the value is a structure of a
// subtype), so that Verbose writes the type too (Part 14, 7.2.5.4.3).
//
// As a Variant, a Bad field goes out as its StatusCode. An Uncertain one goes out as a DataValue in the forms of 1.04 and as the value
// alone in those of 1.05, where the DataSet's Status is to tell it (Part 14, 6.2.4.2).
func AppendField(dst []byte, name string, v *model.DataValue, enc *FieldEncoding, abstract bool) []byte {
	dst = append(appendText(comma(dst), name), ':')
	s := style{form: enc.Form, ns: enc.Namespaces, raw: enc.Form == Verbose && enc.Content&FieldRawData != 0}
	bare := enc.Form.old() && enc.Content&FieldRawData != 0
	switch {
	case bare && v.Status.IsBad():
		return append(dst, "null"...)
	case bare:
		s.form = NonReversible
		return s.inline(dst, v.Value)
	case enc.Content&fieldDataValue != 0:
		return s.fieldDataValue(dst, v, enc, abstract)
	case v.Status.IsBad():
		return s.fieldVariant(dst, model.StatusCodeValue(v.Status), false)
	case v.Status.IsUncertain() && s.form.old():
		return s.uncertain(dst, v)
	}
	return s.fieldVariant(dst, v.Value, abstract)
}

// uncertain appends the DataValue of an Uncertain field in the Variant encoding of 1.04.
func (s style) uncertain(dst []byte, v *model.DataValue) []byte {
	if s.form == Reversible {
		dst = append(dst, `{"Type":23,"Body":`...)
	}
	dst = s.dataValue(dst, model.DataValue{Value: v.Value, Status: v.Status})
	if s.form == Reversible {
		dst = append(dst, '}')
	}
	return dst
}

// fieldVariant appends the Variant of a field; in Verbose it collapses to its value (Part 14, 7.2.5.4.2).
func (s style) fieldVariant(dst []byte, v model.Variant, abstract bool) []byte {
	if s.form != Verbose || abstract {
		return s.variant(dst, v)
	}
	if v.Type() == model.TypeExtensionObject {
		return s.fieldObject(dst, v)
	}
	return s.inline(dst, v)
}

// fieldObject appends the structures of a field without their type; where a body is not JSON they must keep it.
func (s style) fieldObject(dst []byte, v model.Variant) []byte {
	json := v.ExtensionObject().Encoding == model.ExtensionJSON
	if v.IsArray() {
		json = true
		for _, o := range model.Elements[model.ExtensionObject](v) {
			json = json && o.Encoding == model.ExtensionJSON
		}
	}
	s.raw = s.raw || json
	return s.inline(dst, v)
}

// fieldDataValue appends the DataValue of a field.
func (s style) fieldDataValue(dst []byte, v *model.DataValue, enc *FieldEncoding, abstract bool) []byte {
	dst = append(dst, '{')
	switch t := v.Value.Type(); {
	case t == model.TypeNull:
	case s.form.old():
		dst = s.variant(append(dst, `"Value":`...), v.Value)
	case s.form == Verbose && !abstract && t == model.TypeExtensionObject:
		dst = s.fieldObject(append(dst, `"Value":`...), v.Value)
	case s.form == Verbose && (!abstract || s.raw):
		dst = s.variantValue(dst, v.Value)
	default:
		dst = strconv.AppendUint(append(dst, `"UaType":`...), uint64(t), 10)
		dst = s.variantValue(dst, v.Value)
	}
	return append(s.quality(dst, v, enc.Content, &enc.clock), '}')
}
