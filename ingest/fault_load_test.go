package ingest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	faultWriters  = 8
	faultFields   = 5
	faultSamples  = 20 // of each field in a frame
	faultRename   = 25 // frames after which a writer has a new name, and its series with it
	valuesOfFrame = faultFields * faultSamples
)

var faultVersion = model.ConfigurationVersion{Major: 1, Minor: 1}

// load makes the frames of some writers. Sample n of each series of a writer has the value n and stands n ms after the start.
type load struct {
	gateway string
	start   time.Time
	sent    [faultWriters]int // frames of each writer
	body    []byte
}

func newLoad(gateway string) *load {
	return &load{gateway: gateway, start: time.Now().Add(-2 * time.Hour).Truncate(time.Second)}
}

// writer is the name of a writer at its frame n.
func (l *load) writer(w, n int) model.WriterKey {
	return model.WriterKey{Gateway: l.gateway, Group: "line", Writer: fmt.Sprintf("w%d-%d", w, n/faultRename)}
}

// next makes the next frame of a writer and stores metadata that is new.
func (l *load) next(s *sender, w int) (model.WriterKey, []byte) {
	n := l.sent[w]
	l.sent[w]++
	key := l.writer(w, n)
	if n%faultRename == 0 {
		s.describe(key, faultFields, model.TypeDouble)
	}
	return key, l.frame(s.t, n)
}

// frame encodes frame n of any writer.
func (l *load) frame(t testing.TB, n int) []byte {
	values := make([]sample, 0, valuesOfFrame)
	for i := range faultSamples {
		for field := range faultFields {
			at := n*faultSamples + i
			values = append(values, sample{field, l.start.Add(time.Duration(at) * time.Millisecond), model.DoubleValue(float64(at))})
		}
	}
	var frame []byte
	l.body, frame = encodeFrame(t, l.body, l.gateway, faultVersion, values)
	return frame
}

// sample is one value of a field.
type sample struct {
	field int
	at    time.Time
	value model.Variant
}

func encodeFrame(t testing.TB, body []byte, gateway string, v model.ConfigurationVersion, values []sample) (_, frame []byte) {
	t.Helper()
	body = uadp.AppendDataSetHeader(body[:0], &uadp.DataSetHeader{
		Kind: uadp.DeltaFrame, Encoding: uadp.EncodingDataValue, Content: uadp.DataSetMajorVersion | uadp.DataSetMinorVersion, Version: v,
	}, uint16(len(values)))
	var err error
	for i := range values {
		dv := model.DataValue{Value: values[i].value, SourceTimestamp: model.DateTimeOf(values[i].at)}
		if body, err = uadp.AppendDeltaField(body, uint16(values[i].field), &dv, uadp.EncodingDataValue); err != nil {
			t.Fatal(err)
		}
	}
	h := uadp.Header{Content: uadp.ContentPublisherID | uadp.ContentPayloadHeader, PublisherID: uadp.StringPublisherID(gateway)}
	if frame, err = uadp.AppendNetworkMessage(nil, &h, []uint16{7}, [][]byte{body}); err != nil {
		t.Fatal(err)
	}
	return body, frame
}

// publish sends frames of random writers until done.
func (l *load) publish(s *sender, done func() bool) {
	for !done() {
		w, data := l.next(s, rand.N(faultWriters))
		s.send(w, bus.FrameHeader{}, data)
	}
}

// frames is a done that ends after n frames.
func frames(n int) func() bool {
	return func() bool {
		n--
		return n < 0
	}
}

// exported is one line of an export.
type exported struct {
	Metric     map[string]string `json:"metric"`
	Timestamps []int64           `json:"timestamps"` // Unix milliseconds
	Values     []float64         `json:"values"`
}

// export reads the raw samples of all series that match, by writer and field.
func (r *faultRig) export(selector string) map[string]exported {
	r.t.Helper()
	if err := r.store.Checkpoint(r.t.Context()); err != nil { // what was appended last is searched from now on
		r.t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	ahead := strconv.FormatInt(time.Now().Add(24*time.Hour).Unix(), 10) // the default is now
	form := url.Values{"match[]": {selector}, "start": {"0"}, "end": {ahead}}
	r.store.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/prometheus/api/v1/export?"+form.Encode(), http.NoBody))
	if answer.Code != http.StatusOK {
		r.t.Fatalf("export: %d %s", answer.Code, answer.Body)
	}
	all := map[string]exported{}
	for lines := json.NewDecoder(answer.Body); ; {
		var line exported
		if err := lines.Decode(&line); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			r.t.Fatal(err)
		}
		name := line.Metric["writer"] + "/" + line.Metric["field"]
		if _, twice := all[name]; twice {
			r.t.Fatalf("%s is two series", name)
		}
		all[name] = line
	}
}

// audit compares what is stored of a load with what was sent.
func (r *faultRig) audit(l *load) {
	r.t.Helper()
	stored := r.export(fmt.Sprintf(`opcua_value{gateway=%q,writer=~"w[0-9].*"}`, l.gateway))
	var values, series, lost, duplicated, wrong int
	for w, frames := range l.sent {
		for from := 0; from < frames; from += faultRename {
			to := min(frames, from+faultRename)
			for field := range faultFields {
				name := fmt.Sprintf("%s/v%d", l.writer(w, from).Writer, field)
				series++
				values += (to - from) * faultSamples
				missing, twice, other := l.auditSeries(stored[name], from*faultSamples, to*faultSamples)
				lost, duplicated, wrong = lost+missing, duplicated+twice, wrong+other
				delete(stored, name)
			}
		}
	}
	r.t.Logf("%d values of %d series: %d lost, %d duplicated, %d wrong", values, series, lost, duplicated, wrong)
	if lost+duplicated+wrong+len(stored) > 0 {
		r.t.Errorf("of %d values %d are lost, %d duplicated and %d wrong; there are %d series too many", values, lost, duplicated, wrong, len(stored))
	}
}

// auditSeries counts what is missing of the samples from <= n < to, what is there twice, and what is something else.
func (l *load) auditSeries(got exported, from, to int) (lost, duplicated, wrong int) {
	seen := make([]bool, to-from)
	for i, at := range got.Timestamps {
		n := int(at - l.start.UnixMilli())
		switch {
		case n < from || n >= to || got.Values[i] != float64(n):
			wrong++
		case seen[n-from]:
			duplicated++
		default:
			seen[n-from] = true
		}
	}
	for _, there := range seen {
		if !there {
			lost++
		}
	}
	return lost, duplicated, wrong
}

// metric is the value of one line of the Core's metrics, 0 without it.
func (r *faultRig) metric(line string) (n int) {
	r.t.Helper()
	var b strings.Builder
	r.core.Live().WriteMetrics(&b)
	_, rest, found := strings.Cut("\n"+b.String(), "\n"+line+" ")
	if !found {
		return 0
	}
	if _, err := fmt.Sscan(rest, &n); err != nil {
		r.t.Fatal(err)
	}
	return n
}
