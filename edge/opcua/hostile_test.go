package opcua

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

func int32Bytes(n int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }

// hostileVariants end the process of a client that decodes them with gopcua.
func hostileVariants() map[string][]byte {
	return map[string][]byte{
		"array of length -2":        slices.Concat([]byte{0x8B}, int32Bytes(-2)),
		"2 million nested Variants": bytes.Repeat([]byte{24}, 2<<20),
		"200 million dimensions":    slices.Concat([]byte{0xC3}, int32Bytes(1), []byte{7}, int32Bytes(200_000_000)),
		"nested DiagnosticInfos":    slices.Concat([]byte{25}, bytes.Repeat([]byte{0x40}, 2<<20)),
		"array of 2^31-1 elements":  slices.Concat([]byte{0x8C}, int32Bytes(math.MaxInt32)),
	}
}

// oddVariants are well-formed and refused or come wrong from gopcua.
func oddVariants() map[string]model.Variant {
	return map[string]model.Variant{
		"70,000 elements":        model.ArrayValue(make([]float64, 70_000)),
		"matrix of 0 x 3":        model.ArrayValue([]float64{}, 0, 3),
		"the year 9999":          model.DateTimeValue(model.DateTimeOf(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC))),
		"a structure of its own": model.ExtensionObjectValue(&model.ExtensionObject{TypeID: rawID(77), Encoding: model.ExtensionBinary, Body: []byte{1, 2, 3}}),
	}
}

func oddBytes(name string) []byte {
	switch name {
	case "70,000 elements":
		return slices.Concat([]byte{0x8B}, int32Bytes(70_000), make([]byte, 8*70_000))
	case "matrix of 0 x 3":
		return slices.Concat([]byte{0xCB}, int32Bytes(0), int32Bytes(2), int32Bytes(0), int32Bytes(3))
	case "the year 9999":
		return append([]byte{13}, binary.LittleEndian.AppendUint64(nil, uint64(model.DateTimeOf(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC))))...)
	}
	return slices.Concat([]byte{22, 1, 1, 77, 0, 1}, int32Bytes(3), []byte{1, 2, 3})
}

func rawID(n uint32) model.ExpandedNodeID {
	return model.ExpandedNodeID{NodeID: model.NumericID(0, n), NamespaceURI: "urn:raw"}
}

func rawWriter(name string) model.DataSetWriter {
	return model.DataSetWriter{
		Gateway: "gw", Group: "group", Name: name, Server: "plant", GroupID: 1, WriterID: 1, PublishingInterval: 50 * time.Millisecond,
		Fields: []model.PublishedField{{Name: "x", NodeID: rawID(1)}},
	}
}

// hostileServer sends bytes as the value of the only monitored item, and of every node of namespace 1 that is read.
type hostileServer struct {
	variant []byte
	number  atomic.Uint32
	handle  atomic.Uint32
}

func (h *hostileServer) answer(req ua.Request) []byte {
	switch r := req.(type) {
	case *ua.CreateMonitoredItemsRequest:
		h.handle.Store(r.ItemsToCreate[0].RequestedParameters.ClientHandle)
	case *ua.PublishRequest:
		number := h.number.Add(1)
		body := opcuatest.RawResponse(req, &ua.PublishResponse{
			ResponseHeader: &ua.ResponseHeader{}, SubscriptionID: 1, AvailableSequenceNumbers: []uint32{}, NotificationMessage: &ua.NotificationMessage{
				SequenceNumber: number, NotificationData: []*ua.ExtensionObject{},
			}, Results: []ua.StatusCode{}, DiagnosticInfos: []*ua.DiagnosticInfo{},
		})
		body = body[:len(body)-12] // without NotificationData, Results and DiagnosticInfos
		// The source timestamp makes each value another one.
		change := slices.Concat(int32Bytes(1), int32Bytes(int(h.handle.Load())), []byte{5}, h.variant, binary.LittleEndian.AppendUint64(nil, uint64(number)), int32Bytes(0))
		return slices.Concat(body, int32Bytes(1), []byte{1, 0, 0x2B, 3, 1}, int32Bytes(len(change)), change, int32Bytes(0), int32Bytes(0))
	case *ua.ReadRequest:
		if r.NodesToRead[0].NodeID.Namespace() == 0 || r.NodesToRead[0].AttributeID != ua.AttributeIDValue {
			return nil
		}
		body := opcuatest.RawResponse(req, &ua.ReadResponse{ResponseHeader: &ua.ResponseHeader{}, Results: []*ua.DataValue{}, DiagnosticInfos: []*ua.DiagnosticInfo{}})
		return slices.Concat(body[:len(body)-8], int32Bytes(1), []byte{1}, h.variant, int32Bytes(0))
	}
	return nil
}

// A server that sends what no client should decode harms its own values only.
func TestHostileServer(t *testing.T) {
	good := &recorder{}
	goodServer := opcuatest.NewRaw(t, nil)
	quiet := run(t, config(goodServer.Endpoint(), good), rawWriter("good"))
	eventually(t, 20*time.Second, func() bool { return good.least() > 0 }, func() string { return fmt.Sprintf("values of the good server: %+v", quiet.Status()) })

	for name, variant := range hostileVariants() {
		t.Run(name, func(t *testing.T) {
			h := &hostileServer{variant: variant}
			r := &recorder{}
			source := run(t, config(opcuatest.NewRaw(t, h.answer).Endpoint(), r), rawWriter("w"))
			eventually(t, 20*time.Second, func() bool { return source.Status().LostNotifications >= 2 }, func() string { return fmt.Sprintf("lost values are counted: %+v", source.Status()) })
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			results, err := source.Read(ctx, []model.ReadValueID{{NodeID: rawID(1)}})
			if err != nil || results[0].Status != model.StatusBadDecodingError {
				t.Errorf("read: %+v, %v", results, err)
			}
			if st := source.Status(); st.Reconnects != 0 {
				t.Errorf("status %+v", st)
			}
		})
	}
	before := good.least()
	eventually(t, 20*time.Second, func() bool { return good.least() > before+3 }, func() string { return "the good server's values go on" })
	if missing, twice := good.audit(t); missing != 0 || twice != 0 || quiet.Status().Reconnects != 0 {
		t.Errorf("%d values of the good server are missing, %d came twice: %+v", missing, twice, quiet.Status())
	}
}

func TestOddValues(t *testing.T) {
	for name, want := range oddVariants() {
		t.Run(name, func(t *testing.T) {
			h := &hostileServer{variant: oddBytes(name)}
			r := &recorder{}
			source := run(t, config(opcuatest.NewRaw(t, h.answer).Endpoint(), r), rawWriter("w"))
			eventually(t, 20*time.Second, func() bool { return r.least() > 1 }, func() string { return fmt.Sprintf("values: %+v", source.Status()) })
			if got := r.field(0)[0]; !got.Value.Equal(want) || got.Status != 0 {
				t.Errorf("notified %.100s %v", got.Value, got.Status)
			}
			results, err := source.Read(t.Context(), []model.ReadValueID{{NodeID: rawID(1)}})
			if err != nil || !results[0].Value.Equal(want) {
				t.Errorf("read %.100s, %v", fmt.Sprint(results), err)
			}
			if st := source.Status(); st.LostNotifications != 0 {
				t.Errorf("status %+v", st)
			}
		})
	}
}
