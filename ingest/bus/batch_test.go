package bus

import (
	"errors"
	"testing"

	"github.com/nats-io/nats.go"
)

func TestBatchStored(t *testing.T) {
	b := newBatch("_INBOX.x", "id")
	if s := b.next(); s != "_INBOX.x.id.1.fail.1.0.$FI" {
		t.Fatalf("first reply subject %s", s)
	}
	subject := b.next()
	if subject != "_INBOX.x.id.1.fail.2.1.$FI" {
		t.Fatalf("second reply subject %s", subject)
	}
	f := func(m nats.Msg, upTo uint64, duplicate bool, want error) {
		t.Helper()
		if m.Subject == "" {
			m.Subject = subject
		}
		n, d, err := b.stored(&m)
		if n != upTo || d != duplicate || !errors.Is(err, want) {
			t.Fatalf("%s: %d %v %v; want %d %v %v", m.Data, n, d, err, upTo, duplicate, want)
		}
	}
	f(nats.Msg{Data: []byte(`{"type":"ack","seq":0,"msgs":1}`)}, 0, false, nil)
	f(nats.Msg{Data: []byte(`{"type":"ack","seq":7,"msgs":1}`)}, 7, false, nil)
	f(nats.Msg{Data: []byte(`{"type":"gap","last_seq":3,"seq":5}`)}, 0, false, errBatchEnded)
	f(nats.Msg{Data: []byte(`{"stream":"S","seq":90,"batch":"id","count":4}`)}, 4, false, errBatchEnded)
	f(nats.Msg{Data: []byte(`{"stream":"S","seq":90,"duplicate":true,"batch":"id","count":1}`)}, 1, true, errBatchEnded)
	f(nats.Msg{Data: []byte(`{"stream":"S","seq":90}`)}, 0, false, errNoBatch)
	f(nats.Msg{Header: nats.Header{"Status": {"503"}}}, 0, false, errNoStream)
	f(nats.Msg{Subject: "_INBOX.x.old.1.fail.9.1.$FI", Data: []byte(`{"type":"ack","seq":9}`)}, 0, false, nil)
	_, _, err := b.stored(&nats.Msg{Subject: subject, Data: []byte(`{"type":"err","seq":2,"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"}}`)})
	if !isFull(err) {
		t.Fatalf("error %v, want a full stream", err)
	}
	_, _, err = b.stored(&nats.Msg{Subject: subject, Data: []byte(`{"error":{"code":400,"err_code":10201,"description":"unknown"},"stream":"S"}`)})
	if err == nil || isFull(err) {
		t.Fatalf("error %v, want another one", err)
	}
}

func FuzzBatchStored(f *testing.F) {
	f.Add([]byte(`{"type":"ack","seq":7,"msgs":1}`))
	f.Add([]byte(`{"error":{"err_code":10077}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b := newBatch("_INBOX.x", "id")
		if n, _, err := b.stored(&nats.Msg{Subject: b.next(), Data: data}); n == 0 && err == nil {
			// Says nothing: only a BatchFlowAck of sequence 0 may.
			if a, err := parseAck(&nats.Msg{Data: data}); err != nil || a.Type != "ack" {
				t.Fatalf("%q was taken for nothing", data)
			}
		}
	})
}
