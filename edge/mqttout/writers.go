package mqttout

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// writers makes the writers of a broker as their frames come. It belongs to the broker's sender.
type writers struct {
	broker *Broker
	header uadp.Decoder
	open   map[model.WriterKey]*writer
}

// of returns the writer of a frame, nil for one that is not for this broker or cannot be sent, which is counted. The error is one of the store, or
// of ctx: the frame is to be tried again. replaced is what the writer was before, when its settings or its metadata changed.
func (s *writers) of(ctx context.Context, key model.WriterKey, frame []byte) (now, replaced *writer, err error) {
	want := s.broker.wanted(key)
	if want == nil {
		replaced = s.open[key]
		delete(s.open, key)
		return nil, replaced, nil
	}
	version, err := s.version(frame)
	if err != nil {
		s.broker.refuse(fmt.Errorf("frame of %s: %w", key, err))
		return nil, nil, nil
	}
	before := s.open[key]
	if before != nil && before.metadata.Version == version && (before.want == want || sameOutput(before.want, want)) {
		before.want = want
		return before, nil, nil
	}
	m, err := s.broker.frames.Metadata(ctx, key, version)
	if err != nil {
		return nil, nil, err
	}
	if m == nil {
		s.broker.refuse(fmt.Errorf("frame of %s: its metadata of version %s is gone", key, version))
		return nil, nil, nil
	}
	if now, err = newWriter(&s.broker.cfg, want, m); err != nil {
		s.broker.refuse(err)
		return nil, nil, nil
	}
	s.open[key] = now
	return now, before, nil
}

// version is that of a frame's first DataSetMessage.
func (s *writers) version(frame []byte) (v model.ConfigurationVersion, err error) {
	if err := s.header.Decode(frame); err != nil {
		return v, err
	}
	if s.header.Next() {
		v = s.header.DataSet().Version
	}
	return v, s.header.Err()
}

// sameOutput tells whether two records of a writer make the same messages.
func sameOutput(a, b *model.DataSetWriter) bool {
	return a.GroupID == b.GroupID && a.WriterID == b.WriterID && reflect.DeepEqual(a.Output, b.Output)
}

// Configure implements edge.Outputs.
func (o *Outputs) Configure(list []model.DataSetWriter) {
	trouble := map[model.WriterKey]string{}
	wanted := make([]map[model.WriterKey]*model.DataSetWriter, len(o.brokers))
	for i := range wanted {
		wanted[i] = map[model.WriterKey]*model.DataSetWriter{}
	}
	for i := range list {
		w := list[i]
		if w.Output == nil {
			continue
		}
		out := *w.Output
		w.Output = &out
		n := slices.IndexFunc(o.brokers, func(b *Broker) bool { return b.cfg.Name == out.Broker })
		if n < 0 {
			trouble[w.Key()] = fmt.Sprintf("output: broker %q is not in the gateway's configuration: add it to brokers", out.Broker)
			continue
		}
		if err := o.brokers[n].check(&w); err != nil {
			trouble[w.Key()] = "output: " + err.Error()
			continue
		}
		wanted[n][w.Key()] = &w
	}
	for i, b := range o.brokers {
		b.configure(wanted[i])
	}
	if last := o.trouble.Swap(&trouble); last == nil || !reflect.DeepEqual(*last, trouble) {
		for key, text := range trouble {
			o.log.Error().Str("writer", key.String()).Str("reason", text).Msg("the output of a writer cannot be used")
		}
	}
}

// Trouble implements edge.Outputs.
func (o *Outputs) Trouble(w model.WriterKey) string {
	if t := o.trouble.Load(); t != nil {
		return (*t)[w]
	}
	return ""
}

// check tells whether a writer can be sent, as far as that is known without its metadata.
func (b *Broker) check(w *model.DataSetWriter) error {
	if err := w.Output.Validate(); err != nil {
		return err
	}
	_, err := newWriter(&b.cfg, w, &model.DataSetMetaData{Gateway: w.Gateway, Group: w.Group, Writer: w.Name})
	return err
}

// configure says which writers are sent to this broker.
func (b *Broker) configure(wanted map[model.WriterKey]*model.DataSetWriter) {
	if b.writers.Swap(&wanted) == nil {
		close(b.configured)
	}
}

// wanted is the record of a writer that is sent to this broker, nil for others.
func (b *Broker) wanted(key model.WriterKey) *model.DataSetWriter {
	if w := b.writers.Load(); w != nil {
		return (*w)[key]
	}
	return nil
}
