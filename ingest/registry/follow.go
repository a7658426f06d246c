package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// followRetry is after what time a revision that could not be read is tried again. With a mirror of the bucket its parts may still be on their way.
const followRetry = time.Second

// Follow calls apply with the configuration of a gateway, once it is known and after each transaction, until ctx ends or the bucket cannot be reached any
// more. A revision that cannot be read as a whole is not applied; it is tried again while the one before it stays. For a gateway that was
// given nothing yet, the configuration is empty and of revision 0.
func Follow(ctx context.Context, b ConfigurationReader, gateway string, apply func(model.Configuration), log zerolog.Logger) error {
	updates, err := b.Watch(ctx, headPath(gateway))
	if err != nil {
		return fmt.Errorf("watch the configuration of gateway %q: %w", gateway, err)
	}
	f := follower{bucket: b, gateway: gateway, apply: apply, log: log}
	for {
		select {
		case e, ok := <-updates:
			if !ok {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				return fmt.Errorf("configuration of gateway %q: %w: the bus is gone", gateway, errWatchEnded)
			}
			f.take(ctx, e)
		case <-f.retry:
			f.load(ctx)
		}
	}
}

// follower is where Follow stands.
type follower struct {
	bucket  ConfigurationReader
	gateway string
	apply   func(model.Configuration)
	log     zerolog.Logger

	current *snapshot // nil before the first
	pending Entry     // the commit that is to be loaded
	retry   <-chan time.Time
	failed  string
}

func (f *follower) take(ctx context.Context, e Entry) {
	switch {
	case e.InitDone:
		if f.current == nil && f.pending.Revision == 0 {
			f.use(emptySnapshot(f.gateway))
		}
	case !e.Deleted:
		f.pending = e
		f.load(ctx)
	}
}

// load reads the pending commit and applies it.
func (f *follower) load(ctx context.Context) {
	f.retry = nil
	s, err := loadSnapshot(ctx, f.bucket, f.pending, f.current)
	if err == nil {
		f.failed = ""
		f.use(s)
		return
	}
	if ctx.Err() != nil {
		return
	}
	f.retry = time.After(followRetry)
	if f.failed == err.Error() {
		return
	}
	f.failed = err.Error()
	event := f.log.Warn()
	if errors.Is(err, errPartMissing) {
		event = f.log.Info()
	}
	event.Err(err).Msg("configuration cannot be applied yet, the one before it stays")
}

func (f *follower) use(s *snapshot) {
	f.current = s
	f.apply(s.configuration())
}
