package opcua

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

var (
	_ edge.Source          = (*Source)(nil)
	_ edge.Browser         = (*Source)(nil)
	_ edge.Translator      = (*Source)(nil)
	_ edge.Reader          = (*Source)(nil)
	_ edge.Writer          = (*Source)(nil)
	_ edge.Caller          = (*Source)(nil)
	_ edge.Monitor         = (*Source)(nil)
	_ edge.EventMonitor    = (*Source)(nil)
	_ edge.ModelMonitor    = (*Source)(nil)
	_ edge.NodeReporter    = (*Source)(nil)
	_ edge.MethodDescriber = (*Source)(nil)
	_ edge.NodeRegistrar   = (*Source)(nil)
)

// Source is one OPC UA server. It is safe for concurrent use.
type Source struct {
	cfg        Config
	log        zerolog.Logger
	status     *status
	publishing *publishing
	writers    *writers
	heartbeats *heartbeats
	snapshots  *snapshots
	model      *modelWatch
	feeds      *modelFeeds
	monitors   *modelMonitors
	watched    *watchedItems
	cyclic     *cyclic
	conditions *conditionKeeper
	publishes  *link // for subscriptions; see lanes
	asks       *link // for everything that is asked
	requests   atomic.Uint64
	registered registrations

	mu      sync.Mutex
	further []*link // for subscriptions that found no room in the first session
	run     func(*link)
}

// New checks the configuration. Nothing is connected before Run.
func New(cfg Config, log zerolog.Logger) (*Source, error) {
	if err := cfg.prepare(); err != nil {
		return nil, err
	}
	raiseArrayLimit()
	s := &Source{cfg: cfg, log: log.With().Str("server", cfg.Server.ID).Logger(), status: newStatus(cfg.Server.ID)}
	s.publishing = newPublishing(publishingConfig{
		Server: cfg.Server.ID, Endpoint: cfg.Server.EndpointURL, User: cfg.Server.UserName, Memory: cfg.Memory, OnGap: cfg.OnGap, Sessions: cfg.MaxSessions, Open: s.openLane,
		Publishes: cfg.Publishes, KeepAlive: cfg.KeepAlive, Lifetime: cfg.SubscriptionLifetime, log: s.log,
	})
	s.writers = newWriters(s)
	s.heartbeats = newHeartbeats(func() bool { return s.status.connected(linkPublishing) })
	s.snapshots = newSnapshots(func() bool { return s.status.connected(linkPublishing) })
	s.model = &modelWatch{source: s}
	s.feeds = &modelFeeds{source: s, wake: make(chan struct{}, 1), feeds: map[*modelFeed]struct{}{}}
	s.monitors = &modelMonitors{source: s, list: map[*modelMonitor]struct{}{}}
	s.conditions = newConditionKeeper(s)
	s.watched = &watchedItems{publishing: s.publishing, items: map[watchedKey]*watchedItem{}}
	s.cyclic = &cyclic{source: s, groups: map[cycle]*readGroup{}}
	s.publishes = s.laneLink((*s.publishing.lanes.Load())[0], linkPublishing)
	s.publishing.eventTypes.session = func() *session { return s.asks.now() }
	s.asks = s.newLink(linkRequests, func(ctx context.Context, ses *session, kept bool) error {
		if !kept { // the server may be another than it was
			s.writers.check()
			s.feeds.changed(nil)
			cfg.browses.held.Store(0)
		}
		ctx, cancel := context.WithCancel(ctx)
		var pages sync.WaitGroup
		defer pages.Wait()
		defer cancel()
		pages.Go(func() { ses.continuations.expire(ctx, ses) })
		if !kept {
			pages.Go(func() { s.register(ctx, ses) })
		}
		return ses.keepAlive(ctx, cfg.KeepAlive)
	})
	return s, nil
}

func (s *Source) newLink(index int, serve func(context.Context, *session, bool) error) *link {
	return &link{
		index: index, cfg: &s.cfg, log: s.log, status: s.status, requests: &s.requests, serve: serve, changed: make(chan struct{}),
	}
}

// laneLink makes the link that serves a lane.
func (s *Source) laneLink(l *lane, index int) *link {
	k := s.newLink(index, l.serve)
	k.part = l.endSession
	return k
}

// openLane connects a further session for subscriptions. It is called while Run runs.
func (s *Source) openLane(l *lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.laneLink(l, s.status.add())
	s.further = append(s.further, k)
	s.run(k)
}

// links are those that there are now.
func (s *Source) links() []*link {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*link{s.publishes, s.asks}, s.further...)
}

// Run implements edge.Source. It returns nil when ctx has ended and all sessions are closed.
func (s *Source) Run(ctx context.Context) error {
	if s.cfg.Server.ReverseConnect {
		forget := s.cfg.Reverse.expect(s.cfg.Server.EndpointURL)
		defer forget()
	}
	deliveries, stop := context.WithCancel(context.Background())
	s.publishing.ctx, s.cyclic.ctx = deliveries, ctx
	var wg sync.WaitGroup
	s.run = func(l *link) { wg.Go(func() { l.run(ctx) }) }
	if s.cfg.Memory != nil {
		s.publishing.load()
		wg.Go(func() { s.publishing.remember(ctx) })
		wg.Go(func() { s.publishing.settleWhen(ctx, s.writers) })
	}
	wg.Go(func() { s.heartbeats.run(ctx) })
	wg.Go(func() { s.snapshots.run(ctx) })
	wg.Go(func() { s.feeds.run(ctx) })
	wg.Go(func() { s.conditions.run(ctx) })
	wg.Go(func() { s.writers.watch(ctx) })
	wg.Go(func() { s.publishes.run(ctx) })
	wg.Go(func() { s.asks.run(ctx) })
	wg.Go(func() { s.writers.run(ctx) })
	wg.Wait()
	s.cyclic.wg.Wait()
	stop()
	s.publishing.wg.Wait()
	s.publishing.leave(ctx)
	return nil
}

// Configure implements edge.Source. What stays the same goes on undisturbed.
func (s *Source) Configure(list []model.DataSetWriter) { s.writers.configure(list) }

// Status implements edge.Source.
func (s *Source) Status() model.ServerStatus {
	r := s.status.get()
	r.Figures = s.publishing.serverFigures()
	r.MonitoredItems, r.BadItems, r.Figures.LateItems = s.publishing.counts()
	for _, l := range s.links() {
		if l != s.asks && l.now() != nil {
			r.Figures.Sessions++
		}
		if n := l.connects.Load(); n > 0 {
			r.Reconnects += n - 1
		}
	}
	r.LostNotifications = s.publishing.figures.lost()
	r.Figures.Monitors, r.Figures.SharedItems = s.watched.counts()
	r.Figures.SkippedValues = s.watched.skipped.Load()
	r.Figures.HeldPages, r.Figures.RestartedPages, r.Figures.EvictedPages = int(s.cfg.browses.held.Load()), s.cfg.browses.again.Load(), s.cfg.browses.evicted.Load()
	r.Figures.Heartbeats, r.Figures.SkippedReads = s.heartbeats.sent.Load(), s.cyclic.skipped.Load()
	return r
}

// Writers implements edge.Source.
func (s *Source) Writers() []model.WriterStatus { return s.writers.status() }

// Requests counts the requests that were sent to the server since the Source was made.
func (s *Source) Requests() uint64 { return s.requests.Load() }
