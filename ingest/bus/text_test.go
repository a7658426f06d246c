package bus

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func newTextStore(t testing.TB, c *Conn) *TextStore {
	t.Helper()
	s, err := NewTextStore(c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	start(t, s.Run)
	return s
}

func textSeries(field string) model.SeriesID {
	return model.SeriesID{Gateway: "g 1", Group: "gr", Writer: "w", Field: field}
}

func textOf(field string, at time.Time, value string) TextValue {
	return TextValue{Series: textSeries(field), Time: at.UnixMilli(), Value: model.DataValue{Value: model.StringValue(value)}}
}

func appendText(t testing.TB, s *TextStore, values ...TextValue) {
	t.Helper()
	ctx := testContext(t)
	if err := s.AppendText(ctx, values); err != nil {
		t.Fatal(err)
	}
	if err := s.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

// readText reads the values of a series as "value value …".
func readText(t testing.TB, s *TextStore, field string, from, to time.Time, limit int) string {
	t.Helper()
	values, err := s.Text(testContext(t), textSeries(field), from, to, limit)
	if err != nil {
		t.Fatal(err)
	}
	var b []string
	for _, v := range values {
		if v.Series != textSeries(field) {
			t.Fatalf("value of series %s", v.Series)
		}
		b = append(b, v.Value.Value.Text())
	}
	return strings.Join(b, " ")
}

func TestText(t *testing.T) {
	_, c := newBus(t)
	s := newTextStore(t, c)
	now := time.Now().Truncate(time.Second)
	at := func(seconds int) time.Time { return now.Add(time.Duration(seconds) * time.Second) }
	// Out of order within what is in time, with others between.
	for i, second := range []int{-10, -30, -20, -5, 0} {
		appendText(t, s, textOf("a", at(second), fmt.Sprint("v", -second)), textOf("b", at(second), fmt.Sprint("other", i)))
	}
	f := func(from, to, limit int, want string) {
		t.Helper()
		if got := readText(t, s, "a", at(from), at(to), limit); got != want {
			t.Fatalf("from %d to %d, at most %d: %q, want %q", from, to, limit, got, want)
		}
	}
	f(-100, 100, 10, "v30 v20 v10 v5 v0")
	f(-30, -5, 10, "v30 v20 v10")
	f(-29, -4, 10, "v20 v10 v5")
	f(-100, 100, 2, "v30 v20")
	f(-100, 100, 1, "v30")
	f(-7, 100, 1, "v5")
	f(1, 100, 10, "")
	f(5, 5, 10, "")
	if got := readText(t, s, "none", at(-100), at(100), 10); got != "" {
		t.Fatalf("a series without values gave %q", got)
	}
	for _, limit := range []int{0, -1, maxTextLimit + 1} {
		if _, err := s.Text(t.Context(), textSeries("a"), at(0), at(1), limit); err == nil {
			t.Fatalf("limit %d gave no error", limit)
		}
	}
	if st := s.Stats(); st.Stored != 10 || st.Late != 0 || st.OnWay != 0 {
		t.Fatalf("stats %+v", st)
	}
}

// Late samples are found wherever they were stored, in their place.
func TestTextLate(t *testing.T) {
	_, c := newBus(t)
	s := newTextStore(t, c)
	now := time.Now()
	week := now.Add(-7 * 24 * time.Hour)
	appendText(t, s, textOf("a", now, "now"))
	appendText(t, s, textOf("a", week.Add(time.Minute), "second"), textOf("a", week, "first"))
	if got := readText(t, s, "a", week, now.Add(time.Second), 10); got != "first second now" {
		t.Fatalf("got %q", got)
	}
	if got := readText(t, s, "a", week, week.Add(time.Second), 10); got != "first" {
		t.Fatalf("got %q", got)
	}
	if got := readText(t, s, "a", week, now.Add(time.Second), 2); got != "first second" {
		t.Fatalf("got %q", got)
	}
	if st := s.Stats(); st.Late != 2 {
		t.Fatalf("stats %+v", st)
	}
}

func TestTextTypes(t *testing.T) {
	_, c := newBus(t)
	s := newTextStore(t, c)
	now := time.Now()
	values := []model.Variant{
		model.Int64Value(math.MinInt64), model.UInt64Value(math.MaxUint64), model.StringValue(""), model.NullStringValue(),
		model.StringValue("Grüße\n\"x\"\x00"), model.ByteStringValue([]byte{0, 255}), model.LocalizedTextValue(&model.LocalizedText{Locale: "de", Text: "Kessel"}),
		model.DoubleValue(0.1 + 0.2),
		{},
		model.NullArrayValue(model.TypeString),
	}
	for i, v := range values {
		d := model.DataValue{Value: v, SourceTimestamp: model.DateTimeOf(now.Add(time.Duration(i) * 100)), Status: 0x80340000}
		appendText(t, s, TextValue{Series: textSeries("a"), Time: now.UnixMilli() + int64(i), Value: d})
		got, err := s.Text(testContext(t), textSeries("a"), time.UnixMilli(now.UnixMilli()+int64(i)), now.Add(time.Minute), 1)
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %v, %v", v, got, err)
		}
		want, _ := d.MarshalJSON()
		back, _ := got[0].Value.MarshalJSON()
		if string(want) != string(back) || got[0].Value.Value.Type() != v.Type() || got[0].Value.SourceTimestamp != d.SourceTimestamp {
			t.Fatalf("got %s, want %s", back, want)
		}
	}
}

// The same sample is kept once: by its message id, and when that is forgotten, by the reader.
func TestTextRepeats(t *testing.T) {
	_, c := newBus(t)
	s := newTextStore(t, c)
	ctx := testContext(t)
	now := time.Now()
	one, two := textOf("a", now, "one"), textOf("a", now, "two") // two values of one millisecond
	appendText(t, s, one, two)
	again := newTextStore(t, c) // a core that restarted
	appendText(t, again, one, two, textOf("a", now.Add(time.Millisecond), "one"))
	if st := again.Stats(); st.Stored != 3 {
		t.Fatalf("stats %+v", st)
	}
	st, err := c.StreamState(ctx, StreamText)
	if err != nil || st.Messages != 3 {
		t.Fatalf("stream %+v, %v", st, err)
	}
	// As when the window of the message ids is over, and the sample is late by then.
	payload, err := encodeText(one.Series.String(), &one)
	if err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "", suffixLate} {
		if _, err := c.js.PublishMsg(ctx, &nats.Msg{Subject: Text(one.Series.String()) + suffix, Data: payload}); err != nil {
			t.Fatal(err)
		}
	}
	if got := readText(t, s, "a", now.Add(-time.Second), now.Add(time.Second), 10); got != "one two one" {
		t.Fatalf("got %q", got)
	}
	if got := readText(t, s, "a", now.Add(-time.Second), now.Add(time.Second), 1); got != "one" {
		t.Fatalf("got %q", got)
	}
}

// What cannot be decoded hides nothing else.
func TestTextDamaged(t *testing.T) {
	_, c := newBus(t)
	s := newTextStore(t, c)
	now := time.Now()
	appendText(t, s, textOf("a", now, "good"))
	for _, payload := range []string{"", "x", fmt.Sprintf(`{"time":%d,"value":{"value":{"type":"None"}}}`, now.UnixMilli())} {
		if _, err := c.js.PublishMsg(testContext(t), &nats.Msg{Subject: Text(textSeries("a").String()), Data: []byte(payload)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := readText(t, s, "a", now.Add(-time.Second), now.Add(time.Second), 10); got != "good" || s.Stats().Damaged != 3 {
		t.Fatalf("got %q, stats %+v", got, s.Stats())
	}
}

func TestTextLongName(t *testing.T) {
	_, c := newBus(t)
	s := newTextStore(t, c)
	now := time.Now()
	x, y := strings.Repeat("ä", 300)+"x", strings.Repeat("ä", 300)+"y"
	appendText(t, s, textOf(x, now, "x"), textOf(y, now, "y"))
	if got := readText(t, s, x, now.Add(-time.Second), now.Add(time.Second), 10); got != "x" {
		t.Fatalf("got %q", got)
	}
	if got := readText(t, s, y, now.Add(-time.Second), now.Add(time.Second), 10); got != "y" {
		t.Fatalf("got %q", got)
	}
}

// A value that is too large is counted, and the others are stored.
func TestTextTooLarge(t *testing.T) {
	_, c := newBus(t)
	s := newTextStore(t, c)
	now := time.Now()
	appendText(t, s, textOf("a", now, "before"), textOf("a", now, strings.Repeat("x", MaxTextValue)), textOf("a", now, "after"))
	if got := readText(t, s, "a", now.Add(-time.Second), now.Add(time.Second), 10); got != "before after" {
		t.Fatalf("got %q", got)
	}
	if st := s.Stats(); st.TooLarge != 1 || st.Stored != 2 {
		t.Fatalf("stats %+v", st)
	}
}

func TestTextFlush(t *testing.T) {
	s := startServer(t, Config{})
	c := connectTo(t, s)
	ctx := testContext(t)
	store := newTextStore(t, c) // and there is no stream
	if err := store.AppendText(ctx, []TextValue{textOf("a", time.Now(), "x")}); err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if err := store.Flush(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("flush without a stream: %v", err)
	}
	if err := EnsureStreams(ctx, c, StreamsConfig{MaxBytes: s.MaxStore()}); err != nil {
		t.Fatal(err)
	}
	if err := store.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if err := store.Flush(ctx); err != nil { // nothing on the way
		t.Fatal(err)
	}
	other, err := NewTextStore(c, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := other.AppendText(ctx, []TextValue{textOf("a", time.Now(), "x")}); err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(ctx)
	end()
	if err := other.Run(ended); err != nil {
		t.Fatal(err)
	}
	if err := other.Flush(ctx); !errors.Is(err, ErrClosed) {
		t.Fatalf("flush of a store that ended: %v, want ErrClosed", err)
	}
}

// BenchmarkTextAppend is the rate of small values into the file store, acknowledged.
func BenchmarkTextAppend(b *testing.B) {
	_, c := newBus(b)
	s := newTextStore(b, c)
	ctx := b.Context()
	values := make([]TextValue, 0, 500)
	now := time.Now()
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		values = append(values, textOf(fmt.Sprint("f", i%200), now.Add(time.Duration(i)*time.Millisecond/200), "state running"))
		if len(values) == cap(values) || i == b.N-1 {
			if err := s.AppendText(ctx, values); err != nil {
				b.Fatal(err)
			}
			values = values[:0]
		}
	}
	if err := s.Flush(ctx); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkTextReplay is the rate of values that the stream has already, as after a crash of the core.
func BenchmarkTextReplay(b *testing.B) {
	_, c := newBus(b)
	ctx := b.Context()
	now := time.Now()
	var values []TextValue
	for i := range 2000 {
		values = append(values, textOf("f", now.Add(time.Duration(i)*time.Millisecond), "state running"))
	}
	s := newTextStore(b, c)
	appendText(b, s, values...)
	b.ResetTimer()
	for i := 0; i < b.N; i += len(values) {
		if err := s.AppendText(ctx, values[:min(len(values), b.N-i)]); err != nil {
			b.Fatal(err)
		}
		if err := s.Flush(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTextRead reads 100 values of one series from a stream of a million values of 1,000 series.
func BenchmarkTextRead(b *testing.B) {
	_, c := newBus(b)
	s := newTextStore(b, c)
	ctx := b.Context()
	now := time.Now()
	for i := range 1000 {
		values := make([]TextValue, 0, 1000)
		for j := range 1000 {
			values = append(values, textOf(fmt.Sprint("f", j), now.Add(time.Duration(i)*time.Millisecond), "state running"))
		}
		if err := s.AppendText(ctx, values); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Flush(ctx); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		values, err := s.Text(ctx, textSeries("f7"), now.Add(900*time.Millisecond), now.Add(time.Hour), 100)
		if err != nil || len(values) != 100 {
			b.Fatal(len(values), err)
		}
	}
}

func FuzzTextAnswer(f *testing.F) {
	f.Add([]byte(`{"time":5,"value":{"value":{"type":"String","value":"x"}}}`))
	f.Add([]byte(`{"time":-1,"series":"g/gr/w/f","value":null}`))
	f.Add([]byte(`{"time":5}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		a := textAnswer{from: -1 << 62, to: 1 << 62, limit: 1}
		a.add(payload)
		a.add(payload)
		if n := len(a.found); n > 1 || len(a.values(model.SeriesID{})) > n || n == 0 && a.damaged != 0 && a.damaged != 2 {
			t.Fatalf("%d found, %d damaged", n, a.damaged)
		}
	})
}
