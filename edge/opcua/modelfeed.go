package opcua

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// modelSeverity is that of the events of a feed: information (Part 5, 6.4.2).
	modelSeverity = 100
	// maxPending bounds the changes that a server told and that wait for the feed; what is left out is found by browsing.
	maxPending = 10_000
)

// changeTaker takes what a modelFeed finds.
type changeTaker interface {
	takeChange(c *treeChange, now time.Time)
	// looked tells that the address space was browsed, or why it could not be.
	looked(err error)
}

// changeEvents publishes changes as events.
type changeEvents struct{ set edge.EventSet }

func (e changeEvents) takeChange(c *treeChange, now time.Time) { e.set.PutEvent(c.event(now)) }

// looked needs nothing: state tells.
func (e changeEvents) looked(error) {}

// newModelFeed makes a feed that browses at once, and then after every.
func newModelFeed(name string, node model.ExpandedNodeID, every time.Duration, to changeTaker) *modelFeed {
	return &modelFeed{
		name: name, node: node, every: every, to: to, due: time.Now(), retry: backoff{first: itemRetry, max: itemRetryMax},
		told: map[knownChange]time.Time{}, found: map[knownChange]time.Time{},
	}
}

// modelFeed publishes changes of the address space below a node: those that the server tells at once, and those that are found by browsing it again.
type modelFeed struct {
	name string // in the log
	node model.ExpandedNodeID

	handing sync.Mutex // held while a change is handed over, which may block
	to      changeTaker

	mu      sync.Mutex
	pending []modelChange
	every   time.Duration
	at      looking   // asked for by the server
	due     time.Time // at the latest
	retry   backoff
	err     error // why it was not browsed
	counts  itemCounts
	nodes   int // that are known; 0 before the first browsing

	// Of modelFeeds.run:
	tree *modelTree
	// told and found have the changes that were published because the server told them, or because they were found, so that they are not
	// published again when the other comes; with the time. Both are bounded by maxPending.
	told, found map[knownChange]time.Time
}

// foundEcho is how long the server may take to tell what was found already.
const foundEcho = 30 * time.Second

// knownChange is one bit of the verb of a change.
type knownChange struct {
	affected model.ExpandedNodeID
	verb     uint8
}

// feedFields are the fields of a feed's events: those of a BaseEventType, and of the change. One event has one change.
func feedFields(node model.ExpandedNodeID, path string) []model.FieldMetaData {
	fields := []model.FieldMetaData{
		{Name: "EventId", BuiltInType: model.TypeByteString},
		{Name: "EventType", BuiltInType: model.TypeNodeID},
		{Name: "SourceNode", BuiltInType: model.TypeNodeID},
		{Name: "SourceName", BuiltInType: model.TypeString},
		{Name: "Time", BuiltInType: model.TypeDateTime},
		{Name: "ReceiveTime", BuiltInType: model.TypeDateTime},
		{Name: "Message", BuiltInType: model.TypeLocalizedText},
		{Name: "Severity", BuiltInType: model.TypeUInt16},
		{Name: "Affected", BuiltInType: model.TypeNodeID},
		{Name: "AffectedType", BuiltInType: model.TypeNodeID},
		{Name: "Verb", BuiltInType: model.TypeByte},
		{Name: "BrowsePath", BuiltInType: model.TypeString},
		{Name: "NodeClass", BuiltInType: model.TypeInt32},
	}
	for i := range fields {
		f := &fields[i]
		f.DataType = model.Expanded(model.NumericID(0, uint32(f.BuiltInType)))
		f.BuiltInType, f.ValueRank, f.Node, f.Path = published(f.BuiltInType), model.ValueRankScalar, node, path
	}
	return fields
}

// event makes the event of a change.
func (c *treeChange) event(now time.Time) []model.Variant {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	typ, source := model.Expanded(model.NumericID(0, idGeneralModelChangeEvent)), model.Expanded(model.NumericID(0, idServerObject))
	what := c.path
	if what == "" {
		what = c.affected.String()
	}
	t := model.DateTimeValue(model.DateTimeOf(now))
	return []model.Variant{
		model.ByteStringValue(id), model.ExpandedNodeIDValue(&typ), model.ExpandedNodeIDValue(&source), model.StringValue("Server"), t, t,
		model.LocalizedTextValue(&model.LocalizedText{Locale: "en", Text: verbText(c.verb) + ": " + what}), model.UInt16Value(modelSeverity),
		model.ExpandedNodeIDValue(&c.affected), model.ExpandedNodeIDValue(&c.affectedType), model.ByteValue(c.verb),
		model.StringValue(c.path), model.Int32Value(int32(c.class)),
	}
}

// verbs are the words for the bits of a verb.
var verbs = []struct {
	bit  uint8
	text string
}{
	{verbNodeAdded, "node added"},
	{verbNodeDeleted, "node deleted"},
	{verbReferenceAdded, "reference added"},
	{verbReferenceDeleted, "reference deleted"},
	{verbDataTypeChanged, "data type changed"},
}

func verbText(verb uint8) string {
	text := ""
	for _, v := range verbs {
		if verb&v.bit != 0 {
			if text != "" {
				text += ", "
			}
			text += v.text
		}
	}
	if text == "" {
		text = fmt.Sprintf("changed (%d)", verb)
	}
	return text
}

// changed notes what a server told; no changes stand for one that only says that there are some.
func (f *modelFeed) changed(changes []modelChange, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at.ask(now)
	if n := maxPending - len(f.pending); n > 0 {
		f.pending = append(f.pending, changes[:min(n, len(changes))]...)
	}
}

// next is when there is something to do.
func (f *modelFeed) next(now time.Time) time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case len(f.pending) > 0 && f.tree != nil:
		return now
	case !f.at.at.IsZero() && f.at.at.Before(f.due):
		return f.at.at
	}
	return f.due
}

// hand publishes a change.
func (f *modelFeed) hand(c *treeChange, now time.Time) {
	f.handing.Lock()
	defer f.handing.Unlock()
	f.counts.arrived(now, 0)
	f.to.takeChange(c, now)
}

// tell publishes what the server told and was not found before.
func (f *modelFeed) tell(now time.Time) {
	f.mu.Lock()
	pending := f.pending
	f.pending = nil
	f.mu.Unlock()
	for i := range pending {
		c := treeChange{modelChange: pending[i]}
		if id, err := f.tree.namespaces.Resolve(c.affected); err == nil && f.tree.nodes[id] != nil {
			c.path, c.class = f.tree.path(id), f.tree.nodes[id].class
		}
		for _, v := range verbs {
			key := knownChange{c.affected, v.bit}
			if at, found := f.found[key]; found && c.verb&v.bit != 0 {
				delete(f.found, key)
				if now.Sub(at) < foundEcho {
					c.verb &^= v.bit
				}
			}
			if c.verb&v.bit != 0 && len(f.told) < maxPending {
				f.told[key] = now
			}
		}
		if c.verb != 0 || pending[i].verb == 0 {
			f.hand(&c, now)
		}
	}
}

// look browses again and publishes what changed and was not told.
func (f *modelFeed) look(ctx context.Context, s *session) error {
	begin := time.Now()
	root, err := s.namespaces.Resolve(f.node)
	if err != nil {
		return err
	}
	if root == model.NumericID(0, idServerObject) {
		root = model.NumericID(0, idRootFolder)
	}
	later, err := s.modelTree(ctx, root)
	if err != nil {
		return err
	}
	now := time.Now()
	if f.tree != nil {
		list := f.tree.diff(later)
		for i := range list {
			key := knownChange{list[i].affected, list[i].verb}
			if _, told := f.told[key]; told {
				delete(f.told, key)
				continue
			}
			f.hand(&list[i], now)
			if len(f.found) < maxPending {
				f.found[key] = now
			}
		}
	}
	f.tree = later
	// What was told before this look began and was not found is over.
	maps.DeleteFunc(f.told, func(_ knownChange, at time.Time) bool { return at.Before(begin) })
	maps.DeleteFunc(f.found, func(_ knownChange, at time.Time) bool { return now.Sub(at) >= foundEcho })
	f.mu.Lock()
	defer f.mu.Unlock()
	f.nodes = len(later.nodes)
	return nil
}

// modelFeeds runs the feeds of a Source.
type modelFeeds struct {
	source *Source
	wake   chan struct{}

	mu    sync.Mutex
	feeds map[*modelFeed]struct{}
}

func (m *modelFeeds) add(f *modelFeed) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.feeds[f] = struct{}{}
	notify(m.wake)
}

func (m *modelFeeds) remove(f *modelFeed) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.feeds, f)
}

func (m *modelFeeds) all() []*modelFeed {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := make([]*modelFeed, 0, len(m.feeds))
	for f := range m.feeds {
		list = append(list, f)
	}
	return list
}

// changed tells all feeds.
func (m *modelFeeds) changed(changes []modelChange) {
	for _, f := range m.all() {
		f.changed(changes, time.Now())
	}
	notify(m.wake)
}

// run publishes and browses until ctx ends.
func (m *modelFeeds) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.wake:
		case <-timer.C:
		}
		for _, f := range m.all() {
			m.serve(ctx, f)
		}
		now, next := time.Now(), time.Now().Add(time.Hour)
		for _, f := range m.all() {
			if at := f.next(now); at.Before(next) {
				next = at
			}
		}
		timer.Reset(max(time.Until(next), 0))
	}
}

// serve does what is due of a feed.
func (m *modelFeeds) serve(ctx context.Context, f *modelFeed) {
	now := time.Now()
	if f.tree != nil {
		f.tell(now)
	}
	f.mu.Lock()
	due := f.at.begin(now) || !now.Before(f.due)
	f.mu.Unlock()
	if !due || ctx.Err() != nil {
		return
	}
	ses, err := m.source.asks.session(ctx)
	if err == nil {
		err = f.look(ctx, ses)
	}
	if ctx.Err() != nil {
		return
	}
	f.handing.Lock()
	f.to.looked(err)
	f.handing.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at.last = now
	f.at.end(time.Now())
	if err != nil && notConnected(err) {
		f.due = time.Now().Add(f.retry.pause())
		return
	}
	if err != nil && (f.err == nil || f.err.Error() != err.Error()) {
		m.source.log.Warn().Err(err).Str("feed", f.name).Msg("model change feed cannot browse the server")
	}
	if f.err = err; err != nil {
		f.due = time.Now().Add(f.retry.pause())
		return
	}
	f.retry.reset()
	f.due = time.Now().Add(f.every)
}

// state is that of the node below which a feed looks.
func (f *modelFeed) state(connected bool) (s model.ItemState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s = model.ItemState{State: model.NodeActive}
	f.counts.fill(&s)
	s.Field, s.NodeID = eventsField, f.node
	switch {
	case !connected:
		d := disconnected()
		s.State, s.Status, s.Message = d.State, d.Status, d.Message
	case f.err != nil:
		s.State, s.Status, s.Message = model.NodeBad, statusOf(f.err, model.StatusBadUnexpectedError), "the address space is not browsed: "+f.err.Error()
	case f.nodes == 0:
		s.State, s.Status, s.Message = model.NodeCreating, model.StatusBadWaitingForInitialData, "the address space is being browsed for the first time"
	}
	return s
}

// replace gives the feed another taker, and another time between two looks.
func (f *modelFeed) replace(to changeTaker, every time.Duration) {
	f.handing.Lock()
	f.to = to
	f.handing.Unlock()
	f.pace(every)
}

// pace gives the feed another time between two looks.
func (f *modelFeed) pace(every time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.every = every
	if due := time.Now().Add(every); due.Before(f.due) {
		f.due = due
	}
}
