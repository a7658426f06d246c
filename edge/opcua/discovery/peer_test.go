//go:build unix

package discovery

import (
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestAnotherStack(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{})
	_, port, _ := strings.Cut(s.Addr(), ":")
	var r recorder
	found := discover(t, r.finder(nil), &r, model.DiscoveryConfig{AddressRanges: "127.0.0.1", PortRanges: port})
	if len(found.Applications) != 1 || found.Applications[0].ApplicationURI != "urn:shopfloor:plant" {
		t.Fatalf("found %+v", found)
	}
	want, modes := thumbprint(s.CertificateDER()), map[model.SecurityMode]bool{}
	for _, e := range found.Applications[0].Endpoints {
		modes[e.SecurityMode] = true
		if e.Thumbprint != want || e.URL != s.Endpoint() || len(e.UserTokens) == 0 {
			t.Errorf("endpoint %+v, want %s with certificate %s", e, s.Endpoint(), want)
		}
	}
	if len(modes) != 3 {
		t.Errorf("modes %v", modes)
	}
	if len(r.contacted) != 1 {
		t.Errorf("contacted %v", r.contacted)
	}
}
