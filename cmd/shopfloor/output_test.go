package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/edge/mqttout"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// oneLog keeps the frames of one writer, for its output to read.
type oneLog struct {
	metadata *model.DataSetMetaData
	frames   []edge.LogFrame
}

func (l *oneLog) PublishFrame(_ context.Context, w model.WriterKey, frame []byte, done func(error)) error {
	l.frames = append(l.frames, edge.LogFrame{Sequence: uint64(len(l.frames)) + 1, Writer: w, Data: bytes.Clone(frame)})
	done(nil)
	return nil
}

func (l *oneLog) LastMetadata(context.Context, model.WriterKey) (*model.DataSetMetaData, error) {
	return l.metadata, nil
}

func (l *oneLog) StoreMetadata(_ context.Context, m *model.DataSetMetaData) error {
	l.metadata = m
	return nil
}

func (l *oneLog) Read(context.Context, string, uint64) (edge.LogReader, error) { return l, nil }
func (l *oneLog) Pass(context.Context, string, uint64) error                   { return nil }
func (l *oneLog) Waiting(context.Context, string) (uint64, error)              { return 0, nil }
func (l *oneLog) Missed() uint64                                               { return 0 }
func (l *oneLog) Close()                                                       {}

func (l *oneLog) Metadata(context.Context, model.WriterKey, model.ConfigurationVersion) (*model.DataSetMetaData, error) {
	return l.metadata, nil
}

// Next returns the frames once.
func (l *oneLog) Next(ctx context.Context) ([]edge.LogFrame, error) {
	frames := l.frames
	l.frames = nil
	if frames == nil {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return frames, nil
}

// TestOutputRoundTrip publishes to MQTT what a gateway's publisher makes, in each encoding and version, and has the platform's own broker take
// it: the same values are stored.
func TestOutputRoundTrip(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	config := filepath.Join(t.TempDir(), "c.yaml")
	text := fmt.Sprintf("mqtt:\n  listen: %s\n  anonymous:\n    publish: ['opcua/#']\n", address)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, "--config", config)
	now := time.Now().UTC().Truncate(time.Millisecond)
	var writer uint16
	for _, version := range []mqttout.Version{mqttout.Version311, mqttout.Version5} {
		for _, encoding := range []model.OutputEncoding{model.OutputJSON, model.OutputJSONGzip, model.OutputUADP} {
			writer++
			name := fmt.Sprintf("press%d", writer)
			t.Run(string(encoding)+" "+string(version), func(t *testing.T) {
				own := *p
				own.t = t
				publishOutput(t, address, version, encoding, name, writer, now)
				checkOutput(&own, "mqtt:hall-7/Boiler house/"+name+"/", now)
			})
		}
	}
}

// publishOutput publishes three values of one writer over MQTT.
func publishOutput(t *testing.T, address string, version mqttout.Version, encoding model.OutputEncoding, name string, id uint16, at time.Time) {
	t.Helper()
	log := &oneLog{}
	outputs, err := mqttout.New("hall-7", []mqttout.Config{{Name: "b", URL: "mqtt://" + address, Version: version, ClientID: name}}, log, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	publisher := edge.NewPublisher(edge.PublisherConfig{Gateway: "hall-7"}, log, log, zerolog.Nop())
	w := model.DataSetWriter{
		Gateway: "hall-7", Group: "Boiler house", Name: name, Server: "s1", GroupID: 3, WriterID: id, Output: &model.Output{Broker: "b", Encoding: encoding, QoS: 1},
	}
	field := func(name string, typ model.BuiltInType) model.FieldMetaData {
		return model.FieldMetaData{Name: name, BuiltInType: typ, DataType: model.Expanded(model.NumericID(0, uint32(typ))), ValueRank: -1, Unit: "bar"}
	}
	d, err := publisher.Open(t.Context(), w, []model.FieldMetaData{
		field("Pressure", model.TypeDouble), field("State", model.TypeString), field("Counter", model.TypeInt64),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range []model.Variant{model.DoubleValue(23.125), model.StringValue("läuft"), model.Int64Value(9007199254740993)} {
		d.Put(i, &model.DataValue{Value: v, SourceTimestamp: model.DateTimeOf(at)})
	}
	publisher.Close(w.Key())
	outputs.Configure([]model.DataSetWriter{w})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- outputs.Run(ctx, 5*time.Second) }()
	deadline := time.Now().Add(10 * time.Second)
	for s := outputs.Statistics()[0]; s.Published < 3; s = outputs.Statistics()[0] { // status, metadata and data
		if time.Now().After(deadline) {
			t.Fatalf("not published: %+v", s)
		}
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// checkOutput compares what is stored with what publishOutput published.
func checkOutput(p *process, prefix string, at time.Time) {
	p.t.Helper()
	for field, want := range map[string]string{"Pressure": "23.125", "State": "läuft String", "Counter": "9007199254740993 Int64"} {
		p.waitFor(20*time.Second, field, func() error {
			var answer struct {
				History struct {
					Points []struct {
						Time  time.Time
						Value *float64
						Data  *struct {
							Value    any
							DataType string
						}
					}
				}
			}
			p.MustQuery(&answer, `query($id: ID!) { history(series: $id) { points { time value data { value dataType } } } }`, map[string]any{"id": prefix + field})
			got := ""
			for _, point := range answer.History.Points {
				if !point.Time.Equal(at) {
					return fmt.Errorf("point at %s, want %s", point.Time, at)
				}
				if point.Data != nil {
					got += fmt.Sprint(point.Data.Value, " ", point.Data.DataType)
				} else {
					got += fmt.Sprint(*point.Value)
				}
			}
			if got != want {
				return fmt.Errorf("history of %s%s: %q, want %q", prefix, field, got, want)
			}
			return nil
		})
	}
}
