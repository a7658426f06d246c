package opcua

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// mapMemory is a Memory that outlives Sources, not the process.
type mapMemory struct {
	mu     sync.Mutex
	bodies map[string][]byte
	alive  map[string]time.Time
	saves  int
}

var _ Memory = (*mapMemory)(nil)

func newMapMemory() *mapMemory {
	return &mapMemory{bodies: map[string][]byte{}, alive: map[string]time.Time{}}
}

func (m *mapMemory) Load(server string) ([]byte, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.bodies[server], m.alive[server], nil
}

func (m *mapMemory) Save(server string, body []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bodies[server] = body
	m.saves++
	return nil
}

func (m *mapMemory) Note(server string, alive time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.alive[server] = alive
	return nil
}

func (m *mapMemory) Forget(server string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.bodies, server)
	return nil
}

// record is what the memory has of the test server.
func (m *mapMemory) record(t testing.TB) *record {
	t.Helper()
	body, _, _ := m.Load("plant")
	if body == nil {
		return &record{}
	}
	r, err := decodeRecord(body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// gapList keeps what it is told.
type gapList struct {
	mu   sync.Mutex
	list []model.Gap
}

func (g *gapList) add(gap model.Gap) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.list = append(g.list, gap)
}

func (g *gapList) all() []model.Gap {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]model.Gap(nil), g.list...)
}

// lives are Sources for one server, one after the other, as of a gateway that is started again.
type lives struct {
	t       *testing.T
	server  *opcuatest.Server
	proxy   *opcuatest.Proxy
	memory  *mapMemory
	r       *recorder
	gaps    *gapList
	change  func(*Config)
	writers []model.DataSetWriter

	source *Source
	cancel context.CancelCauseFunc
	done   chan error
}

func newLives(t *testing.T, o opcuatest.Options, nodes int) *lives {
	t.Helper()
	return livesAt(t, opcuatest.Start(t, o), nodes)
}

func livesAt(t *testing.T, server *opcuatest.Server, nodes int) *lives {
	l := &lives{t: t, server: server, memory: newMapMemory(), r: &recorder{}, gaps: &gapList{}}
	l.proxy = opcuatest.NewProxy(t, l.server.Addr())
	w := dataSetWriter("w", 200*time.Millisecond, counters(nodes)...)
	for i := range w.Fields {
		w.Fields[i].QueueSize = 500
	}
	l.writers = []model.DataSetWriter{w}
	return l
}

// begin starts a Source.
func (l *lives) begin() {
	l.t.Helper()
	c := config(l.proxy.Endpoint(), l.r)
	c.Memory, c.OnGap = l.memory, l.gaps.add
	if l.change != nil {
		l.change(&c)
	}
	var err error
	if l.source, err = New(c, zerolog.New(zerolog.NewTestWriter(l.t)).Level(zerolog.InfoLevel)); err != nil {
		l.t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	done := make(chan error, 1)
	l.cancel, l.done = cancel, done
	source := l.source
	go func() { done <- source.Run(ctx) }()
	l.t.Cleanup(func() { cancel(nil) })
	source.Configure(l.writers)
}

// end ends it in order.
func (l *lives) end(cause error) {
	l.t.Helper()
	l.cancel(cause)
	if err := <-l.done; err != nil {
		l.t.Error(err)
	}
}

// die ends it without a word to the server.
func (l *lives) die() {
	l.t.Helper()
	l.proxy.Refuse(true)
	l.proxy.Cut()
	l.end(nil)
	l.proxy.Refuse(false)
}

// flows waits until each field of the newest DataSet got more values.
func (l *lives) flows(opens int) {
	l.t.Helper()
	eventually(l.t, 30*time.Second, func() bool { _, n := l.r.last(); return n >= opens }, func() string { return fmt.Sprintf("DataSet %d is open: %+v", opens, l.source.Status()) })
	start := l.r.least()
	eventually(l.t, 30*time.Second, func() bool { return l.r.least() >= start+5 }, func() string {
		return fmt.Sprintf("values flow: %d then, %d now, %+v, %+v", start, l.r.least(), l.source.Status(), l.source.Writers())
	})
}

// subscription waits until the only subscription is recorded with n items, and returns its id.
func (l *lives) subscription(n int) uint32 {
	l.t.Helper()
	var r *record
	eventually(l.t, 20*time.Second, func() bool {
		r = l.memory.record(l.t)
		return len(r.Subscriptions) == 1 && len(r.Subscriptions[0].Items) == n
	}, func() string { return fmt.Sprintf("one subscription of %d items is recorded: %+v", n, r) })
	return r.Subscriptions[0].ID
}

// audit wants that the values of a field, over all lives, are without a hole.
func (l *lives) audit(field string) (missing int) {
	l.t.Helper()
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	byTime := map[time.Time]float64{}
	last := 0.0
	for _, o := range l.r.opens {
		for i, f := range o.fields {
			if f.Name != field {
				continue
			}
			for _, v := range o.set.values[i] {
				n := v.Value.Float()
				if before, again := byTime[v.SourceTimestamp.Time()]; again && before != n {
					l.t.Errorf("%s is %v and %v at %v", field, before, n, v.SourceTimestamp)
				}
				byTime[v.SourceTimestamp.Time()] = n
				if last != 0 && n > last+1 {
					missing += int(n - last - 1)
				}
				last = max(last, n)
			}
		}
	}
	if len(byTime) == 0 {
		l.t.Errorf("%s has no values", field)
	}
	return missing
}

// takeOver has three lives, which go on with one subscription and without a hole.
func (l *lives) takeOver(end func(*lives)) {
	l.t.Helper()
	l.begin()
	l.flows(1)
	id := l.subscription(20)
	for life := 2; life <= 3; life++ {
		end(l)
		time.Sleep(2 * time.Second) // without a gateway
		l.begin()
		l.flows(life)
		if again := l.subscription(20); again != id {
			l.t.Errorf("subscription %d was made anew as %d", id, again)
		}
	}
	for _, name := range counters(20) {
		if missing := l.audit(name); missing != 0 {
			l.t.Errorf("%d values of %s are missing", missing, name)
		}
	}
	if gaps := l.gaps.all(); len(gaps) != 0 {
		l.t.Errorf("gaps: %+v", gaps)
	}
	if st := l.source.Status(); st.MonitoredItems != 20 || st.LostNotifications != 0 {
		l.t.Errorf("status %+v", st)
	}
	l.end(edge.ErrRemoved)
	if r := l.memory.record(l.t); len(r.Subscriptions) != 0 {
		l.t.Errorf("a server that was removed is remembered: %+v", r)
	}
}

// A gateway that is started again goes on with the subscriptions of its last life, whether it was ended or killed, and no value is lost.
func TestTakeOver(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*lives)
	}{
		{"ended", func(l *lives) { l.end(nil) }},
		{"killed", (*lives).die},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			newLives(t, opcuatest.Options{}, 20).takeOver(c.end)
		})
	}
}

// What changed between two lives is made so: the items of fields that are the same go on, others are made and deleted.
func TestTakeOverChanged(t *testing.T) {
	t.Parallel()
	l := newLives(t, opcuatest.Options{}, 20)
	l.begin()
	l.flows(1)
	id := l.subscription(20)
	l.end(nil)
	w := l.writers[0]
	w.Fields = append([]model.PublishedField(nil), w.Fields[5:]...) // five less
	w.Fields[0].QueueSize = 400                                     // one other
	w.Fields = append(w.Fields, model.PublishedField{Name: "Again", NodeID: plant("V7"), QueueSize: 500})
	l.writers = []model.DataSetWriter{w}
	l.begin()
	l.flows(2)
	if again := l.subscription(16); again != id {
		t.Errorf("subscription %d was made anew as %d", id, again)
	}
	for _, name := range counters(20)[6:] {
		if missing := l.audit(name); missing != 0 {
			t.Errorf("%d values of %s are missing", missing, name)
		}
	}
	ses, err := l.source.publishes.session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, func() bool {
		at, err := ses.monitoredItems(t.Context(), id)
		return err == nil && len(at) == 16
	}, func() string { return "the server has the items that are wanted and no others" })
	l.end(nil)
}

// A server that was restarted has nothing to be taken over: values go on, and the time without any is a gap.
func TestTakeOverRestarted(t *testing.T) {
	t.Parallel()
	l := newLives(t, opcuatest.Options{Continuing: true}, 20)
	l.begin()
	l.flows(1)
	l.subscription(20)
	eventually(t, 20*time.Second, func() bool { _, alive, _ := l.memory.Load("plant"); return !alive.IsZero() }, func() string { return "the time is noted" })
	l.die()
	down := time.Now()
	l.server.Kill()
	l.server.Restart()
	up := time.Now()
	l.begin()
	l.flows(2)
	eventually(t, 20*time.Second, func() bool { return len(l.gaps.all()) == 1 }, func() string { return fmt.Sprintf("the gap is told: %+v", l.gaps.all()) })
	g := l.gaps.all()[0]
	if g.Cause != model.GapServerRestarted || g.From.After(down) || g.To.Before(up) || g.WriterCount != 1 || g.Writers[0].Writer != "w" || g.Server != "plant" {
		t.Errorf("gap %+v, want one from before %v to after %v", g, down, up)
	}
	if l.audit("V3") == 0 {
		t.Error("nothing is missing: the test shows nothing")
	}
	l.end(nil)
}

// Whatever an item asks for is in its digest, also what is added to it later.
func TestDigest(t *testing.T) {
	base := monitored{}
	seen := map[digest]string{base.digest(): "nothing"}
	others := map[string]monitored{
		"node": {node: plant("V0")}, "attribute": {itemSpec: itemSpec{attribute: 4}}, "indexRange": {itemSpec: itemSpec{indexRange: "1"}},
		"sampling": {itemSpec: itemSpec{sampling: 1}}, "queue": {itemSpec: itemSpec{queue: 1}}, "discardNew": {itemSpec: itemSpec{discardNew: true}},
		"on": {itemSpec: itemSpec{on: model.TriggerStatus}}, "deadband": {itemSpec: itemSpec{deadband: model.Deadband{Value: 1}}},
		"triggeredBy": {itemSpec: itemSpec{triggeredBy: "1"}}, "events": {itemSpec: itemSpec{events: &eventFilter{}}},
	}
	fields := reflect.VisibleFields(reflect.TypeFor[monitored]())
	for _, f := range fields {
		if f.Anonymous {
			continue
		}
		m, ok := others[f.Name]
		if !ok {
			t.Errorf("add the field %s to monitored.digest and to this test", f.Name)
			continue
		}
		d := m.digest()
		if other, twice := seen[d]; twice {
			t.Errorf("%s has the digest of %s", f.Name, other)
		}
		seen[d] = f.Name
	}
}

func FuzzDecodeRecord(f *testing.F) {
	r := &record{Endpoint: "opc.tcp://h:1", Subscriptions: []recordedSubscription{{ID: 7, Items: []recordedItem{{ID: 1, Handle: 2}}, Missing: &model.Gap{Messages: 1}}}}
	body, err := r.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := decodeRecord(body)
		if err != nil {
			return
		}
		again, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodeRecord(again)
		if err != nil || len(back.Subscriptions) != len(r.Subscriptions) {
			t.Errorf("%+v came back as %+v, %v", r, back, err)
		}
	})
}
