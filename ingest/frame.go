package ingest

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
	"github.com/shopfloor-iiot/shopfloor/model/uajson"
)

// Why a frame goes to the dead letters, besides the errors of package uadp.
var (
	errContentType = errors.New("content type is neither " + ContentUADP + " nor " + ContentJSON)
	errNoName      = errors.New("the frame's subject names no gateway")
	errFieldIndex  = errors.New("field index is beyond the metadata")
	errEvent       = errors.New("events are not kept here")
)

// frameDecoder takes frames apart. A frame is decoded whole before any of it is used, so that one that breaks in the middle
// leaves no trace. It keeps its memory from frame to frame.
type frameDecoder struct {
	uadp     uadp.Decoder
	json     uajson.Decoder
	fields   []uadp.Field
	messages []message
	repeated map[string]uint64 // by gateway: the largest running number seen
	gateway  string            // of the current frame

	// events are those of the frame, with memory of their own; keepEvents says that they have a place to go to.
	events     []model.Event
	keepEvents bool
}

// setKeys tells by which keys secured frames are read; nil for none.
func (d *frameDecoder) setKeys(keys func(gateway string) *uadp.KeyGroup) {
	if keys != nil {
		d.uadp.SetKeys(func(*uadp.Header) *uadp.KeyGroup { return keys(d.gateway) })
	}
}

// message is one decoded DataSetMessage: the fields up to end, from the end of the one before.
type message struct {
	layout *layout
	end    int
	// time stands in for that of values that have none.
	time model.DateTime
	// key says that it is a key frame: values that did not change are in it as well.
	key bool
}

// errChunk says that a frame is one chunk of a message; see chunks.
var errChunk = errors.New("chunk of a message")

// errDead wraps the reason why a frame cannot be processed.
var errDead = errors.New("frame cannot be processed")

func dead(reason error) error { return fmt.Errorf("%w: %w", errDead, reason) }

// decode fills fields and messages. What they hold is valid until the next call. An error that wraps errDead says that the frame cannot
// be processed, a waitError that it may be later, any other that ctx ended.
func (d *frameDecoder) decode(ctx context.Context, f *Frame, l *layouts) error {
	clear(d.events)
	d.messages, d.events, d.gateway = d.messages[:0], d.events[:0], f.Gateway
	switch {
	case f.Gateway == "":
		return dead(errNoName)
	case f.ContentType == ContentUADP:
		return d.decodeUADP(ctx, f, l)
	case f.ContentType == ContentJSON:
		return d.decodeJSON(ctx, f, l)
	}
	return dead(fmt.Errorf("%w but %q", errContentType, f.ContentType))
}

// decodeUADP is decode for a frame in UADP.
func (d *frameDecoder) decodeUADP(ctx context.Context, f *Frame, l *layouts) error {
	switch err := d.uadp.Decode(f.Data); {
	case errors.Is(err, uadp.ErrUnsupportedChunk):
		return errChunk
	case err != nil:
		return dead(err)
	}
	n := 0
	for d.uadp.Next() {
		h := d.uadp.DataSet()
		if h.Invalid || h.Kind == uadp.KeepAlive {
			continue
		}
		if h.Kind == uadp.Event && !d.keepEvents {
			return dead(errEvent)
		}
		lay, err := uadpLayout(ctx, f, h, l)
		if err != nil {
			return err
		}
		if !lay.bare {
			d.uadp.SetLayout(lay.raw)
		}
		if h.Kind == uadp.Event {
			d.uadpEvent(f, lay, n)
			continue
		}
		start := n
		if n, err = d.uadpFields(n, lay, l); err != nil {
			return err
		}
		if n > start {
			d.messages = append(d.messages, message{layout: lay, end: n, time: messageTime(h, d.uadp.Header(), f), key: h.Kind == uadp.KeyFrame})
		}
	}
	if err := d.uadp.Err(); err != nil {
		return dead(err)
	}
	return nil
}

// uadpLayout finds the layout of a DataSetMessage. Without a version its fields have to tell their types themselves, unless there is
// metadata of the writer.
func uadpLayout(ctx context.Context, f *Frame, h *uadp.DataSetHeader, l *layouts) (*layout, error) {
	writer := f.key()
	if writer.Writer == "" {
		writer.Writer = indexName(int(h.WriterID))
	}
	if writer.Group == "" {
		writer.Group = defaultGroup
	}
	if h.Version == (model.ConfigurationVersion{}) && h.Encoding != uadp.EncodingRawData {
		return l.open(ctx, writer, h.Version)
	}
	return l.find(ctx, writer, h.Version)
}

// uadpFields reads the fields of one DataSetMessage behind the first n and returns how many there are then.
func (d *frameDecoder) uadpFields(n int, lay *layout, l *layouts) (int, error) {
	for {
		d.room(n)
		end := n + d.uadp.Fields(d.fields[n:])
		for ; n < end; n++ {
			field := &d.fields[n]
			switch {
			case lay.bare:
				at, err := l.numbered(lay, field.Index)
				if err != nil {
					return n, err
				}
				field.Index = uint16(at)
			case int(field.Index) >= len(lay.fields):
				return n, dead(fmt.Errorf("%w: %d of %d fields", errFieldIndex, field.Index, len(lay.fields)))
			}
			if lay.codec != nil {
				lay.unfold(&field.Value)
			}
		}
		if n < len(d.fields) {
			return n, nil
		}
	}
}

// room returns the n-th field.
func (d *frameDecoder) room(n int) *uadp.Field {
	if n == len(d.fields) {
		d.fields = append(d.fields, make([]uadp.Field, max(len(d.fields), 64))...)
	}
	return &d.fields[n]
}

// messageTime is the time of a DataSetMessage, else of its NetworkMessage, else that at which the stream stored the frame.
func messageTime(h *uadp.DataSetHeader, nh *uadp.Header, f *Frame) model.DateTime {
	switch {
	case !h.Timestamp.IsZero():
		return h.Timestamp
	case !nh.Timestamp.IsZero():
		return nh.Timestamp
	}
	return model.DateTimeOf(f.Time)
}

// maxGateways bounds the gateways whose running numbers are remembered.
const maxGateways = 1 << 16

// isRepeat tells whether newer frames came before, as far as the gateway says: by its running number this one came already, or it is late. A gateway
// that begins with 1 was set up anew.
func (d *frameDecoder) isRepeat(f *Frame) bool {
	switch {
	case f.Late != 0:
		return true
	case f.Number == 0:
		return false
	}
	last, known := d.repeated[f.Gateway]
	if known && f.Number <= last && f.Number > 1 {
		return true
	}
	if d.repeated == nil || len(d.repeated) >= maxGateways {
		d.repeated = map[string]uint64{}
	}
	d.repeated[f.Gateway] = f.Number
	return false
}
