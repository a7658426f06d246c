package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/cmd/gateway"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	scaleGateway = "plant"
	scaleGroup   = "line"
	// scaleWriters is how many writers each partition has, scaleFields how many numbers each writer.
	scaleWriters = 3
	scaleFields  = 4
	scalePeriod  = 50 * time.Millisecond
)

// counterPlant publishes, as a gateway does, writers of all partitions whose fields count: value n of each stands at its begin plus n
// periods. Each frame is known to be stored before the plant's end.
type counterPlant struct {
	t         *testing.T
	conn      *bus.Conn
	publisher *bus.Publisher
	writers   []model.WriterKey
	begin     time.Time
	ticks     atomic.Int64 // published
	refused   atomic.Int64

	frames  sync.WaitGroup // not yet stored
	running sync.WaitGroup
	stopRun context.CancelFunc
	stopAll context.CancelFunc
}

// startPlant publishes until Stop.
func startPlant(t *testing.T, conn *bus.Conn) *counterPlant {
	t.Helper()
	p := &counterPlant{t: t, conn: conn, writers: writersOfAllPartitions(t, scaleWriters), begin: time.Now().Truncate(time.Second)}
	for _, w := range p.writers {
		storeCounters(t, conn, w, scaleFields)
	}
	var err error
	if p.publisher, err = bus.NewPublisher(conn, bus.PublisherConfig{Gateway: scaleGateway}); err != nil {
		t.Fatal(err)
	}
	var run, all context.Context
	run, p.stopRun = context.WithCancel(context.Background())
	all, p.stopAll = context.WithCancel(run)
	p.running.Go(func() {
		if err := p.publisher.Run(run); err != nil {
			t.Error(err)
		}
	})
	p.running.Go(func() { p.produce(all) })
	t.Cleanup(func() {
		p.stopRun()
		p.running.Wait()
	})
	return p
}

// writersOfAllPartitions finds names so that each partition has as many writers.
func writersOfAllPartitions(t testing.TB, each int) (writers []model.WriterKey) {
	t.Helper()
	var count [bus.Partitions]int
	for i := 0; len(writers) < each*bus.Partitions; i++ {
		w := model.WriterKey{Gateway: scaleGateway, Group: scaleGroup, Writer: fmt.Sprint("press-", i)}
		p, err := bus.Partition(w.Gateway, w.Group, w.Writer)
		if err != nil {
			t.Fatal(err)
		}
		if count[p] < each {
			count[p]++
			writers = append(writers, w)
		}
	}
	return writers
}

func (p *counterPlant) produce(ctx context.Context) {
	tick := time.NewTicker(scalePeriod)
	defer tick.Stop()
	for n := int64(1); ; n++ {
		for i, w := range p.writers {
			if err := p.publish(ctx, i, w, n); err != nil {
				p.t.Errorf("publish: %v", err)
				return
			}
		}
		p.ticks.Store(n)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// publish sends value n of all fields of a writer. A tick that was begun is ended, also when ctx has.
func (p *counterPlant) publish(ctx context.Context, i int, w model.WriterKey, n int64) error {
	frame, err := counterFrame(w, i, scaleFields, n, p.begin.Add(time.Duration(n)*scalePeriod))
	if err != nil {
		return err
	}
	subject, err := bus.Data(w.Gateway, w.Group, w.Writer)
	if err != nil {
		return err
	}
	p.frames.Add(1)
	err = p.publisher.PublishFrame(context.WithoutCancel(ctx), subject, bus.FrameHeader{ContentType: bus.ContentUADP}, frame, func(err error) {
		if err != nil {
			p.refused.Add(1)
		}
		p.frames.Done()
	})
	if err != nil {
		p.frames.Done()
	}
	return err
}

// storeCounters stores the metadata of a writer with a number of fields.
func storeCounters(t testing.TB, conn *bus.Conn, w model.WriterKey, fields int) {
	t.Helper()
	m := &model.DataSetMetaData{Gateway: w.Gateway, Group: w.Group, Writer: w.Writer, Server: "press-shop", Version: model.ConfigurationVersion{Major: 1, Minor: 1}}
	for i := range fields {
		m.Fields = append(m.Fields, model.FieldMetaData{
			Name: fmt.Sprint("f", i), BuiltInType: model.TypeDouble, ValueRank: model.ValueRankScalar, Path: fmt.Sprint("Objects/", w.Writer, "/f", i),
			Node: model.ExpandedNodeID{NodeID: model.StringID(0, fmt.Sprint(w.Writer, ".f", i)), NamespaceURI: "urn:plant"},
		})
	}
	if err := (gateway.Metadata{Conn: conn}).StoreMetadata(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}

// counterFrame is the frame of the i-th writer in which all fields have the value n at a time.
func counterFrame(w model.WriterKey, i, fields int, n int64, at time.Time) ([]byte, error) {
	body := uadp.AppendDataSetHeader(nil, &uadp.DataSetHeader{
		Kind: uadp.DeltaFrame, Encoding: uadp.EncodingDataValue, Content: uadp.DataSetMajorVersion | uadp.DataSetMinorVersion,
		Version: model.ConfigurationVersion{Major: 1, Minor: 1},
	}, uint16(fields))
	var err error
	for f := range fields {
		v := model.DataValue{Value: model.DoubleValue(float64(n)), SourceTimestamp: model.DateTimeOf(at)}
		if body, err = uadp.AppendDeltaField(body, uint16(f), &v, uadp.EncodingDataValue); err != nil {
			return nil, err
		}
	}
	return uadp.AppendNetworkMessage(nil, &uadp.Header{
		Content: uadp.ContentPublisherID | uadp.ContentPayloadHeader, PublisherID: uadp.StringPublisherID(w.Gateway),
	}, []uint16{uint16(i + 1)}, [][]byte{body})
}

// Stop ends the plant and returns how many values each of its series has, which are all stored in the stream.
func (p *counterPlant) Stop() int64 {
	p.t.Helper()
	p.stopAll()
	p.frames.Wait()
	p.stopRun()
	p.running.Wait()
	if n := p.refused.Load(); n > 0 {
		p.t.Fatalf("%d frames were not stored", n)
	}
	return p.ticks.Load()
}

// at is the time of value n in Unix milliseconds.
func (p *counterPlant) at(n int64) int64 {
	return p.begin.Add(time.Duration(n) * scalePeriod).UnixMilli()
}
