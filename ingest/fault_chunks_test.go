package ingest

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// TestLostChunksWaitAtTheSameTime: messages that lost a chunk are given up when their own time is over, not one after the other. Otherwise
// a network that loses some of them would keep the checkpoint, and with it all frames of the stream, for the better part of an hour.
func TestLostChunksWaitAtTheSameTime(t *testing.T) {
	const messages = 50
	values := make([]fieldValue, 8)
	for i := range values {
		values[i] = at(0, model.DoubleValue(float64(i)), time.Duration(i)*time.Millisecond)
	}
	first := chunkFrames(t, values...)[0]
	r := newRig(t, metadata(testKey, model.TypeDouble))
	k := &r.make(t).intake
	for i := range messages {
		f := frameOf(uint64(i+1), first)
		f.Gateway = fmt.Sprint("g", i)
		k.read = f.Sequence
		r.process(t, f)
	}
	if n := k.chunks.open(); n != messages {
		t.Fatalf("%d messages wait for chunks, want %d", n, messages)
	}
	if n := k.chunks.giveUp(time.Now()); n != 0 {
		t.Errorf("%d messages are given up at once", n)
	}
	given := 0
	for range 2 { // the second one has nothing left to do
		given += k.chunks.giveUp(time.Now().Add(chunkWait + time.Second))
	}
	if given != messages || k.safe() != messages {
		t.Errorf("%d of %d messages are given up, and frames up to %d are taken as done", given, messages, k.safe())
	}
}
