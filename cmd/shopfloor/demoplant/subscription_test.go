package demoplant

import (
	"context"
	"testing"
	"time"

	"github.com/gopcua/opcua"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

// subscribe monitors nodes with client handles counting from 1.
func subscribe(t *testing.T, c *opcua.Client, interval time.Duration, names ...string) (*opcuatest.Subscription, []*ua.MonitoredItemCreateResult) {
	t.Helper()
	sub := opcuatest.Subscribe(t, c, interval)
	var items []*ua.MonitoredItemCreateRequest
	for i, n := range names {
		items = append(items, &ua.MonitoredItemCreateRequest{
			ItemToMonitor:       &ua.ReadValueID{NodeID: node(n), AttributeID: ua.AttributeIDValue, DataEncoding: &ua.QualifiedName{}},
			MonitoringMode:      ua.MonitoringModeReporting,
			RequestedParameters: &ua.MonitoringParameters{ClientHandle: uint32(i + 1), SamplingInterval: 0, QueueSize: 10, DiscardOldest: true},
		})
	}
	return sub, sub.Monitor(t, items...)
}

// collect reads changes until done returns true for the values seen so far, by client handle.
func collect(t *testing.T, sub *opcuatest.Subscription, done func(seen map[uint32][]*ua.DataValue) bool) {
	t.Helper()
	seen := map[uint32][]*ua.DataValue{}
	timeout := time.After(30 * time.Second)
	for !done(seen) {
		select {
		case n := <-sub.Notifications():
			switch n := n.(type) {
			case error:
				t.Fatalf("publish: %v", n)
			case *ua.DataChangeNotification:
				for _, m := range n.MonitoredItems {
					seen[m.ClientHandle] = append(seen[m.ClientHandle], m.Value)
				}
			}
		case <-timeout:
			t.Fatalf("changes seen in 30 s: %d handles", len(seen))
		}
	}
}

func TestSubscribe(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	sub, results := subscribe(t, c, 100*time.Millisecond, "Boiler1.Temperature", "Boiler9.Nothing", "Boiler1.TemperatureSetPoint", "Boiler1")
	for i, want := range []ua.StatusCode{ua.StatusOK, ua.StatusBadNodeIDUnknown, ua.StatusOK, ua.StatusBadAttributeIDInvalid} {
		if got := results[i].StatusCode; got != want {
			t.Errorf("item %d: %v, want %v", i, got, want)
		}
	}
	if results[0].RevisedSamplingInterval != 100 || results[0].RevisedQueueSize != 10 {
		t.Errorf("revised to %v ms and %d values, want 100 and 10", results[0].RevisedSamplingInterval, results[0].RevisedQueueSize)
	}
	collect(t, sub, func(seen map[uint32][]*ua.DataValue) bool {
		for i := 1; i < len(seen[1]); i++ {
			if !seen[1][i].SourceTimestamp.After(seen[1][i-1].SourceTimestamp) {
				t.Fatalf("source time went from %v to %v", seen[1][i-1].SourceTimestamp, seen[1][i].SourceTimestamp)
			}
		}
		return len(seen[1]) >= 5 && len(seen[3]) == 1
	})
	if got := write(t, c, "Boiler1.TemperatureSetPoint", ua.AttributeIDValue, &ua.DataValue{EncodingMask: ua.DataValueValue, Value: ua.MustVariant(99.0)}); got != ua.StatusOK {
		t.Fatal(got)
	}
	collect(t, sub, func(seen map[uint32][]*ua.DataValue) bool {
		return len(seen[3]) == 1 && seen[3][0].Value.Value() == 99.0
	})

	disable := &ua.SetMonitoringModeRequest{SubscriptionID: sub.ID, MonitoringMode: ua.MonitoringModeDisabled, MonitoredItemIDs: []uint32{results[0].MonitoredItemID}}
	err := c.Send(t.Context(), disable, func(r ua.Response) error {
		if got := r.(*ua.SetMonitoringModeResponse).Results[0]; got != ua.StatusOK {
			t.Errorf("SetMonitoringMode: %v", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	remove := &ua.DeleteMonitoredItemsRequest{SubscriptionID: sub.ID, MonitoredItemIDs: []uint32{4711, results[2].MonitoredItemID}}
	err = c.Send(t.Context(), remove, func(r ua.Response) error {
		if got := r.(*ua.DeleteMonitoredItemsResponse).Results; got[0] != ua.StatusBadMonitoredItemIDInvalid || got[1] != ua.StatusOK {
			t.Errorf("delete of an unknown item and another one: %v, want BadMonitoredItemIdInvalid and Good", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestSubscriptionIDsDoNotRepeat(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	seen := map[uint32]bool{}
	for range 3 {
		sub, _ := subscribe(t, c, time.Second, "Boiler1.Temperature")
		if seen[sub.ID] {
			t.Errorf("subscription id %d was given twice", sub.ID)
		}
		seen[sub.ID] = true
		sub.Delete(t)
	}
}

func TestPercentDeadband(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	sub, _ := subscribe(t, c, 50*time.Millisecond, "Boiler1.FeedPump")
	withDeadband := func(name string, percent float64) *ua.MonitoredItemCreateRequest {
		return &ua.MonitoredItemCreateRequest{
			ItemToMonitor:  &ua.ReadValueID{NodeID: node(name), AttributeID: ua.AttributeIDValue, DataEncoding: &ua.QualifiedName{}},
			MonitoringMode: ua.MonitoringModeReporting,
			RequestedParameters: &ua.MonitoringParameters{ClientHandle: 9, QueueSize: 10, Filter: ua.NewExtensionObject(&ua.DataChangeFilter{
				Trigger: ua.DataChangeTriggerStatusValue, DeadbandType: uint32(ua.DeadbandTypePercent), DeadbandValue: percent,
			})},
		}
	}
	results := sub.Monitor(t, withDeadband("Boiler1.Temperature", 1), withDeadband("Boiler1.BurnerStarts", 1))
	if results[0].StatusCode != ua.StatusOK || results[1].StatusCode != ua.StatusBadMonitoredItemFilterUnsupported {
		t.Fatalf("deadband with and without EURange: %v, %v", results[0].StatusCode, results[1].StatusCode)
	}
	collect(t, sub, func(seen map[uint32][]*ua.DataValue) bool {
		values := seen[9]
		for i := 1; i < len(values); i++ { // 1 % of 0..200 °C
			if d := values[i].Value.Float() - values[i-1].Value.Float(); d <= 2 && d >= -2 {
				t.Fatalf("a change by %v °C passed a deadband of 2", d)
			}
		}
		return len(values) >= 3
	})
}

func TestRepublish(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	sub, _ := subscribe(t, c, time.Second, "Boiler1.Temperature")
	err := c.Send(t.Context(), &ua.RepublishRequest{SubscriptionID: sub.ID, RetransmitSequenceNumber: 4711}, func(ua.Response) error { return nil })
	if err != ua.StatusBadMessageNotAvailable {
		t.Errorf("republish of an unknown message: %v, want BadMessageNotAvailable", err)
	}
}

func TestSessionErrors(t *testing.T) {
	p := startPlant(t, Config{})
	c := connect(t, p)
	for _, req := range []ua.Request{
		&ua.SetMonitoringModeRequest{SubscriptionID: 99, MonitoredItemIDs: []uint32{1}},
		&ua.DeleteMonitoredItemsRequest{SubscriptionID: 99, MonitoredItemIDs: []uint32{1}},
		&ua.CreateMonitoredItemsRequest{SubscriptionID: 99, ItemsToCreate: []*ua.MonitoredItemCreateRequest{item("Boiler1.Level")}},
		&ua.ModifySubscriptionRequest{SubscriptionID: 99},
	} {
		if err := c.Send(t.Context(), req, func(ua.Response) error { return nil }); err != ua.StatusBadSubscriptionIDInvalid {
			t.Errorf("%T of an unknown subscription: %v, want BadSubscriptionIdInvalid", req, err)
		}
	}
	if err := c.Send(t.Context(), &ua.PublishRequest{}, func(ua.Response) error { return nil }); err != ua.StatusBadNoSubscription {
		t.Errorf("publish without a subscription: %v", err)
	}
	if err := c.Send(t.Context(), &ua.QueryFirstRequest{View: &ua.ViewDescription{ViewID: ua.NewTwoByteNodeID(0)}, Filter: &ua.ContentFilter{}}, func(ua.Response) error { return nil }); err != ua.StatusBadServiceUnsupported {
		t.Errorf("query: %v, want BadServiceUnsupported", err)
	}

	password, err := opcua.NewClient(p.Endpoint(), opcua.AutoReconnect(false), opcua.AuthUsername("nobody", "wrong"), opcua.AuthPolicyID("anonymous"))
	if err != nil {
		t.Fatal(err)
	}
	if err := password.Connect(t.Context()); err == nil {
		t.Error("a user name was accepted, want BadIdentityTokenRejected")
		_ = password.Close(context.Background())
	}

	raw, err := opcua.NewClient(p.Endpoint(), opcua.AutoReconnect(false))
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Dial(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer raw.Close(context.Background())
	err = raw.SecureChannel().SendRequest(t.Context(), &ua.ReadRequest{NodesToRead: []*ua.ReadValueID{{NodeID: node("Boiler1.Level"), AttributeID: ua.AttributeIDValue, DataEncoding: &ua.QualifiedName{}}}}, nil, func(ua.Response) error { return nil })
	if err != ua.StatusBadSessionIDInvalid {
		t.Errorf("read without a session: %v, want BadSessionIdInvalid", err)
	}
}

func item(name string) *ua.MonitoredItemCreateRequest {
	return &ua.MonitoredItemCreateRequest{
		ItemToMonitor:       &ua.ReadValueID{NodeID: node(name), AttributeID: ua.AttributeIDValue, DataEncoding: &ua.QualifiedName{}},
		RequestedParameters: &ua.MonitoringParameters{},
	}
}
