package edge

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// A keep-alive is sent when nothing was for the writer's time, and its numbers are those of the messages around it.
func TestKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &fakeSink{}
		p := NewPublisher(PublisherConfig{Gateway: "gw"}, sink, &fakeMetadata{}, zerolog.Nop())
		w := model.DataSetWriter{Gateway: "gw", Group: "g", Name: "w", GroupID: 1, WriterID: 7, KeepAlive: time.Second}
		d := newDataSet(p, &w, model.ConfigurationVersion{Major: 1, Minor: 1}, testFields(1))
		look := func(after time.Duration) {
			time.Sleep(after)
			d.closeOlder(time.Now().Add(-100*time.Millisecond), time.Now())
		}
		look(900 * time.Millisecond) // too early
		look(100 * time.Millisecond) // the first keep-alive
		d.Put(0, double(1, 1))       // is sent with the next look
		look(200 * time.Millisecond) // a delta frame
		look(900 * time.Millisecond) // too early again
		look(200 * time.Millisecond) // the second keep-alive
		d.replace(nil)
		look(5 * time.Second) // none any more
		sink.mu.Lock()
		defer sink.mu.Unlock()
		var kinds []uadp.DataSetMessageKind
		for i, frame := range sink.frames {
			m, err := uadp.ParseMessage(frame, nil)
			if err != nil {
				t.Fatal(err)
			}
			h := m.DataSets[0].Header
			kinds = append(kinds, h.Kind)
			if h.WriterID != 7 || int(h.SequenceNumber) != i+1 {
				t.Errorf("message %d is number %d of writer %d", i+1, h.SequenceNumber, h.WriterID)
			}
		}
		if len(kinds) != 3 || kinds[0] != uadp.KeepAlive || kinds[1] != uadp.DeltaFrame || kinds[2] != uadp.KeepAlive {
			t.Errorf("messages are %v, want a keep-alive, a delta frame and a keep-alive", kinds)
		}
	})
}
