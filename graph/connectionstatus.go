package graph

import (
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Connection shows how the connection to a server stands.
type Connection struct{ status model.ServerStatus }

// State is UNKNOWN until the gateway has reported.
func (c *Connection) State() model.ConnectionState {
	if c.status.State == "" {
		return model.StateUnknown
	}
	return c.status.State
}

// Since is the time of the last change of State.
func (c *Connection) Since() time.Time { return c.status.Since }

// Reason is the kind of Error, nil when there is none.
func (c *Connection) Reason() *model.ConnectionReason {
	if c.status.Reason == "" {
		return nil
	}
	return &c.status.Reason
}

// Figures are those of the gateway's last heartbeat.
func (c *Connection) Figures() model.ServerFigures { return c.status.Figures }

// Error tells why there is no connection.
func (c *Connection) Error() *string { return optional(c.status.Error) }

// Thumbprint is that of the server's certificate.
func (c *Connection) Thumbprint() *string { return optional(c.status.Thumbprint) }

// ApplicationURI is the server's own name in the world.
func (c *Connection) ApplicationURI() *string { return optional(c.status.ApplicationURI) }

// ProductURI names the product that the server is.
func (c *Connection) ProductURI() *string { return optional(c.status.ProductURI) }

// SecurityMode is that of the connection, nil without one.
func (c *Connection) SecurityMode() *model.SecurityMode {
	if c.status.SecurityMode == "" {
		return nil
	}
	return &c.status.SecurityMode
}

// SecurityPolicy is that of the connection, nil without one.
func (c *Connection) SecurityPolicy() *string { return optional(c.status.SecurityPolicy) }

// MonitoredItems counts the items that the server accepted.
func (c *Connection) MonitoredItems() int { return c.status.MonitoredItems }

// BadItems counts the items that the server refused or reports Bad.
func (c *Connection) BadItems() int { return c.status.BadItems }

// Reconnects counts since the gateway started.
func (c *Connection) Reconnects() uint64 { return c.status.Reconnects }

// LostNotifications counts what the server dropped since the gateway started.
func (c *Connection) LostNotifications() uint64 { return c.status.LostNotifications }
