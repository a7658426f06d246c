package opcuatest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/gopcua/opcua"
	"github.com/gopcua/opcua/ua"
)

// Subscription is a subscription of gopcua's client with a publish loop of its own. That of Client.Subscribe may stay paused for ever
// and may block its caller: the tokens that pause it and go on with it come in no order (gopcua v0.9.1, client_sub.go).
type Subscription struct {
	ID            uint32
	client        *opcua.Client
	notifications chan any
}

// Subscribe creates a subscription that ends with the test.
func Subscribe(t testing.TB, c *opcua.Client, interval time.Duration) *Subscription {
	t.Helper()
	// A keep-alive each second, so that no Publish request reaches the client's time limit.
	keepAlive := uint32(max(1, time.Second/interval))
	response, err := send[*ua.CreateSubscriptionResponse](t.Context(), c, &ua.CreateSubscriptionRequest{
		RequestedPublishingInterval: float64(interval) / float64(time.Millisecond), RequestedLifetimeCount: 60 * keepAlive,
		RequestedMaxKeepAliveCount: keepAlive, PublishingEnabled: true,
	})
	if err != nil {
		t.Fatalf("create subscription: %v", err)
	}
	s := &Subscription{ID: response.SubscriptionID, client: c, notifications: make(chan any, 1000)}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.publish(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return s
}

// Notifications are *ua.DataChangeNotification and *ua.EventNotificationList as they come, and an error with which publishing ended. A
// receiver that does not take them holds up the publishing.
func (s *Subscription) Notifications() <-chan any { return s.notifications }

func (s *Subscription) publish(ctx context.Context) {
	var acknowledge []*ua.SubscriptionAcknowledgement
	for {
		response, err := send[*ua.PublishResponse](ctx, s.client, &ua.PublishRequest{SubscriptionAcknowledgements: acknowledge})
		if err != nil {
			s.deliver(ctx, err)
			return
		}
		acknowledge = nil
		message := response.NotificationMessage
		if len(message.NotificationData) > 0 { // a keep-alive is not acknowledged
			acknowledge = []*ua.SubscriptionAcknowledgement{{SubscriptionID: response.SubscriptionID, SequenceNumber: message.SequenceNumber}}
		}
		for _, data := range message.NotificationData {
			s.deliver(ctx, data.Value)
		}
	}
}

func (s *Subscription) deliver(ctx context.Context, notification any) {
	select {
	case s.notifications <- notification:
	case <-ctx.Done():
	}
}

// Monitor creates monitored items.
func (s *Subscription) Monitor(t testing.TB, items ...*ua.MonitoredItemCreateRequest) []*ua.MonitoredItemCreateResult {
	t.Helper()
	response, err := send[*ua.CreateMonitoredItemsResponse](t.Context(), s.client, &ua.CreateMonitoredItemsRequest{
		SubscriptionID: s.ID, TimestampsToReturn: ua.TimestampsToReturnBoth, ItemsToCreate: items,
	})
	if err != nil {
		t.Fatalf("create monitored items: %v", err)
	}
	return response.Results
}

// Delete deletes the subscription at the server.
func (s *Subscription) Delete(t testing.TB) {
	t.Helper()
	response, err := send[*ua.DeleteSubscriptionsResponse](t.Context(), s.client, &ua.DeleteSubscriptionsRequest{SubscriptionIDs: []uint32{s.ID}})
	if err != nil || response.Results[0] != ua.StatusOK {
		t.Fatalf("delete subscription: %v, %v", response, err)
	}
}

// send sends a request and waits for the response to it.
func send[Response ua.Response](ctx context.Context, c *opcua.Client, request ua.Request) (response Response, err error) {
	err = c.Send(ctx, request, func(r ua.Response) error {
		var ok bool
		if response, ok = r.(Response); !ok {
			return ua.StatusBadUnknownResponse
		}
		return nil
	})
	return response, err
}
