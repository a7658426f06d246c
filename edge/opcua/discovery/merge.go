package discovery

import (
	"cmp"
	"crypto/sha1" //nolint:gosec // thumbprints are SHA-1 by specification
	"encoding/asn1"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Bounds of what is kept of one discovery. An application stays below 1 MiB, whatever servers tell, so that it fits into a message.
const (
	maxApplications = 5000
	maxEndpoints    = 64 // of an application
	maxURLsKept     = 64
	maxCapabilities = 64
	maxTokens       = 8
	maxAlternatives = 8
)

const (
	policyPrefix    = "http://opcfoundation.org/UA/SecurityPolicy#"
	binaryTransport = "http://opcfoundation.org/UA-Profile/Transport/uatcp-uasc-uabinary"
)

// merged joins what many servers told into one application for each application URI. Its methods may be called from several goroutines.
type merged struct {
	mu           sync.Mutex
	applications map[string]*model.DiscoveredApplication
	dropped      int // for want of room
}

func newMerged() *merged { return &merged{applications: map[string]*model.DiscoveredApplication{}} }

func (m *merged) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.applications)
}

// application takes what is known of an application from its description.
func (m *merged) application(a *application) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.take(a)
}

// take returns the record of an application, nil when there is no room or it has no URI.
func (m *merged) take(a *application) *model.DiscoveredApplication {
	if a.uri == "" {
		return nil
	}
	d := m.applications[a.uri]
	if d == nil {
		if len(m.applications) == maxApplications {
			m.dropped++
			return nil
		}
		d = &model.DiscoveredApplication{ApplicationURI: a.uri, Type: modelType(a.kind)}
		m.applications[a.uri] = d
	}
	d.Name, d.ProductURI = cmp.Or(d.Name, a.name), cmp.Or(d.ProductURI, a.product)
	for _, u := range a.urls {
		if u != "" && len(d.DiscoveryURLs) < maxURLsKept && !slices.Contains(d.DiscoveryURLs, u) {
			d.DiscoveryURLs = append(d.DiscoveryURLs, u)
		}
	}
	return d
}

// endpoints takes what the server at an address told of its endpoints.
func (m *merged) endpoints(at netip.AddrPort, list []endpoint) {
	// A server that names our port somewhere may have others, which are visited by themselves. One that never does is behind a port that is
	// passed on.
	elsewhere := slices.ContainsFunc(list, func(e endpoint) bool {
		u, ok := parseURL(e.url)
		return ok && u.port == at.Port()
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range list {
		e := &list[i]
		u, ok := parseURL(e.url)
		if !ok || e.transport != "" && e.transport != binaryTransport || elsewhere && u.port != at.Port() {
			continue
		}
		if d := m.take(&e.server); d != nil {
			addEndpoint(d, e.model(serverURL{at.Addr().String(), at.Port(), u.path}))
		}
	}
}

// model is the endpoint as it can be reached.
func (e *endpoint) model(reached serverURL) model.Endpoint {
	m := model.Endpoint{
		URL: reached.String(), ReportedURL: e.url, SecurityMode: modelMode(e.mode), SecurityPolicy: shortPolicy(e.policy),
		SecurityLevel: int(e.level), Thumbprint: thumbprint(e.certificate),
	}
	for _, t := range e.tokens[:min(len(e.tokens), maxTokens)] {
		m.UserTokens = append(m.UserTokens, model.UserToken{PolicyID: t.id, Type: modelToken(t.kind), SecurityPolicy: shortPolicy(t.policy)})
	}
	return m
}

// addEndpoint adds an endpoint to its application. The same one at another address becomes an alternative.
func addEndpoint(d *model.DiscoveredApplication, e model.Endpoint) {
	for i := range d.Endpoints {
		k := &d.Endpoints[i]
		if k.SecurityMode != e.SecurityMode || k.SecurityPolicy != e.SecurityPolicy || k.Thumbprint != e.Thumbprint {
			continue
		}
		if k.URL == e.URL {
			return
		}
		if k.ReportedURL == e.ReportedURL {
			if better(e.URL, k.URL) {
				k.URL, e.URL = e.URL, k.URL
			}
			if len(k.AlternativeURLs) < maxAlternatives && !slices.Contains(k.AlternativeURLs, e.URL) {
				k.AlternativeURLs = append(k.AlternativeURLs, e.URL)
			}
			return
		}
	}
	if len(d.Endpoints) < maxEndpoints {
		d.Endpoints = append(d.Endpoints, e)
	}
}

// better prefers addresses that others can reach as well, and else the first in order, so that every discovery chooses the same.
func better(a, b string) bool {
	if la, lb := isLoopback(a), isLoopback(b); la != lb {
		return lb
	}
	return a < b
}

func isLoopback(url string) bool {
	u, ok := parseURL(url)
	if !ok {
		return false
	}
	a, err := netip.ParseAddr(u.host)
	return err == nil && a.IsLoopback()
}

// list returns what was found, in order. capabilities are those that were announced, by address.
func (m *merged) list(capabilities map[netip.AddrPort][]string) []model.DiscoveredApplication {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]model.DiscoveredApplication, 0, len(m.applications))
	for _, d := range m.applications {
		for _, e := range d.Endpoints {
			u, _ := parseURL(e.URL)
			a, err := netip.ParseAddr(u.host)
			if err != nil {
				continue
			}
			for _, c := range capabilities[netip.AddrPortFrom(a, u.port)] {
				if c != "" && !slices.Contains(d.Capabilities, c) && len(d.Capabilities) < maxCapabilities {
					d.Capabilities = append(d.Capabilities, c)
				}
			}
		}
		slices.Sort(d.Capabilities)
		slices.Sort(d.DiscoveryURLs)
		slices.SortFunc(d.Endpoints, func(a, b model.Endpoint) int {
			return cmp.Or(strings.Compare(a.URL, b.URL), strings.Compare(string(a.SecurityMode), string(b.SecurityMode)), strings.Compare(a.SecurityPolicy, b.SecurityPolicy))
		})
		for i := range d.Endpoints {
			slices.Sort(d.Endpoints[i].AlternativeURLs)
		}
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b model.DiscoveredApplication) int { return strings.Compare(a.ApplicationURI, b.ApplicationURI) })
	return out
}

func modelMode(mode uint32) model.SecurityMode {
	switch mode {
	case 2:
		return model.SecuritySign
	case 3:
		return model.SecuritySignAndEncrypt
	}
	return model.SecurityNone
}

func modelToken(kind uint32) model.UserTokenType {
	switch kind {
	case 1:
		return model.TokenUserName
	case 2:
		return model.TokenCertificate
	case 3:
		return model.TokenIssued
	}
	return model.TokenAnonymous
}

// shortPolicy is the name of a policy behind the common prefix.
func shortPolicy(uri string) string { return strings.TrimPrefix(uri, policyPrefix) }

// thumbprint is that of the first certificate of a chain (Part 6, 6.2.6).
func thumbprint(chain []byte) string {
	if len(chain) == 0 {
		return ""
	}
	var first asn1.RawValue
	if _, err := asn1.Unmarshal(chain, &first); err != nil {
		first.FullBytes = chain
	}
	sum := sha1.Sum(first.FullBytes) //nolint:gosec // by specification
	return hex.EncodeToString(sum[:])
}
