package mqttout

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// cutter is a way to the broker that can be cut.
type cutter struct {
	listener net.Listener
	mu       sync.Mutex
	conns    []net.Conn
	group    sync.WaitGroup
}

func newCutter(t testing.TB, to string) *cutter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{listener: l}
	c.group.Go(func() {
		for {
			a, err := l.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("tcp", to)
			if err != nil {
				a.Close()
				continue
			}
			c.mu.Lock()
			c.conns = append(c.conns, a, b)
			c.mu.Unlock()
			for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
				c.group.Go(func() {
					_, _ = io.Copy(pair[0], pair[1])
					pair[0].Close()
					pair[1].Close()
				})
			}
		}
	})
	t.Cleanup(func() {
		l.Close()
		c.cut()
		c.group.Wait()
	})
	return c
}

// cut ends all connections, in the middle of whatever they carry.
func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.conns {
		n.Close()
	}
	c.conns = nil
}

// TestConnectionCut cuts the connection again and again: nothing is lost with QoS 1 and 2, nothing comes twice with QoS 2 over MQTT 5, and the
// order is kept. It looks at what the broker took: this one loses a message of QoS 2 when it cannot write its answer.
func TestConnectionCut(t *testing.T) {
	for _, version := range []Version{Version311, Version5} {
		for _, qos := range []uint8{1, 2} {
			t.Run(fmt.Sprint(version, " QoS ", qos), func(t *testing.T) { testCut(t, version, qos) })
		}
	}
}

func testCut(t *testing.T, version Version, qos uint8) {
	address := freeAddress(t)
	b := startBroker(t, address)
	way := newCutter(t, address)
	o, _ := start(t, Config{Name: "b", URL: "mqtt://" + way.listener.Addr().String(), Version: version})
	out := open(t, o, model.Output{Broker: "b", QoS: qos, Mode: model.OutputSingleRawDataSet})
	const n, cuts = 600, 3
	for i := range n {
		out.Put(frameOf(t, i))
		if i%(n/cuts) == n/cuts/2 {
			from := o.Statistics()[0].Published
			eventually(t, "some messages", func() bool { return o.Statistics()[0].Published > from })
			way.cut()
		}
	}
	eventually(t, "all messages", func() bool {
		first, _ := b.numbers(t)
		return len(first) == n
	})
	first, again := b.numbers(t)
	for i, got := range first {
		if got != i {
			t.Fatalf("message %d is number %d", i, got)
		}
	}
	if version == Version5 && qos == 2 && again > 0 {
		t.Errorf("%d messages of QoS 2 came again", again)
	}
	eventually(t, "acknowledgements", func() bool { st := o.Statistics()[0]; return st.InFlight == 0 && st.Queued == 0 })
	st := o.Statistics()[0]
	if st.Reconnects == 0 || st.Dropped+st.Refused != 0 {
		t.Errorf("statistics %+v", st)
	}
	t.Logf("%d reconnects, %d messages came again", st.Reconnects, again)
}

// TestBrokerRestarts has a broker that forgets everything: nothing that it did not acknowledge is lost, and it gets the metadata and the
// status again before the data.
func TestBrokerRestarts(t *testing.T) {
	for _, version := range []Version{Version311, Version5} {
		t.Run(string(version), func(t *testing.T) {
			address := freeAddress(t)
			b := startBroker(t, address)
			o, _ := start(t, Config{Name: "b", URL: "mqtt://" + address, Version: version})
			out := open(t, o, model.Output{Broker: "b", QoS: 1})
			out.Put(frameOf(t, 0))
			eventually(t, "the first message", func() bool { return o.Statistics()[0].Published == 3 })
			b.stop()
			eventually(t, "the loss", func() bool { return o.Statistics()[0].State == model.StateReconnecting })
			const n = 100
			for i := range n {
				out.Put(frameOf(t, i))
			}
			if st := o.Statistics()[0]; st.Queued < n-1 {
				t.Errorf("%d of %d frames wait", st.Queued, n)
			}
			startBroker(t, address)
			eventually(t, "all messages", func() bool { return o.Statistics()[0].Published == n+5 })
			s := subscribe(t, address) // what is retained
			eventually(t, "metadata and status", func() bool {
				return len(s.on(testMetadataTopic)) == 1 && len(s.on(testStatusTopic)) == 1
			})
			if st := o.Statistics()[0]; st.Reconnects != 1 || st.Dropped+st.Refused != 0 {
				t.Errorf("statistics %+v", st)
			}
		})
	}
}

// TestAbsentBroker fills the queue: the oldest frames go, are counted, and the rest arrives in order behind the metadata.
func TestAbsentBroker(t *testing.T) {
	address := freeAddress(t)
	o, _ := start(t, Config{Name: "b", URL: "mqtt://" + address, MaxQueueMessages: 10})
	out := open(t, o, model.Output{Broker: "b", QoS: 1})
	eventually(t, "why there is no connection", func() bool { return strings.Contains(o.Statistics()[0].Error, "refused") })
	const n = 30
	for i := range n {
		out.Put(frameOf(t, i))
	}
	st := o.Statistics()[0]
	if st.State != model.StateConnecting || st.Queued != 10 || st.Dropped < n-12 {
		t.Errorf("statistics %+v", st)
	}
	b := startBroker(t, address)
	eventually(t, "what was kept", func() bool {
		first, _ := b.numbers(t)
		return len(first) > 0 && first[len(first)-1] == n-1
	})
	first, _ := b.numbers(t)
	if len(first) < 10 || len(first) > 12 || first[len(first)-10] != n-10 || !slices.IsSorted(first) {
		t.Errorf("the broker got %d", first)
	}
}

// TestWill is what the broker says when a gateway is gone.
func TestWill(t *testing.T) {
	for _, version := range []Version{Version311, Version5} {
		t.Run(string(version), func(t *testing.T) {
			address := freeAddress(t)
			startBroker(t, address)
			s := subscribe(t, address)
			way := newCutter(t, address)
			start(t, Config{Name: "b", URL: "mqtt://" + way.listener.Addr().String(), Version: version})
			eventually(t, "the status", func() bool { return len(s.on(testStatusTopic)) == 1 })
			way.listener.Close()
			way.cut()
			eventually(t, "the will", func() bool { return len(s.on(testStatusTopic)) == 2 })
			if p := s.on(testStatusTopic)[1]; !strings.HasSuffix(string(p.Payload), `"Status":3}`) || !p.Retain {
				t.Errorf("will %s, retain %t", p.Payload, p.Retain)
			}
		})
	}
}
