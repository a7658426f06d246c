package mqttout

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strconv"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
	"github.com/shopfloor-iiot/shopfloor/model/uajson"
)

// fieldsAtATime is how many fields of a DataSetMessage are decoded at least before memory is taken for more.
const fieldsAtATime = 512

// setLayout sets what the writer's JSON looks like, by its mode (Part 14, 7.2.5; the modes are OPC Publisher's).
func (w *writer) setLayout(m *model.DataSetMetaData) {
	w.encoding.Form = uajson.Verbose
	w.encoding.Content = uajson.FieldStatusCode | uajson.FieldSourceTimestamp | uajson.FieldServerTimestamp |
		uajson.FieldSourcePicoSeconds | uajson.FieldServerPicoSeconds
	if m.Types != nil {
		w.encoding.Namespaces = append(model.NamespaceTable{namespaceZero}, w.metadata.Namespaces...)
	}
	w.network = uajson.Header{PublisherID: w.key.Gateway, WriterGroupName: w.key.Group}
	w.content = uajson.DataSetWriterID | uajson.DataSetWriterName | uajson.DataSetMetaDataVersion | uajson.DataSetSequenceNumber |
		uajson.DataSetTimestamp | uajson.DataSetStatus | uajson.DataSetMessageType
	switch w.output.Mode {
	case "", model.OutputPubSub:
		w.network.Content = uajson.ContentNetworkMessageHeader | uajson.ContentDataSetMessageHeader | uajson.ContentPublisherID |
			uajson.ContentWriterGroupName
	case model.OutputDataSetMessages, model.OutputSingleDataSetMessage:
		w.network.Content = uajson.ContentDataSetMessageHeader
		w.content |= uajson.DataSetPublisherID | uajson.DataSetWriterGroupName
	case model.OutputRawDataSets, model.OutputSingleRawDataSet:
		w.encoding.Form, w.encoding.Content = uajson.NonReversible, uajson.FieldRawData
	}
	if w.output.Mode == model.OutputSingleDataSetMessage || w.output.Mode == model.OutputSingleRawDataSet {
		w.network.Content |= uajson.ContentSingleDataSetMessage
	}
	w.content = w.content.WithForm(w.encoding.Form)
	w.fields = make([]fieldType, len(m.Fields))
	for i := range m.Fields {
		f := &m.Fields[i]
		w.fields[i] = fieldType{f.Name, f.BuiltInType, f.BuiltInType == model.TypeVariant || f.ValueRank < -1 || f.ValueRank == 0}
	}
}

// setEvents has fields be values alone: those of an event are Variants, without status and times of their own (Part 14, 7.2.4.5.7).
func (w *writer) setEvents() {
	if !w.raw() {
		w.encoding.Content = 0
	}
}

func (w *writer) single() bool { return w.network.Content.Has(uajson.ContentSingleDataSetMessage) }
func (w *writer) raw() bool    { return w.encoding.Content == uajson.FieldRawData }

// encoder makes messages of frames. It is for one goroutine at a time.
type encoder struct {
	decoder       uadp.Decoder
	fields        []uadp.Field
	numbers       uint64 // of messages
	prefix        string // of their ids, which are unique among the starts of the gateway
	announcements uint16
	sequence      uint64 // of the frame that is being encoded
	first         uint64 // of the oldest frame in the message that is being made
	packed        bytes.Buffer
	gzip          *gzip.Writer
}

func newEncoder(start time.Time) *encoder {
	return &encoder{prefix: strconv.FormatInt(start.UnixMilli(), 36) + "-"}
}

func (e *encoder) messageID() string {
	e.numbers++
	return e.prefix + strconv.FormatUint(e.numbers, 10)
}

// frame makes messages of a frame and gives them to emit, in order. DataSetMessages that are to wait go into the writer's batch.
func (e *encoder) frame(w *writer, sequence uint64, frame []byte, now time.Time, maxMessage int, emit func(*message) error) error {
	e.sequence, e.first = sequence, sequence
	if w.output.Encoding == model.OutputUADP {
		return emit(w.message(w.topic, frame))
	}
	if err := e.decoder.Decode(frame); err != nil {
		return fmt.Errorf("frame of %s: %w", w.key, err)
	}
	for e.decoder.Next() {
		if err := e.readFields(); err != nil {
			return fmt.Errorf("frame of %s: %w", w.key, err)
		}
		var err error
		if w.routes != nil {
			err = e.route(w, emit)
		} else {
			err = e.dataSet(w, now, maxMessage, emit)
		}
		if err != nil {
			return err
		}
	}
	if err := e.decoder.Err(); err != nil {
		return fmt.Errorf("frame of %s: %w", w.key, err)
	}
	if w.output.BatchInterval == 0 {
		return e.flush(w, emit)
	}
	return nil
}

// readFields reads all fields of the current DataSetMessage.
func (e *encoder) readFields() error {
	e.fields = e.fields[:cap(e.fields)]
	n := 0
	for {
		if n == len(e.fields) {
			e.fields = append(e.fields, make([]uadp.Field, max(n, fieldsAtATime))...)
		}
		k := e.decoder.Fields(e.fields[n:])
		if n += k; n < len(e.fields) {
			break
		}
	}
	e.fields = e.fields[:n]
	return e.decoder.Err()
}

// dataSet adds the current DataSetMessage to the writer's batch, and sends that when it is full.
func (e *encoder) dataSet(w *writer, now time.Time, maxMessage int, emit func(*message) error) error {
	if w.raw() && len(e.fields) == 0 {
		return nil // a keep-alive, of which without its header nothing is left
	}
	body, err := e.body(w, e.fields)
	if err != nil {
		return err
	}
	b := &w.batch
	if b.bytes+len(body) > maxMessage && len(b.bodies) > 0 {
		if err := e.flush(w, emit); err != nil {
			return err
		}
	}
	if len(b.bodies) == 0 {
		b.due, b.first = now.Add(w.output.BatchInterval), e.sequence
	}
	b.bodies = append(b.bodies, body)
	b.bytes += len(body)
	if w.single() || w.output.BatchSize > 0 && len(b.bodies) >= w.output.BatchSize {
		return e.flush(w, emit)
	}
	return nil
}

// flush sends the writer's batch, if there is one.
func (e *encoder) flush(w *writer, emit func(*message) error) error {
	bodies := w.batch.bodies
	if len(bodies) == 0 {
		return nil
	}
	e.first = w.batch.first
	w.batch = batch{bodies: bodies[:0]}
	defer func() { e.first = e.sequence }()
	return e.network(w, w.topic, bodies, emit)
}

// route sends each field of the current DataSetMessage to a topic of its own.
func (e *encoder) route(w *writer, emit func(*message) error) error {
	for i := range e.fields {
		body, err := e.body(w, e.fields[i:i+1])
		if err != nil {
			return err
		}
		if err := e.network(w, w.routes[e.fields[i].Index], [][]byte{body}, emit); err != nil {
			return err
		}
	}
	return nil
}

// network sends a NetworkMessage.
func (e *encoder) network(w *writer, topic string, bodies [][]byte, emit func(*message) error) error {
	w.network.MessageID = e.messageID()
	size := 512
	for _, b := range bodies {
		size += len(b) + 1
	}
	payload, err := uajson.AppendNetworkMessage(make([]byte, 0, size), &w.network, bodies)
	if err != nil {
		return fmt.Errorf("message of %s: %w", w.key, err)
	}
	return emit(w.message(topic, e.finish(w, payload)))
}

// body encodes fields of the current DataSetMessage.
func (e *encoder) body(w *writer, fields []uadp.Field) ([]byte, error) {
	from := e.decoder.DataSet()
	to := uajson.DataSetHeader{
		Content: w.content, Kind: kindOf(from.Kind), WriterID: from.WriterID, WriterName: w.key.Writer, PublisherID: w.key.Gateway,
		WriterGroupName: w.key.Group, SequenceNumber: uint32(from.SequenceNumber), Version: from.Version, Timestamp: from.Timestamp,
		Status: from.Status,
	}
	for i := range fields {
		if int(fields[i].Index) >= len(w.fields) {
			return nil, fmt.Errorf("frame of %s: field %d of a data set of %d", w.key, fields[i].Index, len(w.fields))
		}
		// Without a time of its own the DataSetMessage is as new as its newest value.
		if t := fields[i].Value.SourceTimestamp; from.Timestamp.IsZero() && t > to.Timestamp {
			to.Timestamp = t
		}
	}
	if to.Timestamp.IsZero() {
		to.Timestamp = model.DateTimeOf(time.Now())
	}
	if w.routes != nil {
		to.Kind = max(to.Kind, uajson.DeltaFrame) // one field is no key frame
	}
	dst := uajson.AppendDataSetHeader(make([]byte, 0, 256+100*len(fields)), &w.network, &to)
	for i := range fields {
		f, v := &w.fields[fields[i].Index], &fields[i].Value
		dst = uajson.AppendField(dst, f.name, v, &w.encoding, f.varies || v.Value.Type() != f.typ && !v.Value.IsNull())
	}
	return uajson.AppendDataSetEnd(dst, &w.network, &to), nil
}

func kindOf(k uadp.DataSetMessageKind) uajson.DataSetKind {
	switch k {
	case uadp.DeltaFrame:
		return uajson.DeltaFrame
	case uadp.Event:
		return uajson.Event
	case uadp.KeepAlive:
		return uajson.KeepAlive
	}
	return uajson.KeyFrame
}

// finish compresses a payload if the writer wants it so.
func (e *encoder) finish(w *writer, payload []byte) []byte {
	if w.output.Encoding != model.OutputJSONGzip {
		return payload
	}
	e.packed.Reset()
	if e.gzip == nil {
		e.gzip = gzip.NewWriter(&e.packed)
	} else {
		e.gzip.Reset(&e.packed)
	}
	// A bytes.Buffer takes everything.
	_, _ = e.gzip.Write(payload)
	_ = e.gzip.Close()
	return bytes.Clone(e.packed.Bytes())
}
