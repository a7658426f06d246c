package opcua

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/securechannel"
	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	policyPrefix    = "http://opcfoundation.org/UA/SecurityPolicy#"
	binaryTransport = "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary"
)

// policies that we use, the weakest first (Part 7, 6.6). Basic128Rsa15 and Basic256 are broken and left out.
var policies = []string{"None", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"}

// endpoint is one that a server offers and that we chose.
type endpoint struct {
	mode        ua.MessageSecurityMode
	policyURI   string
	chain       []byte // of certificates, DER, as offered: the server's first
	certificate []byte // of the server, DER
	server      *ua.ApplicationDescription
	token       *ua.UserTokenPolicy
}

// modelMode is the endpoint's mode in terms of the registry.
func (e *endpoint) modelMode() model.SecurityMode {
	switch e.mode {
	case ua.MessageSecurityModeSign:
		return model.SecuritySign
	case ua.MessageSecurityModeSignAndEncrypt:
		return model.SecuritySignAndEncrypt
	}
	return model.SecurityNone
}

// policy is the short name of the endpoint's security policy.
func (e *endpoint) policy() string { return strings.TrimPrefix(e.policyURI, policyPrefix) }

// checkSecurity checks mode and policy as they are in a registry record.
func checkSecurity(mode model.SecurityMode, policy string) error {
	switch mode {
	case model.SecurityBest, model.SecurityNone, model.SecuritySign, model.SecuritySignAndEncrypt:
	default:
		return fmt.Errorf("securityMode %q is unknown; want Best, None, Sign or SignAndEncrypt", mode)
	}
	if policy != "" && !slices.Contains(policies, policy) {
		return fmt.Errorf("securityPolicy %q is not supported; want one of %s", policy, strings.Join(policies, ", "))
	}
	if policy != "" && mode != model.SecurityBest && (policy == "None") != (mode == model.SecurityNone) {
		return fmt.Errorf("securityPolicy %s does not go with securityMode %s", policy, mode)
	}
	return nil
}

// discover asks the server for its endpoints over a channel without security (Part 4, 5.5.4).
func discover(ctx context.Context, cfg *Config, requests *atomic.Uint64) ([]*ua.EndpointDescription, error) {
	url := cfg.Server.EndpointURL
	c, err := openChannel(ctx, cfg, securechannel.Config{}, requests)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	r, err := call[*ua.GetEndpointsResponse](ctx, c, nil, &ua.GetEndpointsRequest{EndpointURL: url}, c.timeout)
	if err != nil {
		return nil, fmt.Errorf("get endpoints of %s: %w", url, err)
	}
	return r.Endpoints, nil
}

// choose takes the most secure endpoint that the server's record allows, and the way the user logs in there. The URLs of the offer are
// not used: behind an address translation or a wrong host name only the address that we were given works.
func choose(offered []*ua.EndpointDescription, s *model.Server, withIdentity bool) (*endpoint, error) {
	var best *ua.EndpointDescription
	for _, e := range offered {
		if e == nil || e.TransportProfileURI != "" && e.TransportProfileURI != binaryTransport {
			continue
		}
		if !allowed(e, s) || e.SecurityMode != ua.MessageSecurityModeNone && !withIdentity {
			continue
		}
		if best == nil || rank(e) > rank(best) {
			best = e
		}
	}
	if best == nil {
		return nil, refuse(model.ReasonEndpointNotOffered, "the server has no endpoint with securityMode %s and securityPolicy %s that we can use; it offers %s: change the server's record or the server's settings",
			s.SecurityMode, orAny(s.SecurityPolicy), describe(offered))
	}
	token, err := chooseToken(best, s)
	if err != nil {
		return nil, err
	}
	server := best.Server
	if server == nil {
		server = &ua.ApplicationDescription{}
	}
	return &endpoint{best.SecurityMode, best.SecurityPolicyURI, best.ServerCertificate, leaf(best.ServerCertificate), server, token}, nil
}

func allowed(e *ua.EndpointDescription, s *model.Server) bool {
	policy, ok := strings.CutPrefix(e.SecurityPolicyURI, policyPrefix)
	if !ok || !slices.Contains(policies, policy) || s.SecurityPolicy != "" && policy != s.SecurityPolicy {
		return false
	}
	switch s.SecurityMode {
	case model.SecurityNone:
		return e.SecurityMode == ua.MessageSecurityModeNone
	case model.SecuritySign:
		return e.SecurityMode == ua.MessageSecurityModeSign
	case model.SecuritySignAndEncrypt:
		return e.SecurityMode == ua.MessageSecurityModeSignAndEncrypt
	}
	return e.SecurityMode >= ua.MessageSecurityModeNone && e.SecurityMode <= ua.MessageSecurityModeSignAndEncrypt
}

// rank orders by mode, then policy.
func rank(e *ua.EndpointDescription) int {
	return int(e.SecurityMode)*len(policies) + slices.Index(policies, strings.TrimPrefix(e.SecurityPolicyURI, policyPrefix))
}

// describe lists offers for a message.
func describe(offered []*ua.EndpointDescription) string {
	var names []string
	for _, e := range offered {
		if e != nil {
			mode := (&endpoint{mode: e.SecurityMode}).modelMode()
			names = append(names, fmt.Sprintf("%s/%s", mode, strings.TrimPrefix(e.SecurityPolicyURI, policyPrefix)))
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

func orAny(s string) string {
	if s == "" {
		return "(any)"
	}
	return s
}
