package bus

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// load is everything that lives on a bus at once: it must all go on after a restart of the server.
type load struct {
	t         *testing.T
	server    *Server
	sent      atomic.Uint64 // frames given to the publisher
	stored    atomic.Uint64 // acknowledged
	read      atomic.Uint64
	stop      func()
	control   *Conn
	publisher *Publisher
	bucket    *Bucket
	revision  atomic.Uint64 // newest one that the watch saw
}

// startLoad publishes frames of a size without an end and reads them, each in order and once.
func startLoad(t *testing.T, s *Server, size int) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(testContext(t))
	l := &load{t: t, server: s, control: connectTo(t, s)}
	p, stopPublisher := newPublisher(t, connectTo(t, s), PublisherConfig{AckWait: 300 * time.Millisecond, MaxFrames: 64})
	l.publisher = p
	r, err := connectTo(t, s).Frames(ctx, StreamData, 1)
	if err != nil {
		t.Fatal(err)
	}
	if l.bucket, err = l.control.Bucket(ctx, BucketConfiguration); err != nil {
		t.Fatal(err)
	}
	watch, err := l.bucket.Watch(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	service, err := NewService(l.control, "g", 0, echo)
	if err != nil {
		t.Fatal(err)
	}
	stopService := start(t, service.Run)
	var parts sync.WaitGroup
	parts.Go(func() {
		pace := time.NewTicker(2 * time.Millisecond) // what is stored is read again at the end
		defer pace.Stop()
		for i := uint64(1); ctx.Err() == nil; i++ {
			if i%20 == 0 {
				<-pace.C
			}
			subject := fmt.Sprint("ua.data.g.gr.w", i%20)
			if err := p.PublishFrame(ctx, subject, FrameHeader{}, numbered(i, size), func(err error) {
				if err == nil {
					l.stored.Add(1)
				}
			}); err == nil {
				l.sent.Store(i)
			}
		}
	})
	parts.Go(func() {
		for {
			batch, err := r.Next(ctx)
			if err != nil {
				if ctx.Err() == nil {
					t.Errorf("read after %d frames: %v", l.read.Load(), err)
				}
				return
			}
			for _, f := range batch {
				if n := l.read.Add(1); f.Number != n {
					t.Errorf("frame %d came in place of %d", f.Number, n)
					return
				}
			}
		}
	})
	parts.Go(func() {
		for e := range watch {
			l.revision.Store(max(l.revision.Load(), e.Revision))
		}
	})
	l.stop = sync.OnceFunc(func() {
		cancel()
		parts.Wait()
		r.Close()
		stopPublisher()
		stopService()
	})
	t.Cleanup(l.stop)
	return l
}

// goesOn waits until everything works: frames are stored and read, the watch sees a change, the service answers.
func (l *load) goesOn(what string) {
	l.t.Helper()
	ctx := testContext(l.t)
	begin := time.Now()
	step := func(name string) { l.t.Logf("%s: %s after %s", what, name, time.Since(begin)) }
	stored := l.stored.Load()
	eventually(l.t, "frames are stored "+what, func() bool { return l.stored.Load() > stored+100 })
	step("publisher")
	stored = l.stored.Load()
	eventually(l.t, "frames are read "+what, func() bool { return l.read.Load() >= stored })
	step("reader")
	eventually(l.t, "service answers "+what, func() bool {
		_, err := l.control.Request(ctx, "g", "read", nil)
		return err == nil
	})
	step("service")
	var revision uint64
	eventually(l.t, "key is written "+what, func() bool {
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		var err error
		revision, err = l.bucket.Put(short, Key{"k"}, []byte(what))
		return err == nil
	})
	eventually(l.t, "watch sees it "+what, func() bool { return l.revision.Load() >= revision })
	step("watch")
}

// audit stops the load and looks that the stream holds each acknowledged frame once.
func (l *load) audit() {
	l.t.Helper()
	l.stop()
	c := connectTo(l.t, l.server)
	st, err := c.StreamState(testContext(l.t), StreamData)
	if err != nil {
		l.t.Fatal(err)
	}
	if st.Messages < l.stored.Load() || st.Messages > l.sent.Load()+1 {
		l.t.Fatalf("the stream holds %d frames, %d were acknowledged, %d sent", st.Messages, l.stored.Load(), l.sent.Load())
	}
	checkNumbers(l.t, readAll(l.t, c, StreamData, 1, int(st.Messages)), 1)
	l.t.Logf("%d frames stored, %d read, %+v", l.stored.Load(), l.read.Load(), c.Stats())
}

// Everything goes on after restarts under load, and no frame is lost, doubled or out of place.
func TestRestartUnderLoad(t *testing.T) {
	s, _ := newBus(t)
	l := startLoad(t, s, 2000)
	l.goesOn("at the begin")
	for i := range 3 {
		begin := time.Now()
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
		down := time.Since(begin)
		l.goesOn(fmt.Sprint("after restart ", i+1))
		t.Logf("restart took %s, all went on after %s", down, time.Since(begin))
	}
	l.audit()
	if got := s.Stats().Restarts; got != 3 {
		t.Fatalf("%d restarts", got)
	}
}

func TestRestartKeepsAddress(t *testing.T) {
	s := startServer(t, Config{Listen: "127.0.0.1:0", Password: "pw"})
	url := s.URL()
	far, err := Dial(url, "far", "pw", s.zlog)
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	if err := s.Restart(); err != nil {
		t.Fatal(err)
	}
	if s.URL() != url {
		t.Fatalf("URL %s after the restart, %s before", s.URL(), url)
	}
	eventually(t, "connected again", func() bool { return far.Stats().Disconnects == 1 && far.nc.Status() == nats.CONNECTED })
}
