package edge

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// ConnectionTester connects to servers for once, those of the gateway and others. It may be used from several goroutines.
type ConnectionTester interface {
	// TestConnection tells how each step of connecting to s went.
	TestConnection(ctx context.Context, s model.Server) model.ConnectionTest
	// Certificate describes the certificate that s shows. Its errors wrap model.StatusCodes: BadInvalidArgument for a record that cannot be used,
	// BadNoDataAvailable for a server without a certificate, BadServerNotConnected for one that does not answer.
	Certificate(ctx context.Context, s model.Server) (model.EndpointCertificate, error)
}

// testConnection tests the connection to one of the gateway's servers, or to the one of the record in the request.
func (g *Gateway) testConnection(ctx context.Context, body []byte) ([]byte, error) {
	s, err := g.tested(body)
	if err != nil {
		return nil, err
	}
	return json.Marshal(g.cfg.Connections.TestConnection(ctx, s))
}

func (g *Gateway) endpointCertificate(ctx context.Context, body []byte) ([]byte, error) {
	s, err := g.tested(body)
	if err != nil {
		return nil, err
	}
	c, err := g.cfg.Connections.Certificate(ctx, s)
	if err != nil {
		return nil, err
	}
	return json.Marshal(c)
}

// tested is the server that a request is about.
func (g *Gateway) tested(body []byte) (model.Server, error) {
	var r model.ConnectionTestRequest
	if g.cfg.Connections == nil {
		return model.Server{}, fmt.Errorf("this gateway tests no connections: %w", model.StatusBadServiceUnsupported)
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return model.Server{}, fmt.Errorf("command: %w: %w", model.StatusBadDecodingError, err)
	}
	switch {
	case r.Server != "":
		a := g.asset(r.Server)
		if a == nil {
			return model.Server{}, fmt.Errorf("server %q is not known to gateway %q: %w", r.Server, g.cfg.ID, model.StatusBadNodeIdUnknown)
		}
		return a.server, nil
	case r.Record == nil:
		return model.Server{}, fmt.Errorf("command: neither a server nor a record: %w", model.StatusBadDecodingError)
	}
	return *r.Record, nil
}
