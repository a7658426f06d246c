package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/graph/graphws"
	"github.com/shopfloor-iiot/shopfloor/graph/live"
	"github.com/shopfloor-iiot/shopfloor/web"
)

// maxRequestBytes bounds a GraphQL request; the configuration of 120,000 nodes has some 30 MB.
const maxRequestBytes = 64 << 20

// handler is the HTTP surface of the platform.
func (p *platform) handler() (http.Handler, error) {
	ui, err := web.New()
	if err != nil {
		return nil, err
	}
	allowed, err := loadAllowList(p.cfg.GraphQL.AllowList)
	if err != nil {
		return nil, err
	}
	endpoint := graph.NewHandler(graph.HandlerConfig{
		AllowedOrigins: p.cfg.GraphQL.Origins, AllowList: allowed, DisableIntrospection: !p.cfg.GraphQL.Introspection, MaxRequestBytes: maxRequestBytes,
	}, p.resolver())
	if p.types, err = p.makeTypes(endpoint); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/graphql", endpoint)
	mux.Handle("/prometheus/", p.store.Handler())
	mux.Handle("/vmui/", p.store.Handler())
	exposition := daemon.NewExposition()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		exposition.Write(w, func(w io.Writer) { p.writeMetrics(r.Context(), w) })
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", p.serveReady)
	if p.leafs != nil {
		mux.HandleFunc("POST /enrol", p.leafs.serveEnrol)
	}
	mux.Handle("/", ui)
	return p.protect(mux)
}

// serveReady answers 200 when the platform works, else 503 with the reasons.
func (p *platform) serveReady(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if err := p.ready(); err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, "not ready:\n%v\n", err)
		return
	}
	fmt.Fprintln(w, "ready")
}

// protect refuses what another site's page makes a browser send: changes from foreign origins, and, on a loopback address,
// any request for a foreign host name (DNS rebinding).
func (p *platform) protect(next http.Handler) (http.Handler, error) {
	cross := http.NewCrossOriginProtection()
	for _, o := range p.cfg.GraphQL.Origins {
		if strings.Contains(o, "*") {
			continue // patterns are for WebSockets; a browser's POST needs the exact origin
		}
		for _, scheme := range []string{"http://", "https://"} {
			if err := cross.AddTrustedOrigin(scheme + o); err != nil {
				return nil, fmt.Errorf("graphql.origins: %w", err)
			}
		}
	}
	host, _, err := net.SplitHostPort(p.cfg.HTTP)
	if err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	next = cross.Handler(next)
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return next, nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.localHost(r.Host) {
			http.Error(w, fmt.Sprintf("host %q is not served here: the server listens on loopback; list the host under graphql.origins if a proxy stands before it", r.Host), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	}), nil
}

func (p *platform) localHost(hostPort string) bool {
	host := hostPort
	if h, _, err := net.SplitHostPort(hostPort); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback() || slices.Contains(p.cfg.GraphQL.Origins, hostPort) || slices.Contains(p.cfg.GraphQL.Origins, host)
}

// writeLiveMetrics writes how live values are shared among their subscribers.
func writeLiveMetrics(w io.Writer, f live.Figures) {
	metrics.WriteGaugeUint64(w, "shopfloor_live_streams", uint64(f.Streams))
	metrics.WriteGaugeUint64(w, "shopfloor_live_subscribers", uint64(f.Subscribers))
	metrics.WriteGaugeUint64(w, "shopfloor_live_kept_bytes", uint64(max(f.Bytes, 0)))
	metrics.WriteCounterUint64(w, "shopfloor_live_deliveries_total", f.Deliveries)
	metrics.WriteCounterUint64(w, "shopfloor_live_resumed_total", f.Resumed)
	metrics.WriteCounterUint64(w, "shopfloor_live_gaps_total", f.Gaps)
	metrics.WriteCounterUint64(w, "shopfloor_live_skipped_deliveries_total", f.Skipped)
}

// writeWebSocketMetrics writes what the WebSockets of GraphQL do.
func writeWebSocketMetrics(w io.Writer, f graphws.Figures) {
	metrics.WriteGaugeUint64(w, "shopfloor_websockets", uint64(max(f.Connections, 0)))
	metrics.WriteCounterUint64(w, "shopfloor_websocket_messages_total", f.Messages)
	metrics.WriteCounterUint64(w, "shopfloor_websocket_sent_bytes_total", f.Bytes)
	metrics.WriteCounterUint64(w, `shopfloor_websockets_cut_total{reason="stalled"}`, f.Stalled)
	metrics.WriteCounterUint64(w, `shopfloor_websockets_cut_total{reason="silent"}`, f.Silent)
	metrics.WriteCounterUint64(w, `shopfloor_websockets_cut_total{reason="uninitialised"}`, f.Uninitialised)
	metrics.WriteCounterUint64(w, `shopfloor_websockets_cut_total{reason="protocol"}`, f.Refused)
}

// writeMetrics writes the metrics of all parts in Prometheus' text form.
func (p *platform) writeMetrics(ctx context.Context, w io.Writer) {
	if p.gateway != nil {
		p.gateway.WriteMetrics(w)
		p.sender.WriteMetrics(w)
	}
	p.leafs.writeMetrics(w)
	p.inlets.writeMetrics(w)
	p.control.WriteMetrics(w)
	p.sinks.text.WriteMetrics(w)
	p.events.WriteMetrics(w)
	if p.guard != nil {
		p.guard.WriteMetrics(w)
	}
	p.cores.writeMetrics(w)
	if p.addressSpaces != nil {
		p.addressSpaces.WriteMetrics(w)
	}
	p.store.WriteMetrics(w)
	p.limits.writeMetrics(ctx, w)
	p.types.writeMetrics(w)
	writeWebSocketMetrics(w, p.types.endpoint.WebSocketFigures())
	writeLiveMetrics(w, p.types.endpoint.LiveFigures())
	metrics.WriteProcessMetrics(w)
}

// httpGrace is how long requests may take to end when the process stops.
const httpGrace = 5 * time.Second

// serveHTTP serves until ctx ends. Subscriptions end with ctx; other requests may end in peace.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler) error {
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, BaseContext: func(net.Listener) context.Context { return ctx }}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), httpGrace)
	defer cancel()
	if err := s.Shutdown(grace); err != nil {
		err = errors.Join(err, s.Close())
		<-ended //nolint:errcheck // it says only that it was closed
		return err
	}
	<-ended //nolint:errcheck // it says only that it was closed
	return nil
}
