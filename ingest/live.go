package ingest

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Live is what the Cores of this process see now: the newest value of each series, and rates. Its methods may be called from several
// goroutines and do not stop ingest: a writer's slots have one lock, which ingest holds for one DataSetMessage at a time.
// It has the methods of graph.Live.
type Live struct {
	counters *counters

	mu      sync.RWMutex
	index   map[model.SeriesID]*slot
	writers map[model.WriterKey]*writer
	// order holds the same writers, oldest first. It is only appended to, so that a copy of the slice stays valid.
	order   []*writer
	rate    float64
	servers map[string]float64
	cores   []*Core
	// ratesAt is when the rates were brought up to date.
	ratesAt time.Time
}

// writer is what is known of one DataSetWriter, whatever the version of its DataSet.
type writer struct {
	key model.WriterKey
	// core is the Core whose writer this is, guarded by Live.mu; see Live.Forget.
	core *Core
	// clock counts changes of anything below; it can be read without mu.
	clock atomic.Uint64

	mu      sync.Mutex
	current *layout
	slots   []*slot // of the current layout
	// generation counts changes of slots.
	generation uint64
	values     uint64
	screened   [reasons]uint64
	rate       rate
}

// slot holds the newest value of one series. Its fields are guarded by the writer's mu, except id and writer.
type slot struct {
	writer *writer
	id     model.SeriesID
	meta   *model.FieldMetaData
	// changed is the writer's clock at the last change, 0 for no value yet.
	changed uint64
	time    model.DateTime
	value   model.DataValue
	// text is the value if isText: memory that is used again, because new memory for each text would burden the collector.
	text   []byte
	isText bool
}

// textReserve is how much of a slot's memory for text may lie idle.
const textReserve = 1 << 10

// NewLive makes a Live for one or several Cores.
func NewLive() *Live {
	return &Live{counters: newCounters(), index: map[model.SeriesID]*slot{}, writers: map[model.WriterKey]*writer{}, servers: map[string]float64{}}
}

// set keeps v, which stands at time t. Scalar numbers and text do not allocate; the rest is cloned, since v's memory is that of
// a decoder.
func (s *slot) set(v *model.DataValue, t model.DateTime, clock uint64) {
	s.changed, s.time, s.isText = clock, t, false
	s.value = *v
	switch typ := v.Value.Type(); {
	case v.Value.IsArray():
		s.value.Value = v.Value.Clone()
	case typ <= model.TypeDouble, typ == model.TypeDateTime, typ == model.TypeStatusCode:
	case typ == model.TypeString && !v.Value.IsNull():
		text := v.Value.Text()
		if cap(s.text) > 2*len(text)+textReserve {
			s.text = nil
		}
		s.text, s.isText = append(s.text[:0], text...), true
		s.value.Value = model.Variant{}
	default:
		s.value.Value = v.Value.Clone()
	}
}

// repeats tells whether a value of a key frame says nothing new: it is the newest value once more, of the same time, or none yet. A value without
// a time of its own is as new as its message. The writer's mu is held.
func (s *slot) repeats(v *model.DataValue) bool {
	t := v.Time()
	switch {
	case t.IsZero():
		return v.Status == model.StatusBadWaitingForInitialData && v.Value.IsNull()
	case s.changed == 0 || v.Status != s.value.Status || t != s.value.Time():
		return false
	case s.isText:
		return v.Value.Type() == model.TypeString && !v.Value.IsArray() && !v.Value.IsNull() && v.Value.Text() == string(s.text)
	}
	return s.value.Value.Equal(v.Value)
}

// get returns the value with memory of its own. The writer's mu is held.
func (s *slot) get() model.DataValue {
	v := s.value
	if s.isText {
		v.Value = model.StringValue(string(s.text))
	}
	return v
}

// writer returns the writer of that name, new if there is none yet.
func (l *Live) writer(key model.WriterKey) *writer {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.writers[key]
	if w == nil {
		w = &writer{key: key}
		l.writers[key] = w
		l.order = append(l.order, w)
	}
	return w
}

// slot returns the slot of a series, or one that becomes visible with its layout.
func (l *Live) slot(w *writer, id model.SeriesID) *slot {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if s := l.index[id]; s != nil {
		return s
	}
	return &slot{writer: w, id: id}
}

func (l *Live) size() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.index)
}

// sizeWithout is the number of series that are not those of one writer.
func (l *Live) sizeWithout(key model.WriterKey) int {
	l.mu.RLock()
	n, w := len(l.index), l.writers[key]
	l.mu.RUnlock()
	if w != nil {
		w.mu.Lock()
		n -= len(w.slots)
		w.mu.Unlock()
	}
	return n
}

// show makes the slots of lay those of its writer: the slots of fields that it lacks disappear. The writer's mu is held.
func (l *Live) show(lay *layout) {
	w := lay.writer
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range w.slots {
		delete(l.index, s.id)
	}
	slots := make([]*slot, 0, len(lay.fields))
	for _, f := range lay.fields {
		f.slot.meta = f.meta
		slots = append(slots, f.slot)
		for _, e := range f.elements {
			e.slot.meta = f.meta
			slots = append(slots, e.slot)
		}
	}
	for _, s := range slots {
		l.index[s.id] = s
	}
	w.current, w.slots, lay.grown = lay, slots, false
	w.generation++
}

// list returns all writers, oldest first. The slice must not be changed.
func (l *Live) list() []*writer {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.order[:len(l.order):len(l.order)]
}

// Latest returns the newest value of a series; false if there is none since the start.
func (l *Live) Latest(id model.SeriesID) (model.DataValue, bool) {
	l.mu.RLock()
	s := l.index[id]
	l.mu.RUnlock()
	if s == nil {
		return model.DataValue{}, false
	}
	s.writer.mu.Lock()
	defer s.writer.mu.Unlock()
	if s.changed == 0 {
		return model.DataValue{}, false
	}
	return s.get(), true
}

// rate is a number of events per second, smoothed.
type rate struct {
	perSecond float64
	count     uint64
}

// rateWindow is the time after which an old rate weighs 1/e.
const rateWindow = 5 * time.Second

// minRateInterval is the shortest time over which a rate is taken.
const minRateInterval = 900 * time.Millisecond

// update takes the count of events at the end of an interval.
func (r *rate) update(count uint64, interval time.Duration) {
	now := float64(count-r.count) / interval.Seconds()
	if r.perSecond == 0 {
		r.perSecond = now
	} else {
		r.perSecond += (now - r.perSecond) * (1 - math.Exp(-interval.Seconds()/rateWindow.Seconds()))
	}
	if r.perSecond < 1e-3 {
		r.perSecond = 0
	}
	r.count = count
}

// refreshRates brings all rates up to date when about a second has passed; several Cores may call it.
func (l *Live) refreshRates(now time.Time) {
	l.mu.Lock()
	last := l.ratesAt
	due := now.Sub(last) >= minRateInterval
	if due {
		l.ratesAt = now
	}
	l.mu.Unlock()
	if due && !last.IsZero() {
		l.updateRates(now.Sub(last))
	}
}

// updateRates brings all rates up to date, an interval after the last time.
func (l *Live) updateRates(interval time.Duration) {
	servers := map[string]float64{}
	total := 0.0
	for _, w := range l.list() {
		w.mu.Lock()
		w.rate.update(w.values, interval)
		perSecond := w.rate.perSecond
		server := ""
		if w.current != nil {
			server = w.current.meta.Server
		}
		w.mu.Unlock()
		servers[server] += perSecond
		total += perSecond
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.servers, l.rate = servers, total
}

// ServerRate returns how many values a second come from a server.
func (l *Live) ServerRate(server string) float64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.servers[server]
}

// WriterRate returns how many values a second come from a writer.
func (l *Live) WriterRate(key model.WriterKey) float64 {
	l.mu.RLock()
	w := l.writers[key]
	l.mu.RUnlock()
	if w == nil {
		return 0
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rate.perSecond
}

// join adds a Core that runs, leave takes it away.
func (l *Live) join(c *Core) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cores = append(slices.Clone(l.cores), c)
}

func (l *Live) leave(c *Core) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cores = slices.DeleteFunc(slices.Clone(l.cores), func(o *Core) bool { return o == c })
}

// running returns the Cores that run. The slice must not be changed.
func (l *Live) running() []*Core {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.cores
}

// Statistics returns what the Cores have done since the start. Its Checkpoint is the lowest one.
func (l *Live) Statistics() model.IngestStatistics {
	l.mu.RLock()
	rate, series, cores := l.rate, len(l.index), l.cores
	l.mu.RUnlock()
	c := l.counters
	s := model.IngestStatistics{
		ValuesPerSecond: rate,
		Values:          c.values.Get(), Frames: c.frames.Get(), DeadFrames: c.dead.Get(), ScreenedValues: c.screened.Get(),
		Series: series,
	}
	for i, core := range cores {
		s.Backlog += core.backlog.Load()
		if saved := core.saved.Load(); i == 0 || saved < s.Checkpoint {
			s.Checkpoint = saved
		}
	}
	return s
}
