package main

import (
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// broker is an MQTT broker that forgets everything when it is stopped; what it took is kept over its starts.
type broker struct {
	mqtt.HookBase
	t       testing.TB
	address string
	server  *mqtt.Server

	mu   sync.Mutex
	took []int64 // the values of V0, in the order in which they came
}

func newBroker(t testing.TB) *broker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b := &broker{t: t, address: l.Addr().String()}
	t.Cleanup(b.stop)
	return b
}

func (b *broker) start() {
	b.t.Helper()
	b.server = mqtt.New(&mqtt.Options{Logger: slog.New(slog.DiscardHandler)})
	if err := b.server.AddHook(b, nil); err != nil {
		b.t.Fatal(err)
	}
	if err := b.server.AddListener(listeners.NewTCP(listeners.Config{ID: "tcp", Address: b.address})); err != nil {
		b.t.Fatal(err)
	}
	if err := b.server.Serve(); err != nil {
		b.t.Fatal(err)
	}
}

func (b *broker) stop() {
	if b.server != nil {
		b.server.Close()
		b.server = nil
	}
}

func (*broker) Provides(h byte) bool {
	return h == mqtt.OnConnectAuthenticate || h == mqtt.OnACLCheck || h == mqtt.OnPublish
}
func (*broker) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }
func (*broker) OnACLCheck(*mqtt.Client, string, bool) bool              { return true }

var payloadOfV0 = regexp.MustCompile(`"V0":([0-9.e+]+)`)

func (b *broker) OnPublish(_ *mqtt.Client, p packets.Packet) (packets.Packet, error) {
	if m := payloadOfV0.FindSubmatch(p.Payload); m != nil {
		if v, err := strconv.ParseFloat(string(m[1]), 64); err == nil {
			b.mu.Lock()
			b.took = append(b.took, int64(v))
			b.mu.Unlock()
		}
	}
	return p, nil
}

// newer waits until the broker has a value that the server made after the call.
func (b *broker) newer() {
	b.t.Helper()
	now := time.Now().UnixMilli() / plantPeriod.Milliseconds()
	waitFor(b.t, time.Minute, "new values at the broker", func() error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if n := len(b.took); n == 0 || b.took[n-1] <= now {
			return fmt.Errorf("%d values, none after %d", n, now)
		}
		return nil
	})
}

// compare wants the broker to have what the core has, in order but for what came again, which it counts.
func (b *broker) compare(core []float64) (again int) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	first, last, seen := b.took[0], b.took[0]-1, map[int64]bool{}
	for _, v := range b.took {
		if v > last {
			last = v
		} else {
			again++ // after a start, from the saved position on
			if !seen[v] {
				b.t.Errorf("%d came for the first time after %d", v, last)
			}
		}
		seen[v] = true
	}
	missing := 0
	for _, v := range core {
		if n := int64(v); n >= first && n <= last && !seen[n] {
			missing++
		}
	}
	if missing > 0 {
		b.t.Errorf("the broker lacks %d of the values that the core has", missing)
	}
	return again
}

// TestOutputFromTheBuffer: a broker is away while the gateway publishes, is killed and starts again; the core takes all meanwhile. When the broker is
// there it gets all that the buffer has, in order.
func TestOutputFromTheBuffer(t *testing.T) {
	b := newBroker(t)
	b.start()
	p := newPlantWith(t, fmt.Sprintf("brokers: [{name: b, url: \"mqtt://%s\"}]\n", b.address))
	var applied struct {
		ApplyConfiguration struct {
			Applied bool
			Results []struct {
				Problems []struct{ Field, Message string }
			}
		}
	}
	p.core.MustQuery(&applied, `mutation { applyConfiguration(input: {gateway: "line1", items: [{putWriter: {group: "mqtt", name: "w", server: "plant",
		samplingInterval: "0s", publishingInterval: "100ms", fields: [{name: "V0", nodeId: "nsu=urn:shopfloor:plant;s=V0", queueSize: 200}],
		output: {broker: "b", qos: 1, mode: SINGLE_RAW_DATA_SET}}}]}) { applied results { problems { field message } } } }`, nil)
	if !applied.ApplyConfiguration.Applied {
		t.Fatalf("%+v", applied)
	}
	b.newer()

	starts := 2
	if long() {
		starts = 20
	}
	for i := range starts {
		b.stop()
		p.values(30 * time.Second) // the core goes on without the broker
		if i == 0 {
			p.outputWaits()
		}
		pause(2 * time.Second)
		p.edge.Kill()
		p.edge.Start()
		p.connected(time.Minute)
		p.values(time.Minute)
		b.start()
		b.newer()
	}
	p.edge.Stop()
	p.edge.Start()
	b.newer()
	var stored []float64
	waitFor(t, time.Minute, "the core has what the broker has", func() error {
		all, err := p.core.Export(`opcua_value{server="plant",writer="w"}`)
		if err != nil {
			return err
		}
		stored = all["V0"].Values
		b.mu.Lock()
		defer b.mu.Unlock()
		if n := len(stored); n == 0 || int64(stored[n-1]) < slices.Max(b.took) {
			return fmt.Errorf("%d values", n)
		}
		return nil
	})
	again := b.compare(stored)
	t.Logf("%d values at the core, %d at the broker, %d came again", len(stored), len(b.took), again)
	if again > 30*(starts+1) {
		t.Errorf("%d values came again: the position is saved each second", again)
	}
}

// outputWaits waits until the gateway has told that its broker is away and frames wait for it.
func (p *plant) outputWaits() {
	p.t.Helper()
	waitFor(p.t, time.Minute, "the gateway tells how its output is", func() error {
		var got struct {
			Gateway struct {
				Outputs []struct{ Name, State, Waiting string }
			}
		}
		err := p.core.Query(&got, `{ gateway(id: "line1") { outputs { name state waiting } } }`, nil)
		if o := got.Gateway.Outputs; err == nil && (len(o) != 1 || o[0].Name != "b" || o[0].State != "RECONNECTING" || o[0].Waiting == "0") {
			err = fmt.Errorf("%+v", o)
		}
		return err
	})
}
