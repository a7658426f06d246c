package uaserver

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/gopcua/opcua/ua"
)

// publishRequest is a Publish request that waits for a notification.
type publishRequest struct {
	conn         *conn
	requestID    uint32
	header       *ua.RequestHeader
	acknowledged []ua.StatusCode
}

// takePublish returns the oldest waiting Publish request. The caller holds the mutex.
func (sess *session) takePublish() (publishRequest, bool) {
	if len(sess.publishes) == 0 {
		return publishRequest{}, false
	}
	p := sess.publishes[0]
	sess.publishes = slices.Delete(sess.publishes, 0, 1)
	return p, true
}

// createSubscription implements CreateSubscription (Part 4, 5.14.2). Ids never repeat while the server runs.
func (s *Server) createSubscription(sess *session, req *ua.CreateSubscriptionRequest) (ua.Response, ua.StatusCode) {
	ctx, cancel := context.WithCancel(sess.ctx)
	sub := &subscription{
		id: s.subscriptionIDs.Add(1), session: sess, cancel: cancel, wake: make(chan struct{}, 1),
		enabled: req.PublishingEnabled, nextPublish: time.Now(),
	}
	sub.configure(req.RequestedPublishingInterval, req.RequestedLifetimeCount, req.RequestedMaxKeepAliveCount, req.MaxNotificationsPerPublish)
	sub.nextPublish = sub.nextPublish.Add(sub.interval)
	sess.mu.Lock()
	full := len(sess.subscriptions) >= maxSubscriptions
	if !full {
		sess.subscriptions[sub.id] = sub
	}
	sess.mu.Unlock()
	if full {
		cancel()
		return nil, ua.StatusBadTooManySubscriptions
	}
	s.tasks.Go(func() { sub.run(ctx) })
	return &ua.CreateSubscriptionResponse{
		ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), SubscriptionID: sub.id,
		RevisedPublishingInterval: sub.intervalMillis(), RevisedLifetimeCount: sub.lifetime, RevisedMaxKeepAliveCount: sub.keepAlive,
	}, ua.StatusOK
}

// configure revises the parameters; the lifetime is at least three keep-alives (Part 4, 5.14.2.2).
func (sub *subscription) configure(interval float64, lifetime, keepAlive, notifications uint32) {
	if math.IsNaN(interval) {
		interval = 0
	}
	sub.interval = min(max(time.Duration(min(interval, 1e9)*float64(time.Millisecond)), minPublishing), maxPublishing)
	sub.keepAlive = min(max(1, keepAlive), 10000)
	sub.lifetime = max(3*sub.keepAlive, min(lifetime, 100000))
	sub.maxNotifications = maxNotifications
	if notifications > 0 {
		sub.maxNotifications = int(min(notifications, maxNotifications))
	}
}

func (sub *subscription) intervalMillis() float64 {
	return float64(sub.interval) / float64(time.Millisecond)
}

// modifySubscription implements ModifySubscription (Part 4, 5.14.3).
func (s *Server) modifySubscription(sess *session, req *ua.ModifySubscriptionRequest) (ua.Response, ua.StatusCode) {
	sess.mu.Lock()
	defer sess.mu.Unlock()
	sub := sess.subscriptions[req.SubscriptionID]
	if sub == nil {
		return nil, ua.StatusBadSubscriptionIDInvalid
	}
	sub.configure(req.RequestedPublishingInterval, req.RequestedLifetimeCount, req.RequestedMaxKeepAliveCount, req.MaxNotificationsPerPublish)
	sub.nextPublish = time.Now().Add(sub.interval)
	sub.unanswered = 0
	sub.signal()
	return &ua.ModifySubscriptionResponse{
		ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), RevisedPublishingInterval: sub.intervalMillis(),
		RevisedLifetimeCount: sub.lifetime, RevisedMaxKeepAliveCount: sub.keepAlive,
	}, ua.StatusOK
}

// setPublishingMode implements SetPublishingMode (Part 4, 5.14.4).
func (s *Server) setPublishingMode(sess *session, req *ua.SetPublishingModeRequest) (ua.Response, ua.StatusCode) {
	if status := checkCount(len(req.SubscriptionIDs)); status != ua.StatusOK {
		return nil, status
	}
	results := sess.each(req.SubscriptionIDs, func(sub *subscription) { sub.enabled = req.PublishingEnabled })
	return &ua.SetPublishingModeResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Results: results}, ua.StatusOK
}

// deleteSubscriptions implements DeleteSubscriptions (Part 4, 5.14.8).
func (s *Server) deleteSubscriptions(sess *session, req *ua.DeleteSubscriptionsRequest) (ua.Response, ua.StatusCode) {
	if status := checkCount(len(req.SubscriptionIDs)); status != ua.StatusOK {
		return nil, status
	}
	results := sess.each(req.SubscriptionIDs, func(sub *subscription) {
		delete(sess.subscriptions, sub.id)
		sub.cancel()
	})
	return &ua.DeleteSubscriptionsResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Results: results}, ua.StatusOK
}

func (sess *session) each(ids []uint32, do func(*subscription)) []ua.StatusCode {
	sess.mu.Lock()
	defer sess.mu.Unlock()
	results := make([]ua.StatusCode, len(ids))
	for i, subID := range ids {
		if sub := sess.subscriptions[subID]; sub != nil {
			do(sub)
		} else {
			results[i] = ua.StatusBadSubscriptionIDInvalid
		}
	}
	return results
}

// publish implements Publish (Part 4, 5.14.5): the request waits until a subscription has something to say. When too
// many wait, the oldest is given back.
func (s *Server) publish(c *conn, requestID uint32, sess *session, req *ua.PublishRequest) (ua.Response, ua.StatusCode) {
	sess.mu.Lock()
	if len(sess.subscriptions) == 0 {
		sess.mu.Unlock()
		return nil, ua.StatusBadNoSubscription
	}
	p := publishRequest{conn: c, requestID: requestID, header: req.RequestHeader, acknowledged: make([]ua.StatusCode, len(req.SubscriptionAcknowledgements))}
	for i, a := range req.SubscriptionAcknowledgements {
		if sub := sess.subscriptions[a.SubscriptionID]; sub != nil {
			p.acknowledged[i] = sub.acknowledge(a.SequenceNumber)
		} else {
			p.acknowledged[i] = ua.StatusBadSubscriptionIDInvalid
		}
	}
	var excess publishRequest
	if len(sess.publishes) >= maxPublishRequests {
		excess, _ = sess.takePublish()
	}
	sess.publishes = append(sess.publishes, p)
	for _, sub := range sess.subscriptions {
		if sub.late {
			sub.signal()
		}
	}
	sess.mu.Unlock()
	if excess.conn != nil {
		excess.conn.send(excess.requestID, fault(excess.header, ua.StatusBadTooManyPublishRequests))
	}
	return nil, ua.StatusOK
}

// republish implements Republish (Part 4, 5.14.6).
func (s *Server) republish(sess *session, req *ua.RepublishRequest) (ua.Response, ua.StatusCode) {
	sess.mu.Lock()
	defer sess.mu.Unlock()
	sub := sess.subscriptions[req.SubscriptionID]
	if sub == nil {
		return nil, ua.StatusBadSubscriptionIDInvalid
	}
	sub.unanswered = 0
	for _, m := range sub.sent {
		if m.SequenceNumber == req.RetransmitSequenceNumber {
			return &ua.RepublishResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), NotificationMessage: m}, ua.StatusOK
		}
	}
	return nil, ua.StatusBadMessageNotAvailable
}

// createItems implements CreateMonitoredItems (Part 4, 5.13.2).
func (s *Server) createItems(sess *session, req *ua.CreateMonitoredItemsRequest) (ua.Response, ua.StatusCode) {
	if status := checkCount(len(req.ItemsToCreate)); status != ua.StatusOK {
		return nil, status
	}
	if req.TimestampsToReturn > ua.TimestampsToReturnNeither {
		return nil, ua.StatusBadTimestampsToReturnInvalid
	}
	sess.mu.Lock()
	defer sess.mu.Unlock()
	sub := sess.subscriptions[req.SubscriptionID]
	if sub == nil {
		return nil, ua.StatusBadSubscriptionIDInvalid
	}
	results := make([]*ua.MonitoredItemCreateResult, len(req.ItemsToCreate))
	for i, r := range req.ItemsToCreate {
		if len(sub.items) >= s.cfg.MaxItems {
			results[i] = &ua.MonitoredItemCreateResult{StatusCode: ua.StatusBadTooManyMonitoredItems}
			continue
		}
		m, status := s.newItem(r, req.TimestampsToReturn, sub.interval)
		if status != ua.StatusOK {
			results[i] = &ua.MonitoredItemCreateResult{StatusCode: status}
			if m != nil {
				results[i].FilterResult = m.filterResult
			}
			continue
		}
		sub.items = append(sub.items, m)
		results[i] = &ua.MonitoredItemCreateResult{
			MonitoredItemID: m.id, RevisedSamplingInterval: float64(m.sampling) / float64(time.Millisecond), RevisedQueueSize: uint32(m.queueSize),
		}
	}
	sub.signal()
	return &ua.CreateMonitoredItemsResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Results: results}, ua.StatusOK
}

// modifyItems implements ModifyMonitoredItems (Part 4, 5.13.3).
func (s *Server) modifyItems(sess *session, req *ua.ModifyMonitoredItemsRequest) (ua.Response, ua.StatusCode) {
	if status := checkCount(len(req.ItemsToModify)); status != ua.StatusOK {
		return nil, status
	}
	sess.mu.Lock()
	defer sess.mu.Unlock()
	sub := sess.subscriptions[req.SubscriptionID]
	if sub == nil {
		return nil, ua.StatusBadSubscriptionIDInvalid
	}
	results := make([]*ua.MonitoredItemModifyResult, len(req.ItemsToModify))
	for i, r := range req.ItemsToModify {
		m := sub.item(r.MonitoredItemID)
		if m == nil {
			results[i] = &ua.MonitoredItemModifyResult{StatusCode: ua.StatusBadMonitoredItemIDInvalid}
			continue
		}
		if status := s.configure(m, r.RequestedParameters, sub.interval); status != ua.StatusOK {
			results[i] = &ua.MonitoredItemModifyResult{StatusCode: status}
			continue
		}
		m.timestamps = req.TimestampsToReturn
		results[i] = &ua.MonitoredItemModifyResult{
			RevisedSamplingInterval: float64(m.sampling) / float64(time.Millisecond), RevisedQueueSize: uint32(m.queueSize),
		}
	}
	sub.signal()
	return &ua.ModifyMonitoredItemsResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Results: results}, ua.StatusOK
}

// setMonitoringMode implements SetMonitoringMode (Part 4, 5.13.4).
func (s *Server) setMonitoringMode(sess *session, req *ua.SetMonitoringModeRequest) (ua.Response, ua.StatusCode) {
	if req.MonitoringMode > ua.MonitoringModeReporting {
		return nil, ua.StatusBadMonitoringModeInvalid
	}
	results, status := sess.eachItem(req.SubscriptionID, req.MonitoredItemIDs, func(_ *subscription, m *monitoredItem) {
		if m.mode = req.MonitoringMode; m.mode == ua.MonitoringModeDisabled {
			m.queue, m.last, m.events = nil, nil, nil
		}
	})
	if status != ua.StatusOK {
		return nil, status
	}
	return &ua.SetMonitoringModeResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Results: results}, ua.StatusOK
}

// deleteItems implements DeleteMonitoredItems (Part 4, 5.13.6).
func (s *Server) deleteItems(sess *session, req *ua.DeleteMonitoredItemsRequest) (ua.Response, ua.StatusCode) {
	results, status := sess.eachItem(req.SubscriptionID, req.MonitoredItemIDs, func(sub *subscription, m *monitoredItem) {
		sub.items = slices.DeleteFunc(sub.items, func(x *monitoredItem) bool { return x == m })
	})
	if status != ua.StatusOK {
		return nil, status
	}
	return &ua.DeleteMonitoredItemsResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Results: results}, ua.StatusOK
}

func (sess *session) eachItem(subID uint32, ids []uint32, do func(*subscription, *monitoredItem)) ([]ua.StatusCode, ua.StatusCode) {
	if status := checkCount(len(ids)); status != ua.StatusOK {
		return nil, status
	}
	sess.mu.Lock()
	defer sess.mu.Unlock()
	sub := sess.subscriptions[subID]
	if sub == nil {
		return nil, ua.StatusBadSubscriptionIDInvalid
	}
	results := make([]ua.StatusCode, len(ids))
	for i, itemID := range ids {
		if m := sub.item(itemID); m != nil {
			do(sub, m)
		} else {
			results[i] = ua.StatusBadMonitoredItemIDInvalid
		}
	}
	return results, ua.StatusOK
}

func (sub *subscription) item(itemID uint32) *monitoredItem {
	i := slices.IndexFunc(sub.items, func(m *monitoredItem) bool { return m.id == itemID })
	if i < 0 {
		return nil
	}
	return sub.items[i]
}
