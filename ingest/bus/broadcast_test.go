package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestBroadcastReachesAllAndSendToOne(t *testing.T) {
	s, a := newBus(t)
	b := connectTo(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var all, own []*LiveStream
	for process, c := range map[string]*Conn{"core a.1": a, "core b": b} {
		every, err := c.ListenAll(ctx, "hello")
		if err != nil {
			t.Fatal(err)
		}
		mine, err := c.ListenTo(ctx, process, "w1")
		if err != nil {
			t.Fatal(err)
		}
		if err := c.nc.Flush(); err != nil {
			t.Fatal(err)
		}
		all, own = append(all, every), append(own, mine)
	}
	if err := a.Broadcast("hello", []byte("x")); err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		if got := receive(t, l.Messages()); string(got) != "x" {
			t.Errorf("got %q", got)
		}
	}
	for _, process := range []string{"core a.1", "core b"} {
		if err := b.SendTo(process, "w1", []byte("to one")); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range own {
		if got := receive(t, l.Messages()); string(got) != "to one" {
			t.Errorf("got %q", got)
		}
	}
	if err := a.Broadcast("hello", make([]byte, a.MaxMessage()+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("large message: %v, want ErrTooLarge", err)
	}
	if err := a.SendTo(string(make([]byte, 300)), "w1", nil); !errors.Is(err, ErrName) {
		t.Errorf("long name: %v, want ErrName", err)
	}
	cancel()
	for _, l := range append(all, own...) {
		for range l.Messages() { // ends, because ctx has
			t.Error("a message too much")
		}
	}
}

func TestAskOwner(t *testing.T) {
	s, asker := newBus(t)
	ctx := testContext(t)
	if _, err := asker.AskOwner(ctx, 3, "latest", nil); !errors.Is(err, ErrNoOwner) {
		t.Errorf("without an owner: %v, want ErrNoOwner", err)
	}
	owner := connectTo(t, s)
	large := bytes.Repeat([]byte("0123456789abcdef"), 300<<10) // in parts, and more of them than go ahead
	stop := start(t, func(ctx context.Context) error {
		return owner.ServePartition(ctx, 3, func(ctx context.Context, verb string, body []byte) ([]byte, error) {
			switch verb {
			case "large":
				return large, nil
			case "hang":
				<-ctx.Done()
				return nil, ctx.Err()
			case "fail":
				return nil, &RemoteError{Code: "bad", Text: "no such thing"}
			}
			return fmt.Append(nil, verb, " ", string(body)), nil
		})
	})
	eventually(t, "the owner answers", func() bool {
		reply, err := asker.AskOwner(ctx, 3, "latest", []byte("x"))
		return err == nil && string(reply) == "latest x"
	})
	if reply, err := asker.AskOwner(ctx, 3, "large", nil); err != nil || !bytes.Equal(reply, large) {
		t.Errorf("large reply: %d bytes, %v", len(reply), err)
	}
	var remote *RemoteError
	if _, err := asker.AskOwner(ctx, 3, "fail", nil); !errors.As(err, &remote) || remote.Code != "bad" {
		t.Errorf("error of the handler: %v", err)
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := asker.AskOwner(short, 3, "hang", nil); err == nil {
		t.Error("a hanging owner answered")
	}
	if _, err := asker.AskOwner(ctx, 4, "latest", nil); !errors.Is(err, ErrNoOwner) {
		t.Errorf("another partition: %v, want ErrNoOwner", err)
	}
	stop()
	eventually(t, "the owner is gone", func() bool {
		// A request that reached the owner while it ended has no answer.
		short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		defer cancel()
		_, err := asker.AskOwner(short, 3, "latest", nil)
		return errors.Is(err, ErrNoOwner)
	})
}
