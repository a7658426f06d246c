package opcua

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Nodes implements edge.NodeReporter.
func (s *Source) Nodes(ctx context.Context, queries []model.NodeQuery) ([]model.NodePage, error) {
	pages := make([]model.NodePage, len(queries))
	for i := range queries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		pages[i] = s.nodes(&queries[i])
	}
	return pages, nil
}

// nodes answers one query. The states are those of one moment for each writer, not over all.
func (s *Source) nodes(q *model.NodeQuery) model.NodePage {
	b := &pageBuilder{
		q: q, text: strings.ToLower(q.Text), limit: min(max(q.First, 0), model.MaxNodePage), waits: q.After != model.SeriesID{},
		page: model.NodePage{Totals: map[model.NodeState]int{}},
	}
	for _, key := range s.writers.keys() {
		if q.Writer == nil || *q.Writer == key {
			b.known = true
			s.writers.eachNode(key, func(state *model.ItemState) { b.add(key, state) })
		}
	}
	switch {
	case q.Writer != nil && !b.known:
		return model.NodePage{Status: model.StatusBadNotFound, Message: fmt.Sprintf("writer %s does not publish from server %q", *q.Writer, s.cfg.Server.ID)}
	case b.waits:
		return model.NodePage{Status: model.StatusBadNotFound, Message: fmt.Sprintf("field %s is not published any more: begin again without it", q.After)}
	}
	return b.page
}

// pageBuilder takes all nodes in their order, and keeps those that a query asks for.
type pageBuilder struct {
	q     *model.NodeQuery
	text  string // of q, in lower case
	limit int
	waits bool // for the field to go on behind
	known bool // the writer of q
	page  model.NodePage
}

func (b *pageBuilder) add(writer model.WriterKey, n *model.ItemState) {
	behind := !b.waits
	if b.waits && n.Field == b.q.After.Field && writer == (model.WriterKey{Gateway: b.q.After.Gateway, Group: b.q.After.Group, Writer: b.q.After.Writer}) {
		b.waits = false
	}
	if b.text != "" && !strings.Contains(strings.ToLower(n.Field), b.text) && !strings.Contains(strings.ToLower(n.NodeID.String()), b.text) {
		return
	}
	p := &b.page
	p.Totals[n.State]++
	p.Values, p.Overflows = p.Values+n.Values, p.Overflows+n.Overflows
	if n.LastValue.After(p.LastValue) {
		p.LastValue = n.LastValue
	}
	switch {
	case !behind, len(b.q.States) > 0 && !slices.Contains(b.q.States, n.State):
	case len(p.Nodes) == b.limit:
		p.More = true
	default:
		p.Nodes = append(p.Nodes, model.PublishedNode{Writer: writer, ItemState: *n})
	}
}

// keys are the desired writers, in the order of their names.
func (w *writers) keys() []model.WriterKey {
	w.mu.Lock()
	defer w.mu.Unlock()
	keys := make([]model.WriterKey, 0, len(w.desired))
	for key := range w.desired {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b model.WriterKey) int { return cmp.Compare(a.String(), b.String()) })
	return keys
}

// eachNode calls yield with the state of each field of a writer; what it is given is valid during the call only.
func (w *writers) eachNode(key model.WriterKey, yield func(*model.ItemState)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	want, o := w.desired[key], w.open[key]
	connected, now := w.source.status.connected(linkPublishing), time.Now()
	if o == nil || o.set == nil {
		state := waiting(o, connected)
		if want.Events != nil {
			state.Field, state.NodeID = eventsField, want.Events.Notifier
			yield(&state)
		}
		for i := range want.Fields {
			state.Field, state.NodeID = want.Fields[i].Name, want.Fields[i].NodeID
			yield(&state)
		}
		return
	}
	at := moment{now: now, connected: connected}
	if o.config.Watchdog != nil {
		at.timeout = o.config.Watchdog.Timeout
	}
	if sub := w.source.publishing.subscription(o.key); sub != nil {
		sub.mu.Lock()
		defer sub.mu.Unlock()
		at.publishing = max(sub.revised, sub.interval)
	}
	var state model.ItemState
	if o.feed != nil {
		state = o.feed.state(connected)
		yield(&state)
	}
	if o.event != nil {
		o.event.tell(&state, &at)
		state.Field = eventsField
		yield(&state)
	}
	for i, it := range o.items {
		switch {
		case o.read(i) != nil:
			state = o.read(i).tell(&at)
		case it == nil:
			state = o.badly[i].tell()
		default:
			it.tell(&state, &at)
		}
		state.Field = o.config.Fields[i].Name
		yield(&state)
	}
}

// waiting is the state of all nodes of a writer that is not open; o is nil when it was not tried yet.
func waiting(o *writer, connected bool) model.ItemState {
	switch {
	case !connected:
		return disconnected()
	case o != nil && o.err != nil:
		return model.ItemState{State: model.NodeBad, Status: statusOf(o.err, model.StatusBadUnexpectedError), Message: "the writer does not run: " + o.err.Error()}
	}
	return model.ItemState{State: model.NodeCreating, Status: model.StatusBadWaitingForInitialData, Message: "the writer is being opened"}
}

func disconnected() model.ItemState {
	return model.ItemState{State: model.NodeDisconnected, Status: model.StatusBadServerNotConnected, Message: "the server is not connected"}
}

// moment is what the state of an item depends on beside itself.
type moment struct {
	now        time.Time
	connected  bool
	publishing time.Duration
	timeout    time.Duration // of the writer's watchdog; 0 without one
}

// tell fills in all of an item's state but the name of its field. Under subscription.mu.
func (i *item) tell(s *model.ItemState, at *moment) {
	*s = model.ItemState{State: model.NodeActive, Status: model.StatusCode(i.counts.status.Load())}
	i.counts.fill(s)
	s.NodeID = i.node
	late := i.late(at)
	switch {
	case i.status().IsBad():
		s.State, s.Status, s.Message = model.NodeBad, i.fault.status, i.fault.message
	case !at.connected:
		d := disconnected()
		s.State, s.Status, s.Message = d.State, d.Status, d.Message
	case i.state != itemActive:
		s.State, s.Status, s.Message = model.NodeCreating, model.StatusBadWaitingForInitialData, "not monitored yet"
	case s.Status.IsBad():
		s.State, s.Message = model.NodeBad, "the server reports the value so"
	case late > 0:
		s.State, s.Message = model.NodeLate, fmt.Sprintf("no value for %s", late.Round(time.Second))
	case i.counts.overflowed(at.now):
		s.State = model.NodeOverflow
		s.Message = "the queue at the server overflowed: enlarge the queue size or the sampling interval, or shorten the publishing interval"
	}
}
