package opcua

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// refusedError says that the server or we do not want the connection. Trying again soon is of no use.
type refusedError struct {
	reason model.ConnectionReason
	text   string
}

func (e *refusedError) Error() string { return e.text }

func refuse(reason model.ConnectionReason, format string, args ...any) error {
	return &refusedError{reason, fmt.Sprintf(format, args...)}
}

func isRefused(err error) bool {
	var r *refusedError
	return errors.As(err, &r)
}

// explain turns an error of connecting into one that an operator understands.
func explain(err error, cfg *Config) error {
	if isRefused(err) {
		return err
	}
	var dns *net.DNSError
	var op *net.OpError
	url := cfg.Server.EndpointURL
	if errors.As(err, &op) && !errors.As(err, &dns) {
		err = fmt.Errorf("%s: %w", op.Op, op.Err) // without our port, which is another each time
	}
	switch {
	case errors.As(err, &dns):
		return fmt.Errorf("the host of %s is not known: check the address and the gateway's name server: %w", url, err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("nothing listens at %s: check that the server runs, its port and the firewalls: %w", url, err)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, model.StatusBadTimeout):
		return fmt.Errorf("no answer from %s: check the address and the network: %w", url, err)
	}
	return fmt.Errorf("connect to %s: %w", url, err)
}

// explainOpen does the same for opening a secure channel, where servers that do not trust us say so or just close the connection.
func explainOpen(err error, cfg *Config) error {
	switch statusOf(err, 0) {
	case model.StatusBadSecurityChecksFailed, model.StatusBadCertificateUntrusted, model.StatusBadCertificateInvalid, model.StatusBadCertificateUriInvalid,
		model.StatusBadCertificateTimeInvalid, model.StatusBadCertificateUseNotAllowed, model.StatusBadCertificateChainIncomplete:
		return refuse(model.ReasonCertificateRefused, "the server refuses the gateway's certificate (%v): trust the certificate %s (SHA-1 thumbprint %s) at the server",
			err, cfg.Identity.path, Thumbprint(cfg.Identity.certificate))
	case model.StatusBadConnectionClosed:
		return fmt.Errorf("%w; it may not trust the gateway's certificate %s (SHA-1 thumbprint %s)", err, cfg.Identity.path, Thumbprint(cfg.Identity.certificate))
	}
	return err
}

// status is the state of a Source's connections.
type status struct {
	mu    sync.Mutex
	links []linkStatus
	shown model.ServerStatus
	// changed is closed and replaced when shown changes its state or its fault.
	changed chan struct{}
}

type linkStatus struct {
	state  model.ConnectionState
	reason model.ConnectionReason
	err    string
}

// The first links of a Source; the others are further ones for publishing.
const (
	linkPublishing = iota
	linkRequests
)

func newStatus(server string) *status {
	s := &status{links: make([]linkStatus, 2), shown: model.ServerStatus{Server: server, State: model.StateConnecting, Since: time.Now()}, changed: make(chan struct{})}
	for i := range s.links {
		s.links[i].state = model.StateConnecting
	}
	return s
}

// add makes room for one more link.
func (s *status) add() (link int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.links = append(s.links, linkStatus{state: model.StateConnecting})
	return len(s.links) - 1
}

// severity orders the states: the worst of the connections is shown.
func severity(s model.ConnectionState) int {
	switch s {
	case model.StateConnected:
		return 0
	case model.StateConnecting:
		return 1
	case model.StateReconnecting:
		return 2
	}
	return 3
}

// down notes that a link has no connection, and tells whether that is news.
func (s *status) down(link int, err error) (news bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &s.links[link]
	before := *l
	switch {
	case isRefused(err):
		l.state = model.StateRefused
	case l.state != model.StateConnecting:
		l.state = model.StateReconnecting
	}
	l.reason, l.err = reasonOf(err), err.Error()
	s.show()
	return *l != before
}

// up notes that a link is connected.
func (s *status) up(link int, ses *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.links[link] = linkStatus{state: model.StateConnected}
	s.seen(ses.endpoint)
	s.shown.SecurityMode, s.shown.SecurityPolicy = ses.endpoint.modelMode(), ses.endpoint.policy()
	s.show()
}

// connected tells whether a link has its connection.
func (s *status) connected(link int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.links[link].state == model.StateConnected
}

// offered notes what a server shows of itself before it is trusted.
func (s *status) offered(ep *endpoint) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen(ep)
}

func (s *status) seen(ep *endpoint) {
	s.shown.ApplicationURI, s.shown.ProductURI = ep.server.ApplicationURI, ep.server.ProductURI
	if len(ep.certificate) > 0 {
		s.shown.Thumbprint = Thumbprint(ep.certificate)
	}
}

func (s *status) show() {
	worst := s.links[0]
	for _, l := range s.links[1:] {
		if severity(l.state) > severity(worst.state) {
			worst = l
		}
	}
	before := s.shown
	s.shown.Reason, s.shown.Error = worst.reason, worst.err
	if s.shown.State != worst.state {
		s.shown.State, s.shown.Since = worst.state, time.Now()
	}
	if before.State != s.shown.State || before.Error != s.shown.Error {
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

// follow returns the state now, and what is closed when it is another.
func (s *status) follow() (model.ServerStatus, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown, s.changed
}

func (s *status) get() model.ServerStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shown
}
