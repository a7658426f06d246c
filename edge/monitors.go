package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// maxMonitors bounds the monitorings of one gateway at a time, traces among them, and maxTraces those.
const (
	maxMonitors = 3000
	maxTraces   = 20
)

// LiveSink takes the deliveries of monitorings, each the JSON of a model.ValueChanges, model.ModelChanges or, of a trace, model.TraceEvents; ValueChanges also
// in their compact form. A delivery that nobody takes is lost. The body is not kept.
type LiveSink interface {
	PublishLive(id string, body []byte) error
}

// monitors runs the monitorings that askers started, as long as they renew them.
type monitors struct {
	live LiveSink
	lost atomic.Uint64 // deliveries that could not be sent

	traces atomic.Int64 // those among the monitorings

	mu      sync.Mutex
	running map[string]*monitoring
	group   sync.WaitGroup
}

type monitoring struct {
	cancel context.CancelFunc
	lease  *time.Timer
}

// startMonitors starts the monitorings that a command asks for.
func (g *Gateway) startMonitors(body []byte) error {
	cmd, source, err := command[model.MonitorRequest](g, body)
	if err != nil {
		return err
	}
	m, ok := source.(Monitor)
	if !ok {
		return fmt.Errorf("server %q: %w", cmd.Server, model.StatusBadServiceUnsupported)
	}
	a := g.asset(cmd.Server)
	for _, r := range cmd.Items {
		err := g.monitors.start(a, r.ID, func(ctx context.Context) {
			// The only error is that ctx ended: faults of the server are in the deliveries.
			_ = m.Monitor(ctx, r, g.monitors.valuesTo(&r))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// startModelMonitors starts the monitorings of address spaces that a command asks for.
func (g *Gateway) startModelMonitors(body []byte) error {
	cmd, source, err := command[model.ModelMonitorRequest](g, body)
	if err != nil {
		return err
	}
	m, ok := source.(ModelMonitor)
	if !ok {
		return fmt.Errorf("server %q does not tell of changes of an address space: %w", cmd.Server, model.StatusBadServiceUnsupported)
	}
	a := g.asset(cmd.Server)
	for _, r := range cmd.Items {
		err := g.monitors.start(a, r.ID, func(ctx context.Context) {
			// The only error is that ctx ended: faults of the server are in the deliveries.
			_ = m.MonitorModel(ctx, r, func(c model.ModelChanges) { g.monitors.deliver(r.ID, c) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// startTraces starts the traces that a command asks for.
func (g *Gateway) startTraces(body []byte) error {
	cmd, source, err := command[model.TraceRequest](g, body)
	if err != nil {
		return err
	}
	t, ok := source.(Tracer)
	if !ok {
		return fmt.Errorf("server %q: %w", cmd.Server, model.StatusBadServiceUnsupported)
	}
	a := g.asset(cmd.Server)
	for _, r := range cmd.Items {
		trace, err := t.Trace(r)
		if err != nil {
			return err
		}
		if n := g.monitors.traces.Add(1); n > maxTraces {
			g.monitors.traces.Add(-1)
			return fmt.Errorf("the gateway has %d traces of nodes, its limit: end one, or wait until one is over: %w", maxTraces, model.StatusBadTooManySubscriptions)
		}
		err = g.monitors.start(a, r.ID, func(ctx context.Context) {
			defer g.monitors.traces.Add(-1)
			trace(ctx, func(e model.TraceEvents) { g.monitors.deliver(r.ID, e) })
		})
		if err != nil {
			g.monitors.traces.Add(-1)
			return err
		}
	}
	return nil
}

// eachMonitor does something to the monitorings that a command names.
func (g *Gateway) eachMonitor(body []byte, do func(id string) error) error {
	var cmd model.Command[string]
	if err := json.Unmarshal(body, &cmd); err != nil {
		return fmt.Errorf("command: %w: %w", model.StatusBadDecodingError, err)
	}
	var errs []error
	for _, id := range cmd.Items {
		errs = append(errs, do(id))
	}
	return errors.Join(errs...)
}

// start runs a monitoring until it ends by itself, or its lease or its asset does.
func (m *monitors) start(a *asset, id string, run func(context.Context)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.running) >= maxMonitors {
		return fmt.Errorf("the gateway has %d live subscriptions, its limit: %w", maxMonitors, model.StatusBadTooManySubscriptions)
	}
	if id == "" || m.running[id] != nil {
		return fmt.Errorf("monitoring id %q is empty or in use: %w", id, model.StatusBadInvalidArgument)
	}
	ctx, cancel := context.WithCancel(a.ctx)
	if m.running == nil {
		m.running = map[string]*monitoring{}
	}
	m.running[id] = &monitoring{cancel: cancel, lease: time.AfterFunc(model.MonitorLease, cancel)}
	m.group.Go(func() {
		defer func() { _ = m.end(id) }()
		run(ctx)
	})
	return nil
}

// valuesTo returns what delivers the values of one monitoring, one after the other.
func (m *monitors) valuesTo(r *model.MonitorRequest) func(model.ValueChanges) {
	var buf []byte
	return func(c model.ValueChanges) {
		if r.Compact {
			if body, ok := uadp.AppendValueChanges(buf[:0], &c); ok {
				buf = body
				m.send(r.ID, body, nil)
				return
			}
		}
		m.deliver(r.ID, c)
	}
}

func (m *monitors) deliver(id string, delivery any) {
	body, err := json.Marshal(delivery)
	m.send(id, body, err)
}

func (m *monitors) send(id string, body []byte, err error) {
	if err == nil {
		err = m.live.PublishLive(id, body)
	}
	if err != nil {
		m.lost.Add(1)
	}
}

// renew extends the lease. One that does not run any more is an error, so that the asker starts anew.
func (m *monitors) renew(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.running[id]
	if r == nil {
		return fmt.Errorf("monitoring %q does not run: %w", id, model.StatusBadSubscriptionIdInvalid)
	}
	r.lease.Reset(model.MonitorLease)
	return nil
}

// end ends a monitoring; one that does not run is no error.
func (m *monitors) end(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.running[id]; r != nil {
		r.lease.Stop()
		r.cancel()
		delete(m.running, id)
	}
	return nil
}

// wait returns when no monitoring runs. The assets have ended before.
func (m *monitors) wait() { m.group.Wait() }
