package opcua

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// frameStore keeps the numbers in all frames by their times, for each node.
type frameStore struct {
	mu     sync.Mutex
	last   model.DataSetMetaData
	nodes  map[model.ConfigurationVersion][]model.ExpandedNodeID // by field
	values map[model.ExpandedNodeID]map[model.DateTime]float64
}

func (s *frameStore) LastMetadata(context.Context, model.WriterKey) (*model.DataSetMetaData, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.nodes) == 0 {
		return nil, nil
	}
	last := s.last
	return &last, nil
}

func (s *frameStore) StoreMetadata(_ context.Context, m *model.DataSetMetaData) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = *m
	nodes := make([]model.ExpandedNodeID, len(m.Fields))
	for i := range m.Fields {
		nodes[i] = m.Fields[i].Node
	}
	s.nodes[m.Version] = nodes
	return nil
}

func (s *frameStore) PublishFrame(_ context.Context, _ model.WriterKey, frame []byte, done func(error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer done(nil)
	var d uadp.Decoder
	if err := d.Decode(frame); err != nil {
		return err
	}
	for d.Next() {
		nodes := s.nodes[d.DataSet().Version]
		var f uadp.Field
		for d.Field(&f) {
			node := nodes[f.Index]
			if s.values[node] == nil {
				s.values[node] = map[model.DateTime]float64{}
			}
			s.values[node][f.Value.SourceTimestamp] = f.Value.Value.Float()
		}
	}
	return d.Err()
}

// slowOpen is a Publisher that hands out a DataSet only after more values came for the one before.
type slowOpen struct {
	*edge.Publisher
	puts atomic.Int64
}

func (o *slowOpen) Open(ctx context.Context, w model.DataSetWriter, fields []model.FieldMetaData, types *model.DataTypeSchema) (edge.DataSet, error) {
	d, err := o.Publisher.Open(ctx, w, fields, types)
	for before := o.puts.Load(); before > 0 && o.puts.Load() < before+100 && ctx.Err() == nil; {
		sleep(ctx, 5*time.Millisecond)
	}
	return countedSet{d, &o.puts}, err
}

type countedSet struct {
	edge.DataSet
	puts *atomic.Int64
}

func (s countedSet) Put(field int, v *model.DataValue) {
	s.puts.Add(1)
	s.DataSet.Put(field, v)
}

// No value is lost while a writer is opened again with other fields.
func TestReopenLosesNothing(t *testing.T) {
	server := opcuatest.Start(t, opcuatest.Options{Vars: 30, Period: 20 * time.Millisecond})
	store := &frameStore{nodes: map[model.ConfigurationVersion][]model.ExpandedNodeID{}, values: map[model.ExpandedNodeID]map[model.DateTime]float64{}}
	sets := &slowOpen{Publisher: edge.NewPublisher(edge.PublisherConfig{Gateway: "gw"}, store, store, zerolog.Nop())}
	w := dataSetWriter("w", 50*time.Millisecond, counters(20)...)
	source := run(t, config(server.Endpoint(), sets), w)
	const changes = 5
	for i := range changes {
		seen := sets.puts.Load()
		eventually(t, 30*time.Second, func() bool { return sets.puts.Load() > seen+200 }, func() string { return fmt.Sprintf("values come: %+v", source.Status()) })
		w.Fields = slices.Insert(slices.Clone(w.Fields), 0, model.PublishedField{Name: fmt.Sprint("V", 20+i), NodeID: plant(fmt.Sprint("V", 20+i))})
		source.Configure([]model.DataSetWriter{w})
		eventually(t, 30*time.Second, func() bool { s := source.Writers()[0]; return s.Active == 21+i && s.Error == "" }, func() string { return fmt.Sprintf("%+v", source.Writers()) })
	}
	sets.Close(w.Key())
	store.mu.Lock()
	defer store.mu.Unlock()
	if len(store.nodes) != changes+1 {
		t.Errorf("the writer had %d versions, want %d", len(store.nodes), changes+1)
	}
	overflows := source.Status().Figures.Overflows // a loss of the server's that is no fault of ours
	for node, values := range store.values {
		counts := make([]float64, 0, len(values))
		for _, v := range values {
			counts = append(counts, v)
		}
		slices.Sort(counts)
		if n := counts[len(counts)-1] - counts[0] + 1; int(n) != len(counts) && overflows == 0 {
			t.Errorf("%s: %d values from %v to %v", node, len(counts), counts[0], counts[len(counts)-1])
		}
	}
}

// The server's answers for an item come while it gets another sink.
func TestSettleWhileTakenOver(t *testing.T) {
	sub := newSubscription(newPublishing(publishingConfig{log: zerolog.Nop()}), subscriptionKey{interval: time.Second})
	takers := make([]*watchedItem, 1000)
	for i := range takers {
		takers[i] = &watchedItem{}
	}
	it := newItem(1, plant("V0"), &itemSpec{}, takers[0])
	it.sub = sub
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := range takers {
			sub.takeOver(it, takers[i])
		}
	}()
	for range 1000 {
		sub.settle(it, 0, model.StatusBadNodeIdUnknown, "")
		sub.settle(it, 7, 0, "")
	}
	sub.settle(it, 0, model.StatusBadNodeIdUnknown, "")
	<-ended
	// The last one knows, whether it came before the answer or behind it.
	if takers[999].status != model.StatusBadNodeIdUnknown {
		t.Errorf("the newest sink has %+v", takers[999].status)
	}
}
