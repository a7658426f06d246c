package discovered

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxKept bounds the discoveries of a gateway that are kept; the oldest go first.
const maxKept = 100

// Gateways asks gateways to do something.
type Gateways interface {
	Discover(ctx context.Context, gateway string, r model.DiscoveryRequest) error
	CancelDiscovery(ctx context.Context, gateway, id string) error
}

// Servers is the registry of servers.
type Servers interface {
	Servers() []model.Server
	// AddServer stores a new server; one whose id is taken is ErrConflict.
	AddServer(ctx context.Context, s model.Server) (model.Server, error)
}

// Config of a Registry. All fields but Log are needed.
type Config struct {
	Schedules, Discoveries, Applications Bucket
	Gateways                             Gateways
	Servers                              Servers
	// Check fills in the defaults of a configuration, or says why it cannot be taken.
	Check func(model.DiscoveryConfig) (model.DiscoveryConfig, error)
	Log   zerolog.Logger
}

// Registry is what is known of discoveries. Its methods may be called from several goroutines.
type Registry struct {
	cfg          Config
	schedules    records[model.DiscoverySchedule]
	discoveries  records[model.Discovery]
	applications records[model.DiscoveredApplication]

	watchers watchers
	ended    chan model.Discovery // that may have to be activated or cleaned up after
	ready    chan struct{}
}

// New makes a Registry; it knows nothing before Run.
func New(cfg Config) *Registry {
	r := &Registry{cfg: cfg, ended: make(chan model.Discovery, 2*maxKept), ready: make(chan struct{})}
	refused := func(key []string, err error) {
		cfg.Log.Warn().Err(err).Strs("key", key).Msg("record cannot be read, leaving it out")
	}
	r.schedules = records[model.DiscoverySchedule]{
		name: BucketSchedule, bucket: cfg.Schedules, items: map[string]entry[model.DiscoverySchedule]{}, refused: refused,
		key: func(s model.DiscoverySchedule) []string { return SchedulePath(s.Gateway) },
	}
	r.discoveries = records[model.Discovery]{
		name: BucketDiscovery, bucket: cfg.Discoveries, items: map[string]entry[model.Discovery]{}, refused: refused,
		key: func(d model.Discovery) []string { return DiscoveryPath(d.Gateway, d.ID) }, changed: r.discoveryChanged,
	}
	r.applications = records[model.DiscoveredApplication]{
		name: BucketApplication, bucket: cfg.Applications, items: map[string]entry[model.DiscoveredApplication]{}, refused: refused,
		key: func(a model.DiscoveredApplication) []string { return ApplicationPath(a.Gateway, a.ID) },
	}
	return r
}

// SchedulePath is the key of a gateway's schedule in its bucket.
func SchedulePath(gateway string) []string { return []string{gateway} }

// DiscoveryPath is the key of a discovery in its bucket.
func DiscoveryPath(gateway, id string) []string { return []string{gateway, id} }

// ApplicationPath is the key of an application in its bucket.
func ApplicationPath(gateway, id string) []string { return []string{gateway, id} }

// Run keeps the Registry as the buckets are, and activates what discoveries find, until ctx ends or a bucket cannot be reached any more.
func (r *Registry) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var watches, loading sync.WaitGroup
	for _, watch := range []func(context.Context, func()) error{r.schedules.watch, r.discoveries.watch, r.applications.watch} {
		loading.Add(1)
		loaded := sync.OnceFunc(loading.Done)
		watches.Go(func() {
			defer loaded()
			if err := watch(ctx, loaded); err != nil {
				cancel(err)
			}
		})
	}
	loading.Wait()
	if ctx.Err() == nil {
		close(r.ready)
		watches.Go(func() { r.attend(ctx) })
	}
	watches.Wait()
	r.watchers.endAll()
	if err := context.Cause(ctx); err != context.Canceled { //nolint:errorlint // the cause is the bare error of the parent
		return err
	}
	return nil
}

// Ready is closed when all that is stored has been read.
func (r *Registry) Ready() <-chan struct{} { return r.ready }

// discoveryChanged tells the watchers, and has discoveries that ended attended to.
func (r *Registry) discoveryChanged(d model.Discovery) {
	r.watchers.tell(d)
	select {
	case <-r.ready:
	default:
		return // attend begins with what there is
	}
	if d.Progress.Phase.Final() {
		select {
		case r.ended <- d:
		default:
			r.cfg.Log.Warn().Str("discovery", d.ID).Msg("too many discoveries end at once: activation waits for the next start")
		}
	}
}

// attend activates what ended discoveries found, and forgets old discoveries, until ctx ends. It begins with those that ended while nobody
// looked.
func (r *Registry) attend(ctx context.Context) {
	for _, d := range r.discoveries.list() {
		r.attendTo(ctx, d)
	}
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-r.ended:
			r.attendTo(ctx, d)
			r.prune(ctx, d.Gateway)
		}
	}
}

func (r *Registry) attendTo(ctx context.Context, d model.Discovery) {
	if err := r.activate(ctx, d); err != nil && ctx.Err() == nil {
		r.cfg.Log.Warn().Err(err).Str("discovery", d.ID).Msg("found servers not activated")
	}
}

// prune forgets the oldest ended discoveries of a gateway. Others may do so at the same time.
func (r *Registry) prune(ctx context.Context, gateway string) {
	kept := 0
	for _, d := range r.Discoveries() { // the newest first
		if d.Gateway != gateway || !d.Progress.Phase.Final() {
			continue
		}
		if kept++; kept > maxKept {
			if err := r.discoveries.remove(ctx, d.ID); err != nil && !errors.Is(err, ErrConflict) && ctx.Err() == nil {
				r.cfg.Log.Warn().Err(err).Str("discovery", d.ID).Msg("old discovery stays")
			}
		}
	}
}

// Discover asks a gateway for a discovery.
func (r *Registry) Discover(ctx context.Context, gateway string, c model.DiscoveryConfig) (model.Discovery, error) {
	c, err := r.check(c)
	if err != nil {
		return model.Discovery{}, err
	}
	d := model.Discovery{
		ID: strings.ToLower(rand.Text()), Gateway: gateway, Config: c, Requested: time.Now().UTC(),
		Progress: model.DiscoveryProgress{Phase: model.DiscoveryPending},
	}
	// Stored first, so that it can be watched at once, whatever the gateway does.
	if err := r.discoveries.create(ctx, d); err != nil {
		return d, err
	}
	if err := r.cfg.Gateways.Discover(ctx, gateway, model.DiscoveryRequest{ID: d.ID, Config: c}); err != nil {
		_ = r.discoveries.remove(context.WithoutCancel(ctx), d.ID) // the gateway did take it if this is a conflict
		return d, err
	}
	return r.Discovery(d.ID)
}

func (r *Registry) check(c model.DiscoveryConfig) (model.DiscoveryConfig, error) {
	c, err := r.cfg.Check(c)
	if err != nil {
		return c, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return c, nil
}

// CancelDiscovery ends a discovery that runs or waits.
func (r *Registry) CancelDiscovery(ctx context.Context, id string) (model.Discovery, error) {
	d, err := r.Discovery(id)
	if err != nil || d.Progress.Phase.Final() {
		return d, err
	}
	if err := r.cfg.Gateways.CancelDiscovery(ctx, d.Gateway, id); err != nil {
		return d, err
	}
	return r.Discovery(id)
}

// Discovery returns one discovery.
func (r *Registry) Discovery(id string) (model.Discovery, error) {
	d, _, ok := r.discoveries.get(id)
	if !ok {
		return d, fmt.Errorf("discovery %q: %w", id, ErrNotFound)
	}
	return d, nil
}

// Discoveries returns all discoveries that are kept, the newest first.
func (r *Registry) Discoveries() []model.Discovery {
	list := r.discoveries.list()
	slices.SortFunc(list, func(a, b model.Discovery) int {
		return cmp.Or(b.Requested.Compare(a.Requested), strings.Compare(a.ID, b.ID))
	})
	return list
}

// WatchDiscovery delivers a discovery as it is now and as it changes, until it ended, ctx ends, or the Registry does; then the channel is
// closed. A receiver that is slow gets the newest state.
func (r *Registry) WatchDiscovery(ctx context.Context, id string) (<-chan model.Discovery, error) {
	w := r.watchers.add(ctx, id)
	d, err := r.Discovery(id)
	if err != nil {
		r.watchers.remove(w)
		return nil, err
	}
	w.begin(d)
	return w.out, nil
}

// Schedule returns the recurring discovery of a gateway, if it has one.
func (r *Registry) Schedule(gateway string) (model.DiscoverySchedule, bool) {
	s, revision, ok := r.schedules.get(gateway)
	s.Revision = revision
	return s, ok
}

// SetSchedule sets the recurring discovery of a gateway, or ends it with nil. The gateway carries it out also while the core is away.
func (r *Registry) SetSchedule(ctx context.Context, gateway string, c *model.DiscoveryConfig) error {
	if c == nil {
		return r.schedules.remove(ctx, gateway)
	}
	checked, err := r.check(*c)
	if err != nil {
		return err
	}
	return r.schedules.put(ctx, model.DiscoverySchedule{Gateway: gateway, Config: checked})
}

// Applications returns all applications that were found, in the order of their ids.
func (r *Registry) Applications() []model.DiscoveredApplication {
	list := r.applications.list()
	slices.SortFunc(list, func(a, b model.DiscoveredApplication) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// Application returns one application.
func (r *Registry) Application(id string) (model.DiscoveredApplication, error) {
	a, _, ok := r.applications.get(id)
	if !ok {
		return a, fmt.Errorf("application %q: %w", id, ErrNotFound)
	}
	return a, nil
}

// ForgetApplications removes what was not seen for at least some time, of one gateway or with "" of all, and returns the ids.
func (r *Registry) ForgetApplications(ctx context.Context, gateway string, notSeenFor time.Duration) ([]string, error) {
	ids := []string{}
	for _, a := range r.Applications() {
		if gateway != "" && a.Gateway != gateway || a.NotSeenSince.IsZero() || time.Since(a.NotSeenSince) < notSeenFor {
			continue
		}
		switch err := r.applications.remove(ctx, a.ID); {
		case err == nil:
			ids = append(ids, a.ID)
		case !errors.Is(err, ErrConflict): // seen again meanwhile
			return ids, err
		}
	}
	return ids, nil
}
