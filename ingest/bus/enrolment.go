package bus

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nkeys"
	"github.com/rs/zerolog"
)

// bucketEnrolment has the gateways that may join: {gateway} → Enrolment.
const bucketEnrolment = "enrolment"

// ErrToken says that a token is unknown, used, or too old. It does not say which.
var ErrToken = errors.New("the token is wrong, was used already, or is too old: make another one with createGatewayToken")

// ErrKey says that a public key cannot be used, ErrKeyTaken that it is another gateway's.
var (
	ErrKey      = errors.New("bad public key")
	ErrKeyTaken = errors.New("public key is taken")
)

// Enrolment is what the core knows of a gateway that may join, or that has a token to do so.
type Enrolment struct {
	Gateway string `json:"gateway"`
	// PublicKey is the gateway's: see ParsePublicKey. Empty until it is enrolled.
	PublicKey string    `json:"publicKey,omitempty"`
	Enrolled  time.Time `json:"enrolled,omitzero"`
	// TokenHash is the SHA-256 of the token that is still open; the token itself is not stored.
	TokenHash    []byte    `json:"tokenHash,omitempty"`
	TokenExpires time.Time `json:"tokenExpires,omitzero"`
	// Revision is that of the record.
	Revision uint64 `json:"-"`
}

// ParsePublicKey splits the public key of a gateway: the nkey by which it is known on its link ("U…"), and, behind a '.', the X25519 key for
// which its secrets are sealed, in base64url.
func ParsePublicKey(s string) (nkey string, seal *[32]byte, err error) {
	nkey, rest, _ := strings.Cut(s, ".")
	raw, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil || len(raw) != 32 || !nkeys.IsValidPublicUserKey(nkey) {
		return "", nil, fmt.Errorf("%w: %.80q is none of a gateway: copy what shopfloor-edge identity prints", ErrKey, s)
	}
	return nkey, (*[32]byte)(raw), nil
}

// Enrolments are the gateways that may join a Server. Each change takes effect at once, in the Server too. Its methods may be called from
// several goroutines.
type Enrolments struct {
	server *Server
	bucket *Bucket
	log    zerolog.Logger
	now    func() time.Time

	mu     sync.Mutex
	all    map[string]Enrolment
	loaded bool
}

// OpenEnrolments reads who may join. Nobody is let in before Run.
func OpenEnrolments(ctx context.Context, s *Server, c *Conn, maxBytes int64, log zerolog.Logger) (*Enrolments, error) {
	b, err := EnsureBucket(ctx, c, bucketEnrolment, maxBytes)
	if err != nil {
		return nil, err
	}
	return &Enrolments{server: s, bucket: b, log: log, now: time.Now, all: map[string]Enrolment{}}, nil
}

// Run follows the bucket until ctx ends, and keeps the Server to it.
func (e *Enrolments) Run(ctx context.Context) error {
	for {
		entries, err := e.bucket.Watch(ctx, nil)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		for entry := range entries {
			e.follow(entry)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err := pause(ctx, insistPause); err != nil {
			return nil
		}
	}
}

func (e *Enrolments) follow(entry Entry) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch entry.Op {
	case EntryInitDone:
		e.loaded = true
	case EntryDeleted:
		delete(e.all, entry.Key[0])
	case EntryPut:
		var r Enrolment
		if err := json.Unmarshal(entry.Value, &r); err != nil || r.Gateway != entry.Key.String() {
			e.log.Error().Err(err).Str("gateway", entry.Key.String()).Msg("enrolment of a gateway cannot be read: it is not let in")
			return
		}
		if entry.Revision < e.all[r.Gateway].Revision {
			return // the bucket tells what this process did itself
		}
		r.Revision = entry.Revision
		e.all[r.Gateway] = r
	}
	if e.loaded {
		e.apply()
	}
}

// apply lets those in that are enrolled. The lock is held.
func (e *Enrolments) apply() {
	keys := map[string]string{}
	for id, r := range e.all {
		if nkey, _, err := ParsePublicKey(r.PublicKey); err == nil {
			keys[id] = nkey
		}
	}
	e.server.SetGateways(keys)
}

// All returns the enrolments, by gateway.
func (e *Enrolments) All() map[string]Enrolment {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make(map[string]Enrolment, len(e.all))
	for id, r := range e.all {
		all[id] = r
	}
	return all
}

// SealKey returns the key for which secrets of a gateway are sealed.
func (e *Enrolments) SealKey(gateway string) (*[32]byte, error) {
	e.mu.Lock()
	r := e.all[gateway]
	e.mu.Unlock()
	_, key, err := ParsePublicKey(r.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("gateway %q: %w", gateway, err)
	}
	return key, nil
}

// CreateToken makes a token with which a gateway enrols once, within validFor. An earlier one of the gateway is void.
func (e *Enrolments) CreateToken(ctx context.Context, gateway string, validFor time.Duration) (token string, expires time.Time, err error) {
	token = rand.Text()
	hash := sha256.Sum256([]byte(token))
	expires = e.now().Add(validFor).Truncate(time.Second)
	return token, expires, e.change(ctx, gateway, func(r *Enrolment) error {
		r.TokenHash, r.TokenExpires = hash[:], expires
		return nil
	})
}

// Redeem enrols a gateway that has a token. The token is void after that, whoever comes first.
func (e *Enrolments) Redeem(ctx context.Context, gateway, token, publicKey string) error {
	hash := sha256.Sum256([]byte(token))
	return e.change(ctx, gateway, func(r *Enrolment) error {
		if len(r.TokenHash) == 0 || subtle.ConstantTimeCompare(r.TokenHash, hash[:]) != 1 || !e.now().Before(r.TokenExpires) {
			return ErrToken
		}
		return e.enrol(r, publicKey)
	})
}

// Enrol lets a gateway in whose public key was brought by other means. An earlier key of the gateway is void.
func (e *Enrolments) Enrol(ctx context.Context, gateway, publicKey string) error {
	return e.change(ctx, gateway, func(r *Enrolment) error {
		return e.enrol(r, publicKey)
	})
}

func (e *Enrolments) enrol(r *Enrolment, publicKey string) error {
	nkey, _, err := ParsePublicKey(publicKey)
	if err != nil {
		return err
	}
	for id, other := range e.All() {
		if taken, _, err := ParsePublicKey(other.PublicKey); err == nil && taken == nkey && id != r.Gateway {
			return fmt.Errorf("%w: the key belongs to gateway %q: each gateway makes its own", ErrKeyTaken, id)
		}
	}
	r.PublicKey, r.Enrolled = publicKey, e.now().Truncate(time.Second)
	r.TokenHash, r.TokenExpires = nil, time.Time{}
	return nil
}

// Revoke lets a gateway in no more, and cuts its link. One that is not enrolled is ErrNotFound.
func (e *Enrolments) Revoke(ctx context.Context, gateway string) error {
	entry, err := e.bucket.Get(ctx, Key{gateway})
	if err != nil {
		return err
	}
	if err := e.bucket.Delete(ctx, Key{gateway}, entry.Revision); err != nil {
		return err
	}
	e.follow(Entry{Key: Key{gateway}, Op: EntryDeleted})
	return nil
}

// change changes the record of a gateway, or makes it. Somebody else's change in between is ErrRevision.
func (e *Enrolments) change(ctx context.Context, gateway string, change func(*Enrolment) error) error {
	entry, err := e.bucket.Get(ctx, Key{gateway})
	r := Enrolment{Gateway: gateway}
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(entry.Value, &r); err != nil {
			return fmt.Errorf("enrolment of gateway %q: %w", gateway, err)
		}
	}
	if err := change(&r); err != nil {
		return err
	}
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("enrolment of gateway %q: %w", gateway, err)
	}
	if entry.Revision == 0 {
		entry.Revision, err = e.bucket.Create(ctx, Key{gateway}, body)
	} else {
		entry.Revision, err = e.bucket.Update(ctx, Key{gateway}, body, entry.Revision)
	}
	if err != nil {
		return err
	}
	e.follow(Entry{Key: Key{gateway}, Value: body, Revision: entry.Revision})
	return nil
}
