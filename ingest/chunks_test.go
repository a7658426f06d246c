package ingest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// chunkFrames is one DataSetMessage of testKey in chunks.
func chunkFrames(t testing.TB, values ...fieldValue) [][]byte {
	t.Helper()
	body := uadp.AppendDataSetHeader(nil, &uadp.DataSetHeader{
		Kind: uadp.DeltaFrame, Encoding: uadp.EncodingDataValue, Content: uadp.DataSetMajorVersion | uadp.DataSetMinorVersion,
		Version: model.ConfigurationVersion{Major: 1, Minor: 1},
	}, uint16(len(values)))
	var err error
	for _, v := range values {
		if body, err = uadp.AppendDeltaField(body, uint16(v.index), &v.value, uadp.EncodingDataValue); err != nil {
			t.Fatal(err)
		}
	}
	h := uadp.Header{Content: uadp.ContentPublisherID | uadp.ContentPayloadHeader, PublisherID: uadp.StringPublisherID("g1")}
	frames, err := uadp.AppendChunks(nil, &h, uadp.Chunk{Of: uadp.KindData, WriterID: 7, SequenceNumber: 1}, body, 60)
	if err != nil {
		t.Fatal(err)
	}
	if len(frames) < 3 {
		t.Fatalf("%d chunks, want some", len(frames))
	}
	return frames
}

func TestChunks(t *testing.T) {
	const ms = time.Millisecond
	frames := chunkFrames(t, at(0, model.DoubleValue(1), ms), at(0, model.DoubleValue(2), 2*ms), at(0, model.DoubleValue(3), 3*ms), at(0, model.DoubleValue(4), 4*ms), at(0, model.DoubleValue(5), 5*ms))
	r := newRig(t, metadata(testKey, model.TypeDouble))
	core := r.make(t)
	k := &core.intake
	last := len(frames) - 1
	sequence := uint64(0)
	next := func(data []byte) {
		sequence++
		k.read = sequence
		r.process(t, frameOf(sequence, data))
	}
	next(number(t, 100, 100))
	for _, data := range frames[1:] { // the first one comes late, and others between
		next(data)
	}
	next(number(t, 101, 101))
	if safe := k.safe(); safe != 1 {
		t.Errorf("frames up to %d are taken as done, want 1: chunks wait", safe)
	}
	if n := len(r.values()); n != 2 {
		t.Errorf("%d values before the message is whole, want 2", n)
	}
	next(frames[0])
	if diff := cmp.Diff([]string{"press .100", "press .101", "press .001", "press .002", "press .003", "press .004", "press .005"}, r.values()); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if safe := k.safe(); safe != sequence {
		t.Errorf("frames up to %d are taken as done, want %d", safe, sequence)
	}
	if reasons := r.dead.taken(); len(reasons) != 0 {
		t.Errorf("dead frames: %v", reasons)
	}

	// A message whose last chunk never comes is given up.
	for _, data := range frames[:last] {
		next(data)
	}
	now := time.Now()
	if n := k.chunks.giveUp(now); n != 0 || k.safe() == sequence {
		t.Errorf("%d given up at once, safe up to %d", n, k.safe())
	}
	if n := k.chunks.giveUp(now.Add(chunkWait + 1)); n != 1 || k.safe() != sequence {
		t.Errorf("%d given up after the wait, safe up to %d; want 1 and %d", n, k.safe(), sequence)
	}
}

// TestChunksWaitForMetadata: a message that became whole before its metadata is there waits like any other, and with it all its chunks.
func TestChunksWaitForMetadata(t *testing.T) {
	const ms = time.Millisecond
	r := newRig(t)
	r.cfg.MetadataWait = time.Hour
	core := r.make(t)
	k := &core.intake
	for i, data := range chunkFrames(t, at(0, model.DoubleValue(1), ms), at(0, model.DoubleValue(2), 2*ms), at(0, model.DoubleValue(3), 3*ms), at(0, model.DoubleValue(4), 4*ms)) {
		k.read = uint64(i + 5)
		r.process(t, frameOf(k.read, data))
	}
	if safe := k.safe(); safe != 4 {
		t.Errorf("frames up to %d are taken as done, want 4", safe)
	}
	m := metadata(testKey, model.TypeDouble)
	r.meta.add(m)
	miss := k.layouts.missing[layoutKey{testKey, m.Version}]
	miss.asked = time.Time{}
	k.layouts.missing[layoutKey{testKey, m.Version}] = miss
	r.unpark(t)
	if n := len(r.values()); n != 4 || k.safe() != k.read {
		t.Errorf("%d values, safe up to %d; want 4 and %d", n, k.safe(), k.read)
	}
}

func TestSecuredFrames(t *testing.T) {
	keys := make([]byte, uadp.PubSubAes128CTR.KeySize())
	for i := range keys {
		keys[i] = byte(i)
	}
	group, err := uadp.NewKeyGroup("press-line", uadp.PubSubAes128CTR, uadp.SecuritySignAndEncrypt, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := group.Update(uadp.SecurityKeys{FirstTokenID: 1, Keys: [][]byte{keys}}); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, metadata(testKey, model.TypeDouble))
	r.cfg.Keys = func(gateway string) *uadp.KeyGroup {
		if gateway == testKey.Gateway {
			return group
		}
		return nil
	}
	r.make(t)
	sealed, err := group.Seal(nil, number(t, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	changed := append([]byte(nil), sealed...)
	changed[len(changed)-40] ^= 1
	r.process(t, frameOf(1, sealed), frameOf(2, changed), frameOf(3, number(t, 2, 2)))
	if diff := cmp.Diff([]string{"press .001"}, r.values()); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if n := len(r.dead.taken()); n != 2 {
		t.Errorf("dead frames %v, want the one that was changed and the one without security", r.dead.taken())
	}
}
