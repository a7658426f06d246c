//go:build unix

package opcuatest

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	defaultVars           = 20
	defaultPeriod         = 100 * time.Millisecond
	defaultLimit          = 1000
	defaultApplicationURI = "urn:shopfloor:plant"

	startTimeout = time.Minute // takes 1 to 2 s on an idle machine
	stopTimeout  = 15 * time.Second
	killTimeout  = 5 * time.Second
	trustTimeout = 15 * time.Second

	// Free ports are taken from below those that the system gives to outgoing connections, so that none of these takes the port of a server
	// that is down for a moment.
	firstPort, ports, portAttempts = 20_000, 10_000, 20
)

// Options of a server. The zero value is a good default.
type Options struct {
	Vars           int           // number of counting variables; 0 = 20
	Period         time.Duration // between two counts, whole milliseconds; 0 = 100 ms, negative = they stand still
	Continuing     bool          // the counters go on over a restart as if the server had not been away; else they begin at 0 again
	NoAnonymous    bool          // anonymous sessions are refused with BadIdentityTokenInvalid
	Limit          int           // operation limit: nodes in one Read, Write, Browse, CreateMonitoredItems; 0 = 1000, negative = none
	AutoAccept     bool          // unknown client certificates are trusted; else refused until Trust
	Port           int           // TCP port; 0 = a free one, kept over restarts
	ApplicationURI string        // ApplicationUri and URI of namespace 1; "" = urn:shopfloor:plant
	Env            []string      // further settings of peer/settings.js, "COMPANION=di,ia,machinery"; they win over the fields
}

// Server is an OPC UA server in a process of its own. Its methods end the test when something goes wrong; call them from the test's
// goroutine only.
type Server struct {
	t           testing.TB
	env         []string
	dir         string
	command     []string // what runs in dir
	pki         string
	port        int
	certificate []byte
	log         output
	process     *process
	trusted     chan struct{} // the process has carried out a trust command
	down        bool          // ended by us
}

// Start installs the node-opcua server when necessary, starts it and returns when clients can connect. It ends with the test; when the test fails, or
// the server ended by itself (which fails the test), the last 64 KiB of its output are in the test's log.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	Install(t)
	return launch(t, o, peerDir(t), "node", "server.js")
}

// launch starts the server that command is, in dir.
func launch(t testing.TB, o Options, dir string, command ...string) *Server {
	t.Helper()
	if o.ApplicationURI == "" {
		o.ApplicationURI = defaultApplicationURI
	}
	s := &Server{t: t, dir: dir, command: command, pki: t.TempDir(), port: o.Port, down: true}
	s.env = append(s.settings(o), o.Env...)
	certificate, err := writePKI(s.pki, o.ApplicationURI)
	if err != nil {
		t.Fatalf("make the test server's certificate: %v", err)
	}
	s.certificate = certificate
	t.Cleanup(s.cleanup)
	if o.Port != 0 {
		err = s.start()
	} else {
		err = s.startOnFreePort()
	}
	if err != nil {
		t.Fatalf("start the OPC UA test server: %v", err)
	}
	return s
}

// settings are the environment of peer/settings.js. Nothing of the test's own environment goes in but what node needs.
func (s *Server) settings(o Options) []string {
	vars, period, limit := o.Vars, o.Period, o.Limit
	if vars == 0 {
		vars = defaultVars
	}
	if period == 0 {
		period = defaultPeriod
	}
	if limit == 0 {
		limit = defaultLimit
	}
	counter := "start"
	if o.Continuing {
		counter = "clock"
	}
	return []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + s.pki, // where node-opcua keeps a store of its own
		"PKI=" + s.pki,
		"APPLICATION_URI=" + o.ApplicationURI,
		"VARS=" + strconv.Itoa(vars),
		"PERIOD_MS=" + strconv.FormatInt(max(period, 0).Milliseconds(), 10),
		"COUNTER=" + counter,
		"ANONYMOUS=" + flag(!o.NoAnonymous),
		"AUTO_ACCEPT=" + flag(o.AutoAccept),
		"LIMIT=" + strconv.Itoa(max(limit, 0)),
	}
}

func flag(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

// Addr is host:port, for NewProxy.
func (s *Server) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// Endpoint is the URL to connect to.
func (s *Server) Endpoint() string { return "opc.tcp://" + s.Addr() + "/plant" }

// PKIDir is the folder of the certificate stores "server" (application instances) and "user", each with trusted/certs, rejected and so on.
func (s *Server) PKIDir() string { return s.pki }

// CertificateDER is the server's application instance certificate. Each Server has its own, kept over restarts.
func (s *Server) CertificateDER() []byte { return s.certificate }

// Trust puts a client's application instance certificate into the trust list of the server, which must be running. It holds at once and
// over restarts, also for a certificate that was refused before.
func (s *Server) Trust(certificateDER []byte) {
	s.t.Helper()
	if _, err := fmt.Fprintf(s.process.stdin, "trust %s\n", base64.StdEncoding.EncodeToString(certificateDER)); err != nil {
		s.t.Fatalf("trust a client: %v", err)
	}
	timer := time.NewTimer(trustTimeout)
	defer timer.Stop()
	select {
	case <-s.trusted:
	case <-s.process.exited:
		s.t.Fatalf("trust a client: the OPC UA test server has ended: %v", s.process.err)
	case <-timer.C:
		s.t.Fatalf("trust a client: no answer from the OPC UA test server within %v", trustTimeout)
	}
}

// Kill ends the server at once with SIGKILL, as a power cut does, and returns when it is gone.
func (s *Server) Kill() {
	s.down = true
	s.process.end(syscall.SIGKILL, killTimeout)
}

// Suspend stops the server's process (SIGSTOP) without an end of its connections, as a machine that hangs does, until Resume.
func (s *Server) Suspend() {
	s.t.Helper()
	if err := s.process.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		s.t.Fatalf("suspend the OPC UA test server: %v", err)
	}
}

// Resume has it go on.
func (s *Server) Resume() {
	s.t.Helper()
	if err := s.process.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		s.t.Fatalf("resume the OPC UA test server: %v", err)
	}
}

// Stop ends the server in order, which closes its sessions, and returns when it is gone.
func (s *Server) Stop() {
	s.t.Helper()
	s.down = true
	if !s.process.end(syscall.SIGTERM, stopTimeout) {
		s.t.Errorf("the OPC UA test server did not stop within %v of SIGTERM and was killed", stopTimeout)
	}
}

// Restart starts the server again on the same port with the same certificates; a running one is stopped first. env is added to its settings
// for good, as "MISSING=1" for a V0 that is gone.
func (s *Server) Restart(env ...string) {
	s.t.Helper()
	if !s.down {
		s.Stop()
	}
	s.env = append(s.env, env...)
	if err := s.start(); err != nil {
		s.t.Fatalf("restart the OPC UA test server: %v", err)
	}
}

func (s *Server) startOnFreePort() error {
	var err error
	for range portAttempts {
		s.port = firstPort + rand.IntN(ports)
		listener, listenErr := net.Listen("tcp", s.Addr())
		if listenErr != nil {
			err = listenErr
			continue
		}
		listener.Close()
		err = s.start()
		if err == nil {
			return nil
		}
		if out, _ := s.log.text(); !strings.Contains(strings.ToLower(out), "address already in use") { // else somebody was faster
			return err
		}
	}
	return err
}

// start runs the process and waits until it says that it is ready.
func (s *Server) start() error {
	ready, trusted := make(chan struct{}, 1), make(chan struct{}, 1)
	stdout := &lineWriter{line: func(line string) {
		fmt.Fprintln(&s.log, line)
		switch {
		case line == "TRUSTED":
			trusted <- struct{}{} // one command at a time: never blocks
		case strings.HasPrefix(line, "READY "):
			ready <- struct{}{}
		}
	}}
	cmd := exec.Command(s.command[0], s.command[1:]...)
	cmd.Dir = s.dir
	cmd.Env = append(s.env, "PORT="+strconv.Itoa(s.port))
	process, err := startProcess(cmd, stdout, &s.log)
	if err != nil {
		return err
	}
	s.process, s.trusted = process, trusted

	timer := time.NewTimer(startTimeout)
	defer timer.Stop()
	select {
	case <-ready:
		s.down = false
		return nil
	case <-process.exited:
		return fmt.Errorf("it ended before it was ready: %w", process.err)
	case <-timer.C:
		process.end(syscall.SIGKILL, killTimeout)
		return fmt.Errorf("not ready within %v", startTimeout)
	}
}

func (s *Server) cleanup() {
	if s.process != nil {
		if !s.down && !s.process.running() {
			s.t.Errorf("the OPC UA test server ended by itself: %v", s.process.err)
		}
		s.process.end(syscall.SIGKILL, killTimeout)
	}
	if s.t.Failed() {
		tail, dropped := s.log.text()
		s.t.Logf("output of the OPC UA test server (%d bytes before it dropped):\n%s", dropped, tail)
	}
}
