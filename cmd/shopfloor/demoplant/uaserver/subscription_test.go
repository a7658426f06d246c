package uaserver

import (
	"context"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"
)

// testSubscription is a subscription of 1 s with one item; the function sets its value.
func testSubscription() (*subscription, func(v any)) {
	ctx, cancel := context.WithCancel(context.Background())
	sess := &session{ctx: ctx, cancel: cancel, subscriptions: map[uint32]*subscription{}}
	m, set := item(monitoredItem{queueSize: 10, mode: ua.MonitoringModeReporting, trigger: ua.DataChangeTriggerStatusValue})
	sub := &subscription{id: 1, session: sess, cancel: cancel, wake: make(chan struct{}, 1), enabled: true, items: []*monitoredItem{m}, nextPublish: epoch}
	sub.configure(1000, 9, 3, 0)
	sess.subscriptions[1] = sub
	return sub, func(v any) { set(v, ua.StatusOK, epoch) }
}

func (sub *subscription) offer(n int) {
	for range n {
		sub.session.publishes = append(sub.session.publishes, publishRequest{header: &ua.RequestHeader{}})
	}
}

func message(t *testing.T, replies []reply) *ua.NotificationMessage {
	t.Helper()
	if len(replies) != 1 {
		t.Fatalf("%d replies, want 1", len(replies))
	}
	return replies[0].response.(*ua.PublishResponse).NotificationMessage
}

func TestPublishCycle(t *testing.T) {
	sub, set := testSubscription()
	set(1.0)
	sub.offer(1)
	replies, next := sub.step(epoch)
	if msg := message(t, replies); msg.SequenceNumber != 1 || len(msg.NotificationData) != 1 {
		t.Fatalf("first message = %+v", msg)
	}
	if want := epoch.Add(100 * time.Millisecond); !next.Equal(want) {
		t.Errorf("next step at %v, want the next sample at %v", next, want)
	}

	for second := 1; second <= 3; second++ { // nothing changes: a keep-alive in the third interval, with the next number
		sub.offer(1)
		replies, _ = sub.step(epoch.Add(time.Duration(second) * time.Second))
		if second < 3 && len(replies) != 0 {
			t.Fatalf("a message after %d s without a change", second)
		}
		sub.session.publishes = nil
	}
	if msg := message(t, replies); msg.SequenceNumber != 2 || len(msg.NotificationData) != 0 {
		t.Errorf("keep-alive = %+v, want number 2 and no data", msg)
	}

	set(2.0)
	if replies, _ = sub.step(epoch.Add(4 * time.Second)); len(replies) != 0 || !sub.late {
		t.Fatalf("%d replies without a Publish request, late %t", len(replies), sub.late)
	}
	sub.offer(1) // a late subscription answers at once
	replies, _ = sub.step(epoch.Add(4*time.Second + time.Millisecond))
	if msg := message(t, replies); msg.SequenceNumber != 2 || len(msg.NotificationData) != 1 {
		t.Errorf("late message = %+v, want number 2 with data", msg)
	}
}

func TestRetransmission(t *testing.T) {
	sub, set := testSubscription()
	for i := range maxRetransmission + 10 {
		set(float64(i))
		sub.offer(1)
		sub.step(epoch.Add(time.Duration(i) * time.Second))
	}
	if got := sub.available(); len(got) != maxRetransmission || got[0] != 11 {
		t.Fatalf("%d messages kept from number %d, want %d from 11", len(got), got[0], maxRetransmission)
	}
	if status := sub.acknowledge(11); status != ua.StatusOK || sub.available()[0] != 12 {
		t.Errorf("acknowledge 11: %v", status)
	}
	if status := sub.acknowledge(11); status != ua.StatusBadSequenceNumberUnknown {
		t.Errorf("acknowledge 11 again: %v", status)
	}
}

func TestLifetime(t *testing.T) {
	sub, set := testSubscription()
	set(1.0)
	for i := range 9 {
		sub.step(epoch.Add(time.Duration(i) * time.Second))
	}
	if sub.session.ctx.Err() != nil {
		t.Fatal("expired within its lifetime of 9 intervals")
	}
	sub.step(epoch.Add(9 * time.Second))
	if sub.session.ctx.Err() == nil {
		t.Error("alive after 10 intervals without a Publish request, the lifetime is 9")
	}
}

func TestNotificationLimit(t *testing.T) {
	sub, set := testSubscription()
	sub.maxNotifications = 2
	for i := range 5 {
		set(float64(i))
		sub.items[0].sample(epoch)
	}
	sub.offer(2)
	replies, _ := sub.step(epoch)
	if len(replies) != 2 {
		t.Fatalf("%d messages for 2 Publish requests", len(replies))
	}
	for i, r := range replies {
		resp := r.response.(*ua.PublishResponse)
		n := len(resp.NotificationMessage.NotificationData[0].Value.(*ua.DataChangeNotification).MonitoredItems)
		if n != 2 || !resp.MoreNotifications {
			t.Errorf("message %d has %d values, more to come %t; want 2 and true", i, n, resp.MoreNotifications)
		}
	}
	if !sub.late {
		t.Error("with a value left the subscription does not wait for a Publish request")
	}
}
