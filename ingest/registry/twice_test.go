package registry

import (
	"errors"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// A gateway connects a machine once for each user and security; another gateway does so as well.
func TestServerRegisteredTwice(t *testing.T) {
	r := startRegistry(t, memories(), nil)
	first, err := r.AddServer(ctx, press(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"opc.tcp://10.0.0.5:4840", "opc.tcp://10.0.0.5:4840/", "OPC.TCP://10.0.0.5:4840"} {
		s := press()
		s.Name, s.EndpointURL = "again", url
		if _, err := r.AddServer(ctx, s, ""); err == nil || strings.HasPrefix(url, "opc.tcp") && (!errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), `"`+first.ID+`"`)) {
			t.Errorf("%s: %v", url, err)
		}
	}
	for name, change := range map[string]func(*model.Server){
		"user":     func(s *model.Server) { s.UserName = "op" },
		"security": func(s *model.Server) { s.SecurityMode = model.SecuritySign },
		"path":     func(s *model.Server) { s.EndpointURL += "/other" },
		"gateway":  func(s *model.Server) { s.Gateway = "line2" },
	} {
		s := press()
		s.Name = name
		change(&s)
		if _, err := r.AddServer(ctx, s, ""); err != nil {
			t.Errorf("another %s: %v", name, err)
		}
	}
}

// A change must not make a server that the gateway has, whether it is one of updateServer or of a transaction.
func TestServerMadeTwice(t *testing.T) {
	r := startRegistry(t, memories(), nil)
	first, second := pressServer(), pressServer()
	second.ID, second.EndpointURL = "second", "opc.tcp://10.0.0.6:4840"
	apply(t, r, model.ConfigurationItem{PutServer: first}, model.ConfigurationItem{PutServer: second})

	_, err := r.UpdateServer(ctx, "second", func(s *model.Server) { s.EndpointURL = first.EndpointURL }, nil)
	if !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), `server "press"`) {
		t.Errorf("update: %v", err)
	}
	third, fourth := pressServer(), pressServer()
	third.ID, fourth.ID = "third", "fourth"
	third.EndpointURL, fourth.EndpointURL = "opc.tcp://10.0.0.7:4840", "opc.tcp://10.0.0.7:4840/"
	o, err := r.Apply(ctx, model.ConfigurationChange{Gateway: "local", Items: []model.ConfigurationItem{{PutServer: third}, {PutServer: fourth}}})
	if err != nil || o.Applied || len(o.Problems[0]) > 0 || len(o.Problems[1]) != 1 || !strings.Contains(o.Problems[1][0].String(), `server.endpointUrl: gateway local connects opc.tcp://10.0.0.7:4840/ already, as server "third"`) {
		t.Errorf("transaction: %+v, %v", o, err)
	}
	renamed := pressServer()
	renamed.Name = "Press of hall 2"
	apply(t, r, model.ConfigurationItem{PutServer: renamed})
}
