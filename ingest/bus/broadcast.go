package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

// Subjects between the processes that share the partitions. Nothing there is stored. Gateways have no business there: their permissions
// must not name them.
//
//	ua.core.all.<topic>             to every process
//	ua.core.to.<process>.<topic>    to one process
//	ua.core.own.<partition>.<verb>  a request to the owner of a partition
//	ua.core.rep.<id>                the reply to it, in parts when it is large
const (
	prefixAll = "ua.core.all."
	prefixTo  = "ua.core.to."
	prefixOwn = "ua.core.own."
	prefixAns = "ua.core.rep."
)

// Broadcast sends a message to all processes that listen to a topic, this one too. It does not wait: what cannot be sent because the
// bus is away is sent later, or an error when there is too much of it.
func (c *Conn) Broadcast(topic string, body []byte) error {
	return c.publishCore(prefixAll, body, topic)
}

// ListenAll listens to what is broadcast on a topic until ctx ends or the connection is closed.
func (c *Conn) ListenAll(ctx context.Context, topic string) (*LiveStream, error) {
	return c.listenCore(ctx, prefixAll, topic)
}

// SendTo sends a message to one process, as Broadcast does.
func (c *Conn) SendTo(process, topic string, body []byte) error {
	return c.publishCore(prefixTo, body, process, topic)
}

// ListenTo listens to what is sent to a process, this one, on a topic, until ctx ends or the connection is closed. What this connection
// asks others for after that arrives, but for messages of the first moment in a cluster.
func (c *Conn) ListenTo(ctx context.Context, process, topic string) (*LiveStream, error) {
	return c.listenCore(ctx, prefixTo, process, topic)
}

func (c *Conn) publishCore(prefix string, body []byte, names ...string) error {
	subject, err := join(prefix, names...)
	if err != nil {
		return err
	}
	if limit := c.MaxMessage(); len(body) > limit {
		return fmt.Errorf("send %d bytes to %s: %w: at most %d", len(body), subject, ErrTooLarge, limit)
	}
	if err := c.nc.Publish(subject, body); err != nil {
		return fmt.Errorf("send to %s: %w", subject, err)
	}
	return nil
}

func (c *Conn) listenCore(ctx context.Context, prefix string, names ...string) (*LiveStream, error) {
	subject, err := join(prefix, names...)
	if err != nil {
		return nil, err
	}
	s, err := c.listen(ctx, subject)
	if err != nil {
		return nil, fmt.Errorf("listen to %s: %w", subject, err)
	}
	return s, nil
}

// AskOwner sends a request to the owner of a partition and returns its reply, at most MaxReply. The errors are ErrNoOwner at once when
// nobody serves it, the RemoteError of the handler, or that of ctx, whose deadline the handler gets; without one that is 30 s.
func (c *Conn) AskOwner(ctx context.Context, partition int, verb string, body []byte) ([]byte, error) {
	subject, err := join(prefixOwn, strconv.Itoa(partition), verb)
	if err != nil {
		return nil, err
	}
	if limit := c.MaxMessage(); len(body) > limit {
		return nil, fmt.Errorf("ask the owner of partition %d with %d bytes: %w: at most %d", partition, len(body), ErrTooLarge, limit)
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(defaultTimeout)
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	reply, err := c.askOwner(ctx, &nats.Msg{Subject: subject, Reply: prefixAns + newID(), Data: body, Header: nats.Header{
		headerTimeout: {strconv.FormatInt(max(time.Until(deadline).Milliseconds(), 1), 10)},
	}})
	if errors.Is(err, nats.ErrNoResponders) {
		err = ErrNoOwner
	}
	if err != nil {
		return nil, fmt.Errorf("ask the owner of partition %d for %s: %w", partition, verb, err)
	}
	return reply, nil
}

func (c *Conn) askOwner(ctx context.Context, m *nats.Msg) ([]byte, error) {
	in, err := c.openInbox(m.Reply, "", 2*partsAhead)
	if err != nil {
		return nil, err
	}
	defer in.close()
	if err := c.nc.PublishMsg(m); err != nil {
		return nil, err
	}
	reply, _, err := c.collect(ctx, in)
	return reply, err
}

const (
	// ownerAhead is how many requests to the owner of a partition wait, ownerParallel how many are answered at a time.
	ownerAhead    = 256
	ownerParallel = 4
)

// ServePartition answers the requests to the owner of a partition until ctx ends, and then waits for the last handler. When two
// processes serve one partition for a moment, each request comes to one of them. A request that comes while it ends has no answer. It
// returns an error when the connection is closed.
func (c *Conn) ServePartition(ctx context.Context, partition int, handle Handler) error {
	prefix := prefixOwn + strconv.Itoa(partition) + "."
	in, err := c.openInbox(prefix+"*", "owner", ownerAhead)
	if err != nil {
		return fmt.Errorf("serve partition %d: %w", partition, err)
	}
	var running sync.WaitGroup
	defer running.Wait()
	defer in.close()
	slots := make(chan struct{}, ownerParallel)
	for {
		m, err := in.next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("serve partition %d: %w", partition, err)
		}
		var verb [1]string
		if split(prefix, m.Subject, verb[:]) != nil || m.Reply == "" {
			continue // sent by another program, past this package
		}
		slots <- struct{}{} // each ends with its requester's time
		running.Go(func() {
			defer func() { <-slots }()
			c.answer(ctx, verb[0], m, handle)
		})
	}
}

// answer handles one request. A reply that cannot be sent is one that nobody waits for any more.
func (c *Conn) answer(ctx context.Context, verb string, m *nats.Msg, handle Handler) {
	ctx, cancel := context.WithTimeout(ctx, timeoutOf(m.Header))
	defer cancel()
	reply, err := handle(ctx, verb, m.Data)
	if err == nil {
		err = c.respond(ctx, m.Reply, reply, "")
		if !errors.As(err, new(*RemoteError)) {
			return
		}
	}
	_ = c.respondError(m.Reply, remoteError(ctx, err), "") // as above
}
