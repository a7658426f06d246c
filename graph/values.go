package graph

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/graph/live"
	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// minPublishingInterval is the fastest publishing that one can ask of a server.
	minPublishingInterval = 50 * time.Millisecond
	maxQueueSize          = 10_000
)

// valuesArguments are those of Subscription.values.
type valuesArguments struct {
	server               string
	nodeIDs              []model.ExpandedNodeID
	items                []MonitoredItemInput
	sampling, publishing time.Duration
	queueSize            *int
	discardOldest        *bool
	trigger              *model.DataChangeTrigger
	deadband             *model.Deadband
	resume               *ResumeInput
}

// newLiveHub makes the streams of values that subscribers share.
func newLiveHub(cfg HandlerConfig, r *Resolver) *live.Hub {
	return live.NewHub(live.Config{
		Monitor: func(ctx context.Context, server string, m model.MonitorRequest) (<-chan model.ValueChanges, error) {
			if _, err := r.Registry.Server(server); err != nil {
				return nil, fmt.Errorf("server %q: %w", server, err)
			}
			in, err := r.Commands.Monitor(ctx, server, m)
			if err != nil {
				return nil, fmt.Errorf("monitor server %q: %w", server, err)
			}
			return in, nil
		},
		Fatal:  func(err error) bool { return errors.Is(err, ErrNotFound) || errors.Is(err, ErrInvalid) },
		Linger: cfg.Linger,
	})
}

// values subscribes to the values of nodes.
func (r *Resolver) values(ctx context.Context, a *valuesArguments) (<-chan *ValueChanges, error) {
	request, err := a.request()
	if err != nil {
		return nil, err
	}
	if _, err := r.Registry.Server(a.server); err != nil {
		return nil, fmt.Errorf("server %q: %w", a.server, err)
	}
	var resume *live.Resume
	if a.resume != nil {
		resume = &live.Resume{Stream: a.resume.Stream, Sequence: a.resume.Sequence}
	}
	sub, err := r.streams.Subscribe(ctx, a.server, request, resume)
	if err != nil {
		return nil, liveError(err)
	}
	context.AfterFunc(ctx, sub.Close)
	if c, ok := ctx.Value(sharedValuesKey{}).(*sharedStream); ok {
		return c.take(sub), nil
	}
	return eachDelivery(ctx, sub), nil
}

// eachDelivery passes deliveries on until ctx or the stream ends.
func eachDelivery(ctx context.Context, sub *live.Subscription) <-chan *ValueChanges {
	out := make(chan *ValueChanges)
	go func() {
		defer close(out)
		for {
			d, overflow, err := sub.Next(ctx)
			if err != nil {
				endStream(ctx, err)
				return
			}
			select {
			case out <- valueChanges(d, overflow):
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

// endStream has the subscriber told why there are no more values, unless it went itself.
func endStream(ctx context.Context, err error) {
	if ctx.Err() == nil {
		setStreamEnd(ctx, liveError(err))
	}
}

func liveError(err error) error {
	if errors.Is(err, live.ErrClosed) || errors.Is(err, live.ErrStreams) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

// request checks the arguments.
func (a *valuesArguments) request() (r model.MonitorRequest, err error) {
	if err := checkCount("nodeIds and items", len(a.nodeIDs)+len(a.items), maxBatch); err != nil {
		return r, err
	}
	if len(a.nodeIDs)+len(a.items) == 0 {
		return r, fieldError("nodeIds", "the list is empty, as is items; give at least one node")
	}
	if err := checkPublishing(a.publishing); err != nil {
		return r, err
	}
	r.PublishingInterval = a.publishing
	common := MonitoredItemInput{
		SamplingInterval: &a.sampling, QueueSize: a.queueSize, DiscardOldest: a.discardOldest, Trigger: a.trigger, Deadband: a.deadband,
	}
	plain, err := monitoredItem("", &common, &common)
	if err != nil {
		return r, err
	}
	if plain == (model.MonitoredItem{SamplingInterval: a.sampling}) {
		r.NodeIDs, r.SamplingInterval = a.nodeIDs, a.sampling
	} else {
		for _, id := range a.nodeIDs {
			plain.NodeID = id
			r.Items = append(r.Items, plain)
		}
	}
	for i := range a.items {
		m, err := monitoredItem(fmt.Sprintf("items[%d].", i), &a.items[i], &common)
		if err != nil {
			return r, err
		}
		r.Items = append(r.Items, m)
	}
	return r, nil
}

func checkPublishing(interval time.Duration) error {
	if interval < minPublishingInterval {
		return fieldError("publishingInterval", "%s is below %s", interval, minPublishingInterval)
	}
	return nil
}

// monitoredItem is one item, with what it leaves out from common. at stands before the names of its fields in errors.
func monitoredItem(at string, in, common *MonitoredItemInput) (m model.MonitoredItem, err error) {
	queue := valueOrZero(either(in.QueueSize, common.QueueSize))
	if queue < 0 || queue > maxQueueSize {
		return m, fieldError(at+"queueSize", "%d is not 1 to %d", queue, maxQueueSize)
	}
	m = model.MonitoredItem{
		NodeID: in.NodeID, Attribute: valueOrZero(in.Attribute), IndexRange: valueOrZero(in.IndexRange),
		SamplingInterval: valueOrZero(either(in.SamplingInterval, common.SamplingInterval)), Trigger: valueOrZero(either(in.Trigger, common.Trigger)),
	}
	if queue > 1 {
		m.QueueSize = uint32(queue)
	}
	if discard := either(in.DiscardOldest, common.DiscardOldest); discard != nil {
		m.DiscardNewest = !*discard
	}
	if m.SamplingInterval < 0 {
		return m, fieldError(at+"samplingInterval", "%s is negative; 0s is as fast as the server can", m.SamplingInterval)
	}
	if m.Attribute == model.AttributeValue {
		m.Attribute = 0
	}
	if m.Trigger == model.TriggerStatusValue {
		m.Trigger = ""
	}
	if m.Deadband = either(in.Deadband, common.Deadband); m.Deadband != nil {
		if d := m.Deadband; !(d.Value >= 0) || d.Type == model.DeadbandPercent && d.Value > 100 {
			return m, fieldError(at+"deadband.value", "%v is not from 0, for a percentage up to 100", d.Value)
		}
	}
	return m, nil
}

// either is a, or b when that is null.
func either[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}

// valueChanges shows a delivery.
func valueChanges(in *live.Delivery, overflow bool) *ValueChanges {
	out := &ValueChanges{
		Stream: in.Stream, Sequence: in.Sequence, Overflow: in.Overflow || overflow, Changes: make([]ValueChange, len(in.Changes)), Nodes: make([]MonitoredNode, len(in.States)),
	}
	for i := range in.Changes {
		c := &in.Changes[i]
		out.Changes[i] = ValueChange{Item: c.Item, NodeID: c.NodeID, Value: DataValue{value: c.Value, message: c.Message}}
	}
	for i, s := range in.States {
		out.Nodes[i] = MonitoredNode{Item: s.Item, NodeID: s.NodeID, Status: StatusCode{s.Status}, Message: optional(s.Message), Remedy: optional(s.Status.Remedy())}
	}
	if c := in.Connection; c != nil {
		out.Connection = &MonitorConnection{State: c.State, Message: optional(c.Message)}
	}
	return out
}
