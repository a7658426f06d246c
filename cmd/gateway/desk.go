package gateway

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/crypto/nacl/box"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
)

// DeskConfig is where a Desk finds the state of gateways.
type DeskConfig struct {
	// State is that of one gateway.
	State func(gateway string) edge.State
	// Discovery is the state of one gateway's discoveries; nil when there are none.
	Discovery func(gateway string) BucketDiscovery
	// Secrets opens the passwords of servers as they are stored, SealKey is the key for which they are sealed for a gateway.
	Secrets Secrets
	SealKey func(gateway string) (*[32]byte, error)
	// Wake tells a gateway to ask again.
	Wake func(gateway string) error
}

// Desk serves the gateways that run in processes of their own, at the core: it hands each one its desired state, and takes its reports. A gateway
// gets and reports nothing but its own. Its methods may be called from several goroutines.
type Desk struct {
	cfg     DeskConfig
	log     zerolog.Logger
	running sync.WaitGroup

	mu    sync.Mutex
	ctx   context.Context // nil while Run does not run
	files map[string]*file
	heard map[string]time.Time
}

// file is the desired state of one gateway.
type file struct {
	known chan struct{} // closed when there is one
	stop  context.CancelFunc

	sealed map[string]sealedPassword // of put alone, by server

	mu     sync.Mutex
	digest string
	body   []byte   // gzipped
	sum    [32]byte // of the JSON within
	parts  partList // of the same
}

// sealedPassword is a password as it is stored, and sealed for the gateway: always with the same bytes, so that only what changed is handed out.
type sealedPassword struct{ stored, sealed []byte }

// NewDesk makes a Desk.
func NewDesk(cfg DeskConfig, log zerolog.Logger) *Desk {
	return &Desk{cfg: cfg, log: log, files: map[string]*file{}, heard: map[string]time.Time{}}
}

// Run follows the desired states that were asked for, until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	d.mu.Lock()
	d.ctx = ctx
	d.mu.Unlock()
	<-ctx.Done()
	d.mu.Lock()
	d.ctx = nil
	d.mu.Unlock()
	d.running.Wait()
	return nil
}

// Heard returns when a gateway's last request came; zero when none came since the start.
func (d *Desk) Heard(gateway string) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.heard[gateway]
}

// Handle answers a request of a gateway, as bus.ReceiverConfig wants it.
func (d *Desk) Handle(ctx context.Context, gateway, verb string, body []byte) ([]byte, error) {
	d.mu.Lock()
	d.heard[gateway] = time.Now()
	d.mu.Unlock()
	switch verb {
	case verbDesired:
		return d.desired(ctx, gateway, body)
	case verbReport:
		return nil, d.report(ctx, gateway, body)
	}
	if d.cfg.Discovery != nil {
		if reply, known, err := d.cfg.Discovery(gateway).Answer(ctx, verb, body); known {
			return reply, err
		}
	}
	return nil, &bus.RemoteError{Code: "unknown", Text: fmt.Sprintf("the core does not know the request %q: update it before its gateways", verb)}
}

func (d *Desk) desired(ctx context.Context, gateway string, body []byte) ([]byte, error) {
	var r desiredRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, fmt.Errorf("request for desired state: %w", err)
	}
	f, err := d.file(gateway)
	if err != nil {
		return nil, err
	}
	select {
	case <-f.known:
	case <-ctx.Done():
		return nil, fmt.Errorf("desired state of gateway %q is not read yet: %w", gateway, ctx.Err())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	part := desiredPart{Digest: f.digest, Size: len(f.body)}
	switch {
	case r.Known == f.digest:
	case r.List:
		part.List, part.Sum = f.parts.encode(), f.sum[:]
	case r.Digest == f.digest && len(r.Want) > 0:
		doc, err := inflate(f.body)
		if err == nil {
			part.Data, part.Count, err = f.parts.pick(doc, r.Want)
		}
		if err != nil {
			return nil, err
		}
	case r.Digest == f.digest && r.Offset >= 0 && r.Offset < len(f.body):
		part.Data = f.body[r.Offset:min(r.Offset+maxPart, len(f.body))]
	default:
		part.Data = f.body[:min(maxPart, len(f.body))]
	}
	return json.Marshal(part)
}

// file finds the desired state of a gateway, or begins to follow it.
func (d *Desk) file(gateway string) (*file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[gateway]
	if f != nil {
		return f, nil
	}
	if d.ctx == nil {
		return nil, errors.New("the core is starting or stopping")
	}
	ctx, stop := context.WithCancel(d.ctx)
	f = &file{known: make(chan struct{}), stop: stop}
	d.files[gateway] = f
	state := d.cfg.State(gateway)
	d.running.Go(func() {
		defer stop()
		err := state.Watch(ctx, func(desired edge.Desired) {
			if err := d.put(gateway, f, desired); err != nil {
				d.log.Error().Err(err).Str("gateway", gateway).Msg("desired state cannot be handed out")
			}
		})
		if ctx.Err() == nil {
			d.log.Warn().Err(err).Str("gateway", gateway).Msg("desired state is not followed any more, the next request begins anew")
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.files[gateway] == f {
			delete(d.files, gateway)
		}
	})
	return f, nil
}

// Forget makes the desired state of a gateway anew with its next request: its key is another one now.
func (d *Desk) Forget(gateway string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.files[gateway]; f != nil {
		f.stop()
		delete(d.files, gateway)
	}
}

// put makes what is handed out of a desired state, with its passwords sealed for the gateway.
func (d *Desk) put(gateway string, f *file, desired edge.Desired) error {
	key, err := d.cfg.SealKey(gateway)
	if err != nil {
		return err
	}
	// The digest is that of what is stored: sealing gives other bytes each time.
	plain, err := json.Marshal(desired)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(append(plain, key[:]...))
	digest := hex.EncodeToString(sum[:])
	f.mu.Lock()
	same := digest == f.digest
	f.mu.Unlock()
	if same {
		return nil
	}
	desired.Servers = append(desired.Servers[:0:0], desired.Servers...)
	before := f.sealed
	f.sealed = map[string]sealedPassword{}
	for i := range desired.Servers {
		s := &desired.Servers[i]
		if len(s.SealedPassword) == 0 {
			continue
		}
		if p := before[s.ID]; bytes.Equal(p.stored, s.SealedPassword) {
			s.SealedPassword, f.sealed[s.ID] = p.sealed, p
			continue
		}
		stored := s.SealedPassword
		password, err := d.cfg.Secrets.Open(s.SealedPassword)
		if err != nil { // goes out as it is: the gateway cannot open it either, refuses this server alone and says so in its state
			d.log.Error().Err(err).Str("gateway", gateway).Str("server", s.ID).Msg("password cannot be opened, enter it again")
			continue
		}
		s.SealedPassword, err = box.SealAnonymous(nil, password, key, rand.Reader)
		clear(password)
		if err != nil {
			return fmt.Errorf("seal password of server %q: %w", s.ID, err)
		}
		f.sealed[s.ID] = sealedPassword{stored, s.SealedPassword}
	}
	doc, err := json.Marshal(desired)
	if err != nil {
		return fmt.Errorf("encode desired state: %w", err)
	}
	body, err := deflate(doc)
	if err != nil {
		return err
	}
	f.mu.Lock()
	first := f.digest == ""
	f.digest, f.body, f.sum, f.parts = digest, body, sha256.Sum256(doc), listParts(doc)
	f.mu.Unlock()
	if first {
		close(f.known)
		return nil
	}
	return d.cfg.Wake(gateway)
}

func deflate(doc []byte) ([]byte, error) {
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	_, err := z.Write(doc)
	if err = errors.Join(err, z.Close()); err != nil {
		return nil, fmt.Errorf("encode desired state: %w", err)
	}
	if body.Len() > maxDesired {
		return nil, fmt.Errorf("desired state has %d bytes, at most %d are allowed: divide its servers among more gateways", body.Len(), maxDesired)
	}
	return body.Bytes(), nil
}

// report stores what a gateway reports, under its own name.
func (d *Desk) report(ctx context.Context, gateway string, body []byte) error {
	var r Report
	if err := json.Unmarshal(body, &r); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	state := d.cfg.State(gateway)
	for _, s := range r.Servers {
		s.Gateway = gateway
		if err := state.ReportServer(ctx, s); err != nil {
			return err
		}
	}
	for _, w := range r.Writers {
		w.Writer.Gateway = gateway
		if err := state.ReportWriter(ctx, w); err != nil {
			return err
		}
	}
	if r.Gateway == nil {
		return nil
	}
	r.Gateway.Gateway = gateway
	return state.ReportGateway(ctx, *r.Gateway)
}
