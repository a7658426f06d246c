package opcua

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// peer listens and has serve answer each connection.
func peer(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return "opc.tcp://" + l.Addr().String()
}

// uacpError is an Error message of the transport (Part 6, 7.1.2.5) with a status and no reason.
func uacpError(status model.StatusCode) []byte {
	b := []byte{'E', 'R', 'R', 'F', 16, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}
	b[8], b[9], b[10], b[11] = byte(status), byte(status>>8), byte(status>>16), byte(status>>24)
	return b
}

func TestConnectionReasons(t *testing.T) {
	answer := func(b []byte) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = c.Read(make([]byte, 8)) // of the Hello
			_, _ = c.Write(b)
			_, _ = io.Copy(io.Discard, c)
		}
	}
	unused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	unused.Close()
	for _, c := range []struct {
		want     model.ConnectionReason
		endpoint string
	}{
		{model.ReasonNotReachable, "opc.tcp://" + unused.Addr().String()},
		{model.ReasonHostUnknown, "opc.tcp://no-such-host.invalid:4840"},
		{model.ReasonConnectionClosed, peer(t, func(net.Conn) {})},
		{model.ReasonNotOPCUA, peer(t, answer([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")))},
		{model.ReasonBusy, peer(t, answer(uacpError(model.StatusBadTcpServerTooBusy)))},
		{model.ReasonTooManySessions, peer(t, answer(uacpError(model.StatusBadMaxConnectionsReached)))},
		{model.ReasonEndpointNotOffered, peer(t, answer(uacpError(model.StatusBadTcpEndpointUrlInvalid)))},
		{model.ReasonNoAnswer, peer(t, answer(nil))},
	} {
		t.Run(string(c.want), func(t *testing.T) {
			t.Parallel()
			cfg := config(c.endpoint, &recorder{})
			cfg.RequestTimeout = time.Second
			source := run(t, cfg)
			eventually(t, 20*time.Second, func() bool { s := source.Status(); return s.Reason == c.want && s.Error != "" }, func() string {
				return fmt.Sprintf("%s: %+v", c.want, source.Status())
			})
		})
	}
}

// A connection that stands has no reason; one that is refused says which side refuses what.
func TestConnectionReasonsOfServer(t *testing.T) {
	server := opcuatest.Start(t, opcuatest.Options{NoAnonymous: true})
	secure := config(server.Endpoint(), &recorder{})
	secure.Server.SecurityMode = model.SecuritySignAndEncrypt
	secure.Server.UserName, secure.Password, secure.Identity = "nobody", "wrong", identity(t)
	pinned := secure
	pinned.Server.TrustedThumbprints = []string{Thumbprint(server.CertificateDER())}
	anonymous := pinned
	anonymous.Server.UserName = ""
	user := config(server.Endpoint(), &recorder{})
	user.Server.UserName, user.Password, user.Identity = "nobody", "wrong", identity(t)
	user.Server.TrustedThumbprints = pinned.Server.TrustedThumbprints
	for _, c := range []struct {
		name string
		cfg  Config
		want model.ConnectionReason
	}{
		{"server untrusted", secure, model.ReasonCertificateUntrusted},
		{"gateway untrusted", pinned, model.ReasonCertificateRefused},
		{"wrong password", user, model.ReasonUserRefused},
		{"no user", anonymous, model.ReasonUserRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := run(t, c.cfg)
			eventually(t, 20*time.Second, func() bool { return source.Status().State == model.StateRefused }, func() string { return fmt.Sprintf("%+v", source.Status()) })
			if s := source.Status(); s.Reason != c.want {
				t.Errorf("%s: %s, want %s", s.Reason, s.Error, c.want)
			}
		})
	}
}
