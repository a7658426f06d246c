package main

import (
	"context"
	"encoding/base64"
	bin "encoding/binary"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// loadEvents is how many events are in a frame of the event writer.
const loadEvents = 3

var (
	eventWriter = model.WriterKey{Gateway: loadGateway, Group: "line", Writer: "alarms"}
	eventFields = []string{"EventId", "EventType", "SourceName", "Time", "Message", "Severity"}
)

// describeEvents stores the metadata of the event writer.
func (l *outsideLoad) describeEvents(ctx context.Context) bool {
	types := make([]model.BuiltInType, len(eventFields))
	for i := range types {
		types[i] = model.TypeVariant
	}
	return l.describe(ctx, eventWriter, types, eventFields)
}

// eventFrame has the next events.
func (l *outsideLoad) eventFrame() []byte {
	frame, err := numberedEvents(l.events*loadEvents, (l.events+1)*loadEvents, l.textStart)
	if err != nil {
		l.t.Error(err)
	}
	return frame
}

// numberedEvents is a frame with the events from <= n < to: number n has the id n and stands n ms after the start.
func numberedEvents(from, to int, start time.Time) ([]byte, error) {
	var ids []uint16
	var bodies [][]byte
	kind := model.NumericID(0, 2130)
	for n := from; n < to; n++ {
		body := uadp.AppendDataSetHeader(nil, &uadp.DataSetHeader{
			Kind: uadp.Event, Encoding: uadp.EncodingVariant, Content: uadp.DataSetMajorVersion | uadp.DataSetMinorVersion, Version: loadVersion,
		}, uint16(len(eventFields)))
		for _, v := range []model.Variant{
			model.ByteStringValue(bin.BigEndian.AppendUint64(nil, uint64(n))), model.NodeIDValue(&kind), model.StringValue("Press"),
			model.DateTimeValue(model.DateTimeOf(start.Add(time.Duration(n) * time.Millisecond))),
			model.LocalizedTextValue(&model.LocalizedText{Locale: "en", Text: word(n)}), model.UInt16Value(uint16(1 + n%1000)),
		} {
			var err error
			if body, err = uadp.AppendField(body, &model.DataValue{Value: v}, uadp.EncodingVariant); err != nil {
				return nil, err
			}
		}
		ids, bodies = append(ids, 8), append(bodies, body)
	}
	h := uadp.Header{Content: uadp.ContentPublisherID | uadp.ContentPayloadHeader, PublisherID: uadp.StringPublisherID(loadGateway)}
	return uadp.AppendNetworkMessage(nil, &h, ids, bodies)
}

// eventsPage is an answer to a query for events.
type eventsPage struct {
	Events struct {
		PageInfo struct {
			HasNextPage bool
			EndCursor   *string
		}
		Edges []struct {
			Cursor string
			Node   struct {
				ID, EventID string
				Time        time.Time
				Message     struct{ Text string }
				Severity    int
			}
		}
	}
}

const eventsQuery = `query($after: String, $first: Int) { events(filter: { writer: "alarms" }, first: $first, after: $after) {
	pageInfo { hasNextPage endCursor } edges { cursor node { id eventId time message { text } severity } } } }`

// auditEvents compares the stored events with what was sent: all, once, newest first, in the stream too.
func (l *outsideLoad) auditEvents(p *process) (f findings, err error) {
	var numbers []int
	for after := (*string)(nil); ; {
		var page eventsPage
		errs, err := p.Query(&page, eventsQuery, map[string]any{"after": after, "first": 500})
		if err != nil || len(errs) > 0 {
			return f, fmt.Errorf("events: %w %v", err, errs)
		}
		for _, e := range page.Events.Edges {
			id, _ := base64.StdEncoding.DecodeString(e.Node.EventID)
			if len(id) != 8 {
				return f, fmt.Errorf("event with the id %q", e.Node.EventID)
			}
			n := int(bin.BigEndian.Uint64(id))
			if len(numbers) > 0 && n >= numbers[len(numbers)-1] {
				return f, fmt.Errorf("event %d behind event %d", n, numbers[len(numbers)-1])
			}
			if e.Node.Message.Text != word(n) || e.Node.Severity != 1+n%1000 || !e.Node.Time.Equal(l.textStart.Add(time.Duration(n)*time.Millisecond)) {
				return f, fmt.Errorf("event %d is %+v", n, e.Node)
			}
			numbers = append(numbers, n)
		}
		if !page.Events.PageInfo.HasNextPage {
			break
		}
		after = page.Events.PageInfo.EndCursor
	}
	f.take(numbers, 0, l.events*loadEvents)
	st, err := l.conn.StreamState(l.t.Context(), bus.StreamEvent)
	if err == nil && st.Messages != uint64(l.events*loadEvents) {
		err = fmt.Errorf("the stream has %d events, %d were sent", st.Messages, l.events*loadEvents)
	}
	return f, err
}
