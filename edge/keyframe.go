package edge

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	// firstKeyFrameWait is how long the first key frame waits for the values of all fields, from the first value on. The values go out in delta
	// frames until then.
	firstKeyFrameWait = 5 * time.Second
	// maxKeyFrame is the largest key frame in bytes: the bus takes a frame of 1 MiB with its headers.
	maxKeyFrame = 960 << 10
	// idleKeyFrameBytes is how much memory of a value that was longer once may lie idle.
	idleKeyFrameBytes = 1 << 10
	// indexSize is the size of the index before a field of a delta frame.
	indexSize = 2
)

// waitingForValue is a field of a key frame that has no value yet: a DataValue of Bad_WaitingForInitialData alone (Part 6, 5.2.2.17).
var waitingForValue = []byte{0x02, 0x00, 0x00, 0x32, 0x80}

// fieldBytes is where the value of a field is in the body of a DataSetMessage.
type fieldBytes struct {
	field      uint16
	start, end int
}

// keyFrames is what a dataSet sends key frames from (Part 14, 6.2.4.3 and 7.2.4.5.5): the newest value of each field, in the bytes in which it
// went out. It is guarded by the dataSet's mu. Its memory is that of the largest values that the fields had lately, and of one key frame.
type keyFrames struct {
	every   uint32 // one of that many DataSetMessages is a key frame
	since   uint32 // DataSetMessages since the last key frame
	sent    bool   // the first one
	first   time.Time
	newest  [][]byte // by field; empty for no value yet
	missing int
	size    int    // of a key frame's fields
	buf     []byte // the key frames of the NetworkMessage that is being made
	// refused is the size of a key frame that was too large to be sent; 0 when the last one was not. It may be read without mu.
	refused atomic.Int64
}

func newKeyFrames(every uint32, fields int) *keyFrames {
	return &keyFrames{every: every, newest: make([][]byte, fields), missing: fields, size: fields * len(waitingForValue)}
}

// note makes the values of a DataSetMessage the newest ones. It allocates only for values that are longer than those before.
func (k *keyFrames) note(m *openDelta, now time.Time) {
	if k.first.IsZero() {
		k.first = now
	}
	for i := range m.values {
		v := &m.values[i]
		b := k.newest[v.field]
		old := len(b)
		if old == 0 {
			k.missing--
			old = len(waitingForValue)
		}
		n := v.end - v.start
		if cap(b) > 2*n+idleKeyFrameBytes {
			b = nil
		}
		k.newest[v.field] = append(b[:0], m.body[v.start:v.end]...)
		k.size += n - old
	}
}

// due tells whether the DataSetMessage that is about to go out is to be a key frame. The first one waits for missing values.
func (k *keyFrames) due(now time.Time) bool {
	if k.sent {
		return k.since >= k.every
	}
	return k.missing == 0 || now.Sub(k.first) >= firstKeyFrameWait
}

// waited tells whether the first key frame has waited for long enough, though there is no message that it could take the place of.
func (k *keyFrames) waited(now time.Time) bool {
	return !k.sent && !k.first.IsZero() && k.refused.Load() == 0 && k.due(now)
}

// message returns a key frame with the header h, valid until the frame is handed over; nil when it is too large.
func (k *keyFrames) message(h uadp.DataSetHeader) []byte {
	h.Kind = uadp.KeyFrame
	start := len(k.buf)
	k.buf = uadp.AppendDataSetHeader(k.buf, &h, uint16(len(k.newest)))
	if size := len(k.buf) - start + k.size; size > maxKeyFrame {
		k.refused.Store(int64(size))
		k.buf = k.buf[:start]
		return nil
	}
	for _, b := range k.newest {
		if len(b) == 0 {
			b = waitingForValue
		}
		k.buf = append(k.buf, b...)
	}
	k.sent, k.since = true, 0
	k.refused.Store(0)
	return k.buf[start:len(k.buf):len(k.buf)]
}

// handedOver gives the memory of messages back.
func (k *keyFrames) handedOver() { k.buf = k.buf[:0] }

// deltaOrKeyFrame returns a delta frame that is about to go out, or a key frame with the same number in its place.
func (d *dataSet) deltaOrKeyFrame(m *openDelta, delta []byte, now time.Time) []byte {
	k := d.keys
	k.note(m, now)
	k.since++
	if !k.due(now) {
		return delta
	}
	h := d.message
	h.SequenceNumber = m.number
	if key := k.message(h); key != nil {
		return key
	}
	k.since = 0 // the next one is tried in its turn
	return delta
}

// sendKeyFrame sends a key frame that takes the place of no delta frame. The open frame is empty.
func (d *dataSet) sendKeyFrame() bool {
	h := d.message
	h.SequenceNumber++
	key := d.keys.message(h)
	if key == nil {
		return false
	}
	d.message.SequenceNumber++
	t := d.flights.start()
	d.join(t, key, 0)
	d.handOver(t)
	d.flights.land(t, true)
	return true
}

// tooLarge says why key frames are not sent; empty when they are.
func (k *keyFrames) tooLarge() string {
	size := k.refused.Load()
	if size == 0 {
		return ""
	}
	return fmt.Sprintf("a key frame has %d bytes, at most %d can be sent, so its values go out in delta frames: split the writer", size, maxKeyFrame)
}

// keyFrameRetry is how often a writer that is busy is looked at.
const keyFrameRetry = 5 * time.Millisecond

// KeyFrame sends a key frame of a writer now, behind the values that it has so far. It waits while the writer is held up by the store, until ctx
// ends.
func (p *Publisher) KeyFrame(ctx context.Context, w model.WriterKey) model.KeyFrameResult {
	p.mu.Lock()
	d := p.dataSets[w]
	p.mu.Unlock()
	switch {
	case d == nil:
		return model.KeyFrameResult{
			Status: model.StatusBadNotFound, Message: fmt.Sprintf("the gateway does not publish writer %s, or not yet: see its status", w),
		}
	case d.keys == nil:
		return model.KeyFrameResult{
			Status:  model.StatusBadNotSupported,
			Message: fmt.Sprintf("writer %s keeps no values for key frames: set its keyFrameCount, a large one for key frames on demand alone", w),
		}
	}
	for !d.mu.TryLock() {
		select {
		case <-ctx.Done():
			return model.KeyFrameResult{Status: model.StatusBadTimeout, Message: "the writer waits for the store, which takes no frames: see the gateway's buffer"}
		case <-time.After(keyFrameRetry):
		}
	}
	defer d.mu.Unlock()
	return d.keyFrameNow()
}

// keyFrameNow is KeyFrame with d.mu held.
func (d *dataSet) keyFrameNow() model.KeyFrameResult {
	if d.replaced {
		return model.KeyFrameResult{Status: model.StatusBadInvalidState, Message: "the writer is being changed, try again"}
	}
	if d.values > 0 {
		d.close()
	}
	k := d.keys
	if k.missing == len(k.newest) {
		return model.KeyFrameResult{
			Status: model.StatusBadWaitingForInitialData, Message: "no field has a value yet: see the states of the writer's nodes", Missing: k.missing,
		}
	}
	if !d.sendKeyFrame() {
		return model.KeyFrameResult{Status: model.StatusBadEncodingLimitsExceeded, Message: k.tooLarge()}
	}
	return model.KeyFrameResult{Fields: len(k.newest), Missing: k.missing}
}

// sendKeyFrames sends the key frames that a command asks for, of whatever server their writers are.
func (g *Gateway) sendKeyFrames(ctx context.Context, body []byte) ([]byte, error) {
	var cmd model.Command[model.KeyFrameRequest]
	if err := json.Unmarshal(body, &cmd); err != nil {
		return nil, fmt.Errorf("command: %w: %w", model.StatusBadDecodingError, err)
	}
	results := make([]model.KeyFrameResult, len(cmd.Items))
	for i, r := range cmd.Items {
		results[i] = g.publisher.KeyFrame(ctx, model.WriterKey{Gateway: g.cfg.ID, Group: r.Group, Writer: r.Writer})
	}
	return json.Marshal(results)
}

// trouble tells what of a writer the publisher does not do; empty for nothing.
func (p *Publisher) trouble(w model.WriterKey) string {
	p.mu.Lock()
	d := p.dataSets[w]
	p.mu.Unlock()
	if d == nil || d.keys == nil {
		return ""
	}
	return d.keys.tooLarge()
}
