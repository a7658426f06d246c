package registry

import (
	"fmt"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// A server of the registry has sessions of its own at the machine, which all of its writers and groups share. Whoever registers the same machine twice in
// a gateway, with the same identity, has its load doubled and takes two more sessions of the few that it has: that is an oversight.

// registeredTwice refuses a new server that a gateway already has under another id. Another user, security or gateway makes it another one, and so does a
// path in its address.
func (d *draft) registeredTwice(s *model.Server) error {
	for _, other := range d.next.servers {
		if other.ID != s.ID && sameSession(&other, s) {
			return fmt.Errorf("%w: endpointUrl: gateway %s connects %s already, as server %q, with the same user and security: publish from that one; its writers share its sessions",
				ErrConflict, s.Gateway, s.EndpointURL, other.ID)
		}
	}
	return nil
}

// sameSession tells whether one session can serve both.
func sameSession(a, b *model.Server) bool {
	address := func(s *model.Server) string { return strings.TrimSuffix(strings.ToLower(s.EndpointURL), "/") }
	return a.Gateway == b.Gateway && address(a) == address(b) && a.UserName == b.UserName && a.SecurityMode == b.SecurityMode &&
		a.SecurityPolicy == b.SecurityPolicy && a.ReverseConnect == b.ReverseConnect
}
