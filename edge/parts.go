package edge

import "encoding/json"

// maxPart is above how many bytes a delivery is split.
const maxPart = 512 << 10

// parts sends the deliveries of one monitoring in parts that a message has room for, with a sequence of its own.
type parts[D any] struct {
	monitors *monitors
	id       string
	// number gives a delivery its sequence, and the note that something was lost before it.
	number func(d *D, sequence uint64, lost bool)
	// halve splits a delivery, if there is something to split.
	halve func(D) (first, second D, ok bool)

	sequence uint64
	lost     bool
}

// deliver sends a delivery. What is too large for a message even by itself is lost, and counted.
func (p *parts[D]) deliver(d D) {
	p.number(&d, p.sequence+1, p.lost)
	body, err := json.Marshal(d)
	if err == nil && len(body) > maxPart {
		if first, second, ok := p.halve(d); ok {
			p.deliver(first)
			p.deliver(second)
			return
		}
	}
	p.sequence++
	if err == nil {
		err = p.monitors.live.PublishLive(p.id, body)
	}
	if p.lost = err != nil; p.lost {
		p.monitors.lost.Add(1)
	}
}
