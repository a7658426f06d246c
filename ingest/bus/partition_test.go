package bus

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fillWriters publishes frames from to to, of 40 writers in turn, and returns when they are stored.
func fillWriters(t testing.TB, c *Conn, from, to uint64, size int) {
	t.Helper()
	p, stop := newPublisher(t, c, PublisherConfig{Gateway: "g 1"})
	defer stop()
	var stored atomic.Uint64
	for i := from; i <= to; i++ {
		subject := dataSubject(t, "g 1", "gr", fmt.Sprint("w", i%40))
		if err := p.PublishFrame(testContext(t), subject, FrameHeader{ContentType: ContentUADP, Number: i}, numbered(i, size), func(error) { stored.Add(1) }); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all stored", func() bool { return stored.Load() == to-from+1 })
}

// readPartitions reads until the reader's position is at the end of the stream.
func readPartitions(t testing.TB, c *Conn, from uint64, partitions ...int) []Frame {
	t.Helper()
	ctx := testContext(t)
	st, err := c.StreamState(ctx, StreamData)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.ReadFrames(ctx, StreamData, FramesConfig{From: from, Partitions: partitions})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var frames []Frame
	for {
		if at, err := r.Position(ctx); err != nil {
			t.Fatal(err)
		} else if at >= st.Last {
			return frames
		}
		short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		batch, err := r.Next(short)
		cancel()
		if err != nil && ctx.Err() != nil {
			t.Fatal(err)
		}
		frames = append(frames, batch...)
	}
}

func TestPartition(t *testing.T) {
	_, c := newBus(t)
	const n = 400
	fillWriters(t, c, 1, n, 64)
	whole := readAll(t, c, StreamData, 1, n)
	checkNumbers(t, whole, 1)
	used := make(map[int]int)
	for _, f := range whole {
		p, err := Partition(f.Gateway, f.Group, f.Writer)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("ua.part.%d.g=201.gr.%s", p, f.Writer); f.Subject != want || f.Gateway != "g 1" || f.Group != "gr" {
			t.Fatalf("frame %+v, want subject %s", f, want)
		}
		used[p]++
	}
	if len(used) < Partitions/2 {
		t.Fatalf("40 writers are in %d partitions", len(used))
	}
	for p := range Partitions {
		if got := len(readPartitions(t, c, 1, p)); got != used[p] {
			t.Fatalf("partition %d gave %d frames, want %d", p, got, used[p])
		}
	}
	if got := readPartitions(t, c, 1, 3, 1, 2, 3); len(got) != used[1]+used[2]+used[3] ||
		!slices.IsSortedFunc(got, func(a, b Frame) int { return int(a.Sequence) - int(b.Sequence) }) {
		t.Fatalf("partitions 1 to 3 gave %d frames, or out of order", len(got))
	}
	for _, bad := range []int{-1, Partitions} {
		if _, err := c.ReadFrames(t.Context(), StreamData, FramesConfig{Partitions: []int{bad}}); err == nil || !strings.Contains(err.Error(), "does not exist") {
			t.Fatalf("partition %d: %v", bad, err)
		}
	}
	if _, err := Partition(strings.Repeat("x", 201), "", ""); err == nil {
		t.Fatal("a name that is too long gave no error")
	}
}

// A reader of some partitions counts no holes that belong to others, and its position does not stand still with them.
func TestPartitionPosition(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	const n = 400
	fillWriters(t, c, 1, n, 64)
	p, err := Partition("g 1", "gr", "w7")
	if err != nil {
		t.Fatal(err)
	}
	idle := (p + 1) % Partitions // may have frames or not
	r, err := c.ReadFrames(ctx, StreamData, FramesConfig{From: 1, Partitions: []int{p}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if at, err := r.Position(ctx); err != nil || at != 0 {
		t.Fatalf("position %d, %v before the first Next: nothing was returned yet", at, err)
	}
	var batch []Frame
	for at := uint64(0); at < n; {
		short, end := context.WithTimeout(ctx, time.Millisecond)
		if frames, err := r.Next(short); err == nil {
			batch = slices.Clone(frames)
		}
		end()
		if at, err = r.Position(ctx); err != nil || at < n && len(batch) > 0 && at < batch[len(batch)-1].Sequence {
			t.Fatalf("position %d, %v", at, err)
		}
	}
	if len(batch) == 0 || batch[len(batch)-1].Sequence == n {
		t.Fatal("the partition holds the last frame: this test needs another writer")
	}
	if r.Missing() != 0 {
		t.Fatalf("%d missing", r.Missing())
	}
	// Purged beyond what was read: an alarm, whoever's frames they were.
	if err := c.Purge(ctx, StreamData, 50); err != nil {
		t.Fatal(err)
	}
	late, err := c.ReadFrames(ctx, StreamData, FramesConfig{From: 31, Partitions: []int{idle}})
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	if late.Missing() != 20 {
		t.Fatalf("%d missing, want 20", late.Missing())
	}
	whole, err := c.Frames(ctx, StreamData, 51)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	if batch, err = whole.Next(ctx); err != nil {
		t.Fatal(err)
	}
	if at, err := whole.Position(ctx); err != nil || at != batch[len(batch)-1].Sequence {
		t.Fatalf("position %d, %v of a whole stream", at, err)
	}
}

func TestPurgePartitions(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	const n = 400
	fillWriters(t, c, 1, n, 64)
	count := func(p int) int { return len(readPartitions(t, c, 1, p)) }
	p, err := Partition("g 1", "gr", "w7")
	if err != nil {
		t.Fatal(err)
	}
	before, other := count(p), count((p+1)%Partitions)
	if err := c.PurgePartitions(ctx, StreamData, []int{p}, 200); err != nil {
		t.Fatal(err)
	}
	if got := count(p); got != before/2 {
		t.Fatalf("%d of %d frames after purging half of the partition", got, before)
	}
	if got := count((p + 1) % Partitions); got != other {
		t.Fatalf("another partition has %d of %d frames", got, other)
	}
	if err := c.PurgePartitions(ctx, StreamData, []int{p}, n+1); err == nil {
		t.Fatal("purge behind the end gave no error")
	}
	if err := c.PurgePartitions(ctx, StreamData, nil, n); err != nil {
		t.Fatal(err)
	}
	if st, err := c.StreamState(ctx, StreamData); err != nil || st.Messages != 0 {
		t.Fatalf("state %+v, %v", st, err)
	}
}

// A stream from before it was divided keeps its frames, and each is read once: of the whole and of the partitions.
func TestPartitionMigration(t *testing.T) {
	s := startServer(t, Config{})
	c := connectTo(t, s)
	ctx := testContext(t)
	cfg := StreamsConfig{MaxBytes: s.MaxStore()}
	cfg.setDefaults()
	old := cfg.streams()[0]
	old.SubjectTransform = nil
	if _, err := c.js.CreateStream(ctx, old); err != nil {
		t.Fatal(err)
	}
	fillWriters(t, c, 1, 300, 64)
	before, err := c.StreamState(ctx, StreamData)
	if err != nil {
		t.Fatal(err)
	}
	// The frames go on coming while the stream is brought to its new form.
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		fillWriters(t, c, 301, 600, 64)
	}()
	if err := EnsureStreams(ctx, c, cfg); err != nil {
		t.Fatal(err)
	}
	<-sent
	fillWriters(t, c, 601, 900, 64)
	after, err := c.StreamState(ctx, StreamData)
	if err != nil || !after.Created.Equal(before.Created) || after.Messages != 900 {
		t.Fatalf("state %+v, %v; before %+v", after, err, before)
	}
	checkNumbers(t, readAll(t, c, StreamData, 1, 900), 1)
	seen := make(map[uint64]int)
	for p := range Partitions {
		for _, f := range readPartitions(t, c, 1, p) {
			seen[f.Number]++
			if f.Gateway != "g 1" || f.Group != "gr" || f.Writer == "" {
				t.Fatalf("frame %+v", f)
			}
		}
	}
	for i := uint64(1); i <= 900; i++ {
		if seen[i] != 1 {
			t.Fatalf("frame %d was read %d times", i, seen[i])
		}
	}
	if err := c.PurgePartitions(ctx, StreamData, []int{0}, 900); err != nil {
		t.Fatal(err)
	}
	if got := readPartitions(t, c, 1, 0); len(got) != 0 {
		t.Fatalf("partition 0 holds %d frames after its purge", len(got))
	}
}

// NextNumber sees frames in either form.
func TestNextNumberOfDividedStream(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	ahead := uint64(time.Now().Add(time.Hour).UnixMicro())
	fillWriters(t, c, ahead, ahead+3, 16)
	if n, err := c.NextNumber(ctx, StreamData, "g 1"); err != nil || n != ahead+4 {
		t.Fatalf("NextNumber = %d, %v; want %d", n, err, ahead+4)
	}
	// As a frame from before the stream was divided.
	st, err := c.js.Stream(ctx, StreamData)
	if err != nil {
		t.Fatal(err)
	}
	cfg := st.CachedInfo().Config
	cfg.SubjectTransform = nil
	if _, err := c.js.UpdateStream(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	fillWriters(t, c, ahead+10, ahead+10, 16)
	cfg.SubjectTransform = partitionTransform()
	if _, err := c.js.UpdateStream(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	if n, err := c.NextNumber(ctx, StreamData, "g 1"); err != nil || n != ahead+11 {
		t.Fatalf("NextNumber = %d, %v; want %d", n, err, ahead+11)
	}
}

// A frame above the stream's bound goes back to its owner and does not hold up what follows.
func TestPublishTooLargeForStream(t *testing.T) {
	s := startServer(t, Config{})
	c := connectTo(t, s)
	ctx := testContext(t)
	if err := EnsureStreams(ctx, c, StreamsConfig{MaxBytes: s.MaxStore(), MaxFrame: minMaxFrame}); err != nil {
		t.Fatal(err)
	}
	p, _ := newPublisher(t, c, PublisherConfig{})
	results := make(chan error, 3)
	for i, size := range []int{100, minMaxFrame, 100} {
		if err := p.PublishFrame(ctx, "ua.data.g.gr.w", FrameHeader{}, numbered(uint64(i+1), size), func(err error) { results <- err }); err != nil {
			t.Fatal(err)
		}
	}
	first, second, third := <-results, <-results, <-results
	if first != nil || second == nil || !strings.Contains(second.Error(), ErrTooLarge.Error()) || third != nil {
		t.Fatalf("done with %v, %v, %v", first, second, third)
	}
	if st := p.Stats(); st.Refused != 1 || st.Stored != 2 {
		t.Fatalf("stats %+v", st)
	}
}
