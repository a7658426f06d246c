package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uajson"
)

// EventSink keeps events. Its methods are called by one goroutine, that of one Core.
type EventSink interface {
	// AppendEvents takes events and returns, mostly before they are stored; it blocks while too many are on their way. The slice is the
	// caller's again when it returns. An event that was appended before, after a replay of its frame or because its server reports it
	// again, has the same ID and is kept once. After an error all are appended again.
	AppendEvents(ctx context.Context, events []model.Event) error
	// Flush blocks until all that was appended is stored as safely as a frame is. Its errors are those of TextSink.Flush.
	Flush(ctx context.Context) error
}

// uadpEvent reads the fields of a DataSetMessage of kind Event (Part 14, 7.2.4.5.7) into the scratch memory behind the first n fields, and
// makes an event of them. What is wrong with them the decoder tells at the end of the frame.
func (d *frameDecoder) uadpEvent(f *Frame, lay *layout, n int) {
	h := d.uadp.DataSet()
	e := lay.event()
	for {
		d.room(n)
		read := d.uadp.Fields(d.fields[n:])
		for i := range read {
			e.add(uadpFieldName(lay, int(d.fields[n+i].Index)), &d.fields[n+i].Value)
		}
		if n+read < len(d.fields) {
			break
		}
	}
	d.take(f, lay, e, messageTime(h, d.uadp.Header(), f))
}

// uadpFieldName is the name of a field: its place, where no metadata tells more.
func uadpFieldName(lay *layout, index int) string {
	if !lay.bare && index < len(lay.meta.Fields) {
		return lay.meta.Fields[index].Name
	}
	return indexName(index)
}

// jsonEvent is uadpEvent for JSON, also for the "ua-condition" of OPC Publisher, whose fields carry their names.
func (d *frameDecoder) jsonEvent(f *Frame, h *uajson.DataSetHeader, lay *layout, n int) {
	lay.jsonEventTypes()
	d.json.SetTypes(lay.eventTypes)
	e := lay.event()
	scratch := d.room(n)
	for field := (uajson.Field{}); d.json.Field(&field); {
		scratch.Value = field.Value
		e.add(strings.Clone(field.Name), &scratch.Value)
	}
	t := h.Timestamp
	if t.IsZero() {
		t = model.DateTimeOf(f.Time)
	}
	d.take(f, lay, e, t)
}

// standardFields are the types of the fields that every event or condition has (Part 5, 6.4.2; Part 9, 5.5.2). JSON often does not tell.
var standardFields = []model.FieldMetaData{
	{Name: "EventId", BuiltInType: model.TypeByteString},
	{Name: "EventType", BuiltInType: model.TypeNodeID},
	{Name: "SourceNode", BuiltInType: model.TypeNodeID},
	{Name: "SourceName", BuiltInType: model.TypeString},
	{Name: "Time", BuiltInType: model.TypeDateTime},
	{Name: "ReceiveTime", BuiltInType: model.TypeDateTime},
	{Name: "Message", BuiltInType: model.TypeLocalizedText},
	{Name: "Severity", BuiltInType: model.TypeUInt16},
	{Name: "ConditionId", BuiltInType: model.TypeNodeID},
	{Name: "BranchId", BuiltInType: model.TypeNodeID},
	{Name: "Retain", BuiltInType: model.TypeBoolean},
}

// jsonEventTypes makes the types of the fields of events: those of the metadata, and of the standard fields where that leaves them open.
func (l *layout) jsonEventTypes() {
	if l.eventTypes != nil {
		return
	}
	l.eventTypes = &uajson.Types{}
	for i := range l.meta.Fields {
		if f := &l.meta.Fields[i]; f.BuiltInType != model.TypeVariant {
			l.eventTypes.Add(f.Name, jsonType(f))
		}
	}
	for i := range standardFields {
		l.eventTypes.Add(standardFields[i].Name, uajson.FieldType{Type: standardFields[i].BuiltInType, ValueRank: model.ValueRankScalar})
	}
}

// rawEvent is an event in the making.
type rawEvent struct {
	model.Event
	layout *layout
}

// event begins an event of the layout's writer.
func (l *layout) event() *rawEvent {
	if l.namespaces == nil && l.meta.Types != nil {
		l.namespaces = append(model.NamespaceTable{""}, l.meta.Types.Namespaces...)
	}
	m := l.meta
	return &rawEvent{layout: l, Event: model.Event{Gateway: m.Gateway, Group: m.Group, Writer: m.Writer, Server: m.Server}}
}

// add takes a field, whose value is copied.
func (e *rawEvent) add(name string, v *model.DataValue) {
	if e.layout.codec != nil {
		e.layout.unfold(v)
	}
	e.Fields = append(e.Fields, model.EventField{Name: name, Value: cloneValue(v)})
}

// take finishes an event and puts it among those of the frame. published is the time of its DataSetMessage.
func (d *frameDecoder) take(f *Frame, lay *layout, e *rawEvent, published model.DateTime) {
	e.Summarize(lay.namespaces)
	e.Place(published, f.Time)
	e.ID = eventID(&e.Event, f, len(d.events))
	d.events = append(d.events, e.Event)
}

// eventID names an event. One with an EventId has the same name whenever it comes, as long as all its fields are the same: a repeat by the
// gateway, or by the server on a refresh of its conditions. Any other is named by its frame and its place there.
func eventID(e *model.Event, f *Frame, place int) string {
	h := sha256.New()
	var b []byte
	for _, name := range [...]string{e.Gateway, e.Group, e.Writer, e.Server} {
		b = append(append(b, name...), 0)
	}
	if len(e.EventID) == 0 {
		b = binary.AppendVarint(b, f.Time.UnixNano())
		b = binary.AppendUvarint(b, f.Sequence)
		b = binary.AppendUvarint(b, uint64(place))
	}
	for i := range e.Fields {
		v := &e.Fields[i].Value
		b = append(append(b, e.Fields[i].Name...), 0)
		// The timestamps of a DataValue are those of the delivery, not of the event.
		b = binary.AppendUvarint(b, uint64(v.Status))
		value, _ := v.Value.MarshalJSON() // never fails
		b = append(append(b, value...), 0)
	}
	h.Write(b)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}
