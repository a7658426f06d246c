package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nuid"

	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// commands is graph.Commands over the bus: it finds the server's gateway and asks it.
type commands struct {
	conn    *bus.Conn
	servers interface {
		Server(id string) (model.Server, error)
	}
	// packed has large answers packed by the gateway, which takes its time: for what nobody waits for.
	packed bool
}

func (c *commands) Browse(ctx context.Context, server string, nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
	return ask[model.BrowseDescription, model.BrowseResult](ctx, c, server, model.VerbBrowse, nodes)
}

func (c *commands) Translate(ctx context.Context, server string, paths []model.BrowsePath) ([]model.TranslateResult, error) {
	return ask[model.BrowsePath, model.TranslateResult](ctx, c, server, model.VerbTranslate, paths)
}

func (c *commands) Read(ctx context.Context, server string, nodes []model.ReadValueID) ([]model.ReadResult, error) {
	return ask[model.ReadValueID, model.ReadResult](ctx, c, server, model.VerbRead, nodes)
}

func (c *commands) Write(ctx context.Context, server string, values []model.WriteValue) ([]model.WriteResult, error) {
	return ask[model.WriteValue, model.WriteResult](ctx, c, server, model.VerbWrite, values)
}

func (c *commands) Call(ctx context.Context, server string, calls []model.CallRequest) ([]model.CallResult, error) {
	return ask[model.CallRequest, model.CallResult](ctx, c, server, model.VerbCall, calls)
}

func (c *commands) DescribeMethods(ctx context.Context, server string, methods []model.ExpandedNodeID) ([]model.MethodDescription, error) {
	return ask[model.ExpandedNodeID, model.MethodDescription](ctx, c, server, model.VerbMethods, methods)
}

func (c *commands) RegisterNodes(ctx context.Context, server string, nodes []model.ExpandedNodeID) ([]model.RegisterResult, error) {
	return ask[model.ExpandedNodeID, model.RegisterResult](ctx, c, server, model.VerbRegister, nodes)
}

func (c *commands) UnregisterNodes(ctx context.Context, server string, nodes []model.ExpandedNodeID) ([]model.RegisterResult, error) {
	return ask[model.ExpandedNodeID, model.RegisterResult](ctx, c, server, model.VerbUnregister, nodes)
}

func (c *commands) RegisteredNodes(ctx context.Context, server string) ([]model.ExpandedNodeID, error) {
	results, err := ask[model.RegisteredQuery, model.RegisteredNodes](ctx, c, server, model.VerbRegistered, []model.RegisteredQuery{{}})
	if err != nil {
		return nil, err
	}
	return results[0].NodeIDs, nil
}

func (c *commands) Nodes(ctx context.Context, server string, queries []model.NodeQuery) ([]model.NodePage, error) {
	return ask[model.NodeQuery, model.NodePage](ctx, c, server, model.VerbNodes, queries)
}

func (c *commands) Expand(ctx context.Context, server string, selections []model.Selection) ([]model.Expansion, error) {
	return ask[model.Selection, model.Expansion](ctx, c, server, model.VerbExpand, selections)
}

func (c *commands) SendKeyFrames(ctx context.Context, server string, writers []model.KeyFrameRequest) ([]model.KeyFrameResult, error) {
	return ask[model.KeyFrameRequest, model.KeyFrameResult](ctx, c, server, model.VerbKeyFrame, writers)
}

// ask sends a command for a server to its gateway and decodes one result per item.
func ask[Item, Result any](ctx context.Context, c *commands, server, verb string, items []Item) ([]Result, error) {
	s, err := c.servers.Server(server)
	if err != nil {
		return nil, err
	}
	reply, err := c.request(ctx, s.Gateway, server, verb, items)
	if err != nil {
		return nil, err
	}
	var results []Result
	if reply, err = unpack(reply); err == nil {
		err = json.Unmarshal(reply, &results)
	}
	if err != nil {
		return nil, fmt.Errorf("answer of gateway %q to %s: %w", s.Gateway, verb, err)
	}
	if len(results) != len(items) {
		return nil, fmt.Errorf("gateway %q answered %d results to %s of %d items", s.Gateway, len(results), verb, len(items))
	}
	return results, nil
}

func (c *commands) request(ctx context.Context, gateway, server, verb string, items any) ([]byte, error) {
	body, err := json.Marshal(struct {
		Server string `json:"server"`
		Items  any    `json:"items"`
		Gzip   bool   `json:"gzip,omitempty"`
	}{server, items, c.packed})
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", verb, err)
	}
	return c.send(ctx, gateway, verb, body)
}

// send sends a command as it is, and makes the errors of gateways those of graph.
func (c *commands) send(ctx context.Context, gateway, verb string, body []byte) ([]byte, error) {
	reply, note, err := c.conn.RequestNoted(ctx, gateway, verb, body)
	notConnected := errors.As(err, new(*bus.NotConnectedError))
	if !notConnected {
		model.TallyOf(ctx).AddTold(note)
	}
	if err == nil {
		return reply, nil
	}
	var remote *bus.RemoteError
	switch status, ok := asStatus(err); {
	case notConnected:
		return nil, fmt.Errorf("%w: gateway %q is not connected", graph.ErrUnavailable, gateway)
	case ok && (status == model.StatusBadServerNotConnected || status == model.StatusBadNodeIdUnknown):
		// The gateway knows a new server a moment later than the registry.
		errors.As(err, &remote)
		return nil, fmt.Errorf("%w: %s: %w", graph.ErrUnavailable, remote.Text, status)
	case ok && status == model.StatusBadServiceUnsupported:
		errors.As(err, &remote)
		return nil, fmt.Errorf("%w: %s", graph.ErrInvalid, remote.Text)
	case errors.As(err, &remote) && remote.Code == bus.CodeBusy:
		return nil, fmt.Errorf("%w: gateway %q is busy, try again", graph.ErrUnavailable, gateway)
	case errors.Is(err, bus.ErrTooLarge), errors.As(err, &remote) && remote.Code == bus.CodeTooLarge:
		return nil, fmt.Errorf("%w: %w", graph.ErrInvalid, err)
	}
	return nil, err
}

// monitorSilence is after how many missed renewals a monitoring is given up.
const monitorSilence = 3

// Monitor implements graph.Commands.
func (c *commands) Monitor(ctx context.Context, server string, r model.MonitorRequest) (<-chan model.ValueChanges, error) {
	r.ID, r.Compact = nuid.Next(), true
	decode := func(body []byte, v *model.ValueChanges) (err error) {
		if !uadp.IsValueChanges(body) {
			return json.Unmarshal(body, v)
		}
		*v, err = uadp.DecodeValueChanges(body, &r)
		return err
	}
	return followAs(ctx, c, server, model.VerbMonitor, r.ID, r, decode, func(v *model.ValueChanges, lost uint64) bool {
		v.Overflow = v.Overflow || lost > 0
		return false
	})
}

// ModelChanges implements graph.Commands.
func (c *commands) ModelChanges(ctx context.Context, server string, r model.ModelMonitorRequest) (<-chan model.ModelChanges, error) {
	r.ID = nuid.Next()
	return follow(ctx, c, server, model.VerbModelMonitor, r.ID, r, func(m *model.ModelChanges, lost uint64) bool {
		m.Reload = m.Reload || lost > 0
		return false
	})
}

// Trace implements graph.Commands.
func (c *commands) Trace(ctx context.Context, server string, r model.TraceRequest) (<-chan model.TraceEvents, error) {
	r.ID = nuid.Next()
	var before uint64
	out, err := follow(ctx, c, server, model.VerbTrace, r.ID, r, func(e *model.TraceEvents, _ uint64) bool {
		e.Lost = e.Sequence - before - 1
		before = e.Sequence
		return e.Ended
	})
	var remote *bus.RemoteError
	if status, _ := asStatus(err); (status == model.StatusBadMonitoredItemIdInvalid || status == model.StatusBadTooManySubscriptions) && errors.As(err, &remote) {
		return nil, fmt.Errorf("%w: %s", graph.ErrInvalid, remote.Text)
	}
	return out, err
}

// follow is followAs of deliveries that are JSON.
func follow[Item, Delivery any](
	ctx context.Context, c *commands, server, verb, id string, item Item, see func(d *Delivery, lost uint64) (last bool),
) (<-chan Delivery, error) {
	decode := func(body []byte, d *Delivery) error { return json.Unmarshal(body, d) }
	return followAs(ctx, c, server, verb, id, item, decode, see)
}

// followAs listens to the deliveries of id, then asks the gateway of a server to make them, and renews the request until ctx ends. see looks at each
// delivery, with how many were lost since the one before, and tells whether it was the last.
func followAs[Item, Delivery any](
	ctx context.Context, c *commands, server, verb, id string, item Item, decode func(body []byte, d *Delivery) error, see func(d *Delivery, lost uint64) (last bool),
) (<-chan Delivery, error) {
	s, err := c.servers.Server(server)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	live, err := c.conn.SubscribeLive(ctx, s.Gateway, id)
	if err == nil {
		_, err = c.request(ctx, s.Gateway, server, verb, []Item{item})
	}
	if err != nil {
		cancel()
		return nil, err
	}
	out := make(chan Delivery)
	go func() {
		defer close(out)
		defer c.endMonitor(s.Gateway, server, id)
		defer cancel()
		forward(ctx, live, out, decode, see, func() error {
			_, err := c.request(ctx, s.Gateway, server, model.VerbRenew, []string{id})
			return err
		})
	}()
	return out, nil
}

// forward passes deliveries on until ctx ends, the last one came, or the gateway does not make them any more.
func forward[Delivery any](
	ctx context.Context, live *bus.LiveStream, out chan<- Delivery, decode func(body []byte, d *Delivery) error, see func(d *Delivery, lost uint64) (last bool),
	renew func() error,
) {
	// Those that begin together do not renew together: the gateway takes so many commands at a time.
	const every = model.MonitorLease / 3
	ticker := time.NewTicker(1 + rand.N(every))
	defer ticker.Stop()
	missed, dropped := 0, uint64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			ticker.Reset(every)
			err := renew()
			if missed++; err == nil {
				missed = 0
			}
			if status, _ := asStatus(err); status == model.StatusBadSubscriptionIdInvalid || missed == monitorSilence {
				return
			}
		case body, ok := <-live.Messages():
			if !ok {
				return
			}
			var d Delivery
			if decode(body, &d) != nil {
				continue // not from our gateway: nobody else may publish there
			}
			n := live.Dropped()
			last := see(&d, n-dropped)
			dropped = n
			select {
			case out <- d:
			case <-ctx.Done():
				return
			}
			if last {
				return
			}
		}
	}
}

// endMonitor tells the gateway to stop. If it does not hear it, the lease ends it.
func (c *commands) endMonitor(gateway, server, id string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_, _ = c.request(ctx, gateway, server, model.VerbEnd, []string{id})
}
