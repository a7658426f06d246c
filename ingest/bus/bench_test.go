package bus

import (
	"sync"
	"sync/atomic"
	"testing"
)

const benchFrame = 16 << 10

// BenchmarkPublish is the rate of acknowledged frames of 16 KiB into the file store at the default sync interval. The
// stream is purged underneath, as a core that keeps up does.
func BenchmarkPublish(b *testing.B) {
	s, c := newBus(b)
	p, _ := newPublisher(b, c, PublisherConfig{})
	control := connectTo(b, s)
	ctx := b.Context()
	payload := make([]byte, benchFrame)
	var stored atomic.Uint64
	full := make(chan uint64, 1)
	var purger sync.WaitGroup
	purger.Go(func() {
		for upTo := range full {
			if err := control.Purge(ctx, StreamData, upTo); err != nil {
				b.Error(err)
			}
		}
	})
	done := func(error) {
		if n := stored.Add(1); n%10_000 == 0 {
			select {
			case full <- n:
			default:
			}
		}
	}
	b.SetBytes(benchFrame)
	b.ReportAllocs()
	n := uint64(0)
	for b.Loop() {
		if err := p.PublishFrame(ctx, "ua.data.g.gr.w", FrameHeader{ContentType: ContentUADP}, payload, done); err != nil {
			b.Fatal(err)
		}
		n++
	}
	eventually(b, "all stored", func() bool { return stored.Load() == n })
	close(full)
	purger.Wait()
}

// BenchmarkRead is the rate of reading stored frames of 16 KiB, over and over.
func BenchmarkRead(b *testing.B) {
	_, c := newBus(b)
	const stored = 10_000
	fill(b, c, stored, benchFrame)
	ctx := b.Context()
	b.SetBytes(benchFrame)
	b.ReportAllocs()
	var r *FrameReader
	var batch []Frame
	left := 0
	for b.Loop() {
		if left == 0 {
			if r != nil {
				r.Close()
			}
			var err error
			if r, err = c.Frames(ctx, StreamData, 1); err != nil {
				b.Fatal(err)
			}
			batch, left = nil, stored
		}
		if len(batch) == 0 {
			var err error
			if batch, err = r.Next(ctx); err != nil {
				b.Fatal(err)
			}
		}
		batch = batch[1:]
		left--
	}
	r.Close()
}

// BenchmarkRequest is one small command and its reply.
func BenchmarkRequest(b *testing.B) {
	_, c := newBus(b)
	ctx := b.Context()
	s, err := NewService(c, "g", 0, echo)
	if err != nil {
		b.Fatal(err)
	}
	start(b, s.Run)
	eventually(b, "service listens", func() bool {
		_, err := c.Request(ctx, "g", "read", nil)
		return err == nil
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Request(ctx, "g", "read", nil); err != nil {
			b.Fatal(err)
		}
	}
}
