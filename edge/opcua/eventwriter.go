package opcua

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// eventsField stands for all fields of a writer of events where the state of the node that the events come from is told.
const eventsField = "events"

// openEvents brings a writer of events to what is desired: one monitored item, whose events are the messages of the DataSet.
func (w *writers) openEvents(ctx context.Context, key model.WriterKey, want model.DataSetWriter, o *writer) error {
	ses, err := w.source.asks.session(ctx)
	if err != nil {
		return err
	}
	notifier, err := ses.notifierOf(ctx, want.Events)
	if err != nil {
		return err
	}
	if want.Events.ModelChange != nil {
		return w.openFeed(ctx, ses, key, want, o, notifier)
	}
	quiet, err := ses.quiet(ctx, notifier)
	if err != nil {
		return err
	}
	filter, fields, err := ses.compileEvents(ctx, want.Events, notifier)
	if err != nil {
		return err
	}
	types, err := ses.schemaOf(ctx, fields)
	if err != nil {
		return err
	}
	m := monitored{ses.namespaces.Expand(notifier), itemSpec{queue: want.Events.QueueSize, discardNew: want.Events.DiscardNew, events: filter}}
	digest, err := digestOf(fields, types)
	if err != nil {
		return err
	}
	if o != nil && o.event != nil && o.event.sameEvents(&m) {
		m.events = o.event.events // the same one, by which the item is known
		if sameConfig(o.config, want) && o.fields == digest {
			w.keep(key, o, nil, want, o.selectAt)
			w.mention(o, quiet)
			return nil
		}
	}
	events, err := w.openEventSet(ctx, want, fields, types)
	if err != nil {
		return err
	}
	n := w.bindEvents(o, want, events, m)
	n.fields, n.names = digest, namesOf(fields)
	w.keep(key, n, nil, want, n.selectAt)
	w.mention(n, quiet)
	return nil
}

// notifierOf finds the node that events come from.
func (s *session) notifierOf(ctx context.Context, e *model.EventSource) (model.NodeID, error) {
	places, err := s.locate(ctx, []model.PublishedField{{Name: eventsField, NodeID: e.Notifier, BrowsePath: e.BrowsePath}})
	if err != nil {
		return model.NodeID{}, err
	}
	if p := &places[0]; p.status.IsBad() {
		return model.NodeID{}, fmt.Errorf("events: %w: %s", p.status, p.message)
	}
	id, err := s.namespaces.Resolve(places[0].node)
	if err != nil {
		return id, fmt.Errorf("events.notifier: %w: %w", model.StatusBadNodeIdUnknown, err)
	}
	return id, nil
}

// openEventSet opens the DataSet of a writer of events.
func (w *writers) openEventSet(ctx context.Context, want model.DataSetWriter, fields []model.FieldMetaData, types *model.DataTypeSchema) (edge.EventSet, error) {
	set, err := w.source.cfg.DataSets.Open(ctx, want, fields, types)
	if err != nil {
		return nil, fmt.Errorf("open data set: %w", err)
	}
	events, ok := set.(edge.EventSet)
	if !ok {
		return nil, fmt.Errorf("open data set: %T takes no events", set)
	}
	return events, nil
}

func namesOf(fields []model.FieldMetaData) []string {
	names := make([]string, len(fields))
	for i := range fields {
		names[i] = fields[i].Name
	}
	return names
}

// mention notes what of a writer of events does not work as it should although it runs.
func (w *writers) mention(o *writer, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o.note = text
}

// subscribeToEvents is the bit of the attribute EventNotifier that says that a node sends events (Part 3, 8.59).
const subscribeToEvents = 1

// quiet reads whether a node sends events: some servers take a subscription to the events of any node and never send one. The error is for a node
// that cannot, the text for one that says that it does not.
func (s *session) quiet(ctx context.Context, notifier model.NodeID) (text string, err error) {
	values, err := s.read(ctx, []*ua.ReadValueID{{NodeID: uaNodeID(notifier), AttributeID: ua.AttributeIDEventNotifier}})
	if err != nil {
		return "", err
	}
	switch status := model.StatusCode(values[0].Status); {
	case status == model.StatusBadAttributeIdInvalid:
		return "", fmt.Errorf("events.notifier %s: the node sends no events: %w: name one that does, i=2253 for all events of the server", s.namespaces.Expand(notifier), status)
	case status.IsBad(): // the subscription tells
		return "", nil
	}
	if bits, ok := values[0].Value.Value().(uint8); ok && bits&subscribeToEvents == 0 {
		return fmt.Sprintf("the server says that %s sends no events (its EventNotifier is %d): name another node if none come, i=2253 for all events of the server",
			s.namespaces.Expand(notifier), bits), nil
	}
	return "", nil
}

// sameEvents tells whether the item asks for what m does.
func (i *item) sameEvents(m *monitored) bool {
	a, b := i.asked(), *m
	a.events, b.events = nil, nil
	return a == b && i.events.equal(m.events)
}

// bindEvents leads the events of an item into a new DataSet. The old writer's item goes on when it asks for the same, so that no event is missed.
func (w *writers) bindEvents(old *writer, want model.DataSetWriter, set edge.EventSet, m monitored) *writer {
	n := &writer{config: want, set: newFieldSet(w, want.Key(), set), key: writerSubscription(&want), search: backoff{first: itemRetry, max: itemRetryMax}}
	if old != nil && old.event != nil && old.key == n.key && old.event.asked() == m &&
		(old.config.Events.Conditions == nil) == (want.Events.Conditions == nil) {
		n.event = old.event
	}
	if old != nil {
		w.source.heartbeats.remove(old.beats)
		w.source.cyclic.remove(old.reads)
		w.endEvents(old)
		w.source.publishing.remove(old.key, slices.DeleteFunc(old.monitored(), func(i *item) bool { return i == n.event }))
	}
	if n.event == nil {
		n.event = w.eventItem(n, set, m)
	} else if sub := w.source.publishing.subscription(n.key); sub != nil {
		sub.deliver.Lock()
		n.event.sink.(*eventSink).replace(set, want.Events.Conditions)
		sub.deliver.Unlock()
	}
	if to := n.event.sink.(*eventSink); to.conditions != nil {
		w.source.snapshots.add(to)
	}
	return n
}

// eventItem makes the item of a writer.
func (w *writers) eventItem(n *writer, set edge.EventSet, m monitored) *item {
	to := &eventSink{key: n.config.Key(), filter: m.events, set: set}
	o := &notifier{retry: backoff{first: refreshRetry, max: refreshMax}}
	if c := n.config.Events.Conditions; c != nil {
		to.conditions = newConditions(m.events, c, time.Now())
		to.conditions.put = to.hand
		o.conditions, o.onStart = to.conditions, c.RefreshOnStart
	}
	return w.source.publishing.add([]wanted{{key: n.key, item: m, sink: to, notifier: o}})[0]
}

// endEvents ends what a writer of events sends by itself.
func (w *writers) endEvents(o *writer) {
	if o.event != nil {
		w.source.snapshots.remove(o.event.sink.(*eventSink))
	}
	if o.feed != nil {
		w.source.feeds.remove(o.feed)
	}
}

// tellEvents fills in the status of a writer of events.
func (w *writers) tellEvents(o *writer, s *model.WriterStatus) {
	if sub := w.source.publishing.subscription(o.key); sub != nil {
		sub.mu.Lock()
		defer sub.mu.Unlock()
	}
	it := o.event
	filter, conditions := it.notifier.filter.selects, it.notifier.conditions
	s.Unsupported = strings.Join(slices.DeleteFunc([]string{o.note, it.notifier.whereNote(), it.notifier.note, conditions.note()}, func(t string) bool { return t == "" }), "; ")
	if conditions != nil {
		s.Conditions = int(conditions.retained.Load())
	}
	if it.state != itemActive || it.status().IsBad() {
		s.BadCount = len(o.names)
		if s.Error == "" && it.status().IsBad() {
			s.Error = it.fault.message
		}
		return
	}
	for i, name := range o.names {
		if i >= len(filter) || !filter[i].IsBad() {
			s.Active++
			continue
		}
		s.BadCount++
		if len(s.Bad) < maxBadItems {
			s.Bad = append(s.Bad, model.ItemState{
				Field: name, NodeID: it.node, State: model.NodeBad, Status: filter[i],
				Message: fmt.Sprintf("the server does not send the field (%s): correct its type and path, or remove it", &it.events.selects[i]),
			})
		}
	}
}
