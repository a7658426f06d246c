package udp

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"
	"golang.org/x/net/ipv4"

	"github.com/shopfloor-iiot/shopfloor/ingest/inlet"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testWait = 10 * time.Second

// stream is a fake of the inlet's interfaces.
type stream struct {
	mu     sync.Mutex
	frames []model.WriterKey
	data   []string
	gate   chan struct{} // if not nil, each frame waits for it
}

func (s *stream) PublishFrame(ctx context.Context, key model.WriterKey, _ string, frame []byte, done func(error)) error {
	if s.gate != nil {
		select {
		case <-s.gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	s.frames, s.data = append(s.frames, key), append(s.data, string(frame))
	s.mu.Unlock()
	done(nil)
	return nil
}

func (s *stream) StoreMetadata(context.Context, *model.DataSetMetaData) error { return nil }
func (s *stream) Dead(context.Context, *inlet.DeadLetter) error               { return nil }

func (s *stream) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.frames)
}

func start(t testing.TB, cfg Config, s *stream) *Receiver {
	t.Helper()
	in, err := inlet.New(inlet.Config{}, s, s, s, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(cfg, in, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return r
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(testWait)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// frame makes a message of one value.
func frame(t testing.TB, publisher uadp.PublisherID, group, writer uint16) []byte {
	t.Helper()
	m := uadp.Message{
		Header: uadp.Header{
			Content:     uadp.ContentPublisherID | uadp.ContentGroupHeader | uadp.ContentWriterGroupID | uadp.ContentPayloadHeader,
			PublisherID: publisher, WriterGroupID: group,
		},
		DataSets: []uadp.DataSet{{
			Header: uadp.DataSetHeader{WriterID: writer}, Fields: []uadp.Field{{Value: model.DataValue{Value: model.Int32Value(7)}}},
		}},
	}
	b, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func dial(t testing.TB, to net.Addr) net.Conn {
	t.Helper()
	conn, err := net.Dial("udp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func TestUnicast(t *testing.T) {
	s := &stream{}
	r := start(t, Config{Listen: []string{"opc.udp://127.0.0.1:0", "opc.udp://localhost:0"}}, s)
	var want []model.WriterKey
	for i, a := range r.Addrs() {
		conn := dial(t, a)
		for n := range 10 {
			if _, err := conn.Write(frame(t, uadp.UInt16PublisherID(2234), uint16(100+i), 1)); err != nil {
				t.Fatal(err)
			}
			want = append(want, model.WriterKey{Gateway: "udp:2234", Group: fmt.Sprint(100 + i)})
			eventually(t, "the frame", func() bool { return s.len() == 10*i+n+1 })
		}
		if _, err := conn.Write([]byte("no UADP")); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, s.frames); diff != "" {
		t.Error(diff)
	}
	if s.data[0] != string(frame(t, uadp.UInt16PublisherID(2234), 100, 1)) {
		t.Error("the frame is not what was sent")
	}
	eventually(t, "the malformed ones", func() bool { return r.Statistics().Malformed == 2 })
	if st := r.Statistics(); st.Received != 22 || st.Dropped != 0 || st.Unstored != 0 {
		t.Errorf("statistics %+v", st)
	}
}

func TestMulticast(t *testing.T) {
	lo := loopback(t)
	s := &stream{}
	// A free port: the group is bound to it next.
	probe, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := probe.LocalAddr().(*net.UDPAddr).Port
	probe.Close()
	r := start(t, Config{Listen: []string{fmt.Sprintf("opc.udp://239.0.0.1:%d", port)}, Interface: lo.Name}, s)
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	p := ipv4.NewPacketConn(conn)
	if err := errors.Join(p.SetMulticastInterface(lo), p.SetMulticastLoopback(true)); err != nil {
		t.Skipf("no multicast on %s: %v", lo.Name, err)
	}
	if _, err := conn.WriteTo(frame(t, uadp.StringPublisherID("Press ä"), 5, 1), r.Addrs()[0]); err != nil {
		t.Skipf("no multicast on %s: %v", lo.Name, err)
	}
	eventually(t, "the frame", func() bool { return s.len() == 1 })
	if want := (model.WriterKey{Gateway: "udp:Press ä", Group: "5"}); s.frames[0] != want {
		t.Errorf("frame of %v, want %v", s.frames[0], want)
	}
}

func loopback(t testing.TB) *net.Interface {
	t.Helper()
	list, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		if i.Flags&net.FlagLoopback != 0 && i.Flags&net.FlagUp != 0 {
			return &i
		}
	}
	t.Skip("no loopback interface")
	return nil
}

// While the inlet takes nothing the queue fills; what does not fit is dropped and counted.
func TestFullQueue(t *testing.T) {
	const queue, sent = 4, 20
	s := &stream{gate: make(chan struct{})}
	r := start(t, Config{Listen: []string{"opc.udp://127.0.0.1:0"}, Queue: queue}, s)
	conn := dial(t, r.Addrs()[0])
	for i := range sent {
		if _, err := conn.Write(frame(t, uadp.BytePublisherID(1), 1, 1)); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the datagram", func() bool { return r.Statistics().Received == uint64(i+1) })
	}
	eventually(t, "the drops", func() bool { return r.Statistics().Dropped >= sent-queue-1 })
	dropped := r.Statistics().Dropped
	close(s.gate)
	eventually(t, "the others", func() bool { return s.len() == sent-int(dropped) })
}

// A writer that is seen without metadata is asked for it, again and again, until it announces it.
func TestProbes(t *testing.T) {
	publisher, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer publisher.Close()
	s := &stream{}
	r := start(t, Config{Listen: []string{"opc.udp://127.0.0.1:0"}, Probe: "opc.udp://" + publisher.LocalAddr().String()}, s)
	conn := dial(t, r.Addrs()[0])
	id := uadp.UInt16PublisherID(2234)
	for _, writer := range []uint16{3, 3, 4} {
		if _, err := conn.Write(frame(t, id, 1, writer)); err != nil {
			t.Fatal(err)
		}
	}
	asked := map[uint16]int{}
	buf := make([]byte, 100)
	for asked[3] < 2 || asked[4] < 1 {
		if err := publisher.SetReadDeadline(time.Now().Add(testWait)); err != nil {
			t.Fatal(err)
		}
		n, from, err := publisher.ReadFrom(buf)
		if err != nil {
			t.Fatalf("asked %v, then %v", asked, err)
		}
		head := []byte{0x91, 0x81, 0x04, 0xBA, 0x08, 1, 2}
		if n < len(head)+4 || string(buf[:len(head)]) != string(head) || n != len(head)+4+2*int(binary.LittleEndian.Uint32(buf[len(head):])) {
			t.Fatalf("probe % x", buf[:n])
		}
		for b := buf[len(head)+4 : n]; len(b) > 0; b = b[2:] {
			asked[binary.LittleEndian.Uint16(b)]++
		}
		if asked[4] == 1 {
			// The announcement goes back to where the probe came from. This one has the flag of a security header and none.
			if _, err := publisher.WriteTo([]byte{0x91, 0x91, 0x08, 0xBA, 0x08, 2, 0, 0, 4, 0}, from); err != nil {
				t.Fatal(err)
			}
		}
	}
	r.prober.mu.Lock()
	defer r.prober.mu.Unlock()
	if r.prober.waiting != 1 || !r.prober.writers[writerID{id, 4}].due.IsZero() {
		t.Errorf("%d writers are waited for, want that of id 3 alone", r.prober.waiting)
	}
	if err := r.ProbeMetaData(id, nil); err == nil {
		t.Error("a probe for no writers was sent")
	}
	if err := r.ProbeMetaData(uadp.StringPublisherID("x"), []uint16{1, 2}); err != nil {
		t.Error(err)
	}
}

func TestAppendProbe(t *testing.T) {
	f := func(id uadp.PublisherID, want []byte) {
		t.Helper()
		got := appendProbe(nil, id, []uint16{1, 0x203})
		want = append(want, 1, 2, 2, 0, 0, 0, 1, 0, 3, 2)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", id, diff)
		}
		var d uadp.Decoder
		if err := d.Decode(got); !errors.Is(err, uadp.ErrUnsupported) || d.Header().PublisherID != id {
			t.Errorf("%s: decoded as of %s, %v", id, d.Header().PublisherID, err)
		}
	}
	f(uadp.BytePublisherID(7), []byte{0x91, 0x80, 0x04, 7})
	f(uadp.UInt16PublisherID(0x102), []byte{0x91, 0x81, 0x04, 2, 1})
	f(uadp.UInt32PublisherID(0x102), []byte{0x91, 0x82, 0x04, 2, 1, 0, 0})
	f(uadp.UInt64PublisherID(0x102), []byte{0x91, 0x83, 0x04, 2, 1, 0, 0, 0, 0, 0, 0})
	f(uadp.StringPublisherID("ab"), []byte{0x91, 0x84, 0x04, 2, 0, 0, 0, 'a', 'b'})
}

func TestAnnounced(t *testing.T) {
	f := func(frame []byte, want uint16, ok bool) {
		t.Helper()
		var d uadp.Decoder
		// Its error is not of interest: the header is read.
		_ = d.Decode(frame)
		if got, gotOK := announced(frame, d.Header()); got != want || gotOK != ok {
			t.Errorf("% x: %d %v, want %d %v", frame, got, gotOK, want, ok)
		}
	}
	f([]byte{0x91, 0x81, 0x08, 1, 0, 2, 0, 0, 4, 0}, 4, true)
	f([]byte{0x91, 0x91, 0x08, 1, 0, 2, 0, 0, 4, 0}, 4, true)
	f([]byte{0x91, 0x91, 0x08, 1, 0, 0, 0, 0, 0, 0, 0, 2, 9, 9, 4, 0}, 4, true)
	f([]byte{0x91, 0x84, 0x08, 1, 0, 0, 0, 'a', 2, 0, 0, 4, 0}, 4, true)
	f([]byte{0x91, 0x81, 0x08, 1, 0, 1, 0, 0, 4, 0}, 0, false)
	f([]byte{0x91, 0x81, 0x04, 1, 0, 2, 0, 0, 4, 0}, 0, false)
	for n := range 10 {
		f([]byte{0x91, 0x81, 0x08, 1, 0, 2, 0, 0, 4, 0}[:n], 0, false)
	}
}

func FuzzLook(f *testing.F) {
	f.Add([]byte{0x91, 0x91, 0x08, 1, 0, 0, 0, 0, 0, 0, 0, 2, 9, 9, 4, 0})
	f.Add(frame(f, uadp.StringPublisherID("a"), 1, 2))
	f.Fuzz(func(_ *testing.T, b []byte) {
		p := newProber()
		var d uadp.Decoder
		p.look(&d, b)
		p.look(&d, b)
	})
}

func TestValidate(t *testing.T) {
	f := func(c Config, wants ...string) {
		t.Helper()
		err := c.Validate()
		if len(wants) == 0 && err != nil {
			t.Errorf("%+v: %v", c, err)
		}
		for _, want := range wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%+v: error %v, want %q in it", c, err, want)
			}
		}
	}
	f(Config{})
	f(Config{Listen: []string{"opc.udp://239.0.0.1", "opc.udp://[::1]:4841/"}})
	f(Config{Listen: []string{"239.0.0.1:4840"}}, "listen[0]", "opc.udp://")
	f(Config{Listen: []string{"opc.udp://239.0.0.1:70000"}}, "listen[0]", "70000")
	f(Config{Listen: []string{"opc.udp://239.0.0.1", "opc.udp://239.0.0.1:4840"}}, "listen[1]", "twice")
	f(Config{Listen: []string{"opc.udp://239.0.0.1"}, Interface: "nope0"}, "interface", "nope0")
	f(Config{Listen: []string{"opc.udp://239.0.0.1"}, Queue: -1}, "queue", "-1")
	f(Config{Listen: []string{"opc.udp://239.0.0.1"}, ReadBuffer: -1}, "readBuffer")
	f(Config{Listen: []string{"opc.udp://239.0.0.1"}, Probe: "x"}, "probe", "opc.udp://")
}
