package opcua

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// killedMemory keeps what a gateway had recorded when it asked for its first items: it was killed then.
type killedMemory struct {
	*mapMemory
	mu     sync.Mutex
	killed bool
}

func (m *killedMemory) Save(server string, body []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.killed {
		return nil
	}
	r, err := decodeRecord(body)
	if err != nil {
		return err
	}
	for _, s := range r.Subscriptions {
		m.killed = m.killed || len(s.Items) > 0
	}
	return m.mapMemory.Save(server, body)
}

// live lets the next life record all.
func (m *killedMemory) live() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.killed = false
}

// A gateway that is killed while its items are being made finds them at the server, with the values in their queues.
func TestTakeOverOfItemsBeingMade(t *testing.T) {
	t.Parallel()
	l := newLives(t, opcuatest.Options{}, 20)
	memory := &killedMemory{mapMemory: l.memory}
	l.change = func(c *Config) { c.Memory = memory }
	l.begin()
	l.flows(1)
	l.die()
	first := memory.record(t)
	if len(first.Subscriptions) != 1 || len(first.Subscriptions[0].Items) != 20 || first.Subscriptions[0].Items[0].ID != 0 {
		t.Fatalf("record %+v, want 20 items that are not made yet", first)
	}
	memory.live()
	l.begin()
	l.flows(2)
	if again := l.subscription(20); again != first.Subscriptions[0].ID {
		t.Errorf("subscription %d was made anew as %d", first.Subscriptions[0].ID, again)
	}
	for _, name := range counters(20) {
		if missing := l.audit(name); missing != 0 {
			t.Errorf("%d values of %s are missing", missing, name)
		}
	}
	if gaps := l.gaps.all(); len(gaps) != 0 {
		t.Errorf("gaps: %+v", gaps)
	}
	eventually(t, 20*time.Second, func() bool { return l.memory.record(t).Subscriptions[0].Items[0].ID != 0 }, func() string { return "the items are recorded with their ids" })
	l.end(nil)
}

// Where the server does not tell which of the items it has, they are made anew, and that is a gap.
func TestTakeOverOfItemsBeingMadeUntold(t *testing.T) {
	t.Parallel()
	r, gaps := &recorder{}, &gapList{}
	memory := &killedMemory{mapMemory: newMapMemory()}
	var created atomic.Int64
	var unrecorded atomic.Bool
	server := opcuatest.NewRaw(t, func(req ua.Request) []byte {
		switch q := req.(type) {
		case *ua.CreateSubscriptionRequest:
			created.Add(1)
		case *ua.CreateMonitoredItemsRequest:
			handles := map[uint32]bool{}
			for _, s := range memory.record(t).Subscriptions {
				for _, it := range s.Items {
					handles[it.Handle] = true
				}
			}
			for _, it := range q.ItemsToCreate {
				if !handles[it.RequestedParameters.ClientHandle] {
					unrecorded.Store(true)
				}
			}
		case *ua.TransferSubscriptionsRequest:
			return opcuatest.RawResponse(req, &ua.TransferSubscriptionsResponse{
				ResponseHeader: &ua.ResponseHeader{}, DiagnosticInfos: []*ua.DiagnosticInfo{}, Results: []*ua.TransferResult{{AvailableSequenceNumbers: []uint32{}}},
			})
		case *ua.CallRequest:
			return opcuatest.RawResponse(req, &ua.ServiceFault{ResponseHeader: &ua.ResponseHeader{ServiceResult: ua.StatusBadServiceUnsupported}})
		}
		return nil
	})
	c := config(server.Endpoint(), r)
	c.Memory, c.OnGap = memory, gaps.add
	rawLife(t, c, func(*Source) bool { return r.least() >= 3 }, "values come")
	if unrecorded.Load() {
		t.Error("items were asked for that no record has")
	}
	memory.live()
	rawLife(t, c, func(*Source) bool {
		_, opens := r.last()
		return opens == 2 && r.least() >= 3 && len(gaps.all()) == 1
	}, "values come again, and a gap is told")
	if created.Load() != 2 {
		t.Errorf("%d subscriptions were created, want 2", created.Load())
	}
	if g := gaps.all()[0]; g.Cause != model.GapSubscriptionLost || !strings.Contains(g.Detail, "being made") {
		t.Errorf("gap %+v", g)
	}
}

func TestMatching(t *testing.T) {
	for _, c := range []struct {
		name     string
		told     bool
		at       map[uint32]uint32 // handles by ids
		recorded []recordedItem
		want     string // ids, 0 for one that is not there
		left     int
		fault    string
	}{
		{"all", true, map[uint32]uint32{1: 10, 2: 20}, []recordedItem{{ID: 1, Handle: 10}, {ID: 2, Handle: 20}}, "[1 2]", 0, ""},
		{"gone", true, map[uint32]uint32{1: 10}, []recordedItem{{ID: 1, Handle: 10}, {ID: 2, Handle: 20}}, "[1 0]", 0, ""},
		{"not wanted", true, map[uint32]uint32{1: 10, 2: 20}, []recordedItem{{ID: 1, Handle: 10}}, "[1]", 1, ""},
		{"being made", true, map[uint32]uint32{1: 10, 2: 20}, []recordedItem{{ID: 1, Handle: 10}, {Handle: 20}, {Handle: 30}}, "[1 2 0]", 0, ""},
		{"none made yet", true, map[uint32]uint32{}, []recordedItem{{Handle: 20}}, "[0]", 0, ""},
		{"others", true, map[uint32]uint32{1: 11}, []recordedItem{{ID: 1, Handle: 10}}, "[0]", 1, "another subscription"},
		{"others of one that was being made", true, map[uint32]uint32{1: 11}, []recordedItem{{Handle: 10}}, "[0]", 1, "another subscription"},
		{"not told", false, nil, []recordedItem{{ID: 1, Handle: 10}}, "[1]", 0, ""},
		{"being made, not told", false, nil, []recordedItem{{ID: 1, Handle: 10}, {Handle: 20}}, "[1 0]", 0, "being made"},
	} {
		m := matching{told: c.told, at: c.at}
		var got []uint32
		for _, it := range c.recorded {
			if !m.match(&it.ID, it.Handle) {
				it.ID = 0
			}
			got = append(got, it.ID)
		}
		if fault := m.fault(); fmt.Sprint(got) != c.want || len(m.at) != c.left || (fault == "") != (c.fault == "") || !strings.Contains(fault, c.fault) {
			t.Errorf("%s: ids %v with %d left, fault %q; want %s, %d, %q", c.name, got, len(m.at), fault, c.want, c.left, c.fault)
		}
	}
}

// BenchmarkRecord makes the record of a server with 100,000 items, as before more are made.
func BenchmarkRecord(b *testing.B) {
	p := newPublishing(publishingConfig{Server: "plant", Memory: newMapMemory()})
	items := make([]wanted, 100_000)
	for i := range items {
		items[i] = wanted{key: subscriptionKey{interval: time.Second}, item: monitored{node: plant(fmt.Sprintf("Line1/Machine%d/Temperature", i))}}
	}
	p.add(items)
	p.mu.Lock()
	for _, sub := range p.subs {
		sub.id = 1
	}
	p.mu.Unlock()
	b.ReportAllocs()
	for b.Loop() {
		p.changed()
		if _, err := p.save(); err != nil {
			b.Fatal(err)
		}
	}
}
