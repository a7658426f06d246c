package opcua

import (
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// long tells whether the long forms of tests run.
func long() bool { return os.Getenv("SHOPFLOOR_LONG_TEST") != "" }

// backWithin is how soon after a server listens again its values come, with what a busy test machine takes.
const backWithin = 5 * time.Second

func TestChaos(t *testing.T) {
	for _, c := range []struct {
		name string
		test func(*testing.T)
	}{
		{"Restarts", testRestarts},
		{"Suspended", testSuspended},
		{"Delayed", testDelayed},
		{"CutWithinMessage", testCutWithinMessage},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}

// A server that is killed and comes back is found again soon, each time, and its values never come twice or out of order.
func testRestarts(t *testing.T) {
	n := 2
	if long() {
		n = 50
	}
	p := startPlant(t, opcuatest.Options{Continuing: true}, 20, nil)
	var worst time.Duration
	for range n {
		p.server.Kill()
		before := len(p.r.field(0))
		p.server.Restart()
		listens := time.Now()
		eventually(t, 4*backWithin, func() bool { return len(p.r.field(0)) > before }, func() string { return fmt.Sprintf("values after a restart: %+v", p.source.Status()) })
		worst = max(worst, time.Since(listens))
	}
	t.Logf("values came at the latest %v after the server listened", worst)
	if long() && worst > backWithin {
		t.Errorf("values came %v after the server listened, want %v", worst, backWithin)
	}
	if _, twice := p.r.audit(t); twice != 0 {
		t.Errorf("%d values came twice", twice)
	}
}

// A server that hangs and goes on has lost nothing: its counters stood still.
func testSuspended(t *testing.T) {
	pause := 6 * time.Second
	if long() {
		pause = time.Minute
	}
	p := startPlant(t, opcuatest.Options{}, 20, nil)
	p.server.Suspend()
	eventually(t, pause, func() bool { return p.source.Status().State == model.StateReconnecting }, func() string { return fmt.Sprintf("the silence is noticed: %+v", p.source.Status()) })
	time.Sleep(pause - 5*time.Second) // the hang itself
	p.server.Resume()
	p.flows(20 * time.Second)
	if long() { // the session has timed out meanwhile
		if _, twice := p.r.audit(t); twice != 0 {
			t.Errorf("%d values came twice", twice)
		}
		return
	}
	p.nothingLost()
}

func testDelayed(t *testing.T) {
	p := startPlant(t, opcuatest.Options{}, 20, nil)
	p.proxy.Delay(400 * time.Millisecond)
	for range 3 {
		p.flows(10 * time.Second)
	}
	p.proxy.Delay(0)
	p.flows(10 * time.Second)
	p.nothingLost()
	if st := p.source.Status(); st.Reconnects != 0 {
		t.Errorf("status %+v", st)
	}
}

func testCutWithinMessage(t *testing.T) {
	p := startPlant(t, opcuatest.Options{}, 20, nil)
	for i := range 4 {
		p.proxy.CutAfter(1000 + 137*i)
		want := p.source.Status().Reconnects + 1
		eventually(t, 10*time.Second, func() bool { return p.source.Status().Reconnects >= want }, func() string { return fmt.Sprintf("reconnect: %+v", p.source.Status()) })
		p.flows(10 * time.Second)
	}
	p.nothingLost()
}

// What the server deletes is made anew.
func TestDeletedByServer(t *testing.T) {
	for _, c := range []struct {
		name       string
		answer     func(req ua.Request) ua.Response
		reconnects uint64
	}{
		{"subscription, with a word", func(ua.Request) ua.Response {
			return &ua.PublishResponse{
				ResponseHeader: &ua.ResponseHeader{}, SubscriptionID: 1, AvailableSequenceNumbers: []uint32{}, Results: []ua.StatusCode{}, DiagnosticInfos: []*ua.DiagnosticInfo{},
				NotificationMessage: &ua.NotificationMessage{SequenceNumber: 21, NotificationData: []*ua.ExtensionObject{
					ua.NewExtensionObject(&ua.StatusChangeNotification{Status: ua.StatusBadTimeout, DiagnosticInfo: &ua.DiagnosticInfo{}}),
				}},
			}
		}, 0},
		{"subscription, without a word", func(ua.Request) ua.Response {
			return &ua.ServiceFault{ResponseHeader: &ua.ResponseHeader{ServiceResult: ua.StatusBadNoSubscription}}
		}, 0},
		{"session", func(ua.Request) ua.Response {
			return &ua.ServiceFault{ResponseHeader: &ua.ResponseHeader{ServiceResult: ua.StatusBadSessionIDInvalid}}
		}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var published, created atomic.Int64
			server := opcuatest.NewRaw(t, func(req ua.Request) []byte {
				switch req.(type) {
				case *ua.CreateSubscriptionRequest:
					created.Add(1)
				case *ua.PublishRequest:
					if published.Add(1) == 21 {
						return opcuatest.RawResponse(req, c.answer(req))
					}
				}
				return nil
			})
			r := &recorder{}
			source := run(t, config(server.Endpoint(), r), rawWriter("w"))
			eventually(t, 20*time.Second, func() bool { return created.Load() >= 2 }, func() string { return fmt.Sprintf("the subscription is made anew: %+v", source.Status()) })
			before := r.least()
			eventually(t, 20*time.Second, func() bool { return r.least() > before+3 }, func() string { return fmt.Sprintf("values go on: %+v", source.Status()) })
			if st := source.Status(); st.Reconnects != c.reconnects {
				t.Errorf("status %+v", st)
			}
		})
	}
}

// One server that is slow and one that refuses its user are no business of the others.
func TestOneBadServerAmongTen(t *testing.T) {
	t.Parallel()
	slow := opcuatest.NewRaw(t, func(ua.Request) []byte { time.Sleep(2 * time.Second); return nil })
	refusing := opcuatest.NewRaw(t, func(req ua.Request) []byte {
		if _, ok := req.(*ua.ActivateSessionRequest); ok {
			return opcuatest.RawResponse(req, &ua.ServiceFault{ResponseHeader: &ua.ResponseHeader{ServiceResult: ua.StatusBadIdentityTokenRejected}})
		}
		return nil
	})
	run(t, config(slow.Endpoint(), &recorder{}), rawWriter("w"))
	refused := run(t, config(refusing.Endpoint(), &recorder{}), rawWriter("w"))
	var sources []*Source
	var records []*recorder
	for range 8 {
		r := &recorder{}
		sources, records = append(sources, run(t, config(opcuatest.NewRaw(t, nil).Endpoint(), r), rawWriter("w"))), append(records, r)
	}
	for i, r := range records {
		eventually(t, 20*time.Second, func() bool { return r.least() >= 20 }, func() string { return fmt.Sprintf("values of server %d: %+v", i, sources[i].Status()) })
		if missing, twice := r.audit(t); missing != 0 || twice != 0 || sources[i].Status().Reconnects != 0 {
			t.Errorf("server %d: %d values are missing, %d came twice, %+v", i, missing, twice, sources[i].Status())
		}
	}
	eventually(t, 20*time.Second, func() bool { return refused.Status().State == model.StateRefused && refused.Status().Error != "" }, func() string { return fmt.Sprintf("the refusal is shown: %+v", refused.Status()) })
}

// A node that is not there is shown with its status, and 10,000 others are monitored.
func TestOneBadNodeAmongMany(t *testing.T) {
	t.Parallel()
	const n = 10_000
	endpoint := manyNodes(t, n, n+1)
	w := model.DataSetWriter{Gateway: "gw", Group: "group", Name: "w", Server: "plant", GroupID: 1, WriterID: 1, PublishingInterval: time.Second}
	for i := range n + 1 {
		w.Fields = append(w.Fields, model.PublishedField{Name: fmt.Sprint(i), NodeID: model.ExpandedNodeID{NodeID: model.NumericID(0, uint32(i+1)), NamespaceURI: "urn:many"}})
	}
	r := &recorder{}
	source := run(t, config(endpoint, r), w)
	eventually(t, 30*time.Second, func() bool { st := source.Status(); return st.MonitoredItems == n && st.BadItems == 1 }, func() string { return fmt.Sprintf("all but one are monitored: %+v", source.Status()) })
	if st := source.Writers()[0]; st.Active != n || st.BadCount != 1 || len(st.Bad) != 1 || st.Bad[0].Status != model.StatusBadNodeIdUnknown || st.Bad[0].Field != fmt.Sprint(n) {
		t.Errorf("writer %.500s", fmt.Sprint(st))
	}
	eventually(t, 20*time.Second, func() bool { return len(r.field(0)) > 0 && len(r.field(n-1)) > 0 }, func() string { return "the others have values" })
}
