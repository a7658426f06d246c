package graph

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Connections connect to servers for once, through a gateway.
type Connections interface {
	// Test connects to the registered server of that id, or with "" to that of record, at record.Gateway.
	Test(ctx context.Context, server string, record model.Server, password string) (model.ConnectionTest, error)
	// Certificate describes what the server shows. ErrNotFound stands for a server that shows none.
	Certificate(ctx context.Context, server string, record model.Server) (model.EndpointCertificate, error)
}

// ConnectionTest shows a model.ConnectionTest.
type ConnectionTest struct{ test model.ConnectionTest }

// OK tells that no step failed.
func (t *ConnectionTest) OK() bool { return t.test.OK }

// Duration is in milliseconds, as are all times here.
func (t *ConnectionTest) Duration() float64 { return milliseconds(t.test.Duration) }

// Steps are all steps.
func (t *ConnectionTest) Steps() []ConnectionTestStep {
	steps := make([]ConnectionTestStep, len(t.test.Steps))
	for i, s := range t.test.Steps {
		steps[i] = ConnectionTestStep{
			Step: s.Step, Outcome: s.Outcome, Duration: milliseconds(s.Duration), Detail: optional(s.Detail), Remedy: optional(s.Remedy), Reason: optional(s.Reason),
		}
	}
	return steps
}

// Endpoints are what the server offers.
func (t *ConnectionTest) Endpoints() []model.Endpoint { return t.test.Endpoints }

// SecurityMode is that of the chosen endpoint, nil before one was.
func (t *ConnectionTest) SecurityMode() *model.SecurityMode { return optional(t.test.SecurityMode) }

// SecurityPolicy is that of the chosen endpoint.
func (t *ConnectionTest) SecurityPolicy() *string { return optional(t.test.SecurityPolicy) }

// Certificate is that of the server.
func (t *ConnectionTest) Certificate() *EndpointCertificate {
	if t.test.Certificate == nil {
		return nil
	}
	return &EndpointCertificate{*t.test.Certificate}
}

// ClockDifference is how far the server's clock is ahead.
func (t *ConnectionTest) ClockDifference() *float64 {
	return optional(milliseconds(t.test.ClockDifference))
}

// RoundTripTime is how long the server takes to answer.
func (t *ConnectionTest) RoundTripTime() *float64 {
	return optional(milliseconds(t.test.RoundTripTime))
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// EndpointCertificate shows a model.EndpointCertificate.
type EndpointCertificate struct{ model.EndpointCertificate }

// Pem is the certificate and its issuers.
func (c *EndpointCertificate) Pem() string {
	var b strings.Builder
	for _, der := range append([][]byte{c.DER}, c.Chain...) {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return b.String()
}

// Der is the certificate in base64.
func (c *EndpointCertificate) Der() string { return base64.StdEncoding.EncodeToString(c.DER) }

// connections are the Connections, if there are any.
func (r *Resolver) connections() (Connections, error) {
	if r.Connections == nil {
		return nil, fmt.Errorf("%w: this process tests no connections", ErrUnavailable)
	}
	return r.Connections, nil
}

// testConnection connects to a server for once.
func (r *Resolver) testConnection(ctx context.Context, in *TestConnectionInput) (*ConnectionTest, error) {
	connections, err := r.connections()
	if err != nil {
		return nil, err
	}
	server, record, err := r.tested(in.Server, in.EndpointURL, in.Gateway)
	if err != nil {
		return nil, err
	}
	record.SecurityPolicy, record.UserName, record.TrustedThumbprints = valueOrZero(in.SecurityPolicy), valueOrZero(in.UserName), in.TrustedThumbprints
	if in.SecurityMode != nil {
		record.SecurityMode = *in.SecurityMode
	}
	password := valueOrZero(in.Password)
	switch {
	case password != "" && record.UserName == "":
		return nil, fieldError("password", "is given without userName; give both or neither")
	case server != "" && (record.UserName != "" || record.SecurityPolicy != "" || len(record.TrustedThumbprints) > 0 || record.SecurityMode != model.SecurityBest):
		return nil, fieldError("server", "its record says how it is connected; give endpointUrl in place of server to test something else")
	}
	test, err := connections.Test(ctx, server, record, password)
	if err != nil {
		return nil, fmt.Errorf("test connection: %w", err)
	}
	return &ConnectionTest{test}, nil
}

// endpointCertificate asks a server for its certificate.
func (r *Resolver) endpointCertificate(ctx context.Context, server, endpointURL, gateway *string) (*EndpointCertificate, error) {
	connections, err := r.connections()
	if err != nil {
		return nil, err
	}
	id, record, err := r.tested(server, endpointURL, gateway)
	if err != nil {
		return nil, err
	}
	c, err := connections.Certificate(ctx, id, record)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return &EndpointCertificate{c}, nil
}

// tested is the registered server, or the record of another, that arguments name.
func (r *Resolver) tested(server, endpointURL, gateway *string) (id string, record model.Server, err error) {
	record = model.Server{ID: "test", Name: "test", EndpointURL: valueOrZero(endpointURL), SecurityMode: model.SecurityBest, Gateway: valueOrZero(gateway)}
	switch id = valueOrZero(server); {
	case id == "" && record.EndpointURL == "":
		return "", record, fieldError("server", "is missing; give the id of a server, or endpointUrl")
	case id != "" && record.EndpointURL != "":
		return "", record, fieldError("endpointUrl", "is given with server; give one of them")
	case id != "" && record.Gateway != "":
		return "", record, fieldError("gateway", "is given with server, which has a gateway; leave it out")
	case id != "":
		s, err := r.Registry.Server(id)
		if err != nil {
			return "", record, fmt.Errorf("server %q: %w", id, err)
		}
		record.Gateway = s.Gateway
		return id, record, nil
	case record.Gateway == "" && r.LocalGateway == "":
		return "", record, fieldError("gateway", "is missing; there is none in this process")
	case record.Gateway == "":
		record.Gateway = r.LocalGateway
	}
	return "", record, nil
}
