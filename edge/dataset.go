package edge

import (
	"context"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	// maxFields is what the index of a field can count (Part 14, 7.2.4.5.6).
	maxFields = 1 << 16
	// maxMessages is how many DataSetMessages the payload header of one NetworkMessage can count (Part 14, 7.2.4.4.4).
	maxMessages = 255
	// maxJoined is the largest frame of several DataSetMessages: the payload header counts the bytes of each in 16 bits. A value that
	// does not fit goes into a frame of its own, which needs no such count.
	maxJoined = 60 << 10
)

// dataSet is the open frame of one DataSetWriter: a NetworkMessage of delta frames. A delta frame has each field at most once,
// so the k-th value of a field within the frame goes into the k-th DataSetMessage.
type dataSet struct {
	publisher *Publisher
	writer    model.WriterKey
	sources   []uint64 // see Publisher.sources
	flights   flights
	header    uadp.Header
	message   uadp.DataSetHeader
	keepAlive time.Duration

	mu       sync.Mutex
	counts   []uint8     // values of each field in the open frame
	messages []openDelta // len is how many are in use; the buffers of the rest are kept
	values   int
	bytes    int
	opened   time.Time
	replaced bool
	next     *successor // of a replaced one; nil when the writer was closed
	sent     time.Time  // when the last frame was handed over, or the DataSet was opened
	// ids and bodies are the DataSetMessages of the next NetworkMessage, with their bytes and new values.
	ids                  []uint16
	bodies               [][]byte
	joined, joinedValues int
	alive                []byte     // a keep-alive message
	event                []byte     // the fields of an event
	keys                 *keyFrames // nil for a writer without key frames
}

// openDelta is a DataSetMessage whose number of fields is not final.
type openDelta struct {
	body       []byte
	start, end int // of the fields in body; behind the end is what did not fit
	fields     uint16
	number     uint16
	values     []fieldBytes // where each value is; empty for a writer without key frames
}

func newDataSet(p *Publisher, w *model.DataSetWriter, v model.ConfigurationVersion, fields []model.FieldMetaData) *dataSet {
	d := &dataSet{
		publisher: p,
		writer:    w.Key(),
		sources:   p.sources(fields),
		keepAlive: w.KeepAlive,
		sent:      time.Now(),
		counts:    make([]uint8, len(fields)),
		header: uadp.Header{
			Content: uadp.ContentPublisherID | uadp.ContentGroupHeader | uadp.ContentWriterGroupID | uadp.ContentSequenceNumber |
				uadp.ContentPayloadHeader,
			PublisherID:   uadp.StringPublisherID(w.Gateway),
			WriterGroupID: w.GroupID,
		},
		message: uadp.DataSetHeader{
			WriterID: w.WriterID, Kind: uadp.DeltaFrame, Encoding: uadp.EncodingDataValue,
			Content: uadp.DataSetSequenceNumber | uadp.DataSetMajorVersion | uadp.DataSetMinorVersion,
			Version: v,
		},
	}
	if w.KeyFrameCount > 0 && w.Events == nil {
		d.keys = newKeyFrames(w.KeyFrameCount, len(fields))
	}
	return d
}

// Put implements DataSet.
func (d *dataSet) Put(field int, v *model.DataValue) { d.PutTold(field, v) }

// PutTold implements Telling.
func (d *dataSet) PutTold(field int, v *model.DataValue) model.Fate {
	d.mu.Lock()
	if d.replaced {
		next := d.next
		d.mu.Unlock()
		if !next.put(field, v) {
			d.publisher.dropped.Add(1)
			return model.FateDropped
		}
		return model.FatePublished
	}
	defer d.mu.Unlock()
	if field < 0 || field >= len(d.counts) {
		d.publisher.dropped.Add(1)
		return model.FateDropped
	}
	if d.counts[field] == maxMessages {
		d.close()
	}
	m, size, err := d.append(field, v)
	if err != nil {
		d.publisher.refused.Add(1)
		return model.FateRefused
	}
	if d.bytes+size > maxJoined && d.values > 0 {
		d.close()
		m, size, _ = d.append(field, v) // it was encoded once without an error
	}
	if d.keys != nil {
		m.values = append(m.values, fieldBytes{uint16(field), m.end + indexSize, m.end + size})
	}
	m.end += size
	m.fields++
	d.counts[field]++
	d.values++
	d.bytes += size
	if d.bytes >= d.publisher.cfg.MaxFrameBytes || d.values >= d.publisher.cfg.MaxFrameValues {
		d.close()
	}
	return model.FatePublished
}

// append encodes a value behind the end of the DataSetMessage that it belongs to, and returns the message and the value's size.
func (d *dataSet) append(field int, v *model.DataValue) (m *openDelta, size int, err error) {
	m = d.delta(int(d.counts[field]))
	m.body, err = uadp.AppendDeltaField(m.body[:m.end], uint16(field), v, d.message.Encoding)
	return m, len(m.body) - m.end, err
}

// delta returns the open DataSetMessage for the n-th values of fields, counted from 0.
func (d *dataSet) delta(n int) *openDelta {
	if n < len(d.messages) {
		return &d.messages[n]
	}
	if n == 0 {
		d.opened = time.Now()
	}
	if n < cap(d.messages) {
		d.messages = d.messages[:n+1]
	} else {
		d.messages = append(d.messages, openDelta{})
	}
	m := &d.messages[n]
	d.message.SequenceNumber++
	m.body = uadp.AppendDataSetHeader(m.body[:0], &d.message, 0)
	m.start, m.end, m.fields = len(m.body), len(m.body), 0
	m.number, m.values = d.message.SequenceNumber, m.values[:0]
	d.bytes += m.start
	return m
}

// closeOlder closes the frame if it was opened before t, and sends what is due at now although there are no values: the first key frame when it
// has waited for the last of them for long enough, or a keep-alive when nothing was sent for too long.
func (d *dataSet) closeOlder(t, now time.Time) {
	if !d.mu.TryLock() {
		return // in use: somebody fills it or waits for room, and the next tick comes soon
	}
	defer d.mu.Unlock()
	switch {
	case d.values > 0 && d.opened.Before(t):
		d.close()
	case d.values == 0 && !d.replaced && d.keys != nil && d.keys.waited(now):
		d.sendKeyFrame()
	case d.values == 0 && !d.replaced && d.keepAlive > 0 && now.Sub(d.sent) >= d.keepAlive:
		d.sendKeepAlive()
	}
}

// sendKeepAlive sends a DataSetMessage without fields (Part 14, 7.2.4.5.8). It takes the number that the next one would have had.
func (d *dataSet) sendKeepAlive() {
	h := d.message
	d.message.SequenceNumber++
	h.Kind, h.SequenceNumber, h.Timestamp = uadp.KeepAlive, d.message.SequenceNumber, model.DateTimeOf(time.Now())
	d.alive = uadp.AppendDataSetHeader(d.alive[:0], &h, 0)
	t := d.flights.start()
	d.join(t, d.alive, 0)
	d.handOver(t)
	d.flights.land(t, true)
}

// replace closes the frame for good. What still comes goes to next; nil for nowhere.
func (d *dataSet) replace(next *successor) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.values > 0 {
		d.close()
	}
	d.replaced, d.next, d.messages = true, next, nil
}

// close makes a NetworkMessage of the DataSetMessages, or several where key frames are among them that do not fit into one, and hands it over. It
// is called with d.mu held, so that frames of a writer keep their order, and blocks while the sink does: that is the back-pressure.
func (d *dataSet) close() {
	now := time.Now()
	t := d.flights.start()
	for i := range d.messages {
		m := &d.messages[i]
		if m.fields == 0 {
			d.message.SequenceNumber-- // the last one: its only value did not fit, and it was not sent
			continue
		}
		uadp.PatchFieldCount(m.body, m.start, m.fields)
		body := m.body[:m.end]
		if d.keys != nil {
			body = d.deltaOrKeyFrame(m, body, now)
		}
		values := int(m.fields)
		if d.message.Kind == uadp.Event {
			values = 1
		}
		d.join(t, body, values)
	}
	d.handOver(t)
	d.flights.land(t, true)
	d.messages = d.messages[:0]
	clear(d.counts)
	d.values, d.bytes = 0, 0
}

// join adds a DataSetMessage with that many new values to the next NetworkMessage. What does not fit beside the others is handed over first.
func (d *dataSet) join(t *flight, body []byte, values int) {
	if len(d.bodies) > 0 && d.joined+len(body) > maxJoined {
		d.handOver(t)
	}
	d.ids, d.bodies = append(d.ids, d.message.WriterID), append(d.bodies, body)
	d.joined += len(body)
	d.joinedValues += values
}

// handOver makes a NetworkMessage of what was joined and hands it to the sink, as one of the frames of a flight.
func (d *dataSet) handOver(t *flight) {
	p := d.publisher
	d.sent = time.Now()
	d.header.SequenceNumber++
	f := p.frames.get(p)
	f.flights, f.flight = &d.flights, t
	d.flights.another(t)
	var err error
	if f.data, err = uadp.AppendNetworkMessage(f.data[:0], &d.header, d.ids, d.bodies); err == nil {
		p.pending.Add(1)
		if err = p.sink.PublishFrame(p.handOverContext(), d.writer, f.data, f.done); err != nil {
			f.done(err)
		} else {
			p.handed.Add(1)
			p.values.Add(uint64(d.joinedValues))
			p.bytes.Add(uint64(len(f.data)))
		}
	} else {
		// Only a header that this package made wrong can be refused.
		p.refused.Add(uint64(d.joinedValues))
		p.log.Error().Err(err).Str("writer", d.writer.String()).Msg("frame not encoded")
		d.flights.land(t, true) // it counts as refused, there is nothing to be stored
	}
	d.ids, d.bodies, d.joined, d.joinedValues = d.ids[:0], d.bodies[:0], 0, 0
	if d.keys != nil {
		d.keys.handedOver()
	}
}

// handOverContext is what ends handing over.
func (p *Publisher) handOverContext() context.Context {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ctx
}

// frame is a buffer on its way to the store.
type frame struct {
	data    []byte
	done    func(error)
	flights *flights // of its DataSet
	flight  *flight  // that it is one frame of
}

// framePool keeps the buffers of stored frames for the next ones.
type framePool struct{ pool sync.Pool }

// get returns a frame whose done gives it back.
func (fp *framePool) get(p *Publisher) *frame {
	if f, ok := fp.pool.Get().(*frame); ok {
		return f
	}
	f := &frame{}
	f.done = func(err error) {
		p.pending.Add(-1)
		if err != nil {
			p.unstored.Add(1)
		}
		f.flights.land(f.flight, err == nil)
		f.flights, f.flight = nil, nil
		fp.pool.Put(f)
	}
	return f
}
