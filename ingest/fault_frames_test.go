package ingest_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// prepared is a frame that is not sent yet.
type prepared struct {
	writer model.WriterKey
	data   []byte
}

// prepare makes n frames of random writers.
func (l *load) prepare(s *sender, n int) []prepared {
	all := make([]prepared, 0, n)
	for range n {
		w, data := l.next(s, rand.N(faultWriters))
		all = append(all, prepared{w, data})
	}
	return all
}

// TestFramesTwice: what a gateway sends again, within the duplicate window or, with other message ids and numbers, long after it, is
// there once.
func TestFramesTwice(t *testing.T) {
	r := newFaultRig(t)
	r.run()
	s, l := newSender(t, r.connect("sender"), "g1"), newLoad("g1")
	all := l.prepare(s, long(600, 10_000))
	sent := 0
	for i, f := range all {
		h := bus.FrameHeader{ID: fmt.Sprint("once-", i)}
		for range 1 + rand.N(3) { // the stream knows the id
			s.send(f.writer, h, f.data)
			sent++
		}
		if again := all[rand.N(i+1)]; rand.N(3) == 0 { // it does not
			s.send(again.writer, bus.FrameHeader{}, again.data)
			sent++
		}
	}
	s.settle()
	r.drain()
	for _, f := range all { // all of it once more, after it was stored
		s.send(f.writer, bus.FrameHeader{}, f.data)
	}
	s.settle()
	r.drain()
	t.Logf("%d frames sent %d times", len(all), sent+len(all))
	r.audit(l)
}

// TestFramesOutOfOrder: frames come in any order, also those of one writer, whose metadata changes its name in between.
func TestFramesOutOfOrder(t *testing.T) {
	r := newFaultRig(t)
	r.run()
	s, l := newSender(t, r.connect("sender"), "g1"), newLoad("g1")
	all := l.prepare(s, long(600, 10_000))
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for _, f := range all {
		s.send(f.writer, bus.FrameHeader{}, f.data)
	}
	s.settle()
	r.drain()
	r.audit(l)
}

// shiftedSource changes the time at which the stream stored the frames: the clock of its server jumps.
type shiftedSource struct {
	ingest.FrameSource
	shift atomic.Int64
}

func (s *shiftedSource) Open(ctx context.Context, from uint64) (ingest.FrameReader, error) {
	r, err := s.FrameSource.Open(ctx, from)
	return &shiftedReader{r, s}, err
}

type shiftedReader struct {
	ingest.FrameReader
	source *shiftedSource
}

func (r *shiftedReader) Next(ctx context.Context) ([]ingest.Frame, error) {
	frames, err := r.FrameReader.Next(ctx)
	for i := range frames {
		frames[i].Time = frames[i].Time.Add(time.Duration(r.source.shift.Load()))
	}
	return frames, err
}

// TestSourceClockJumps: the clock of a source jumps by hours and years. What the store could not take is counted by its reason; all else
// is stored, of the same writer and of others.
func TestSourceClockJumps(t *testing.T) {
	r := newFaultRig(t)
	r.run()
	s, l := newSender(t, r.connect("sender"), "g1"), newLoad("g1")
	mad := model.WriterKey{Gateway: "g2", Group: "line", Writer: "mad"}
	s.describe(mad, 1, model.TypeDouble)
	const hour, year = time.Hour, 365 * 24 * time.Hour
	now := time.Now().Truncate(time.Millisecond)
	want := map[string]int{}
	var times []int64
	var body, frame []byte
	for i := range 400 {
		w, data := l.next(s, rand.N(faultWriters))
		s.send(w, bus.FrameHeader{}, data)
		jump := []time.Duration{0, -hour, -300 * 24 * hour, hour / 2, 2 * hour, 3 * 24 * hour, 40 * year, -2 * year, -56 * year}[rand.N(9)]
		at, value := now.Add(jump).Add(time.Duration(i)*time.Millisecond), float64(i)
		switch {
		case jump > hour:
			want["future"]++
		case jump < -year:
			want["old"]++
		case rand.N(5) == 0:
			want["nan"]++
			value = math.NaN()
		default:
			times = append(times, at.UnixMilli())
		}
		body, frame = encodeFrame(t, body, mad.Gateway, faultVersion, []sample{{0, at, model.DoubleValue(value)}})
		s.send(mad, bus.FrameHeader{}, frame)
	}
	s.settle()
	r.drain()
	r.audit(l)
	got := r.export(`opcua_value{writer="mad"}`)["mad/v0"].Timestamps
	slices.Sort(got)
	slices.Sort(times)
	if !slices.Equal(got, times) {
		t.Errorf("%d values stored, want %d", len(got), len(times))
	}
	for _, why := range []string{"nan", "future", "old"} {
		line := fmt.Sprintf(`shopfloor_ingest_screened_values_total{gateway="g2",group="line",writer="mad",reason=%q}`, why)
		if n := r.metric(line); n != want[why] {
			t.Errorf("%d values screened because of %s, want %d", n, why, want[why])
		}
	}
	if n, sum := r.metric("shopfloor_ingest_screened_total"), want["nan"]+want["future"]+want["old"]; n != sum {
		t.Errorf("%d values screened in all, want %d", n, sum)
	}
	t.Logf("%d values stored, screened: %v", len(times), want)
}

// TestArrivalClockJumps: the clock by which frames arrive jumps back, so that good samples seem to be ahead. They are counted while that
// lasts, and none when the clock is right again; the checkpoint and its timers do not care.
func TestArrivalClockJumps(t *testing.T) {
	r := newFaultRig(t)
	source := &shiftedSource{}
	r.wrapSource = func(s ingest.FrameSource) ingest.FrameSource {
		source.FrameSource = s
		return source
	}
	r.run()
	s, l := newSender(t, r.connect("sender"), "g1"), newLoad("g1")
	others, screened := newLoad("g2"), 0
	for _, jump := range []time.Duration{30 * 24 * time.Hour, -time.Hour, -20 * 365 * 24 * time.Hour, 3 * 365 * 24 * time.Hour} {
		l.publish(s, frames(100)) // at the right time
		s.settle()
		r.drain()
		source.shift.Store(int64(jump))
		load := l
		if jump < -2*time.Hour || jump > 365*24*time.Hour {
			load = others // nothing of it can be stored
			screened += 100 * valuesOfFrame
		}
		load.publish(s, frames(100))
		s.settle()
		r.drain()
		source.shift.Store(0)
	}
	l.publish(s, frames(100))
	s.settle()
	r.drain()
	r.audit(l)
	if n := r.metric("shopfloor_ingest_screened_total"); n != screened {
		t.Errorf("%d values screened, want %d", n, screened)
	}
	if stored := r.export(`opcua_value{gateway="g2"}`); len(stored) != 0 {
		t.Errorf("%d series of samples that seemed to be decades away", len(stored))
	}
}

// hostile makes a frame that cannot be processed.
func hostile(good []byte, i int) (h bus.FrameHeader, data []byte) {
	data = slices.Clone(good)
	switch i % 6 {
	case 0:
		data = data[:rand.N(len(data))]
	case 1:
		data = nil
	case 2:
		data = make([]byte, 1+rand.N(60_000))
		for i := range data {
			data[i] = byte(rand.Uint32())
		}
		data[0] = 0xFF // version 15
	case 3:
		h.ContentType = "text/html"
	case 4:
		h.ContentType, data = bus.ContentJSON, []byte(`{"MessageId":"1","MessageType":"ua-data","Messages":[{"Payload":`+strings.Repeat("[", 20_000))
	case 5: // a length that is not there
		data = append(data[:len(data)/2], 0xFF, 0xFF, 0xFF, 0x7F)
	}
	return h, data
}

// TestHostileFrames: frames that cannot be processed, between good ones of the same writers, go to the dead letters with their reason and
// hold up nobody.
func TestHostileFrames(t *testing.T) {
	const n = 1000
	r := newFaultRig(t)
	r.run()
	s, l := newSender(t, r.connect("sender"), "g1"), newLoad("g1")
	good, all := l.prepare(s, n), l.prepare(s, n)
	began := time.Now()
	for _, f := range good {
		s.send(f.writer, bus.FrameHeader{}, f.data)
	}
	s.settle()
	r.drain()
	alone := time.Since(began)
	began = time.Now()
	for i, f := range all {
		h, data := hostile(f.data, i)
		s.send(f.writer, h, data)
		s.send(f.writer, bus.FrameHeader{}, f.data)
	}
	s.settle()
	r.drain()
	took := time.Since(began)
	t.Logf("%d good frames took %s, with %d hostile ones between them %s", n, alone.Round(time.Millisecond), n, took.Round(time.Millisecond))
	if each := (took - alone) / n; each > 50*time.Millisecond {
		t.Errorf("a hostile frame holds up those behind it for %s", each)
	}
	r.audit(l)
	letters, err := r.conn.DeadFrames(t.Context(), bus.DeadQuery{Limit: n, MaxData: 16})
	if err != nil || len(letters) != n {
		t.Fatalf("%d dead letters, want %d: %v", len(letters), n, err)
	}
	reasons := map[string]int{}
	for _, d := range letters {
		if d.Gateway != "g1" || d.Reason == "" || d.FrameSequence == 0 {
			t.Fatalf("dead letter of %q, frame %d, with the reason %q", d.Gateway, d.FrameSequence, d.Reason)
		}
		reasons[d.Reason[:min(len(d.Reason), 60)]]++
	}
	if len(reasons) < 4 {
		t.Errorf("few reasons: %v", reasons)
	}
}

// TestFramesOfUnknownVersions: frames of a version without metadata wait for it, all at the same time, and with them the frames of their
// writer alone.
func TestFramesOfUnknownVersions(t *testing.T) {
	const n = 500
	r := newFaultRig(t)
	r.cfg.MetadataWait = 2 * time.Second
	r.run()
	s, l := newSender(t, r.connect("sender"), "g1"), newLoad("g1")
	liar := model.WriterKey{Gateway: "g2", Group: "line", Writer: "liar"}
	s.describe(liar, 1, model.TypeDouble)
	all := l.prepare(s, n)
	began := time.Now()
	var body, frame []byte
	for i, f := range all {
		at := l.start.Add(time.Duration(i) * time.Millisecond)
		for _, v := range []model.ConfigurationVersion{{Major: 9, Minor: uint32(i)}, faultVersion} {
			body, frame = encodeFrame(t, body, liar.Gateway, v, []sample{{0, at, model.DoubleValue(float64(i))}})
			s.send(liar, bus.FrameHeader{}, frame)
		}
		s.send(f.writer, bus.FrameHeader{}, f.data)
	}
	s.settle()
	r.waitFor(r.cfg.MetadataWait, "values of the others", func() bool { return r.core.Live().Statistics().Values >= n*valuesOfFrame })
	others := time.Since(began)
	r.drain()
	took := time.Since(began)
	t.Logf("frames of others took %s, those behind %d of unknown versions %s", others.Round(time.Millisecond), n, took.Round(time.Millisecond))
	if took > n/20*r.cfg.MetadataWait {
		t.Errorf("the writer was held up for %s; each of its frames may wait for %s", took, r.cfg.MetadataWait)
	}
	r.audit(l)
	if got := r.export(`opcua_value{writer="liar"}`)["liar/v0"].Timestamps; len(got) != n {
		t.Errorf("%d values of the writer are stored, want %d", len(got), n)
	}
	if dead := r.core.Live().Statistics().DeadFrames; dead != n {
		t.Errorf("%d dead frames, want %d", dead, n)
	}
}
