package bus

import (
	"fmt"
	"testing"
)

func TestPendingCountsOwnPartitionsOnly(t *testing.T) {
	_, c := newBus(t)
	ctx := testContext(t)
	const writers, frames = 40, 5
	own := 0
	for i := range writers {
		name := fmt.Sprint("w", i)
		p, err := Partition("g", "line", name)
		if err != nil {
			t.Fatal(err)
		}
		subject, err := Data("g", "line", name)
		if err != nil {
			t.Fatal(err)
		}
		if p == 3 {
			own += frames
		}
		for range frames {
			if _, err := c.js.Publish(ctx, subject, []byte("frame")); err != nil {
				t.Fatal(err)
			}
		}
	}
	if own == 0 || own == writers*frames {
		t.Fatalf("%d of %d frames are in partition 3", own, writers*frames)
	}
	r, err := c.ReadFrames(ctx, StreamData, FramesConfig{Partitions: []int{3}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for left := own; ; {
		n, err := r.Pending(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if n != uint64(left) {
			t.Errorf("%d frames pending, want %d", n, left)
		}
		if left == 0 {
			break
		}
		batch, err := r.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		left -= len(batch)
	}
}
