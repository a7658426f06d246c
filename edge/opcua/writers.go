package opcua

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	openRetry    = time.Second
	openRetryMax = 30 * time.Second
	maxBadItems  = 100 // in a WriterStatus
	// defaultPublishing is for writers without a publishing interval.
	defaultPublishing = time.Second
)

// writers keeps the DataSetWriters of a Source: finds the metadata of each, opens its DataSet and has its items monitored. The work is done by run; the
// others only say what is wanted.
type writers struct {
	source *Source
	wake   chan struct{}

	mu      sync.Mutex
	desired map[model.WriterKey]model.DataSetWriter
	open    map[model.WriterKey]*writer
	stale   map[model.WriterKey]bool // metadata to be read again
}

// writer is one that is or was open.
type writer struct {
	config  model.DataSetWriter // as it was opened
	fields  []model.FieldMetaData
	dataSet edge.DataSet
	key     subscriptionKey
	items   []*item // by field
	err     error   // why it is not as desired
	retry   backoff
	retryAt time.Time
}

func newWriters(s *Source) *writers {
	return &writers{
		source: s, wake: make(chan struct{}, 1),
		desired: map[model.WriterKey]model.DataSetWriter{}, open: map[model.WriterKey]*writer{}, stale: map[model.WriterKey]bool{},
	}
}

func (w *writers) configure(list []model.DataSetWriter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.desired)
	for _, c := range list {
		c.Fields = slices.Clone(c.Fields)
		w.desired[c.Key()] = c
	}
	for _, o := range w.open {
		o.retryAt = time.Time{}
	}
	notify(w.wake)
}

// check has the metadata of all writers read again.
func (w *writers) check() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key := range w.desired {
		w.stale[key] = true
	}
	notify(w.wake)
}

// checkOne has that of one read again.
func (w *writers) checkOne(key model.WriterKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stale[key] = true
	notify(w.wake)
}

// run opens and closes writers until ctx ends.
func (w *writers) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-timer.C:
		}
		w.closeUnwanted()
		next := time.Hour
		for _, key := range w.due() {
			if err := w.openOne(ctx, key); err != nil && ctx.Err() == nil {
				next = min(next, w.failed(key, err))
			}
		}
		timer.Reset(next)
	}
}

// closeUnwanted ends the items of writers that are no longer configured. Their DataSets are the publisher's, which knows by itself.
func (w *writers) closeUnwanted() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, o := range w.open {
		if _, ok := w.desired[key]; !ok {
			w.source.publishing.remove(o.key, o.items)
			delete(w.open, key)
			delete(w.stale, key)
		}
	}
}

// due returns the writers that are not as desired, in the order of their names.
func (w *writers) due() []model.WriterKey {
	w.mu.Lock()
	defer w.mu.Unlock()
	var keys []model.WriterKey
	for key, want := range w.desired {
		o := w.open[key]
		if o == nil || o.dataSet == nil || o.err != nil || w.stale[key] || !sameConfig(o.config, want) {
			if o == nil || !time.Now().Before(o.retryAt) {
				keys = append(keys, key)
			}
		}
	}
	slices.SortFunc(keys, func(a, b model.WriterKey) int { return cmp.Compare(a.String(), b.String()) })
	return keys
}

func sameConfig(a, b model.DataSetWriter) bool {
	a.Revision, b.Revision = 0, 0
	return reflect.DeepEqual(a, b)
}

// failed notes why a writer does not run, and returns when it is tried again.
func (w *writers) failed(key model.WriterKey, err error) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.open[key]
	if o == nil {
		o = &writer{}
		w.open[key] = o
	}
	if o.retry.max == 0 {
		o.retry = backoff{first: openRetry, max: openRetryMax}
	}
	if o.err == nil || o.err.Error() != err.Error() {
		w.source.log.Warn().Err(err).Str("writer", key.String()).Msg("data set writer does not run")
	}
	o.err = err
	pause := o.retry.pause()
	o.retryAt = time.Now().Add(pause)
	return pause
}

// openOne brings one writer to what is desired.
func (w *writers) openOne(ctx context.Context, key model.WriterKey) error {
	w.mu.Lock()
	want, ok := w.desired[key]
	o := w.open[key]
	delete(w.stale, key)
	w.mu.Unlock()
	if !ok {
		return nil
	}
	ses, err := w.source.asks.session(ctx)
	if err != nil {
		return err
	}
	fields, err := w.source.describe(ctx, ses, &want)
	if err != nil {
		return err
	}
	if o != nil && o.dataSet != nil && sameConfig(o.config, want) && reflect.DeepEqual(o.fields, fields) {
		w.keep(key, o)
		return nil
	}
	dataSet, err := w.source.cfg.DataSets.Open(ctx, want, fields)
	if err != nil {
		return fmt.Errorf("open data set: %w", err)
	}
	n := w.bind(o, want, dataSet)
	n.fields = fields
	w.keep(key, n)
	return nil
}

func (w *writers) keep(key model.WriterKey, o *writer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o.err, o.retryAt = nil, time.Time{}
	o.retry.reset()
	w.open[key] = o
}

// bind leads the values of a writer's items into a new DataSet. Items of the old writer that are still wanted go on, and their newest values open the
// DataSet; the others are removed.
func (w *writers) bind(old *writer, want model.DataSetWriter, dataSet edge.DataSet) *writer {
	n := &writer{config: want, dataSet: dataSet, key: subscriptionKey{interval: want.PublishingInterval}, items: make([]*item, len(want.Fields))}
	if n.key.interval <= 0 {
		n.key.interval = defaultPublishing
	}
	p := w.source.publishing
	reusable := map[monitored][]*item{}
	if old != nil && old.key == n.key {
		for _, it := range old.items {
			reusable[it.monitored] = append(reusable[it.monitored], it)
		}
	}
	var missing []wanted
	var whose []int
	for i, f := range want.Fields {
		m := monitored{node: f.NodeID, sampling: f.SamplingInterval, queue: f.QueueSize}
		if m.sampling == 0 {
			m.sampling = want.SamplingInterval
		}
		to := &fieldSink{writers: w, key: want.Key(), dataSet: dataSet, field: i}
		if list := reusable[m]; len(list) > 0 {
			n.items[i], reusable[m] = list[0], list[1:]
			if sub := p.subscription(n.key); sub != nil {
				sub.deliver.Lock()
				n.items[i].replace(to)
				sub.deliver.Unlock()
			}
			continue
		}
		missing, whose = append(missing, wanted{n.key, m, to}), append(whose, i)
	}
	switch {
	case old != nil && old.key != n.key:
		p.remove(old.key, old.items)
	case old != nil:
		p.remove(old.key, slices.Concat(slices.Collect(maps.Values(reusable))...))
	}
	for j, it := range p.add(missing) {
		n.items[whose[j]] = it
	}
	return n
}

// fieldSink puts values into a field of a DataSet.
type fieldSink struct {
	writers *writers
	key     model.WriterKey
	dataSet edge.DataSet
	field   int
}

func (f *fieldSink) put(v *model.DataValue) { f.dataSet.Put(f.field, v) }

// refused needs nothing: the status of the writer shows it.
func (f *fieldSink) refused(model.StatusCode, string) {}

// accepted has the metadata read again, which could not be had before.
func (f *fieldSink) accepted() { f.writers.checkOne(f.key) }

// status reports all desired writers, in the order of their names.
func (w *writers) status() []model.WriterStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	var r []model.WriterStatus
	for key, want := range w.desired {
		s := model.WriterStatus{Writer: key}
		if o := w.open[key]; o != nil {
			if o.err != nil {
				s.Error = o.err.Error()
			}
			if o.dataSet != nil {
				w.countItems(o, &s)
			}
		}
		if s.Active == 0 && s.BadCount == 0 {
			s.BadCount = len(want.Fields)
		}
		r = append(r, s)
	}
	slices.SortFunc(r, func(a, b model.WriterStatus) int { return cmp.Compare(a.Writer.String(), b.Writer.String()) })
	return r
}

func (w *writers) countItems(o *writer, s *model.WriterStatus) {
	sub := w.source.publishing.subscription(o.key)
	if sub == nil {
		return
	}
	sub.mu.Lock()
	defer sub.mu.Unlock()
	for i, it := range o.items {
		if it.state == itemActive {
			s.Active++
			continue
		}
		s.BadCount++
		if len(s.Bad) < maxBadItems {
			state := model.ItemState{Field: o.config.Fields[i].Name, NodeID: it.node, State: model.NodeBad, Status: it.status, Message: it.message}
			if state.Status.IsGood() {
				state.State, state.Status, state.Message = model.NodeCreating, model.StatusBadWaitingForInitialData, "not monitored yet"
			}
			s.Bad = append(s.Bad, state)
		}
	}
}
