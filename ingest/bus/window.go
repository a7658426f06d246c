package bus

// The window of a Publisher: the ring of frames that are accepted and not stored. Only Run takes frames out.

// nextUnsent marks the first frame that was not sent as sent, as number position of the current batch.
func (p *Publisher) nextUnsent(position uint64) (pending, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sent == p.count {
		return pending{}, false
	}
	f := &p.queue[(p.head+p.sent)%len(p.queue)]
	f.position = position
	p.sent++
	return *f, true
}

func (p *Publisher) firstInDoubt() (pending, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sent == 0 {
		return pending{}, false
	}
	return p.queue[p.head], true
}

func (p *Publisher) inDoubt() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent
}

// pop takes the frames out that were sent with a position up to and with upTo, tells their owners, and says whether there
// were any.
func (p *Publisher) pop(upTo uint64) bool {
	popped := false
	for {
		p.mu.Lock()
		if p.sent == 0 || p.queue[p.head].position > upTo {
			p.mu.Unlock()
			return popped
		}
		f := p.take()
		p.sent--
		p.mu.Unlock()
		popped = true
		p.stored.Add(1)
		if f.done != nil {
			f.done(nil)
		}
	}
}

// refuse gives the first frame in doubt back to its owner.
func (p *Publisher) refuse(err error) {
	p.mu.Lock()
	f := p.take()
	p.sent--
	p.mu.Unlock()
	p.refused.Add(1)
	if f.done != nil {
		f.done(err)
	}
}

// take removes the head and wakes who waits for room. The lock is held.
func (p *Publisher) take() pending {
	f := p.queue[p.head]
	p.queue[p.head] = pending{}
	p.head = (p.head + 1) % len(p.queue)
	p.count--
	p.bytes -= int64(len(f.payload))
	close(p.room)
	p.room = make(chan struct{})
	return f
}

// close refuses further frames and tells the owners of those left that their fate is unknown.
func (p *Publisher) close() {
	p.mu.Lock()
	p.closed, p.sent = true, 0
	var left []pending
	for p.count > 0 {
		left = append(left, p.take())
	}
	close(p.room)
	p.room = make(chan struct{})
	p.mu.Unlock()
	for _, f := range left {
		if f.done != nil {
			f.done(ErrClosed)
		}
	}
}
