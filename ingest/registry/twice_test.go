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
