// Package daemon is what the programs have in common around their parts: stages that end in order, the log, the end by signals, and the values of
// their configuration.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
)

// Stages are the running parts of the process. Each ends only when it is told to, and they are told one after the other in the
// order they were started in: the order in which data flows, so that each part finishes what the one before it handed over.
type Stages struct {
	log     zerolog.Logger
	running []*stage
	failed  chan error
}

type stage struct {
	name   string
	grace  time.Duration
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

// NewStages makes Stages of which none runs yet.
func NewStages(log zerolog.Logger) *Stages {
	return &Stages{log: log, failed: make(chan error, 1)}
}

// Start runs a part. grace is how long it may take to end.
func (s *Stages) Start(name string, grace time.Duration, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	st := &stage{name: name, grace: grace, cancel: cancel, done: make(chan struct{})}
	s.running = append(s.running, st)
	go func() {
		defer close(st.done)
		st.err = run(ctx)
		if ctx.Err() == nil {
			err := fmt.Errorf("%s ended by itself: %w", name, errors.Join(st.err, errEnded))
			select {
			case s.failed <- err:
			default: // another part failed before
			}
		}
	}()
}

var errEnded = errors.New("it should run until the process is stopped")

// Wait returns nil when ctx ends, or the error of the first part that ended by itself.
func (s *Stages) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.failed:
		return err
	}
}

// Stop ends all parts in order and returns their errors.
func (s *Stages) Stop() error {
	var errs []error
	for _, st := range s.running {
		begin := time.Now()
		st.cancel()
		select {
		case <-st.done:
			if st.err != nil && !errors.Is(st.err, context.Canceled) {
				errs = append(errs, fmt.Errorf("stop %s: %w", st.name, st.err))
			}
			s.log.Debug().Str("part", st.name).Dur("took", time.Since(begin)).Msg("stopped")
		case <-time.After(st.grace):
			errs = append(errs, fmt.Errorf("stop %s: still busy after %s, going on without it", st.name, st.grace))
		}
	}
	return errors.Join(errs...)
}
