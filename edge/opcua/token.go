package opcua

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// chooseToken takes the user token policy for the record's user: anonymous without a user name, else the one that encrypts the
// password best (Part 4, 7.36.4). A password is never sent in clear, with one exception: the record asks for security mode None, the server
// wants it so, and it is on this very machine.
func chooseToken(e *ua.EndpointDescription, s *model.Server) (*ua.UserTokenPolicy, error) {
	want := ua.UserTokenTypeAnonymous
	if s.UserName != "" {
		want = ua.UserTokenTypeUserName
	}
	var best *ua.UserTokenPolicy
	clear := false
	for _, t := range e.UserIdentityTokens {
		if t == nil || t.TokenType != want {
			continue
		}
		if want == ua.UserTokenTypeUserName {
			if encryptionOf(t, e) == ua.SecurityPolicyURINone && e.SecurityMode != ua.MessageSecurityModeSignAndEncrypt && !clearAllowed(s) {
				clear = true
				continue
			}
			if !slices.Contains(policies, strings.TrimPrefix(encryptionOf(t, e), policyPrefix)) {
				continue
			}
		}
		if best == nil || tokenRank(t, e) > tokenRank(best, e) {
			best = t
		}
	}
	switch {
	case best != nil:
		return best, nil
	case clear:
		return nil, refuse(model.ReasonEndpointNotOffered, "the endpoint %s wants the password of user %q in clear: choose a secure mode, or let the server encrypt passwords",
			describe([]*ua.EndpointDescription{e}), s.UserName)
	case s.UserName == "":
		return nil, refuse(model.ReasonUserRefused, "the endpoint %s does not allow anonymous sessions: give the server's record a user name and a password",
			describe([]*ua.EndpointDescription{e}))
	}
	return nil, refuse(model.ReasonUserRefused, "the endpoint %s does not allow user names: remove the user name from the server's record", describe([]*ua.EndpointDescription{e}))
}

// encryptionOf is the policy that encrypts the token's secret: its own or that of the channel.
func encryptionOf(t *ua.UserTokenPolicy, e *ua.EndpointDescription) string {
	if t.SecurityPolicyURI != "" {
		return t.SecurityPolicyURI
	}
	return e.SecurityPolicyURI
}

func tokenRank(t *ua.UserTokenPolicy, e *ua.EndpointDescription) int {
	return slices.Index(policies, strings.TrimPrefix(encryptionOf(t, e), policyPrefix))
}

// clearAllowed tells whether the password may cross the wire in clear: it does not leave the machine.
func clearAllowed(s *model.Server) bool {
	address, err := hostPort(s.EndpointURL)
	if err != nil || s.SecurityMode != model.SecurityNone {
		return false
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// passwordPolicy is the policy that encrypts the user's password at this endpoint, "" for an anonymous user.
func (e *endpoint) passwordPolicy() string {
	switch {
	case e.token.TokenType != ua.UserTokenTypeUserName:
		return ""
	case e.token.SecurityPolicyURI != "":
		return e.token.SecurityPolicyURI
	}
	return e.policyURI
}

// needsTrust tells whether anything is encrypted for the server's certificate.
func (e *endpoint) needsTrust() bool {
	return e.mode != ua.MessageSecurityModeNone || e.passwordPolicy() != "" && e.passwordPolicy() != ua.SecurityPolicyURINone
}

// identityToken makes the token of ActivateSession.
func (s *session) identityToken(cfg *Config) (*ua.ExtensionObject, error) {
	token := s.endpoint.token
	if token.TokenType != ua.UserTokenTypeUserName {
		return ua.NewExtensionObject(&ua.AnonymousIdentityToken{PolicyID: token.PolicyID}), nil
	}
	secret, algorithm, err := s.EncryptPassword(s.endpoint.passwordPolicy(), cfg.Password, s.endpoint.certificate, s.nonce)
	if err != nil {
		return nil, fmt.Errorf("encrypt the password of user %q: %w", cfg.Server.UserName, err)
	}
	return ua.NewExtensionObject(&ua.UserNameIdentityToken{
		PolicyID: token.PolicyID, UserName: cfg.Server.UserName, Password: secret, EncryptionAlgorithm: algorithm,
	}), nil
}
