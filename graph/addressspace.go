package graph

import (
	"errors"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/graph/addressspace"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// AddressSpace shows how it stands with the address space of a server.
type AddressSpace struct{ status addressspace.Status }

// addressSpace is that of a server.
func (r *Resolver) addressSpace(server string) *AddressSpace {
	if r.AddressSpaces == nil {
		return &AddressSpace{addressspace.Status{State: addressspace.Off}}
	}
	return &AddressSpace{r.AddressSpaces.Status(server)}
}

// refreshAddressSpace has the address space of a server browsed again.
func (r *Resolver) refreshAddressSpace(server string) (*model.Server, error) {
	s, err := r.server(server)
	if err != nil {
		return nil, err
	}
	if r.AddressSpaces == nil {
		return nil, errNoAddressSpaces
	}
	err = r.AddressSpaces.Refresh(server)
	if errors.Is(err, addressspace.ErrUnknown) { // added a moment ago: it will be browsed
		err = nil
	}
	return s, err
}

var errNoAddressSpaces = fmt.Errorf("%w: address spaces are not kept; set addressSpace.enabled to true in the configuration", ErrUnavailable)

// State is how it stands.
func (a *AddressSpace) State() addressspace.State { return a.status.State }

// Nodes are those that are known.
func (a *AddressSpace) Nodes() int { return a.status.Nodes }

// References are the hierarchical ones.
func (a *AddressSpace) References() int { return a.status.References }

// Bytes is the memory that it takes.
func (a *AddressSpace) Bytes() uint64 { return uint64(a.status.Bytes) }

// Progress is nil while it is not browsed.
func (a *AddressSpace) Progress() *AddressSpaceProgress {
	if a.status.Found == 0 {
		return nil
	}
	return &AddressSpaceProgress{Browsed: a.status.Browsed, Found: a.status.Found}
}

// Version is another one when anything is another.
func (a *AddressSpace) Version() *string { return optional(a.status.Version) }

// BrowsedAt is nil when nothing is known.
func (a *AddressSpace) BrowsedAt() *time.Time {
	if a.status.BrowsedAt.IsZero() {
		return nil
	}
	return &a.status.BrowsedAt
}

// ChangesTold tells whether the server tells of changes.
func (a *AddressSpace) ChangesTold() bool { return a.status.Told }

// Omitted counts what is left out.
func (a *AddressSpace) Omitted() int { return a.status.Omitted }

// Error is why it failed, or what is left out.
func (a *AddressSpace) Error() *string { return optional(a.status.Error) }
