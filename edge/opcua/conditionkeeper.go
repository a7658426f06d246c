package opcua

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

var _ edge.ConditionServer = (*Source)(nil)

const (
	// conditionsIdle is for how long conditions are kept that nobody asks for.
	conditionsIdle = 5 * time.Minute
	// conditionsWait is how long it is waited for the first refresh.
	conditionsWait = 10 * time.Second
)

// conditionKeeper keeps the state of the conditions of a server from the first time that somebody asks for it until nobody does for a while.
type conditionKeeper struct {
	source  *Source
	idle    time.Duration
	opening chan struct{} // one at a time

	mu    sync.Mutex
	state *conditionState // nil for none
	users int
	used  time.Time
}

func newConditionKeeper(s *Source) *conditionKeeper {
	return &conditionKeeper{source: s, idle: conditionsIdle, opening: make(chan struct{}, 1)}
}

// run forgets what nobody asks for, until ctx ends.
func (k *conditionKeeper) run(ctx context.Context) {
	tick := time.NewTicker(max(k.idle/10, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			k.forget(now)
		}
	}
}

// forget ends the state when it was not asked for lately.
func (k *conditionKeeper) forget(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.state != nil && k.users == 0 && now.Sub(k.used) > k.idle {
		k.source.publishing.remove(k.state.key, k.state.items)
		k.state = nil
	}
}

// use gives the state, which is kept at least until done is called. It is as whole as it became within a bounded time.
func (k *conditionKeeper) use(ctx context.Context) (s *conditionState, done func(), err error) {
	select {
	case k.opening <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	s, err = k.open(ctx)
	<-k.opening
	if err != nil {
		return nil, nil, fmt.Errorf("conditions: %w", err)
	}
	wait := time.NewTimer(conditionsWait)
	defer wait.Stop()
	select {
	case <-s.ready:
	case <-wait.C:
	case <-ctx.Done():
	}
	return s, k.unuse, nil
}

func (k *conditionKeeper) unuse() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.users--
	k.used = time.Now()
}

// kept is the state if there is one, nil if there is none.
func (k *conditionKeeper) kept() (s *conditionState, done func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.state == nil {
		return nil, nil
	}
	k.users++
	return k.state, k.unuse
}

// open gives the state, made if there is none, with one user more.
func (k *conditionKeeper) open(ctx context.Context) (*conditionState, error) {
	ses, err := k.source.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	s := k.state
	if s != nil {
		k.users++
	}
	k.mu.Unlock()
	if s != nil {
		return s, nil
	}
	filter, err := ses.compileConditions(ctx)
	if err != nil {
		return nil, err
	}
	s = newConditionState(k.source, filter)
	s.items = k.source.publishing.add([]wanted{{
		key: s.key, item: monitored{model.Expanded(model.NumericID(0, idServer)), itemSpec{queue: maxWatchedEvents, events: filter}},
		sink: s, notifier: &notifier{retry: backoff{first: refreshRetry, max: refreshMax}, conditions: s.conditions, onStart: true},
	}})
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state = s
	k.users++
	return s, nil
}

// conditionState is the state of the conditions of a server.
type conditionState struct {
	source *Source
	filter *eventFilter
	names  []string
	key    subscriptionKey
	items  []*item
	ready  chan struct{} // closed when it is whole for the first time, or the server refuses
	once   sync.Once

	mu         sync.Mutex
	conditions *conditions
	watchers   map[*conditionWatcher]struct{}
	status     model.StatusCode
	message    string
}

var _ eventTaker = (*conditionState)(nil)

func newConditionState(source *Source, filter *eventFilter) *conditionState {
	s := &conditionState{
		source: source, filter: filter, key: subscriptionKey{interval: defaultWatched, live: true}, ready: make(chan struct{}), watchers: map[*conditionWatcher]struct{}{},
	}
	for i := range filter.selects[:filter.fields] {
		s.names = append(s.names, filter.selects[i].name)
	}
	now := time.Now()
	s.conditions = newConditions(filter, &model.ConditionSnapshots{}, now)
	s.conditions.put, s.conditions.onWhole = s.changed, s.settled
	s.conditions.lack(now)
	return s
}

// take implements eventTaker.
func (s *conditionState) take(event []model.Variant) (refresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conditions.take(event)
}

// changed passes a change to those who watch. mu is held.
func (s *conditionState) changed(event []model.Variant) {
	if isNullID(event[s.filter.conditionID]) || len(s.watchers) == 0 {
		return
	}
	e := s.event(event)
	for w := range s.watchers {
		w.note(e)
	}
}

// event makes an event of what the conditions keep.
func (s *conditionState) event(values []model.Variant) *model.Event {
	e := model.EventOf(s.names, cloneEvent(values[:s.filter.fields]))
	e.Server = s.source.cfg.Server.ID
	return &e
}

// settled notes that the state is as whole as it can be.
func (s *conditionState) settled() {
	s.once.Do(func() { close(s.ready) })
}

// put is for values, of which there are none.
func (s *conditionState) put(*model.DataValue) {}

func (s *conditionState) refused(status model.StatusCode, message string) { s.fault(status, message) }
func (s *conditionState) accepted()                                       { s.fault(0, "") }

func (s *conditionState) fault(status model.StatusCode, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.message = status, message
	if status.IsBad() {
		s.settled()
	}
	for w := range s.watchers {
		notify(w.wake)
	}
}

// retained are the newest events of the conditions that are retained, in the order in which they became known. mu is held.
func (s *conditionState) retained() []*condition {
	return s.conditions.sorted(func(c *condition) bool { return c.retained })
}

// standing tells whether all conditions are known, and why they may not be. mu is not held.
func (s *conditionState) standing() (complete bool, message string) {
	note := ""
	if sub := s.source.publishing.subscription(s.key); sub != nil {
		sub.mu.Lock()
		for _, it := range s.items {
			note = it.notifier.note
		}
		sub.mu.Unlock()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	unkept := s.conditions.note()
	switch {
	case s.status.IsBad():
		return false, fmt.Sprintf("the server does not send its conditions: %s", s.message)
	case note != "":
		return false, note
	case unkept != "":
		return false, unkept
	case s.conditions.since.Load() != 0:
		return false, "the server has not told all of its conditions yet"
	}
	return true, ""
}

// find is the newest event of a condition, or of a branch of it; nil when it is not retained.
func (s *conditionState) find(key model.ConditionKey) *model.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conditions.state {
		e := c.event
		if c.retained && s.is(e[s.filter.conditionID], key.Condition) && s.is(e[s.filter.branchID], key.Branch) {
			return s.event(e)
		}
	}
	return nil
}

// amend puts what was read of a condition into its newest event, if that is still the newest one.
func (s *conditionState) amend(read *model.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conditions.state {
		e := c.event
		if !s.is(e[s.filter.conditionID], read.ConditionID) || !isNullID(e[s.filter.branchID]) || string(e[s.filter.eventID].Bytes()) != string(read.EventID) {
			continue
		}
		amended := slices.Clone(e)
		for i, name := range s.names {
			for j := range read.Fields {
				if f := &read.Fields[j]; f.Name == name && s.filter.selects[i].attribute == model.AttributeValue {
					amended[i] = f.Value.Value
				}
			}
		}
		s.conditions.keep(amended)
		s.changed(amended)
		return
	}
}

// is tells whether a value names a node.
func (s *conditionState) is(v model.Variant, id model.ExpandedNodeID) bool {
	if isNullID(v) || id.IsNull() {
		return isNullID(v) && id.IsNull()
	}
	if v.Type() == model.TypeExpandedNodeID {
		return v.ExpandedNodeID() == id
	}
	return model.Expanded(v.NodeID()) == id
}
