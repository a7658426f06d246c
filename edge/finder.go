package edge

import (
	"context"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Finder finds servers in the network. Its methods may be called from several goroutines.
type Finder interface {
	// Check fills in the defaults of a configuration, or says why it cannot be carried out here: the field, the value and the remedy.
	Check(c model.DiscoveryConfig) (model.DiscoveryConfig, error)
	// Discover looks for servers until it is done, or ctx ends, which is the error then: it returns within a second of that. report is
	// called by one goroutine at a time, some times a second, and must not block for long.
	Discover(ctx context.Context, c model.DiscoveryConfig, report func(model.DiscoveryProgress)) (Found, error)
}

// Found is the outcome of a discovery, also of one that was cut short.
type Found struct {
	// Applications have no ID, Gateway and times yet.
	Applications []model.DiscoveredApplication
	// Notes tell what was left out, and why.
	Notes []string
	// Absent tells of the URL of an endpoint whether it was looked at and no server answered. It is valid when the discovery was done.
	Absent func(url string) bool
}
