package inlet

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// taken is a frame that the fake took.
type taken struct {
	Key         model.WriterKey
	ContentType string
	Data        string
}

// fake is the stream, the metadata and the dead letters.
type fake struct {
	mu     sync.Mutex
	frames []taken
	dones  []func(error)
	sets   []*model.DataSetMetaData
	dead   []DeadLetter

	frameErr, setErr, deadErr error
	hold                      bool
}

func (f *fake) PublishFrame(ctx context.Context, key model.WriterKey, contentType string, frame []byte, done func(error)) error {
	f.mu.Lock()
	if f.frameErr != nil {
		f.mu.Unlock()
		return f.frameErr
	}
	f.frames = append(f.frames, taken{key, contentType, string(frame)})
	f.dones = append(f.dones, done)
	hold := f.hold
	f.mu.Unlock()
	if !hold {
		done(nil)
	}
	return nil
}

func (f *fake) StoreMetadata(_ context.Context, m *model.DataSetMetaData) error {
	f.sets = append(f.sets, m)
	return f.setErr
}

func (f *fake) Dead(_ context.Context, l *DeadLetter) error {
	f.dead = append(f.dead, *l)
	return f.deadErr
}

func newInlet(t testing.TB, cfg Config) (*Inlet, *fake) {
	t.Helper()
	f := &fake{}
	in, err := New(cfg, f, f, f, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return in, f
}

// take takes a message and returns what done got.
func take(t testing.TB, in *Inlet, m Message) error {
	t.Helper()
	calls := 0
	var got error
	if err := in.Take(t.Context(), &m, func(err error) { calls++; got = err }); err != nil {
		t.Fatalf("take: %v", err)
	}
	if calls != 1 {
		t.Fatalf("done was called %d times", calls)
	}
	return got
}

func compressed(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// uadpFrame makes a frame with a data set of one value.
func uadpFrame(t testing.TB, h uadp.Header, writer uint16) string {
	t.Helper()
	m := uadp.Message{Header: h, DataSets: []uadp.DataSet{{
		Header: uadp.DataSetHeader{WriterID: writer}, Fields: []uadp.Field{{Value: model.DataValue{Value: model.Int32Value(7)}}},
	}}}
	b, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestNames(t *testing.T) {
	const data = `{"MessageId":"1","MessageType":"ua-data","PublisherId":"p","DataSetWriterGroup":"g","Messages":[{"DataSetWriterId":1,"Payload":{}}]}`
	withGroup := uadp.Header{
		Content:     uadp.ContentPublisherID | uadp.ContentGroupHeader | uadp.ContentWriterGroupID | uadp.ContentPayloadHeader,
		PublisherID: uadp.UInt16PublisherID(2234), WriterGroupID: 100,
	}
	text := uadp.Header{Content: uadp.ContentPublisherID | uadp.ContentPayloadHeader, PublisherID: uadp.StringPublisherID("Linie ä/1")}
	f := func(name string, m Message, payload string, want model.WriterKey, contentType string) {
		t.Helper()
		in, s := newInlet(t, Config{})
		m.Payload = []byte(payload)
		if err := take(t, in, m); err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if diff := cmp.Diff([]taken{{want, contentType, payload}}, s.frames); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	const json, binary = ingest.ContentJSON, ingest.ContentUADP
	f("names in the message", Message{Way: "mqtt"}, data, model.WriterKey{Gateway: "mqtt:p", Group: "g"}, json)
	f("names in the topic go first", Message{Way: "mqtt", PublisherID: "q", Group: "h", Writer: "w"}, data,
		model.WriterKey{Gateway: "mqtt:q", Group: "h", Writer: "w"}, json)
	f("compressed", Message{Way: "mqtt"}, compressed(t, data), model.WriterKey{Gateway: "mqtt:p", Group: "g"}, json)
	f("white space", Message{Way: "mqtt"}, " \n"+data, model.WriterKey{Gateway: "mqtt:p", Group: "g"}, json)
	f("array", Message{Way: "mqtt"}, "["+data+"]", model.WriterKey{Gateway: "mqtt:p", Group: "g"}, json)
	f("members in another order", Message{Way: "mqtt"},
		`{"Messages":[{"PublisherId":"no","Payload":{"MessageType":"ua-metadata"}}],"WriterGroupName":"g","PublisherId":"p","MessageType":"ua-data"}`,
		model.WriterKey{Gateway: "mqtt:p", Group: "g"}, json)
	f("publisher with a number", Message{Way: "mqtt"}, `{"MessageType":"ua-data","PublisherId":17,"Messages":[]}`,
		model.WriterKey{Gateway: "mqtt:17"}, json)
	f("escapes", Message{Way: "mqtt"}, `{"MessageType":"ua-data","PublisherId":"Linie \u00e4 \"1\"","Messages":[]}`,
		model.WriterKey{Gateway: `mqtt:Linie ä "1"`}, json)
	f("bare payload", Message{Way: "mqtt", PublisherID: "p", Encoding: EncodingJSON}, `{"StepUp":23305}`, model.WriterKey{Gateway: "mqtt:p"}, json)
	f("bare value", Message{Way: "mqtt", PublisherID: "p", Encoding: EncodingJSON}, `23305`, model.WriterKey{Gateway: "mqtt:p"}, json)
	f("sample", Message{Way: "mqtt", PublisherID: "p", Group: "g"}, `[{"NodeId":"ns=2;s=a","EndpointUrl":"opc.tcp://a","Value":{"Value":1}}]`,
		model.WriterKey{Gateway: "mqtt:p", Group: "g"}, json)
	f("text about metadata", Message{Way: "mqtt", PublisherID: "p"}, `[{"MessageType":"ua-keyframe","Payload":{"a":"ua-metadata","b":"\"ua-metadata\""}}]`,
		model.WriterKey{Gateway: "mqtt:p"}, json)
	f("UADP", Message{Way: "udp"}, uadpFrame(t, withGroup, 3), model.WriterKey{Gateway: "udp:2234", Group: "100"}, binary)
	f("UADP without a group", Message{Way: "udp"}, uadpFrame(t, text, 3), model.WriterKey{Gateway: "udp:Linie ä/1"}, binary)
	f("UADP on a topic", Message{Way: "mqtt", PublisherID: "p", Group: "g", Writer: "w", Encoding: EncodingUADP}, uadpFrame(t, withGroup, 3),
		model.WriterKey{Gateway: "mqtt:p", Group: "g", Writer: "w"}, binary)
	chunk, err := uadp.AppendChunk(nil, &withGroup, &uadp.Chunk{Of: uadp.KindData, WriterID: 3, TotalSize: 10, Data: []byte{1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	f("UADP in chunks", Message{Way: "udp"}, string(chunk), model.WriterKey{Gateway: "udp:2234", Group: "100"}, binary)
}

func TestOtherMessages(t *testing.T) {
	in, s := newInlet(t, Config{})
	for _, payload := range []string{
		`{"MessageType":"ua-status","PublisherId":"p"}`, `{"MessageType":"ua-application","PublisherId":"p"}`, `{"MessageType":"RestartAnnouncement"}`,
	} {
		if err := take(t, in, Message{Way: "mqtt", Payload: []byte(payload)}); err != nil {
			t.Errorf("%s: %v", payload, err)
		}
	}
	if err := take(t, in, Message{Way: "mqtt", Kind: KindOther, Payload: []byte("x")}); err != nil {
		t.Error(err)
	}
	// UADP: a probe, and an announcement of endpoints with the flag of a security header.
	for _, payload := range [][]byte{{0x91, 0x81, 0x04, 1, 0, 1, 2, 0, 0, 0, 0}, {0x91, 0x91, 0x08, 1, 0, 1, 0, 0}} {
		if err := take(t, in, Message{Way: "udp", Payload: payload}); err != nil {
			t.Errorf("% x: %v", payload, err)
		}
	}
	if got := in.Statistics(); got.Other != 6 || len(s.frames)+len(s.sets)+len(s.dead) != 0 {
		t.Errorf("statistics %+v, want 6 other messages and nothing stored", got)
	}
}

func TestDead(t *testing.T) {
	long := strings.Repeat("x", 200)
	f := func(name string, m Message, payload string, want error, key model.WriterKey) {
		t.Helper()
		in, s := newInlet(t, Config{MaxMessage: 4096})
		m.Way, m.Source, m.Payload = "mqtt", "the/topic", []byte(payload)
		err := take(t, in, m)
		if !errors.Is(err, ErrRefused) || !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
			return
		}
		if len(s.dead) != 1 || len(s.frames) != 0 {
			t.Errorf("%s: %d dead letters, %d frames", name, len(s.dead), len(s.frames))
			return
		}
		l := s.dead[0]
		if l.Key != key || string(l.Data) != payload || !errors.Is(l.Reason, want) || !strings.Contains(l.Reason.Error(), "the/topic") {
			t.Errorf("%s: dead letter %+v", name, l)
		}
	}
	nobody := model.WriterKey{Gateway: "mqtt:"}
	f("no publisher", Message{}, `{"MessageType":"ua-data","Messages":[]}`, errPublisher, nobody)
	f("no encoding", Message{PublisherID: "p"}, "?", errEncoding, nobody)
	f("empty", Message{PublisherID: "p"}, "", errEncoding, nobody)
	f("empty JSON", Message{PublisherID: "p", Encoding: EncodingJSON}, " ", errEncoding, nobody)
	f("UADP cut off", Message{Encoding: EncodingUADP}, "\x91", uadp.ErrTruncated, nobody)
	f("other version of UADP", Message{Encoding: EncodingUADP}, "\x02", uadp.ErrUnsupported, nobody)
	f("long publisher", Message{PublisherID: long}, "{}", errName, nobody)
	f("long group", Message{PublisherID: "p", Group: long + "y"}, "{}", errName, nobody)
	f("long writer", Message{PublisherID: "p", Writer: long + "y"}, "{}", errName, nobody)
	f("no UTF-8", Message{PublisherID: "p\xff"}, "{}", errName, nobody)
	f("too large", Message{PublisherID: "p"}, strings.Repeat(" ", 4097), errTooLarge, nobody)
	f("topic", Message{Err: errors.New("unknown topic")}, "{}", ErrRefused, nobody)
	f("metadata without metadata", Message{PublisherID: "p", Kind: KindMetaData}, "[]", errNoMetaData, model.WriterKey{Gateway: "mqtt:p"})
}

// A dead letter store that fails, or a flood, holds nothing up.
func TestDeadLettersAreBounded(t *testing.T) {
	in, s := newInlet(t, Config{DeadLettersPerSecond: 2})
	for range 50 {
		if err := take(t, in, Message{Way: "mqtt", Payload: []byte("?")}); !errors.Is(err, ErrRefused) {
			t.Fatal(err)
		}
	}
	if n := len(s.dead); n < 20 || n > 25 {
		t.Errorf("%d dead letters kept of 50 at 2 a second with a burst of 20", n)
	}
	if st := in.Statistics(); st.Dead != 50 || st.DeadLost != 50-uint64(len(s.dead)) {
		t.Errorf("statistics %+v", st)
	}
	in, s = newInlet(t, Config{})
	s.deadErr = errors.New("full")
	for range 5 {
		if err := take(t, in, Message{Way: "mqtt", Payload: []byte("?")}); !errors.Is(err, ErrRefused) {
			t.Fatal(err)
		}
	}
	if st := in.Statistics(); len(s.dead) != 1 || st.DeadLost != 5 {
		t.Errorf("%d tries to keep one while they fail, %d lost; want 1 and 5", len(s.dead), st.DeadLost)
	}
}

func TestMaxPublishers(t *testing.T) {
	in, s := newInlet(t, Config{MaxPublishers: 2})
	send := func(id string) error {
		return take(t, in, Message{Way: "mqtt", PublisherID: id, Payload: []byte("{}")})
	}
	for _, id := range []string{"a", "b", "a"} {
		if err := send(id); err != nil {
			t.Fatal(err)
		}
	}
	if err := send("c"); !errors.Is(err, errPublishers) {
		t.Fatalf("third publisher: %v", err)
	}
	if s.dead[0].Key.Gateway != "mqtt:c" {
		t.Errorf("dead letter of %q, want of the publisher", s.dead[0].Key.Gateway)
	}
	// One that is silent for long makes room.
	in.publishers.see("mqtt:b", time.Now().Add(-2*publisherSilence))
	if err := send("c"); err != nil {
		t.Fatalf("third publisher, while one is silent: %v", err)
	}
	var names []string
	for _, p := range in.Publishers() {
		names = append(names, fmt.Sprint(p.Gateway, " ", p.Frames, " ", p.Bytes))
	}
	if diff := cmp.Diff([]string{"mqtt:a 2 4", "mqtt:c 1 2"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestPendingBytesBlock(t *testing.T) {
	in, s := newInlet(t, Config{MaxMessage: 1024, MaxPendingBytes: 2048})
	s.hold = true
	payload := []byte(fmt.Sprintf("%-1000s", "{}"))
	result := make(chan error, 2)
	if err := in.Take(t.Context(), &Message{Way: "mqtt", PublisherID: "p", Payload: payload}, func(err error) { result <- err }); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := in.Take(ended, &Message{Way: "mqtt", PublisherID: "p", Payload: payload}, nil); !errors.Is(err, context.Canceled) {
		t.Fatalf("second message of 1,512 in 2,048 bytes: %v", err)
	}
	second := make(chan error, 1)
	go func() {
		second <- in.Take(t.Context(), &Message{Way: "mqtt", PublisherID: "p", Payload: payload}, func(err error) { result <- err })
	}()
	s.dones[0](nil)
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	if err := <-second; err != nil {
		t.Fatalf("second message, with room: %v", err)
	}
	lost := errors.New("lost")
	s.dones[1](lost)
	if err := <-result; !errors.Is(err, lost) {
		t.Fatalf("fate %v, want what the stream said", err)
	}
	if st := in.Statistics(); st.PendingBytes != 0 || st.Frames != 1 || st.Unstored != 1 {
		t.Errorf("statistics %+v", st)
	}
}

func TestStreamRefuses(t *testing.T) {
	in, s := newInlet(t, Config{})
	s.frameErr = fmt.Errorf("%w: subject", ErrRefused)
	if err := take(t, in, Message{Way: "mqtt", PublisherID: "p", Payload: []byte("{}")}); !errors.Is(err, ErrRefused) || len(s.dead) != 1 {
		t.Errorf("%v, %d dead letters; want it refused and kept", err, len(s.dead))
	}
	s.frameErr = errors.New("closed")
	err := in.Take(t.Context(), &Message{Way: "mqtt", PublisherID: "p", Payload: []byte("{}")}, func(error) { t.Error("done is called") })
	if !errors.Is(err, s.frameErr) || in.Statistics().PendingBytes != 0 {
		t.Errorf("%v, %d bytes pending", err, in.Statistics().PendingBytes)
	}
}

func TestValidate(t *testing.T) {
	for field, cfg := range map[string]Config{
		"maxMessage": {MaxMessage: 10}, "maxPublishers": {MaxPublishers: -1}, "maxPendingBytes": {MaxMessage: 1 << 20, MaxPendingBytes: 1 << 20},
		"deadLettersPerSecond": {DeadLettersPerSecond: -1},
	} {
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%+v: error %v, want one that names %s", cfg, err, field)
		}
	}
}
