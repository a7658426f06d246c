package gateway

import (
	"fmt"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// sources makes what makes the Source of a server: here stands a case for each protocol.
func sources(cfg *Config, g *Gateway, memory opcua.Memory, log zerolog.Logger) (func(model.Server) (edge.Source, error), error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("host name: %w", err)
	}
	identity, err := opcua.LoadIdentity(cfg.PKI, fmt.Sprintf("urn:%s:shopfloor:%s", host, cfg.ID))
	if err != nil {
		return nil, err
	}
	trust, err := opcua.NewTrustList(cfg.PKI)
	if err != nil {
		return nil, err
	}
	secrets, onWatchdog, connections := cfg.Secrets, cfg.OnWatchdog, cfg.Connections
	return func(s model.Server) (edge.Source, error) {
		password, err := secrets.Open(s.SealedPassword)
		if err != nil {
			return nil, fmt.Errorf("password of user %q: %w", s.UserName, err)
		}
		return opcua.New(opcua.Config{
			Server: s, Password: string(password), Identity: identity, Trust: trust, Reverse: g.reverse, DataSets: g.Publisher,
			OnWatchdog: onWatchdog, Memory: memory, OnGap: g.Gaps.Add,
			SubscriptionLifetime: time.Duration(connections.SubscriptionLifetime), MaxSessions: connections.MaxSessions,
		}, log)
	}, nil
}
