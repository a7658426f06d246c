package graph

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// fakeGateways notes what is asked of it; err is what it answers.
type fakeGateways struct {
	calls []string
	links map[string]model.GatewayLink
	err   error
}

var _ Gateways = (*fakeGateways)(nil)

func (g *fakeGateways) Link(gateway string) model.GatewayLink { return g.links[gateway] }

func (g *fakeGateways) CreateToken(_ context.Context, gateway string, validFor time.Duration) (model.GatewayToken, error) {
	g.calls = append(g.calls, fmt.Sprintf("token %s %s", gateway, validFor))
	return model.GatewayToken{Gateway: gateway, Token: "once", Expires: testTime.Add(validFor), Fingerprint: "ab"}, g.err
}

func (g *fakeGateways) Enrol(_ context.Context, gateway, publicKey string) error {
	g.calls = append(g.calls, "enrol "+gateway+" "+publicKey)
	return g.err
}

func (g *fakeGateways) Revoke(_ context.Context, gateway string) error {
	g.calls = append(g.calls, "revoke "+gateway)
	return g.err
}

func withGateways(g *fakeGateways) *platform {
	p := newPlatform(HandlerConfig{})
	p.resolver.Gateways = g
	return p
}

func TestGatewayLink(t *testing.T) {
	const query = `{ gateway(id: "edge1") { link { local connected enrolled heard } } server(id: "oven") { gateway { id link { local connected enrolled heard } } } }`
	const local = `"gateway": {"link": {"local": true, "connected": true, "enrolled": null, "heard": null}}`
	p := withGateways(&fakeGateways{links: map[string]model.GatewayLink{
		"edge1": {Heard: testTime}, // the local one is not asked for
		"edge2": {Enrolled: testTime, Connected: true, Heard: testTime.Add(time.Second)},
	}})
	p.ask(t, query).wantData(t, `{`+local+`, "server": {"gateway": {"id": "edge2", "link": {"local": false, "connected": true,
		"enrolled": "2026-01-02T03:04:05Z", "heard": "2026-01-02T03:04:06Z"}}}}`)
	newPlatform(HandlerConfig{}).ask(t, query).wantData(t, `{`+local+`, "server": {"gateway": {"id": "edge2", "link": {"local": false, "connected": false,
		"enrolled": null, "heard": null}}}}`)
}

func TestGatewayMutations(t *testing.T) {
	g := &fakeGateways{}
	p := withGateways(g)
	p.ask(t, `mutation { createGatewayToken(id: "hall-3") { gateway token expires fingerprint } }`).wantData(t,
		`{"createGatewayToken": {"gateway": "hall-3", "token": "once", "expires": "2026-01-02T04:04:05Z", "fingerprint": "ab"}}`)
	p.ask(t, `mutation { enrolGateway(id: "hall-3", publicKey: "U1.key") { id version } }`).wantData(t, `{"enrolGateway": {"id": "hall-3", "version": ""}}`)
	p.ask(t, `mutation { revokeGateway(id: "hall-3") }`).wantData(t, `{"revokeGateway": true}`)
	if got := strings.Join(g.calls, ", "); got != "token hall-3 1h0m0s, enrol hall-3 U1.key, revoke hall-3" {
		t.Errorf("asked for %s", got)
	}

	g.err = fmt.Errorf("%w: the key is none", ErrInvalid)
	for _, m := range []string{`createGatewayToken(id: "hall-3") { token }`, `enrolGateway(id: "hall-3", publicKey: "x") { id }`, `revokeGateway(id: "hall-3")`} {
		a := p.ask(t, `mutation { `+m+` }`)
		a.wantCodes(t, "BAD_USER_INPUT")
		if !strings.Contains(a.Errors[0].Message, `gateway "hall-3": `) || !strings.Contains(a.Errors[0].Message, "the key is none") {
			t.Errorf("%s: %s", m, a.Errors[0].Message)
		}
	}
}

func TestGatewayMutationsRefuseBadInput(t *testing.T) {
	for _, tt := range []struct{ mutation, field string }{
		{`createGatewayToken(id: "Hall 3") { token }`, "id"},
		{`createGatewayToken(id: "-hall") { token }`, "id"},
		{`createGatewayToken(id: "` + strings.Repeat("a", 65) + `") { token }`, "id"},
		{`createGatewayToken(id: "edge1") { token }`, "id"}, // the local one
		{`createGatewayToken(id: "hall-3", validFor: "59s") { token }`, "validFor"},
		{`createGatewayToken(id: "hall-3", validFor: "8d") { token }`, "validFor"},
		{`enrolGateway(id: "", publicKey: "U1.key") { id }`, "id"},
		{`enrolGateway(id: "edge1", publicKey: "U1.key") { id }`, "id"},
		{`revokeGateway(id: "hall*")`, "id"},
		{`revokeGateway(id: "edge1")`, "id"},
	} {
		g := &fakeGateways{}
		a := withGateways(g).ask(t, `mutation { `+tt.mutation+` }`)
		a.wantCodes(t, "BAD_USER_INPUT")
		if field := a.Errors[0].Extensions["field"]; field != tt.field {
			t.Errorf("%s names the field %v, want %s", tt.mutation, field, tt.field)
		}
		if len(g.calls) != 0 {
			t.Errorf("%s went on to %s", tt.mutation, g.calls)
		}
	}
}

// A core that does not listen for gateways says how it would.
func TestGatewayMutationsWithoutListener(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	for _, m := range []string{`createGatewayToken(id: "hall-3") { token }`, `enrolGateway(id: "hall-3", publicKey: "x") { id }`, `revokeGateway(id: "hall-3")`} {
		a := p.ask(t, `mutation { `+m+` }`)
		a.wantCodes(t, "UNAVAILABLE")
		if !strings.Contains(a.Errors[0].Message, "--leafnodes") {
			t.Errorf("%s: %s", m, a.Errors[0].Message)
		}
	}
}
