package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

func TestMain(m *testing.M) {
	ua.MaxVariantArrayLength = 1 << 20
	m.Run()
}

func le[N int | model.StatusCode](n N) []byte {
	return binary.LittleEndian.AppendUint32(nil, uint32(n))
}

// What a server sends that is well-formed goes through.
func TestDecode(t *testing.T) {
	header := &ua.ResponseHeader{
		Timestamp: time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC), ServiceDiagnostics: &ua.DiagnosticInfo{EncodingMask: 0x51, SymbolicID: 3, AdditionalInfo: "x", InnerDiagnosticInfo: &ua.DiagnosticInfo{}},
		StringTable: []string{"a", ""}, AdditionalHeader: ua.NewExtensionObject(nil),
	}
	structure := ua.NewExtensionObject(&ua.Argument{
		Name: "in", DataType: ua.NewStringNodeID(2, "T"), ArrayDimensions: []uint32{2}, Description: ua.NewLocalizedTextWithLocale("text", "en"),
	})
	big := make([]float64, 70_000)
	for _, want := range []any{
		&ua.ReadResponse{ResponseHeader: header, DiagnosticInfos: []*ua.DiagnosticInfo{}, Results: []*ua.DataValue{
			{EncodingMask: 0x3F, Value: ua.MustVariant(big), SourceTimestamp: time.Unix(1, 0).UTC(), ServerTimestamp: time.Unix(2, 0).UTC()},
			{EncodingMask: 1, Value: ua.MustVariant([][]string{{"a", "b"}, {"c", "d"}})},
			{EncodingMask: 1, Value: ua.MustVariant([]*ua.ExtensionObject{structure, structure})},
			{EncodingMask: 1, Value: ua.MustVariant([]*ua.Variant{ua.MustVariant(int8(1)), ua.MustVariant(ua.NewGUIDNodeID(1, "72962B91-FA75-4AE6-8D28-B404DC7DAF63"))})},
			{EncodingMask: 1, Value: ua.MustVariant([]byte("bytes"))},
			{EncodingMask: 1, Value: ua.MustVariant(&ua.QualifiedName{NamespaceIndex: 1, Name: "q"})},
		}},
		&ua.BrowseResponse{ResponseHeader: header, DiagnosticInfos: []*ua.DiagnosticInfo{}, Results: []*ua.BrowseResult{{References: []*ua.ReferenceDescription{{
			ReferenceTypeID: ua.NewNumericNodeID(0, 100_000), NodeID: ua.NewExpandedNodeID(ua.NewByteStringNodeID(1, []byte{1}), "urn:a", 2),
			BrowseName: &ua.QualifiedName{}, DisplayName: ua.NewLocalizedText("d"), TypeDefinition: ua.NewTwoByteExpandedNodeID(3),
		}}}}},
	} {
		b, err := ua.Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got := reflect.New(reflect.TypeOf(want).Elem()).Interface()
		if err := Decode(b, got); err != nil {
			t.Errorf("%T: %v", want, err)
			continue
		}
		again, err := ua.Encode(got)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("%T came as %+v, %v", want, got, err)
		}
		for n := range min(len(b), 300) {
			if err := Decode(b[:n], reflect.New(reflect.TypeOf(want).Elem()).Interface()); !errors.Is(err, model.StatusBadDecodingError) {
				t.Errorf("%T cut to %d bytes: %v", want, n, err)
			}
		}
	}
}

// hostile are Variants of which each would end the process if gopcua decoded it, or take its memory.
func hostile() map[string][]byte {
	return map[string][]byte{
		"array of length -2":          slices.Concat([]byte{0x8B}, le(-2)),
		"array of length MinInt32":    slices.Concat([]byte{0x8B}, le(math.MinInt32)),
		"nested Variants":             bytes.Repeat([]byte{24}, 2<<20),
		"nested arrays of Variant":    bytes.Repeat(slices.Concat([]byte{0x98}, le(1)), 200_000),
		"nested DataValues":           bytes.Repeat([]byte{23, 1}, 1<<20),
		"nested DiagnosticInfos":      slices.Concat([]byte{25}, bytes.Repeat([]byte{0x40}, 2<<20)),
		"200 million dimensions":      slices.Concat([]byte{0xC3}, le(1), []byte{7}, le(200_000_000)),
		"1 million dimensions":        slices.Concat([]byte{0xC3}, le(1), []byte{7}, le(1_000_000), bytes.Repeat(le(1), 1_000_000)),
		"dimensions that overflow":    slices.Concat([]byte{0xC3}, le(0), le(2), le(1<<16), le(1<<16)),
		"a negative dimension":        slices.Concat([]byte{0xC3}, le(1), []byte{7}, le(2), le(-1), le(-1)),
		"array of 2^31-1 elements":    slices.Concat([]byte{0x8C}, le(math.MaxInt32)),
		"string of 2^31-1 bytes":      slices.Concat([]byte{12}, le(math.MaxInt32)),
		"string of length -2":         slices.Concat([]byte{12}, le(-2)),
		"millions of null DataValues": slices.Concat([]byte{0x98}, le(12), bytes.Repeat(slices.Concat([]byte{0x97}, le(1<<20), make([]byte, 1<<20)), 12)),
		"a structure with a hostile array": slices.Concat([]byte{22, 1, 0}, binary.LittleEndian.AppendUint16(nil, 298), []byte{1}, le(19),
			le(-1), []byte{0, 0}, le(-1), le(-2), []byte{0, 0, 0, 0, 0}),
	}
}

func TestDecodeHostile(t *testing.T) {
	for name, b := range hostile() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := Decode(b, &ua.Variant{})
		runtime.ReadMemStats(&after)
		if !errors.Is(err, model.StatusBadDecodingError) && !errors.Is(err, model.StatusBadResponseTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > maxMemory {
			t.Errorf("%s: %d MiB were allocated", name, n>>20)
		}
	}
}

func TestReadHeader(t *testing.T) {
	body := slices.Concat([]byte{1, 0, 0x8D, 1}, make([]byte, 8), le(7), le(model.StatusBadTimeout), []byte{0}, le(-1), []byte{0, 0, 0})
	var r uadp.Binary
	r.Reset(body, nil)
	if h, err := ReadHeader(&r); err != nil || h != (Header{ServiceFault, model.StatusBadTimeout}) || r.Left() != 0 {
		t.Errorf("header %+v, %v", h, err)
	}
	for n := range body {
		r.Reset(body[:n], nil)
		if _, err := ReadHeader(&r); err == nil {
			t.Errorf("a header of %d bytes", n)
		}
	}
}

// Nothing that the guard lets through ends the process.
func FuzzDecode(f *testing.F) {
	types := []reflect.Type{
		reflect.TypeFor[ua.ReadResponse](), reflect.TypeFor[ua.BrowseResponse](), reflect.TypeFor[ua.CreateSessionResponse](), reflect.TypeFor[ua.CallResponse](),
		reflect.TypeFor[ua.GetEndpointsResponse](), reflect.TypeFor[ua.CreateMonitoredItemsResponse](), reflect.TypeFor[ua.HistoryReadResponse](), reflect.TypeFor[ua.Variant](),
		reflect.TypeFor[ua.TranslateBrowsePathsToNodeIDsResponse](), reflect.TypeFor[ua.ActivateSessionResponse](), reflect.TypeFor[ua.TransferSubscriptionsResponse](),
	}
	for _, b := range hostile() {
		if len(b) < 1000 {
			f.Add(uint8(7), b)
		}
	}
	for i := range types {
		f.Add(uint8(i), slices.Concat(make([]byte, 16), []byte{0}, le(0), []byte{0, 0, 0}, le(1), make([]byte, 40)))
	}
	f.Fuzz(func(t *testing.T, which uint8, b []byte) {
		_ = Decode(b, reflect.New(types[int(which)%len(types)]).Interface())
	})
}
