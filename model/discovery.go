package model

import "time"

// VerbDiscover starts a discovery, or queues it behind others; VerbCancelDiscovery ends one that runs or waits.
const (
	VerbDiscover        = "discover"        // DiscoveryRequest → null
	VerbCancelDiscovery = "cancelDiscovery" // CancelDiscovery → null
)

// DiscoveryMode tells where a discovery looks for servers when it is given no ranges.
type DiscoveryMode string

// The modes. The names and their meaning are those of OPC Publisher.
const (
	// DiscoveryOff scans nothing: only DiscoveryURLs are asked.
	DiscoveryOff DiscoveryMode = "Off"
	// DiscoveryLocal looks at the gateway's own addresses, at all ports.
	DiscoveryLocal DiscoveryMode = "Local"
	// DiscoveryFast looks at the 256 addresses around each of the gateway's own ones, at the ports that servers commonly have.
	DiscoveryFast DiscoveryMode = "Fast"
	// DiscoveryNetwork looks at the whole networks of the gateway, at the two registered ports, 4840 and 4841.
	DiscoveryNetwork DiscoveryMode = "Network"
	// DiscoveryScan looks at the whole networks of the gateway, at all ports from 1024 on except those of other protocols that a
	// probe could disturb.
	DiscoveryScan DiscoveryMode = "Scan"
)

// DiscoveryConfig says where and how to look for servers. Zero values stand for the defaults.
type DiscoveryConfig struct {
	Mode DiscoveryMode `json:"mode,omitempty"`
	// AddressRanges are separated by semicolons: "10.0.0.0/24; 10.1.0.5-10.1.0.9; */24; *[eth0]; fd00::10-fd00::20". "*" stands for the
	// networks of the gateway's interfaces, "[name]" restricts to one interface. Ranges stand in place of those of the mode, which is Fast when it is left out.
	AddressRanges string `json:"addressRangesToScan,omitempty"`
	// PortRanges are separated by semicolons: "4840-4850; 50000; *-1024; 60000-*".
	PortRanges string `json:"portRangesToScan,omitempty"`
	// NetworkProbeTimeout bounds the look whether an address is in use (3 s), MaxNetworkProbes how many run at once (100).
	NetworkProbeTimeout time.Duration `json:"networkProbeTimeout,omitempty"`
	MaxNetworkProbes    int           `json:"maxNetworkProbes,omitempty"`
	// PortProbeTimeout bounds connecting and greeting (5 s), MaxPortProbes how many run at once (1000). When this machine runs out of
	// sockets fewer run, but at least MinPortProbesPercent of them (80).
	PortProbeTimeout     time.Duration `json:"portProbeTimeout,omitempty"`
	MaxPortProbes        int           `json:"maxPortProbes,omitempty"`
	MinPortProbesPercent int           `json:"minPortProbesPercent,omitempty"`
	// MaxProbesPerSecond paces what leaves this machine (2000).
	MaxProbesPerSecond int `json:"maxProbesPerSecond,omitempty"`
	// IdleTimeBetweenScans is the pause of a schedule (6 h).
	IdleTimeBetweenScans time.Duration `json:"idleTimeBetweenScans,omitempty"`
	// DiscoveryURLs are asked in every mode: "opc.tcp://10.0.0.5:4840".
	DiscoveryURLs []string `json:"discoveryUrls,omitempty"`
	// Locales are the wanted languages of names, the best first.
	Locales []string `json:"locales,omitempty"`
	// Multicast asks the gateway's networks for servers that announce themselves (mDNS); nil: when no ranges are given and the mode is
	// neither Off nor Local.
	Multicast *bool `json:"multicast,omitempty"`
	// FollowReferrals also contacts servers outside the ranges when a discovery server inside names them.
	FollowReferrals bool `json:"followReferrals,omitempty"`
	// Activation adds the servers that it matches to the registry.
	Activation *ActivationFilter `json:"activationFilter,omitempty"`
}

// ActivationFilter tells which discovered servers are added to the registry without asking. What is empty matches everything.
type ActivationFilter struct {
	// ApplicationURI is a pattern in which "*" stands for any text: "urn:acme:*".
	ApplicationURI string `json:"applicationUri,omitempty"`
	// SecurityMode of the endpoint: Best takes the most secure one that matches the rest.
	SecurityMode SecurityMode `json:"securityMode,omitempty"`
	// SecurityPolicies are short names: "Basic256Sha256".
	SecurityPolicies []string `json:"securityPolicies,omitempty"`
	// TrustedThumbprints are the certificates that are trusted; with them only servers that show one of them are added.
	TrustedThumbprints []string `json:"trustedThumbprints,omitempty"`
}

// DiscoveryRequest asks for one discovery.
type DiscoveryRequest struct {
	// ID names it among all; the asker makes it up.
	ID     string          `json:"id"`
	Config DiscoveryConfig `json:"config"`
}

// CancelDiscovery names the discovery that is to end.
type CancelDiscovery struct {
	ID string `json:"id"`
}

// DiscoverySchedule is the desired state of a gateway's recurring discovery.
type DiscoverySchedule struct {
	Gateway string          `json:"gateway"`
	Config  DiscoveryConfig `json:"config"`
	// Revision is the version of this record; 0 when it is not stored yet.
	Revision uint64 `json:"-"`
}

// DiscoveryPhase is what a discovery does now.
type DiscoveryPhase string

// The phases. The last three are final.
const (
	DiscoveryPending   DiscoveryPhase = "Pending"   // waits for others
	DiscoveryNetworks  DiscoveryPhase = "Networks"  // looks which addresses are in use
	DiscoveryPorts     DiscoveryPhase = "Ports"     // looks for servers at the ports
	DiscoveryServers   DiscoveryPhase = "Servers"   // asks the servers that were found
	DiscoveryFinished  DiscoveryPhase = "Finished"  // done
	DiscoveryCancelled DiscoveryPhase = "Cancelled" // ended before it was done
	DiscoveryFailed    DiscoveryPhase = "Failed"    // could not be done, see Error
)

// Final tells whether nothing follows.
func (p DiscoveryPhase) Final() bool {
	return p == DiscoveryFinished || p == DiscoveryCancelled || p == DiscoveryFailed
}

// DiscoveryProgress is how far a discovery is.
type DiscoveryProgress struct {
	Phase DiscoveryPhase `json:"phase"`
	// Done of Total probes or servers of this phase.
	Done  uint64 `json:"done"`
	Total uint64 `json:"total"`
	// Found counts the addresses at which an OPC UA server answered, Applications those that told who they are.
	Found        int `json:"found"`
	Applications int `json:"applications"`
	// Current is the address that was contacted last.
	Current string `json:"current,omitempty"`
}

// Discovery is what a gateway reports of one discovery.
type Discovery struct {
	ID      string `json:"id"`
	Gateway string `json:"gateway"`
	// Scheduled tells that it is one of the gateway's schedule.
	Scheduled bool              `json:"scheduled,omitempty"`
	Config    DiscoveryConfig   `json:"config"`
	Requested time.Time         `json:"requested"`
	Started   time.Time         `json:"started,omitzero"`
	Ended     time.Time         `json:"ended,omitzero"`
	Progress  DiscoveryProgress `json:"progress"`
	// Error tells why it failed, and what to do.
	Error string `json:"error,omitempty"`
	// Notes tell what was left out, and why; at most 100.
	Notes []string `json:"notes,omitempty"`
	// Applications are the ids of those that were found.
	Applications []string `json:"applications,omitempty"`
	// Activations tell which of them were added to the registry; nil until the core has looked.
	Activations []Activation `json:"activations,omitempty"`
	// Revision is the version of this record.
	Revision uint64 `json:"-"`
}

// Activation is the outcome of the activation of one application.
type Activation struct {
	Application string `json:"application"`
	Server      string `json:"server,omitempty"`
	Error       string `json:"error,omitempty"`
}

// ApplicationType tells what an application is (Part 4, 7.1).
type ApplicationType string

// The types of applications.
const (
	ApplicationServer          ApplicationType = "Server"
	ApplicationClient          ApplicationType = "Client"
	ApplicationClientAndServer ApplicationType = "ClientAndServer"
	ApplicationDiscoveryServer ApplicationType = "DiscoveryServer"
)

// DiscoveredApplication is an OPC UA application that a gateway found. The server itself says what it is: nothing of it is proven
// before a secure channel to it is open.
type DiscoveredApplication struct {
	// ID is made of the gateway and the application URI.
	ID              string          `json:"id"`
	Gateway         string          `json:"gateway"`
	ApplicationURI  string          `json:"applicationUri"`
	ProductURI      string          `json:"productUri,omitempty"`
	Name            string          `json:"name,omitempty"`
	Type            ApplicationType `json:"type"`
	Capabilities    []string        `json:"capabilities,omitempty"`
	DiscoveryURLs   []string        `json:"discoveryUrls,omitempty"`
	Endpoints       []Endpoint      `json:"endpoints,omitempty"`
	FirstSeen       time.Time       `json:"firstSeen"`
	LastSeen        time.Time       `json:"lastSeen"`
	NotSeenSince    time.Time       `json:"notSeenSince,omitzero"` // zero while it is seen
	LastDiscoveryID string          `json:"lastDiscoveryId,omitempty"`
}

// Endpoint is one endpoint of a discovered application (Part 4, 7.14).
type Endpoint struct {
	// URL is where the gateway reached it, ReportedURL what the server says of itself: they differ behind an address translation or
	// when the gateway does not know the server's name.
	URL         string `json:"url"`
	ReportedURL string `json:"reportedUrl,omitempty"`
	// AlternativeURLs are other addresses of the same endpoint; at most 8.
	AlternativeURLs []string     `json:"alternativeUrls,omitempty"`
	SecurityMode    SecurityMode `json:"securityMode"`
	// SecurityPolicy is the short name, the URI for one that we do not know.
	SecurityPolicy string `json:"securityPolicy"`
	SecurityLevel  int    `json:"securityLevel"`
	// Thumbprint is that of the server's certificate, SHA-1 in lower-case hexadecimal; empty without one.
	Thumbprint string      `json:"thumbprint,omitempty"`
	UserTokens []UserToken `json:"userTokens,omitempty"`
}

// UserTokenType is the way a user logs in (Part 4, 7.42).
type UserTokenType string

// The types of user tokens.
const (
	TokenAnonymous   UserTokenType = "Anonymous"
	TokenUserName    UserTokenType = "UserName"
	TokenCertificate UserTokenType = "Certificate"
	TokenIssued      UserTokenType = "IssuedToken"
)

// UserToken is one way to log in that an endpoint offers.
type UserToken struct {
	PolicyID       string        `json:"policyId,omitempty"`
	Type           UserTokenType `json:"type"`
	SecurityPolicy string        `json:"securityPolicy,omitempty"`
}
