package bus

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
)

// fill publishes frames 1 to n and returns when they are stored.
func fill(t testing.TB, c *Conn, n uint64, size int) {
	t.Helper()
	p, stop := newPublisher(t, c, PublisherConfig{})
	defer stop()
	var stored atomic.Uint64
	for i := uint64(1); i <= n; i++ {
		if err := p.PublishFrame(testContext(t), "ua.data.g.gr.w", FrameHeader{ContentType: ContentUADP}, numbered(i, size), func(error) { stored.Add(1) }); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all stored", func() bool { return stored.Load() == n })
}

func TestReadFrom(t *testing.T) {
	_, c := newBus(t)
	fill(t, c, 100, 64)
	checkNumbers(t, readAll(t, c, StreamData, 0, 100), 1)
	checkNumbers(t, readAll(t, c, StreamData, 1, 100), 1)
	checkNumbers(t, readAll(t, c, StreamData, 60, 41), 60)
	checkNumbers(t, readAll(t, c, StreamData, 100, 1), 100)
}

func TestReadWaitsForNewFrames(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	fill(t, c, 3, 64)
	r, err := c.Frames(ctx, StreamData, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	short, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
	defer cancel()
	if batch, err := r.Next(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Next on an empty rest = %d frames, %v", len(batch), err)
	}
	p, _ := newPublisher(t, c, PublisherConfig{Gateway: "h"})
	if err := p.PublishFrame(ctx, "ua.data.h.gr.w", FrameHeader{}, []byte("x"), nil); err != nil {
		t.Fatal(err)
	}
	batch, err := r.Next(ctx)
	if err != nil || len(batch) != 1 || batch[0].Sequence != 4 || batch[0].Gateway != "h" {
		t.Fatalf("Next = %+v, %v", batch, err)
	}
}

func TestReadGap(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	fill(t, c, 50, 64)
	if err := c.Purge(ctx, StreamData, 0); err != nil {
		t.Fatal(err)
	}
	if st, err := c.StreamState(ctx, StreamData); err != nil || st.First != 1 || st.Messages != 50 {
		t.Fatalf("after purging nothing: %+v, %v", st, err)
	}
	if err := c.Purge(ctx, StreamData, 30); err != nil {
		t.Fatal(err)
	}
	r, err := c.Frames(ctx, StreamData, 11)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.Missing() != 20 {
		t.Fatalf("%d missing, want 20", r.Missing())
	}
	batch, err := r.Next(ctx)
	if err != nil || batch[0].Sequence != 31 {
		t.Fatalf("first frame %+v, %v", batch[0], err)
	}
	// All gone: known at once, without a frame to tell it.
	if err := c.Purge(ctx, StreamData, 50); err != nil {
		t.Fatal(err)
	}
	empty, err := c.Frames(ctx, StreamData, 41)
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	if empty.Missing() != 10 {
		t.Fatalf("%d missing, want 10", empty.Missing())
	}
	if st, err := c.StreamState(ctx, StreamData); err != nil || st.First != 51 || st.Last != 50 {
		t.Fatalf("state of the empty stream %+v, %v", st, err)
	}
}

// A frame that vanishes in the middle is counted too.
func TestReadHole(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	fill(t, c, 10, 64)
	st, err := c.js.Stream(ctx, StreamData)
	if err != nil {
		t.Fatal(err)
	}
	if err := st.DeleteMsg(ctx, 5); err != nil {
		t.Fatal(err)
	}
	r, err := c.Frames(ctx, StreamData, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for n := 0; n < 9; {
		batch, err := r.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n += len(batch)
	}
	if r.Missing() != 1 {
		t.Fatalf("%d missing, want 1", r.Missing())
	}
}

func TestReadTailLost(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	fill(t, c, 10, 64)
	var lost *TailLostError
	_, err := c.Frames(ctx, StreamData, 12)
	if !errors.As(err, &lost) || lost.Last != 10 || lost.From != 12 || lost.Stream != StreamData {
		t.Fatalf("error %v, want a TailLostError", err)
	}
	if err := c.Purge(ctx, StreamData, 11); !errors.As(err, &lost) {
		t.Fatalf("purge behind the end: %v, want a TailLostError", err)
	}
	if _, err := c.Frames(ctx, "NONE", 1); err == nil {
		t.Fatal("no error for a stream that does not exist")
	}
}

// A reader that stands still holds a bounded number of bytes, and reads on from there.
func TestReadBounded(t *testing.T) {
	s, c := newBus(t)
	ctx := testContext(t)
	const n, size = 600, 100_000 // 60 MB
	fill(t, c, n, size)
	r, err := connectTo(t, s).Frames(ctx, StreamData, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	held := func() int {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.bytes
	}
	eventually(t, "queue is full", func() bool { return held() >= batchBytes })
	var frames uint64
	for frames < n {
		batch, err := r.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		checkNumbers(t, batch, frames+1)
		frames += uint64(len(batch))
		if got := len(batch) * size; got > batchBytes+size {
			t.Fatalf("batch of %d bytes", got)
		}
	}
	if c.Stats().SlowConsumers != 0 {
		t.Fatalf("slow consumers: %+v", c.Stats())
	}
}

func TestReaderEnds(t *testing.T) {
	s, _ := newBus(t)
	c := connectTo(t, s)
	ctx, cancel := context.WithCancel(testContext(t))
	r, err := c.Frames(ctx, StreamData, 1)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := r.Next(t.Context()); !errors.Is(err, context.Canceled) {
		t.Fatalf("after the end of its context: %v", err)
	}
	r.Close()
	r.Close()
	r, err = c.Frames(t.Context(), StreamData, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c.Close()
	if _, err := r.Next(testContext(t)); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("after the end of its connection: %v", err)
	}
}

func TestReadOverBrokenLink(t *testing.T) {
	s := startServer(t, Config{Listen: "127.0.0.1:0", Password: "pw"})
	c := connectTo(t, s)
	ctx := testContext(t)
	if err := EnsureStreams(ctx, c, StreamsConfig{MaxBytes: s.MaxStore()}); err != nil {
		t.Fatal(err)
	}
	far, err := Dial(s.URL(), "far", "pw", zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	const n = 3000
	fill(t, c, n, 16_000) // 48 MB: more than may wait on the reader's side
	r, err := far.Frames(ctx, StreamData, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var frames uint64
	for broken := false; frames < n; {
		batch, err := r.Next(ctx)
		if err != nil {
			t.Fatalf("after %d frames: %v", frames, err)
		}
		checkNumbers(t, batch, frames+1)
		frames += uint64(len(batch))
		if !broken && frames > n/3 {
			broken = true
			if err := s.server.DisconnectClientByID(clientID(t, far)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if r.Missing() != 0 || far.Stats().Disconnects != 1 {
		t.Fatalf("%d missing, %d disconnects", r.Missing(), far.Stats().Disconnects)
	}
}

func TestRestartKeepsAll(t *testing.T) {
	dir := t.TempDir()
	s := startServer(t, Config{Dir: dir})
	c := connectTo(t, s)
	ctx := testContext(t)
	if err := EnsureStreams(ctx, c, StreamsConfig{MaxBytes: s.MaxStore()}); err != nil {
		t.Fatal(err)
	}
	fill(t, c, 100, 1000)
	if err := c.Purge(ctx, StreamData, 40); err != nil {
		t.Fatal(err)
	}
	before, err := c.StreamState(ctx, StreamData)
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Bucket(ctx, BucketConfiguration)
	if err != nil {
		t.Fatal(err)
	}
	revision, err := b.Create(ctx, Key{"g", "w"}, []byte("v"))
	if err != nil {
		t.Fatal(err)
	}
	shutdown(t, s)

	s = startServer(t, Config{Dir: dir})
	c = connectTo(t, s)
	if err := EnsureStreams(ctx, c, StreamsConfig{MaxBytes: s.MaxStore()}); err != nil {
		t.Fatal(err)
	}
	after, err := c.StreamState(ctx, StreamData)
	if err != nil || !after.Created.Equal(before.Created) || after.First != 41 || after.Last != 100 {
		t.Fatalf("state after the restart %+v, %v; before %+v", after, err, before)
	}
	checkNumbers(t, readAll(t, c, StreamData, 41, 60), 41)
	if b, err = c.Bucket(ctx, BucketConfiguration); err != nil {
		t.Fatal(err)
	}
	if e, err := b.Get(ctx, Key{"g", "w"}); err != nil || e.Revision != revision || string(e.Value) != "v" {
		t.Fatalf("entry %+v, %v", e, err)
	}
}

func TestPublishDead(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	f := Frame{Sequence: 7, Number: 3, Gateway: "g 1", Group: "gr", Writer: "w", ContentType: ContentUADP, Data: []byte{1, 2}}
	for range 2 { // a core that restarts meets the frame again
		if err := c.PublishDead(ctx, f, "no such\r\nversion"); err != nil {
			t.Fatal(err)
		}
	}
	frames := readAll(t, c, StreamDead, 1, 1)
	got := frames[0]
	if len(frames) != 1 || got.Gateway != "g 1" || got.Writer != "w" || got.Number != 3 || got.ContentType != ContentUADP || string(got.Data) != "\x01\x02" {
		t.Fatalf("dead frame %+v", got)
	}
	st, err := c.js.Stream(ctx, StreamDead)
	if err != nil {
		t.Fatal(err)
	}
	m, err := st.GetMsg(ctx, 1)
	if err != nil || m.Header.Get(headerReason) != "no such  version" || m.Header.Get(headerSequence) != "7" {
		t.Fatalf("header %v, %v", m.Header, err)
	}
}

// What others publish past this package stops nobody.
func TestReadForeignMessages(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	for i, subject := range []string{"ua.data.x", "ua.data.a.b.c.d", "ua.data.a.=zz.c"} {
		if _, err := c.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Header: nats.Header{headerFrameNumber: {fmt.Sprint("no number ", i)}}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range readAll(t, c, StreamData, 1, 3) {
		if f.Gateway != "" || f.Group != "" || f.Writer != "" || f.Number != 0 || f.Subject == "" {
			t.Fatalf("frame %+v", f)
		}
	}
}
