package graph

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// platform is a handler over fakes.
type platform struct {
	http.Handler
	resolver *Resolver
	registry *fakeRegistry
	commands *fakeCommands
	store    *fakeStore
	live     *fakeLive
	dead     *fakeDeadLetters
	events   *fakeEvents
	limits   *fakeLimits
	log      *bytes.Buffer
}

var (
	testTime   = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	testWriter = model.WriterKey{Gateway: "edge1", Group: "press", Writer: "default"}
)

func newPlatform(cfg HandlerConfig) *platform {
	p := &platform{
		registry: &fakeRegistry{
			servers: map[string]model.Server{
				"press": {ID: "press", Name: "Press 1", Gateway: "edge1", EndpointURL: "opc.tcp://10.0.0.5:4840", SecurityMode: model.SecuritySign},
				"oven":  {ID: "oven", Name: "Oven", Gateway: "edge2", EndpointURL: "opc.tcp://10.0.0.6:4840", UserName: "op"},
			},
			password: map[string]string{},
			status: map[string]model.ServerStatus{"press": {
				Server: "press", State: model.StateConnected, Since: testTime, Thumbprint: "ab", ApplicationURI: "urn:press", ProductURI: "urn:acme",
				SecurityMode: model.SecuritySign, SecurityPolicy: "Basic256Sha256", MonitoredItems: 3, BadItems: 1, Reconnects: 2, LostNotifications: 4,
			}, "oven": {State: model.StateRefused, Error: "the certificate is not trusted"}},
			gateways: []model.GatewayStatus{{Gateway: "edge1", Version: "1.0", Started: testTime, Frames: 5, Values: 6, Pending: 7}},
			writers: []model.DataSetWriter{{
				Gateway: "edge1", Group: "press", Name: "default", Server: "press", SamplingInterval: 250 * time.Millisecond, PublishingInterval: time.Second,
				Fields: []model.PublishedField{
					{Name: "Speed", NodeID: tag(1)}, {Name: "Oil/Temp", NodeID: tag(2), SamplingInterval: time.Minute, QueueSize: 4}, {Name: "Gone", NodeID: tag(9)},
				},
				ExtensionFields: map[string]string{"line": "3"},
			}},
		},
		commands: &fakeCommands{}, store: &fakeStore{}, live: &fakeLive{latest: map[model.SeriesID]model.DataValue{}}, log: &bytes.Buffer{},
		dead: &fakeDeadLetters{}, events: &fakeEvents{}, limits: &fakeLimits{},
	}
	p.resolver = &Resolver{
		Registry: p.registry, Commands: p.commands, History: p.store, Live: p.live, DeadLetters: p.dead, Events: p.events, Limits: p.limits, Version: "9.9", Started: testTime,
		LocalGateway: "edge1", Log: zerolog.New(zerolog.SyncWriter(p.log)), Now: func() time.Time { return testTime },
	}
	if cfg.Linger == 0 {
		cfg.Linger = time.Millisecond
	}
	p.Handler = NewHandler(cfg, p.resolver)
	return p
}

// answer is a GraphQL response.
type answer struct {
	Data   any
	Errors []struct {
		Message    string
		Path       []any
		Extensions map[string]any
	}
	Extensions map[string]any
}

func (a *answer) codes() (codes []string) {
	for _, e := range a.Errors {
		code, _ := e.Extensions["code"].(string)
		codes = append(codes, code)
	}
	return codes
}

// ask posts a query. Variables are pairs of name and value.
func (p *platform) ask(t *testing.T, query string, variables ...any) *answer {
	t.Helper()
	vars := map[string]any{}
	for i := 0; i < len(variables); i += 2 {
		vars[variables[i].(string)] = variables[i+1]
	}
	body, err := json.Marshal(map[string]any{"query": query, "variables": vars})
	if err != nil {
		t.Fatal(err)
	}
	w := p.send(http.MethodPost, "/graphql", body)
	a := &answer{}
	if err := json.Unmarshal(w.Body.Bytes(), a); err != nil {
		t.Fatalf("answer %q: %v", w.Body, err)
	}
	return a
}

func (p *platform) send(method, target string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

// wantData checks that the answer is this JSON without errors.
func (a *answer) wantData(t *testing.T, want string) {
	t.Helper()
	if len(a.Errors) > 0 {
		t.Fatalf("errors: %v", a.Errors)
	}
	a.wantPartial(t, want)
}

func (a *answer) wantPartial(t *testing.T, want string) {
	t.Helper()
	var w any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("want %s: %v", want, err)
	}
	if diff := cmp.Diff(w, a.Data); diff != "" {
		t.Fatalf("data (-want +got):\n%s", diff)
	}
}

// wantCodes checks the codes of the errors.
func (a *answer) wantCodes(t *testing.T, codes ...string) {
	t.Helper()
	if !slices.Equal(a.codes(), codes) {
		t.Fatalf("codes %v, want %v; errors: %v", a.codes(), codes, a.Errors)
	}
}
