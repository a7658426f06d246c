package opcua

import (
	"maps"
	"slices"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// bind leads the values of a writer's items into a new DataSet. Items of the old writer that are still wanted go on, and their newest values open the
// DataSet; the others are removed. A field without a place has no item.
func (w *writers) bind(old *writer, want model.DataSetWriter, dataSet edge.DataSet, places []place) *writer {
	n := &writer{
		config: want, dataSet: dataSet, key: writerSubscription(&want), items: make([]*item, len(want.Fields)),
		search: backoff{first: itemRetry, max: itemRetryMax},
	}
	reusable := map[monitored][]*item{}
	if old != nil {
		n.search.next = old.search.next
		if old.key == n.key {
			for _, it := range old.monitored() {
				reusable[it.monitored] = append(reusable[it.monitored], it)
			}
		}
	}
	p := w.source.publishing
	var missing []wanted
	var whose []int
	for i := range want.Fields {
		if places[i].status.IsBad() {
			continue
		}
		m := monitoredField(&want, i, places[i].node)
		to := &fieldSink{writers: w, key: want.Key(), dataSet: dataSet, field: i, skip: want.Fields[i].SkipFirst}
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
		p.remove(old.key, old.monitored())
	case old != nil:
		p.remove(old.key, slices.Concat(slices.Collect(maps.Values(reusable))...))
	}
	for j, it := range p.add(missing) {
		n.items[whose[j]] = it
	}
	return n
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
		trigger: f.Trigger,
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
	return slices.DeleteFunc(slices.Clone(o.items), func(i *item) bool { return i == nil })
}

// fieldSink puts values into a field of a DataSet.
type fieldSink struct {
	writers *writers
	key     model.WriterKey
	dataSet edge.DataSet
	field   int
	skip    bool // the next value is the first
}

func (f *fieldSink) put(v *model.DataValue) {
	if f.skip {
		f.skip = false
		return
	}
	f.dataSet.Put(f.field, v)
}

// refused needs nothing: the status of the writer shows it.
func (f *fieldSink) refused(model.StatusCode, string) {}

// accepted has the metadata read again, which could not be had before.
func (f *fieldSink) accepted() { f.writers.checkOne(f.key) }
