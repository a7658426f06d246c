package bus

import (
	"net"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
)

// freezer dials connections that can stand still without being closed, as behind a router that died.
type freezer struct {
	mu  sync.RWMutex // held for writing while frozen
	net net.Dialer
}

func (f *freezer) Dial(network, address string) (net.Conn, error) {
	c, err := f.net.Dial(network, address)
	if err != nil {
		return nil, err
	}
	return frozenConn{Conn: c, freezer: f}, nil
}

type frozenConn struct {
	net.Conn
	freezer *freezer
}

func (c frozenConn) wait() {
	c.freezer.mu.RLock()
	c.freezer.mu.RUnlock() //nolint:staticcheck // waits until nothing is frozen
}

func (c frozenConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.wait()
	return n, err
}

func (c frozenConn) Write(b []byte) (int, error) {
	c.wait()
	return c.Conn.Write(b)
}

// connectFrozen connects over a link that freeze stops and the result of freeze lets go on.
func connectFrozen(t *testing.T, s *Server) (c *Conn, freeze func() (thaw func())) {
	t.Helper()
	f := &freezer{}
	c, err := connect(s.URL(), t.Name(), s.password, &counters{}, zerolog.Nop(), nats.SetCustomDialer(f))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, func() func() {
		f.mu.Lock()
		thaw := sync.OnceFunc(f.mu.Unlock)
		t.Cleanup(thaw)
		return thaw
	}
}
