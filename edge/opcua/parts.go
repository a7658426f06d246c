package opcua

import "github.com/shopfloor-iiot/shopfloor/model"

// Servers limit the items of a subscription, and do not all say how many they take. When one is full, the rest of its items goes to a further part: a
// subscription of its own at the server, with the same interval. All parts of a key share their locks, so that the others find every item of the key under those
// of the first part, which outlives the others.

// part returns the n-th subscription of a key and makes it when it is not there; p.mu is held.
func (p *publishing) part(key subscriptionKey, n int) *subscription {
	key.part = 0
	first := p.subs[key]
	if first == nil {
		first = newSubscription(p, key)
		first.lane = p.free()
		p.subs[key] = first
	}
	if n == 0 {
		return first
	}
	key.part = n
	sub := p.subs[key]
	if sub == nil {
		sub = newSubscription(p, key)
		sub.mu, sub.deliver, sub.lane = first.mu, first.deliver, p.free()
		p.subs[key] = sub
		first.parts++
	}
	return sub
}

// open returns the first part of a key that takes items; p.mu is held.
func (p *publishing) open(key subscriptionKey) *subscription {
	for n := 0; ; n++ {
		sub := p.part(key, n)
		sub.mu.Lock()
		full := sub.full
		sub.mu.Unlock()
		if !full {
			return sub
		}
	}
}

// spill moves items that found no room to the next part.
func (p *publishing) spill(from *subscription, items []*item) {
	if len(items) == 0 {
		return
	}
	p.mu.Lock()
	from.mu.Lock()
	from.full = true
	from.mu.Unlock()
	to := p.open(from.subscriptionKey)
	p.mu.Unlock()
	to.mu.Lock()
	for _, it := range items {
		if it.state == itemGone {
			continue
		}
		delete(from.items, it.handle)
		it.sub, it.id, it.state = to, 0, itemWanted
		to.items[it.handle] = it
	}
	to.mu.Unlock()
	p.changed()
	p.cfg.log.Info().Dur("interval", from.interval).Int("part", from.part).Int("items", len(items)).Msg("opc ua server takes no more items in a subscription; the others get a further one")
	p.alert()
}

// crowded tells whether the server refused an item only because the subscription is full: it has others.
func (s *subscription) crowded(status model.StatusCode) bool {
	if status != model.StatusBadTooManyMonitoredItems {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.active > 0
}
