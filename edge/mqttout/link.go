package mqttout

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// link is how the connection to a broker stands. It is a watcher.
type link struct {
	log zerolog.Logger

	mu         sync.Mutex
	connected  bool
	number     uint64        // of connections that were made
	change     chan struct{} // closed at the next change
	since      time.Time
	err        error
	maxMessage uint32
}

func newLink(log zerolog.Logger) *link {
	return &link{log: log, change: make(chan struct{}), since: time.Now()}
}

// look implements watcher. The connection is looked at under the lock, so that a late call does not undo a newer one.
func (l *link) look(open func() bool, maxMessage uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch connected := open(); {
	case connected == l.connected:
	case connected:
		l.connected, l.err, l.maxMessage = true, nil, maxMessage
		l.number++
		l.changedNow()
		l.log.Info().Uint64("connection", l.number).Msg("connected to broker")
	default:
		l.connected = false
		l.changedNow()
	}
}

// failed implements watcher. Each new reason is logged.
func (l *link) failed(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil || l.err.Error() != err.Error() {
		l.log.Warn().Err(err).Msg("no connection to broker, trying again: frames wait in the buffer")
	}
	l.err = err
}

// changedNow tells those who wait.
func (l *link) changedNow() {
	l.since = time.Now()
	close(l.change)
	l.change = make(chan struct{})
}

// changed is closed at the next change.
func (l *link) changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.change
}

func (l *link) isUp() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.connected
}

// await returns the number of the connection once there is one. The error is that of ctx.
func (l *link) await(ctx context.Context) (uint64, error) {
	for {
		l.mu.Lock()
		connected, number, change := l.connected, l.number, l.change
		l.mu.Unlock()
		if connected {
			return number, nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-change:
		}
	}
}

// state fills in what the link knows.
func (l *link) state(s *Statistics) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.Since = l.since
	switch {
	case l.connected:
		s.State = model.StateConnected
	case l.number > 0:
		s.State = model.StateReconnecting
	default:
		s.State = model.StateConnecting
	}
	if l.number > 1 {
		s.Reconnects = l.number - 1
	}
	if l.err != nil && !l.connected {
		s.Error = l.err.Error()
	}
}

// limit is the largest message that the broker said it takes; 0 when it did not.
func (l *link) limit() uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.maxMessage
}
