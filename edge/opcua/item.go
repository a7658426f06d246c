package opcua

import (
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	itemRetry    = 5 * time.Second
	itemRetryMax = 5 * time.Minute
	// eventQueue is the queue of an item without a sampling interval, whose changes in a publishing interval cannot be foreseen.
	eventQueue = 100
	// queueReserve is how long the gateway may be away without a loss, as long as that takes no more than maxAutoQueue values.
	queueReserve = 10 * time.Second
	maxAutoQueue = 1000
	maxQueue     = 60_000
	// notifierQueue is the queue of an item of events.
	notifierQueue = 1000
)

// sink takes what becomes of an item.
type sink interface {
	// put takes a value. It is valid during the call only: what is kept must be cloned. It is called by one goroutine at a time.
	put(v *model.DataValue)
	// refused tells that the server does not monitor the node; accepted that it does after all. They may come beside put, from another goroutine,
	// and once more for a sink that was just replaced.
	refused(status model.StatusCode, message string)
	accepted()
}

// beginner is a sink that may want accepted also when the server takes the item at once.
type beginner interface{ begins() bool }

type itemState uint8

const (
	itemWanted  itemState = iota // not at the server
	itemActive                   // at the server
	itemRefused                  // refused, tried again at retryAt
	itemGone                     // removed by us
)

// monitored is what an item asks for. It is comparable.
type monitored struct {
	node model.ExpandedNodeID
	itemSpec
}

// itemSpec is how a node is monitored: mostly the same for all fields of a writer, which share it.
type itemSpec struct {
	attribute  model.AttributeID // 0 is Value
	indexRange string
	sampling   time.Duration // negative for the publishing interval
	queue      uint32
	discardNew bool
	on         model.DataChangeTrigger
	deadband   model.Deadband // zero for none
	// triggeredBy is the field whose reports make the server report this one; empty for an item that reports by itself.
	triggeredBy string
	// events is what makes the item one of events; nil for values.
	events *eventFilter
}

// item is a monitored item (Part 4, 5.13) of a subscription, over all sessions. There are hundreds of thousands in a gateway: 224 bytes each.
type item struct {
	*itemSpec // of several items; never changed
	node      model.ExpandedNodeID
	handle    uint32

	// Under subscription.mu:
	id       uint32        // the server's
	sub      *subscription // where it is
	fault    *itemFault    // nil for an item that works
	trigger  *trigger      // nil for an item that reports by itself
	notifier *notifier     // of events; nil for values
	sink     sink          // changed under subscription.deliver and mu, read under one of them
	state    itemState

	// Under subscription.deliver:
	has  bool            // last is there
	last model.DataValue // the newest value, for a sink that comes later

	counts itemCounts
}

// itemFault is why an item, or the link to the one that triggers it, does not work, and when it is tried again.
type itemFault struct {
	status  model.StatusCode
	message string
	retry   backoff
	retryAt time.Time
}

// trigger is what makes the server report an item: that of its triggeredBy.
type trigger struct {
	item   *item  // nil while there is none
	linked uint32 // the id of item that the server knows the link of
}

func newItem(handle uint32, node model.ExpandedNodeID, spec *itemSpec, to sink) *item {
	it := &item{itemSpec: spec, node: node, handle: handle, sink: to}
	if spec.triggeredBy != "" {
		it.trigger = &trigger{}
	}
	return it
}

// asked is what the item asks for.
func (i *item) asked() monitored { return monitored{i.node, *i.itemSpec} }

// status is why it does not work, Good when it does.
func (i *item) status() model.StatusCode {
	if i.fault == nil {
		return 0
	}
	return i.fault.status
}

// fails notes why the item does not work; it tells whether that is news.
func (i *item) fails(status model.StatusCode, message string) (news bool) {
	if i.fault == nil {
		i.fault = &itemFault{retry: backoff{first: itemRetry, max: itemRetryMax}}
	}
	news = i.fault.status != status
	i.fault.status, i.fault.message = status, message
	return news
}

// again has the item tried again after a pause, and brings next down to that time.
func (f *itemFault) again(next *time.Time) {
	f.retryAt = time.Now().Add(f.retry.pause())
	if f.retryAt.Before(*next) {
		*next = f.retryAt
	}
}

// due tells whether it is time to try again. An item without a fault is not waited for.
func (i *item) due(now time.Time) bool { return i.fault == nil || !now.Before(i.fault.retryAt) }

// put hands a value on, but not the same one again: servers send the newest value once more when an item is created anew, and some when a
// session or a subscription is taken over.
func (i *item) put(v *model.DataValue) {
	if i.repeats(v) {
		return
	}
	i.keep(v)
	i.sink.put(v)
}

// repeats tells whether v is the newest value once more.
func (i *item) repeats(v *model.DataValue) bool {
	return i.has && v.SourceTimestamp == i.last.SourceTimestamp && !v.SourceTimestamp.IsZero() && v.Status == i.last.Status && v.Value.Equal(i.last.Value)
}

// keep makes v the newest value. It allocates only for a new value that is no number.
func (i *item) keep(v *model.DataValue) {
	value := i.last.Value
	if !i.has || !value.Equal(v.Value) {
		value = v.Value.Clone()
	}
	i.last, i.has = *v, true
	i.last.Value = value
}

// late is how long a value is overdue; events come when they come.
func (i *item) late(at *moment) time.Duration {
	if i.events != nil {
		return 0
	}
	return i.counts.late(at)
}

// queueSize is the asked queue, or one that holds what is sampled in two publishing intervals and while the gateway is not there: a machine that
// is busy for some seconds or a connection that is made anew loses nothing. The server allots less when it cannot.
func (m *itemSpec) queueSize(publishing time.Duration) uint32 {
	switch {
	case m.queue > 0:
		return m.queue
	case m.events != nil:
		return notifierQueue
	case m.sampling == 0:
		return eventQueue
	}
	sampling := m.sampling
	if sampling < 0 {
		sampling = max(publishing, time.Millisecond)
	}
	need := 2*(publishing/sampling) + 2
	return uint32(min(max(need, min(need+queueReserve/sampling, maxAutoQueue)), maxQueue))
}

// fits tells whether the server of the session can know what the item asks for: a namespace that it does not have, or a filter of events in one.
func (i *item) fits(s *session) error {
	if i.events != nil {
		if _, err := i.events.encode(s.namespaces, nil); err != nil {
			return err
		}
	}
	_, err := s.namespaces.Resolve(i.node)
	return err
}

// request asks the server for the item (Part 4, 5.13.2). The error says that a filter of events does not fit the server.
func (i *item) request(s *session, publishing time.Duration) (*ua.MonitoredItemCreateRequest, error) {
	node, err := s.resolve(i.node)
	if err != nil {
		return nil, err
	}
	attribute := i.attributeOrValue()
	filter := i.dataChangeFilter(attribute)
	if i.events != nil {
		attribute = model.AttributeEventNotifier
		if filter, err = i.events.encode(s.namespaces, i.localWhere()); err != nil {
			return nil, err
		}
	}
	sampling := float64(i.sampling) / float64(time.Millisecond)
	if i.sampling < 0 {
		sampling = -1
	}
	mode := ua.MonitoringModeReporting
	if i.triggeredBy != "" {
		mode = ua.MonitoringModeSampling
	}
	return &ua.MonitoredItemCreateRequest{
		ItemToMonitor: &ua.ReadValueID{
			NodeID: node, AttributeID: ua.AttributeID(attribute), IndexRange: i.indexRange, DataEncoding: &ua.QualifiedName{},
		},
		MonitoringMode: mode,
		RequestedParameters: &ua.MonitoringParameters{
			ClientHandle: i.handle, SamplingInterval: sampling, QueueSize: i.queueSize(publishing), DiscardOldest: !i.discardNew,
			Filter: filter,
		},
	}, nil
}

// dataChangeFilter is what makes a change (Part 4, 7.22.2). Servers take a filter for values only; without one they report changes of status and
// value.
func (m *itemSpec) dataChangeFilter(attribute model.AttributeID) *ua.ExtensionObject {
	if attribute != model.AttributeValue {
		return ua.NewExtensionObject(nil)
	}
	f := &ua.DataChangeFilter{Trigger: ua.DataChangeTriggerStatusValue, DeadbandValue: m.deadband.Value}
	switch m.on {
	case model.TriggerStatus:
		f.Trigger = ua.DataChangeTriggerStatus
	case model.TriggerStatusValueTimestamp:
		f.Trigger = ua.DataChangeTriggerStatusValueTimestamp
	}
	switch m.deadband.Type {
	case model.DeadbandAbsolute:
		f.DeadbandType = uint32(ua.DeadbandTypeAbsolute)
	case model.DeadbandPercent:
		f.DeadbandType, f.DeadbandValue = uint32(ua.DeadbandTypePercent), min(m.deadband.Value, 100)
	}
	return ua.NewExtensionObject(f)
}
