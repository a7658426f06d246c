package opcua

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	nonceLength    = 32 // Part 4, 5.6.2: at least 32 bytes
	applicationURI = "urn:shopfloor:edge"
	productURI     = "https://github.com/shopfloor-iiot/shopfloor"
	closeTimeout   = 2 * time.Second
)

// session is a session activated on a channel (Part 4, 5.6). What a server says of itself holds for a session: it is read when the session
// is created. A session that is taken over to another channel is another value with the same token.
type session struct {
	*channel
	endpoint   *endpoint
	token      *ua.NodeID
	nonce      []byte    // the server's last one
	started    time.Time // when the server was; zero where it does not tell
	namespaces model.NamespaceTable
	limits     *limits
	types      *typeCache
	dataTypes  *dataTypes
	methods    *methodCache
	aliases    *aliases
	// continuations are pages of references that go on.
	continuations  *continuations
	referenceTypes *referenceTypes
}

// do sends a request within the session.
func do[T ua.Response](ctx context.Context, s *session, req ua.Request) (T, error) {
	r, err := call[T](ctx, s.channel, s.token, req, s.timeout)
	if sessionGone(err) {
		s.Fail(err)
	}
	return r, err
}

// createSession makes and activates a session.
func createSession(ctx context.Context, c *channel, ep *endpoint, cfg *Config) (*session, error) {
	s, err := openSession(ctx, c, ep, cfg)
	if err != nil {
		return nil, err
	}
	if err := s.activate(ctx, cfg); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		return nil, fmt.Errorf("read the server's namespaces and limits: %w", err)
	}
	return s, nil
}

// openSession makes a session that is not activated yet, and proves that its server is that of the endpoint (Part 4, 5.6.2).
func openSession(ctx context.Context, c *channel, ep *endpoint, cfg *Config) (*session, error) {
	nonce := make([]byte, nonceLength)
	if _, err := rand.Read(nonce); err != nil {
		return nil, err
	}
	req := &ua.CreateSessionRequest{
		ClientDescription: &ua.ApplicationDescription{
			ApplicationURI: applicationURI, ProductURI: productURI,
			ApplicationName: ua.NewLocalizedText("Shopfloor"), ApplicationType: ua.ApplicationTypeClient,
		},
		EndpointURL: cfg.Server.EndpointURL, SessionName: "shopfloor " + cfg.Server.ID, ClientNonce: nonce,
		RequestedSessionTimeout: float64(cfg.SessionTimeout.Milliseconds()),
	}
	if cfg.Identity != nil {
		req.ClientDescription.ApplicationURI = cfg.Identity.applicationURI
		if ep.mode != ua.MessageSecurityModeNone {
			req.ClientCertificate = cfg.Identity.certificate
		}
	}
	r, err := call[*ua.CreateSessionResponse](ctx, c, nil, req, c.timeout)
	if err != nil {
		return nil, fmt.Errorf("create session: %w", err)
	}
	if ep.mode != ua.MessageSecurityModeNone {
		if !bytes.Equal(leaf(r.ServerCertificate), ep.certificate) {
			return nil, refuse(model.ReasonCertificateInvalid, "the server's session has another certificate than its endpoint: somebody may be between us and the server")
		}
		if r.ServerSignature == nil {
			return nil, refuse(model.ReasonCertificateInvalid, "the server does not sign its session: somebody may be between us and the server")
		}
		if err := c.Verify(nonce, r.ServerSignature.Signature); err != nil {
			return nil, refuse(model.ReasonCertificateInvalid, "the signature of the server's session is wrong (%v): somebody may be between us and the server", err)
		}
	}
	return &session{
		channel: c, endpoint: ep, token: r.AuthenticationToken, nonce: r.ServerNonce,
		limits: newLimits(), types: newTypeCache(), dataTypes: newDataTypes(), methods: newMethodCache(), aliases: &aliases{},
		continuations: &continuations{hold: cfg.ContinuationHold, figures: cfg.browses}, referenceTypes: &referenceTypes{},
	}, nil
}

// resume activates s on another channel, with what is known of the server.
func (s *session) resume(ctx context.Context, c *channel, ep *endpoint, cfg *Config) (*session, error) {
	r := *s
	r.channel, r.endpoint = c, ep
	return &r, r.activate(ctx, cfg)
}

// activate proves who we are (Part 4, 5.6.3).
func (s *session) activate(ctx context.Context, cfg *Config) error {
	signature, err := s.Sign(s.endpoint.certificate, s.nonce)
	if err != nil {
		return fmt.Errorf("sign session: %w", err)
	}
	token, err := s.identityToken(cfg)
	if err != nil {
		return err
	}
	r, err := call[*ua.ActivateSessionResponse](ctx, s.channel, s.token, &ua.ActivateSessionRequest{
		ClientSignature: signature, LocaleIDs: []string{"en"},
		UserIdentityToken: token, UserTokenSignature: &ua.SignatureData{},
	}, s.timeout)
	switch {
	case errors.Is(err, model.StatusBadUserAccessDenied), errors.Is(err, model.StatusBadIdentityTokenRejected), errors.Is(err, model.StatusBadIdentityTokenInvalid):
		if cfg.Server.UserName == "" {
			return refuse(model.ReasonUserRefused, "the server refuses anonymous sessions (%v): give the server's record a user name and a password", err)
		}
		return refuse(model.ReasonUserRefused, "the server refuses user %q (%v): check user name and password in the server's record", cfg.Server.UserName, err)
	case err != nil:
		return fmt.Errorf("activate session: %w", err)
	}
	s.nonce = r.ServerNonce
	return nil
}

// keepAlive reads the server's state when it is due, until the channel or ctx ends.
func (s *session) keepAlive(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	node := []*ua.ReadValueID{{NodeID: ns0(idServerStatusState), AttributeID: ua.AttributeIDValue}}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.Done():
			return s.Err()
		case <-tick.C:
			if _, err := s.read(ctx, node); err != nil && ctx.Err() == nil {
				return fmt.Errorf("the server does not answer: %w", err)
			}
		}
	}
}

// close ends session and channel in order. The subscriptions of the session end with it, or the server keeps them for their lifetime.
func (s *session) close(keepSubscriptions bool) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	// When it fails the server ends the session by its timeout.
	_, _ = call[*ua.CloseSessionResponse](ctx, s.channel, s.token, &ua.CloseSessionRequest{DeleteSubscriptions: !keepSubscriptions}, closeTimeout)
	s.Close()
}
