package gateway

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// servers makes the Sources of servers, and tests connections to them: here stands a case for each protocol.
type servers struct {
	config   *Config
	gateway  *Gateway
	memory   opcua.Memory
	identity *opcua.Identity
	trust    *opcua.TrustList
	log      zerolog.Logger
}

var _ edge.ConnectionTester = (*servers)(nil)

func newServers(cfg *Config, g *Gateway, memory opcua.Memory, log zerolog.Logger) (*servers, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("host name: %w", err)
	}
	s := &servers{config: cfg, gateway: g, memory: memory, log: log}
	if s.identity, err = opcua.LoadIdentity(cfg.PKI, fmt.Sprintf("urn:%s:shopfloor:%s", host, cfg.ID)); err != nil {
		return nil, err
	}
	s.trust, err = opcua.NewTrustList(cfg.PKI)
	return s, err
}

// source makes the Source of a server.
func (s *servers) source(server model.Server) (edge.Source, error) {
	c, err := s.connection(server)
	if err != nil {
		return nil, err
	}
	c.DataSets, c.OnWatchdog, c.Memory, c.OnGap = s.gateway.Publisher, s.config.OnWatchdog, s.memory, s.gateway.Gaps.Add
	c.SubscriptionLifetime, c.MaxSessions = time.Duration(s.config.Connections.SubscriptionLifetime), s.config.Connections.MaxSessions
	return opcua.New(c, s.log)
}

// connection is what connecting to a server takes.
func (s *servers) connection(server model.Server) (opcua.Config, error) {
	password, err := s.config.Secrets.Open(server.SealedPassword)
	if err != nil {
		return opcua.Config{}, fmt.Errorf("password of user %q: %w", server.UserName, err)
	}
	return opcua.Config{Server: server, Password: string(password), Identity: s.identity, Trust: s.trust, Reverse: s.gateway.reverse}, nil
}

// TestConnection implements edge.ConnectionTester.
func (s *servers) TestConnection(ctx context.Context, server model.Server) model.ConnectionTest {
	c, err := s.connection(server)
	if err != nil {
		return model.ConnectionTest{Steps: []model.ConnectionTestStep{{
			Step: model.StepResolve, Outcome: model.StepFailed, Detail: err.Error(), Reason: model.ReasonConfiguration, Remedy: "Enter the password again.",
		}}}
	}
	return opcua.TestConnection(ctx, c)
}

// Certificate implements edge.ConnectionTester.
func (s *servers) Certificate(ctx context.Context, server model.Server) (model.EndpointCertificate, error) {
	server.UserName, server.SealedPassword = "", nil // it is asked of anonymously
	c, err := s.connection(server)
	if err != nil {
		return model.EndpointCertificate{}, err
	}
	return opcua.Certificate(ctx, c)
}
