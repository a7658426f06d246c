package bus

import (
	"context"

	"github.com/nats-io/nats.go"
)

// inbox is a subscription that is read one message at a time. nats.go has SubscribeSync for that, at half a megabyte for the
// channel of each.
type inbox struct {
	sub      *nats.Subscription
	messages chan *nats.Msg
	closed   chan struct{}
}

// openInbox subscribes to a subject. At most size messages wait to be read, what comes beyond is lost. With a queue group,
// each message comes to one member of it.
func (c *Conn) openInbox(subject, queue string, size int) (*inbox, error) {
	in := &inbox{messages: make(chan *nats.Msg, size), closed: make(chan struct{})}
	var err error
	if in.sub, err = c.nc.ChanQueueSubscribe(subject, queue, in.messages); err != nil {
		return nil, err
	}
	in.sub.SetClosedHandler(func(string) { close(in.closed) })
	return in, nil
}

// next waits for a message. A request without a responder gives nats.ErrNoResponders.
func (in *inbox) next(ctx context.Context) (*nats.Msg, error) {
	select {
	case m := <-in.messages:
		if len(m.Data) == 0 && m.Header.Get("Status") == statusNoResponders {
			return nil, nats.ErrNoResponders
		}
		return m, nil
	case <-in.closed:
		return nil, nats.ErrConnectionClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (in *inbox) close() {
	// The result says only that the connection is closed, and then the subscription is gone as well.
	_ = in.sub.Unsubscribe()
}

// statusNoResponders is what the server answers when nobody subscribes to the subject of a request.
const statusNoResponders = "503"
