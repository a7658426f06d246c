package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/victoria"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// storage is a time-series database: the embedded VictoriaMetrics, or one elsewhere.
type storage interface {
	ingest.Store
	ingest.Reader
	// Handler serves the query API below /prometheus and VMUI below /vmui.
	Handler() http.Handler
	WriteMetrics(w io.Writer)
	Close() error
}

// openStorage opens the embedded database, or the one that the configuration names.
func openStorage(cfg *Config, log zerolog.Logger) (storage, error) {
	if cfg.Store.Remote.enabled() {
		remote, err := cfg.Store.Remote.victoria()
		if err != nil {
			return nil, fmt.Errorf("store.remote: %w", err)
		}
		s, err := victoria.OpenRemote(remote, log)
		if err != nil {
			return nil, fmt.Errorf("store.remote: %w", err)
		}
		return s, nil
	}
	s, err := victoria.Open(victoria.Config{
		Dir: filepath.Join(cfg.Data, "victoria"), Retention: time.Duration(cfg.Store.Retention), MinFreeDisk: cfg.Store.MinFreeDisk,
	}, log)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	return s, nil
}

// RemoteStoreConfig is for a VictoriaMetrics elsewhere. Passwords and tokens are in files, so that this configuration has no secrets.
type RemoteStoreConfig struct {
	// Write is where rows are sent: http://host:8428/api/v1/write, or the URLs of the vminsert processes of one cluster.
	Write []string `yaml:"write"`
	// Read is what stands before /api/v1 of the query API: http://host:8428, or http://vmselect:8481/select/0/prometheus.
	Read string `yaml:"read"`
	// Health are the /metrics pages of all processes that hold rows in memory; a single node needs none.
	Health []string `yaml:"health"`
	// Username and PasswordFile are for basic authentication, TokenFile for a bearer token.
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"passwordFile"`
	TokenFile    string `yaml:"tokenFile"`
	// CAFile, CertFile and KeyFile are PEM files for https.
	CAFile   string `yaml:"caFile"`
	CertFile string `yaml:"certFile"`
	KeyFile  string `yaml:"keyFile"`
	// Compression is zstd or snappy, Connections how many requests run at a time.
	Compression string `yaml:"compression"`
	Connections int    `yaml:"connections"`
	// Delay is how long after a write rows are on the remote's disk, in the worst case; 0 asks the remote.
	Delay daemon.Duration `yaml:"delay"`
}

func (c *RemoteStoreConfig) enabled() bool { return len(c.Write) > 0 || c.Read != "" }

// validate says what cannot be used; secrets are not read.
func (c *RemoteStoreConfig) validate() error {
	return victoria.RemoteConfig{
		WriteURLs: c.Write, ReadURL: c.Read, HealthURLs: c.Health, Username: c.Username,
		Compression: c.Compression, Connections: c.Connections, Delay: time.Duration(c.Delay),
	}.Validate()
}

func (c *RemoteStoreConfig) victoria() (victoria.RemoteConfig, error) {
	password, err := secretFile("passwordFile", c.PasswordFile)
	if err != nil {
		return victoria.RemoteConfig{}, err
	}
	token, err := secretFile("tokenFile", c.TokenFile)
	if err != nil {
		return victoria.RemoteConfig{}, err
	}
	return victoria.RemoteConfig{
		WriteURLs: c.Write, ReadURL: c.Read, HealthURLs: c.Health,
		Username: c.Username, Password: victoria.Secret(password), Token: victoria.Secret(token),
		TLS:         victoria.RemoteTLS{CAFile: c.CAFile, CertFile: c.CertFile, KeyFile: c.KeyFile},
		Compression: c.Compression, Connections: c.Connections, Delay: time.Duration(c.Delay),
	}, nil
}

// secretFile reads a secret from a file; no name gives none.
func secretFile(field, file string) (string, error) {
	if file == "" {
		return "", nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", field, err)
	}
	secret := strings.TrimSpace(string(b))
	if secret == "" {
		return "", fmt.Errorf("%s: %s is empty; write the secret into it", field, file)
	}
	return secret, nil
}

// textReader is ingest.TextReader over the bus.
type textReader struct{ store *bus.TextStore }

func (r textReader) Text(ctx context.Context, id model.SeriesID, from, to time.Time, limit int) ([]ingest.TextValue, error) {
	stored, err := r.store.Text(ctx, id, from, to, limit)
	if err != nil {
		return nil, err
	}
	values := make([]ingest.TextValue, len(stored))
	for i := range stored {
		values[i] = ingest.TextValue(stored[i])
	}
	return values, nil
}
