package victoria

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"
)

// Compressions of a request.
const (
	// CompressionZstd is VictoriaMetrics' own extension of the remote write protocol: a quarter of the bytes of snappy.
	CompressionZstd = "zstd"
	// CompressionSnappy is what the Prometheus remote write protocol 1.0 asks for.
	CompressionSnappy = "snappy"
)

// Secret is a text that is never printed: it formats as "(secret)" in every form, so that a configuration can be logged.
type Secret string

const hiddenSecret = "(secret)"

// String returns "(secret)", or "" for an empty one.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hiddenSecret
}

// GoString hides the text from %#v.
func (s Secret) GoString() string { return fmt.Sprintf("%q", s.String()) }

// MarshalText hides the text from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// RemoteConfig says where a VictoriaMetrics runs and how to speak to it. The zero value of every field but WriteURLs and ReadURL
// means its default.
//
// The remote must run with -dedup.minScrapeInterval=1ms (in a cluster vmselect and vmstorage both), because rows are sent again after
// errors and restarts; a warning is logged when its /metrics shows another setting.
type RemoteConfig struct {
	// WriteURLs is where rows are sent by Prometheus remote write: http://host:8428/api/v1/write for a single node, or
	// http://vminsert:8480/insert/0/prometheus/api/v1/write for each vminsert of one cluster, which then share the rows.
	WriteURLs []string
	// ReadURL is what stands before /api/v1 of the query API: http://host:8428, or http://vmselect:8481/select/0/prometheus.
	ReadURL string
	// HealthURLs are the /metrics pages of every process in whose memory rows may rest: the single node, or every vminsert and every
	// vmstorage of a cluster. Each has to lead to one process, not to a load balancer. Default for a single node: /metrics on the host of
	// the write URL. A cluster has no default. The query of a URL (?authKey=…) does not appear in messages.
	HealthURLs []string

	// Username and Password are for basic authentication, Token for a bearer token; they go to all of the URLs.
	Username string
	Password Secret
	Token    Secret
	// TLS is for https URLs.
	TLS RemoteTLS

	// Compression of requests: CompressionZstd (default; a remote that does not know it gets snappy) or CompressionSnappy, which takes
	// less processor time where the network is no limit.
	Compression string
	// Connections is how many requests may run at a time. Default 2, at most 64.
	Connections int
	// MaxRows and MaxBytes, before compression, bound a request; it ends after the series with which it reaches one of them. Defaults
	// 16,384 rows and 4 MiB. VictoriaMetrics takes 32 MiB.
	MaxRows, MaxBytes int
	// Timeout is how long one Append may take with all its retries. Default 30 s.
	Timeout time.Duration
	// Delay is how long after Append rows are on the remote's disk, in the worst case. Default: what follows from the
	// -inmemoryDataFlushInterval in the remote's /metrics, and 22 s when that cannot be read there.
	Delay time.Duration
}

// RemoteTLS names PEM files. Certificate and key are read again for each connection, so that they can be renewed.
type RemoteTLS struct {
	// CAFile has the certificates that the remote's may be signed by. Default: those of the system.
	CAFile string
	// CertFile and KeyFile are this client's own.
	CertFile, KeyFile string
	// ServerName is the name in the remote's certificate when it is not that of the URL.
	ServerName string
}

const maxConnections = 64

// Validate says which field cannot be used, with its value and the remedy. The files of TLS are not read.
func (c RemoteConfig) Validate() error {
	_, err := c.withDefaults()
	return err
}

// withDefaults returns c completed, or an error that names the field, its value and the remedy.
func (c RemoteConfig) withDefaults() (RemoteConfig, error) {
	if err := c.checkURLs(); err != nil {
		return c, err
	}
	c.ReadURL = strings.TrimRight(c.ReadURL, "/")
	if len(c.HealthURLs) == 0 {
		write, err := url.Parse(c.WriteURLs[0])
		if err != nil {
			return c, fmt.Errorf("writeURLs[0]: %w", err)
		}
		c.HealthURLs = []string{write.Scheme + "://" + write.Host + "/metrics"}
	}
	switch {
	case c.Token != "" && (c.Username != "" || c.Password != ""):
		return c, errors.New("token and username or password are both set: choose one of them")
	case c.Username == "" && c.Password != "":
		return c, errors.New("password is set and username is empty: name the user")
	case strings.ContainsAny(string(c.Token), "\r\n"):
		return c, errors.New("token has a line break: remove it")
	}
	if c.Connections < 0 || c.Connections > maxConnections {
		return c, fmt.Errorf("connections %d: must be 1 to %d", c.Connections, maxConnections)
	}
	if c.MaxRows < 0 || c.MaxBytes < 0 || c.MaxBytes > maxRequestBytes || c.Timeout < 0 || c.Delay < 0 {
		return c, fmt.Errorf("maxRows %d, maxBytes %d, timeout %s and delay %s must not be negative, nor maxBytes over %d",
			c.MaxRows, c.MaxBytes, c.Timeout, c.Delay, maxRequestBytes)
	}
	switch c.Compression {
	case "":
		c.Compression = CompressionZstd
	case CompressionZstd, CompressionSnappy:
	default:
		return c, fmt.Errorf("compression %q is unknown: use zstd or snappy", c.Compression)
	}
	orDefault(&c.Connections, 2)
	orDefault(&c.MaxRows, 16<<10)
	orDefault(&c.MaxBytes, 4<<20)
	orDefault(&c.Timeout, 30*time.Second)
	return c, nil
}

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

func (c RemoteConfig) checkURLs() error {
	if len(c.WriteURLs) == 0 {
		return errors.New("writeURLs is empty: name the remote write address, for instance http://host:8428/api/v1/write")
	}
	cluster := true
	for i, text := range c.WriteURLs {
		u, err := checkURL(fmt.Sprintf("writeURLs[%d]", i), text)
		if err != nil {
			return err
		}
		if strings.Trim(u.Path, "/") == "" {
			return fmt.Errorf("writeURLs[%d] %q has no path: add /api/v1/write", i, text)
		}
		cluster = cluster && isInsert(u)
	}
	switch {
	case len(c.WriteURLs) > 1 && !cluster:
		return fmt.Errorf("writeURLs names %d servers that are not all vminsert: single nodes would each get a part of the rows; name one", len(c.WriteURLs))
	case cluster && len(c.HealthURLs) == 0:
		return fmt.Errorf("healthURLs is empty, and writeURLs[0] %q is a vminsert: name the /metrics of every vminsert and every vmstorage", c.WriteURLs[0])
	}
	for i, text := range c.HealthURLs {
		if _, err := checkURL(fmt.Sprintf("healthURLs[%d]", i), text); err != nil {
			return err
		}
	}
	u, err := checkURL("readURL", c.ReadURL)
	if err != nil {
		return err
	}
	if u.RawQuery != "" || strings.HasSuffix(strings.TrimRight(u.Path, "/"), "/api/v1") {
		return fmt.Errorf("readURL %q: leave out /api/v1 and what follows", hideQuery(u))
	}
	return nil
}

// checkURL parses an absolute URL. Its errors do not show what may be secret.
func checkURL(field, text string) (*url.URL, error) {
	if text == "" {
		return nil, fmt.Errorf("%s is empty: name an address such as http://host:8428", field)
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s is no URL: write http://host:port/path", field)
	}
	switch {
	case u.User != nil:
		return nil, fmt.Errorf("%s %q has a user in it: set username and password instead", field, hideQuery(u))
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, fmt.Errorf("%s %q: must begin with http:// or https:// and a host", field, hideQuery(u))
	case u.Fragment != "":
		return nil, fmt.Errorf("%s %q has a fragment: leave out # and what follows", field, hideQuery(u))
	}
	return u, nil
}

// isInsert reports whether u is an address of vminsert, which has the tenant in its path.
func isInsert(u *url.URL) bool { return strings.Contains(u.Path, "/insert/") }

// hideQuery returns u for messages: without user and query, which may hold a key.
func hideQuery(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// clientConfig reads the files once, to find what is wrong with them now.
func (c RemoteTLS) clientConfig() (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("tls caFile: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls caFile %s has no certificate: name a PEM file", c.CAFile)
		}
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		return nil, fmt.Errorf("tls certFile %q and keyFile %q: name both or none", c.CertFile, c.KeyFile)
	}
	if c.CertFile == "" {
		return cfg, nil
	}
	if _, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile); err != nil {
		return nil, fmt.Errorf("tls certFile %s and keyFile %s: %w", c.CertFile, c.KeyFile, err)
	}
	cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		return &pair, err
	}
	return cfg, nil
}
