package gateway

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/edge/mqttout"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// logRig is a bus with the platform's streams, and a publisher of gateway g1.
type logRig struct {
	conn *bus.Conn
	cfg  FrameLogConfig
	n    int
	put  func(gateway string, size int)
}

func newLogRig(t *testing.T) *logRig {
	t.Helper()
	s, err := bus.Start(bus.Config{Dir: t.TempDir(), MaxStore: 1 << 30}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := s.Connect("test")
	if err != nil {
		t.Fatal(err)
	}
	// UA_DATA of 5 MB or so.
	if err := bus.EnsureStreams(t.Context(), conn, bus.StreamsConfig{MaxBytes: 512 << 20, Data: bus.StreamLimit{Share: 1}}); err != nil {
		t.Fatal(err)
	}
	p, err := bus.NewPublisher(conn, bus.PublisherConfig{Gateway: "g1"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	r := &logRig{conn: conn, cfg: FrameLogConfig{
		Conn: conn, Stream: bus.StreamData, Gateway: "g1", Dir: filepath.Join(t.TempDir(), "outputs"),
		Brokers: []mqttout.Config{{Name: "a"}, {Name: "b"}}, Versions: Metadata{Conn: conn}.Find,
	}}
	r.put = func(gateway string, size int) {
		t.Helper()
		r.n++
		subject, err := bus.Data(gateway, "g", "w")
		if err != nil {
			t.Fatal(err)
		}
		stored := make(chan error, 1)
		body := fmt.Appendf(make([]byte, 0, size+8), "%d", r.n)
		body = append(body, make([]byte, size)...)
		if err := p.PublishFrame(t.Context(), subject, bus.FrameHeader{ContentType: bus.ContentUADP}, body, func(err error) { stored <- err }); err != nil {
			t.Fatal(err)
		}
		if err := <-stored; err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func (r *logRig) open(t *testing.T) *FrameLog {
	t.Helper()
	l, err := OpenFrameLog(t.Context(), r.cfg)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// read returns n frames behind a sequence.
func read(t *testing.T, l *FrameLog, output string, after uint64, n int) (frames []edge.LogFrame, missed uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	reader, err := l.Read(ctx, output, after)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for len(frames) < n {
		next, err := reader.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, next...)
	}
	return frames, reader.Missed()
}

// Each output goes on where it was, over restarts of the process; frames of other gateways are passed over.
func TestFrameLogKeepsPositions(t *testing.T) {
	r := newLogRig(t)
	for range 5 {
		r.put("g1", 10)
	}
	r.put("g2", 10)
	l := r.open(t)
	frames, _ := read(t, l, "a", 0, 6)
	if frames[0].Sequence != 1 || string(frames[0].Data[:1]) != "1" || frames[0].Writer != (model.WriterKey{Gateway: "g1", Group: "g", Writer: "w"}) {
		t.Errorf("first frame %+v", frames[0])
	}
	if frames[5].Sequence != 6 || len(frames[5].Data) > 0 {
		t.Errorf("a frame of another gateway: %+v", frames[5])
	}
	if err := l.Pass(t.Context(), "a", 4); err != nil {
		t.Fatal(err)
	}
	if err := l.Pass(t.Context(), "b", 2); err != nil {
		t.Fatal(err)
	}
	l = r.open(t)
	if floor, ok := l.Floor(); floor != 2 || !ok {
		t.Errorf("floor %d, %t; want 2", floor, ok)
	}
	for output, want := range map[string]uint64{"a": 5, "b": 3} {
		if frames, _ := read(t, l, output, 0, 1); frames[0].Sequence != want {
			t.Errorf("%s goes on with frame %d, want %d", output, frames[0].Sequence, want)
		}
		if n, err := l.Waiting(t.Context(), output); err != nil || n != 7-want {
			t.Errorf("%d frames wait for %s, %v; want %d", n, output, err, 7-want)
		}
	}
	if err := r.conn.Purge(t.Context(), bus.StreamData, 4); err != nil {
		t.Fatal(err)
	}
	if frames, missed := read(t, l, "b", 0, 2); frames[0].Sequence != 5 || missed != 2 {
		t.Errorf("after the purge b goes on with frame %d, %d are missed", frames[0].Sequence, missed)
	}
}

// A position that belongs to another stream, or that is beyond its end, begins with the oldest frame; one that cannot be read is an error.
func TestFrameLogOfAnotherStream(t *testing.T) {
	r := newLogRig(t)
	r.put("g1", 10)
	if err := r.open(t).Pass(t.Context(), "a", 1); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(r.cfg.Dir, "a.json")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"another stream": `{"created":"2020-01-01T00:00:00Z","sequence":1}`, "beyond the end": strings.Replace(string(good), `"sequence":1`, `"sequence":9`, 1),
	} {
		if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		if frames, _ := read(t, r.open(t), "a", 0, 1); frames[0].Sequence != 1 {
			t.Errorf("%s: begins with frame %d", name, frames[0].Sequence)
		}
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFrameLog(t.Context(), r.cfg); err == nil || !strings.Contains(err.Error(), "delete") {
		t.Errorf("error %v, want the remedy", err)
	}
}

// In a stream that discards nothing by itself outputs hold back no more than half of it.
func TestFrameLogHoldsBackHalf(t *testing.T) {
	r := newLogRig(t)
	l := r.open(t)
	r.put("g1", 10)
	if got := l.Keep(t.Context(), 1); got != 0 {
		t.Errorf("purge up to %d though no output has the frame", got)
	}
	for range 30 {
		r.put("g1", 100<<10)
	}
	if got := l.Keep(t.Context(), 20); got != 20 {
		t.Errorf("purge up to %d in a stream that is more than half full, want 20", got)
	}
	r.cfg.Brokers = nil
	if got := r.open(t).Keep(t.Context(), 1); got != 1 {
		t.Errorf("purge up to %d without outputs, want 1", got)
	}
}
