package opcua

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// updateHead is what all details of updates begin with.
func updateHead(h *historyUpdate) ([]byte, error) { return appendNodeID(nil, h.node) }

// dataDetails encodes UpdateDataDetails (Part 11, 6.9.2) of the values that fit.
func (s *session) dataDetails(ctx context.Context, h *historyUpdate, t variableType) error {
	h.result.Results = make([]model.WriteResult, len(h.item.Values))
	var values []byte
	for i := range h.item.Values {
		v := &h.item.Values[i]
		encoded, status, err := s.coerce(ctx, v.Value, t)
		if err == nil && v.SourceTimestamp.IsZero() {
			status, err = model.StatusBadInvalidTimestamp, fmt.Errorf("the value has no sourceTimestamp")
		}
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			h.result.Results[i] = model.WriteResult{Status: status, Message: err.Error()}
			continue
		}
		values = appendDataValue(values, encoded, v)
		h.sent = append(h.sent, i)
	}
	b, err := updateHead(h)
	b = binary.LittleEndian.AppendUint32(b, uint32(h.item.Perform))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(h.sent)))
	h.details = historyDetails{id.UpdateDataDetails_Encoding_DefaultBinary, append(b, values...)}
	return err
}

// appendDataValue encodes a DataValue (Part 6, 5.2.2.17).
func appendDataValue(b []byte, value encodedVariant, v *model.HistoryValue) []byte {
	mask := byte(ua.DataValueValue | ua.DataValueSourceTimestamp)
	if v.Status != 0 {
		mask |= ua.DataValueStatusCode
	}
	if !v.ServerTimestamp.IsZero() {
		mask |= ua.DataValueServerTimestamp
	}
	b = append(append(b, mask), value...)
	if v.Status != 0 {
		b = binary.LittleEndian.AppendUint32(b, uint32(v.Status))
	}
	b = appendTime(b, v.SourceTimestamp)
	if !v.ServerTimestamp.IsZero() {
		b = appendTime(b, v.ServerTimestamp)
	}
	return b
}

// eventDetails encodes UpdateEventDetails (Part 11, 6.9.4) of the events whose fields fit. known are the types of events that were
// read before; those that it reads are added.
func (s *session) eventDetails(ctx context.Context, h *historyUpdate, known map[model.ExpandedNodeID]*eventType) error {
	c := &eventCompiler{session: s, types: known, filter: &eventFilter{}}
	var types []variableType
	for i := range h.item.Fields {
		o, d, err := c.attribute(ctx, &h.item.Fields[i])
		if err != nil {
			return fmt.Errorf("fields[%d]: %w", i, err)
		}
		o.name = h.item.Fields[i].FieldName()
		c.filter.selects, types = append(c.filter.selects, *o), append(types, d.variableType)
	}
	filter, err := c.filter.encode(s.namespaces, nil)
	if err != nil {
		return err
	}
	encoded, err := ua.Encode(filter.Value)
	if err != nil {
		return fmt.Errorf("encode event filter: %w", err)
	}
	h.result.Results = make([]model.WriteResult, len(h.item.Events))
	var events []byte
	for i, e := range h.item.Events {
		fields, status, err := s.eventFields(ctx, h.item.Fields, types, e)
		if err != nil {
			if ctx.Err() != nil {
				return err
			}
			h.result.Results[i] = model.WriteResult{Status: status, Message: err.Error()}
			continue
		}
		events = append(events, fields...)
		h.sent = append(h.sent, i)
	}
	b, err := updateHead(h)
	b = binary.LittleEndian.AppendUint32(b, uint32(h.item.Perform))
	b = binary.LittleEndian.AppendUint32(append(b, encoded...), uint32(len(h.sent)))
	h.details = historyDetails{id.UpdateEventDetails_Encoding_DefaultBinary, append(b, events...)}
	return err
}

// eventFields encodes a HistoryEventFieldList (Part 11, 6.6.4): a null for what is left out.
func (s *session) eventFields(
	ctx context.Context, fields []model.SelectClause, types []variableType, values []json.RawMessage,
) ([]byte, model.StatusCode, error) {
	if len(values) != len(fields) {
		return nil, model.StatusBadInvalidArgument, fmt.Errorf("%d values for %d fields", len(values), len(fields))
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(values)))
	for i, v := range values {
		if len(v) == 0 || string(v) == "null" {
			b = append(b, 0)
			continue
		}
		encoded, status, err := s.coerce(ctx, v, types[i])
		if err != nil {
			return nil, status, fmt.Errorf("field %s: %w", fields[i].FieldName(), err)
		}
		b = append(b, encoded...)
	}
	return b, 0, nil
}

// deleteDetails encodes the details of the kinds that delete (Part 11, 6.9.5 to 6.9.7).
func (s *session) deleteDetails(h *historyUpdate) error {
	h.result.Results = make([]model.WriteResult, entriesOf(h.item))
	for i := range h.result.Results {
		h.sent = append(h.sent, i)
	}
	b, err := updateHead(h)
	switch h.item.Kind {
	case model.HistoryDeleteRaw:
		b = appendTime(appendTime(appendBool(b, h.item.Modified), h.item.Start), h.item.End)
		h.details = historyDetails{id.DeleteRawModifiedDetails_Encoding_DefaultBinary, b}
	case model.HistoryDeleteAtTimes:
		h.details = historyDetails{id.DeleteAtTimeDetails_Encoding_DefaultBinary, appendTimes(b, h.item.Times)}
	default:
		b = binary.LittleEndian.AppendUint32(b, uint32(len(h.item.EventIDs)))
		for _, e := range h.item.EventIDs {
			b = appendByteString(b, e)
		}
		h.details = historyDetails{id.DeleteEventDetails_Encoding_DefaultBinary, b}
	}
	return err
}
