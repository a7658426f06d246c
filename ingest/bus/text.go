package bus

import (
	"cmp"
	"container/heap"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// MaxTextValue is the largest value that TextStore takes, encoded, in bytes.
	MaxTextValue = 512 << 10
	// textOnTime is how old a sample may be that goes with those stored in time; older ones go to a subject of their own.
	textOnTime = 10 * time.Minute
	// textMargin is how far the time of a sample that was stored in time may be from the time at which it was stored: a
	// source's clock may be ahead, and a value that was old already may wait in the publisher while the bus is away.
	textMargin = time.Hour
	// suffixLate stands behind the subject of a series for samples that came late.
	suffixLate = ".late"
	// maxTextLimit bounds one answer of Text.
	maxTextLimit = 100_000

	textFrames  = 4096
	textBytes   = 16 << 20
	contentText = "application/json"
)

// TextValue is a value of a series with its full type.
type TextValue struct {
	Series model.SeriesID
	// Time is the time of the sample, milliseconds since 1970.
	Time  int64
	Value model.DataValue
}

// TextStore keeps values that are no numbers in the stream UA_TEXT, one subject a series, and reads them back. The stream has
// limits of age and size: what goes beyond is dropped, oldest first, by design; see StreamMetrics.
//
// Samples that come late (a gateway was offline, a replay) stand in a second subject of the series. So the others need to be
// read only as far as the asked time is, and no sample is too late to be found.
//
// AppendText and Flush are for one goroutine, the other methods for any.
type TextStore struct {
	conn      *Conn
	log       zerolog.Logger
	publisher *Publisher

	onWay onWay

	tooLarge atomic.Uint64
	late     atomic.Uint64
	damaged  atomic.Uint64
	lastLog  time.Time
}

// TextStats are running totals.
type TextStats struct {
	Stored   uint64 // values acknowledged, also those that the stream had already
	TooLarge uint64 // values refused because they are above MaxTextValue
	Late     uint64 // values that came more than 10 minutes after their time
	Damaged  uint64 // values read and passed because they cannot be decoded
	OnWay    int    // values accepted and not yet stored
}

// NewTextStore makes a TextStore. Nothing is stored before Run; Text works without.
func NewTextStore(c *Conn, log zerolog.Logger) (*TextStore, error) {
	p, err := NewPublisher(c, PublisherConfig{Gateway: "text", MaxFrames: textFrames, MaxBytes: textBytes})
	if err != nil {
		return nil, err
	}
	return &TextStore{conn: c, publisher: p, log: log}, nil
}

// Run stores until ctx ends. Its owner calls Flush before. It is called once.
func (s *TextStore) Run(ctx context.Context) error { return s.publisher.Run(ctx) }

// Stats returns the totals. It may be called at any time.
func (s *TextStore) Stats() TextStats {
	p := s.publisher.Stats()
	return TextStats{Stored: p.Stored, TooLarge: s.tooLarge.Load(), Late: s.late.Load(), Damaged: s.damaged.Load(), OnWay: s.onWay.count()}
}

// textMessage is the payload of a message.
type textMessage struct {
	Time int64 `json:"time"`
	// Series is there when the subject has only its hash.
	Series string          `json:"series,omitempty"`
	Value  json.RawMessage `json:"value"`
}

// AppendText takes values and returns, mostly before they are stored; it blocks while 4,096 values or 16 MiB are on their
// way, until ctx ends. The values are the caller's again when it returns. The same sample again within 2 minutes is not
// stored again; beyond that, Text drops the repeat. A value above MaxTextValue is counted, logged and passed: no repeat could
// make it fit.
func (s *TextStore) AppendText(ctx context.Context, values []TextValue) error {
	now := time.Now()
	for i := range values {
		v := &values[i]
		series := v.Series.String()
		payload, err := encodeText(series, v)
		if err != nil {
			return err
		}
		if len(payload) > min(MaxTextValue, s.conn.MaxMessage()) {
			s.refuse(series, len(payload))
			continue
		}
		subject := Text(series)
		if now.Sub(time.UnixMilli(v.Time)) > textOnTime {
			subject += suffixLate
			s.late.Add(1)
		}
		s.onWay.add()
		if err := s.publisher.PublishFrame(ctx, subject, FrameHeader{ContentType: contentText, ID: textID(series, payload)}, payload, s.done); err != nil {
			s.onWay.settle(nil)
			return fmt.Errorf("store value of series %s: %w", series, err)
		}
	}
	return nil
}

func encodeText(series string, v *TextValue) ([]byte, error) {
	value, err := v.Value.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encode value of series %s: %w", series, err)
	}
	b := make([]byte, 0, len(value)+48)
	b = strconv.AppendInt(append(b, `{"time":`...), v.Time, 10)
	if len(series) > maxName {
		name, err := json.Marshal(series)
		if err != nil {
			return nil, fmt.Errorf("encode name of series %s: %w", series, err)
		}
		b = append(append(b, `,"series":`...), name...)
	}
	return append(append(append(b, `,"value":`...), value...), '}'), nil
}

// textID is the same for the same sample only.
func textID(series string, payload []byte) string {
	h := sha256.New()
	h.Write([]byte(series))
	h.Write([]byte{0})
	h.Write(payload)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:18])
}

func (s *TextStore) refuse(series string, size int) {
	s.tooLarge.Add(1)
	if time.Since(s.lastLog) < 10*time.Second {
		return
	}
	s.lastLog = time.Now()
	s.log.Warn().Str("series", series).Int("bytes", size).Int("max_bytes", MaxTextValue).Uint64("refused", s.tooLarge.Load()).
		Msg("value is too large to be stored")
}

// done is called when a value's fate is known.
func (s *TextStore) done(err error) {
	if errors.Is(err, ErrTooLarge) { // by a bound of the stream
		s.tooLarge.Add(1)
		err = nil
	}
	s.onWay.settle(err)
}

// Flush blocks until all that was appended is stored, or ctx ends. After an error some of it may not be: the caller appends
// everything since the last Flush again.
func (s *TextStore) Flush(ctx context.Context) error {
	if err := s.onWay.flush(ctx); err != nil {
		return fmt.Errorf("flush text: %w", err)
	}
	return nil
}

// Text returns the values of a series with from <= Time < to in order of time, at most limit, without repeats. It sees what is
// stored when it is called.
func (s *TextStore) Text(ctx context.Context, id model.SeriesID, from, to time.Time, limit int) ([]TextValue, error) {
	if limit < 1 || limit > maxTextLimit {
		return nil, fmt.Errorf("read text of series %s: limit %d: use 1 to %d", id, limit, maxTextLimit)
	}
	if !from.Before(to) {
		return nil, nil
	}
	subject := Text(id.String())
	a := textAnswer{from: from.UnixMilli(), to: to.UnixMilli(), limit: limit}
	// Nothing is stored before it happened, but for the margin.
	start := from.Add(-textMargin)
	cfg := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &start, FilterSubjects: []string{subject}}
	err := s.conn.scan(ctx, StreamText, cfg, func(m jetstream.Msg, d delivery) bool {
		if oldest := d.time.Add(-textMargin).UnixMilli(); oldest >= a.to || a.full() && oldest > a.newest() {
			return false
		}
		a.add(m.Data())
		return true
	})
	if err == nil {
		cfg.FilterSubjects = []string{subject + suffixLate}
		err = s.conn.scan(ctx, StreamText, cfg, func(m jetstream.Msg, _ delivery) bool {
			a.add(m.Data())
			return true
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read text of series %s: %w", id, err)
	}
	values := a.values(id)
	s.damaged.Add(a.damaged)
	return values, nil
}

// textAnswer collects the oldest values of a span of time, each once.
type textAnswer struct {
	from, to int64
	limit    int
	order    int
	found    textHeap
	known    map[[sha256.Size]byte]bool
	damaged  uint64
}

// add takes a payload, if it is among the oldest.
func (a *textAnswer) add(payload []byte) {
	var m textMessage
	if err := json.Unmarshal(payload, &m); err != nil {
		a.damaged++ // published by another program, past this package
		return
	}
	if m.Time < a.from || m.Time >= a.to || a.full() && m.Time >= a.newest() {
		return
	}
	key := sha256.Sum256(payload)
	if a.known[key] {
		return
	}
	if a.known == nil {
		a.known = make(map[[sha256.Size]byte]bool)
	}
	a.known[key] = true
	a.order++
	heap.Push(&a.found, foundText{m, key, a.order})
	if len(a.found) > a.limit {
		// Should it come again, it is still too new.
		delete(a.known, heap.Pop(&a.found).(foundText).key)
	}
}

func (a *textAnswer) full() bool    { return len(a.found) == a.limit }
func (a *textAnswer) newest() int64 { return a.found[0].Time }

// values decodes what was found. Values of the same time are in the order in which they were stored.
func (a *textAnswer) values(id model.SeriesID) []TextValue {
	slices.SortFunc(a.found, func(x, y foundText) int {
		return cmp.Or(cmp.Compare(x.Time, y.Time), cmp.Compare(x.order, y.order))
	})
	values := make([]TextValue, 0, len(a.found))
	for i := range a.found {
		f := &a.found[i]
		v := TextValue{Series: id, Time: f.Time}
		if err := v.Value.UnmarshalJSON(f.Value); err != nil {
			a.damaged++
			continue
		}
		values = append(values, v)
	}
	return values
}

type foundText struct {
	textMessage
	key   [sha256.Size]byte
	order int
}

// textHeap has the newest value on top.
type textHeap []foundText

func (h textHeap) Len() int { return len(h) }
func (h textHeap) Less(i, j int) bool {
	if h[i].Time != h[j].Time {
		return h[i].Time > h[j].Time
	}
	return h[i].order > h[j].order
}
func (h textHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *textHeap) Push(x any)   { *h = append(*h, x.(foundText)) }
func (h *textHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}
