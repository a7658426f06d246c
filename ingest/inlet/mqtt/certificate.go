package mqtt

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// certificateAge is how long a certificate is used before its files are looked at again.
const certificateAge = 10 * time.Second

// certificate is a certificate in files, read again when they change. Its methods may be called from several goroutines.
type certificate struct {
	cert, key string

	mu      sync.Mutex
	loaded  *tls.Certificate
	changed time.Time // of the files that are loaded
	looked  time.Time
}

// newTLS makes the TLS configuration of a listener.
func newTLS(cfg TLSConfig) (*tls.Config, error) {
	c := &certificate{cert: cfg.Certificate, key: cfg.Key}
	if err := c.load(); err != nil {
		return nil, fmt.Errorf("tls.certificate %q: %w", cfg.Certificate, err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}, nil
}

// get returns the certificate. Files that cannot be read leave the last one in use.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) > certificateAge {
		// An error may be that the files are being replaced: the next look is soon.
		_ = c.load()
	}
	return c.loaded, nil
}

// load reads the files when they are newer than what is loaded. The lock is held, or c not shared yet.
func (c *certificate) load() error {
	c.looked = time.Now()
	var changed time.Time
	for _, path := range [...]string{c.cert, c.key} {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.ModTime().After(changed) {
			changed = info.ModTime()
		}
	}
	if c.loaded != nil && changed.Equal(c.changed) {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.loaded, c.changed = &pair, changed
	return nil
}
