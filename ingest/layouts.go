package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxMissing bounds the versions that are remembered as not there. missingFor is the time, after the wait for them is over,
	// for which they are not asked for again.
	maxMissing = 1024
	missingFor = 10 * time.Second
	// askInterval is the time between two look-ups of metadata that is waited for.
	askInterval = 50 * time.Millisecond
	// versionsKept is how many layouts a writer keeps: frames of two versions may mix at a change.
	versionsKept = 2
	// firstMetadataTimeout bounds the first try of a look-up, metadataTimeout the later ones, each of which may take twice as long. An
	// answer that is lost, because the bus was restarted, shall not hold ingest up for long.
	firstMetadataTimeout, metadataTimeout = time.Second, 8 * time.Second
)

var (
	errMetadata      = errors.New("metadata cannot be used")
	errTooManySeries = errors.New("too many series")
	// errWait says that a frame has to wait for its metadata; it is in the chain of a waitError.
	errWait = errors.New("metadata is not there yet")
)

// layouts finds the layout of a version of a writer. It belongs to the goroutine that decodes.
type layouts struct {
	core   *Core // whose writers they are
	cfg    Config
	meta   MetaSource
	store  Store
	live   *Live
	health *health
	log    zerolog.Logger

	cache    map[layoutKey]*layout
	versions map[model.WriterKey][]model.ConfigurationVersion // in the cache, oldest first
	missing  map[layoutKey]missing
}

type layoutKey struct {
	writer  model.WriterKey
	version model.ConfigurationVersion
}

// missing is what is known of metadata that is not there.
type missing struct {
	asked time.Time
	// until is the end of the wait for it.
	until  time.Time
	reason error
}

// waitError says for what a frame waits.
type waitError struct{ key layoutKey }

func (e *waitError) Error() string {
	return fmt.Sprintf("version %s of %s: %v", e.key.version, e.key.writer, errWait)
}
func (e *waitError) Unwrap() error { return errWait }

// reset forgets all layouts, so that the next value of each field writes its status again.
func (l *layouts) reset() {
	l.cache = map[layoutKey]*layout{}
	l.versions = map[model.WriterKey][]model.ConfigurationVersion{}
	l.missing = map[layoutKey]missing{}
}

// find returns a layout. While the source of metadata cannot be reached, find waits. An error is a waitError, wraps errDead, or
// says that ctx ended.
func (l *layouts) find(ctx context.Context, writer model.WriterKey, v model.ConfigurationVersion) (*layout, error) {
	key := layoutKey{writer, v}
	if lay := l.cache[key]; lay != nil {
		return lay, nil
	}
	if miss, ok := l.missing[key]; ok {
		now := time.Now()
		switch {
		case now.Before(miss.until):
			return nil, &waitError{key}
		case now.Before(miss.until.Add(missingFor)):
			return nil, dead(miss.reason)
		}
		delete(l.missing, key)
	}
	if err := l.ask(ctx, key); err != nil {
		return nil, err
	}
	if lay := l.cache[key]; lay != nil {
		return lay, nil
	}
	return l.find(ctx, writer, v) // now it is in missing
}

// ask looks for metadata and puts what it finds into the cache, or into missing. An error says that ctx ended.
func (l *layouts) ask(ctx context.Context, key layoutKey) error {
	m, err := l.fetch(ctx, key)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	now := time.Now()
	wait := now
	if err == nil {
		err = l.check(key, m)
	} else {
		wait = now.Add(l.cfg.MetadataWait)
	}
	if err == nil {
		l.add(key, m)
		return nil
	}
	if miss, ok := l.missing[key]; ok {
		wait = miss.until
	} else if len(l.missing) >= maxMissing {
		clear(l.missing)
	}
	l.missing[key] = missing{asked: now, until: wait, reason: err}
	return nil
}

// settled tells whether the wait for key is over, because its metadata is there or will not be waited for any longer. It asks for it
// from time to time. An error says that ctx ended.
func (l *layouts) settled(ctx context.Context, key layoutKey) (bool, error) {
	if l.cache[key] != nil {
		return true, nil
	}
	miss, ok := l.missing[key]
	now := time.Now()
	if ok && now.Before(miss.until) && now.Sub(miss.asked) < askInterval {
		return false, nil
	}
	if ok && !now.Before(miss.until) {
		return true, nil
	}
	if err := l.ask(ctx, key); err != nil {
		return false, err
	}
	return l.cache[key] != nil || !time.Now().Before(l.missing[key].until), nil
}

// giveUp ends the wait for key.
func (l *layouts) giveUp(key layoutKey) {
	if miss, ok := l.missing[key]; ok && time.Now().Before(miss.until) {
		miss.until = time.Now()
		l.missing[key] = miss
	}
}

// fetch asks for metadata until its source answers: with ErrNoMetadata, wrapped, if there is none.
func (l *layouts) fetch(ctx context.Context, key layoutKey) (*model.DataSetMetaData, error) {
	limit := firstMetadataTimeout
	for pause := backoff(0); ; limit = min(2*limit, metadataTimeout) {
		m, err := l.lookUp(ctx, key, limit)
		if err == nil || errors.Is(err, ErrNoMetadata) {
			l.health.set(partMetadata, nil)
			if err != nil {
				err = fmt.Errorf("version %s of %s: %w", key.version, key.writer, err)
			}
			return m, err
		}
		if l.health.set(partMetadata, err) && ctx.Err() == nil {
			l.log.Warn().Err(err).Stringer("writer", key.writer).Msg("metadata cannot be read, trying again")
		}
		if !pause.wait(ctx) {
			return nil, ctx.Err()
		}
	}
}

// lookUp asks once, and waits no longer than limit. The metadata of another publisher may have come without the name of the group.
func (l *layouts) lookUp(ctx context.Context, key layoutKey, limit time.Duration) (*model.DataSetMetaData, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	m, err := l.meta.Metadata(ctx, key.writer, key.version)
	if !errors.Is(err, ErrNoMetadata) || !isForeign(key.writer.Gateway) || key.writer.Group == "" {
		return m, err
	}
	group := key.writer.Group
	key.writer.Group = ""
	if m, err = l.meta.Metadata(ctx, key.writer, key.version); err != nil {
		return nil, err
	}
	named := *m
	named.Group = group
	return &named, nil
}

// check refuses metadata that would mix up series.
func (l *layouts) check(key layoutKey, m *model.DataSetMetaData) error {
	if got := (model.WriterKey{Gateway: m.Gateway, Group: m.Group, Writer: m.Writer}); got != key.writer {
		return fmt.Errorf("%w: metadata of %s says that it is of %s", errMetadata, key.writer, got)
	}
	if m.Version != key.version && key.version != (model.ConfigurationVersion{}) {
		return fmt.Errorf("%w: metadata of version %s of %s says that it is of version %s", errMetadata, key.version, key.writer, m.Version)
	}
	names := make(map[string]bool, len(m.Fields))
	for _, f := range m.Fields {
		if f.Name == "" || names[f.Name] {
			return fmt.Errorf("%w: metadata of %s has no name for a field, or %q twice", errMetadata, key.writer, f.Name)
		}
		names[f.Name] = true
	}
	return l.checkRoom(key.writer, len(m.Fields))
}

// checkRoom refuses a writer whose fields would be too many series.
func (l *layouts) checkRoom(writer model.WriterKey, fields int) error {
	if others := l.live.sizeWithout(writer); others+fields > l.cfg.MaxSeries {
		l.live.counters.seriesRefused.Inc()
		return fmt.Errorf("%w: %s has %d fields, and %d other series are known: raise the limit of %d",
			errTooManySeries, writer, fields, others, l.cfg.MaxSeries)
	}
	return nil
}

// add makes the layout of m, and forgets that of the oldest version of the writer if there are too many.
func (l *layouts) add(key layoutKey, m *model.DataSetMetaData) *layout {
	w := l.live.writer(key.writer)
	l.live.claim(w, l.core)
	lay := newLayout(w, m, l.store, l.cfg.ElementLimit, l.live.slot)
	if l.cache[key] == nil {
		versions := append(l.versions[key.writer], key.version)
		if len(versions) > versionsKept {
			delete(l.cache, layoutKey{key.writer, versions[0]})
			versions = versions[1:]
		}
		l.versions[key.writer] = versions
	}
	l.cache[key] = lay
	delete(l.missing, key)
	return lay
}
