package opcua

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	// maxConditions bounds the conditions of one writer whose state is kept, and maxConditionBytes the memory that they take.
	maxConditions     = 10_000
	maxConditionBytes = 64 << 20
	// refreshWait is how long the end of a refresh is waited for.
	refreshWait = time.Minute
)

// conditions keeps the state of the conditions that a server retains (Part 9, 5.5.2), as the events of one item tell it. Its methods are called
// under eventSink.mu.
type conditions struct {
	filter *eventFilter
	put    func(event []model.Variant) // hands an event over
	// onWhole is called when the state becomes as whole as it can be; nil for nothing. It must not wait for anything.
	onWhole func()

	state  map[string]*condition // by ConditionId and BranchId
	bytes  int                   // of all
	number uint64                // of the last one that was added
	key    []byte
	size   []byte

	// Of a refresh:
	refreshing bool
	torn       bool // events were lost in it
	generation uint64

	update, snapshot         time.Duration // 0 for none
	nextUpdate, nextSnapshot time.Time

	// What the others see:
	retained atomic.Int64
	unkept   atomic.Uint64 // events of conditions for which there was no room
	// since is when the state became one that a refresh must make whole, in Unix ns; 0 when it is whole.
	since atomic.Int64
}

// condition is the newest event of one branch of a condition.
type condition struct {
	number   uint64
	event    []model.Variant
	size     int
	retained bool
	changed  bool   // since the last update
	seen     uint64 // the refresh that told it last
}

func newConditions(f *eventFilter, c *model.ConditionSnapshots, now time.Time) *conditions {
	r := &conditions{filter: f, state: map[string]*condition{}}
	r.configure(c, now)
	return r
}

// configure sets when the state is sent.
func (c *conditions) configure(s *model.ConditionSnapshots, now time.Time) {
	c.update, c.snapshot = s.UpdateInterval, s.SnapshotInterval
	c.nextUpdate, c.nextSnapshot = now.Add(c.update), now.Add(c.snapshot)
}

// The types of events that tell of a refresh (Part 9, 5.11).
const (
	idRefreshStart    = 2787
	idRefreshEnd      = 2788
	idRefreshRequired = 2789
)

// isRefresh tells whether an event is not of the plant but of the way in which the state of conditions is fetched.
func isRefresh(eventType model.Variant) bool {
	return isEventType(eventType, idRefreshStart) || isEventType(eventType, idRefreshEnd) || isEventType(eventType, idRefreshRequired)
}

// take hands an event over and notes the state that it tells. What a refresh repeats of what is known is not handed over again. refresh tells that the
// state must be refreshed.
func (c *conditions) take(event []model.Variant) (refresh bool) {
	switch t := event[c.filter.eventType]; {
	case isEventType(t, idRefreshStart):
		c.refreshing, c.torn = true, false
		c.generation++
		return false
	case isEventType(t, idRefreshEnd):
		c.refreshed()
		return false
	case isEventType(t, idRefreshRequired):
		return true
	case isEventType(t, idEventQueueOverflow):
		c.torn, refresh = true, true
	case !isNullID(event[c.filter.conditionID]):
		if c.keep(event) {
			return false
		}
	}
	c.put(event)
	return refresh
}

// isNullID tells whether a value is no NodeId, or the null one.
func isNullID(v model.Variant) bool {
	switch v.Type() {
	case model.TypeExpandedNodeID:
		return v.ExpandedNodeID().IsNull()
	case model.TypeNodeID:
		return v.NodeID().IsNull()
	}
	return true
}

// keep notes the state of the condition of an event. It is known when a refresh repeats the newest event.
func (c *conditions) keep(event []model.Variant) (known bool) {
	c.key = event[c.filter.conditionID].AppendJSON(c.key[:0])
	c.key = event[c.filter.branchID].AppendJSON(c.key)
	old := c.state[string(c.key)]
	retained := event[c.filter.retain].Bool()
	if old != nil {
		old.seen = c.generation
		if c.refreshing && retained == old.retained && event[c.filter.eventID].Equal(old.event[c.filter.eventID]) {
			return true
		}
	}
	if !retained && (old == nil || c.update == 0) {
		c.drop(string(c.key))
		return false
	}
	size := c.sizeOf(event)
	if old == nil {
		if len(c.state) >= maxConditions || c.bytes+size > maxConditionBytes {
			c.unkept.Add(1)
			return false
		}
		c.number++
		old = &condition{number: c.number, seen: c.generation}
		c.state[string(c.key)] = old
	}
	c.bytes += size - old.size
	if retained != old.retained {
		c.retained.Add(map[bool]int64{true: 1, false: -1}[retained])
	}
	old.event, old.size, old.retained, old.changed = cloneEvent(event), size, retained, true
	return false
}

// drop forgets a condition, if it is known.
func (c *conditions) drop(key string) {
	old := c.state[key]
	if old == nil {
		return
	}
	delete(c.state, key)
	c.bytes -= old.size
	if old.retained {
		c.retained.Add(-1)
	}
}

// sizeOf is how many bytes an event has on the wire, about what it takes in memory beyond its Variants.
func (c *conditions) sizeOf(event []model.Variant) int {
	c.size = c.size[:0]
	for i := range event {
		if b, err := uadp.AppendField(c.size, &model.DataValue{Value: event[i]}, uadp.EncodingVariant); err == nil {
			c.size = b
		}
	}
	return len(c.size) + 64*len(event)
}

func cloneEvent(event []model.Variant) []model.Variant {
	r := make([]model.Variant, len(event))
	for i := range event {
		r[i] = event[i].Clone()
	}
	return r
}

// refreshed is the end of a refresh: what it did not tell is not retained any more, and its last event was missed.
func (c *conditions) refreshed() {
	if !c.refreshing {
		return
	}
	c.refreshing = false
	if c.torn { // and asked for again
		return
	}
	c.since.Store(0)
	for _, x := range c.sorted(func(x *condition) bool { return x.retained && x.seen != c.generation }) {
		c.end(x.event)
	}
	if c.onWhole != nil {
		c.onWhole()
	}
}

// end hands an event over that says that a condition is not retained any more, and notes it. It is the last one that was had with an EventId and a time of
// its own.
func (c *conditions) end(event []model.Variant) {
	event = slices.Clone(event)
	f, now := c.filter, model.DateTimeValue(model.DateTimeOf(time.Now()))
	id := sha256.Sum256(append([]byte("not retained"), event[f.eventID].Bytes()...))
	event[f.eventID], event[f.retain] = model.ByteStringValue(id[:16]), model.BooleanValue(false)
	for _, name := range []string{"Time", "ReceiveTime"} {
		if i := f.place(name); i >= 0 {
			event[i] = now
		}
	}
	if i := f.place("Message"); i >= 0 {
		event[i] = model.LocalizedTextValue(&model.LocalizedText{Locale: "en", Text: "Not retained any more; its end was missed while the gateway was away."})
	}
	c.keep(event)
	c.put(event)
}

// sorted are the conditions that are wanted, in the order in which they came.
func (c *conditions) sorted(wanted func(*condition) bool) []*condition {
	var list []*condition
	for _, x := range c.state {
		if wanted(x) {
			list = append(list, x)
		}
	}
	slices.SortFunc(list, func(a, b *condition) int { return cmp.Compare(a.number, b.number) })
	return list
}

// send hands over what is due of the state, and returns when something is due next; the zero time for never. What is not whole is not sent: it would tell
// of conditions as if they were retained.
func (c *conditions) send(now time.Time, connected bool) (next time.Time) {
	whole := connected && c.whole(now)
	if c.snapshot > 0 && !now.Before(c.nextSnapshot) {
		c.nextSnapshot = now.Add(c.snapshot)
		if whole {
			for _, x := range c.sorted(func(x *condition) bool { return x.retained }) {
				c.put(x.event)
				x.changed = false
			}
		}
	}
	if c.update > 0 && !now.Before(c.nextUpdate) {
		c.nextUpdate = now.Add(c.update)
		if whole {
			c.sendUpdate()
		}
	}
	for _, t := range []struct {
		every time.Duration
		at    time.Time
	}{{c.update, c.nextUpdate}, {c.snapshot, c.nextSnapshot}} {
		if t.every > 0 && (next.IsZero() || t.at.Before(next)) {
			next = t.at
		}
	}
	return next
}

// sendUpdate hands over what changed, and forgets what is not retained.
func (c *conditions) sendUpdate() {
	for _, x := range c.sorted(func(x *condition) bool { return x.changed }) {
		c.put(x.event)
		x.changed = false
	}
	for key, x := range c.state {
		if !x.retained {
			c.drop(key)
		}
	}
}

// whole tells whether all conditions that the server retains are known, as far as that can be had: a refresh that does not end ends by itself.
func (c *conditions) whole(now time.Time) bool {
	since := c.since.Load()
	return since == 0 || now.Sub(time.Unix(0, since)) > refreshWait
}

// lack notes that there may be conditions that are not known, until a refresh ends.
func (c *conditions) lack(now time.Time) { c.since.CompareAndSwap(0, now.UnixNano()) }

// settle notes that there will be no refresh.
func (c *conditions) settle() {
	c.since.Store(0)
	if c.onWhole != nil {
		c.onWhole()
	}
}

// note tells what is not kept; empty when all is. A nil c keeps nothing.
func (c *conditions) note() string {
	if c == nil || c.unkept.Load() == 0 {
		return ""
	}
	return fmt.Sprintf("the server retains more conditions than the gateway keeps (%d, or %d MiB): %d events of others are not in snapshots; narrow the filter, or use several writers",
		maxConditions, maxConditionBytes>>20, c.unkept.Load())
}
