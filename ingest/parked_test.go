package ingest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

var sawKey = model.WriterKey{Gateway: "g1", Group: "line", Writer: "saw"}

// sawFrame is a frame of another writer than frameOf's.
func sawFrame(t testing.TB, sequence uint64, version uint32, ms int, v float64) Frame {
	f := frameOf(sequence, deltaFrameOf(t, model.ConfigurationVersion{Major: version, Minor: version}, at(0, model.DoubleValue(v), time.Duration(ms)*time.Millisecond)))
	f.Writer = sawKey.Writer
	return f
}

func (r *rig) unpark(t testing.TB) {
	t.Helper()
	if err := r.core.intake.unpark(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.core.intake.maker.emit(&r.batch)
}

// values are the rows of opcua_value so far, as writer and value.
func (r *rig) values() (got []string) {
	for _, row := range r.batch.rows {
		if name := string(row.Name); strings.HasPrefix(name, metricValue) {
			_, writer, _ := strings.Cut(name, `writer="`)
			writer, _, _ = strings.Cut(writer, `"`)
			got = append(got, writer+" "+time.UnixMilli(row.Time).UTC().Format(".000"))
		}
	}
	return got
}

// TestFramesWaitForMetadata: a frame whose metadata is not there yet waits, with those of its writer behind it, and holds up nobody else.
func TestFramesWaitForMetadata(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble), metadata(sawKey, model.TypeDouble))
	r.cfg.MetadataWait = time.Hour
	core := r.make(t)
	k := &core.intake
	k.read = 4
	r.process(t, frameOf(1, number(t, 1, 1)), sawFrame(t, 2, 2, 2, 1), sawFrame(t, 3, 1, 3, 1), frameOf(4, number(t, 4, 1)))
	if diff := cmp.Diff([]string{"press .001", "press .004"}, r.values()); diff != "" {
		t.Errorf("values while the saw waits (-want +got):\n%s", diff)
	}
	if safe := k.safe(); safe != 1 {
		t.Errorf("frames up to %d are taken as done, want 1", safe)
	}
	m := metadata(sawKey, model.TypeDouble)
	m.Version = model.ConfigurationVersion{Major: 2, Minor: 2}
	r.meta.add(m)
	key := layoutKey{sawKey, m.Version}
	miss := k.layouts.missing[key]
	miss.asked = time.Time{} // time for the next look
	k.layouts.missing[key] = miss
	r.unpark(t)
	if diff := cmp.Diff([]string{"press .001", "press .004", "saw .002", "saw .003"}, r.values()); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if safe := k.safe(); safe != 4 || k.parked.bytes != 0 || len(k.parked.writers) != 0 {
		t.Errorf("frames up to %d are taken as done, want 4; %d bytes still wait", safe, k.parked.bytes)
	}
	if n := len(r.dead.taken()); n != 0 {
		t.Errorf("%d dead frames", n)
	}
}

func TestTooManyFramesWait(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble))
	r.cfg.MetadataWait = time.Hour
	core := r.make(t)
	frame := sawFrame(t, 1, 2, 2, 1)
	for i := range maxParked {
		frame.Sequence = uint64(i + 1)
		r.process(t, frame)
	}
	reasons := r.dead.taken()
	if len(reasons) != maxParked || len(core.intake.parked.frames) != 0 {
		t.Fatalf("%d dead frames, %d waiting; want %d and none", len(reasons), len(core.intake.parked.frames), maxParked)
	}
	if text := reasons[0].Error(); !strings.Contains(text, "version 2.2 of g1/line/saw") {
		t.Errorf("reason %q does not name the version and the writer", text)
	}
	r.process(t, frame) // now it is known not to be there
	if n := len(r.dead.taken()); n != maxParked+1 {
		t.Errorf("%d dead frames, want one more", n)
	}
}
