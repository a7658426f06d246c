package bus

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func newPublisher(t testing.TB, c *Conn, cfg PublisherConfig) (p *Publisher, stop func()) {
	t.Helper()
	if cfg.Gateway == "" {
		cfg.Gateway = "g"
	}
	p, err := NewPublisher(c, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p, start(t, p.Run)
}

func dataSubject(t testing.TB, gateway, group, writer string) string {
	t.Helper()
	s, err := Data(gateway, group, writer)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// numbered is a payload of a size with a number at its head.
func numbered(n uint64, size int) []byte {
	return append(binary.BigEndian.AppendUint64(nil, n), bytes.Repeat([]byte{byte(n)}, size-8)...)
}

// readAll reads n frames from sequence from on.
func readAll(t testing.TB, c *Conn, stream string, from uint64, n int) []Frame {
	t.Helper()
	ctx := testContext(t)
	r, err := c.Frames(ctx, stream, from)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var frames []Frame
	for len(frames) < n {
		batch, err := r.Next(ctx)
		if err != nil {
			t.Fatalf("after %d of %d frames: %v", len(frames), n, err)
		}
		frames = append(frames, batch...)
	}
	return frames
}

// checkNumbers fails unless frames carry the numbers first, first+1 … in their header and payload.
func checkNumbers(t testing.TB, frames []Frame, first uint64) {
	t.Helper()
	for i, f := range frames {
		want := first + uint64(i)
		if f.Number != want {
			t.Fatalf("frame at sequence %d has number %d, want %d", f.Sequence, f.Number, want)
		}
		if n := binary.BigEndian.Uint64(f.Data); n != want {
			t.Fatalf("frame %d holds the payload of %d", want, n)
		}
	}
}

func TestPublishInOrder(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	p, stop := newPublisher(t, c, PublisherConfig{Gateway: "gate way.1", MaxFrames: 64})
	const n = 3000
	var next atomic.Uint64
	for i := uint64(1); i <= n; i++ {
		subject := dataSubject(t, "gate way.1", "g*", fmt.Sprint("w ", i%7))
		err := p.PublishFrame(ctx, subject, FrameHeader{ContentType: ContentUADP}, numbered(i, 64+int(i%5)*300), func(err error) {
			if err != nil || next.Add(1) != i {
				t.Errorf("done of frame %d: %v, in place of %d", i, err, next.Load())
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all frames stored", func() bool { return next.Load() == n })
	frames := readAll(t, c, StreamData, 0, n)
	checkNumbers(t, frames, 1)
	for i, f := range frames {
		if f.Sequence != uint64(i+1) || f.Gateway != "gate way.1" || f.Group != "g*" || f.Writer != fmt.Sprint("w ", (i+1)%7) ||
			f.ContentType != ContentUADP || time.Since(f.Time) > time.Minute || f.Time.After(time.Now().Add(time.Minute)) {
			t.Fatalf("frame %d: %+v", i, f)
		}
	}
	st := p.Stats()
	if st.Stored != n || st.Resent != 0 || st.Errors != 0 || st.Timeouts != 0 || st.Frames != 0 || st.Bytes != 0 {
		t.Fatalf("stats %+v", st)
	}
	if c.Stats() != (Stats{}) {
		t.Fatalf("connection stats %+v", c.Stats())
	}
	stop()
	if err := p.PublishFrame(ctx, "ua.data.a.b.c", FrameHeader{}, nil, nil); !errors.Is(err, ErrClosed) {
		t.Fatalf("after Run: %v, want ErrClosed", err)
	}
}

func TestPublishFrameRefuses(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	p, _ := newPublisher(t, c, PublisherConfig{NextNumber: 100})
	never := func(error) { t.Error("done of a frame that was not taken") }
	if err := p.PublishFrame(ctx, "ua.data.a.b.c", FrameHeader{}, make([]byte, 1<<20), never); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("1 MiB: %v, want ErrTooLarge", err)
	}
	if err := p.PublishFrame(ctx, "ua.data.a.b.c", FrameHeader{Number: 99}, nil, never); !errors.Is(err, ErrOrder) {
		t.Fatalf("number 99: %v, want ErrOrder", err)
	}
	if _, err := NewPublisher(c, PublisherConfig{Gateway: strings.Repeat("x", 201)}); !errors.Is(err, ErrName) {
		t.Fatalf("long gateway: %v, want ErrName", err)
	}
}

// A stream that gets full at changing places, while frames of changing size are under way and room is made at any moment,
// holds the publisher back and gets all frames in order.
func TestStreamFull(t *testing.T) {
	s := startServer(t, Config{MaxStore: minMaxStore})
	c := connectTo(t, s)
	ctx := testContext(t)
	if err := EnsureStreams(ctx, c, StreamsConfig{MaxBytes: minMaxStore}); err != nil {
		t.Fatal(err)
	}
	p, _ := newPublisher(t, connectTo(t, s), PublisherConfig{MaxFrames: 32})
	const n = 2500 // some 60 MB into 20 MB
	var stored atomic.Uint64
	var sender sync.WaitGroup
	sender.Go(func() {
		for i := uint64(1); i <= n; i++ {
			// Small frames behind large ones: those would still fit where the large one did not.
			err := p.PublishFrame(ctx, "ua.data.g.gr.w", FrameHeader{ContentType: ContentJSON}, numbered(i, 100+int(i*7919%48_000)), func(err error) {
				if err == nil {
					stored.Add(1)
				}
			})
			if err != nil {
				t.Errorf("frame %d: %v", i, err)
				return
			}
		}
	})
	defer sender.Wait()
	eventually(t, "stream is full", func() bool { return p.Stats().Full >= 3 && p.Stats().Blocked > 0 })
	if st := p.Stats(); st.Frames != 32 || stored.Load() == n {
		t.Fatalf("not held back: %+v, %d stored", st, stored.Load())
	}
	r, err := c.Frames(ctx, StreamData, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var read uint64
	for read < n {
		batch, err := r.Next(ctx)
		if err != nil {
			t.Fatalf("after %d frames: %v", read, err)
		}
		checkNumbers(t, batch, read+1)
		read = batch[len(batch)-1].Number
		// Purge in small steps, so that the stream is full again at once, many times.
		upTo := batch[len(batch)-1].Sequence
		for _, f := range batch {
			if f.Sequence%10 == 0 || f.Sequence == upTo {
				if err := c.Purge(ctx, StreamData, f.Sequence); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if r.Missing() != 0 {
		t.Fatalf("%d frames missing", r.Missing())
	}
	eventually(t, "all acknowledged", func() bool { return stored.Load() == n })
	t.Logf("%+v", p.Stats())
}

func TestPublishFrameBlocksUntilContextEnds(t *testing.T) {
	_, c := newBus(t)
	p, err := NewPublisher(c, PublisherConfig{Gateway: "g", MaxBytes: 100}) // and nobody runs it
	if err != nil {
		t.Fatal(err)
	}
	var closed error
	if err := p.PublishFrame(t.Context(), "ua.data.g.gr.w", FrameHeader{}, make([]byte, 1000), func(err error) { closed = err }); err != nil {
		t.Fatalf("a single large frame must go alone: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err = p.PublishFrame(ctx, "ua.data.g.gr.w", FrameHeader{}, make([]byte, 1), nil)
	if !errors.Is(err, context.DeadlineExceeded) || p.Stats().Blocked != 1 {
		t.Fatalf("error %v, stats %+v", err, p.Stats())
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := p.Run(ended); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(closed, ErrClosed) {
		t.Fatalf("done(%v), want ErrClosed", closed)
	}
}

// Frames wait while no stream takes them, and come in order when one does.
func TestPublishWithoutStream(t *testing.T) {
	s := startServer(t, Config{})
	c := connectTo(t, s)
	ctx := testContext(t)
	p, _ := newPublisher(t, c, PublisherConfig{MaxFrames: 16})
	const n = 100
	var stored atomic.Uint64
	var sender sync.WaitGroup
	sender.Go(func() {
		for i := uint64(1); i <= n; i++ {
			if err := p.PublishFrame(ctx, "ua.data.g.gr.w", FrameHeader{}, numbered(i, 16), func(error) { stored.Add(1) }); err != nil {
				t.Errorf("frame %d: %v", i, err)
			}
		}
	})
	defer sender.Wait()
	eventually(t, "refusals", func() bool { return p.Stats().Errors > 3 })
	if err := EnsureStreams(ctx, c, StreamsConfig{MaxBytes: s.MaxStore()}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all stored", func() bool { return stored.Load() == n })
	checkNumbers(t, readAll(t, c, StreamData, 1, n), 1)
}

// A gateway that lost its memory of what was acknowledged sends it again: nothing is stored twice, and what follows is.
func TestPublishAgain(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	send := func(from, to uint64) {
		p, stop := newPublisher(t, c, PublisherConfig{Gateway: "g"})
		defer stop()
		var stored atomic.Uint64
		for i := from; i <= to; i++ {
			if err := p.PublishFrame(ctx, "ua.data.g.gr.w", FrameHeader{Number: i}, numbered(i, 16), func(error) { stored.Add(1) }); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, "all stored", func() bool { return stored.Load() == to-from+1 })
	}
	send(1, 100)
	send(41, 200)
	send(150, 180)
	frames := readAll(t, c, StreamData, 1, 200)
	checkNumbers(t, frames, 1)
	if st, err := c.StreamState(ctx, StreamData); err != nil || st.Messages != 200 {
		t.Fatalf("stream holds %d messages, %v; want 200", st.Messages, err)
	}
}

// Nothing is lost, doubled or turned round when the link to the server breaks again and again.
func TestPublishOverBrokenLink(t *testing.T) {
	s := startServer(t, Config{Listen: "127.0.0.1:0", Password: "pw"})
	c := connectTo(t, s)
	ctx := testContext(t)
	if err := EnsureStreams(ctx, c, StreamsConfig{MaxBytes: s.MaxStore()}); err != nil {
		t.Fatal(err)
	}
	far, err := Dial(s.URL(), "far", "pw", s.zlog)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	p, stop := newPublisher(t, far, PublisherConfig{AckWait: 300 * time.Millisecond})
	defer stop()
	const n = 20_000
	var stored, breaks atomic.Uint64
	var sender sync.WaitGroup
	sender.Go(func() {
		for i := uint64(1); i <= n; i++ {
			if err := p.PublishFrame(ctx, "ua.data.g.gr.w", FrameHeader{}, numbered(i, 1000), func(error) { stored.Add(1) }); err != nil {
				t.Errorf("frame %d: %v", i, err)
				return
			}
			if i%4000 == 0 {
				breaks.Add(1)
				if err := s.server.DisconnectClientByID(clientID(t, far)); err != nil {
					t.Errorf("disconnect: %v", err)
				}
			}
		}
	})
	defer sender.Wait()
	eventually(t, "all stored", func() bool { return stored.Load() == n })
	checkNumbers(t, readAll(t, c, StreamData, 1, n), 1)
	if st, err := c.StreamState(ctx, StreamData); err != nil || st.Messages != n {
		t.Fatalf("stream holds %d messages, %v; want %d", st.Messages, err, n)
	}
	if far.Stats().Disconnects == 0 {
		t.Fatal("the link was never broken")
	}
	t.Logf("%d breaks, %+v", breaks.Load(), p.Stats())
}

// clientID waits for a connection to be up and returns its id on the server.
func clientID(t *testing.T, c *Conn) uint64 {
	var id uint64
	eventually(t, "connected", func() bool {
		var err error
		id, err = c.nc.GetClientID()
		return err == nil && c.nc.Status() == nats.CONNECTED
	})
	return id
}

// The server forgets a batch after 10 s without messages, and the publisher begins a new one before that.
func TestPublishAfterIdle(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	p, _ := newPublisher(t, c, PublisherConfig{AckWait: 100 * time.Millisecond})
	var stored atomic.Uint64
	done := func(error) { stored.Add(1) }
	for i := uint64(1); i <= 2; i++ {
		if err := p.PublishFrame(ctx, "ua.data.g.gr.w", FrameHeader{}, numbered(i, 16), done); err != nil {
			t.Fatal(err)
		}
		eventually(t, "stored", func() bool { return stored.Load() == i })
		if i == 1 {
			// batchIdle has to pass on the server's clock, so this is a real wait.
			time.Sleep(batchIdle + 500*time.Millisecond)
		}
	}
	if st := p.Stats(); st.Resent != 0 || st.Errors != 0 || st.Timeouts != 0 {
		t.Fatalf("stats %+v", st)
	}
}

func TestNextNumber(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	now := uint64(time.Now().UnixMicro())
	n, err := c.NextNumber(ctx, StreamData, "g")
	if err != nil || n < now {
		t.Fatalf("NextNumber = %d, %v; want at least %d", n, err, now)
	}
	ahead := uint64(time.Now().Add(time.Hour).UnixMicro()) // as after a clock that was set back
	if _, err := c.js.PublishMsg(ctx, &nats.Msg{Subject: "ua.data.g.gr.w", Header: nats.Header{headerFrameNumber: {fmt.Sprint(ahead)}}}); err != nil {
		t.Fatal(err)
	}
	if n, err := c.NextNumber(ctx, StreamData, "g"); err != nil || n != ahead+1 {
		t.Fatalf("NextNumber = %d, %v; want %d", n, err, ahead+1)
	}
	if n, err := c.NextNumber(ctx, StreamData, "other"); err != nil || n > ahead {
		t.Fatalf("NextNumber of another gateway = %d, %v", n, err)
	}
}

// A stream without fast batches is reported, and gets the frames one by one.
func TestPublishWithoutBatch(t *testing.T) {
	s := startServer(t, Config{})
	c := connectTo(t, s)
	ctx := testContext(t)
	if _, err := c.js.CreateStream(ctx, jetstream.StreamConfig{Name: "OLD", Subjects: []string{"loc.>"}}); err != nil {
		t.Fatal(err)
	}
	p, _ := newPublisher(t, c, PublisherConfig{})
	var stored atomic.Uint64
	for i := uint64(1); i <= 20; i++ {
		if err := p.PublishFrame(ctx, "loc.g.gr.w", FrameHeader{}, numbered(i, 16), func(error) { stored.Add(1) }); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all stored", func() bool { return stored.Load() == 20 })
	checkNumbers(t, readAll(t, c, "OLD", 1, 20), 1)
	if p.Stats().Errors == 0 {
		t.Fatal("no error counted")
	}
}
