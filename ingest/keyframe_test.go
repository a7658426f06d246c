package ingest

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// keyFrame encodes a key frame of version 1.1.
func keyFrame(t testing.TB, values ...model.DataValue) []byte {
	t.Helper()
	version := model.ConfigurationVersion{Major: 1, Minor: 1}
	body := uadp.AppendDataSetHeader(nil, &uadp.DataSetHeader{
		Kind: uadp.KeyFrame, Encoding: uadp.EncodingDataValue, Content: uadp.DataSetMajorVersion | uadp.DataSetMinorVersion, Version: version,
	}, uint16(len(values)))
	var err error
	for i := range values {
		if body, err = uadp.AppendField(body, &values[i], uadp.EncodingDataValue); err != nil {
			t.Fatal(err)
		}
	}
	h := uadp.Header{
		Content: uadp.ContentPublisherID | uadp.ContentPayloadHeader | uadp.ContentTimestamp, PublisherID: uadp.StringPublisherID("g1"),
		Timestamp: model.DateTimeOf(start.Add(time.Hour / 2)),
	}
	frame, err := uadp.AppendNetworkMessage(nil, &h, []uint16{7}, [][]byte{body})
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

var noValueYet = model.DataValue{Status: model.StatusBadWaitingForInitialData}

// What did not change since the last frame is not stored again when a key frame has it, neither as rows nor as text; what is new in it is.
func TestKeyFrameStoresWhatIsNew(t *testing.T) {
	const ms = time.Millisecond
	number, text, array, nan := at(0, model.DoubleValue(1), ms).value, at(1, model.StringValue("on"), 2*ms).value,
		at(2, model.ArrayValue([]float64{1, 2}), 3*ms).value, at(3, model.DoubleValue(math.NaN()), 4*ms).value
	server := model.DataValue{Value: model.DoubleValue(5), ServerTimestamp: model.DateTimeOf(start.Add(5 * ms))}
	bad := model.DataValue{Status: model.StatusBadNodeIdUnknown, SourceTimestamp: model.DateTimeOf(start.Add(6 * ms))}
	newText := at(1, model.StringValue("off"), 8*ms).value
	newStatus := number
	newStatus.Status = model.StatusUncertain

	types := []model.BuiltInType{model.TypeDouble, model.TypeString, model.TypeVariant, model.TypeDouble, model.TypeDouble, model.TypeString, model.TypeDouble}
	first := keyFrame(t, number, text, array, nan, server, bad, noValueYet)
	r := newRig(t, metadata(testKey, types...))
	r.cfg.Text, r.cfg.ElementLimit = &fakeText{}, 3
	rows := r.rowsOf(t, frameOf(1, first))
	want := []string{
		"status a 1 0", "value a 1 1", "status b 2 0", "status c 3 0", "value c[0] 3 1", "value c[1] 3 2", "status d 4 0", "status e 5 0", "value e 5 5",
		"status f 6 2.15089152e+09",
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows of the first key frame (-want +got):\n%s", diff)
	}
	if n := len(r.batch.texts); n != 3 {
		t.Errorf("%d texts of the first key frame, want a text, an array and the gap of a text", n)
	}
	screened := r.batch.screened
	r.batch = batch{}
	r.process(t, frameOf(2, first), frameOf(3, keyFrame(t, newStatus, newText, array, nan, server, bad, number)))
	var texts []string
	for _, v := range r.batch.texts {
		texts = append(texts, v.Series.Field+" "+v.Value.Value.Text())
	}
	if diff := cmp.Diff([]string{"b off"}, texts); diff != "" {
		t.Errorf("texts of repeated and changed key frames (-want +got):\n%s", diff)
	}
	var got []string
	for _, row := range r.batch.rows {
		got = append(got, strings.SplitAfter(string(row.Name), `field="`)[1][:1])
	}
	// The status and the value of a, whose status changed, and of g, which has a value now; the text has no row of its own.
	if diff := cmp.Diff([]string{"a", "a", "g", "g"}, got); diff != "" {
		t.Errorf("fields with rows of repeated and changed key frames (-want +got):\n%s", diff)
	}
	if screened != 1 || r.batch.screened != 0 {
		t.Errorf("%d and %d values screened, want the NaN once", screened, r.batch.screened)
	}
	v, ok := r.core.Live().Latest(model.SeriesID{Gateway: "g1", Group: "line", Writer: "press", Field: "b"})
	if !ok || v.Value.Text() != "off" {
		t.Errorf("live value %v, %v; want off", v, ok)
	}
}

// A key frame of values without times is a sample of its own each time: its values are as new as it.
func TestKeyFrameWithoutTimesIsStored(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble))
	frame := keyFrame(t, model.DataValue{Value: model.DoubleValue(1)})
	r.rowsOf(t, frameOf(1, frame))
	r.batch = batch{}
	r.process(t, frameOf(2, frame))
	if n := len(r.batch.rows); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

// The same value in a delta frame is the publisher's own saying, and stored as before.
func TestKeyFrameLeavesDeltaFramesAlone(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble))
	frame := deltaFrame(t, at(0, model.DoubleValue(1), 0))
	r.rowsOf(t, frameOf(1, frame))
	r.batch = batch{}
	r.process(t, frameOf(2, frame))
	if n := len(r.batch.rows); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
}

func TestRepeatedKeyFramesDoNotAllocate(t *testing.T) {
	values := make([]model.DataValue, 900)
	types := make([]model.BuiltInType, len(values))
	for i := range values {
		types[i] = model.TypeString
		values[i] = at(i, model.StringValue("running"), time.Duration(i)*time.Millisecond).value
		if i%2 == 0 {
			types[i], values[i].Value = model.TypeDouble, model.ArrayValue([]float64{1, 2, 3})
		}
	}
	r, frame := newRig(t, metadata(testKey, types...)), frameOf(1, keyFrame(t, values...))
	core := r.make(t)
	var b batch
	process := func() {
		if err := core.intake.frame(t.Context(), &frame, false); err != nil {
			t.Fatal(err)
		}
		core.intake.maker.emit(&b)
		b.reset()
	}
	process()
	if n := testing.AllocsPerRun(100, process); n != 0 {
		t.Errorf("%v allocations per key frame of 900 values that did not change, want 0", n)
	}
}
