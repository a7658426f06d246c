package mqttout

import (
	"context"
	"errors"
)

// client is a connection to a broker that mends itself. publish is for one goroutine at a time.
type client interface {
	// publish hands a message over, in order, and returns its acknowledgement; nil for QoS 0. errDown says that there is no connection,
	// errRefused that this message will never be taken; after any other error it may be tried again.
	publish(ctx context.Context, m *message) (ack, error)
	// close ends the connection and releases acknowledgements that are waited for.
	close(ctx context.Context)
}

// ack is what becomes of a message.
type ack interface {
	// Done is closed when it is known.
	Done() <-chan struct{}
	// Error is nil when the broker has the message; errRefused when it does not want it; else the message is to be sent again.
	Error() error
}

// watcher is told how the connection is, by any goroutine. Its methods do not block.
type watcher interface {
	// look has the watcher see whether the connection is open; it is called after each change, perhaps late. maxMessage is the largest message
	// that the broker takes, 0 when it does not tell.
	look(open func() bool, maxMessage uint32)
	// failed says why there is no connection, or will not be in a moment.
	failed(err error)
}

var (
	errDown    = errors.New("not connected")
	errRefused = errors.New("refused")
	errLost    = errors.New("the broker forgot the session")
)

// reconnectMin and reconnectMax bound the pause before a connection is tried again, in seconds.
const (
	reconnectMin = 1
	reconnectMax = 30
)

// window is how many messages may be on their way without their acknowledgement.
const window = 64
