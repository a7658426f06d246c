package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

func serve(t *testing.T, srv *Server, c *Conn, gateway string, parallel int, h Handler) *Service {
	t.Helper()
	s, err := NewService(c, gateway, parallel, h)
	if err != nil {
		t.Fatal(err)
	}
	start(t, s.Run)
	eventually(t, "service listens", func() bool { return listens(t, srv, gateway) })
	return s
}

// listens says whether the server knows of a subscription to a gateway's commands.
func listens(t *testing.T, srv *Server, gateway string) bool {
	t.Helper()
	subject, err := Cmd(gateway, "read")
	if err != nil {
		t.Fatal(err)
	}
	subs, err := srv.server.Subsz(&server.SubszOptions{Subscriptions: true, Test: subject})
	if err != nil {
		t.Fatal(err)
	}
	return len(subs.Subs) > 0
}

func echo(_ context.Context, verb string, body []byte) ([]byte, error) {
	return append([]byte(verb+":"), body...), nil
}

func TestRequest(t *testing.T) {
	srv, c := newBus(t)
	ctx := testContext(t)
	s := serve(t, srv, connectTo(t, srv), "g 1.*", 0, echo)
	reply, err := c.Request(ctx, "g 1.*", "read me", []byte("body"))
	if err != nil || string(reply) != "read me:body" {
		t.Fatalf("reply %q, %v", reply, err)
	}
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			want := fmt.Sprint("v:", i)
			if reply, err := c.Request(ctx, "g 1.*", "v", []byte(fmt.Sprint(i))); err != nil || string(reply) != want {
				t.Errorf("reply %q, %v; want %q", reply, err, want)
			}
		})
	}
	all.Wait()
	if st := s.Stats(); st.Handled != 21 || st.Failed != 0 || st.Busy != 0 {
		t.Fatalf("stats %+v", st)
	}
	if _, err := c.Request(ctx, "g 1.*", "v", make([]byte, 1<<20)); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("1 MiB: %v, want ErrTooLarge", err)
	}
}

func TestRequestUnknownGateway(t *testing.T) {
	_, c := newBus(t)
	begin := time.Now()
	_, err := c.Request(testContext(t), "nobody", "read", nil)
	var missing *NotConnectedError
	if !errors.As(err, &missing) || missing.Gateway != "nobody" || time.Since(begin) > 5*time.Second {
		t.Fatalf("after %s: %v", time.Since(begin), err)
	}
}

func TestRequestErrors(t *testing.T) {
	srv, c := newBus(t)
	ctx := testContext(t)
	serve(t, srv, c, "g", 0, func(ctx context.Context, verb string, _ []byte) ([]byte, error) {
		switch verb {
		case "own":
			return nil, fmt.Errorf("wrapped: %w", &RemoteError{Code: "404", Text: "no such\r\nnode: ü"})
		case "large":
			return make([]byte, MaxReply+1), nil
		}
		return nil, errors.New("broken")
	})
	f := func(verb, code, text string) {
		t.Helper()
		_, err := c.Request(ctx, "g", verb, nil)
		var remote *RemoteError
		if !errors.As(err, &remote) || remote.Code != code || !strings.Contains(remote.Text, text) {
			t.Fatalf("%s: %v, want %s %q", verb, err, code, text)
		}
	}
	f("own", "404", "no such  node: ü")
	f("large", CodeTooLarge, "ask for less")
	f("other", CodeInternal, "broken")
}

func TestLargeReply(t *testing.T) {
	srv, c := newBus(t)
	ctx := testContext(t)
	for _, size := range []int{0, 1, partBytes, partBytes + 1, partsAhead * partBytes, 10_000_000} {
		want := make([]byte, size)
		for i := range want {
			want[i] = byte(rand.Uint32())
		}
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			gateway := fmt.Sprint("g", size)
			s := serve(t, srv, connectTo(t, srv), gateway, 0, func(context.Context, string, []byte) ([]byte, error) { return want, nil })
			reply, err := c.Request(ctx, gateway, "read", nil)
			if err != nil || !bytes.Equal(reply, want) {
				t.Fatalf("reply of %d bytes, %v", len(reply), err)
			}
			eventually(t, "handled", func() bool { return s.Stats().Handled == 1 })
			if s.Stats().Failed != 0 {
				t.Fatalf("stats %+v", s.Stats())
			}
		})
	}
}

// A gateway does not send on to a requester that is gone.
func TestLargeReplyToNobody(t *testing.T) {
	srv, c := newBus(t)
	s := serve(t, srv, connectTo(t, srv), "g", 0, func(context.Context, string, []byte) ([]byte, error) { return make([]byte, 10_000_000), nil })
	parts := make(chan *nats.Msg, 100)
	sub, err := c.nc.ChanSubscribe("ua.rep.g.x", parts)
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Unsubscribe()
	err = c.nc.PublishMsg(&nats.Msg{Subject: "ua.cmd.g.read", Reply: "ua.rep.g.x", Header: nats.Header{headerTimeout: {"200"}}})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the sender gave up", func() bool { return s.Stats().Failed == 1 })
	// What is there are the parts ahead, and the error of the deadline behind them.
	if len(parts) > partsAhead+1 {
		t.Fatalf("%d parts sent to nobody, at most %d may", len(parts), partsAhead)
	}
}

func TestRequestDeadline(t *testing.T) {
	srv, c := newBus(t)
	cause := make(chan error, 1)
	serve(t, srv, c, "g", 0, func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
		<-ctx.Done()
		cause <- ctx.Err()
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := c.Request(ctx, "g", "read", nil)
	var remote *RemoteError // the gateway may be the first to see the deadline
	if !errors.Is(err, context.DeadlineExceeded) && !(errors.As(err, &remote) && remote.Code == CodeTimeout) {
		t.Fatalf("error %v, want a deadline", err)
	}
	if err := receive(t, cause); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("the handler's context ended with %v", err)
	}
}

func TestServeBusy(t *testing.T) {
	srv, c := newBus(t)
	ctx := testContext(t)
	release := make(chan struct{})
	var running atomic.Int32
	s := serve(t, srv, c, "g", 2, func(context.Context, string, []byte) ([]byte, error) {
		running.Add(1)
		<-release
		return nil, nil
	})
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if _, err := c.Request(ctx, "g", "read", nil); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "both run", func() bool { return running.Load() == 2 })
	_, err := c.Request(ctx, "g", "read", nil)
	var remote *RemoteError
	if !errors.As(err, &remote) || remote.Code != CodeBusy || s.Stats().Busy != 1 {
		t.Errorf("third request: %v, stats %+v; want busy", err, s.Stats())
	}
	close(release)
	all.Wait()
}

// Run waits for its handlers, and ends their contexts.
func TestServeEnds(t *testing.T) {
	srv, c := newBus(t)
	started, ended := make(chan struct{}), make(chan struct{})
	s, err := NewService(c, "g", 0, func(ctx context.Context, _ string, _ []byte) ([]byte, error) {
		close(started)
		<-ctx.Done()
		close(ended)
		return nil, ctx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	stop := start(t, s.Run)
	eventually(t, "service listens", func() bool { return listens(t, srv, "g") })
	request := make(chan error, 1)
	ctx := testContext(t)
	go func() {
		_, err := c.Request(ctx, "g", "read", nil)
		request <- err
	}()
	<-started
	stop()
	select {
	case <-ended:
	default:
		t.Fatal("Run returned before its handler")
	}
	if err := receive(t, request); err == nil {
		t.Fatal("the cut request got no error")
	}
}

func TestLive(t *testing.T) {
	srv, c := newBus(t)
	far := connectTo(t, srv)
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	live, err := c.SubscribeLive(ctx, "g 1", "sub.7")
	if err != nil {
		t.Fatal(err)
	}
	other, err := c.SubscribeLive(ctx, "g 1", "sub.8")
	if err != nil {
		t.Fatal(err)
	}
	send := func(i int) {
		t.Helper()
		if err := far.PublishLive("g 1", "sub.7", []byte(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	send(0)
	if m := receive(t, live.Messages()); string(m) != "0" {
		t.Fatalf("message %q", m)
	}
	// The receiver stands still: the newest stay.
	const n = 1000
	for i := range n {
		send(i)
	}
	eventually(t, "overflow", func() bool { return live.Dropped() == n-liveAhead })
	for i := n - liveAhead; i < n; i++ {
		if m := receive(t, live.Messages()); string(m) != fmt.Sprint(i) {
			t.Fatalf("message %q, want %d", m, i)
		}
	}
	cancel()
	waitClosed(t, live.Messages())
	waitClosed(t, other.Messages())
	if err := far.PublishLive("g", "x", make([]byte, 2<<20)); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("2 MiB: %v, want ErrTooLarge", err)
	}
	send(1) // to nobody
}

func TestLiveEndsWithConnection(t *testing.T) {
	srv, _ := newBus(t)
	c := connectTo(t, srv)
	live, err := c.SubscribeLive(t.Context(), "g", "x")
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	waitClosed(t, live.Messages())
}
