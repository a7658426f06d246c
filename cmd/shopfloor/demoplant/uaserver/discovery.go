package uaserver

import (
	"net"
	"net/url"

	"github.com/gopcua/opcua/ua"
	"github.com/gopcua/opcua/uapolicy"
)

const (
	uatcpProfile   = "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary"
	basic256Sha256 = "http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256"
)

type security struct {
	policy string
	mode   ua.MessageSecurityMode
}

func (s *Server) securities() []security {
	offered := []security{{ua.SecurityPolicyURINone, ua.MessageSecurityModeNone}}
	if s.cfg.PrivateKey != nil {
		offered = append(offered, security{basic256Sha256, ua.MessageSecurityModeSign}, security{basic256Sha256, ua.MessageSecurityModeSignAndEncrypt})
	}
	return offered
}

func (s *Server) offers(policy string, mode ua.MessageSecurityMode) bool {
	for _, o := range s.securities() {
		if o.policy == policy && o.mode == mode {
			return true
		}
	}
	return false
}

// findServers implements FindServers (Part 4, 5.5.2).
func (s *Server) findServers(req *ua.FindServersRequest) ua.Response {
	servers := []*ua.ApplicationDescription{s.description(s.reachedAs(req.EndpointURL))}
	if len(req.ServerURIs) > 0 {
		servers = []*ua.ApplicationDescription{}
		for _, uri := range req.ServerURIs {
			if uri == s.cfg.ApplicationURI {
				servers = append(servers, s.description(s.reachedAs(req.EndpointURL)))
			}
		}
	}
	return &ua.FindServersResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Servers: servers}
}

// getEndpoints implements GetEndpoints (Part 4, 5.5.4).
func (s *Server) getEndpoints(req *ua.GetEndpointsRequest) ua.Response {
	return &ua.GetEndpointsResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Endpoints: s.endpoints(req.EndpointURL)}
}

func (s *Server) endpoints(requested string) []*ua.EndpointDescription {
	address := s.reachedAs(requested)
	endpoints := make([]*ua.EndpointDescription, 0, 3)
	for _, o := range s.securities() {
		endpoints = append(endpoints, &ua.EndpointDescription{
			EndpointURL: address, Server: s.description(address), ServerCertificate: s.cfg.Certificate,
			SecurityMode: o.mode, SecurityPolicyURI: o.policy, SecurityLevel: uapolicy.SecurityLevel(o.policy, o.mode),
			TransportProfileURI: uatcpProfile,
			UserIdentityTokens: []*ua.UserTokenPolicy{{
				PolicyID: "anonymous", TokenType: ua.UserTokenTypeAnonymous, SecurityPolicyURI: ua.SecurityPolicyURINone,
			}},
		})
	}
	return endpoints
}

func (s *Server) description(address string) *ua.ApplicationDescription {
	return &ua.ApplicationDescription{
		ApplicationURI: s.cfg.ApplicationURI, ProductURI: s.cfg.ProductURI, ApplicationName: ua.NewLocalizedText(s.cfg.ApplicationName),
		ApplicationType: ua.ApplicationTypeServer, DiscoveryURLs: []string{address},
	}
}

// reachedAs returns the endpoint under the host name the client used, so that it can reach what it is told, whatever
// name or address that was.
func (s *Server) reachedAs(requested string) string {
	u, err := url.Parse(requested)
	if err != nil || u.Hostname() == "" {
		return s.URL()
	}
	_, port, err := net.SplitHostPort(s.listener.Addr().String())
	if err != nil {
		return s.URL()
	}
	return "opc.tcp://" + net.JoinHostPort(u.Hostname(), port)
}
