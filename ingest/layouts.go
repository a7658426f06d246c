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
	// maxMissing bounds the versions that are remembered as not there, missingFor the time for which they are.
	maxMissing = 1024
	missingFor = 10 * time.Second
	// versionsKept is how many layouts a writer keeps: frames of two versions may mix at a change.
	versionsKept = 2
	// metadataTimeout bounds one look-up.
	metadataTimeout = 5 * time.Second
)

var (
	errMetadata      = errors.New("metadata cannot be used")
	errTooManySeries = errors.New("too many series")
)

// layouts finds the layout of a version of a writer. It belongs to the Core's goroutine.
type layouts struct {
	cfg    Config
	meta   MetaSource
	store  Store
	live   *Live
	health *health
	log    zerolog.Logger

	cache    map[layoutKey]*layout
	versions map[model.WriterKey][]model.ConfigurationVersion // in the cache, oldest first
	missing  map[layoutKey]time.Time                          // until when
}

type layoutKey struct {
	writer  model.WriterKey
	version model.ConfigurationVersion
}

// find returns a layout. Metadata that does not exist is waited for; while its source cannot be reached, find waits on. An
// error wraps errDead, or says that ctx ended.
func (l *layouts) find(ctx context.Context, f *Frame, v model.ConfigurationVersion) (*layout, error) {
	key := layoutKey{f.key(), v}
	if lay := l.cache[key]; lay != nil {
		return lay, nil
	}
	if until, ok := l.missing[key]; ok && time.Now().Before(until) {
		return nil, dead(fmt.Errorf("%w: version %s of %s", ErrNoMetadata, v, key.writer))
	}
	m, err := l.fetch(ctx, key)
	if err == nil {
		err = l.check(key, m)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		if len(l.missing) >= maxMissing {
			clear(l.missing)
		}
		l.missing[key] = time.Now().Add(missingFor)
		return nil, dead(err)
	}
	return l.add(key, m), nil
}

// fetch asks for metadata until it is there, or for MetadataWait if it does not exist.
func (l *layouts) fetch(ctx context.Context, key layoutKey) (*model.DataSetMetaData, error) {
	deadline := time.Now().Add(l.cfg.MetadataWait)
	for pause := backoff(0); ; {
		request, cancel := context.WithTimeout(ctx, metadataTimeout)
		m, err := l.meta.Metadata(request, key.writer, key.version)
		cancel()
		missing := errors.Is(err, ErrNoMetadata)
		if err == nil || missing {
			l.health.set(partMetadata, nil)
		}
		switch {
		case err == nil:
			return m, nil
		case missing && !time.Now().Before(deadline):
			return nil, fmt.Errorf("version %s of %s: %w", key.version, key.writer, err)
		case !missing && l.health.set(partMetadata, err) && ctx.Err() == nil:
			l.log.Warn().Err(err).Stringer("writer", key.writer).Msg("metadata cannot be read, trying again")
		}
		if !pause.wait(ctx) {
			return nil, ctx.Err()
		}
	}
}

// check refuses metadata that would mix up series.
func (l *layouts) check(key layoutKey, m *model.DataSetMetaData) error {
	if got := (model.WriterKey{Gateway: m.Gateway, Group: m.Group, Writer: m.Writer}); got != key.writer {
		return fmt.Errorf("%w: metadata of %s says that it is of %s", errMetadata, key.writer, got)
	}
	if m.Version != key.version {
		return fmt.Errorf("%w: metadata of version %s of %s says that it is of version %s", errMetadata, key.version, key.writer, m.Version)
	}
	names := make(map[string]bool, len(m.Fields))
	for _, f := range m.Fields {
		if f.Name == "" || names[f.Name] {
			return fmt.Errorf("%w: metadata of %s has no name for a field, or %q twice", errMetadata, key.writer, f.Name)
		}
		names[f.Name] = true
	}
	if others := l.live.sizeWithout(key.writer); others+len(m.Fields) > l.cfg.MaxSeries {
		return fmt.Errorf("%w: %s has %d fields, and %d other series are known: raise the limit of %d",
			errTooManySeries, key.writer, len(m.Fields), others, l.cfg.MaxSeries)
	}
	return nil
}

// add makes the layout of m, and forgets that of the oldest version of the writer if there are too many.
func (l *layouts) add(key layoutKey, m *model.DataSetMetaData) *layout {
	lay := newLayout(l.live.writer(key.writer), m, l.store, l.cfg.ElementLimit, l.live.slot)
	versions := append(l.versions[key.writer], key.version)
	if len(versions) > versionsKept {
		delete(l.cache, layoutKey{key.writer, versions[0]})
		versions = versions[1:]
	}
	l.versions[key.writer] = versions
	l.cache[key] = lay
	delete(l.missing, key)
	return lay
}
