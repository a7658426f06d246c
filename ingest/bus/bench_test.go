package bus

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
)

const benchFrame = 16 << 10

// BenchmarkPublish is the rate of acknowledged frames of 16 KiB into the file store at the default sync interval, into the
// stream as it is and without partitions. The stream is purged underneath, as a core that keeps up does.
func BenchmarkPublish(b *testing.B) {
	f := func(b *testing.B, divided bool) {
		s, c := newBus(b)
		if !divided {
			undivide(b, c)
		}
		benchmarkPublish(b, s, c)
	}
	b.Run("partitions", func(b *testing.B) { f(b, true) })
	b.Run("plain", func(b *testing.B) { f(b, false) })
}

// undivide takes the partitions away from the stream.
func undivide(b *testing.B, c *Conn) {
	st, err := c.js.Stream(b.Context(), StreamData)
	if err != nil {
		b.Fatal(err)
	}
	cfg := st.CachedInfo().Config
	cfg.SubjectTransform = nil
	if _, err := c.js.UpdateStream(b.Context(), cfg); err != nil {
		b.Fatal(err)
	}
}

func benchmarkPublish(b *testing.B, s *Server, c *Conn) {
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

// BenchmarkRead is the rate of reading stored frames of 16 KiB of 40 writers, over and over: as a whole by one reader, by one
// reader of many partitions, and by one reader each.
func BenchmarkRead(b *testing.B) {
	_, c := newBus(b)
	const stored = 20_000
	fillWriters(b, c, 1, stored, benchFrame)
	var all, most []int
	for p := range Partitions {
		all = append(all, p)
	}
	most = all[1:]
	count := len(readPartitions(b, c, 1, most...))
	b.Run("whole", func(b *testing.B) { benchmarkRead(b, c, stored, [][]int{nil}) })
	b.Run("filtered", func(b *testing.B) { benchmarkRead(b, c, count, [][]int{most}) })
	b.Run("apart", func(b *testing.B) {
		var sets [][]int
		for _, p := range all {
			sets = append(sets, []int{p})
		}
		benchmarkRead(b, c, stored, sets)
	})
}

// benchmarkRead reads the stored frames again and again, with a reader for each set of partitions.
func benchmarkRead(b *testing.B, c *Conn, stored int, sets [][]int) {
	b.SetBytes(benchFrame)
	b.ReportAllocs()
	for read := 0; read < b.N; read += stored {
		ctx, cancel := context.WithCancel(b.Context())
		var left atomic.Int64
		left.Store(int64(min(stored, b.N-read)))
		open := make([]*FrameReader, len(sets))
		for i, partitions := range sets {
			var err error
			if open[i], err = c.ReadFrames(ctx, StreamData, FramesConfig{Partitions: partitions}); err != nil {
				b.Fatal(err)
			}
		}
		var readers sync.WaitGroup
		for _, r := range open {
			readers.Go(func() {
				defer r.Close()
				for {
					batch, err := r.Next(ctx)
					if ctx.Err() != nil {
						return
					}
					if err != nil {
						b.Error(err)
					}
					if left.Add(-int64(len(batch))) <= 0 {
						cancel()
					}
				}
			})
		}
		readers.Wait()
		cancel()
	}
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
