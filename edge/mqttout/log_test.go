package mqttout

import (
	"context"
	"sync"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// memoryLog is a FrameLog in memory, with one output. It outlives Outputs as a store does.
type memoryLog struct {
	mu       sync.Mutex
	frames   []edge.LogFrame // from first on
	first    uint64
	position uint64
	added    chan struct{} // closed when something was
	metadata map[model.WriterKey]*model.DataSetMetaData
}

func newMemoryLog() *memoryLog {
	return &memoryLog{first: 1, added: make(chan struct{}), metadata: map[model.WriterKey]*model.DataSetMetaData{}}
}

func (l *memoryLog) put(w model.WriterKey, data []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frames = append(l.frames, edge.LogFrame{Sequence: l.first + uint64(len(l.frames)), Writer: w, Data: data})
	close(l.added)
	l.added = make(chan struct{})
}

// drop removes the n oldest frames.
func (l *memoryLog) drop(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frames, l.first = l.frames[n:], l.first+uint64(n)
}

func (l *memoryLog) passed() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.position
}

func (l *memoryLog) Read(_ context.Context, _ string, after uint64) (edge.LogReader, error) {
	if after == 0 {
		after = l.passed()
	}
	return &memoryReader{log: l, next: after + 1}, nil
}

func (l *memoryLog) Pass(_ context.Context, _ string, sequence uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.position = sequence
	return nil
}

func (l *memoryLog) Waiting(context.Context, string) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first + uint64(len(l.frames)) - 1 - max(l.position, l.first-1), nil
}

func (l *memoryLog) Metadata(_ context.Context, w model.WriterKey, v model.ConfigurationVersion) (*model.DataSetMetaData, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m := l.metadata[w]; m != nil && m.Version == v {
		return m, nil
	}
	return nil, nil
}

type memoryReader struct {
	log    *memoryLog
	next   uint64
	missed uint64
}

func (r *memoryReader) Next(ctx context.Context) ([]edge.LogFrame, error) {
	for {
		r.log.mu.Lock()
		if r.next < r.log.first {
			r.missed, r.next = r.missed+r.log.first-r.next, r.log.first
		}
		if i := int(r.next - r.log.first); i < len(r.log.frames) {
			frames := r.log.frames[i:min(i+7, len(r.log.frames))]
			r.next += uint64(len(frames))
			r.log.mu.Unlock()
			return frames, nil
		}
		added := r.log.added
		r.log.mu.Unlock()
		select {
		case <-added:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (r *memoryReader) Missed() uint64 { return r.missed }
func (r *memoryReader) Close()         {}

// output is the test's writer, with an output.
type output struct {
	log *memoryLog
	key model.WriterKey
}

// Put stores a frame of the writer.
func (o output) Put(frame []byte) { o.log.put(o.key, frame) }

// open makes the test's writer the only one, with an output.
func open(t testing.TB, o *Outputs, out model.Output) output {
	t.Helper()
	w := testWriter
	w.Output = &out
	log := o.brokers[0].frames.(*memoryLog)
	log.mu.Lock()
	log.metadata[w.Key()] = &model.DataSetMetaData{
		Gateway: "g1", Group: w.Group, Writer: w.Name, Server: "s1", Version: model.ConfigurationVersion{Major: 7, Minor: 8}, Fields: testFields,
	}
	log.mu.Unlock()
	o.Configure([]model.DataSetWriter{w})
	if text := o.Trouble(w.Key()); text != "" {
		t.Fatal(text)
	}
	return output{log, w.Key()}
}
