package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/cmd/gateway"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	loadGateway = "outside"
	loadWriters = 10
	loadFields  = 8
	loadSamples = 25  // of each field in a frame
	loadRename  = 100 // frames after which a writer has a new name, and its series with it
	textSamples = 5   // of each field in a frame of the text writer
)

var (
	loadVersion = model.ConfigurationVersion{Major: 1, Minor: 1}
	textWriter  = model.WriterKey{Gateway: loadGateway, Group: "line", Writer: "words"}
	textFields  = []string{"word", "integer", "natural"}
)

// outsideLoad is a gateway in another process than the platform. It publishes numbers of many writers, whose series are new ones all the
// time, words and large integers of one writer and events of another, until Stop. Sample n of a series has the value n and stands n ms after the start. It
// repeats each frame until that is acknowledged.
type outsideLoad struct {
	t         *testing.T
	conn      *bus.Conn
	publisher *bus.Publisher
	start     time.Time // of the numbers
	textStart time.Time
	sent      [loadWriters]int // frames
	texts     int              // frames of the text writer
	events    int              // frames of the event writer
	accepted  atomic.Int64
	stored    atomic.Int64

	body    []byte
	frames  time.Duration // pause between frames
	stopGen context.CancelFunc
	stopPub context.CancelFunc
	running sync.WaitGroup
	sending sync.WaitGroup
}

// busArgs are the arguments of a process whose bus listens on a port that stays the same when it is restarted.
func busArgs(t *testing.T) (url, password string, args []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	password = "correct horse"
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	return "nats://" + address, password, []string{"--bus-listen", address, "--bus-password-file", file}
}

// startLoad publishes a number of values a second to the bus.
func startLoad(t *testing.T, busURL, password string, rate int) *outsideLoad {
	t.Helper()
	now := time.Now().Truncate(time.Second)
	l := &outsideLoad{
		t: t, start: now.Add(-2 * time.Hour), textStart: now, frames: time.Second * loadFields * loadSamples / time.Duration(rate),
	}
	var err error
	if l.conn, err = bus.Dial(busURL, "outside", password, zerolog.Nop()); err != nil {
		t.Fatal(err)
	}
	if l.publisher, err = bus.NewPublisher(l.conn, bus.PublisherConfig{Gateway: loadGateway, AckWait: time.Second}); err != nil {
		t.Fatal(err)
	}
	publishing, stopPub := context.WithCancel(context.Background())
	generating, stopGen := context.WithCancel(context.Background())
	l.stopPub, l.stopGen = stopPub, stopGen
	l.running.Go(func() { _ = l.publisher.Run(publishing) })
	l.sending.Go(func() { l.generate(generating) })
	t.Cleanup(func() {
		stopGen()
		l.sending.Wait()
		stopPub()
		l.running.Wait()
		l.conn.Close()
	})
	return l
}

// Stop ends the load when all of it is acknowledged.
func (l *outsideLoad) Stop() {
	l.t.Helper()
	l.stopGen()
	l.sending.Wait()
	waitFor(l.t, time.Minute, "all frames are acknowledged", func() error {
		if stored, accepted := l.stored.Load(), l.accepted.Load(); stored != accepted {
			return fmt.Errorf("%d of %d: %+v", stored, accepted, l.publisher.Stats())
		}
		return nil
	})
}

func (l *outsideLoad) generate(ctx context.Context) {
	l.describe(ctx, textWriter, []model.BuiltInType{model.TypeString, model.TypeInt64, model.TypeUInt64}, textFields)
	l.describeEvents(ctx)
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	began, n := time.Now(), 0
	for {
		select {
		case <-pace.C:
		case <-ctx.Done():
			return
		}
		l.send(ctx, textWriter, l.textFrame())
		l.send(ctx, eventWriter, l.eventFrame())
		for ; time.Duration(n)*l.frames < time.Since(began); n++ {
			if ctx.Err() != nil {
				return
			}
			l.sendNumbers(ctx, rand.N(loadWriters))
		}
	}
}

// writer is the name of a writer at its frame n.
func (l *outsideLoad) writer(w, n int) model.WriterKey {
	return model.WriterKey{Gateway: loadGateway, Group: "line", Writer: fmt.Sprintf("w%d-%d", w, n/loadRename)}
}

func (l *outsideLoad) sendNumbers(ctx context.Context, w int) {
	n := l.sent[w]
	key := l.writer(w, n)
	if n%loadRename == 0 {
		types, names := make([]model.BuiltInType, loadFields), make([]string, loadFields)
		for i := range types {
			types[i], names[i] = model.TypeDouble, "v"+strconv.Itoa(i)
		}
		if !l.describe(ctx, key, types, names) {
			return
		}
	}
	var values []loadValue
	for i := n * loadSamples; i < (n+1)*loadSamples; i++ {
		for field := range loadFields {
			values = append(values, loadValue{field, l.start.Add(time.Duration(i) * time.Millisecond), model.DoubleValue(float64(i))})
		}
	}
	if l.send(ctx, key, l.encode(values)) {
		l.sent[w]++
	}
}

const largeInteger = 1 << 60

func (l *outsideLoad) textFrame() []byte {
	var values []loadValue
	for i := l.texts * textSamples; i < (l.texts+1)*textSamples; i++ {
		at := l.textStart.Add(time.Duration(i) * time.Millisecond)
		values = append(values,
			loadValue{0, at, model.StringValue(word(i))}, loadValue{1, at, model.Int64Value(-largeInteger - int64(i))},
			loadValue{2, at, model.UInt64Value(largeInteger + uint64(i))})
	}
	return l.encode(values)
}

func word(i int) string { return "word " + strconv.Itoa(i) }

// send waits for room and tells whether the frame was taken.
func (l *outsideLoad) send(ctx context.Context, w model.WriterKey, frame []byte) bool {
	subject, err := bus.Data(w.Gateway, w.Group, w.Writer)
	if err != nil {
		l.t.Error(err)
		return false
	}
	err = l.publisher.PublishFrame(ctx, subject, bus.FrameHeader{ContentType: bus.ContentUADP}, frame, func(err error) {
		if err == nil {
			l.stored.Add(1)
		}
	})
	if err != nil {
		return false
	}
	l.accepted.Add(1)
	switch w {
	case textWriter:
		l.texts++
	case eventWriter:
		l.events++
	}
	return true
}

// describe stores metadata, as often as it takes while the bus is away, and tells whether it did.
func (l *outsideLoad) describe(ctx context.Context, w model.WriterKey, types []model.BuiltInType, names []string) bool {
	m := &model.DataSetMetaData{Gateway: w.Gateway, Group: w.Group, Writer: w.Writer, Server: "elsewhere", Version: loadVersion}
	for i, typ := range types {
		m.Fields = append(m.Fields, model.FieldMetaData{
			Name: names[i], BuiltInType: typ, ValueRank: model.ValueRankScalar,
			Node: model.ExpandedNodeID{NodeID: model.StringID(0, w.Writer+"."+names[i]), NamespaceURI: "urn:elsewhere"},
		})
	}
	for ctx.Err() == nil {
		limited, cancel := context.WithTimeout(ctx, time.Second)
		err := gateway.Metadata{Conn: l.conn}.StoreMetadata(limited, m)
		cancel()
		if err == nil {
			return true
		}
		<-time.After(20 * time.Millisecond)
	}
	return false
}

type loadValue struct {
	field int
	at    time.Time
	value model.Variant
}

func (l *outsideLoad) encode(values []loadValue) []byte {
	l.body = uadp.AppendDataSetHeader(l.body[:0], &uadp.DataSetHeader{
		Kind: uadp.DeltaFrame, Encoding: uadp.EncodingDataValue, Content: uadp.DataSetMajorVersion | uadp.DataSetMinorVersion, Version: loadVersion,
	}, uint16(len(values)))
	var err error
	for i := range values {
		v := model.DataValue{Value: values[i].value, SourceTimestamp: model.DateTimeOf(values[i].at)}
		if l.body, err = uadp.AppendDeltaField(l.body, uint16(values[i].field), &v, uadp.EncodingDataValue); err != nil {
			l.t.Error(err)
		}
	}
	h := uadp.Header{Content: uadp.ContentPublisherID | uadp.ContentPayloadHeader, PublisherID: uadp.StringPublisherID(loadGateway)}
	frame, err := uadp.AppendNetworkMessage(nil, &h, []uint16{7}, [][]byte{l.body})
	if err != nil {
		l.t.Error(err)
	}
	return frame
}

// findings are what an audit found.
type findings struct{ values, series, lost, duplicated, wrong int }

func (f *findings) bad() bool { return f.lost+f.duplicated+f.wrong > 0 }

func (f findings) String() string {
	return fmt.Sprintf("%d values of %d series: %d lost, %d duplicated, %d wrong", f.values, f.series, f.lost, f.duplicated, f.wrong)
}

// take counts the samples of one series, which are to be from <= n < to, each once.
func (f *findings) take(got []int, from, to int) {
	f.series++
	f.values += to - from
	seen := make([]bool, to-from)
	for _, n := range got {
		switch {
		case n < from || n >= to:
			f.wrong++
		case seen[n-from]:
			f.duplicated++
		default:
			seen[n-from] = true
		}
	}
	for _, there := range seen {
		if !there {
			f.lost++
		}
	}
}

// auditNumbers compares the stored numbers with what was sent.
func (l *outsideLoad) auditNumbers(p *process) (f findings, err error) {
	stored, err := l.exportNumbers(p)
	if err != nil {
		return f, err
	}
	for w, frames := range l.sent {
		for from := 0; from < frames; from += loadRename {
			to := min(frames, from+loadRename)
			for field := range loadFields {
				name := fmt.Sprintf("%s/v%d", l.writer(w, from).Writer, field)
				f.take(stored[name], from*loadSamples, to*loadSamples)
				delete(stored, name)
			}
		}
	}
	if len(stored) > 0 {
		return f, fmt.Errorf("%d series too many", len(stored))
	}
	return f, nil
}

// exportNumbers reads the numbers of all stored samples by writer and field; -1 stands for one whose value is not that of its time.
func (l *outsideLoad) exportNumbers(p *process) (map[string][]int, error) {
	form := url.Values{
		"match[]": {fmt.Sprintf(`opcua_value{gateway=%q,writer=~"w[0-9].*"}`, loadGateway)}, "start": {"0"},
		"end": {strconv.FormatInt(time.Now().Add(24*time.Hour).Unix(), 10)},
	}
	r, err := http.Get(p.URL + "/prometheus/api/v1/export?" + form.Encode())
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("export: %s", r.Status)
	}
	stored := map[string][]int{}
	for lines := json.NewDecoder(r.Body); ; {
		var line struct {
			Metric map[string]string `json:"metric"`
			samples
		}
		if err := lines.Decode(&line); errors.Is(err, io.EOF) {
			return stored, nil
		} else if err != nil {
			return nil, fmt.Errorf("export: %w", err)
		}
		name := line.Metric["writer"] + "/" + line.Metric["field"]
		if stored[name] != nil {
			return nil, fmt.Errorf("%s is two series", name)
		}
		numbers := make([]int, len(line.Timestamps))
		for i, at := range line.Timestamps {
			if numbers[i] = int(at - l.start.UnixMilli()); line.Values[i] != float64(numbers[i]) {
				numbers[i] = -1
			}
		}
		stored[name] = numbers
	}
}

// auditTexts compares the history of words and large integers with what was sent.
func (l *outsideLoad) auditTexts(p *process) (f findings, err error) {
	for field, name := range textFields {
		from, numbers := l.textStart.Add(-time.Hour), []int(nil)
		for more := true; more; {
			var page []int
			if page, from, more, err = l.textPage(p, field, name, from); err != nil {
				return f, err
			}
			numbers = append(numbers, page...)
		}
		f.take(numbers, 0, l.texts*textSamples)
	}
	return f, nil
}

// textPage reads some of the values of a series, and where to go on.
func (l *outsideLoad) textPage(p *process, field int, name string, from time.Time) (numbers []int, next time.Time, more bool, err error) {
	var got struct {
		History struct {
			Truncated bool
			Points    []struct {
				Time time.Time
				Data *struct{ Value json.RawMessage }
			}
		}
	}
	errs, err := p.Query(&got, `query($series: ID!, $from: DateTime!, $to: DateTime!) {
		history(series: $series, from: $from, to: $to, first: 20000) { truncated points { time data { value } } } }`, map[string]any{
		"series": textWriter.Gateway + "/" + textWriter.Group + "/" + textWriter.Writer + "/" + name,
		"from":   from.Format(time.RFC3339Nano), "to": time.Now().Add(2 * time.Hour).Format(time.RFC3339Nano),
	})
	if err != nil || len(errs) > 0 {
		return nil, from, false, fmt.Errorf("history of %s: %w %v", name, err, errs)
	}
	for _, pt := range got.History.Points {
		n := int(pt.Time.Sub(l.textStart) / time.Millisecond)
		want := [...]string{strconv.Quote(word(n)), strconv.FormatInt(-largeInteger-int64(n), 10), strconv.FormatUint(largeInteger+uint64(n), 10)}[field]
		if pt.Data == nil || string(pt.Data.Value) != want && string(pt.Data.Value) != strconv.Quote(want) {
			n = -1
		}
		numbers, next = append(numbers, n), pt.Time.Add(time.Millisecond)
	}
	return numbers, next, got.History.Truncated, nil
}
