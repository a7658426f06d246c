package graphws

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// operation is one of a connection.
type operation struct {
	*connection
	id   string
	next []byte             // what stands before the payload of a response
	stop context.CancelFunc // once it runs
}

// subscribe begins an operation; false when the connection is to end.
func (c *connection) subscribe(m *message) bool {
	c.mu.Lock()
	acked, again, running := c.acked, c.operating[m.ID] != nil, len(c.operating)
	c.mu.Unlock()
	switch {
	case !acked:
		return c.refuse(closeUnauthorized, "unauthorized")
	case m.ID == "" || len(m.Payload) == 0:
		return c.refuse(closeBadRequest, "invalid message received")
	case again:
		return c.refuse(closeDuplicate, closeReason("subscriber for ", m.ID, " already exists"))
	}
	id, err := json.Marshal(m.ID)
	if err != nil { // strings always have a JSON form
		panic(err)
	}
	o := &operation{connection: c, id: m.ID, next: fmt.Appendf(nil, `{"id":%s,"type":"next","payload":`, id)}
	start := graphql.Now()
	params := &graphql.RawParams{}
	payload := json.NewDecoder(bytes.NewReader(m.Payload))
	payload.UseNumber() // 64-bit integers in variables stay exact
	if err := payload.Decode(params); err != nil {
		return c.refuse(closeBadRequest, "invalid message received")
	}
	if running >= c.transport.MaxOperations {
		err := gqlerror.Errorf("%d operations are running on this connection, which is the limit; end some, or open another connection", running)
		err.Extensions = map[string]any{"code": "UNAVAILABLE"}
		return o.fail(gqlerror.List{err})
	}
	params.ReadTime, params.Headers = graphql.TraceTiming{Start: start, End: graphql.Now()}, c.headers
	return o.start(params)
}

// closeReason is a reason for a close frame, which has room for 123 bytes.
func closeReason(before, id, after string) string {
	if len(before)+len(id)+len(after) > 123 {
		return before + "this id" + after
	}
	return before + id + after
}

// start validates the operation and runs it.
func (o *operation) start(params *graphql.RawParams) bool {
	ctx := graphql.StartOperationTrace(o.ctx)
	op, errs := o.exec.CreateOperationContext(ctx, params)
	if errs != nil {
		return o.fail(o.exec.DispatchError(graphql.WithOperationContext(ctx, op), errs).Errors)
	}
	ctx, o.stop = context.WithCancel(graphql.WithOperationContext(ctx, op))
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closing {
		o.stop()
		return false
	}
	o.operating[o.id] = o
	o.group.Go(func() {
		defer o.stop()
		o.run(ctx, op)
	})
	return true
}

// run sends the responses, then that there are no more unless the client does not want to know.
func (o *operation) run(ctx context.Context, op *graphql.OperationContext) {
	defer func() {
		if r := recover(); r != nil {
			err := op.Recover(ctx, r)
			var shown *gqlerror.Error
			if !errors.As(err, &shown) {
				shown = gqlerror.Wrap(err)
			}
			if o.end() {
				o.fail(gqlerror.List{shown})
			}
		}
	}()
	responses, ctx := o.exec.DispatchOperation(ctx, op)
	for r := responses(ctx); r != nil && o.running(); r = responses(ctx) {
		if !o.respond(r) {
			break
		}
	}
	if o.end() {
		o.complete()
	}
}

// running is false when the client has ended the operation: what it gets under its id from now on is of another.
func (o *operation) running() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.operating[o.id] == o
}

// end takes the operation from those that run; false when the client ended it, or the connection did.
func (o *operation) end() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.operating[o.id] != o {
		return false
	}
	delete(o.operating, o.id)
	return !o.closing && o.request.Err() == nil // else the connection ends, which is not the end of what was asked for
}

// buffers are for messages. Large ones are not kept.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const maxKeptBuffer = 256 << 10

// respond sends a response. Its data is JSON already.
func (o *operation) respond(r *graphql.Response) bool {
	buf := buffers.Get().(*[]byte)
	*buf = appendResponse(append((*buf)[:0], o.next...), r)
	*buf = append(*buf, '}')
	ok := o.send(*buf)
	if cap(*buf) <= maxKeptBuffer {
		buffers.Put(buf)
	}
	return ok
}

func appendResponse(dst []byte, r *graphql.Response) []byte {
	if len(r.Errors) == 0 && len(r.Extensions) == 0 && r.HasNext == nil && r.Label == "" && len(r.Path) == 0 && len(r.Data) > 0 {
		return append(append(append(dst, `{"data":`...), r.Data...), '}')
	}
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // told as an error of the operation
	}
	return append(dst, text...)
}

// fail sends that the operation does not run, or ended with an error.
func (o *operation) fail(errs gqlerror.List) bool {
	text, err := json.Marshal(struct {
		ID      string        `json:"id"`
		Type    string        `json:"type"`
		Payload gqlerror.List `json:"payload"`
	}{o.id, "error", errs})
	if err != nil {
		panic(err)
	}
	return o.send(text)
}

func (o *operation) complete() {
	id, err := json.Marshal(o.id)
	if err != nil { // strings always have a JSON form
		panic(err)
	}
	o.send(fmt.Appendf(nil, `{"id":%s,"type":"complete"}`, id))
}
