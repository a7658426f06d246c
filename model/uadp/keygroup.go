package uadp

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"fmt"
	"math"
	"sync"
	"time"
)

// SecurityPolicy names the algorithms that secure messages (Part 7; Part 14, 7.2.4.4.3): HMAC-SHA256 signs, AES in CTR mode encrypts.
type SecurityPolicy uint8

// The security policies of UADP.
const (
	PubSubAes128CTR SecurityPolicy = 1
	PubSubAes256CTR SecurityPolicy = 2
)

const policyURI = "http://opcfoundation.org/UA/SecurityPolicy#"

// ParseSecurityPolicy finds the policy of a SecurityPolicyUri.
func ParseSecurityPolicy(uri string) (SecurityPolicy, error) {
	for _, p := range []SecurityPolicy{PubSubAes128CTR, PubSubAes256CTR} {
		if p.URI() == uri {
			return p, nil
		}
	}
	return 0, fmt.Errorf("security policy %q: %w; want %s or %s", uri, ErrUnsupported, PubSubAes128CTR.URI(), PubSubAes256CTR.URI())
}

// URI is the policy's SecurityPolicyUri.
func (p SecurityPolicy) URI() string { return policyURI + p.String() }

// String returns "PubSub-Aes128-CTR" or "PubSub-Aes256-CTR".
func (p SecurityPolicy) String() string {
	switch p {
	case PubSubAes128CTR:
		return "PubSub-Aes128-CTR"
	case PubSubAes256CTR:
		return "PubSub-Aes256-CTR"
	}
	return "reserved"
}

// The sizes of the parts of a key in bytes (Part 14, Table 138) and of what they make.
const (
	signingKeySize = 32
	keyNonceSize   = 4
	nonceSize      = 8
	signatureSize  = 32
)

// KeySize is the number of bytes of a key as a SecurityKeyService hands it out: signing key, encrypting key and key nonce. It is 0 for
// an unknown policy.
func (p SecurityPolicy) KeySize() int {
	switch p {
	case PubSubAes128CTR:
		return signingKeySize + 16 + keyNonceSize
	case PubSubAes256CTR:
		return signingKeySize + 32 + keyNonceSize
	}
	return 0
}

// SecurityMode tells how messages are secured (Part 4, 7.20). The higher one is the stronger.
type SecurityMode uint8

// The security modes.
const (
	SecurityNone           SecurityMode = 1
	SecuritySign           SecurityMode = 2
	SecuritySignAndEncrypt SecurityMode = 3
)

// String returns "None", "Sign" or "SignAndEncrypt".
func (m SecurityMode) String() string {
	switch m {
	case SecurityNone:
		return "None"
	case SecuritySign:
		return "Sign"
	case SecuritySignAndEncrypt:
		return "SignAndEncrypt"
	}
	return "Invalid"
}

// SecurityKeys are the keys of a security group as GetSecurityKeys (Part 14, 8.3.2) and SetSecurityKeys (9.1.3.3) hand them out.
// Formatting prints no key.
type SecurityKeys struct {
	// FirstTokenID is the SecurityTokenId of the first key; the others follow it one by one.
	FirstTokenID uint32
	// Keys are the current key and those that follow it, of SecurityPolicy.KeySize bytes each.
	Keys [][]byte
	// TimeToNextKey is how long the first key still is the current one, KeyLifetime how long each further one is. A KeyLifetime of 0
	// makes the first key the current one for ever.
	TimeToNextKey, KeyLifetime time.Duration
}

// String prints all but the keys.
func (k SecurityKeys) String() string {
	return fmt.Sprintf("%d keys from token %d, next in %v, then every %v", len(k.Keys), k.FirstTokenID, k.TimeToNextKey, k.KeyLifetime)
}

// Format prints String for all verbs.
func (k SecurityKeys) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.String())) }

// MarshalText returns String, so that no encoding prints a key.
func (k SecurityKeys) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

const (
	// maxKeys is how many keys are taken at once.
	maxKeys = 256
	// maxPastKeys is how many keys that are no longer current still open messages.
	maxPastKeys = 2
)

// KeyGroup holds the keys of one security group (Part 14, 8.2) and changes them in time. It is for many goroutines. Formatting prints
// no key.
type KeyGroup struct {
	id     string
	policy SecurityPolicy
	mode   SecurityMode
	now    func() time.Time

	mu       sync.Mutex
	keys     []*groupKey // past, current, future
	current  int
	next     time.Time // when the next key becomes the current one
	lifetime time.Duration
	sequence uint32 // of the last message sealed with the current key
}

// groupKey is one key; it does not change.
type groupKey struct {
	token   uint32
	raw     []byte
	signing []byte // of raw
	nonce   []byte // of raw
	block   cipher.Block
}

// NewKeyGroup makes a group without keys. mode is what Seal does, and the least that a Decoder takes. now is the clock; nil takes time.Now.
func NewKeyGroup(id string, policy SecurityPolicy, mode SecurityMode, now func() time.Time) (*KeyGroup, error) {
	switch {
	case policy.KeySize() == 0:
		return nil, fmt.Errorf("security group %q: policy %d: %w; want PubSub-Aes128-CTR or PubSub-Aes256-CTR", id, policy, ErrUnsupported)
	case mode != SecuritySign && mode != SecuritySignAndEncrypt:
		return nil, fmt.Errorf("security group %q: security mode %v: %w; want Sign or SignAndEncrypt", id, mode, ErrUnsupported)
	}
	if now == nil {
		now = time.Now
	}
	return &KeyGroup{id: id, policy: policy, mode: mode, now: now}, nil
}

// ID is the SecurityGroupId.
func (g *KeyGroup) ID() string { return g.id }

// Policy is the group's policy.
func (g *KeyGroup) Policy() SecurityPolicy { return g.policy }

// Mode is the group's mode.
func (g *KeyGroup) Mode() SecurityMode { return g.mode }

// String prints the group and its tokens.
func (g *KeyGroup) String() string {
	token, next := g.Current()
	if token == 0 {
		return fmt.Sprintf("security group %q, %v, %v, no key", g.id, g.policy, g.mode)
	}
	return fmt.Sprintf("security group %q, %v, %v, token %d, next in %v", g.id, g.policy, g.mode, token, next)
}

// Format prints String for all verbs.
func (g *KeyGroup) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(g.String())) }

// Current is the token of the current key, 0 when there is none, and the time until the next one; this is 0 when the key does not change,
// and negative when it has expired. Ask for more keys in good time before.
func (g *KeyGroup) Current() (token uint32, toNext time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rotate()
	if len(g.keys) == 0 {
		return 0, 0
	}
	if g.lifetime > 0 {
		toNext = g.next.Sub(g.now())
	}
	return g.keys[g.current].token, toNext
}

// Update takes new keys, the first of which is the current one. If it is known, the last keys before it still open messages; else all
// that were there are forgotten (Part 14, 9.1.3.3). The group copies the keys. The error names no key.
func (g *KeyGroup) Update(k SecurityKeys) error {
	fresh, err := g.parse(k)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rotate()
	var past []*groupKey
	var before *groupKey
	for i, old := range g.keys {
		if old.token == k.FirstTokenID {
			past = g.keys[max(0, i-maxPastKeys):i]
		}
		if i == g.current {
			before = old
		}
	}
	g.keys = append(append(make([]*groupKey, 0, len(past)+len(fresh)), past...), fresh...)
	g.current = len(past)
	g.lifetime = k.KeyLifetime
	g.next = g.now().Add(k.TimeToNextKey)
	if before == nil || subtle.ConstantTimeCompare(before.raw, fresh[0].raw) == 0 {
		g.sequence = 0
	}
	return nil
}

// parse checks and takes apart the keys (Part 14, Table 138).
func (g *KeyGroup) parse(k SecurityKeys) ([]*groupKey, error) {
	switch {
	case k.FirstTokenID == 0:
		return nil, fmt.Errorf("security group %q: token 0: %w; tokens begin with 1", g.id, ErrType)
	case len(k.Keys) == 0 || len(k.Keys) > maxKeys:
		return nil, fmt.Errorf("security group %q: %d keys: %w; want 1 to %d", g.id, len(k.Keys), ErrLimit, maxKeys)
	case k.TimeToNextKey < 0 || k.KeyLifetime < 0:
		return nil, fmt.Errorf("security group %q: time to next key %v, lifetime %v: %w; want no negative times", g.id, k.TimeToNextKey, k.KeyLifetime, ErrType)
	}
	keys := make([]*groupKey, len(k.Keys))
	token := k.FirstTokenID
	for i, raw := range k.Keys {
		if len(raw) != g.policy.KeySize() {
			return nil, fmt.Errorf("security group %q: key of token %d has %d bytes: %w; %v wants %d", g.id, token, len(raw), ErrType, g.policy, g.policy.KeySize())
		}
		raw = append([]byte(nil), raw...)
		block, err := aes.NewCipher(raw[signingKeySize : len(raw)-keyNonceSize])
		if err != nil {
			return nil, fmt.Errorf("security group %q: key of token %d: %w", g.id, token, err)
		}
		keys[i] = &groupKey{token: token, raw: raw, signing: raw[:signingKeySize], nonce: raw[len(raw)-keyNonceSize:], block: block}
		if token++; token == 0 {
			token = 1 // Part 14, 8.3.2: begins anew with 1
		}
	}
	return keys, nil
}

// rotate makes the key whose time has come the current one.
func (g *KeyGroup) rotate() {
	if g.lifetime <= 0 {
		return
	}
	for now := g.now(); g.current+1 < len(g.keys) && !now.Before(g.next); g.next = g.next.Add(g.lifetime) {
		g.current++
		g.sequence = 0
	}
	if past := g.current - maxPastKeys; past > 0 {
		g.keys = append([]*groupKey(nil), g.keys[past:]...)
		g.current = maxPastKeys
	}
}

// sealing returns the current key and the next sequence number for it.
func (g *KeyGroup) sealing() (*groupKey, uint32, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rotate()
	switch {
	case len(g.keys) == 0:
		return nil, 0, fmt.Errorf("security group %q: %w", g.id, ErrNoKey)
	case g.lifetime > 0 && !g.now().Before(g.next):
		return nil, 0, fmt.Errorf("security group %q: %w: that of token %d has expired", g.id, ErrNoKey, g.keys[g.current].token)
	case g.sequence == math.MaxUint32:
		return nil, 0, fmt.Errorf("security group %q: %w: that of token %d has secured %d messages", g.id, ErrNoKey, g.keys[g.current].token, g.sequence)
	}
	g.sequence++
	return g.keys[g.current], g.sequence, nil
}

// opening returns the key of a token, which may be a past or a future one: clocks differ.
func (g *KeyGroup) opening(token uint32) (*groupKey, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rotate()
	for _, k := range g.keys {
		if k.token == token {
			return k, nil
		}
	}
	return nil, &UnknownTokenError{Group: g.id, Token: token}
}
