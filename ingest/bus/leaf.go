package bus

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// This file joins the servers of gateways to that of the core, by leaf links of NATS. What may cross a link is two kinds of subjects in each
// direction (see leafPermissions), and no API of JetStream is among them. A gateway therefore neither publishes into the core's streams nor
// reads its buckets: it sends requests, whose names the Receiver checks. A permission to publish into a stream would be too wide: message ids
// are common to the whole stream, so that one gateway could make it drop another one's frames, and the acknowledgement goes to whatever
// subject the sender names, with the core's rights.

const (
	// prefixUp stands before a gateway's requests to the core: ua.up.<gateway>.<verb>.
	prefixUp = "ua.up."
	// prefixWake stands before what wakes a gateway up: ua.wake.<gateway>.
	prefixWake = "ua.wake."

	domainCore = "core"
	domainEdge = "edge"
	// leafReconnect is how often a gateway tries to reach the core.
	leafReconnect = time.Second
	// leafErrorReports is how many tries without success are logged once: the first one, and one in an hour.
	leafErrorReports = 3600
	// leafTLSTimeout is how long a handshake may take, in seconds: slow links, small devices.
	leafTLSTimeout = 10
	// maxLeafLinks bounds the links of one gateway that are remembered; it has one, and a second one while it comes back.
	maxLeafLinks = 16
)

// LeafConfig is the core's listener for gateways.
type LeafConfig struct {
	// Listen is the TCP address, "0.0.0.0:7422"; port 0 takes a free one.
	Listen string
	// TLS has the core's certificate. It is needed: a link without encryption would show everything.
	TLS *tls.Config
}

// RemoteConfig is a gateway's link to the core.
type RemoteConfig struct {
	// Gateway is the gateway's own id.
	Gateway string
	// URL is the core's listener, "tls://core.example:7422".
	URL string
	// Seed is the gateway's nkey ("SU…"), by which the core knows it.
	Seed string
	// TLS says how the core's certificate is checked.
	TLS *tls.Config
}

// leafOptions completes the options of a server that listens for gateways.
func leafOptions(opts *server.Options, cfg *LeafConfig) error {
	if cfg.TLS == nil {
		return errors.New("bus config: leaf.tls is missing: give the core a certificate")
	}
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return fmt.Errorf("bus config: leaf.listen %q: %w: use host:port", cfg.Listen, err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Errorf("bus config: leaf.listen %q: port must be 0 to 65535: %w", cfg.Listen, err)
	}
	opts.JetStreamDomain, opts.AlwaysEnableNonce = domainCore, true
	opts.LeafNode.Host, opts.LeafNode.Port = host, int(n)
	if n == 0 {
		opts.LeafNode.Port = server.RANDOM_PORT
	}
	// Gateways may reach the core through a proxy or a translated address, and have nothing to say to one another.
	opts.LeafNode.NoAdvertise, opts.LeafNode.IsolateLeafnodeInterest = true, true
	opts.LeafNode.TLSConfig, opts.LeafNode.TLSTimeout = cfg.TLS, leafTLSTimeout
	return nil
}

// remoteOptions completes the options of a gateway's server.
func remoteOptions(opts *server.Options, cfg *RemoteConfig) error {
	u, err := url.Parse(cfg.URL)
	if err != nil || u.Scheme != "tls" || u.Hostname() == "" || u.Port() == "" {
		return fmt.Errorf("bus config: remote.url %q is no address of a core: write tls://host:7422", cfg.URL)
	}
	token, err := Escape(cfg.Gateway)
	if err != nil {
		return err
	}
	opts.ServerName, opts.JetStreamDomain = "gateway-"+token, domainEdge
	opts.LeafNode.ReconnectInterval = leafReconnect
	opts.ReconnectErrorReports = leafErrorReports
	opts.LeafNode.Remotes = []*server.RemoteLeafOpts{{
		URLs: []*url.URL{u}, Nkey: cfg.Seed, TLS: true, TLSConfig: cfg.TLS, TLSTimeout: leafTLSTimeout,
		DialTimeout: leafTLSTimeout * time.Second, DenyExports: []string{prefixLocal + ">"}, IgnoreDiscoveredServers: true,
		// Not "auto", the default: on a link that is slow now and then it takes 6 MB more for a better compression, which a gateway may not have.
		Compression: server.CompressionOpts{Mode: server.CompressionS2Fast},
	}}
	return nil
}

// leafPermissions is what the core takes from a gateway (Publish) and gives it (Subscribe): requests and answers in its own name.
func leafPermissions(token string) *server.Permissions {
	return &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: []string{prefixUp + token + ".>", prefixRep + token + ".>"}},
		Subscribe: &server.SubjectPermission{Allow: []string{prefixCmd + token + ".>", prefixWake + token, inboxPrefix(token) + ".>"}},
	}
}

// inboxPrefix stands before the subjects at which a gateway waits for answers.
func inboxPrefix(token string) string { return "_INBOX." + token }

// gate says which keys come in, and as which gateway. It changes without a reload of the server.
type gate struct {
	mu       sync.Mutex
	gateways map[string]string   // public nkey → gateway
	links    map[string][]uint64 // gateway → the server's ids of its connections
}

// check verifies that a connection has the private key of a gateway that is let in, and binds it to that gateway's permissions.
func (g *gate) check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	g.mu.Lock()
	gateway, ok := g.gateways[o.Nkey]
	g.mu.Unlock()
	if !ok {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(o.Sig)
	if err != nil {
		return false
	}
	key, err := nkeys.FromPublicKey(o.Nkey)
	if err != nil || key.Verify(c.GetNonce(), signature) != nil {
		return false
	}
	token, err := Escape(gateway)
	if err != nil {
		return false
	}
	c.RegisterUser(&server.User{Username: gateway, Permissions: leafPermissions(token)})
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gateways[o.Nkey] != gateway {
		return false // revoked in between
	}
	links := append(g.links[gateway], c.GetID())
	g.links[gateway] = links[max(0, len(links)-maxLeafLinks):]
	return true
}

// set makes the keys of gateways those that come in, and returns the connections that are to be cut: those of gateways whose key is another
// now, or none.
func (g *gate) set(keys map[string]string) (cut []uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	stays := map[string]bool{}
	next := make(map[string]string, len(keys))
	for gateway, key := range keys {
		next[key] = gateway
		stays[gateway] = g.gateways[key] == gateway
	}
	for gateway, links := range g.links {
		if !stays[gateway] {
			cut = append(cut, links...)
			delete(g.links, gateway)
		}
	}
	g.gateways = next
	return cut
}

// SetGateways makes the public nkeys of these gateways, by gateway, the only ones that are let in. It takes effect at once: the links of others
// are cut.
func (s *Server) SetGateways(keys map[string]string) {
	for _, id := range s.gate.set(keys) {
		// An error says that the connection is gone already.
		_ = s.current().DisconnectClientByID(id)
	}
}

// LeafAddr returns where gateways reach the server, "0.0.0.0:7422", or "" when it does not listen for them.
func (s *Server) LeafAddr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opts.LeafNode.TLSConfig == nil {
		return ""
	}
	return net.JoinHostPort(s.opts.LeafNode.Host, strconv.Itoa(s.opts.LeafNode.Port))
}

// Linked tells whether there is a link to a core, or to a gateway.
func (s *Server) Linked() bool { return s.current().NumLeafNodes() > 0 }

// takeLeafPort keeps the port that the listener for gateways took, for the next start.
func (s *Server) takeLeafPort(n *server.Server) error {
	if s.opts.LeafNode.TLSConfig == nil {
		return nil
	}
	v, err := n.Varz(nil)
	if err != nil {
		return fmt.Errorf("port of the listener for gateways: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts.LeafNode.Port = v.LeafNode.Port
	return nil
}
