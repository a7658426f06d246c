package opcua

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// The client against open62541, which shares no code with node-opcua or asyncua.
func TestInteropOpen62541(t *testing.T) {
	s := opcuatest.StartOpen62541(t, opcuatest.Options{Vars: 50})
	source := run(t, config(s.Endpoint(), &recorder{}))
	connected(t, source)
	for _, c := range []struct {
		name string
		test func(*testing.T, *Source)
	}{
		{"RoundTrip", func(t *testing.T, s *Source) { testInteropRoundTrip(t, s, builtInTypes) }},
		{"LargeValues", testInteropLargeValues},
		{"Structure", func(t *testing.T, s *Source) { testInteropStructures(t, s, "Struct_Vec3") }},
		{"Browse", testInteropBrowse},
		{"Call", testInteropCall},
		{"Errors", testInteropErrors},
		{"Attributes", testOpen62541Attributes},
		{"Register", testOpen62541Register},
		{"View", testOpen62541View},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, source) })
	}
}

// The attributes that a node's WriteMask allows are written and have the new value, verified by reading them back; others are refused by the server.
func testOpen62541Attributes(t *testing.T, s *Source) {
	for _, c := range []struct {
		node      string
		attribute model.AttributeID
		value     string
		status    model.StatusCode
	}{
		{"Configurable", model.AttributeDisplayName, `{"locale":"","text":"Set point"}`, 0},
		{"Configurable", model.AttributeDescription, `{"locale":"","text":"Of the press"}`, 0},
		{"Configurable", model.AttributeHistorizing, `true`, 0},
		{"Configurable", model.AttributeMinimumSamplingInterval, `250`, 0},
		{"Configurable", model.AttributeAccessLevel, `1`, 0},
		{"Configurable", model.AttributeAccessLevel, `3`, 0},
		{"Configurable", model.AttributeBrowseName, `{"namespaceUri":"urn:shopfloor:plant","name":"SetPoint"}`, model.StatusBadWriteNotSupported},
		{"Configurable", model.AttributeNodeClass, `1`, model.StatusBadWriteNotSupported},
		{"Machine", model.AttributeDisplayName, `{"locale":"","text":"Press"}`, 0},
		{"Machine", model.AttributeEventNotifier, `1`, 0},
		{"Machine", model.AttributeWriteMask, `0`, model.StatusBadUserAccessDenied},
		{"ReadOnly", model.AttributeDisplayName, `{"locale":"","text":"other"}`, model.StatusBadUserAccessDenied},
	} {
		results, err := s.Write(t.Context(), []model.WriteValue{{NodeID: plant(c.node), Attribute: c.attribute, Value: json.RawMessage(c.value), Verify: true}})
		if err != nil {
			t.Fatal(err)
		}
		r := results[0]
		if r.Status != c.status || c.status != 0 && r.Message == "" {
			t.Errorf("attribute %d of %s = %s: %s %q, want %s", c.attribute, c.node, c.value, r.Status.Name(), r.Message, c.status.Name())
		}
		if c.status == 0 && (r.Verification == nil || r.Verification.Outcome != model.Verified) {
			t.Errorf("attribute %d of %s = %s: verified %+v", c.attribute, c.node, c.value, r.Verification)
		}
	}
}

func testOpen62541Register(t *testing.T, s *Source) {
	r, err := s.RegisterNodes(t.Context(), []model.ExpandedNodeID{plant("V0"), plant("Scalar_Double"), plant("Add"), plant("Plant")})
	if err != nil || slices.ContainsFunc(r, func(r model.RegisterResult) bool { return r.Status.IsBad() }) {
		t.Fatalf("register: %+v, %v", r, err)
	}
	write, err := s.Write(t.Context(), []model.WriteValue{{NodeID: plant("Scalar_Double"), Value: json.RawMessage("4.5"), Verify: true}})
	if err != nil || write[0].Verification == nil || write[0].Verification.Outcome != model.Verified {
		t.Errorf("write a registered node: %+v, %v", write, err)
	}
	testInteropCall(t, s)
	if r, err := s.UnregisterNodes(t.Context(), []model.ExpandedNodeID{plant("V0"), plant("Scalar_Double")}); err != nil || r[0].Status.IsBad() {
		t.Errorf("unregister: %+v, %v", r, err)
	}
	if r := read(t, s, value("Scalar_Double")); r[0].Value.Float() != 4.5 {
		t.Errorf("by its own id: %+v", r)
	}
}

// The attributes of a View are read and its nodes are found; that this server browses within none of them is told by its status.
func testOpen62541View(t *testing.T, s *Source) {
	id := func(a model.AttributeID) model.ReadValueID {
		return model.ReadValueID{NodeID: plant("Maintenance"), Attribute: a}
	}
	r := read(t, s, id(model.AttributeNodeClass), id(model.AttributeContainsNoLoops), id(model.AttributeEventNotifier))
	if r[0].Value.Int() != int64(model.NodeClassView) || !r[1].Value.Bool() || !r[2].Status.IsGood() {
		t.Errorf("attributes of the view: %+v", r)
	}
	b, err := s.Browse(t.Context(), []model.BrowseDescription{{NodeID: plant("Maintenance")}})
	if err != nil || !slices.ContainsFunc(b[0].References, func(r model.Reference) bool { return r.NodeID == plant("Machine") }) {
		t.Errorf("browse the view: %+v, %v", b, err)
	}
	b, err = s.Browse(t.Context(), []model.BrowseDescription{{NodeID: plant("Plant"), View: plant("Maintenance")}, {NodeID: plant("Plant")}})
	if err != nil || b[0].Status != model.StatusBadViewIdUnknown || b[0].Message == "" || b[1].Status.IsBad() || len(b[1].References) == 0 {
		t.Errorf("browse within a view: %+v, %v", b, err)
	}
}

func TestInteropOpen62541Publishing(t *testing.T) {
	testInteropPublishing(t, opcuatest.StartOpen62541(t, opcuatest.Options{Vars: 50}))
}

// Unlike asyncua, the server has a trust list of its own.
func TestInteropOpen62541Security(t *testing.T) {
	s := opcuatest.StartOpen62541(t, opcuatest.Options{})
	t.Run("UntrustedClient", func(t *testing.T) {
		refused(t, run(t, secure(t, s, model.SecuritySignAndEncrypt, "", "")), "refuses the gateway's certificate", Thumbprint(identity(t).CertificateDER()))
	})
	s.Trust(identity(t).CertificateDER())
	testInteropSecurity(t, s)
	s.Restart()
	connected(t, run(t, secure(t, s, model.SecurityBest, "view", "view-pass")))
}

// Subscriptions are taken over (TransferSubscriptions, Republish) by the next life of a gateway that was killed. For an anonymous user the server
// wants to see by the certificate that it is the same gateway (Part 4, 5.14.7).
func TestInteropOpen62541TakeOver(t *testing.T) {
	for _, user := range []struct{ name, password string }{{"", ""}, {"op", "op-pass"}} {
		t.Run("user "+user.name, func(t *testing.T) {
			s := opcuatest.StartOpen62541(t, opcuatest.Options{})
			s.Trust(identity(t).CertificateDER())
			l := livesAt(t, s, 20)
			secured := secure(t, s, model.SecuritySignAndEncrypt, user.name, user.password)
			l.change = func(c *Config) {
				c.Server.SecurityMode, c.Server.UserName, c.Password = model.SecuritySignAndEncrypt, user.name, user.password
				c.Identity, c.Trust = secured.Identity, secured.Trust
			}
			l.takeOver((*lives).die)
		})
	}
}

// A connection that was cut for a while costs no value: session and subscription go on, with security and without.
func TestInteropOpen62541Cut(t *testing.T) {
	for _, mode := range []model.SecurityMode{model.SecurityNone, model.SecuritySignAndEncrypt} {
		t.Run(string(mode), func(t *testing.T) {
			s := opcuatest.StartOpen62541(t, opcuatest.Options{Vars: 20})
			s.Trust(identity(t).CertificateDER())
			proxy, sets := opcuatest.NewProxy(t, s.Addr()), &recorder{}
			cfg := secure(t, s, mode, "", "")
			cfg.Server.EndpointURL, cfg.DataSets = proxy.Endpoint(), sets
			w := dataSetWriter("w", 200*time.Millisecond, counters(20)...)
			for i := range w.Fields {
				w.Fields[i].QueueSize = 500
			}
			source := run(t, cfg, w)
			more := func(n int) {
				t.Helper()
				before := sets.least()
				eventually(t, 20*time.Second, func() bool { return sets.least() >= before+n }, func() string { return fmt.Sprintf("%d values more: %+v", n, source.Status()) })
			}
			more(10)
			proxy.Refuse(true)
			proxy.Cut()
			time.Sleep(2 * time.Second) // without a connection
			proxy.Refuse(false)
			more(30)
			if missing, twice := sets.audit(t); missing != 0 || twice != 0 {
				t.Errorf("%d steps are missing, %d values came twice", missing, twice)
			}
		})
	}
}

// Events of a vendor's type have the fields of the type.
func TestInteropOpen62541Events(t *testing.T) {
	s := opcuatest.StartOpen62541(t, opcuatest.Options{Vars: 1, Env: []string{"EVENT_MS=0"}})
	source := run(t, config(s.Endpoint(), &recorder{}))
	connected(t, source)
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan string, 16)
	done := make(chan error)
	go func() {
		done <- source.MonitorEvents(ctx, model.EventMonitorRequest{PublishingInterval: 100 * time.Millisecond, Events: model.EventSource{
			Notifier: plant("Plant"), TypeDefinition: plant("PlantEventType"),
			Select: []model.SelectClause{{BrowsePath: []string{"Message"}}, {BrowsePath: []string{"Severity"}}, {TypeDefinition: plant("PlantEventType"), BrowsePath: []string{"Machine"}}},
			Where:  []model.WhereElement{{Operator: "GreaterThan", Operands: []model.WhereOperand{{Attribute: &model.SelectClause{BrowsePath: []string{"Severity"}}}, {Value: json.RawMessage("200")}}}},
		}}, func(d model.MonitoredEvents) {
			for _, e := range d.Events {
				select {
				case got <- fmt.Sprint(e):
				default:
				}
			}
		})
	}()
	raise := func(severity int) {
		r, err := source.Call(t.Context(), []model.CallRequest{{
			ObjectID: plant("Plant"), MethodID: plant("RaiseEvent"), InputArguments: []json.RawMessage{json.RawMessage(`"hot"`), json.RawMessage(fmt.Sprint(severity))},
		}})
		if err != nil || r[0].Status.IsBad() {
			t.Errorf("raise an event: %+v, %v", r, err)
		}
	}
	eventually(t, eventWait, func() bool {
		raise(100) // filtered out by the server
		raise(300)
		select {
		case text := <-got:
			if !strings.Contains(text, "hot") || !strings.Contains(text, "300") || !strings.Contains(text, "press-1") {
				t.Errorf("event %s", text)
			}
			return true
		case <-time.After(200 * time.Millisecond):
			return false
		}
	}, func() string { return "an event comes" })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
