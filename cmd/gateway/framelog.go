package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/edge/mqttout"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// FrameLog is edge.FrameLog over a stream of the bus: a gateway's buffer, or UA_DATA of the process that has everything. The positions of outputs are
// files. Frames that an output has not passed are kept (see Keep) until the limits of the stream take them.
type FrameLog struct {
	cfg FrameLogConfig

	mu        sync.Mutex
	positions map[string]*outputPosition // of the brokers of the configuration
}

// FrameLogConfig says what is read.
type FrameLogConfig struct {
	Conn *bus.Conn
	// Stream has the frames of the gateway, and may have those of others.
	Stream, Gateway string
	// Dir is the folder of the positions.
	Dir string
	// Brokers are the outputs.
	Brokers []mqttout.Config
	// Versions finds a version of a writer's metadata that is right, nil if there is none.
	Versions func(ctx context.Context, w model.WriterKey, right func(*model.DataSetMetaData) bool) (*model.DataSetMetaData, error)
}

// outputPosition is the file of one output.
type outputPosition struct {
	// Created tells the stream from one that was made anew, whose sequences begin again.
	Created time.Time `json:"created"`
	// Sequence is that of the last frame that the output has passed.
	Sequence uint64 `json:"sequence"`
}

var _ edge.FrameLog = (*FrameLog)(nil)

// OpenFrameLog reads the positions. A broker that has none yet begins with the oldest frame.
func OpenFrameLog(ctx context.Context, cfg FrameLogConfig) (*FrameLog, error) {
	l := &FrameLog{cfg: cfg, positions: map[string]*outputPosition{}}
	if len(cfg.Brokers) == 0 {
		return l, nil
	}
	st, err := cfg.Conn.StreamState(ctx, cfg.Stream)
	if err != nil {
		return nil, fmt.Errorf("outputs: %w", err)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("positions of outputs: %w", err)
	}
	for i := range cfg.Brokers {
		p, err := l.load(cfg.Brokers[i].Name)
		if err != nil {
			return nil, err
		}
		if !p.Created.Equal(st.Created) || p.Sequence > st.Last {
			p = &outputPosition{Created: st.Created, Sequence: st.First - 1}
		}
		l.positions[cfg.Brokers[i].Name] = p
	}
	return l, nil
}

func (l *FrameLog) file(output string) string { return filepath.Join(l.cfg.Dir, output+".json") }

func (l *FrameLog) load(output string) (*outputPosition, error) {
	p := &outputPosition{}
	b, err := os.ReadFile(l.file(output))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return p, nil
	case err == nil:
		err = json.Unmarshal(b, p)
	}
	if err != nil {
		return nil, fmt.Errorf("position of output %q: %w: delete %s to send all that is stored once more", output, err, l.file(output))
	}
	return p, nil
}

// Floor is the sequence up to which all outputs have passed; ok is false without outputs.
func (l *FrameLog) Floor() (sequence uint64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.positions {
		if !ok || p.Sequence < sequence {
			sequence, ok = p.Sequence, true
		}
	}
	return sequence, ok
}

// keepShare is the part of a stream that discards nothing by itself which frames for outputs may fill: 1/keepShare. Beyond, they go when the core has
// them: a broker that is away must not hold back those who publish.
const keepShare = 2

// Keep is how far a stream may be purged up to upTo, so that outputs find what they have not passed.
func (l *FrameLog) Keep(ctx context.Context, upTo uint64) uint64 {
	floor, ok := l.Floor()
	if !ok || floor >= upTo {
		return upTo
	}
	st, err := l.cfg.Conn.StreamState(ctx, l.cfg.Stream)
	if err != nil || st.MaxBytes > 0 && int64(st.Bytes) > st.MaxBytes/keepShare {
		return upTo
	}
	return floor
}

// Pass implements edge.FrameLog.
func (l *FrameLog) Pass(_ context.Context, output string, sequence uint64) error {
	l.mu.Lock()
	p := *l.positions[output]
	l.mu.Unlock()
	p.Sequence = sequence
	body, err := json.Marshal(p)
	if err == nil {
		err = bus.WriteFile(l.file(output), body)
	}
	if err != nil {
		return fmt.Errorf("position of output %q: %w", output, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	*l.positions[output] = p
	return nil
}

func (l *FrameLog) position(output string) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.positions[output].Sequence
}

// Waiting implements edge.FrameLog. In a stream with frames of other gateways those count as well.
func (l *FrameLog) Waiting(ctx context.Context, output string) (uint64, error) {
	st, err := l.cfg.Conn.StreamState(ctx, l.cfg.Stream)
	if err != nil {
		return 0, err
	}
	position := max(l.position(output), st.First-1)
	return max(st.Last, position) - position, nil
}

// Metadata implements edge.FrameLog.
func (l *FrameLog) Metadata(ctx context.Context, w model.WriterKey, v model.ConfigurationVersion) (*model.DataSetMetaData, error) {
	return l.cfg.Versions(ctx, w, func(m *model.DataSetMetaData) bool { return m.Version == v })
}

// Read implements edge.FrameLog.
func (l *FrameLog) Read(ctx context.Context, output string, after uint64) (edge.LogReader, error) {
	if after == 0 {
		after = l.position(output)
	}
	r, err := l.cfg.Conn.ReadFrames(ctx, l.cfg.Stream, bus.FramesConfig{From: after + 1})
	if err != nil {
		return nil, fmt.Errorf("output %q: %w", output, err)
	}
	return &logReader{r, l.cfg.Gateway}, nil
}

// logReader is edge.LogReader over the bus.
type logReader struct {
	*bus.FrameReader
	gateway string
}

// Next implements edge.LogReader.
func (r *logReader) Next(ctx context.Context) ([]edge.LogFrame, error) {
	frames, err := r.FrameReader.Next(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]edge.LogFrame, len(frames))
	for i := range frames {
		f := &frames[i]
		out[i] = edge.LogFrame{Sequence: f.Sequence, Writer: model.WriterKey{Gateway: f.Gateway, Group: f.Group, Writer: f.Writer}}
		if f.Gateway == r.gateway && f.ContentType == bus.ContentUADP {
			out[i].Data = f.Data
		}
	}
	return out, nil
}

// Missed implements edge.LogReader.
func (r *logReader) Missed() uint64 { return r.Missing() }
