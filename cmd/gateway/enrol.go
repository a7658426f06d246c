package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
)

// EnrolRequest is what a gateway with a token sends to /enrol of the core's HTTP address.
type EnrolRequest struct {
	Gateway   string `json:"gateway"`
	Token     string `json:"token"`
	PublicKey string `json:"publicKey"`
}

// JoinToken makes the token that an operator copies: the secret with the fingerprint of the core's certificate behind it.
func JoinToken(secret, fingerprint string) string { return secret + "-" + fingerprint }

// SplitToken is the inverse of JoinToken.
func SplitToken(token string) (secret, fingerprint string, err error) {
	secret, fingerprint, _ = strings.Cut(strings.TrimSpace(token), "-")
	if fingerprint, err = bus.ParseFingerprint(fingerprint); err != nil || secret == "" {
		return "", "", errors.New("token: it is not complete; copy all that createGatewayToken gave")
	}
	return secret, fingerprint, nil
}

// ErrEnrol says that the core does not take the token, so that trying again is of no use.
var ErrEnrol = errors.New("the core refuses the token")

const enrolWait = 15 * time.Second

// Enrol redeems a token at the core's HTTP address ("http://core:8080") and notes the core's fingerprint. It does nothing when that was done.
func (id *Identity) Enrol(ctx context.Context, coreHTTP, token string) error {
	secret, fingerprint, err := SplitToken(token)
	if err != nil {
		return err
	}
	if id.Enrolled && id.Fingerprint == fingerprint {
		return nil
	}
	public, err := id.PublicKey()
	if err != nil {
		return err
	}
	body, err := json.Marshal(EnrolRequest{Gateway: id.Gateway, Token: secret, PublicKey: public})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, enrolWait)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(coreHTTP, "/")+"/enrol", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("enrol: %w", err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(answer.Body, 1024)) // what can be read tells enough
	switch {
	case answer.StatusCode == http.StatusOK:
	case answer.StatusCode >= 400 && answer.StatusCode < 500:
		return fmt.Errorf("%w: %s", ErrEnrol, strings.TrimSpace(string(text)))
	default:
		return fmt.Errorf("enrol: the core answers %s: %s", answer.Status, strings.TrimSpace(string(text)))
	}
	id.Enrolled, id.Fingerprint = true, fingerprint
	return id.Save()
}
