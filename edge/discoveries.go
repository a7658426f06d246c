package edge

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxQueued bounds the discoveries of a gateway that wait.
	maxQueued = 16
	// progressInterval is how often the progress of a discovery is reported.
	progressInterval = 250 * time.Millisecond
	// maxReports is after how many attempts an application that the core does not take is left out.
	maxReports = 5
	// reportRetry is the pause before an outcome that could not be reported is reported again.
	reportRetry = time.Second
)

// DiscoveryState is where a gateway finds its schedule of discoveries, and where it reports them. Its methods may be called from several
// goroutines.
type DiscoveryState interface {
	// WatchSchedule calls apply with the schedule, nil for none, once it is known and after each change, until ctx ends.
	WatchSchedule(ctx context.Context, apply func(*model.DiscoverySchedule)) error
	// Discoveries and Applications are what the gateway reported so far.
	Discoveries(ctx context.Context) ([]model.Discovery, error)
	Applications(ctx context.Context) ([]model.DiscoveredApplication, error)
	ReportDiscovery(ctx context.Context, d model.Discovery) error
	ReportApplication(ctx context.Context, a model.DiscoveredApplication) error
}

// Discoveries carries out the discoveries of a gateway, those that are asked for and those of its schedule, one at a time.
type Discoveries struct {
	gateway string
	finder  Finder
	state   DiscoveryState
	log     zerolog.Logger
	wake    chan struct{}

	mu       sync.Mutex
	queue    []*model.Discovery // at most maxQueued
	running  string             // id
	cancel   context.CancelFunc
	schedule *model.DiscoverySchedule
	due      time.Time // of the schedule
}

// NewDiscoveries makes a Discoveries. Nothing runs before Run.
func NewDiscoveries(gateway string, f Finder, s DiscoveryState, log zerolog.Logger) *Discoveries {
	return &Discoveries{gateway: gateway, finder: f, state: s, log: log, wake: make(chan struct{}, 1)}
}

// Run carries out discoveries until ctx ends, and ends the one that runs before it returns.
func (d *Discoveries) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watched := make(chan error, 1)
	go func() {
		defer cancel()
		watched <- d.state.WatchSchedule(ctx, d.apply)
	}()
	d.endOld(ctx)
	for ctx.Err() == nil {
		next, wait := d.next()
		if next != nil {
			d.execute(ctx, next)
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-d.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
	if err := <-watched; err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("schedule of discoveries: %w", err)
	}
	return nil
}

// apply takes a changed schedule. A new one is due at once.
func (d *Discoveries) apply(s *model.DiscoverySchedule) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s == nil || d.schedule == nil || !reflect.DeepEqual(s.Config, d.schedule.Config) {
		d.due = time.Now()
	}
	d.schedule = s
	d.nudge()
}

// nudge has Run look what is next.
func (d *Discoveries) nudge() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// handle answers the verbs of discovery.
func (d *Discoveries) handle(ctx context.Context, verb string, body []byte) error {
	if d == nil {
		return fmt.Errorf("this gateway does not discover: %w", model.StatusBadServiceUnsupported)
	}
	if verb == model.VerbCancelDiscovery {
		var c model.CancelDiscovery
		if err := json.Unmarshal(body, &c); err != nil {
			return fmt.Errorf("command: %w: %w", model.StatusBadDecodingError, err)
		}
		return d.stop(ctx, c.ID)
	}
	var r model.DiscoveryRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return fmt.Errorf("command: %w: %w", model.StatusBadDecodingError, err)
	}
	return d.add(r)
}

// add queues a discovery.
func (d *Discoveries) add(r model.DiscoveryRequest) error {
	config, err := d.finder.Check(r.Config)
	if err != nil {
		return fmt.Errorf("%w: %w", model.StatusBadInvalidArgument, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.ID == "" || r.ID == d.running {
		return fmt.Errorf("discovery id %q is empty or in use: %w", r.ID, model.StatusBadInvalidArgument)
	}
	if len(d.queue) >= maxQueued {
		return fmt.Errorf("%d discoveries wait already, cancel some or try again later: %w", maxQueued, model.StatusBadTooManyOperations)
	}
	d.queue = append(d.queue, &model.Discovery{
		ID: r.ID, Gateway: d.gateway, Config: config, Requested: time.Now().UTC(), Progress: model.DiscoveryProgress{Phase: model.DiscoveryPending},
	})
	d.nudge()
	return nil
}

// stop ends a discovery that runs or waits.
func (d *Discoveries) stop(ctx context.Context, id string) error {
	d.mu.Lock()
	if id != "" && id == d.running {
		d.cancel()
		d.mu.Unlock()
		return nil
	}
	i := slices.IndexFunc(d.queue, func(q *model.Discovery) bool { return q.ID == id })
	if i < 0 {
		d.mu.Unlock()
		return fmt.Errorf("discovery %q does not run: %w", id, model.StatusBadNotFound)
	}
	r := d.queue[i]
	d.queue = slices.Delete(d.queue, i, i+1)
	d.mu.Unlock()
	r.Progress.Phase, r.Ended = model.DiscoveryCancelled, time.Now().UTC()
	return d.state.ReportDiscovery(ctx, *r)
}

// next takes what is to be done, or tells how long nothing is.
func (d *Discoveries) next() (*model.Discovery, time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.queue) > 0 {
		next := d.queue[0]
		d.queue = d.queue[1:]
		return next, 0
	}
	if d.schedule == nil {
		return nil, time.Hour
	}
	if wait := time.Until(d.due); wait > 0 {
		return nil, wait
	}
	return &model.Discovery{
		ID: strings.ToLower(rand.Text()), Gateway: d.gateway, Scheduled: true, Config: d.schedule.Config, Requested: time.Now().UTC(),
		Progress: model.DiscoveryProgress{Phase: model.DiscoveryPending},
	}, 0
}

// execute carries one discovery out and reports it until the report is taken.
func (d *Discoveries) execute(ctx context.Context, r *model.Discovery) {
	found := d.find(ctx, r)
	if r.Scheduled {
		d.mu.Lock()
		idle := 6 * time.Hour
		if config, err := d.finder.Check(r.Config); err == nil {
			idle = config.IdleTimeBetweenScans
		}
		d.due = time.Now().Add(idle)
		d.mu.Unlock()
	}
	r.Ended = time.Now().UTC()
	d.log.Info().Str("discovery", r.ID).Str("outcome", string(r.Progress.Phase)).Int("applications", len(found.Applications)).Str("error", r.Error).Msg("discovery ended")
	// When the gateway stops, what was found is still told if the core is there.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	refused := 0
	for first := true; ; first = false {
		err := d.reportOutcome(whileRuns(ctx, last), r, &found, &refused)
		if err == nil {
			return
		}
		if first {
			d.log.Warn().Err(err).Str("discovery", r.ID).Msg("outcome of a discovery not reported, trying again")
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(reportRetry):
		}
	}
}

// whileRuns is ctx while it runs, else last.
func whileRuns(ctx, last context.Context) context.Context {
	if ctx.Err() != nil {
		return last
	}
	return ctx
}

// find runs the finder, reporting its progress, and sets the phase that is final.
func (d *Discoveries) find(ctx context.Context, r *model.Discovery) Found {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d.mu.Lock()
	d.running, d.cancel = r.ID, cancel
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.running, d.cancel = "", nil
	}()
	r.Started = time.Now().UTC()
	var mu sync.Mutex
	progress := r.Progress
	reporting, stop := context.WithCancel(ctx)
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		d.reportProgress(reporting, *r, func() model.DiscoveryProgress {
			mu.Lock()
			defer mu.Unlock()
			return progress
		})
	}()
	found, err := d.finder.Discover(ctx, r.Config, func(p model.DiscoveryProgress) {
		mu.Lock()
		defer mu.Unlock()
		progress = p
	})
	stop()
	<-reported
	r.Progress, r.Notes = progress, found.Notes
	switch {
	case err == nil:
		r.Progress.Phase = model.DiscoveryFinished
	case ctx.Err() != nil:
		r.Progress.Phase = model.DiscoveryCancelled
	default:
		r.Progress.Phase, r.Error = model.DiscoveryFailed, err.Error()
	}
	return found
}

// reportProgress reports changes of the progress until ctx ends. What cannot be reported is left to the next time.
func (d *Discoveries) reportProgress(ctx context.Context, r model.Discovery, now func() model.DiscoveryProgress) {
	tick := time.NewTicker(progressInterval)
	defer tick.Stop()
	for {
		if p := now(); p != r.Progress || r.Progress.Phase == model.DiscoveryPending {
			r.Progress = p
			_ = d.state.ReportDiscovery(ctx, r)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// reportOutcome reports what was found, and after it that the discovery ended. refused counts how often a core that was there did not take an
// application: when that was often enough, it and what follows are left out, with a note.
func (d *Discoveries) reportOutcome(ctx context.Context, r *model.Discovery, found *Found, refused *int) error {
	known, err := d.state.Applications(ctx)
	if err != nil {
		return err
	}
	merged := outcome{gateway: d.gateway, id: r.ID, now: r.Ended, complete: r.Progress.Phase == model.DiscoveryFinished}
	r.Applications = nil
	for _, a := range merged.merge(known, found) {
		if err := d.state.ReportApplication(ctx, a); err != nil {
			if *refused++; *refused < maxReports {
				return err
			}
			r.Notes = append(r.Notes, fmt.Sprintf("application %s could not be stored: %v", a.ApplicationURI, err))
			return d.state.ReportDiscovery(ctx, *r)
		}
		if a.LastDiscoveryID == r.ID {
			r.Applications = append(r.Applications, a.ID)
		}
	}
	return d.state.ReportDiscovery(ctx, *r)
}

// endOld marks what ran when the gateway ended last as failed.
func (d *Discoveries) endOld(ctx context.Context) {
	for ctx.Err() == nil {
		if d.tryEndOld(ctx) == nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-d.wake: // something is to be done, so the core is there
			d.nudge()
		case <-time.After(reportRetry):
		}
	}
}

func (d *Discoveries) tryEndOld(ctx context.Context) error {
	old, err := d.state.Discoveries(ctx)
	if err != nil {
		return err
	}
	for _, r := range old {
		if r.Progress.Phase.Final() || d.queued(r.ID) || time.Since(r.Requested) < time.Second {
			continue
		}
		r.Progress.Phase, r.Error, r.Ended = model.DiscoveryFailed, cmp.Or(r.Error, "the gateway ended meanwhile; ask for it again"), time.Now().UTC()
		if err := d.state.ReportDiscovery(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (d *Discoveries) queued(id string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.queue, func(q *model.Discovery) bool { return q.ID == id })
}
