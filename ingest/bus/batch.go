package bus

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

var (
	errAckTimeout = errors.New("no acknowledgement in time")
	errBatchEnded = errors.New("batch was ended by the server")
	errNoBatch    = errors.New("server knows no fast batch publish (nats-server 2.14 or later with allow_batched is needed)")
	errNoStream   = errors.New("no stream takes the subject, or the link is down")
)

// batch is one "fast batch" of JetStream (nats-server 2.14, ADR-50): a train of messages numbered in the reply subject
// ("<inbox>.<batch>.<flow>.<gap mode>.<number>.<operation>.$FI"). With gap mode "fail" the server stores a message only
// when it stored the one before; at the first refusal, or a gap, it ends the batch and takes nothing more of it. That makes
// many messages in flight safe for the order. With plain publishes the one behind a refused one may still be stored.
//
// The server forgets a batch 10 s after its last message. That loses nothing: what it stored stays, and a new batch begins.
type batch struct {
	prefix string // of the reply subjects
	number uint64 // messages sent
	sent   time.Time
}

const (
	batchStart  = ".0.$FI"
	batchAppend = ".1.$FI"
	// batchIdle is after how long without messages a new batch is begun, well before the server forgets the old one.
	batchIdle = 4 * time.Second
)

// newBatch names a batch. Flow 1 asks for an acknowledgement of each message: they also open the window for the next frames.
func newBatch(inbox, id string) *batch {
	return &batch{prefix: inbox + "." + id + ".1.fail."}
}

// next returns the reply subject of the next message.
func (b *batch) next() string {
	op := batchAppend
	if b.number == 0 {
		op = batchStart
	}
	b.number++
	b.sent = time.Now()
	return b.prefix + strconv.FormatUint(b.number, 10) + op
}

// ack is any answer of the server to a published message: a BatchFlowAck, -Gap or -Err if Type is set, else a PubAck.
type ack struct {
	Type      string    `json:"type"`
	Sequence  uint64    `json:"seq"`
	Error     *ackError `json:"error"`
	Duplicate bool      `json:"duplicate"`
	Count     uint64    `json:"count"`
}

type ackError struct {
	Code        int    `json:"err_code"`
	Description string `json:"description"`
}

const (
	// codeStoreFailed is JetStream's refusal of a full stream ("maximum bytes exceeded").
	codeStoreFailed = 10077
	// codeTooLarge is its refusal of a message above the stream's bound of one.
	codeTooLarge = 10054
)

func (e *ackError) Error() string { return fmt.Sprintf("%s (err_code %d)", e.Description, e.Code) }

// isFull says whether err is the refusal of a full stream.
func isFull(err error) bool {
	var e *ackError
	return errors.As(err, &e) && e.Code == codeStoreFailed
}

func isTooLarge(err error) bool {
	var e *ackError
	return errors.As(err, &e) && e.Code == codeTooLarge
}

func parseAck(m *nats.Msg) (ack, error) {
	var a ack
	if len(m.Data) == 0 && m.Header.Get("Status") == statusNoResponders {
		return a, errNoStream
	}
	if err := json.Unmarshal(m.Data, &a); err != nil {
		return a, fmt.Errorf("read acknowledgement: %w", err)
	}
	if a.Error != nil {
		return a, a.Error
	}
	return a, nil
}

// stored reads an answer that came for this batch and returns up to which message of it all are stored. An error means
// that the batch is over. Answers of an older batch say nothing.
func (b *batch) stored(m *nats.Msg) (upTo uint64, duplicate bool, err error) {
	if !strings.HasPrefix(m.Subject, b.prefix) {
		return 0, false, nil
	}
	a, err := parseAck(m)
	switch {
	case err != nil:
		return 0, false, err
	case a.Type == "ack":
		return a.Sequence, false, nil
	case a.Type != "":
		return 0, false, errBatchEnded
	case a.Count == 0:
		// Not an end of a batch, so the stream took it for a plain message; or a batch ended before its first message.
		return 0, false, errNoBatch
	}
	return a.Count, a.Duplicate, errBatchEnded
}
