package edge

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// fakeOutputs keeps copies of frames in the order in which they came, and what was opened between them.
type fakeOutputs struct {
	log  []string
	fail error
}

func (o *fakeOutputs) Open(w *model.DataSetWriter, m *model.DataSetMetaData) (Output, error) {
	if o.fail != nil {
		return nil, o.fail
	}
	o.log = append(o.log, "open "+w.Output.Broker)
	return o, nil
}

func (o *fakeOutputs) Put(frame []byte) { o.log = append(o.log, string(frame)) }

func TestOutputGetsTheFramesOfTheSink(t *testing.T) {
	sink, outputs := &fakeSink{}, &fakeOutputs{}
	p := NewPublisher(PublisherConfig{Gateway: "g1", MaxFrameValues: 2, Outputs: outputs}, sink, &fakeMetadata{}, zerolog.Nop())
	w := testWriter
	w.Output = &model.Output{Broker: "b1"}
	open := func() DataSet {
		t.Helper()
		d, err := p.Open(context.Background(), w, testFields(1), nil)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open()
	for i := range 3 {
		d.Put(0, double(float64(i), 1))
	}
	w.Output = &model.Output{Broker: "b2"}
	open() // closes the frame that has one value
	if len(sink.frames) != 2 {
		t.Fatalf("%d frames were stored, want 2", len(sink.frames))
	}
	want := []string{"open b1", string(sink.frames[0]), string(sink.frames[1]), "open b2"}
	if !slices.Equal(outputs.log, want) {
		t.Errorf("the output got %q, want %q", outputs.log, want)
	}
}

func TestPublisherGoesOnWithoutItsOutput(t *testing.T) {
	for name, outputs := range map[string]Outputs{"none": nil, "refused": &fakeOutputs{fail: errors.New("no such broker")}} {
		sink := &fakeSink{}
		p := NewPublisher(PublisherConfig{Gateway: "g1", Outputs: outputs}, sink, &fakeMetadata{}, zerolog.Nop())
		w := testWriter
		w.Output = &model.Output{Broker: "b1"}
		d, err := p.Open(context.Background(), w, testFields(1), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		d.Put(0, double(1, 1))
		p.Close(w.Key())
		if len(sink.frames) != 1 {
			t.Errorf("%s: %d frames were stored, want 1", name, len(sink.frames))
		}
	}
}
