package gateway

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// RemoteState is edge.State for a gateway in a process of its own: it fetches its desired state from the core's Desk and keeps it in a file, so that
// it also starts without the core; and it reports when there is a link. Reports that wait are replaced by newer ones of the same thing.
type RemoteState struct {
	conn    *bus.Conn
	gateway string
	file    string
	// add completes the gateway's own status before it is reported.
	add func(*model.GatewayStatus)
	log zerolog.Logger

	mu      sync.Mutex
	servers map[string]model.ServerStatus
	writers map[model.WriterKey]model.WriterStatus
	status  *model.GatewayStatus
	changed chan struct{}
	failing bool
}

// NewRemoteState makes the state of a gateway whose desired state is kept in a file.
func NewRemoteState(c *bus.Conn, gateway, file string, add func(*model.GatewayStatus), log zerolog.Logger) *RemoteState {
	return &RemoteState{
		conn: c, gateway: gateway, file: file, add: add, log: log,
		servers: map[string]model.ServerStatus{}, writers: map[model.WriterKey]model.WriterStatus{}, changed: make(chan struct{}, 1),
	}
}

// stored is the file: the desired state with the digest that the core gave it.
type stored struct {
	Digest  string       `json:"digest"`
	Desired edge.Desired `json:"desired"`
}

// Watch implements edge.State.
func (s *RemoteState) Watch(ctx context.Context, apply func(edge.Desired)) error {
	woken, err := s.conn.Woken(ctx, s.gateway)
	if err != nil {
		return err
	}
	known, err := s.load()
	if err != nil {
		return err
	}
	if known.Digest != "" {
		s.log.Info().Uint64("revision", known.Desired.Revision).Msg("runs on the desired state that it was given last, until the core answers")
		apply(known.Desired)
	}
	failing := false
	for {
		wait := syncInterval
		next, err := s.update(ctx, known)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			wait = syncRetry
			if !failing {
				s.log.Warn().Err(err).Msg("desired state cannot be fetched, trying again")
			}
		case next.Digest != known.Digest:
			if err := s.save(next); err != nil {
				s.log.Error().Err(err).Msg("desired state is not saved: it is fetched anew after a restart")
			}
			known = next
			apply(known.Desired)
		}
		failing = err != nil
		timer := time.NewTimer(wait)
		select {
		case <-woken:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// fetch returns the desired state, or what has the known digest and nothing else if there is no other one.
func (s *RemoteState) fetch(ctx context.Context, known string) (stored, error) {
	ctx, cancel := context.WithTimeout(ctx, syncWait)
	defer cancel()
	r := desiredRequest{Known: known}
	var body []byte
	for {
		var part desiredPart
		if err := s.ask(ctx, verbDesired, r, &part); err != nil {
			return stored{}, err
		}
		if part.Digest == known {
			return stored{Digest: known}, nil
		}
		if part.Digest != r.Digest {
			body = body[:0] // the first part of another state
		}
		if len(part.Data) == 0 || part.Size > maxDesired {
			return stored{}, fmt.Errorf("desired state of %d bytes: the core sends %d of them at %d", part.Size, len(part.Data), len(body))
		}
		body = append(body, part.Data...)
		if len(body) >= part.Size {
			desired, err := decodeDesired(body)
			return stored{part.Digest, desired}, err
		}
		r.Digest, r.Offset = part.Digest, len(body)
	}
}

func decodeDesired(body []byte) (desired edge.Desired, err error) {
	doc, err := inflate(body)
	if err == nil {
		err = json.Unmarshal(doc, &desired)
	}
	if err != nil {
		return desired, fmt.Errorf("decode desired state: %w", err)
	}
	return desired, nil
}

// inflate is the inverse of deflate.
func inflate(body []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, maxUnpacked))
}

func (s *RemoteState) load() (known stored, err error) {
	b, err := os.ReadFile(s.file)
	if errors.Is(err, os.ErrNotExist) {
		return known, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &known)
	}
	if err != nil {
		return known, fmt.Errorf("desired state: %w: delete %s, it is fetched anew", err, s.file)
	}
	return known, nil
}

func (s *RemoteState) save(v stored) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return bus.WriteFile(s.file, b)
}

// ask sends a request and decodes the answer, if reply is not nil.
func (s *RemoteState) ask(ctx context.Context, verb string, request, reply any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return fmt.Errorf("encode %s: %w", verb, err)
	}
	answer, err := s.conn.AskCore(ctx, s.gateway, verb, body)
	if err != nil || reply == nil {
		return err
	}
	if err := json.Unmarshal(answer, reply); err != nil {
		return fmt.Errorf("answer to %s: %w", verb, err)
	}
	return nil
}

// ReportServer implements edge.State.
func (s *RemoteState) ReportServer(_ context.Context, v model.ServerStatus) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.servers[v.Server] = v
	s.wake()
	return nil
}

// ReportWriter implements edge.State.
func (s *RemoteState) ReportWriter(_ context.Context, v model.WriterStatus) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writers[v.Writer] = v
	s.wake()
	return nil
}

// ReportGateway implements edge.State.
func (s *RemoteState) ReportGateway(_ context.Context, v model.GatewayStatus) error {
	s.add(&v)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = &v
	s.wake()
	return nil
}

// wake tells Run. The lock is held.
func (s *RemoteState) wake() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// Run sends reports until ctx ends.
func (s *RemoteState) Run(ctx context.Context) error {
	for {
		select {
		case <-s.changed:
		case <-ctx.Done():
			return nil
		}
		for {
			more, err := s.send(ctx)
			if ctx.Err() != nil {
				return nil
			}
			if err == nil && !more {
				break
			}
			if err == nil {
				continue
			}
			timer := time.NewTimer(syncRetry)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return nil
			}
		}
	}
}

// reportsAtOnce bounds the statuses of one message: that of a writer may have 100 fields with their errors.
const reportsAtOnce = 20

// send sends some of what waits, and tells whether there is more.
func (s *RemoteState) send(ctx context.Context) (more bool, err error) {
	r := s.take()
	if len(r.Servers)+len(r.Writers) == 0 && r.Gateway == nil {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, syncWait)
	defer cancel()
	err = s.ask(ctx, verbReport, r, nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.giveBack(&r)
	}
	if (err != nil) != s.failing && ctx.Err() == nil {
		s.failing = err != nil
		s.log.Info().AnErr("reason", err).Bool("reported", err == nil).Msg("status at the core")
	}
	return true, err
}

// take takes some of what waits.
func (s *RemoteState) take() (r Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, v := range s.servers {
		if len(r.Servers) == reportsAtOnce {
			return r
		}
		r.Servers = append(r.Servers, v)
		delete(s.servers, id)
	}
	for key, v := range s.writers {
		if len(r.Servers)+len(r.Writers) == reportsAtOnce {
			return r
		}
		r.Writers = append(r.Writers, v)
		delete(s.writers, key)
	}
	r.Gateway, s.status = s.status, nil
	return r
}

// giveBack keeps what was not sent, unless there is a newer one. The lock is held.
func (s *RemoteState) giveBack(r *Report) {
	for _, v := range r.Servers {
		if _, newer := s.servers[v.Server]; !newer {
			s.servers[v.Server] = v
		}
	}
	for _, v := range r.Writers {
		if _, newer := s.writers[v.Writer]; !newer {
			s.writers[v.Writer] = v
		}
	}
	if s.status == nil {
		s.status = r.Gateway
	}
}
