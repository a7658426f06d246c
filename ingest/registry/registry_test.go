package registry

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type plainSealer struct{}

func (plainSealer) Seal(b []byte) ([]byte, error) { return append([]byte("sealed:"), b...), nil }

func (plainSealer) Open(b []byte) ([]byte, error) { return bytes.TrimPrefix(b, []byte("sealed:")), nil }

// fakeNodes knows variables "s=…<parent>.<name>", everything else is unknown.
type fakeNodes struct {
	offline error
	reads   int
}

func (n *fakeNodes) Read(_ context.Context, _ string, ids []model.ReadValueID) ([]model.ReadResult, error) {
	n.reads++
	if n.offline != nil {
		return nil, n.offline
	}
	out := make([]model.ReadResult, len(ids))
	for i, id := range ids {
		text := id.NodeID.Text()
		_, name, ok := strings.Cut(text, ".")
		switch {
		case !ok && text != "Object":
			out[i].Status, out[i].Message = model.StatusBadNodeIdUnknown, "node "+text+" is unknown"
		case id.Attribute == model.AttributeNodeID:
			e := model.ExpandedNodeID{NodeID: id.NodeID.WithNamespace(0), NamespaceURI: "urn:plant"}
			out[i].Value = model.ExpandedNodeIDValue(&e)
		case id.Attribute == model.AttributeNodeClass && text == "Object":
			out[i].Value = model.Int32Value(int32(model.NodeClassObject))
		case id.Attribute == model.AttributeNodeClass:
			out[i].Value = model.Int32Value(int32(model.NodeClassVariable))
		default:
			out[i].Value = model.QualifiedNameValue(&model.QualifiedName{Namespace: 2, Name: name})
		}
	}
	return out, nil
}

func (n *fakeNodes) Browse(_ context.Context, _ string, nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
	out := make([]model.BrowseResult, len(nodes))
	for i, d := range nodes {
		parent, _, _ := strings.Cut(d.NodeID.Text(), ".")
		out[i].References = []model.Reference{{BrowseName: model.QualifiedName{Name: parent}}}
	}
	return out, nil
}

func startRegistry(t *testing.T, b Buckets, n Nodes) *Registry {
	t.Helper()
	r := New(b, plainSealer{}, zerolog.Nop())
	r.SetNodes(n)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	<-r.Ready()
	return r
}

func memories() Buckets {
	return Buckets{Configuration: newMemory(), ServerStatus: newMemory(), WriterStatus: newMemory(), Gateway: newMemory()}
}

var ctx = context.Background()

func press() model.Server {
	return model.Server{Name: "Press 7 (hall 2)", Gateway: "local", EndpointURL: "opc.tcp://10.0.0.5:4840"}
}

func TestServersSurviveARestart(t *testing.T) {
	b := memories()
	r := startRegistry(t, b, nil)
	s := press()
	s.UserName = "op"
	added, err := r.AddServer(ctx, s, "op-pass")
	if err != nil || added.ID != "press-7-hall-2" || added.SecurityMode != model.SecurityBest || string(added.SealedPassword) != "sealed:op-pass" {
		t.Fatalf("added %+v, %v", added, err)
	}
	if got, err := r.Server(added.ID); err != nil || got.Revision != added.Revision {
		t.Errorf("read back %+v, %v: who wrote it must read it at once", got, err)
	}
	again := startRegistry(t, b, nil)
	if got := again.Servers(); len(got) != 1 || got[0].Name != s.Name || got[0].Revision != added.Revision {
		t.Errorf("after a restart: %+v", got)
	}
	if second, err := again.AddServer(ctx, press(), ""); err != nil || second.ID != "press-7-hall-2-2" {
		t.Errorf("a second server of that name: %+v, %v", second, err)
	}
}

func TestAddServerRefuses(t *testing.T) {
	r := startRegistry(t, memories(), nil)
	f := func(change func(*model.Server), password string, want error, part string) {
		t.Helper()
		s := press()
		change(&s)
		_, err := r.AddServer(ctx, s, password)
		if !errors.Is(err, want) || !strings.Contains(err.Error(), part) {
			t.Errorf("%+v: %v, want %v with %q", s, err, want, part)
		}
	}
	f(func(s *model.Server) { s.EndpointURL = "10.0.0.5:4840" }, "", ErrInvalid, `endpointUrl: "10.0.0.5:4840"`)
	f(func(s *model.Server) { s.EndpointURL = "opc.tcp://h:99999" }, "", ErrInvalid, "endpointUrl")
	f(func(s *model.Server) { s.EndpointURL = "opc.tcp://user:pw@h:4840" }, "", ErrInvalid, "endpointUrl")
	f(func(s *model.Server) { s.Name = " " }, "", ErrInvalid, "name")
	f(func(s *model.Server) { s.ID = "Press 7" }, "", ErrInvalid, `id: "Press 7"`)
	f(func(s *model.Server) { s.SecurityPolicy = "Basic256" }, "", ErrInvalid, "Basic256Sha256")
	f(func(s *model.Server) { s.SecurityMode, s.SecurityPolicy = model.SecurityNone, "Basic256Sha256" }, "", ErrInvalid, "securityPolicy")
	f(func(*model.Server) {}, "secret", ErrInvalid, "password")
	if _, err := r.AddServer(ctx, press(), ""); err != nil {
		t.Fatal(err)
	}
	f(func(s *model.Server) { s.ID = "press-7-hall-2" }, "", ErrConflict, "exists already")
}

func TestUpdateServer(t *testing.T) {
	b := memories()
	r := startRegistry(t, b, nil)
	s := press()
	s.UserName = "op"
	s, _ = r.AddServer(ctx, s, "one")
	got, err := r.UpdateServer(ctx, s.ID, func(s *model.Server) { s.Name, s.ID = "renamed", "other" }, nil)
	if err != nil || got.Name != "renamed" || got.ID != s.ID || string(got.SealedPassword) != "sealed:one" {
		t.Errorf("updated %+v, %v", got, err)
	}
	if got, err = r.UpdateServer(ctx, s.ID, func(s *model.Server) { s.UserName = "" }, nil); err != nil || got.SealedPassword != nil {
		t.Errorf("without a user: %+v, %v", got, err)
	}
	if _, err := r.UpdateServer(ctx, s.ID, func(s *model.Server) { s.EndpointURL = "x" }, nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("a bad change: %v", err)
	}
	if _, err := r.UpdateServer(ctx, "nope", func(*model.Server) {}, nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown server: %v", err)
	}
}

func TestUpdateMeetsAnotherCore(t *testing.T) {
	b := memories()
	one, two := startRegistry(t, b, nil), startRegistry(t, b, nil)
	s, err := one.AddServer(ctx, press(), "")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { _, err := two.Server(s.ID); return err == nil })
	// The other core changes the record just before ours is written.
	configuration := b.Configuration.(*memory)
	configuration.before = func() {
		configuration.before = nil
		if _, err := two.UpdateServer(ctx, s.ID, func(s *model.Server) { s.EndpointURL = "opc.tcp://new:4840" }, nil); err != nil {
			t.Error(err)
		}
	}
	got, err := one.UpdateServer(ctx, s.ID, func(s *model.Server) { s.Name = "renamed" }, nil)
	if err != nil || got.Name != "renamed" || got.EndpointURL != "opc.tcp://new:4840" {
		t.Errorf("both changes must be there: %+v, %v", got, err)
	}
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatal("not within 5 s")
		}
		<-time.After(time.Millisecond)
	}
}

func node(text string) model.PublishedField {
	return model.PublishedField{NodeID: model.Expanded(model.StringID(2, text))}
}

func TestPublish(t *testing.T) {
	nodes := &fakeNodes{}
	r := startRegistry(t, memories(), nodes)
	s, err := r.AddServer(ctx, press(), "")
	if err != nil {
		t.Fatal(err)
	}
	interval := 250 * time.Millisecond
	req := model.PublishRequest{
		Server: s.ID, SamplingInterval: &interval, ExtensionFields: map[string]string{"line": "7"},
		Nodes: []model.PublishedField{node("Boiler1.Temperature"), node("Boiler2.Temperature"), node("Boiler1.Level"), node("Nowhere"), node("Object"), {NodeID: node("Boiler1.State").NodeID, Name: "state"}},
	}
	w, results, err := r.Publish(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		field  string
		status model.StatusCode
	}{{"Boiler1.Temperature", 0}, {"Boiler2.Temperature", 0}, {"Level", 0}, {"", model.StatusBadNodeIdUnknown}, {"", model.StatusBadNodeClassInvalid}, {"state", 0}}
	for i, x := range want {
		if results[i].Field != x.field || results[i].Status != x.status {
			t.Errorf("node %d: %+v, want %+v", i, results[i], x)
		}
	}
	if len(w.Fields) != 4 || w.Fields[0].NodeID.String() != "nsu=urn:plant;s=Boiler1.Temperature" || w.SamplingInterval != interval ||
		w.PublishingInterval != defaultPublishing || w.Group != s.ID || w.Name != "default" || w.GroupID != 1 || w.WriterID != 1 || w.ExtensionFields["line"] != "7" {
		t.Errorf("writer %+v", w)
	}
	if nodes.reads != 1 {
		t.Errorf("%d reads for one publish, want 1", nodes.reads)
	}
	// Once more, with one new and one whose name is taken.
	w2, results, err := r.Publish(ctx, model.PublishRequest{Server: s.ID, Nodes: []model.PublishedField{node("Boiler1.Level"), node("Boiler2.Level"), {NodeID: node("Boiler1.Pressure").NodeID, Name: "state"}}})
	if err != nil || results[0].Field != "Level" || results[0].Message == "" || results[1].Field != "Boiler2.Level" || results[2].Status != model.StatusBadBrowseNameDuplicated {
		t.Errorf("again: %+v, %v", results, err)
	}
	if len(w2.Fields) != 5 || w2.SamplingInterval != interval || w2.ExtensionFields["line"] != "7" || w2.WriterID != w.WriterID {
		t.Errorf("writer %+v", w2)
	}
	other, _, err := r.Publish(ctx, model.PublishRequest{Server: s.ID, Writer: "fast", Nodes: []model.PublishedField{node("Boiler1.Level")}})
	if err != nil || other.GroupID != w.GroupID || other.WriterID == w.WriterID {
		t.Errorf("another writer of the group: %+v, %v", other, err)
	}
}

func TestPublishUnseenWhenOffline(t *testing.T) {
	r := startRegistry(t, memories(), &fakeNodes{offline: errors.New("not connected")})
	s, _ := r.AddServer(ctx, press(), "")
	w, results, err := r.Publish(ctx, model.PublishRequest{Server: s.ID, Nodes: []model.PublishedField{node("Boiler1.Temperature")}})
	if err != nil || len(w.Fields) != 1 || results[0].Status.IsBad() || !strings.Contains(results[0].Message, "not connected") || results[0].Field != "ns=2;s=Boiler1.Temperature" {
		t.Errorf("%+v %+v %v", w, results, err)
	}
}

func TestPublishRefuses(t *testing.T) {
	r := startRegistry(t, memories(), &fakeNodes{})
	s, _ := r.AddServer(ctx, press(), "")
	f := func(p model.PublishRequest, want error, part string) {
		t.Helper()
		if _, _, err := r.Publish(ctx, p); !errors.Is(err, want) || !strings.Contains(err.Error(), part) {
			t.Errorf("%+v: %v, want %v with %q", p, err, want, part)
		}
	}
	short := time.Millisecond
	f(model.PublishRequest{Server: "nope"}, ErrNotFound, "nope")
	f(model.PublishRequest{Server: s.ID, PublishingInterval: &short}, ErrInvalid, "publishingInterval: 1ms")
	f(model.PublishRequest{Server: s.ID, Nodes: make([]model.PublishedField, model.MaxWriterFields+1)}, ErrInvalid, "nodes")
	f(model.PublishRequest{Server: s.ID, Writer: strings.Repeat("x", 200)}, ErrInvalid, "writer")
	if w, results, err := r.Publish(ctx, model.PublishRequest{Server: s.ID, Nodes: []model.PublishedField{node("Nowhere")}}); err != nil || w.Name != "" || !results[0].Status.IsBad() || len(r.Writers()) != 0 {
		t.Errorf("only unknown nodes: %+v %+v %v, they must not make a writer", w, results, err)
	}
	o := press()
	o.Name, o.EndpointURL = "other", "opc.tcp://10.0.0.6:4840"
	o, _ = r.AddServer(ctx, o, "")
	if _, _, err := r.Publish(ctx, model.PublishRequest{Server: s.ID, Group: "g", Nodes: []model.PublishedField{node("A.B")}}); err != nil {
		t.Fatal(err)
	}
	f(model.PublishRequest{Server: o.ID, Group: "g", Nodes: []model.PublishedField{node("A.B")}}, ErrInvalid, "nodes of one server")
}

func TestUnpublish(t *testing.T) {
	r := startRegistry(t, memories(), &fakeNodes{})
	s, _ := r.AddServer(ctx, press(), "")
	w, _, err := r.Publish(ctx, model.PublishRequest{Server: s.ID, Nodes: []model.PublishedField{node("A.x"), node("A.y"), node("A.z")}})
	if err != nil {
		t.Fatal(err)
	}
	ids := []model.ExpandedNodeID{w.Fields[1].NodeID, model.Expanded(model.NumericID(3, 3))}
	got, removed, results, err := r.Unpublish(ctx, w.Key(), ids)
	if err != nil || removed || len(got.Fields) != 2 || results[0].Field != "y" || results[1].Status != model.StatusBadNotFound {
		t.Errorf("%+v %v %+v %v", got, removed, results, err)
	}
	_, removed, results, err = r.Unpublish(ctx, w.Key(), nil)
	if err != nil || !removed || len(results) != 2 || len(r.Writers()) != 0 {
		t.Errorf("the whole writer: %v %+v %v, left %v", removed, results, err, r.Writers())
	}
	if _, _, _, err := r.Unpublish(ctx, w.Key(), nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("a second time: %v", err)
	}
}

func TestRemoveServerTakesItsWriters(t *testing.T) {
	b := memories()
	r := startRegistry(t, b, &fakeNodes{})
	s, _ := r.AddServer(ctx, press(), "")
	if _, _, err := r.Publish(ctx, model.PublishRequest{Server: s.ID, Nodes: []model.PublishedField{node("A.x")}}); err != nil {
		t.Fatal(err)
	}
	if err := r.RemoveServer(ctx, s.ID); err != nil {
		t.Fatal(err)
	}
	if len(r.Servers())+len(r.Writers()) != 0 {
		t.Errorf("left: %v %v", r.Servers(), r.Writers())
	}
	if again, err := r.AddServer(ctx, press(), ""); err != nil || again.ID != s.ID {
		t.Errorf("added again: %+v, %v", again, err)
	}
	if _, err := r.Server(s.ID); err != nil {
		t.Errorf("the deletion came after the new record: %v", err)
	}
}

func TestStatusIsReported(t *testing.T) {
	b := memories()
	r := startRegistry(t, b, nil)
	if s := r.ServerStatus("s1"); s.State != model.StateUnknown {
		t.Errorf("before any report: %+v", s)
	}
	if _, err := b.ServerStatus.Create(ctx, []string{"local", "s1"}, []byte(`{"gateway":"local","server":"s1","state":"Connected"}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Gateway.Create(ctx, []string{"local"}, []byte(`{"gateway":"local","values":7}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Gateway.Create(ctx, []string{"broken"}, []byte(`{`)); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool {
		g, err := r.Gateway("local")
		return r.ServerStatus("s1").State == model.StateConnected && err == nil && g.Values == 7 && r.refused.Load() == 1
	})
	if len(r.Gateways()) != 1 {
		t.Errorf("gateways %+v", r.Gateways())
	}
}
