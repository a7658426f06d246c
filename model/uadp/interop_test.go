//go:build unix

package uadp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const peerFolder = "testdata/peer"

// installPeer installs the npm packages of the peer as its package-lock.json says: 102 packages, 23 MB, some 10 s, once.
func installPeer(t *testing.T) {
	t.Helper()
	lock, err := os.Open(filepath.Join(peerFolder, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil { // tests of another process may install too
		t.Fatal(err)
	}
	want, err := os.ReadFile(lock.Name())
	if err != nil {
		t.Fatal(err)
	}
	installed := filepath.Join(peerFolder, "node_modules", ".installed-package-lock.json")
	if got, err := os.ReadFile(installed); err == nil && bytes.Equal(got, want) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = peerFolder
	npm.WaitDelay = time.Second
	if out, err := npm.CombinedOutput(); err != nil {
		t.Fatalf("npm ci in %s (is the npm registry reachable?): %v\n%s", peerFolder, err, out)
	}
	if err := os.WriteFile(installed, want, 0o644); err != nil {
		t.Fatal(err)
	}
}

// peerDecode has another decoder, npm's node-opcua-pubsub-common, decode the frames.
func peerDecode(t *testing.T, frames [][]byte) []peerMessage {
	t.Helper()
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s: install Node.js 20 or newer with npm", tool)
		}
	}
	installPeer(t)
	var in, stderr bytes.Buffer
	for _, f := range frames {
		in.WriteString(hex.EncodeToString(f) + "\n")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	node := exec.CommandContext(ctx, "node", "decode.js")
	node.Dir, node.Stdin, node.Stderr, node.WaitDelay = peerFolder, &in, &stderr, time.Second
	out, err := node.Output()
	if err != nil {
		t.Fatalf("node decode.js: %v\n%s", err, &stderr)
	}
	var messages []peerMessage
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var m peerMessage
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatalf("%s: %v", lines.Bytes(), err)
		}
		messages = append(messages, m)
	}
	if len(messages) != len(frames) {
		t.Fatalf("%d answers to %d frames\n%s", len(messages), len(frames), &stderr)
	}
	return messages
}

// peerMessage is what the peer answers, with values in the plain forms of decode.js.
type peerMessage struct {
	Error     string         `json:"error"`
	Publisher *peerPublisher `json:"publisher"`
	Class     string         `json:"class"`
	Group     *peerGroup     `json:"group"`
	Timestamp any            `json:"timestamp"`
	Writers   []uint16       `json:"writers"`
	DataSets  []peerDataSet  `json:"dataSets"`
	Left      int            `json:"left"`
}

type peerPublisher struct {
	Type model.BuiltInType `json:"type"`
	ID   any               `json:"id"`
}

type peerGroup struct {
	Flags    uint8  `json:"groupFlags"`
	WriterID uint16 `json:"writerGroupId"`
	Version  uint32 `json:"groupVersion"`
	Number   uint16 `json:"networkMessageNumber"`
	Sequence uint16 `json:"sequenceNumber"`
}

type peerDataSet struct {
	Valid     bool               `json:"valid"`
	Kind      DataSetMessageKind `json:"kind"`
	Encoding  FieldEncoding      `json:"encoding"`
	Sequence  int                `json:"sequence"`
	Version   [2]uint32          `json:"version"`
	Timestamp any                `json:"timestamp"`
	Status    uint32             `json:"status"`
	Fields    []any              `json:"fields"`
}

// peerTime is a time in milliseconds since 1970 as JSON has it; the peer takes a missing one in a NetworkMessage's header for 1601.
func peerTime(t model.DateTime) any {
	return float64(t)/10000 - 11644473600000
}

func optionalTime(t model.DateTime) any {
	if t == 0 {
		return nil
	}
	return peerTime(t)
}

// peerForm is what the peer should make of m.
func peerForm(m *Message) peerMessage {
	h := &m.Header
	p := peerMessage{Timestamp: peerTime(h.Timestamp)}
	if h.Content.Has(ContentPublisherID) {
		p.Publisher = publisherForm(h.PublisherID)
	}
	if h.Content.Has(ContentDataSetClassID) {
		p.Class = h.DataSetClassID.String()
	}
	if h.Content.Has(ContentGroupHeader) {
		p.Group = &peerGroup{0, h.WriterGroupID, h.GroupVersion, h.NetworkMessageNumber, h.SequenceNumber}
		for i, bit := range []NetworkMessageContentMask{ContentWriterGroupID, ContentGroupVersion, ContentNetworkMessageNumber, ContentSequenceNumber} {
			if h.Content.Has(bit) {
				p.Group.Flags |= 1 << i
			}
		}
	}
	for i := range m.DataSets {
		p.Writers = append(p.Writers, m.DataSets[i].Header.WriterID)
		p.DataSets = append(p.DataSets, dataSetForm(&m.DataSets[i]))
	}
	return p
}

func publisherForm(id PublisherID) *peerPublisher {
	switch id.Type() {
	case PublisherIDByte:
		return &peerPublisher{model.TypeByte, float64(id.Number())}
	case PublisherIDUInt16:
		return &peerPublisher{model.TypeUInt16, float64(id.Number())}
	case PublisherIDUInt32:
		return &peerPublisher{model.TypeUInt32, float64(id.Number())}
	case PublisherIDUInt64:
		return &peerPublisher{model.TypeUInt64, strconv.FormatUint(id.Number(), 10)}
	}
	return &peerPublisher{model.TypeString, id.Text()}
}

func dataSetForm(s *DataSet) peerDataSet {
	h := &s.Header
	p := peerDataSet{
		Valid: true, Kind: h.Kind, Encoding: h.Encoding, Sequence: -1, Version: [2]uint32{h.Version.Major, h.Version.Minor},
		Timestamp: optionalTime(h.Timestamp), Status: uint32(h.Status),
	}
	if h.Content.Has(DataSetSequenceNumber) {
		p.Sequence = int(h.SequenceNumber)
	}
	if !peerReadsFields(h.Kind, h.Encoding) {
		return p
	}
	for i := range s.Fields {
		at := i
		if h.Kind == DeltaFrame {
			at = int(s.Fields[i].Index)
		}
		for len(p.Fields) <= at {
			p.Fields = append(p.Fields, nil)
		}
		v := s.Fields[i].Value
		if h.Encoding == EncodingVariant {
			v = model.DataValue{Value: v.Value}
		}
		p.Fields[at] = dataValueForm(v)
	}
	return p
}

// peerReadsFields: it knows no metadata, and of events only the header.
func peerReadsFields(kind DataSetMessageKind, enc FieldEncoding) bool {
	return enc != EncodingRawData && kind != Event
}

func dataValueForm(v model.DataValue) map[string]any {
	form := variantForm(v.Value)
	form["status"], form["source"], form["server"] = float64(v.Status), optionalTime(v.SourceTimestamp), optionalTime(v.ServerTimestamp)
	return form
}

func variantForm(v model.Variant) map[string]any {
	form := map[string]any{"type": float64(v.Type()), "value": nil, "dimensions": nil}
	if !v.IsArray() {
		form["value"] = scalarForm(v)
		return form
	}
	list := []any{}
	for i := range v.Len() {
		list = append(list, scalarForm(v.Element(i)))
	}
	form["value"] = list
	if dims := v.Dimensions(); dims != nil {
		var d []any
		for _, n := range dims {
			d = append(d, float64(n))
		}
		form["dimensions"] = d
	}
	return form
}

func scalarForm(v model.Variant) any {
	if v.IsNull() {
		return nil
	}
	switch t := v.Type(); t {
	case model.TypeBoolean:
		return v.Bool()
	case model.TypeInt64:
		return strconv.FormatInt(v.Int(), 10)
	case model.TypeUInt64:
		return strconv.FormatUint(v.Uint(), 10)
	case model.TypeString, model.TypeXMLElement:
		return v.Text()
	case model.TypeByteString:
		return hex.EncodeToString(v.Bytes())
	case model.TypeDateTime:
		return peerTime(v.DateTime())
	case model.TypeGUID:
		return v.GUID().String()
	case model.TypeNodeID:
		return "ns=" + strconv.Itoa(int(v.NodeID().Namespace())) + ";" + v.NodeID().WithNamespace(0).String()
	case model.TypeQualifiedName:
		q := v.QualifiedName()
		return strconv.Itoa(int(q.Namespace)) + ":" + q.Name
	case model.TypeLocalizedText:
		return v.LocalizedText().Locale + "|" + v.LocalizedText().Text
	}
	n, _ := v.Number()
	return n
}

// interopValues are values of the types and forms that the peer reads.
func interopValues() []model.Variant {
	node, guid := model.StringID(2, "Temp"), model.GUID{0x72, 0x96, 0x2b, 0x91}
	return []model.Variant{
		model.BooleanValue(true), model.SByteValue(-5), model.ByteValue(200), model.Int16Value(-300), model.UInt16Value(60000), model.Int32Value(-7),
		model.UInt32Value(4000000000), model.Int64Value(-1 << 60), model.UInt64Value(1<<63 + 5), model.FloatValue(1.5), model.DoubleValue(3.25),
		model.StringValue("heiß"), model.StringValue(""), model.DateTimeValue(goldenTime), model.GUIDValue(&guid), model.ByteStringValue([]byte{1, 2}),
		model.StatusCodeValue(0x80340000), model.NodeIDValue(&node), model.QualifiedNameValue(&model.QualifiedName{Namespace: 2, Name: "Temp"}),
		model.LocalizedTextValue(&model.LocalizedText{Locale: "de", Text: "heiß"}),
		model.ArrayValue([]float64{1.5, 2.5}), model.ArrayValue([]int32{}), model.ArrayValue([]string{"a", ""}), model.ArrayValue([]bool{true, false}),
		model.ArrayValue([]uint8{1, 2, 3, 4}, 2, 2), model.ArrayValue([]int64{-1, 2}), model.ArrayValue([]model.DateTime{goldenTime}),
	}
}

// interopMessages are frames of all kinds, encodings, publisher ids and headers.
func interopMessages() map[string]*Message {
	messages := map[string]*Message{}
	for name, m := range goldenMessages() {
		if name != "raw-keyframe" {
			messages["golden "+name] = &m
		}
	}
	fields := func(full bool) []Field {
		var f []Field
		for i, v := range interopValues() {
			if t := v.Type(); !full && (t == model.TypeStatusCode || t == model.TypeNodeID) {
				continue // the peer fails on these outside of a DataValue: it looks for classes of another copy of its packages
			}
			d := model.DataValue{Value: v}
			if full {
				d.Status, d.SourceTimestamp = []model.StatusCode{0, 0x40000000, 0x80340000}[i%3], goldenTime+model.DateTime(i)*10000
				if i%2 == 0 {
					d.ServerTimestamp = goldenTime
				}
			}
			f = append(f, Field{uint16(i * 2), d})
		}
		return f
	}
	payload := Header{Content: ContentPublisherID | ContentPayloadHeader, PublisherID: UInt16PublisherID(2234)}
	content := DataSetSequenceNumber | DataSetMajorVersion | DataSetMinorVersion | DataSetTimestamp | DataSetStatus
	for kind := KeyFrame; kind <= KeepAlive; kind++ {
		for _, enc := range benchEncodings {
			set := DataSet{Header: DataSetHeader{
				WriterID: 9, Kind: kind, Encoding: enc, Content: content, SequenceNumber: 77, Timestamp: goldenTime, Status: 0x80340000,
				Version: model.ConfigurationVersion{Major: 7, Minor: 8},
			}}
			if kind != KeepAlive {
				set.Fields = fields(enc == EncodingDataValue)
			}
			if enc != EncodingRawData || kind == KeyFrame {
				messages[kind.String()+" in "+enc.String()] = &Message{payload, []DataSet{set}}
			}
		}
	}
	for _, bit := range []NetworkMessageContentMask{0, ContentWriterGroupID, ContentGroupVersion, ContentNetworkMessageNumber, ContentSequenceNumber} {
		h := payload
		h.Content |= ContentGroupHeader | bit
		effectiveGroup(&h)
		messages["group header "+strconv.Itoa(int(bit))] = &Message{h, []DataSet{{Fields: fields(false)[:3]}}}
	}
	return messages
}

func effectiveGroup(h *Header) {
	full := Header{Content: h.Content, PublisherID: h.PublisherID, WriterGroupID: 1, GroupVersion: 2, NetworkMessageNumber: 3, SequenceNumber: 4}
	*h = effective(full)
}

// TestAnotherDecoderReadsOurFrames: node-opcua-pubsub-common makes of our frames what we meant.
func TestAnotherDecoderReadsOurFrames(t *testing.T) {
	messages := interopMessages()
	var names []string
	var frames [][]byte
	for name, m := range messages {
		frame, err := m.Append(nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		names, frames = append(names, name), append(frames, frame)
	}
	for i, got := range peerDecode(t, frames) {
		want := peerForm(messages[names[i]])
		for j := range got.DataSets {
			if d := got.DataSets[j]; !peerReadsFields(d.Kind, d.Encoding) {
				got.Left = 0
			}
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %x (-want +got):\n%s", names[i], frames[i], diff)
		}
	}
}
