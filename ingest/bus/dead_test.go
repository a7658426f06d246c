package bus

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats.go"
)

func TestDeadFrames(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	if frames, err := c.DeadFrames(ctx, DeadQuery{Limit: 10}); err != nil || len(frames) != 0 {
		t.Fatalf("empty stream: %v, %v", frames, err)
	}
	const n = 300
	for i := uint64(1); i <= n; i++ {
		writer := "common"
		if i%100 == 50 { // sequences 50, 150, 250
			writer = "rare w"
		}
		f := Frame{Sequence: 1000 + i, Number: 2000 + i, Gateway: fmt.Sprint("g", i%2), Group: "gr", Writer: writer, ContentType: ContentUADP, Data: numbered(i, 64)}
		if err := c.PublishDead(ctx, f, fmt.Sprint("reason ", i)); err != nil {
			t.Fatal(err)
		}
	}
	all, err := c.DeadFrames(ctx, DeadQuery{Limit: 5, MaxData: 8})
	if err != nil || len(all) != 5 {
		t.Fatalf("%d frames, %v", len(all), err)
	}
	for i, f := range all {
		number := n - uint64(i)
		if f.Sequence != number || f.FrameSequence != 1000+number || f.Number != 2000+number || f.Reason != fmt.Sprint("reason ", number) ||
			f.Gateway != fmt.Sprint("g", number%2) || f.Group != "gr" || f.ContentType != ContentUADP || f.Size != 64 || len(f.Data) != 8 || f.Time.IsZero() {
			t.Fatalf("frame %d: %+v", i, f)
		}
	}
	// Pages until the end: each frame once.
	pages := func(q DeadQuery) (sequences []uint64) {
		for {
			page, err := c.DeadFrames(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range page {
				sequences = append(sequences, f.Sequence)
			}
			if len(page) < q.Limit {
				return sequences
			}
			q.Before = page[len(page)-1].Sequence
		}
	}
	got := pages(DeadQuery{Limit: 70})
	if len(got) != n || got[0] != n || got[n-1] != 1 {
		t.Fatalf("%d frames in pages", len(got))
	}
	f := func(q DeadQuery, want string) {
		t.Helper()
		if got := fmt.Sprint(pages(q)); got != want {
			t.Fatalf("%+v: %s, want %s", q, got, want)
		}
	}
	f(DeadQuery{Writer: "rare w", Limit: 2}, "[250 150 50]")
	f(DeadQuery{Writer: "rare w", Limit: 2, Before: 250}, "[150 50]")
	f(DeadQuery{Gateway: "g0", Group: "gr", Writer: "rare w", Limit: 1}, "[250 150 50]")
	f(DeadQuery{Gateway: "g1", Writer: "rare w", Limit: 1}, "[]")
	f(DeadQuery{Group: "other", Limit: 1}, "[]")
	f(DeadQuery{Limit: 3, Before: 3}, "[2 1]")
	f(DeadQuery{Limit: 3, Before: 1}, "[]")
	if err := c.Purge(ctx, StreamDead, 299); err != nil {
		t.Fatal(err)
	}
	f(DeadQuery{Limit: 3}, "[300]")
	for _, q := range []DeadQuery{{}, {Limit: maxDeadLimit + 1}, {Limit: 1, MaxData: -1}} {
		if _, err := c.DeadFrames(ctx, q); err == nil {
			t.Fatalf("%+v gave no error", q)
		}
	}
}

// What another program put into the stream is shown as far as it can be read.
func TestDeadFramesForeign(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	for _, subject := range []string{"ua.dead.a.b.=zz", "ua.dead.a.b.c"} {
		if _, err := c.js.PublishMsg(ctx, &nats.Msg{Subject: subject}); err != nil {
			t.Fatal(err)
		}
	}
	frames, err := c.DeadFrames(ctx, DeadQuery{Limit: 10})
	if err != nil || len(frames) != 2 || frames[0].Writer != "c" || frames[1].Writer != "" || frames[1].FrameSequence != 0 {
		t.Fatalf("%+v, %v", frames, err)
	}
}
