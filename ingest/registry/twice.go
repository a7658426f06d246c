package registry

import (
	"fmt"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// A server of the registry has sessions of its own at the machine, which all of its writers and groups share. Whoever registers the same machine twice in
// a gateway, with the same identity, has its load doubled and takes two more sessions of the few that it has: that is an oversight.

// registeredTwice refuses a server that a gateway already has under another id. Another user, security or gateway makes it another one, and so does a
// path in its address. Two that stand in the configuration since before do not block each other's changes.
func (d *draft) registeredTwice(s *model.Server) error {
	other := d.twin(s)
	if other == "" {
		return nil
	}
	return fmt.Errorf("%w: endpointUrl: %s", ErrConflict, twinText(s, other))
}

// checkTwins finds servers of the transaction that are there already. Of two in one transaction the later one is to blame. A state that ran once can be
// brought back as it was.
func (d *draft) checkTwins() {
	if d.next.commit.RolledBackTo != 0 {
		return
	}
	for id, item := range d.servers {
		s, ok := d.next.servers[id]
		if !ok {
			continue
		}
		other := d.twin(&s)
		if at, changed := d.servers[other]; other != "" && (!changed || at < item || at == item && other < id) {
			d.item = item
			d.problem("server.endpointUrl", "%s", twinText(&s, other))
		}
	}
}

// twin is the id of another server whose sessions could serve s, empty if there is none or s had it before.
func (d *draft) twin(s *model.Server) (id string) {
	if before, ok := d.base.servers[s.ID]; ok && sameSession(&before, s) {
		return ""
	}
	for _, other := range d.next.servers {
		if other.ID != s.ID && sameSession(&other, s) && (id == "" || other.ID < id) {
			id = other.ID
		}
	}
	return id
}

func twinText(s *model.Server, other string) string {
	return fmt.Sprintf("gateway %s connects %s already, as server %q, with the same user and security: publish from that one; its writers share its sessions",
		s.Gateway, s.EndpointURL, other)
}

// sameSession tells whether one session can serve both.
func sameSession(a, b *model.Server) bool {
	address := func(s *model.Server) string { return strings.TrimSuffix(strings.ToLower(s.EndpointURL), "/") }
	return a.Gateway == b.Gateway && address(a) == address(b) && a.UserName == b.UserName && a.SecurityMode == b.SecurityMode &&
		a.SecurityPolicy == b.SecurityPolicy && a.ReverseConnect == b.ReverseConnect
}
