package opcua

import (
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// The defaults of a Config, and the limits that have no setting.
const (
	defaultRequestTimeout       = 10 * time.Second
	defaultSessionTimeout       = time.Minute
	defaultSubscriptionLifetime = 5 * time.Minute
	defaultKeepAlive            = 3 * time.Second
	defaultPublishes            = 5
	defaultMaxSessions          = 4
	defaultMaxReferences        = 10_000
	defaultContinuationHold     = time.Minute
	defaultPort                 = "4840"
)

// Config of a Source.
type Config struct {
	// Server says where and as whom to connect.
	Server model.Server
	// Password of Server.UserName, already opened.
	Password string
	// Identity is the application instance certificate; nil when only endpoints without security are to be used.
	Identity *Identity
	// Trust is the gateway's list of trusted server certificates; nil trusts those of Server.TrustedThumbprints only.
	Trust *TrustList
	// Reverse takes the connections of servers that connect to the gateway; needed for a Server with ReverseConnect only.
	Reverse *ReverseListener
	// DataSets takes the values. It is required.
	DataSets edge.DataSets

	// OnWatchdog is called when fields of a writer are late whose Watchdog is to end the process (WatchdogFailFast, WatchdogExitProcess); nil leaves
	// it at the log. It may be called by several Sources at once and must not block.
	OnWatchdog func(WatchdogEvent)

	// Memory keeps what is needed to take subscriptions over after a restart of the gateway; nil makes them anew. With it the server keeps the
	// subscriptions when Run ends, unless the cause of that is edge.ErrRemoved.
	Memory Memory
	// OnGap is told of values that cannot be delivered any more; nil leaves it at counters. It must not block.
	OnGap func(model.Gap)

	// RequestTimeout bounds one request at the server; 0 = 10 s.
	RequestTimeout time.Duration
	// SessionTimeout is how long the server keeps a session whose connection is lost; 0 = 1 min. Servers may choose another.
	SessionTimeout time.Duration
	// SubscriptionLifetime is how long the server keeps subscriptions and their queues while we are away, also over a restart of the gateway; 0 =
	// 5 min. Servers may choose another.
	SubscriptionLifetime time.Duration
	// KeepAlive is the longest silence of a subscription; 0 = 3 s. A connection that is silent for longer, and 2 s more, is given up.
	KeepAlive time.Duration
	// MaxSessions bounds the sessions for subscriptions: there is one, and further ones only when the server takes no more subscriptions in a
	// session; 0 = 4. One more is for what is asked.
	MaxSessions int
	// Publishes is the number of Publish requests that wait at the server in each session; 0 = 5, or as many as it takes.
	Publishes int
	// ContinuationHold is how long the place is kept where a page of references ended; 0 = 1 min. See continuation.go.
	ContinuationHold time.Duration
	// MaxReferences bounds the references of one browsed node; 0 = 10,000.
	MaxReferences int

	browses *browseFigures
}

// prepare fills in the defaults and checks the rest.
func (c *Config) prepare() error {
	if c.DataSets == nil {
		return fmt.Errorf("server %q: Config.DataSets is missing", c.Server.ID)
	}
	return c.prepareConnection()
}

// prepareConnection does so for what connecting needs.
func (c *Config) prepareConnection() error {
	defaultTo(&c.RequestTimeout, defaultRequestTimeout)
	defaultTo(&c.SessionTimeout, defaultSessionTimeout)
	defaultTo(&c.SubscriptionLifetime, defaultSubscriptionLifetime)
	defaultTo(&c.KeepAlive, defaultKeepAlive)
	defaultTo(&c.Publishes, defaultPublishes)
	defaultTo(&c.MaxSessions, defaultMaxSessions)
	defaultTo(&c.ContinuationHold, defaultContinuationHold)
	defaultTo(&c.MaxReferences, defaultMaxReferences)
	defaultTo(&c.Server.SecurityMode, model.SecurityBest)
	c.browses = &browseFigures{}
	if _, err := hostPort(c.Server.EndpointURL); err != nil {
		return fmt.Errorf("server %q: %w", c.Server.ID, err)
	}
	if err := checkSecurity(c.Server.SecurityMode, c.Server.SecurityPolicy); err != nil {
		return fmt.Errorf("server %q: %w", c.Server.ID, err)
	}
	if c.Server.ReverseConnect && c.Reverse == nil {
		return fmt.Errorf("server %q: reverseConnect: the gateway does not listen for servers; give it an address to listen at in its configuration", c.Server.ID)
	}
	if c.Identity == nil && (c.Server.SecurityMode == model.SecuritySign || c.Server.SecurityMode == model.SecuritySignAndEncrypt) {
		return fmt.Errorf("server %q: securityMode %s needs an application certificate, and Config.Identity is missing", c.Server.ID, c.Server.SecurityMode)
	}
	return nil
}

func defaultTo[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// hostPort returns the address to dial of an endpoint URL.
func hostPort(endpointURL string) (string, error) {
	u, err := url.Parse(endpointURL)
	if err != nil {
		return "", fmt.Errorf("endpointUrl: %w", err)
	}
	if u.Scheme != "opc.tcp" || u.Hostname() == "" {
		return "", fmt.Errorf("endpointUrl %q: want the form opc.tcp://host:4840/path", endpointURL)
	}
	port := u.Port()
	if port == "" {
		port = defaultPort
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}
