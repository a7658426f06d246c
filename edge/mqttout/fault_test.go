package mqttout

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

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
	eventually(t, "acknowledgements", func() bool { st := o.Statistics()[0]; return st.InFlight == 0 && st.Waiting == 0 })
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
			if st := o.Statistics()[0]; st.Waiting < n {
				t.Errorf("%d of %d frames wait", st.Waiting, n)
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

// TestAbsentBroker has the limits of the store take the oldest frames: they are counted, and the rest arrives in order behind the metadata.
func TestAbsentBroker(t *testing.T) {
	address := freeAddress(t)
	log := newMemoryLog()
	o, _ := startWith(t, Config{Name: "b", URL: "mqtt://" + address}, log)
	out := open(t, o, model.Output{Broker: "b", QoS: 1})
	eventually(t, "why there is no connection", func() bool { return strings.Contains(o.Statistics()[0].Error, "refused") })
	const n, dropped = 100, 60
	for i := range n {
		out.Put(frameOf(t, i))
	}
	log.drop(dropped)
	st := o.Statistics()[0]
	if st.State != model.StateConnecting || st.Waiting != n-dropped {
		t.Errorf("statistics %+v", st)
	}
	b := startBroker(t, address)
	eventually(t, "what was kept", func() bool {
		first, _ := b.numbers(t)
		return len(first) > 0 && first[len(first)-1] == n-1
	})
	first, _ := b.numbers(t)
	st = o.Statistics()[0]
	if !slices.IsSorted(first) || len(first)+int(st.Dropped) != n || st.Dropped == 0 {
		t.Errorf("the broker got %d, %d are dropped", first, st.Dropped)
	}
}

// TestRestart ends the gateway in order or at once, with the broker there and away: what the broker has not acknowledged is sent after the next
// start, from the position that was saved, in order.
func TestRestart(t *testing.T) {
	for _, version := range []Version{Version311, Version5} {
		t.Run(string(version), func(t *testing.T) {
			address := freeAddress(t)
			log := newMemoryLog()
			cfg := Config{Name: "b", URL: "mqtt://" + address, Version: version}
			n := 0
			put := func(out output, count int) {
				for range count {
					out.Put(frameOf(t, n))
					n++
				}
			}
			o, stop := startWith(t, cfg, log)
			put(open(t, o, model.Output{Broker: "b", QoS: 1, Mode: model.OutputSingleRawDataSet}), 50)
			stop() // the broker was never there
			if log.passed() != 0 {
				t.Fatalf("position %d though the broker has nothing", log.passed())
			}
			b := startBroker(t, address)
			o, stop = startWith(t, cfg, log)
			put(open(t, o, model.Output{Broker: "b", QoS: 1, Mode: model.OutputSingleRawDataSet}), 50)
			eventually(t, "all of both", func() bool { first, _ := b.numbers(t); return len(first) == n })
			eventually(t, "the position", func() bool { return log.passed() == uint64(n) })
			log.mu.Lock()
			log.position = 80 // as if the process was killed before it saved more
			log.mu.Unlock()
			stop()
			log.mu.Lock()
			log.position = 80
			log.mu.Unlock()
			o, stop = startWith(t, cfg, log)
			put(open(t, o, model.Output{Broker: "b", QoS: 1, Mode: model.OutputSingleRawDataSet}), 10)
			eventually(t, "what is new", func() bool { first, _ := b.numbers(t); return len(first) == n })
			stop()
			first, again := b.numbers(t)
			if !slices.IsSorted(first) || again != 20 || log.passed() != uint64(n) {
				t.Errorf("%d messages came again, want 20; position %d of %d", again, log.passed(), n)
			}
		})
	}
}

// TestPositionWaitsForBatches: what waits in a batch is not passed, however far others are.
func TestPositionWaitsForBatches(t *testing.T) {
	address := freeAddress(t)
	b := startBroker(t, address)
	log := newMemoryLog()
	cfg := Config{Name: "b", URL: "mqtt://" + address}
	o, stop := startWith(t, cfg, log)
	batched := open(t, o, model.Output{Broker: "b", QoS: 1, Mode: model.OutputRawDataSets, BatchSize: 3, BatchInterval: time.Hour})
	for i := range 4 {
		batched.Put(frameOf(t, i))
	}
	log.put(model.WriterKey{Gateway: "g1", Group: "other", Writer: "w"}, frameOf(t, 9)) // of a writer without an output
	eventually(t, "the full batch", func() bool { return log.passed() == 3 })
	eventually(t, "all to be read", func() bool { return o.Statistics()[0].Waiting == 2 })
	stop() // which sends the batch
	if got := log.passed(); got != 5 {
		t.Errorf("position %d, want 5", got)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.took) != 2 {
		t.Errorf("%d messages, want 2", len(b.took))
	}
}

// TestOutputThatCannotBe is told for the writer, and the others go on.
func TestOutputThatCannotBe(t *testing.T) {
	o, err := New("g1", []Config{{Name: "b", URL: "mqtt://127.0.0.1:1"}}, newMemoryLog(), zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	writer := func(name string, out model.Output) model.DataSetWriter {
		w := testWriter
		w.Name, w.Output = name, &out
		return w
	}
	bad, topic, good := writer("bad", model.Output{Broker: "nowhere"}), writer("topic", model.Output{Broker: "b", Topic: "a/#"}), writer("good", model.Output{Broker: "b"})
	o.Configure([]model.DataSetWriter{bad, topic, good, testWriter})
	for key, want := range map[model.WriterKey]string{bad.Key(): "add it to brokers", topic.Key(): "without them", good.Key(): "", testWriter.Key(): ""} {
		if got := o.Trouble(key); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
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
