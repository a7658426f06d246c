package opcua

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	openRetry    = time.Second
	openRetryMax = 30 * time.Second
	openTries    = 3   // before others no longer wait for a writer after a take-over
	maxBadItems  = 100 // in a WriterStatus
	// defaultPublishing is for writers without a publishing interval.
	defaultPublishing = time.Second
)

// writers keeps the DataSetWriters of a Source: finds the metadata of each, opens its DataSet and has its items monitored. The work is done by run; the
// others only say what is wanted.
type writers struct {
	source *Source
	wake   chan struct{}
	opened chan struct{} // closed when all that were desired at first are open, or cannot be

	mu      sync.Mutex
	asked   bool // configure was called
	desired map[model.WriterKey]model.DataSetWriter
	open    map[model.WriterKey]*writer
	stale   map[model.WriterKey]bool // metadata to be read again
	looking looking
}

// writer is one that is or was open.
type writer struct {
	config  model.DataSetWriter // as it was opened
	fields  [sha256.Size]byte   // digest of the metadata of its fields, which are not kept
	set     *fieldSet           // nil when it was never open
	key     subscriptionKey
	badly   map[int]place // of fields without a node to ask for
	items   []*item       // by field; nil for a field that is not monitored
	reads   []*cyclicRead // by field, nil for one that is not read cyclically; nil when none is
	event   *item         // of a writer of events, which has no fields of its own; else nil
	names   []string      // of the fields of events
	feed    *modelFeed    // of a writer of changes of the model; else nil
	note    string        // what does not work as it should although the writer runs
	beats   []*beat
	watch   watchState
	err     error // why it is not as desired
	retry   backoff
	retryAt time.Time
	tries   int // that failed
	// search paces the search for nodes that browse paths do not lead to; searchAt is zero when there are none.
	search   backoff
	searchAt time.Time
	// asked is the configuration before selections added fields; selectAt is when they are looked at again, zero without any.
	asked    model.DataSetWriter
	selectAt time.Time
}

func newWriters(s *Source) *writers {
	return &writers{
		source: s, wake: make(chan struct{}, 1), opened: make(chan struct{}),
		desired: map[model.WriterKey]model.DataSetWriter{}, open: map[model.WriterKey]*writer{}, stale: map[model.WriterKey]bool{},
	}
}

func (w *writers) configure(list []model.DataSetWriter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = true
	clear(w.desired)
	depends := false
	for _, c := range list {
		c.Fields = slices.Clone(c.Fields)
		w.desired[c.Key()] = c
		depends = depends || dependsOnModel(&c)
	}
	w.source.model.wantWriters(depends)
	for _, o := range w.open {
		o.retryAt = time.Time{}
	}
	notify(w.wake)
}

// check has the metadata of all writers read again.
func (w *writers) check() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key := range w.desired {
		w.stale[key] = true
	}
	notify(w.wake)
}

// checkOne has that of one read again.
func (w *writers) checkOne(key model.WriterKey) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stale[key] = true
	notify(w.wake)
}

// run opens and closes writers until ctx ends.
func (w *writers) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for opened := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-timer.C:
		}
		w.closeUnwanted()
		look := w.lookAgain(time.Now())
		for _, key := range w.due() {
			if err := w.openOne(ctx, key); err != nil && ctx.Err() == nil {
				w.failed(key, err)
			}
		}
		if look {
			w.looked()
		}
		if !opened && w.areOpen() {
			opened = true
			close(w.opened)
		}
		timer.Reset(w.untilDue())
	}
}

// areOpen tells whether all desired writers are open, but for those that failed several times with a connection.
func (w *writers) areOpen() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key := range w.desired {
		if o := w.open[key]; o == nil || o.set == nil && (o.tries < openTries || notConnected(o.err)) {
			return false
		}
	}
	return w.asked
}

// allOpen tells whether all desired writers are open.
func (w *writers) allOpen() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key := range w.desired {
		if o := w.open[key]; o == nil || o.set == nil {
			return false
		}
	}
	return true
}

// closeUnwanted ends the items of writers that are no longer configured. Their DataSets are the publisher's, which knows by itself.
func (w *writers) closeUnwanted() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, o := range w.open {
		if _, ok := w.desired[key]; !ok {
			w.source.publishing.remove(o.key, o.monitored())
			w.source.heartbeats.remove(o.beats)
			w.source.cyclic.remove(o.reads)
			w.endEvents(o)
			delete(w.open, key)
			delete(w.stale, key)
		}
	}
}

// due returns the writers that are not as desired, in the order of their names.
func (w *writers) due() []model.WriterKey {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	var keys []model.WriterKey
	for key, want := range w.desired {
		o := w.open[key]
		switch {
		case o == nil:
			keys = append(keys, key)
		case now.Before(o.retryAt):
		case o.set == nil || o.err != nil || w.stale[key] || o.searches(now) || o.selects(now) || !sameConfig(o.asked, want):
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b model.WriterKey) int { return cmp.Compare(a.String(), b.String()) })
	return keys
}

// untilDue is how long nothing is to be tried again.
func (w *writers) untilDue() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := time.Hour
	if !w.looking.at.IsZero() {
		next = min(next, time.Until(w.looking.at))
	}
	for _, o := range w.open {
		for _, at := range []time.Time{o.retryAt, o.searchAt, o.selectAt} {
			if !at.IsZero() {
				next = min(next, time.Until(at))
			}
		}
	}
	return max(next, 0)
}

// searches tells whether it is time to look for missing nodes.
func (o *writer) searches(now time.Time) bool { return !o.searchAt.IsZero() && !now.Before(o.searchAt) }

func (o *writer) selects(now time.Time) bool { return !o.selectAt.IsZero() && !now.Before(o.selectAt) }

func sameConfig(a, b model.DataSetWriter) bool {
	a.Revision, b.Revision = 0, 0
	return reflect.DeepEqual(a, b)
}

// failed notes why a writer does not run.
func (w *writers) failed(key model.WriterKey, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o := w.open[key]
	if o == nil {
		o = &writer{}
		w.open[key] = o
	}
	if o.retry.max == 0 {
		o.retry = backoff{first: openRetry, max: openRetryMax}
	}
	if o.err == nil || o.err.Error() != err.Error() {
		w.source.log.Warn().Err(err).Str("writer", key.String()).Msg("data set writer does not run")
	}
	o.err = err
	o.tries++
	o.retryAt = time.Now().Add(o.retry.pause())
}

// openOne brings one writer to what is desired.
func (w *writers) openOne(ctx context.Context, key model.WriterKey) error {
	w.mu.Lock()
	want, ok := w.desired[key]
	o := w.open[key]
	delete(w.stale, key)
	w.mu.Unlock()
	if !ok {
		return nil
	}
	if want.Events != nil {
		return w.openEvents(ctx, key, want, o)
	}
	ses, err := w.source.asks.session(ctx)
	if err != nil {
		return err
	}
	asked, selectAt := want, time.Time{}
	if len(want.Selections) > 0 {
		if want, selectAt, err = ses.selected(ctx, want, o, w.source.log); err != nil {
			return err
		}
	}
	places, err := ses.locate(ctx, want.Fields)
	if err != nil {
		return err
	}
	fields, err := w.source.describe(ctx, ses, want.Fields, places)
	if err != nil {
		return err
	}
	types, err := ses.schemaOf(ctx, fields)
	if err != nil {
		return err
	}
	digest, err := digestOf(fields, types)
	if err != nil {
		return err
	}
	if o != nil && o.set != nil && sameConfig(o.config, want) && o.fields == digest {
		w.keep(key, o, places, asked, selectAt)
		return nil
	}
	dataSet, err := w.source.cfg.DataSets.Open(ctx, want, fields, types)
	if err != nil {
		return fmt.Errorf("open data set: %w", err)
	}
	n := w.bind(o, want, dataSet, places)
	n.fields = digest
	w.keep(key, n, places, asked, selectAt)
	return nil
}

// keep notes that a writer runs as desired.
func (w *writers) keep(key model.WriterKey, o *writer, places []place, asked model.DataSetWriter, selectAt time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o.badly, o.err, o.retryAt, o.searchAt = nil, nil, time.Time{}, time.Time{}
	o.retry.reset()
	o.asked, o.selectAt = asked, selectAt
	search := false
	for i := range places {
		if places[i].status.IsBad() {
			if o.badly == nil {
				o.badly = map[int]place{}
			}
			o.badly[i] = places[i]
			search = search || places[i].status != model.StatusBadConfigurationError
		}
	}
	if search {
		o.searchAt = time.Now().Add(o.search.pause())
	} else {
		o.search.reset()
	}
	w.open[key] = o
}

// digestOf is a digest of metadata, by which a change is seen.
func digestOf(fields []model.FieldMetaData, types *model.DataTypeSchema) (digest [sha256.Size]byte, err error) {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(struct {
		Fields []model.FieldMetaData
		Types  *model.DataTypeSchema
	}{fields, types}); err != nil {
		return digest, fmt.Errorf("compare metadata: %w", err)
	}
	h.Sum(digest[:0])
	return digest, nil
}

// read is the i-th field's cyclic read, nil when it has none.
func (o *writer) read(i int) *cyclicRead {
	if o.reads == nil {
		return nil
	}
	return o.reads[i]
}
