package bus

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const (
	defaultReserve  = 1 << 30
	defaultInterval = time.Second
	// healthTicks is after how many measurements the server is asked for dead streams without a reason.
	healthTicks = 10
	// minRestartPause and maxRestartPause bound how long a restart waits that follows one without success.
	minRestartPause = time.Second
	maxRestartPause = time.Minute
)

// GuardConfig says when a disk is full.
type GuardConfig struct {
	// Dir is the folder whose disk is watched. Empty means the store folder of the server; name another one when the
	// database lies on another disk.
	Dir string
	// Reserve is what must stay free, in bytes: below it, streams take nothing more. It has to be above the reserve of the
	// database (VictoriaMetrics' minFreeDiskSpaceBytes), which ends the process when a disk is full. 0 means 1 GiB, but at
	// most a tenth of the disk.
	Reserve int64
	// Low is below what the alarm begins. 0 means twice the reserve.
	Low int64
	// Interval is the time between measurements. 0 means 1 s.
	Interval time.Duration
}

// DiskLevel says how full a disk is.
type DiskLevel uint8

const (
	DiskOK   DiskLevel = iota
	DiskLow            // an alarm: act now
	DiskFull           // below the reserve: the streams take nothing until there is room again
)

func (l DiskLevel) String() string { return [...]string{"ok", "low", "full"}[l] }

// GuardStats are what was measured last, and running totals.
type GuardStats struct {
	Level      DiskLevel
	Free, Size int64  // bytes of the disk
	Low, Full  uint64 // times that the level rose to this
	// Dead are streams that have had a write error and take nothing more; a restart of the server repairs them.
	Dead []string
	// DeadSeen counts the times that streams were found dead.
	DeadSeen uint64
}

// DiskFullError says why the streams take nothing.
type DiskFullError struct {
	Dir           string
	Free, Reserve int64
}

func (e *DiskFullError) Error() string {
	return fmt.Sprintf("disk of %s has %d bytes free, %d are the reserve: free it or make it larger; all goes on by itself then", e.Dir, e.Free, e.Reserve)
}

// Guard keeps a server alive when its disk gets full. Below the reserve it sets the bounds of all streams to what they hold,
// so that UA_DATA refuses frames (which is back-pressure for every publisher, here and far away) and the others drop their
// oldest. When there is room again it sets them back. Should something else have taken the reserve, a stream has a write
// error and takes nothing more until the server is restarted: the Guard does that as soon as there is room.
//
// Its methods may be called from several goroutines.
type Guard struct {
	server *Server
	cfg    GuardConfig

	mu    sync.Mutex
	stats GuardStats

	// Of Run alone.
	held    heldState
	errors  uint64 // log lines of the server that were looked into
	tick    int
	restart time.Time // earliest time
	pause   time.Duration
}

// NewGuard makes a Guard and measures once. Nothing is done before Run.
func (s *Server) NewGuard(cfg GuardConfig) (*Guard, error) {
	if cfg.Dir == "" {
		cfg.Dir = s.opts.StoreDir
	}
	free, size, err := disk(cfg.Dir)
	if err != nil {
		return nil, err
	}
	if cfg.Reserve == 0 {
		cfg.Reserve = min(defaultReserve, size/10)
	}
	if cfg.Low == 0 {
		cfg.Low = 2 * cfg.Reserve
	}
	if cfg.Interval == 0 {
		cfg.Interval = defaultInterval
	}
	switch {
	case cfg.Reserve < 0 || cfg.Reserve >= size:
		return nil, fmt.Errorf("guard config: reserve %d: use less than the disk has, which is %d bytes", cfg.Reserve, size)
	case cfg.Low <= cfg.Reserve:
		return nil, fmt.Errorf("guard config: low %d: use more than the reserve of %d bytes", cfg.Low, cfg.Reserve)
	case cfg.Interval < 0:
		return nil, fmt.Errorf("guard config: interval %s is negative: use 1s", cfg.Interval)
	}
	g := &Guard{server: s, cfg: cfg, stats: GuardStats{Free: free, Size: size}, pause: minRestartPause}
	return g, nil
}

// Stats returns what was measured last. It may be called at any time.
func (g *Guard) Stats() GuardStats {
	g.mu.Lock()
	defer g.mu.Unlock()
	st := g.stats
	st.Dead = slices.Clone(st.Dead)
	return st
}

// Err returns nil while values may be stored, else why not: for a consumer that must stop before its database has no room.
func (g *Guard) Err() error {
	st := g.Stats()
	switch {
	case st.Level == DiskFull:
		return &DiskFullError{Dir: g.cfg.Dir, Free: st.Free, Reserve: g.cfg.Reserve}
	case len(st.Dead) > 0:
		return fmt.Errorf("streams %s had a write error: the server is about to be restarted", strings.Join(st.Dead, ", "))
	}
	return nil
}

// Run watches until ctx ends. It returns an error only when the server is shut down. It is called once.
func (g *Guard) Run(ctx context.Context) error {
	c, err := g.server.Connect("guard")
	if err != nil {
		return err
	}
	defer c.Close()
	tick := time.NewTicker(g.cfg.Interval)
	defer tick.Stop()
	for {
		g.measure()
		g.hold(ctx, c)
		g.revive()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// measure finds the level. It falls only when a tenth more is free than it takes to rise, so that it does not flutter.
func (g *Guard) measure() {
	free, size, err := disk(g.cfg.Dir)
	if err != nil {
		g.server.zlog.Error().Err(err).Msg("cannot measure disk")
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stats.Free, g.stats.Size = free, size
	level := g.stats.Level
	switch {
	case free < g.cfg.Reserve, level == DiskFull && free < g.cfg.Reserve+g.cfg.Reserve/10:
		level = DiskFull
	case free < g.cfg.Low, level != DiskOK && free < g.cfg.Low+g.cfg.Low/10:
		level = DiskLow
	default:
		level = DiskOK
	}
	if level == g.stats.Level {
		return
	}
	if level == DiskFull {
		g.stats.Full++
	} else if level == DiskLow && g.stats.Level == DiskOK {
		g.stats.Low++
	}
	g.server.zlog.Warn().Str("level", level.String()).Int64("free_bytes", free).Int64("reserve_bytes", g.cfg.Reserve).Msg("disk")
	g.stats.Level = level
}

// revive looks for dead streams and restarts the server for them when there is room.
func (g *Guard) revive() {
	g.tick++
	logged := g.server.log.errors.Load()
	known := len(g.Stats().Dead) > 0
	if logged == g.errors && !known && g.tick%healthTicks != 0 {
		return
	}
	g.errors = logged
	dead := g.server.deadStreams()
	g.mu.Lock()
	g.stats.Dead = dead
	if len(dead) > 0 && !known {
		g.stats.DeadSeen++
	}
	level := g.stats.Level
	g.mu.Unlock()
	if len(dead) == 0 {
		g.pause = minRestartPause
		return
	}
	if level == DiskFull || time.Now().Before(g.restart) {
		return
	}
	g.server.zlog.Warn().Strs("streams", dead).Msg("restarting the bus after write errors")
	err := g.server.Restart()
	g.restart = time.Now().Add(g.pause)
	g.pause = min(2*g.pause, maxRestartPause)
	if err != nil {
		g.server.zlog.Error().Err(err).Msg("cannot restart the bus: trying again")
		return
	}
	g.mu.Lock()
	g.stats.Dead = g.server.deadStreams()
	g.mu.Unlock()
}

// deadStreams returns the names of the streams that had a write error, or were not recovered. A server that is down as a
// whole is "*".
func (s *Server) deadStreams() []string {
	n := s.current()
	if !n.Running() || !n.JetStreamEnabled() {
		return []string{"*"}
	}
	var dead []string
	for _, e := range n.Healthz(&server.HealthzOptions{Details: true}).Errors {
		if e.Type == server.HealthzErrorStream {
			dead = append(dead, e.Stream)
		}
	}
	return dead
}
