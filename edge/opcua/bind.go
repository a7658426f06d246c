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
		config: want, set: newFieldSet(w, want.Key(), dataSet), key: writerSubscription(&want), items: make([]*item, len(want.Fields)),
		search: backoff{first: itemRetry, max: itemRetryMax},
	}
	reusable := map[monitored][]*item{}
	if old != nil {
		n.search.next = old.search.next
		w.source.heartbeats.remove(old.beats)
		w.source.cyclic.remove(old.reads)
		w.endEvents(old)
		if old.key == n.key {
			for _, it := range old.monitored() {
				reusable[it.asked()] = append(reusable[it.asked()], it)
			}
		}
	}
	var missing []wanted
	var whose []int
	sinks := make([]fieldSink, len(want.Fields)) // one piece of memory: they come and go together
	for i := range want.Fields {
		m, to := monitoredField(&want, i, places[i].node), &sinks[i]
		w.setSink(n, to, i)
		switch list := reusable[m]; {
		case places[i].status.IsBad():
			to.refused(places[i].status, places[i].message)
		case want.Fields[i].CyclicRead != nil:
			if n.reads == nil {
				n.reads = make([]*cyclicRead, len(want.Fields))
			}
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

// setSink makes that of the i-th field, with its heartbeat.
func (w *writers) setSink(n *writer, to *fieldSink, i int) {
	f := &n.config.Fields[i]
	h := f.Heartbeat
	if h == nil {
		h = n.config.Heartbeat
	}
	*to = fieldSink{set: n.set, field: int32(i), skip: f.SkipFirst, beat: newBeat(h, n.set.dataSet, i, time.Now())}
	if to.beat != nil {
		n.beats = append(n.beats, to.beat)
	}
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
	var refused itemFault
	if it.state == itemRefused {
		refused = *it.fault
	}
	s.mu.Unlock()
	if it.has {
		to.put(&it.last)
	}
	if refused.status.IsBad() {
		to.refused(refused.status, refused.message)
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
		if it.trigger != nil {
			it.trigger.item = byName[it.triggeredBy]
			sub.p.alert()
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
	m := monitored{node, itemSpec{
		attribute: f.Attribute, indexRange: f.IndexRange, sampling: f.SamplingInterval, queue: f.QueueSize, discardNew: f.DiscardNew,
		on: f.Trigger, triggeredBy: f.TriggeredBy,
	}}
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

// fieldSet is the DataSet of a writer's fields.
type fieldSet struct {
	dataSet edge.DataSet
	durable edge.Durable // the same; nil when it does not tell what is stored
	writers *writers
	key     model.WriterKey
}

func newFieldSet(w *writers, key model.WriterKey, d edge.DataSet) *fieldSet {
	durable, _ := d.(edge.Durable)
	return &fieldSet{d, durable, w, key}
}

// fieldSink puts values into a field of a DataSet.
type fieldSink struct {
	set   *fieldSet
	beat  *beat // nil without a heartbeat
	field int32
	skip  bool // the next value is the first, which is not wanted
}

func (f *fieldSink) put(v *model.DataValue) {
	skip := f.skip
	f.skip = false
	switch {
	case f.beat != nil:
		f.beat.put(v, skip)
	case !skip:
		f.set.dataSet.Put(int(f.field), v)
	}
}

// author is the writer of the field.
func (f *fieldSink) author() model.WriterKey { return f.set.key }

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
	f.set.writers.checkOne(f.set.key)
}
