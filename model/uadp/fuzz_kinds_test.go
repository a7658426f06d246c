package uadp

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// addKindSeeds adds frames of all kinds.
func addKindSeeds(f *testing.F) {
	add := func(frame []byte, err error) {
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame)
	}
	for _, frame := range goldenFrames(f) {
		f.Add(frame)
	}
	add(AppendAnnouncement(nil, &discoveryHeader, &Announcement{Type: AnnounceDataSetMetaData, WriterID: 5, MetaData: fullMetaData()}))
	add(AppendProbe(nil, &discoveryHeader, &Probe{ProbePublisherInformation, InformDataSetMetaData, []uint16{3}}))
	add(AppendProbe(nil, &discoveryHeader, &Probe{Type: ProbeFindApplications}))
	add(AppendChunk(nil, &chunkedHeader, &Chunk{WriterID: 7, TotalSize: 9, Data: []byte("abc")}))
	add(AppendChunk(nil, &chunkedHeader, &Chunk{Of: KindAnnouncement, TotalSize: 9, Data: []byte("abc")}))
}

// FuzzDecodeAny: frames of all kinds neither panic nor take more memory than they may, and what was read is written again to what reads
// the same.
func FuzzDecodeAny(f *testing.F) {
	addKindSeeds(f)
	f.Fuzz(func(t *testing.T, frame []byte) {
		var d Decoder
		kind, err := d.DecodeAny(frame)
		before := bytes.Clone(frame)
		var again []byte
		var decode func(d *Decoder) (any, error)
		switch {
		case err != nil:
		case kind == KindChunk:
			decode = func(d *Decoder) (any, error) { return d.Chunk() }
			var c Chunk
			if c, err = d.Chunk(); err == nil {
				again, err = AppendChunk(nil, d.Header(), &c)
			}
		case kind == KindAnnouncement:
			decode = func(d *Decoder) (any, error) { return d.Announcement() }
			var a Announcement
			if a, err = d.Announcement(); err == nil {
				again, err = AppendAnnouncement(nil, d.Header(), &a)
			}
		case kind == KindProbe:
			decode = func(d *Decoder) (any, error) { return d.Probe() }
			var p Probe
			if p, err = d.Probe(); err == nil {
				again, err = AppendProbe(nil, d.Header(), &p)
			}
		}
		var place *Error
		if err != nil && (!errors.As(err, &place) || place.Offset > len(frame) || place.Error() == "") {
			t.Fatalf("error without a place in the frame: %v", err)
		}
		if n := heldBytes(&d.r.pool); n > 100*len(frame)+arenaOverhead || !bytes.Equal(before, frame) {
			t.Fatalf("%d bytes held for a frame of %d, or it was written to", n, len(frame))
		}
		if err == nil && again != nil {
			compareAgain(t, frame, again, decode)
		}
	})
}

// compareAgain decodes two frames of the same kind and compares what they say.
func compareAgain(t *testing.T, first, second []byte, decode func(d *Decoder) (any, error)) {
	t.Helper()
	var a, b Decoder
	kind, err := a.DecodeAny(first)
	again, err2 := b.DecodeAny(second)
	if err != nil || err2 != nil || kind != again {
		t.Fatalf("%v, %v; errors %v, %v\n%x\n%x", kind, again, err, err2, first, second)
	}
	x, err := decode(&a)
	y, err2 := decode(&b)
	if diff := cmp.Diff(x, y, equalMetaData, cmp.Comparer(func(a, b []byte) bool { return bytes.Equal(a, b) })); diff != "" || err != nil || err2 != nil {
		t.Fatalf("errors %v, %v, -first +second:\n%s", err, err2, diff)
	}
}

// FuzzOpen: a frame decodes under a group with keys only if it is one of those that were sealed with them, and is never written to.
func FuzzOpen(f *testing.F) {
	key := testKey(PubSubAes128CTR, 1)
	sign := testGroup(f, PubSubAes128CTR, SecuritySign, 7, key)
	encrypt := testGroup(f, PubSubAes128CTR, SecuritySignAndEncrypt, 7, key)
	for _, frame := range goldenFrames(f) {
		f.Add(frame)
		for _, g := range []*KeyGroup{sign, encrypt} {
			sealed, err := g.Seal(nil, frame)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(sealed)
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		before := bytes.Clone(frame)
		var d Decoder
		dst := make([]Field, 5)
		for _, g := range []*KeyGroup{sign, encrypt} {
			d.SetKeys(always(g))
			_, err := d.DecodeAny(frame)
			if (err == nil) && d.Security() < g.Mode() {
				t.Fatalf("%v in a group of %v", d.Security(), g.Mode())
			}
			for d.Next() {
				for d.Fields(dst) == len(dst) {
				}
			}
			if sealed, err := g.Seal(nil, frame); err == nil {
				if _, err := d.DecodeAny(sealed); err != nil && !errors.Is(err, ErrTruncated) {
					t.Fatalf("sealed, and does not open: %v\n%x\n%x", err, frame, sealed)
				}
			}
			if !bytes.Equal(before, frame) {
				t.Fatal("the frame was written to")
			}
		}
	})
}
