package graph

import (
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/graph/live"
)

// Resolver is the root of all resolvers. Its fields are set before it is used and not changed after.
type Resolver struct {
	Registry Registry
	// PublishedNodes may be nil: its fields answer that they are unavailable then.
	PublishedNodes PublishedNodes
	Commands       Commands
	History        History
	Live           Live
	// DeadLetters, Events and Limits may be nil: their fields answer that they are unavailable then.
	DeadLetters DeadLetters
	Events      Events
	Limits      Limits
	// EventServices may be nil, too.
	EventServices EventServices
	// Discoveries may be nil, too.
	Discoveries Discoveries
	// Connections may be nil, too.
	Connections Connections
	// AddressSpaces may be nil: nothing can be searched then.
	AddressSpaces AddressSpaces
	// Gateways may be nil: no gateway can join from elsewhere then.
	Gateways Gateways

	// Version and Started are shown as those of the platform.
	Version string
	Started time.Time
	// LocalGateway is the id of the gateway in this process, which new servers get if their input names none; empty if there is
	// none.
	LocalGateway string
	// Log gets errors that clients are not told about, from several goroutines at a time.
	Log zerolog.Logger
	// Now is the clock; nil stands for time.Now.
	Now func() time.Time

	// streams are those of live values; made by NewHandler.
	streams *live.Hub
	feeds   *live.Feeds

	hierarchy eventHierarchy
	// plantEvents are those of the current schema.
	plantEvents atomic.Pointer[plantEvents]
}

func (r *Resolver) now() time.Time {
	if r.Now != nil {
		return r.Now()
	}
	return time.Now()
}

// valueOrZero is what p points to, or the zero value for null.
func valueOrZero[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// maxBatch bounds the items of one mutation or subscription.
const maxBatch = 10_000

func checkCount(field string, count, bound int) error {
	if count > bound {
		return fieldError(field, "%d items are more than %d; ask in several requests", count, bound)
	}
	return nil
}
