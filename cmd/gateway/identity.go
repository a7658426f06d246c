package gateway

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/nats-io/nkeys"
	"golang.org/x/crypto/nacl/box"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
)

// Identity is who a gateway in a process of its own is: its keys, which never leave it, and the core that it belongs to. It implements Sealer.
type Identity struct {
	// Gateway is the gateway's id.
	Gateway string `json:"gateway"`
	// Seed is the nkey by which the core knows the gateway's link.
	Seed string `json:"seed"`
	// SealKey and SealPublic are the X25519 keys for which the core seals secrets.
	SealKey    []byte `json:"sealKey"`
	SealPublic []byte `json:"sealPublic"`
	// Fingerprint is that of the core's certificate, learnt from the token.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Enrolled tells that a token was redeemed.
	Enrolled bool `json:"enrolled,omitempty"`

	file string
}

// OpenIdentity reads the identity in a file that only its owner may read, or makes one the first time.
func OpenIdentity(file, gateway string) (*Identity, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return newIdentity(file, gateway)
	}
	id := &Identity{file: file}
	if err == nil {
		err = json.Unmarshal(b, id)
	}
	if err == nil && (len(id.SealKey) != 32 || len(id.SealPublic) != 32) {
		err = errors.New("a key is missing")
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("identity: %w: restore %s from a backup, or delete it and enrol the gateway again", err, file)
	case id.Gateway != gateway:
		return nil, fmt.Errorf("identity: %s is that of gateway %q, not of %q: one data folder is for one gateway", file, id.Gateway, gateway)
	}
	return id, nil
}

func newIdentity(file, gateway string) (*Identity, error) {
	pair, err := nkeys.CreateUser()
	if err != nil {
		return nil, fmt.Errorf("make identity: %w", err)
	}
	seed, err := pair.Seed()
	if err != nil {
		return nil, fmt.Errorf("make identity: %w", err)
	}
	public, private, err := box.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make identity: %w", err)
	}
	id := &Identity{Gateway: gateway, Seed: string(seed), SealKey: private[:], SealPublic: public[:], file: file}
	return id, id.Save()
}

// Save writes the file.
func (id *Identity) Save() error {
	b, err := json.Marshal(id)
	if err == nil {
		err = bus.WriteFile(id.file, b)
	}
	if err != nil {
		return fmt.Errorf("save identity: %w", err)
	}
	return nil
}

// PublicKey is what the core has to know of the gateway: see bus.ParsePublicKey.
func (id *Identity) PublicKey() (string, error) {
	pair, err := nkeys.FromSeed([]byte(id.Seed))
	if err != nil {
		return "", fmt.Errorf("identity: seed: %w", err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		return "", fmt.Errorf("identity: seed: %w", err)
	}
	return public + "." + base64.RawURLEncoding.EncodeToString(id.SealPublic), nil
}

// Seal implements Sealer. Only this identity opens what it makes.
func (id *Identity) Seal(plain []byte) ([]byte, error) {
	if len(id.SealPublic) != 32 {
		return nil, errors.New("the identity has no key to seal with")
	}
	return box.SealAnonymous(nil, plain, (*[32]byte)(id.SealPublic), rand.Reader)
}

// Open implements Secrets.
func (id *Identity) Open(sealed []byte) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	plain, ok := box.OpenAnonymous(nil, sealed, (*[32]byte)(id.SealPublic), (*[32]byte)(id.SealKey))
	if !ok {
		return nil, errors.New("it was sealed for another key: enrol the gateway again, or enter the password again")
	}
	return plain, nil
}
