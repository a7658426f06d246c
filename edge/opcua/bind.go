package opcua

import (
	"maps"
	"slices"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// bind leads the values of a writer's fields into a new DataSet. Items of the old writer that are still wanted go on, and their newest values open
// the DataSet; the others are removed. A field without a place has no item.
func (w *writers) bind(old *writer, want model.DataSetWriter, dataSet edge.DataSet, places []place) *writer {
	n := &writer{
		config: want, dataSet: dataSet, key: writerSubscription(&want), items: make([]*item, len(want.Fields)), reads: make([]*cyclicRead, len(want.Fields)),
		search: backoff{first: itemRetry, max: itemRetryMax},
	}
	reusable := map[monitored][]*item{}
	if old != nil {
		n.search.next = old.search.next
		w.source.heartbeats.remove(old.beats)
		w.source.cyclic.remove(old.reads)
		w.endSnapshots(old)
		if old.key == n.key {
			for _, it := range old.monitored() {
				reusable[it.monitored] = append(reusable[it.monitored], it)
			}
		}
	}
	var missing []wanted
	var whose []int
	for i := range want.Fields {
		m, to := monitoredField(&want, i, places[i].node), w.sink(n, i)
		switch list := reusable[m]; {
		case places[i].status.IsBad():
			to.refused(places[i].status, places[i].message)
		case want.Fields[i].CyclicRead != nil:
			n.reads[i] = &cyclicRead{monitored: m, register: want.Fields[i].CyclicRead.RegisterNode, sink: to}
		case len(list) > 0:
			n.items[i], reusable[m] = list[0], list[1:]
			w.takeOver(n.key, list[0], to)
		default:
			missing, whose = append(missing, wanted{key: n.key, item: m, sink: to}), append(whose, i)
		}
	}
	p := w.source.publishing
	switch {
	case old != nil && old.key != n.key:
		p.remove(old.key, old.monitored())
	case old != nil:
		p.remove(old.key, slices.Concat(slices.Collect(maps.Values(reusable))...))
	}
	for j, it := range p.add(missing) {
		n.items[whose[j]] = it
	}
	w.link(n)
	for i, r := range n.reads {
		if r != nil {
			w.source.cyclic.add(r, want.Fields[i].CyclicRead.MaxAge)
		}
	}
	w.source.heartbeats.add(n.beats)
	return n
}

// sink makes that of the i-th field, with its heartbeat.
func (w *writers) sink(n *writer, i int) *fieldSink {
	f := &n.config.Fields[i]
	h := f.Heartbeat
	if h == nil {
		h = n.config.Heartbeat
	}
	to := &fieldSink{writers: w, key: n.config.Key(), dataSet: n.dataSet, field: i, skip: f.SkipFirst, beat: newBeat(h, n.dataSet, i, time.Now())}
	if to.beat != nil {
		n.beats = append(n.beats, to.beat)
	}
	return to
}

// takeOver gives an item another sink, which gets the newest value first.
func (w *writers) takeOver(key subscriptionKey, it *item, to *fieldSink) {
	if sub := w.source.publishing.subscription(key); sub != nil {
		sub.takeOver(it, to)
	}
}

func (s *subscription) takeOver(it *item, to sink) {
	s.deliver.Lock()
	defer s.deliver.Unlock()
	s.mu.Lock()
	it.sink = to
	state, status, message := it.state, it.status, it.message
	s.mu.Unlock()
	if it.has {
		to.put(&it.last)
	}
	if state == itemRefused {
		to.refused(status, message)
	}
}

// link tells items which others trigger them.
func (w *writers) link(n *writer) {
	byName := map[string]*item{}
	for i, it := range n.items {
		byName[n.config.Fields[i].Name] = it
	}
	sub := w.source.publishing.subscription(n.key)
	if sub == nil {
		return
	}
	sub.mu.Lock()
	defer sub.mu.Unlock()
	for _, it := range n.monitored() {
		if it.triggeredBy != "" {
			it.trigger = byName[it.triggeredBy]
			notify(sub.p.wake)
		}
	}
}

// writerSubscription is the subscription that a writer's items belong to.
func writerSubscription(w *model.DataSetWriter) subscriptionKey {
	key := subscriptionKey{interval: w.PublishingInterval, priority: w.Priority}
	if key.interval <= 0 {
		key.interval = defaultPublishing
	}
	return key
}

// monitoredField is what the i-th field of a writer asks of the server, at its node.
func monitoredField(w *model.DataSetWriter, i int, node model.ExpandedNodeID) monitored {
	f := &w.Fields[i]
	m := monitored{
		node: node, attribute: f.Attribute, indexRange: f.IndexRange, sampling: f.SamplingInterval, queue: f.QueueSize, discardNew: f.DiscardNew,
		trigger: f.Trigger, triggeredBy: f.TriggeredBy,
	}
	if m.sampling == 0 {
		m.sampling = w.SamplingInterval
	}
	if f.Deadband != nil {
		m.deadband = *f.Deadband
	}
	return m
}

// monitored are the items of a writer.
func (o *writer) monitored() []*item {
	return slices.DeleteFunc(append(slices.Clone(o.items), o.event), func(i *item) bool { return i == nil })
}

// fieldSink puts values into a field of a DataSet.
type fieldSink struct {
	writers *writers
	key     model.WriterKey
	dataSet edge.DataSet
	field   int
	skip    bool  // the next value is the first, which is not wanted
	beat    *beat // nil without a heartbeat
}

func (f *fieldSink) put(v *model.DataValue) {
	skip := f.skip
	f.skip = false
	switch {
	case f.beat != nil:
		f.beat.put(v, skip)
	case !skip:
		f.dataSet.Put(f.field, v)
	}
}

// refused is shown by the status of the writer, and by heartbeats.
func (f *fieldSink) refused(status model.StatusCode, _ string) {
	if f.beat != nil {
		f.beat.refuse(status)
	}
}

// accepted has the metadata read again, which could not be had before.
func (f *fieldSink) accepted() {
	if f.beat != nil {
		f.beat.refuse(0)
	}
	f.writers.checkOne(f.key)
}
