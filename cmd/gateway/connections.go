package gateway

import (
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
)

// ConnectionConfig is how a gateway connects to its OPC UA servers.
type ConnectionConfig struct {
	// SubscriptionLifetime is how long servers are asked to keep the gateway's subscriptions while it is away, so that a restart or an update loses
	// nothing that the queues of the nodes hold. Servers may choose another.
	SubscriptionLifetime daemon.Duration `yaml:"subscriptionLifetime"`
	// MaxSessions bounds the sessions for subscriptions at one server. There is one, and further ones only where the server takes no more
	// subscriptions in a session. One more is for commands.
	MaxSessions int `yaml:"maxSessions"`
}

// DefaultConnections is for gateways that have no setting.
func DefaultConnections() ConnectionConfig {
	return ConnectionConfig{SubscriptionLifetime: daemon.Duration(5 * time.Minute), MaxSessions: 4}
}

// The bounds of ConnectionConfig: servers keep in memory what nobody fetches for as long as a lifetime, and have few sessions.
const (
	minLifetime = 10 * time.Second
	maxLifetime = 24 * time.Hour
	maxSessions = 100
)

// Validate names the field that is wrong, with the remedy.
func (c *ConnectionConfig) Validate() error {
	if d := time.Duration(c.SubscriptionLifetime); d < minLifetime || d > maxLifetime {
		return fmt.Errorf("connections.subscriptionLifetime: %s is out of range; use %s to %s", d, minLifetime, maxLifetime)
	}
	if c.MaxSessions < 1 || c.MaxSessions > maxSessions {
		return fmt.Errorf("connections.maxSessions: %d is out of range; use 1 to %d", c.MaxSessions, maxSessions)
	}
	return nil
}
