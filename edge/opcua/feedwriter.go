package opcua

import (
	"context"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// openFeed brings a writer of changes of the model to what is desired. A feed that goes on keeps what it knows of the address space.
func (w *writers) openFeed(ctx context.Context, ses *session, key model.WriterKey, want model.DataSetWriter, o *writer, notifier model.NodeID) error {
	paths, err := ses.paths(ctx, []model.NodeID{notifier})
	if err != nil {
		return fmt.Errorf("find browse path: %w", err)
	}
	node, every := ses.namespaces.Expand(notifier), want.Events.ModelChange.Rebrowse
	if every <= 0 {
		every = defaultRebrowse
	}
	fields := feedFields(node, paths[0])
	digest, err := digestOf(fields, nil)
	if err != nil {
		return err
	}
	same := o != nil && o.feed != nil && o.feed.node == node
	if same && sameConfig(o.config, want) && o.fields == digest {
		w.keep(key, o, nil, want, o.selectAt)
		return nil
	}
	set, err := w.openEventSet(ctx, want, fields, nil)
	if err != nil {
		return err
	}
	n := &writer{
		config: want, set: newFieldSet(w, want.Key(), set), key: writerSubscription(&want), fields: digest, names: namesOf(fields),
		search: backoff{first: itemRetry, max: itemRetryMax},
	}
	if same {
		n.feed = o.feed
		n.feed.replace(changeEvents{set}, every)
	} else {
		n.feed = newModelFeed(key.String(), node, every, changeEvents{set})
	}
	if o != nil {
		w.source.heartbeats.remove(o.beats)
		w.source.cyclic.remove(o.reads)
		w.endEvents(o)
		w.source.publishing.remove(o.key, o.monitored())
	}
	w.source.feeds.add(n.feed)
	w.keep(key, n, nil, want, n.selectAt)
	return nil
}

// tellFeed fills in the status of a writer of changes of the model.
func (w *writers) tellFeed(o *writer, s *model.WriterStatus) {
	state := o.feed.state(true)
	if state.State == model.NodeActive {
		s.Active = len(o.names)
		return
	}
	s.BadCount, s.Bad = len(o.names), []model.ItemState{state}
	if state.State == model.NodeBad {
		s.Error = state.Message
	}
}
