package opcua

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// rawLife runs a Source at a raw server and ends it when ok is true.
func rawLife(t *testing.T, c Config, ok func(*Source) bool, what string) {
	t.Helper()
	source, err := New(c, zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- source.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	source.Configure([]model.DataSetWriter{rawWriter("w")})
	eventually(t, 20*time.Second, func() bool { return ok(source) }, func() string { return fmt.Sprintf("%s: %+v, %+v", what, source.Status(), source.Writers()) })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	done <- nil
}

// A server that does not hand subscriptions over gets new ones, and the time between is told as a gap.
func TestTakeOverRefused(t *testing.T) {
	for _, status := range []ua.StatusCode{ua.StatusBadUserAccessDenied, ua.StatusBadSubscriptionIDInvalid, ua.StatusBadServiceUnsupported} {
		t.Run(status.Error(), func(t *testing.T) {
			t.Parallel()
			var created, transfers atomic.Int64
			server := opcuatest.NewRaw(t, func(req ua.Request) []byte {
				switch req.(type) {
				case *ua.CreateSubscriptionRequest:
					created.Add(1)
				case *ua.TransferSubscriptionsRequest:
					transfers.Add(1)
					if status == ua.StatusBadServiceUnsupported {
						return nil // the whole service
					}
					return opcuatest.RawResponse(req, &ua.TransferSubscriptionsResponse{
						ResponseHeader: &ua.ResponseHeader{}, DiagnosticInfos: []*ua.DiagnosticInfo{},
						Results: []*ua.TransferResult{{StatusCode: status, AvailableSequenceNumbers: []uint32{}}},
					})
				}
				return nil
			})
			r, gaps := &recorder{}, &gapList{}
			c := config(server.Endpoint(), r)
			c.Memory, c.OnGap = newMapMemory(), gaps.add
			rawLife(t, c, func(*Source) bool { return r.least() >= 3 }, "values come")
			rawLife(t, c, func(*Source) bool {
				_, opens := r.last()
				return opens == 2 && r.least() >= 3 && len(gaps.all()) == 1
			}, "values come again, and a gap is told")
			if created.Load() != 2 || transfers.Load() != 1 {
				t.Errorf("%d subscriptions were created, %d transfers were asked for", created.Load(), transfers.Load())
			}
			if g := gaps.all()[0]; g.Cause != model.GapSubscriptionLost || g.WriterCount != 1 || !g.From.Before(g.To) || g.Server != "plant" {
				t.Errorf("gap %+v", g)
			}
		})
	}
}

// What the server says it has sent is asked for again, in order and once; what it does not have after all is a gap, and what was acknowledged is none.
func TestTakeOverRepublish(t *testing.T) {
	t.Parallel()
	memory := newMapMemory()
	var mu sync.Mutex
	asked := map[uint32]int{}
	message := func(number uint32) *ua.NotificationMessage {
		change := &ua.DataChangeNotification{DiagnosticInfos: []*ua.DiagnosticInfo{}}
		for _, it := range memory.record(t).Subscriptions[0].Items {
			change.MonitoredItems = append(change.MonitoredItems, &ua.MonitoredItemNotification{ClientHandle: it.Handle, Value: &ua.DataValue{
				EncodingMask: ua.DataValueValue | ua.DataValueSourceTimestamp, Value: ua.MustVariant(float64(1000 + number)), SourceTimestamp: time.Unix(int64(number), 0),
			}})
		}
		return &ua.NotificationMessage{SequenceNumber: number, PublishTime: time.Now(), NotificationData: []*ua.ExtensionObject{ua.NewExtensionObject(change)}}
	}
	var second atomic.Bool
	var published atomic.Uint32
	server := opcuatest.NewRaw(t, func(req ua.Request) []byte {
		if !second.Load() {
			return nil
		}
		switch q := req.(type) {
		case *ua.TransferSubscriptionsRequest:
			return opcuatest.RawResponse(req, &ua.TransferSubscriptionsResponse{
				ResponseHeader: &ua.ResponseHeader{}, DiagnosticInfos: []*ua.DiagnosticInfo{},
				Results: []*ua.TransferResult{{AvailableSequenceNumbers: []uint32{45, 41, 43}}}, // in no order, the others were acknowledged
			})
		case *ua.RepublishRequest:
			mu.Lock()
			asked[q.RetransmitSequenceNumber]++
			mu.Unlock()
			switch q.RetransmitSequenceNumber {
			case 41, 45, 47: // 47 was sent in this session, and is on its way through another publisher
				return opcuatest.RawResponse(req, &ua.RepublishResponse{ResponseHeader: &ua.ResponseHeader{}, NotificationMessage: message(q.RetransmitSequenceNumber)})
			}
			return opcuatest.RawResponse(req, &ua.ServiceFault{ResponseHeader: &ua.ResponseHeader{ServiceResult: ua.StatusBadMessageNotAvailable}})
		case *ua.PublishRequest:
			return opcuatest.RawResponse(req, &ua.PublishResponse{
				ResponseHeader: &ua.ResponseHeader{}, SubscriptionID: 1, AvailableSequenceNumbers: []uint32{}, Results: []ua.StatusCode{}, DiagnosticInfos: []*ua.DiagnosticInfo{},
				NotificationMessage: message(47 + published.Add(1)),
			})
		}
		return nil
	})
	r, gaps := &recorder{}, &gapList{}
	c := config(server.Endpoint(), r)
	c.Memory, c.OnGap, c.Publishes = memory, gaps.add, 1
	rawLife(t, c, func(*Source) bool { return r.least() >= 3 }, "values come")
	second.Store(true)
	rawLife(t, c, func(*Source) bool {
		_, opens := r.last()
		return opens == 2 && r.least() >= 6
	}, "values come again")
	var got []float64
	for _, v := range r.field(0)[:6] {
		got = append(got, v.Value.Float()-1000)
	}
	if fmt.Sprint(got) != "[41 45 47 48 49 50]" {
		t.Errorf("values of messages %v, want 41, 45, 47 and then each", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if fmt.Sprint(asked) != "map[41:1 43:1 45:1 46:1 47:1]" {
		t.Errorf("asked for again: %v", asked)
	}
	if list := gaps.all(); len(list) != 1 || list[0].Cause != model.GapNotAvailable || list[0].Messages != 1 {
		t.Errorf("gaps %+v, want one of message 43", list)
	}
}

// A subscription of the same id with other items is not ours.
func TestTakeOverOfOthers(t *testing.T) {
	t.Parallel()
	var created atomic.Int64
	var second atomic.Bool
	server := opcuatest.NewRaw(t, func(req ua.Request) []byte {
		if _, ok := req.(*ua.CreateSubscriptionRequest); ok {
			created.Add(1)
		}
		if !second.Load() {
			return nil
		}
		switch req.(type) {
		case *ua.TransferSubscriptionsRequest:
			return opcuatest.RawResponse(req, &ua.TransferSubscriptionsResponse{
				ResponseHeader: &ua.ResponseHeader{}, DiagnosticInfos: []*ua.DiagnosticInfo{}, Results: []*ua.TransferResult{{AvailableSequenceNumbers: []uint32{}}},
			})
		case *ua.CallRequest:
			return opcuatest.RawResponse(req, &ua.CallResponse{
				ResponseHeader: &ua.ResponseHeader{}, DiagnosticInfos: []*ua.DiagnosticInfo{}, Results: []*ua.CallMethodResult{{
					InputArgumentResults: []ua.StatusCode{}, InputArgumentDiagnosticInfos: []*ua.DiagnosticInfo{},
					OutputArguments: []*ua.Variant{ua.MustVariant([]uint32{901, 902}), ua.MustVariant([]uint32{801, 802})},
				}},
			})
		}
		return nil
	})
	r, gaps := &recorder{}, &gapList{}
	c := config(server.Endpoint(), r)
	c.Memory, c.OnGap = newMapMemory(), gaps.add
	rawLife(t, c, func(*Source) bool { return r.least() >= 3 }, "values come")
	second.Store(true)
	rawLife(t, c, func(*Source) bool {
		_, opens := r.last()
		return opens == 2 && r.least() >= 3 && len(gaps.all()) == 1
	}, "values come again, and a gap is told")
	if created.Load() != 2 {
		t.Errorf("%d subscriptions were created, want 2", created.Load())
	}
}
