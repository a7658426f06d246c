package uadp

import (
	"bytes"
	"encoding/hex"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The frames in testdata were made by open62541 1.5.7.

// goldenTime is the time in all golden frames.
const goldenTime model.DateTime = 133000000000000000

const goldenWriter = 62541

// goldenFrames reads the frames of testdata by name.
func goldenFrames(tb testing.TB) map[string][]byte {
	tb.Helper()
	text, err := os.ReadFile("testdata/golden-open62541.tsv")
	if err != nil {
		tb.Fatal(err)
	}
	frames := make(map[string][]byte)
	for line := range strings.Lines(string(text)) {
		columns := strings.Split(line, "\t")
		if len(columns) != 3 {
			tb.Fatalf("line %q: want name, hex and meaning", line)
		}
		frame, err := hex.DecodeString(columns[1])
		if err != nil {
			tb.Fatalf("frame %s: %v", columns[0], err)
		}
		frames[columns[0]] = frame
	}
	return frames
}

// goldenLayout is the layout of the six values, for the RawData frame.
func goldenLayout(uint16) []RawField {
	return []RawField{
		{Type: model.TypeDouble, ValueRank: model.ValueRankScalar},
		{Type: model.TypeInt32, ValueRank: model.ValueRankScalar},
		{Type: model.TypeBoolean, ValueRank: model.ValueRankScalar},
		{Type: model.TypeString, ValueRank: model.ValueRankScalar},
		{Type: model.TypeUInt16, ValueRank: model.ValueRankScalar},
		{Type: model.TypeDateTime, ValueRank: model.ValueRankScalar},
	}
}

// goldenMessages are what the golden frames say, written down by hand.
func goldenMessages() map[string]Message {
	values := []model.Variant{
		model.DoubleValue(3.5), model.Int32Value(-7), model.BooleanValue(true), model.StringValue("pump-1"),
		model.UInt16Value(500), model.DateTimeValue(goldenTime),
	}
	plain := make([]Field, len(values))
	full := make([]Field, len(values))
	for i, v := range values {
		plain[i] = Field{Index: uint16(i), Value: model.DataValue{Value: v}}
		full[i] = Field{Index: uint16(i), Value: model.DataValue{Value: v, Status: 0x40000000, SourceTimestamp: goldenTime}}
	}
	payload := Header{Content: ContentPublisherID | ContentPayloadHeader, PublisherID: UInt16PublisherID(2234)}
	group := func(id PublisherID) Message {
		h := Header{Content: ContentPublisherID | ContentPayloadHeader | ContentGroupHeader | ContentWriterGroupID, PublisherID: id, WriterGroupID: 100}
		return Message{h, []DataSet{{Header: DataSetHeader{WriterID: goldenWriter}, Fields: plain}}}
	}
	class, _ := model.ParseGUID("72962B91-FA75-4AE6-8D28-B404DC7DAF63")
	return map[string]Message{
		"variant-pub16-group-payload": group(UInt16PublisherID(2234)),
		"variant-pub-byte":            group(BytePublisherID(42)),
		"variant-pub-uint32":          group(UInt32PublisherID(4000000000)),
		"variant-pub-uint64":          group(UInt64PublisherID(0x112210f47de98115)),
		"variant-pub-string":          group(StringPublisherID("gateway-7")),
		"datavalue-status-sourcets": {payload, []DataSet{
			{Header: DataSetHeader{WriterID: goldenWriter, Encoding: EncodingDataValue}, Fields: full},
		}},
		"all-headers": {
			Header{
				Content: ContentPublisherID | ContentGroupHeader | ContentWriterGroupID | ContentGroupVersion | ContentNetworkMessageNumber |
					ContentSequenceNumber | ContentPayloadHeader | ContentTimestamp | ContentPicoSeconds | ContentDataSetClassID,
				PublisherID: UInt16PublisherID(2234), DataSetClassID: class, WriterGroupID: 100, GroupVersion: 0x11223344,
				NetworkMessageNumber: 1, SequenceNumber: 4711, Timestamp: goldenTime, PicoSeconds: 1234,
			},
			[]DataSet{{Header: DataSetHeader{
				WriterID:       goldenWriter,
				Content:        DataSetSequenceNumber | DataSetStatus | DataSetMajorVersion | DataSetMinorVersion | DataSetTimestamp,
				SequenceNumber: 99, Timestamp: goldenTime, Version: model.ConfigurationVersion{Major: 7, Minor: 8},
			}, Fields: plain}},
		},
		"two-datasets": {payload, []DataSet{
			{Header: DataSetHeader{WriterID: goldenWriter}, Fields: plain},
			{Header: DataSetHeader{WriterID: goldenWriter + 1}, Fields: plain[:2]},
		}},
		"delta-variant": {payload, []DataSet{{Header: DataSetHeader{WriterID: goldenWriter, Kind: DeltaFrame}, Fields: []Field{plain[1], plain[4]}}}},
		"keepalive": {payload, []DataSet{
			{Header: DataSetHeader{WriterID: goldenWriter, Kind: KeepAlive, Content: DataSetSequenceNumber, SequenceNumber: 5}},
		}},
		"raw-keyframe": {payload, []DataSet{
			{Header: DataSetHeader{WriterID: goldenWriter, Encoding: EncodingRawData}, Fields: plain, Layout: goldenLayout(0)},
		}},
	}
}

// equalMessages compares what messages say, not how.
var equalMessages = cmp.Options{
	cmp.Comparer(func(a, b model.Variant) bool { return a.Equal(b) }),
	cmp.Comparer(func(a, b PublisherID) bool { return a == b }),
	cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }),
	cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "DataSets.Layout" }, cmp.Ignore()),
	cmp.Transformer("fields", func(f []Field) map[int]Field { // nil and empty are the same
		m := make(map[int]Field)
		for i := range f {
			m[i] = f[i]
		}
		return m
	}),
	cmp.Transformer("promoted", func(v []model.Variant) map[int]model.Variant {
		m := make(map[int]model.Variant)
		for i := range v {
			m[i] = v[i]
		}
		return m
	}),
}

func TestGoldenFrames(t *testing.T) {
	frames, messages := goldenFrames(t), goldenMessages()
	if len(frames) != 11 || len(messages) != len(frames) {
		t.Fatalf("%d frames and %d messages; want 11", len(frames), len(messages))
	}
	for name, frame := range frames {
		t.Run(name, func(t *testing.T) {
			want := messages[name]
			encoded, err := want.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(encoded, frame) {
				t.Errorf("encoded as\n%x, want\n%x", encoded, frame)
			}
			got, err := ParseMessage(frame, goldenLayout)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&want, got, equalMessages); diff != "" {
				t.Errorf("decoded otherwise (-want +got):\n%s", diff)
			}
		})
	}
}

// TestEveryPrefixOfAGoldenFrameIsAnError: no frame that was cut short passes for a whole one.
func TestEveryPrefixOfAGoldenFrameIsAnError(t *testing.T) {
	for name, frame := range goldenFrames(t) {
		for n := range frame {
			if _, err := ParseMessage(frame[:n], goldenLayout); err == nil {
				t.Errorf("%s: the first %d of %d bytes decode", name, n, len(frame))
			}
		}
	}
}
