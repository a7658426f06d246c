package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// plant answers Monitor with channels of its own.
type plant struct {
	mu  sync.Mutex
	ins []chan model.ValueChanges
	err error
}

func (p *plant) monitor(context.Context, string, model.MonitorRequest) (<-chan model.ValueChanges, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return nil, p.err
	}
	in := make(chan model.ValueChanges)
	p.ins = append(p.ins, in)
	return in, nil
}

func (p *plant) asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.ins)
}

// tell delivers a value of each item from the newest monitoring.
func (p *plant) tell(v float64, items ...int) {
	p.mu.Lock()
	in := p.ins[len(p.ins)-1]
	p.mu.Unlock()
	c := model.ValueChanges{}
	for _, i := range items {
		c.Changes = append(c.Changes, model.ValueChange{Item: i, Value: model.DataValue{Value: model.DoubleValue(v)}})
	}
	in <- c
}

func newTestHub(t *testing.T, cfg Config) (*Hub, *plant) {
	p := &plant{}
	cfg.Monitor = p.monitor
	h := NewHub(cfg)
	t.Cleanup(h.Close)
	return h, p
}

func nodes(n int) (r model.MonitorRequest) {
	for i := range n {
		r.NodeIDs = append(r.NodeIDs, model.Expanded(model.NumericID(0, uint32(i+1))))
	}
	return r
}

func subscribe(t *testing.T, h *Hub, r model.MonitorRequest, resume *Resume) *Subscription {
	t.Helper()
	u, err := h.Subscribe(t.Context(), "press", r, resume)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// text is a delivery in short: sequence, "!" for an overflow, values by item.
func text(t *testing.T, u *Subscription) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	d, overflow, err := u.Next(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s := fmt.Sprint(d.Sequence)
	if overflow {
		s += "!"
	}
	for _, c := range d.Changes {
		s += fmt.Sprintf(" %d=%v", c.Item, c.Value.Value.Float())
	}
	if d.Connection != nil {
		s += " " + string(d.Connection.State)
	}
	return s
}

func want(t *testing.T, u *Subscription, texts ...string) {
	t.Helper()
	for _, w := range texts {
		if got := text(t, u); got != w {
			t.Fatalf("got %q, want %q", got, w)
		}
	}
}

func TestSubscribersShareAStream(t *testing.T) {
	h, p := newTestHub(t, Config{})
	a := subscribe(t, h, nodes(2), nil)
	p.tell(1, 0, 1)
	p.tell(2, 1)
	want(t, a, "1 0=1 1=1", "2 1=2")
	b := subscribe(t, h, nodes(2), nil)
	want(t, b, "2 0=1 1=2") // the current values
	other := subscribe(t, h, nodes(1), nil)
	if n := p.asked(); n != 2 {
		t.Errorf("%d monitorings, want 2", n)
	}
	other.Close()
	// Where it was: all that it missed, with the newest of the stream alone too.
	a.Close()
	stream := a.stream.id
	want(t, subscribe(t, h, nodes(2), &Resume{stream, 1}), "2 1=2")
	p.mu.Lock()
	p.ins[1] = p.ins[0]
	p.mu.Unlock()
	c := subscribe(t, h, nodes(2), &Resume{stream, 2})
	p.tell(3, 0)
	want(t, c, "3 0=3")
	want(t, b, "3 0=3")
	// Of another stream, or of a place that is not there: the current values, and that something is missing.
	want(t, subscribe(t, h, nodes(2), &Resume{"gone", 2}), "3! 0=3 1=2")
	want(t, subscribe(t, h, nodes(2), &Resume{stream, 9}), "3! 0=3 1=2")
	if f := h.Figures(); f.Resumed != 2 || f.Gaps != 2 || f.Bytes <= 0 {
		t.Errorf("figures %+v", f)
	}
}

// A stream keeps no more than its bounds; who comes back too late is told; who is too slow gets the current values.
func TestStreamsAreBounded(t *testing.T) {
	h, p := newTestHub(t, Config{KeepBytes: 5000})
	slow := subscribe(t, h, nodes(2), nil)
	for v := range 1000 {
		p.tell(float64(v), 0, 1)
	}
	fast := subscribe(t, h, nodes(2), nil)
	for got := ""; got != "1000 0=999 1=999"; { // the current values, or those before and then these
		got = text(t, fast)
	}
	p.tell(1000, 0)
	want(t, fast, "1001 0=1000")
	if b := h.Figures().Bytes; b > 5000+700 {
		t.Errorf("%d bytes are kept, want 5000 at most", b)
	}
	want(t, slow, "1001! 0=1000 1=999")
	want(t, subscribe(t, h, nodes(2), &Resume{slow.stream.id, 3}), "1001! 0=1000 1=999")
	if f := h.Figures(); f.Skipped == 0 || f.Gaps != 1 {
		t.Errorf("figures %+v", f)
	}
	h.Close()
	if b := h.Figures().Bytes; b != 0 {
		t.Errorf("%d bytes are kept after the end", b)
	}
	if _, err := h.Subscribe(t.Context(), "press", nodes(1), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("subscribe after the end: %v", err)
	}
}

// A stream goes on for a while after its last subscriber left, and makes room for others before.
func TestStreamsLinger(t *testing.T) {
	h, p := newTestHub(t, Config{Linger: time.Hour, MaxStreams: 1})
	a := subscribe(t, h, nodes(1), nil)
	if _, err := h.Subscribe(t.Context(), "press", nodes(2), nil); !errors.Is(err, ErrStreams) {
		t.Errorf("a second stream: %v", err)
	}
	a.Close()
	p.tell(1, 0)
	want(t, subscribe(t, h, nodes(1), &Resume{a.stream.id, 0}), "1 0=1")
	h, _ = newTestHub(t, Config{Linger: time.Hour, MaxStreams: 1})
	subscribe(t, h, nodes(1), nil).Close()
	subscribe(t, h, nodes(2), nil)
	h, _ = newTestHub(t, Config{Linger: time.Millisecond})
	subscribe(t, h, nodes(1), nil).Close()
	for deadline := time.Now().Add(10 * time.Second); h.Figures().Streams > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a stream goes on that nobody watches")
		}
	}
}

// Subscribers stay when the gateway goes away, and are told; they go when the server is no more.
func TestGatewayGoesAway(t *testing.T) {
	gone := errors.New("there is no such server")
	h, p := newTestHub(t, Config{Fatal: func(err error) bool { return errors.Is(err, gone) }})
	u := subscribe(t, h, nodes(1), nil)
	p.tell(1, 0)
	close(p.ins[0])
	want(t, u, "1 0=1", "2 Unknown")
	for deadline := time.Now().Add(10 * time.Second); p.asked() < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the gateway is not asked again")
		}
	}
	p.tell(2, 0)
	want(t, u, "3 0=2")
	p.mu.Lock()
	p.err = gone
	close(p.ins[1])
	p.mu.Unlock()
	want(t, u, "4 Unknown")
	if _, _, err := u.Next(t.Context()); !errors.Is(err, gone) {
		t.Errorf("the end is %v", err)
	}
	if _, err := h.Subscribe(t.Context(), "press", nodes(7), nil); !errors.Is(err, gone) {
		t.Errorf("subscribe: %v", err)
	}
}

// What subscribers select the same is made once, and not kept for long.
func TestRender(t *testing.T) {
	d := &Delivery{}
	made := 0
	make := func(share bool) func() ([]byte, bool) {
		return func() ([]byte, bool) { made++; return []byte(strings.Repeat("x", made)), share }
	}
	for range 3 {
		if got := string(d.Render("a", make(true))); got != "x" {
			t.Errorf("got %q", got)
		}
	}
	for _, want := range []string{"xx", "xxx"} { // not to be shared
		if got := string(d.Render("b", make(false))); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	d.age()
	if got := string(d.Render("a", make(true))); got != "xxxx" || d.renders != nil {
		t.Errorf("got %q of an old delivery", got)
	}
}

// A crowd of streams asks for its values a few at a time, and all get them.
func TestStreamsStartInTurn(t *testing.T) {
	const streams, limit = 30, 3
	var asking, most atomic.Int64
	proceed := make(chan struct{})
	h := NewHub(Config{MaxStarting: limit, Monitor: func(ctx context.Context, server string, _ model.MonitorRequest) (<-chan model.ValueChanges, error) {
		if server == "oven" {
			return make(chan model.ValueChanges), nil
		}
		n := asking.Add(1)
		defer asking.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		select {
		case <-proceed:
		case <-ctx.Done():
		}
		return make(chan model.ValueChanges), ctx.Err()
	}})
	t.Cleanup(h.Close)
	done := make(chan error, streams)
	for i := range streams {
		go func() {
			_, err := h.Subscribe(t.Context(), "press", nodes(i+1), nil)
			done <- err
		}()
	}
	// Another server's streams do not wait for those of one that does not answer.
	if _, err := h.Subscribe(t.Context(), "oven", nodes(1), nil); err != nil {
		t.Fatal(err)
	}
	for range streams {
		proceed <- struct{}{}
	}
	for range streams {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if n := most.Load(); n != limit {
		t.Errorf("%d asked at a time, want %d", n, limit)
	}
	// One that nobody waits for any more gives its turn to others.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Subscribe(ctx, "press", nodes(streams+1), nil); err == nil {
		t.Error("subscribed although nobody waits")
	}
	if len(h.turns) != 0 {
		t.Errorf("turns are kept of %d servers", len(h.turns))
	}
}

// What is kept for those that come back takes little memory, and comes back as it was.
func TestKeptDeliveriesArePacked(t *testing.T) {
	h, p := newTestHub(t, Config{})
	const items, deliveries = 100, 20
	u := subscribe(t, h, nodes(items), nil)
	var told []string
	asText := func(d *Delivery) string {
		b, err := json.Marshal(&d.ValueChanges)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for n := range deliveries {
		c := model.ValueChanges{Overflow: n == 3}
		for i := range items {
			v := model.DataValue{Value: model.DoubleValue(float64(n * i)), SourceTimestamp: 132_000_000_000_000_000, Status: model.StatusCode(n) << 16}
			if n == 5 && i == 7 { // a type that is kept as it is
				v.Value = model.QualifiedNameValue(&model.QualifiedName{Name: "x", NamespaceURI: "urn:plant"})
			}
			if n == 6 && i == 8 {
				v.Value = model.StringValue("äöü")
			}
			c.Changes = append(c.Changes, model.ValueChange{Item: i, NodeID: nodes(items).NodeIDs[i], Value: v})
		}
		p.ins[0] <- c
		d, _, err := u.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, asText(d))
	}
	if b := h.Figures().Bytes; b > deliveries*items*35+3*items*200 {
		t.Errorf("%d bytes are kept of %d values", b, deliveries*items)
	}
	back := subscribe(t, h, nodes(items), &Resume{u.stream.id, 1})
	for i, want := range told[1:] {
		d, overflow, err := back.Next(t.Context())
		if err != nil || overflow || asText(d) != want {
			t.Fatalf("delivery %d: %v, %v, other than it was", i+1, overflow, err)
		}
	}
	// Items that nobody asked for, of a gateway that is not sound, are left out.
	p.ins[0] <- model.ValueChanges{
		Changes: []model.ValueChange{{Item: items}, {Item: 1, Value: model.DataValue{Value: model.DoubleValue(1)}}, {Item: -1}}, States: []model.MonitoredItemState{{Item: items}},
	}
	want(t, back, fmt.Sprintf("%d 1=1", deliveries+1))
}

// A subscriber takes what others take as well without an allocation.
func TestNextAllocatesNothing(t *testing.T) {
	h, p := newTestHub(t, Config{})
	u := subscribe(t, h, nodes(1), nil)
	p.tell(1, 0)
	text(t, u)
	n := testing.AllocsPerRun(100, func() {
		u.next--
		if _, _, err := u.Next(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
