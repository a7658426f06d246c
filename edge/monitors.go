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
)

// maxMonitors bounds the monitorings of one gateway at a time.
const maxMonitors = 1000

// LiveSink takes the deliveries of monitorings, each the JSON of a model.ValueChanges. A delivery that nobody takes is lost.
type LiveSink interface {
	PublishLive(id string, body []byte) error
}

// monitors runs the monitorings that askers started, as long as they renew them.
type monitors struct {
	live LiveSink
	lost atomic.Uint64 // deliveries that could not be sent

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
		if err := g.monitors.start(a, m, r); err != nil {
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

// start runs a monitoring until its lease or its asset ends.
func (m *monitors) start(a *asset, source Monitor, r model.MonitorRequest) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.running) >= maxMonitors {
		return fmt.Errorf("the gateway has %d live subscriptions, its limit: %w", maxMonitors, model.StatusBadTooManySubscriptions)
	}
	if r.ID == "" || m.running[r.ID] != nil {
		return fmt.Errorf("monitoring id %q is empty or in use: %w", r.ID, model.StatusBadInvalidArgument)
	}
	ctx, cancel := context.WithCancel(a.ctx)
	if m.running == nil {
		m.running = map[string]*monitoring{}
	}
	m.running[r.ID] = &monitoring{cancel: cancel, lease: time.AfterFunc(model.MonitorLease, cancel)}
	m.group.Go(func() {
		defer func() { _ = m.end(r.ID) }()
		// The only error is that ctx ended: faults of the server are in the deliveries.
		_ = source.Monitor(ctx, r, func(c model.ValueChanges) { m.deliver(r.ID, c) })
	})
	return nil
}

func (m *monitors) deliver(id string, c model.ValueChanges) {
	body, err := json.Marshal(c)
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
