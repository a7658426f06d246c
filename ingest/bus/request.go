package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	// defaultTimeout is how long a request waits when its caller set no deadline, and maxTimeout the most a handler gets.
	defaultTimeout = 30 * time.Second
	maxTimeout     = 10 * time.Minute
	// partBytes is the size of the parts of a large reply.
	partBytes = 256 << 10
	// partsAhead is how many parts go out before the first must have been taken: 2 MiB, enough for a fast link, and all
	// that a slow one can be clogged with.
	partsAhead = 8
	// MaxReply is the largest reply, in bytes.
	MaxReply = 64 << 20
)

// Headers of requests and replies. The two of errors are those of NATS services (ADR-32).
const (
	headerTimeout   = "Timeout" // what is left of the requester's time, in milliseconds
	headerPart      = "Part"    // number of a part, from 1
	headerLast      = "Last"    // on the last part only
	headerNote      = "Note"    // what the handler says beside its answer, see SetNote; on the first part only
	headerErrorCode = "Nats-Service-Error-Code"
	headerErrorText = "Nats-Service-Error"
)

// Request sends a command to a gateway and returns its reply, which may be as large as MaxReply. The gateway's handler gets
// the time that ctx has left; without a deadline that is 30 s. The errors are a NotConnectedError at once when nobody serves
// the gateway, the RemoteError of the handler, or that of ctx.
func (c *Conn) Request(ctx context.Context, gateway, verb string, body []byte) ([]byte, error) {
	reply, _, err := c.RequestNoted(ctx, gateway, verb, body)
	return reply, err
}

// RequestNoted is Request, and returns the note that the handler made with SetNote, also with an error. It is empty from a gateway of a version that
// makes none.
func (c *Conn) RequestNoted(ctx context.Context, gateway, verb string, body []byte) (reply []byte, note string, err error) {
	subject, err := Cmd(gateway, verb)
	if err != nil {
		return nil, "", err
	}
	if limit := c.MaxMessage(); len(body) > limit {
		return nil, "", fmt.Errorf("request %s of gateway %q with %d bytes: %w: at most %d: ask for less at once", verb, gateway, len(body), ErrTooLarge, limit)
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, defaultTimeout)
		defer cancel()
	}
	reply, note, err = c.request(ctx, gateway, subject, body)
	if errors.Is(err, nats.ErrNoResponders) {
		err = &NotConnectedError{Gateway: gateway}
	}
	if err != nil {
		return nil, note, fmt.Errorf("request %s of gateway %q: %w", verb, gateway, err)
	}
	return reply, note, nil
}

func (c *Conn) request(ctx context.Context, gateway, subject string, body []byte) (reply []byte, note string, err error) {
	replyTo, err := Rep(gateway, newID())
	if err != nil {
		return nil, "", err
	}
	in, err := c.openInbox(replyTo, "", 2*partsAhead)
	if err != nil {
		return nil, "", err
	}
	defer in.close()
	deadline, _ := ctx.Deadline()
	err = c.nc.PublishMsg(&nats.Msg{Subject: subject, Reply: replyTo, Data: body, Header: nats.Header{
		headerTimeout: {strconv.FormatInt(max(time.Until(deadline).Milliseconds(), 1), 10)},
	}})
	if err != nil {
		return nil, "", err
	}
	return c.collect(ctx, in)
}

// collect puts the parts of a reply together, with the note on the first, and lets the gateway send on with each it took.
func (c *Conn) collect(ctx context.Context, in *inbox) (reply []byte, note string, err error) {
	for part := 1; ; part++ {
		m, err := in.next(ctx)
		if err != nil {
			return nil, note, err
		}
		if part == 1 {
			note = m.Header.Get(headerNote)
		}
		if code := m.Header.Get(headerErrorCode); code != "" {
			return nil, note, &RemoteError{Code: code, Text: m.Header.Get(headerErrorText)}
		}
		number := m.Header.Get(headerPart)
		if number == "" {
			return m.Data, note, nil
		}
		if number != strconv.Itoa(part) {
			return nil, note, fmt.Errorf("part %s of the reply came where part %d was due: a part was lost on the link", number, part)
		}
		if len(reply)+len(m.Data) > MaxReply {
			return nil, note, fmt.Errorf("reply: %w: at most %d bytes: ask for less at once", ErrTooLarge, MaxReply)
		}
		reply = append(reply, m.Data...)
		if m.Header.Get(headerLast) != "" {
			return reply, note, nil
		}
		// Only to where answers are waited for: the gateway chose the subject, and this is sent with the core's rights.
		if strings.HasPrefix(m.Reply, nats.InboxPrefix) {
			if err := c.nc.Publish(m.Reply, nil); err != nil {
				return nil, note, err
			}
		}
	}
}

// newID returns a token that is unique everywhere.
func newID() string { return nats.NewInbox()[len(nats.InboxPrefix):] }
