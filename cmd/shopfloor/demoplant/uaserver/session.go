package uaserver

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/gopcua/opcua/ua"
)

// session is one client session (Part 4, 5.7). It outlives its connection until it times out.
type session struct {
	id, token *ua.NodeID
	timeout   time.Duration
	ctx       context.Context // ends with the session; the subscriptions run under it
	cancel    context.CancelFunc

	mu            sync.Mutex // guards all below, and the subscriptions with their items
	conn          *conn      // the channel the session was activated on
	activated     bool
	nonce         []byte
	certificate   []byte
	lastUse       time.Time
	browsePoints  map[string]browsePoint
	nextPoint     uint64
	subscriptions map[uint32]*subscription
	publishes     []publishRequest // waiting for notifications, oldest first
}

// sessions is the table of all sessions, by authentication token.
type sessions struct {
	mu    sync.Mutex
	table map[string]*session
}

func (t *sessions) add(s *session) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.table) >= maxSessions {
		return false
	}
	t.table[s.token.String()] = s
	return true
}

func (t *sessions) get(token *ua.NodeID) *session {
	t.mu.Lock()
	defer t.mu.Unlock()
	if token == nil {
		return nil
	}
	return t.table[token.String()]
}

// list returns all sessions.
func (t *sessions) list() []*session {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Values(t.table))
}

// remove ends a session with everything that belongs to it.
func (t *sessions) remove(s *session) {
	t.mu.Lock()
	delete(t.table, s.token.String())
	t.mu.Unlock()
	s.cancel()
}

// expire ends the sessions nobody used within their timeout.
func (t *sessions) expire(now time.Time) {
	t.mu.Lock()
	var old []*session
	for _, s := range t.table {
		s.mu.Lock()
		if now.Sub(s.lastUse) > s.timeout {
			old = append(old, s)
		}
		s.mu.Unlock()
	}
	t.mu.Unlock()
	for _, s := range old {
		t.remove(s)
	}
}

// detach drops the Publish requests of a connection that is gone.
func (t *sessions) detach(c *conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.table {
		s.mu.Lock()
		if s.conn == c {
			s.conn = nil
			s.publishes = nil
		}
		s.mu.Unlock()
	}
}

// use returns the activated session of a request that came over c (Part 4, 5.7.2.1).
func (t *sessions) use(c *conn, token *ua.NodeID, now time.Time) (*session, ua.StatusCode) {
	s := t.get(token)
	if s == nil {
		return nil, ua.StatusBadSessionIDInvalid
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.activated:
		return nil, ua.StatusBadSessionNotActivated
	case s.conn != c:
		return nil, ua.StatusBadSecureChannelIDInvalid
	}
	s.lastUse = now
	return s, ua.StatusOK
}

// createSession implements CreateSession (Part 4, 5.7.2).
func (s *Server) createSession(c *conn, req *ua.CreateSessionRequest) (ua.Response, ua.StatusCode) {
	if !s.offers(c.channel.SecurityPolicyURI, c.channel.SecurityMode) {
		return nil, ua.StatusBadSecurityPolicyRejected
	}
	if c.channel.SecurityMode != ua.MessageSecurityModeNone && subtle.ConstantTimeCompare(req.ClientCertificate, c.channel.RemoteCertificate) != 1 {
		return nil, ua.StatusBadCertificateInvalid
	}
	signature, algorithm, err := c.sc.NewSessionSignature(req.ClientCertificate, req.ClientNonce)
	if err != nil {
		return nil, ua.StatusBadCertificateInvalid
	}
	timeout := time.Duration(max(0, min(req.RequestedSessionTimeout, 1e12)) * float64(time.Millisecond))
	ctx, cancel := context.WithCancel(s.ctx)
	sess := &session{
		id: ua.NewGUIDNodeID(1, uuid.NewString()), token: ua.NewByteStringNodeID(0, random(32)),
		timeout: min(max(timeout, minTimeout), maxTimeout), ctx: ctx, cancel: cancel,
		conn: c, nonce: random(32), certificate: req.ClientCertificate, lastUse: time.Now(),
		browsePoints: make(map[string]browsePoint), subscriptions: make(map[uint32]*subscription),
	}
	if !s.sessions.add(sess) {
		cancel()
		return nil, ua.StatusBadTooManySessions
	}
	return &ua.CreateSessionResponse{
		ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), SessionID: sess.id, AuthenticationToken: sess.token,
		RevisedSessionTimeout: float64(sess.timeout / time.Millisecond), ServerNonce: sess.nonce, ServerCertificate: s.cfg.Certificate,
		ServerEndpoints: s.endpoints(req.EndpointURL), ServerSignature: &ua.SignatureData{Algorithm: algorithm, Signature: signature},
		MaxRequestMessageSize: maxMessageSize,
	}, ua.StatusOK
}

// activateSession implements ActivateSession for anonymous users (Part 4, 5.7.3). A client may move its session to a
// new channel that was opened with the same certificate.
func (s *Server) activateSession(c *conn, req *ua.ActivateSessionRequest) (ua.Response, ua.StatusCode) {
	sess := s.sessions.get(req.RequestHeader.AuthenticationToken)
	if sess == nil {
		return nil, ua.StatusBadSessionIDInvalid
	}
	if req.UserIdentityToken != nil && req.UserIdentityToken.EncodingMask != ua.ExtensionObjectEmpty {
		if _, anonymous := req.UserIdentityToken.Value.(*ua.AnonymousIdentityToken); !anonymous {
			return nil, ua.StatusBadIdentityTokenRejected
		}
	}
	sess.mu.Lock()
	defer sess.mu.Unlock()
	if !sess.activated && sess.conn != c {
		return nil, ua.StatusBadSecureChannelIDInvalid
	}
	if c.channel.SecurityMode != ua.MessageSecurityModeNone {
		if subtle.ConstantTimeCompare(sess.certificate, c.channel.RemoteCertificate) != 1 {
			return nil, ua.StatusBadSecurityChecksFailed
		}
		if req.ClientSignature == nil || c.sc.VerifySessionSignature(sess.certificate, sess.nonce, req.ClientSignature.Signature) != nil {
			return nil, ua.StatusBadApplicationSignatureInvalid
		}
	}
	if sess.conn != c {
		sess.publishes = nil
	}
	sess.conn, sess.activated, sess.lastUse, sess.nonce = c, true, time.Now(), random(32)
	c.activated.Store(true)
	return &ua.ActivateSessionResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), ServerNonce: sess.nonce}, ua.StatusOK
}

// closeSession implements CloseSession (Part 4, 5.7.4). Subscriptions always go with it: none could be transferred.
func (s *Server) closeSession(sess *session, req *ua.CloseSessionRequest) (ua.Response, ua.StatusCode) {
	s.sessions.remove(sess)
	return &ua.CloseSessionResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK)}, ua.StatusOK
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand, Go 1.24)
	return b
}
