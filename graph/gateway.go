package graph

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

var gatewayName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

const (
	minTokenLife = time.Minute
	maxTokenLife = 7 * 24 * time.Hour
)

// link is how the core knows a gateway.
func (r *Resolver) link(gateway string) *model.GatewayLink {
	if gateway == r.LocalGateway || r.Gateways == nil {
		local := gateway == r.LocalGateway
		return &model.GatewayLink{Local: local, Connected: local}
	}
	l := r.Gateways.Link(gateway)
	return &l
}

// remoteGateways returns what lets gateways join, if the id may be one's.
func (r *Resolver) remoteGateways(id string) (Gateways, error) {
	switch {
	case r.Gateways == nil:
		return nil, fmt.Errorf("gateway %q: %w: gateways cannot join, because the core does not listen for them: start it with --leafnodes 0.0.0.0:7422", id, ErrUnavailable)
	case !gatewayName.MatchString(id):
		return nil, fieldError("id", "%q is no id; use up to 64 lower-case letters, digits, '-', '_' and '.'", id)
	case id == r.LocalGateway:
		return nil, fieldError("id", "gateway %q is in the core's own process; choose another id", id)
	}
	return r.Gateways, nil
}

func (r *Resolver) createGatewayToken(ctx context.Context, id string, validFor time.Duration) (*model.GatewayToken, error) {
	g, err := r.remoteGateways(id)
	if err != nil {
		return nil, err
	}
	if validFor < minTokenLife || validFor > maxTokenLife {
		return nil, fieldError("validFor", "%s is out of range; use 1m to 7d", validFor)
	}
	token, err := g.CreateToken(ctx, id, validFor)
	if err != nil {
		return nil, fmt.Errorf("token for gateway %q: %w", id, err)
	}
	return &token, nil
}

func (r *Resolver) enrolGateway(ctx context.Context, id, publicKey string) (*model.GatewayStatus, error) {
	g, err := r.remoteGateways(id)
	if err != nil {
		return nil, err
	}
	if err := g.Enrol(ctx, id, publicKey); err != nil {
		return nil, fmt.Errorf("enrol gateway %q: %w", id, err)
	}
	return r.gateway(id), nil
}

func (r *Resolver) revokeGateway(ctx context.Context, id string) (bool, error) {
	g, err := r.remoteGateways(id)
	if err != nil {
		return false, err
	}
	if err := g.Revoke(ctx, id); err != nil {
		return false, fmt.Errorf("revoke gateway %q: %w", id, err)
	}
	return true, nil
}
