package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
)

// httpGrace is how long requests may take to end when the process stops.
const httpGrace = 2 * time.Second

// serveHTTP serves until ctx ends.
func (e *edgeProcess) serveHTTP(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		// The gateway works without the core as well: that it is away is told, and no reason to restart it.
		if f := e.forwarder.Stats(); f.Connected {
			fmt.Fprintln(w, "ok, connected to the core")
		} else {
			fmt.Fprintf(w, "ok, not connected to the core since %s: %s\n", f.Since.Format(time.RFC3339), f.Error)
		}
		if err := e.guard.Err(); err != nil {
			fmt.Fprintf(w, "the buffer loses its oldest frames: %v\n", err)
		}
	})
	exposition := daemon.NewExposition()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		exposition.Write(w, e.writeMetrics)
	})
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	e.log.Info().Str("healthz", "http://"+l.Addr().String()+"/healthz").Msg("ready")
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), httpGrace)
	defer cancel()
	err := s.Shutdown(grace)
	if err != nil {
		err = errors.Join(err, s.Close())
	}
	<-ended //nolint:errcheck // it says only that it was closed
	return err
}

// writeMetrics writes the metrics of all parts in Prometheus' text form.
func (e *edgeProcess) writeMetrics(w io.Writer) {
	e.gateway.WriteMetrics(w)
	e.buffer.Publisher().WriteMetrics(w)
	e.forwarder.WriteMetrics(w)
	e.control.WriteMetrics(w)
	e.guard.WriteMetrics(w)
	metrics.WriteProcessMetrics(w)
}
