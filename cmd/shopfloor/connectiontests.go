package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/crypto/nacl/box"

	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// connectionTests is graph.Connections over the bus.
type connectionTests struct {
	commands *commands
	// local is the gateway in this process, which opens what secrets seals; sealKey is the key of one in another process, nil when none can join.
	local   string
	secrets *sealer
	sealKey func(gateway string) (*[32]byte, error)
}

var _ graph.Connections = connectionTests{}

// Test implements graph.Connections.
func (c connectionTests) Test(ctx context.Context, server string, record model.Server, password string) (test model.ConnectionTest, err error) {
	if record.SealedPassword, err = c.seal(record.Gateway, password); err != nil {
		return test, err
	}
	err = c.ask(ctx, model.VerbTest, server, record, &test)
	return test, err
}

// Certificate implements graph.Connections.
func (c connectionTests) Certificate(ctx context.Context, server string, record model.Server) (certificate model.EndpointCertificate, err error) {
	err = c.ask(ctx, model.VerbCertificate, server, record, &certificate)
	return certificate, err
}

// ask asks the gateway of the record.
func (c connectionTests) ask(ctx context.Context, verb, server string, record model.Server, reply any) error {
	r := model.ConnectionTestRequest{Server: server}
	if server == "" {
		r.Record = &record
	}
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode %s: %w", verb, err)
	}
	answer, err := c.commands.send(ctx, record.Gateway, verb, body)
	var remote *bus.RemoteError
	if status, ok := asStatus(err); ok && errors.As(err, &remote) {
		switch status {
		case model.StatusBadInvalidArgument:
			return fmt.Errorf("%w: %s", graph.ErrInvalid, remote.Text)
		case model.StatusBadNoDataAvailable:
			return fmt.Errorf("%w: %s", graph.ErrNotFound, remote.Text)
		case model.StatusBadCertificateInvalid:
			return fmt.Errorf("%w: %s", graph.ErrUnavailable, remote.Text)
		}
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, reply); err != nil {
		return fmt.Errorf("answer of gateway %q to %s: %w", record.Gateway, verb, err)
	}
	return nil
}

// seal encrypts a password so that the gateway alone can open it.
func (c connectionTests) seal(gateway, password string) ([]byte, error) {
	switch {
	case password == "":
		return nil, nil
	case gateway == c.local || c.sealKey == nil:
		return c.secrets.Seal([]byte(password))
	}
	key, err := c.sealKey(gateway)
	if err != nil {
		return nil, fmt.Errorf("%w: the password cannot be sent: %w", graph.ErrUnavailable, err)
	}
	return box.SealAnonymous(nil, []byte(password), key, rand.Reader)
}
