package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
)

// benchRecoverResult is what bench recover found.
type benchRecoverResult struct {
	// Values were stored when the process was killed; Replayed of them had no checkpoint and were stored again.
	Values   uint64 `json:"values"`
	Replayed uint64 `json:"replayed"`
	// OpenSeconds is the time until bus and database are open again, ReplaySeconds that until all values are stored again.
	OpenSeconds           float64 `json:"open_seconds"`
	ReplaySeconds         float64 `json:"replay_seconds"`
	ReplayValuesPerSecond float64 `json:"replay_values_per_second"`
	Lost                  int64   `json:"lost"`
	Duplicated            int64   `json:"duplicated"`
}

func (r *benchRecoverResult) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, `killed with %d values stored, %d of them without a checkpoint
open again after      %8.2f s
all stored again after%8.2f s   %.0f values/s
lost %d, duplicated %d
`, r.Values, r.Replayed, r.OpenSeconds, r.ReplaySeconds, r.ReplayValuesPerSecond, r.Lost, r.Duplicated)
	return err
}

// benchCheckpoints is so long that there is none while the folder is filled.
const benchCheckpoints = daemon.Duration(time.Hour)

// benchRecover lets another process fill the folder and kill itself, and measures how long it takes to have everything again.
func benchRecover(ctx context.Context, cfg benchConfig, dir string, progress io.Writer) (_ *benchRecoverResult, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the program: %w", err)
	}
	cmd := exec.CommandContext(ctx, self, "bench", "recover", "--fill", "--data", dir, "--series", strconv.Itoa(cfg.series), "--rounds", strconv.Itoa(cfg.rounds))
	cmd.Stderr = progress
	start := time.Now().Add(-time.Duration(cfg.rounds+1) * time.Second).Truncate(time.Second)
	cmd.Env = append(os.Environ(), benchStartVariable+"="+strconv.FormatInt(start.Unix(), 10))
	switch err := cmd.Run(); {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case !killed(err):
		return nil, fmt.Errorf("fill the folder: %w", err)
	}
	opening := time.Now()
	p, running, err := benchPlatform(ctx, dir, progress, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, running.Stop(), p.close()) }()
	l := &benchLoad{platform: p, series: cfg.series, rounds: cfg.rounds, start: start}
	r := &benchRecoverResult{Values: l.values(), OpenSeconds: time.Since(opening).Seconds()}
	replay := time.Now()
	if err := l.replay(ctx, running, newBenchProgress(progress, "stored again", r.Values)); err != nil {
		return nil, err
	}
	r.ReplaySeconds = time.Since(replay).Seconds()
	r.Replayed = p.cores.live.Statistics().Values
	r.ReplayValuesPerSecond = float64(r.Replayed) / r.ReplaySeconds
	fmt.Fprintln(progress, "reading back ...")
	if err := p.store.Checkpoint(ctx); err != nil {
		return nil, err
	}
	r.Lost, r.Duplicated, err = l.audit(ctx, p.store)
	return r, err
}

// killed tells whether a process ended by SIGKILL.
func killed(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signal() == syscall.SIGKILL
}

// replay starts the platform and returns when all frames behind the checkpoint are stored again.
func (l *benchLoad) replay(ctx context.Context, running *daemon.Stages, progress *benchProgress) error {
	p := l.platform
	saved, err := ingest.CheckpointFile(p.checkpointFile()).Load(ctx)
	if err != nil {
		return err
	}
	st, err := p.frames.StreamState(ctx, bus.StreamData)
	if err != nil {
		return err
	}
	p.start(running)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		s := p.cores.live.Statistics()
		if s.Frames+s.DeadFrames >= st.Last-saved.Sequence {
			return nil
		}
		progress.at(s.Values)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// benchStartVariable tells the process that fills the folder when the values begin, in seconds since 1970.
const benchStartVariable = "SHOPFLOOR_BENCH_START"

// benchFill stores all values and ends as by a power switch.
func benchFill(ctx context.Context, cfg benchConfig, progress io.Writer) error {
	start, err := strconv.ParseInt(os.Getenv(benchStartVariable), 10, 64)
	if err != nil {
		return usageError{fmt.Errorf("%s: %w", benchStartVariable, err)}
	}
	p, running, err := benchPlatform(ctx, cfg.data, progress, func(c *Config) { c.Ingest.CheckpointInterval = benchCheckpoints })
	if err != nil {
		return err
	}
	p.start(running)
	l, err := newBenchLoad(ctx, p, cfg)
	if err != nil {
		return err
	}
	l.start = time.Unix(start, 0)
	report := newBenchProgress(progress, "filling", l.values())
	if err := errors.Join(l.publish(ctx, report), l.wait(ctx, report)); err != nil {
		return err
	}
	// The core may have frames of which the gateway does not know yet that they are stored: it would send them again.
	for tick := time.NewTicker(time.Millisecond); p.sender.Stats().Frames > 0; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return syscall.Kill(os.Getpid(), syscall.SIGKILL)
}
