package gateway

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
)

// fileSecrets are the passwords of servers of a published nodes file. They stay in memory: what stands in a server's record is a token, the same for the same
// password as long as the process runs, which tells nobody anything.
type fileSecrets struct {
	core Secrets
	key  []byte

	mu      sync.Mutex
	byToken map[string]string
}

// filePrefix begins each token.
var filePrefix = []byte("published-nodes:")

func newFileSecrets(core Secrets) *fileSecrets {
	key := make([]byte, sha256.Size)
	rand.Read(key) // never fails
	return &fileSecrets{core: core, key: key}
}

// token returns what stands in a server's record for its password.
func (f *fileSecrets) token(server, password string) []byte {
	mac := hmac.New(sha256.New, f.key)
	fmt.Fprintf(mac, "%q %q", server, password)
	return mac.Sum(bytes.Clone(filePrefix))
}

// use makes the passwords by their tokens those that can be opened.
func (f *fileSecrets) use(byToken map[string]string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.byToken = byToken
}

// Open implements Secrets.
func (f *fileSecrets) Open(sealed []byte) ([]byte, error) {
	if !bytes.HasPrefix(sealed, filePrefix) {
		return f.core.Open(sealed)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	password, ok := f.byToken[string(sealed)]
	if !ok {
		return nil, errors.New("the password is no longer in the published nodes file")
	}
	return []byte(password), nil
}
