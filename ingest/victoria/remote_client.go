package victoria

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

// newClient returns the client for all requests to the remote, until ctx ends.
func newClient(ctx context.Context, cfg RemoteConfig) (*http.Client, error) {
	tlsConfig, err := cfg.TLS.clientConfig()
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         dialer.DialContext,
		TLSClientConfig:     tlsConfig,
		TLSHandshakeTimeout: 5 * time.Second,
		MaxIdleConnsPerHost: cfg.Connections + 8, // and some readers
		IdleConnTimeout:     30 * time.Second,
		WriteBufferSize:     64 << 10,
	}
	return &http.Client{
		Transport: &remoteTransport{next: transport, closed: ctx, cfg: cfg},
		// A redirect could lead the credentials to somebody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// remoteTransport adds the credentials, and refuses after Close.
type remoteTransport struct {
	next   *http.Transport
	closed context.Context
	cfg    RemoteConfig
}

// RoundTrip sends one request.
func (t *remoteTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.closed.Err() != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, ErrClosed
	}
	switch {
	case t.cfg.Token != "":
		req = req.Clone(req.Context()) // a RoundTripper must not change the request
		req.Header.Set("Authorization", "Bearer "+string(t.cfg.Token))
	case t.cfg.Username != "":
		req = req.Clone(req.Context())
		req.SetBasicAuth(t.cfg.Username, string(t.cfg.Password))
	}
	return t.next.RoundTrip(req)
}

// CloseIdleConnections is what http.Client looks for.
func (t *remoteTransport) CloseIdleConnections() { t.next.CloseIdleConnections() }

// shortError leaves out the URL of an error of http.Client: it may hold a key, and the host is in the rest.
func shortError(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
