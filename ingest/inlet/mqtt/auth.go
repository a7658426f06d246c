package mqtt

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"sync"

	"golang.org/x/crypto/bcrypt"
)

const (
	// maxCost is the highest bcrypt cost of a configured password: about a second.
	maxCost = 14
	// parallelHashes bounds the cores that guessing of passwords can take.
	parallelHashes = 2
)

// HashPassword makes the hash of a password as UserConfig wants it. A password has at most 72 bytes.
func HashPassword(password string) (string, error) {
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return string(h), nil
}

// users knows who may do what. Its methods may be called from several goroutines.
type users struct {
	byName    map[string]*user
	anonymous *AccessConfig
	hashing   chan struct{} // a place for each hash that is computed at a time
	key       [32]byte      // of this process
}

type user struct {
	hash   []byte
	access AccessConfig

	mu sync.Mutex
	// accepted is the keyed digest of the password that was right last, so that many clients that return at once need not wait for
	// bcrypt. It is of no use outside the process.
	accepted []byte
}

// nobody's hash is compared for names that do not exist, so that the time does not tell them apart. It is the hash of random bytes.
const nobody = "$2a$10$7EqJtq98hPqEX7fNZaFWoOhi5B0r6tPfwoyYfTIbGzLS6lYh5cf9u"

func newUsers(cfg *Config) *users {
	u := &users{byName: map[string]*user{}, anonymous: cfg.Anonymous, hashing: make(chan struct{}, parallelHashes)}
	rand.Read(u.key[:]) // never fails
	for _, c := range cfg.Users {
		u.byName[c.Name] = &user{hash: []byte(c.Password), access: c.AccessConfig}
	}
	return u
}

// authenticate tells whether a client may connect.
func (u *users) authenticate(name string, password []byte) bool {
	if name == "" {
		return u.anonymous != nil
	}
	known := u.byName[name]
	if known == nil {
		u.compare([]byte(nobody), password)
		return false
	}
	mac := hmac.New(sha256.New, u.key[:])
	mac.Write(password)
	digest := mac.Sum(nil)
	known.mu.Lock()
	accepted := hmac.Equal(known.accepted, digest)
	known.mu.Unlock()
	if accepted {
		return true
	}
	if !u.compare(known.hash, password) {
		return false
	}
	known.mu.Lock()
	known.accepted = digest
	known.mu.Unlock()
	return true
}

func (u *users) compare(hash, password []byte) bool {
	u.hashing <- struct{}{}
	defer func() { <-u.hashing }()
	return bcrypt.CompareHashAndPassword(hash, password) == nil
}

// access returns what a user may do; nil for one that does not exist.
func (u *users) access(name string) *AccessConfig {
	if name == "" {
		return u.anonymous
	}
	if known := u.byName[name]; known != nil {
		return &known.access
	}
	return nil
}
