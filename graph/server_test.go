package graph

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestServerFields(t *testing.T) {
	newPlatform(HandlerConfig{}).ask(t, `{ server(id: "press") { id name endpointUrl securityMode securityPolicy userName trustedThumbprints state valuesPerSecond
		gateway { id version started frames values pending servers { totalCount edges { cursor node { id } } pageInfo { hasNextPage } } }
		connection { state since error thumbprint applicationUri productUri securityMode securityPolicy monitoredItems badItems reconnects lostNotifications }
		writers { totalCount edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }
		objects { nodeId nodeClass browseName { name } } } }`).wantData(t, `{"server": {"id": "press", "name": "Press 1", "endpointUrl": "opc.tcp://10.0.0.5:4840",
		"securityMode": "SIGN", "securityPolicy": "", "userName": "", "trustedThumbprints": [], "state": "CONNECTED", "valuesPerSecond": 12.5,
		"gateway": {"id": "edge1", "version": "1.0", "started": "2026-01-02T03:04:05Z", "frames": "5", "values": "6", "pending": 7,
			"servers": {"totalCount": 1, "edges": [{"cursor": "`+cursor("press")+`", "node": {"id": "press"}}], "pageInfo": {"hasNextPage": false}}},
		"connection": {"state": "CONNECTED", "since": "2026-01-02T03:04:05Z", "error": null, "thumbprint": "ab", "applicationUri": "urn:press", "productUri": "urn:acme",
			"securityMode": "SIGN", "securityPolicy": "Basic256Sha256", "monitoredItems": 3, "badItems": 1, "reconnects": "2", "lostNotifications": "4"},
		"writers": {"totalCount": 1, "edges": [{"cursor": "`+cursor("edge1/press/default")+`", "node": {"id": "edge1/press/default"}}], "pageInfo": {"hasNextPage": false,
			"hasPreviousPage": false, "startCursor": "`+cursor("edge1/press/default")+`", "endCursor": "`+cursor("edge1/press/default")+`"}},
		"objects": {"nodeId": "i=85", "nodeClass": "OBJECT", "browseName": {"name": "Object 85"}}}}`)
}

func TestServerThatHasNotReported(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.registry.status = nil
	p.ask(t, `{ server(id: "oven") { securityMode userName gateway { id version started } connection { state since error securityMode thumbprint } } }`).wantData(t,
		`{"server": {"securityMode": "BEST", "userName": "op", "gateway": {"id": "edge2", "version": "", "started": null},
		"connection": {"state": "UNKNOWN", "since": null, "error": null, "securityMode": null, "thumbprint": null}}}`)
}

func TestServerFilter(t *testing.T) {
	for filter, want := range map[string]string{
		`{}`: "oven press", `{text: "PRESS"}`: "press", `{text: "10.0.0."}`: "oven press", `{state: REFUSED}`: "oven", `{gateway: "edge1"}`: "press",
		`{gateway: "edge1", state: REFUSED}`: "",
	} {
		a := newPlatform(HandlerConfig{}).ask(t, `{ servers(filter: `+filter+`) { totalCount edges { node { id } } } }`)
		var ids []string
		c := a.Data.(map[string]any)["servers"].(map[string]any)
		for _, e := range c["edges"].([]any) {
			ids = append(ids, e.(map[string]any)["node"].(map[string]any)["id"].(string))
		}
		if got := strings.Join(ids, " "); got != want || c["totalCount"] != float64(len(ids)) {
			t.Errorf("filter %s: %q of %v, want %q", filter, got, c["totalCount"], want)
		}
	}
}

// pages asks for pages of servers until there are no more, and runs between before each further one.
func pages(t *testing.T, p *platform, between func()) (ids []string) {
	t.Helper()
	after := any(nil)
	for {
		a := p.ask(t, `query($after: String) { servers(first: 10, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } } }`, "after", after)
		if len(a.Errors) > 0 {
			t.Fatal(a.Errors)
		}
		c := a.Data.(map[string]any)["servers"].(map[string]any)
		for _, e := range c["edges"].([]any) {
			ids = append(ids, e.(map[string]any)["node"].(map[string]any)["id"].(string))
		}
		info := c["pageInfo"].(map[string]any)
		if info["hasNextPage"] == false {
			return ids
		}
		after = info["endCursor"]
		between()
	}
}

func TestPagesGoOnWhenTheListChanges(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.registry.servers = map[string]model.Server{}
	for i := range 25 {
		id := fmt.Sprintf("s%02d", i)
		p.registry.servers[id] = model.Server{ID: id}
	}
	if ids := pages(t, p, func() {}); len(ids) != 25 {
		t.Fatalf("pages have %v", ids)
	}
	// The last one of the first page goes, and one before it comes: nothing is skipped or repeated.
	ids := pages(t, p, func() {
		delete(p.registry.servers, "s09")
		p.registry.servers["s001"] = model.Server{ID: "s001"}
	})
	if len(ids) != 25 || ids[10] != "s10" {
		t.Errorf("pages have %v", ids)
	}
}

func TestGateways(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.ask(t, `{ gateways(first: 1) { totalCount edges { cursor node { id } } pageInfo { hasNextPage } } gateway(id: "edge1") { version } }`).wantData(t,
		`{"gateways": {"totalCount": 1, "edges": [{"cursor": "`+cursor("edge1")+`", "node": {"id": "edge1"}}], "pageInfo": {"hasNextPage": false}}, "gateway": {"version": "1.0"}}`)
	p.ask(t, `{ gateway(id: "no") { id } server(id: "no") { id } }`).wantCodes(t, "NOT_FOUND", "NOT_FOUND")
}

func TestAddServer(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	const mutation = `mutation($input: AddServerInput!) { addServer(input: $input) { id gateway { id } securityMode userName trustedThumbprints } }`
	input := map[string]any{
		"name": "Mill", "endpointUrl": "opc.tcp://mill:4840/ua", "userName": "op", "password": "secret",
		"trustedThumbprints": []string{"AB:CD " + strings.Repeat("0", 36)},
	}
	p.ask(t, mutation, "input", input).wantData(t, `{"addServer": {"id": "mill", "gateway": {"id": "edge1"}, "securityMode": "BEST", "userName": "op",
		"trustedThumbprints": ["abcd`+strings.Repeat("0", 36)+`"]}}`)
	if p.registry.password["mill"] != "secret" {
		t.Errorf("password is %q", p.registry.password["mill"])
	}
	p.ask(t, mutation, "input", input).wantCodes(t, "CONFLICT")
}

func TestAddServerRefusesBadInput(t *testing.T) {
	for _, tt := range []struct{ field, name, value string }{
		{"id", "id", "Not An Id"},
		{"name", "name", " "},
		{"endpointUrl", "endpointUrl", "http://10.0.0.5"},
		{"endpointUrl", "endpointUrl", "opc.tcp://user:pass@host"},
		{"securityPolicy", "securityPolicy", "Basic128"},
		{"userName", "password", "x"},
		{"trustedThumbprints", "trustedThumbprints", "abc"},
	} {
		p := newPlatform(HandlerConfig{})
		input := map[string]any{"name": "Mill", "endpointUrl": "opc.tcp://mill:4840", tt.name: tt.value}
		a := p.ask(t, `mutation($input: AddServerInput!) { addServer(input: $input) { id } }`, "input", input)
		a.wantCodes(t, "BAD_USER_INPUT")
		if a.Errors[0].Extensions["field"] != tt.field {
			t.Errorf("%s %q: error %v", tt.name, tt.value, a.Errors[0])
		}
		if len(p.registry.servers) != 2 {
			t.Errorf("%s %q was added", tt.name, tt.value)
		}
	}
	p := newPlatform(HandlerConfig{})
	p.resolver.LocalGateway = ""
	a := p.ask(t, `mutation { addServer(input: {name: "a", endpointUrl: "opc.tcp://a"}) { id } }`)
	a.wantCodes(t, "BAD_USER_INPUT")
	if a.Errors[0].Extensions["field"] != "gateway" {
		t.Errorf("error %v", a.Errors[0])
	}
}

func TestUpdateServer(t *testing.T) {
	for _, tt := range []struct {
		name, input, password string
		want                  model.Server
	}{
		{"nothing", ``, "old", model.Server{ID: "oven", Name: "Oven", Gateway: "edge2", EndpointURL: "opc.tcp://10.0.0.6:4840", UserName: "op"}},
		{
			"all", `name: "O", endpointUrl: "opc.tcp://o", securityMode: NONE, securityPolicy: "None", userName: "u", password: "p"`, "p",
			model.Server{ID: "oven", Name: "O", Gateway: "edge2", EndpointURL: "opc.tcp://o", SecurityMode: model.SecurityNone, SecurityPolicy: "None", UserName: "u"},
		},
		{
			"null resets", `securityMode: null, securityPolicy: null, userName: null`, "",
			model.Server{ID: "oven", Name: "Oven", Gateway: "edge2", EndpointURL: "opc.tcp://10.0.0.6:4840", SecurityMode: model.SecurityBest},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlatform(HandlerConfig{})
			p.registry.password["oven"] = "old"
			p.ask(t, `mutation { updateServer(input: {id: "oven" `+tt.input+`}) { id } }`).wantData(t, `{"updateServer": {"id": "oven"}}`)
			if diff := cmp.Diff(tt.want, p.registry.servers["oven"]); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
			if p.registry.password["oven"] != tt.password {
				t.Errorf("password %q, want %q", p.registry.password["oven"], tt.password)
			}
		})
	}
	for input, field := range map[string]string{
		`name: null`: "name", `endpointUrl: null`: "endpointUrl", `securityPolicy: "x"`: "securityPolicy", `userName: null, password: "p"`: "userName",
	} {
		a := newPlatform(HandlerConfig{}).ask(t, `mutation { updateServer(input: {id: "oven" `+input+`}) { id } }`)
		a.wantCodes(t, "BAD_USER_INPUT")
		if a.Errors[0].Extensions["field"] != field {
			t.Errorf("%s: error %v", input, a.Errors[0])
		}
	}
	newPlatform(HandlerConfig{}).ask(t, `mutation { updateServer(input: {id: "no"}) { id } }`).wantCodes(t, "NOT_FOUND")
}

func TestTrustServerCertificate(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	thumbprint := strings.Repeat("0a", 20)
	for range 2 { // the second time changes nothing
		p.ask(t, `mutation($t: String!) { trustServerCertificate(server: "press", thumbprint: $t) { trustedThumbprints } }`, "t", strings.ToUpper(thumbprint)).
			wantData(t, `{"trustServerCertificate": {"trustedThumbprints": ["`+thumbprint+`"]}}`)
	}
	p.ask(t, `mutation { trustServerCertificate(server: "press", thumbprint: "12") { id } }`).wantCodes(t, "BAD_USER_INPUT")
}

func TestRemoveServer(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.ask(t, `mutation { removeServer(id: "press") }`).wantData(t, `{"removeServer": "press"}`)
	p.ask(t, `mutation { removeServer(id: "press") }`).wantCodes(t, "NOT_FOUND")
}

func TestPlatform(t *testing.T) {
	newPlatform(HandlerConfig{}).ask(t, `{ platform { version started ingest { valuesPerSecond values frames deadFrames screenedValues backlog series checkpoint } } }`).wantData(t,
		`{"platform": {"version": "9.9", "started": "2026-01-02T03:04:05Z", "ingest": {"valuesPerSecond": 1.5, "values": "1152921504606846976", "frames": "2",
		"deadFrames": "3", "screenedValues": "4", "backlog": "5", "series": 6, "checkpoint": "7"}}}`)
}
