package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/cmd/gateway"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
)

// printIdentity prints the public key, which it makes the first time.
func printIdentity(args []string, stdout, stderr io.Writer) error {
	c, err := loadConfig(args, os.LookupEnv, stderr)
	if err != nil {
		return err
	}
	id, err := c.identity()
	if err != nil {
		return err
	}
	key, err := id.PublicKey()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, key)
	return err
}

// enrolOnce redeems the token and ends.
func enrolOnce(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := loadConfig(args, os.LookupEnv, stderr)
	if err != nil {
		return err
	}
	id, err := c.identity()
	if err != nil {
		return err
	}
	token, err := c.token()
	if err != nil {
		return err
	}
	if token == "" {
		return usageError{errors.New("enrol.tokenFile: is not set; write the token of createGatewayToken into a file and name it")}
	}
	if err := id.Enrol(ctx, c.Enrol.Core, token); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "gateway %s is enrolled\n", id.Gateway)
	return err
}

const (
	minEnrolRetry = time.Second
	maxEnrolRetry = 30 * time.Second
)

// enrol redeems the token, if there is one and it was not, again and again until the core answers. A token that the core refuses is an error only
// when the gateway was never enrolled: it runs on with the key that it has.
func enrol(ctx context.Context, c *Config, id *gateway.Identity, log zerolog.Logger) error {
	if id.Enrolled {
		return nil
	}
	token, err := c.token()
	if err != nil || token == "" {
		return err
	}
	for retry := minEnrolRetry; ; retry = min(2*retry, maxEnrolRetry) {
		err := id.Enrol(ctx, c.Enrol.Core, token)
		if err == nil {
			log.Info().Str("core", c.Enrol.Core).Msg("enrolled")
			return nil
		}
		if errors.Is(err, gateway.ErrEnrol) || ctx.Err() != nil {
			return err
		}
		log.Warn().Err(err).Msg("not enrolled yet, trying again")
		timer := time.NewTimer(retry)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// coreTLS says how the core's certificate is checked.
func coreTLS(c *Config, id *gateway.Identity) (*tls.Config, error) {
	fingerprint := c.Fingerprint
	if fingerprint == "" && c.CAFile == "" {
		fingerprint = id.Fingerprint
	}
	switch {
	case fingerprint != "":
		return bus.PinnedTLS(fingerprint)
	case c.CAFile == "":
		return nil, usageError{errors.New("fingerprint: is not set; copy the one that the core logs at its start, or name the file of its authority as caFile, or enrol with a token")}
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("caFile: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("caFile: %s has no certificate in PEM form", c.CAFile)
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: pool}, nil
}
