package uaserver

import (
	"context"
	"slices"
	"time"

	"github.com/gopcua/opcua/ua"
)

// subscription is one subscription with its items (Part 4, 5.14). It samples and publishes from a goroutine of its own,
// so a client that does not read holds up nobody else. The session's mutex guards its fields.
type subscription struct {
	id      uint32
	session *session
	cancel  context.CancelFunc
	wake    chan struct{} // holds one token: a Publish request or an item came

	interval         time.Duration
	lifetime         uint32
	keepAlive        uint32
	maxNotifications int
	enabled          bool

	items       []*monitoredItem
	sent        []*ua.NotificationMessage // for Republish, oldest first
	sequence    uint32                    // of the last message, 0 before the first
	started     bool                      // a message was sent
	late        bool                      // wants a Publish request
	nextPublish time.Time
	sinceSent   uint32 // publishing intervals since the last message
	unanswered  uint32 // publishing intervals without a Publish request at hand
}

// reply is a response to send after the session's mutex is released.
type reply struct {
	conn      *conn
	requestID uint32
	response  ua.Response
}

// run samples and publishes until the subscription is deleted, expires, or its session ends.
func (sub *subscription) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			sub.remove()
			return
		case <-sub.wake:
		case <-timer.C:
		}
		replies, next := sub.step(time.Now())
		for _, r := range replies {
			r.conn.send(r.requestID, r.response)
		}
		timer.Reset(time.Until(next))
	}
}

// remove takes the subscription out of its session. Publish requests that wait in vain then are answered.
func (sub *subscription) remove() {
	s := sub.session
	s.mu.Lock()
	delete(s.subscriptions, sub.id)
	var orphans []publishRequest
	if len(s.subscriptions) == 0 {
		orphans, s.publishes = s.publishes, nil
	}
	s.mu.Unlock()
	if s.ctx.Err() != nil {
		return
	}
	for _, p := range orphans {
		p.conn.send(p.requestID, fault(p.header, ua.StatusBadNoSubscription))
	}
}

// step does what is due at now and says when something is due again.
func (sub *subscription) step(now time.Time) (replies []reply, next time.Time) {
	s := sub.session
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range sub.items {
		if !m.next.After(now) {
			if m.next.IsZero() {
				m.next = now
			}
			m.sample(now)
		}
	}
	due := !sub.nextPublish.After(now)
	if due {
		sub.nextPublish = sub.nextPublish.Add(sub.interval)
		if sub.nextPublish.Before(now) {
			sub.nextPublish = now.Add(sub.interval)
		}
		sub.sinceSent++
	}
	if due || sub.late {
		replies = sub.publish(now)
	}
	if due && sub.late {
		if sub.unanswered++; sub.unanswered > sub.lifetime {
			sub.cancel()
		}
	}
	next = sub.nextPublish
	for _, m := range sub.items {
		if m.next.Before(next) {
			next = m.next
		}
	}
	return replies, next
}

// publish answers waiting Publish requests with notifications or a keep-alive (Part 4, 5.14.1.2).
func (sub *subscription) publish(now time.Time) []reply {
	var replies []reply
	sub.late = false
	for sub.pending() {
		p, ok := sub.session.takePublish()
		if !ok {
			sub.late = true
			return replies
		}
		data := sub.collect()
		sub.sequence++
		if sub.sequence == 0 {
			sub.sequence = 1
		}
		msg := &ua.NotificationMessage{SequenceNumber: sub.sequence, PublishTime: now, NotificationData: data}
		if len(sub.sent) >= maxRetransmission {
			sub.sent = slices.Delete(sub.sent, 0, 1)
		}
		sub.sent = append(sub.sent, msg)
		replies = append(replies, sub.answer(p, msg, sub.pending()))
	}
	if len(replies) == 0 && (!sub.started || sub.sinceSent >= sub.keepAlive) {
		p, ok := sub.session.takePublish()
		if !ok {
			sub.late = true
			return nil
		}
		// A keep-alive carries the number of the next message and is not counted (Part 4, 5.14.1.1).
		msg := &ua.NotificationMessage{SequenceNumber: max(1, sub.sequence+1), PublishTime: now, NotificationData: []*ua.ExtensionObject{}}
		replies = append(replies, sub.answer(p, msg, false))
	}
	return replies
}

func (sub *subscription) answer(p publishRequest, msg *ua.NotificationMessage, more bool) reply {
	sub.started, sub.sinceSent, sub.unanswered = true, 0, 0
	return reply{conn: p.conn, requestID: p.requestID, response: &ua.PublishResponse{
		ResponseHeader: responseHeader(p.header, ua.StatusOK), SubscriptionID: sub.id, AvailableSequenceNumbers: sub.available(),
		MoreNotifications: more, NotificationMessage: msg, Results: p.acknowledged,
	}}
}

// pending reports whether an item has something to send now.
func (sub *subscription) pending() bool {
	return sub.enabled && slices.ContainsFunc(sub.items, func(m *monitoredItem) bool {
		return m.mode == ua.MonitoringModeReporting && len(m.queue)+len(m.events) > 0
	})
}

// collect takes queued values and events in the order of the items, up to the notification limit.
func (sub *subscription) collect() (data []*ua.ExtensionObject) {
	change, happened := &ua.DataChangeNotification{}, &ua.EventNotificationList{}
	room := sub.maxNotifications
	for _, m := range sub.items {
		if m.mode != ua.MonitoringModeReporting {
			continue
		}
		n := min(room, len(m.queue))
		for _, dv := range m.queue[:n] {
			change.MonitoredItems = append(change.MonitoredItems, &ua.MonitoredItemNotification{ClientHandle: m.clientHandle, Value: dv})
		}
		m.queue = append(m.queue[:0], m.queue[n:]...)
		room -= n
		n = min(room, len(m.events))
		happened.Events = append(happened.Events, m.events[:n]...)
		m.events = m.events[n:]
		if room -= n; room == 0 {
			break
		}
	}
	if len(change.MonitoredItems) > 0 {
		data = append(data, ua.NewExtensionObject(change))
	}
	if len(happened.Events) > 0 {
		data = append(data, ua.NewExtensionObject(happened))
	}
	return data
}

func (sub *subscription) available() []uint32 {
	numbers := make([]uint32, len(sub.sent))
	for i, m := range sub.sent {
		numbers[i] = m.SequenceNumber
	}
	return numbers
}

// acknowledge forgets a sent message.
func (sub *subscription) acknowledge(sequence uint32) ua.StatusCode {
	i := slices.IndexFunc(sub.sent, func(m *ua.NotificationMessage) bool { return m.SequenceNumber == sequence })
	if i < 0 {
		return ua.StatusBadSequenceNumberUnknown
	}
	sub.sent = slices.Delete(sub.sent, i, i+1)
	return ua.StatusOK
}

func (sub *subscription) signal() {
	select {
	case sub.wake <- struct{}{}:
	default:
	}
}
