package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
	"github.com/shopfloor-iiot/shopfloor/cmd/gateway"
	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// LeafConfig is for gateways in processes of their own.
type LeafConfig struct {
	// Listen is the address at which they join; without it none can.
	Listen string `yaml:"listen"`
	// Certificate and Key are PEM files. Without them the core makes a certificate of its own, which gateways know by its fingerprint.
	Certificate string `yaml:"certificate"`
	Key         string `yaml:"key"`
}

func (c *LeafConfig) validate() error {
	if (c.Certificate == "") != (c.Key == "") {
		return errors.New("certificate and key belong together; name both files, or none for a certificate of the core's own")
	}
	return nil
}

// leafnodes is the core's side of the gateways in processes of their own.
type leafnodes struct {
	enrolments  *bus.Enrolments
	receiver    *bus.Receiver
	desk        *gateway.Desk
	fingerprint string
	addr        string
}

// heardWithin is how long after its last request a gateway counts as connected. It asks every 10 s, and reports as often.
const heardWithin = 25 * time.Second

// leafListener prepares the listener of the bus.
func (p *platform) leafListener() (*bus.LeafConfig, error) {
	c := p.cfg.Leafnodes
	if c.Listen == "" {
		return nil, nil
	}
	tls, fingerprint, err := bus.LeafTLS(c.Certificate, c.Key, filepath.Join(p.cfg.Data, "leafnodes"))
	if err != nil {
		return nil, fmt.Errorf("leafnodes: %w", err)
	}
	p.leafs = &leafnodes{fingerprint: fingerprint}
	return &bus.LeafConfig{Listen: c.Listen, TLS: tls}, nil
}

func (p *platform) makeLeafnodes(ctx context.Context, b gateway.Buckets, secrets *sealer) (err error) {
	l := p.leafs
	if l == nil {
		return nil
	}
	share := p.maxStore() / 1000
	if l.enrolments, err = bus.OpenEnrolments(ctx, p.bus, p.control, share, p.part("leafnodes")); err != nil {
		return err
	}
	l.desk = gateway.NewDesk(gateway.DeskConfig{
		State: func(id string) edge.State {
			return gateway.BucketState{Gateway: id, Buckets: b, Log: p.part("leafnodes")}
		},
		Discovery: func(id string) gateway.BucketDiscovery {
			return gateway.BucketDiscovery{Gateway: id, Buckets: p.discoveryBuckets}
		},
		Secrets: secrets, SealKey: l.enrolments.SealKey, Wake: p.control.Wake,
	}, p.part("leafnodes"))
	l.receiver, err = bus.NewReceiver(ctx, p.frames, p.control, bus.ReceiverConfig{
		Handle: l.desk.Handle, SyncInterval: time.Duration(p.cfg.Stream.SyncInterval), MaxBytes: share,
	}, p.part("receiver"))
	l.addr = p.bus.LeafAddr()
	p.log.Info().Str("leafnodes", l.addr).Str("fingerprint", l.fingerprint).Msg("gateways can join")
	return err
}

// start runs the parts; none of them without a listener.
func (l *leafnodes) start(s *daemon.Stages) {
	if l == nil {
		return
	}
	s.Start("receiver", 10*time.Second, l.receiver.Run)
	s.Start("desk", 5*time.Second, l.desk.Run)
	s.Start("enrolments", 5*time.Second, l.enrolments.Run)
}

// Link implements graph.Gateways.
func (l *leafnodes) Link(id string) model.GatewayLink {
	heard := l.desk.Heard(id)
	e := l.enrolments.All()[id]
	return model.GatewayLink{Enrolled: e.Enrolled, Heard: heard, Connected: e.PublicKey != "" && time.Since(heard) < heardWithin}
}

// CreateToken implements graph.Gateways. Behind the token itself stands the fingerprint, so that a gateway knows its core from the beginning.
func (l *leafnodes) CreateToken(ctx context.Context, id string, validFor time.Duration) (model.GatewayToken, error) {
	token, expires, err := l.enrolments.CreateToken(ctx, id, validFor)
	return model.GatewayToken{Gateway: id, Token: gateway.JoinToken(token, l.fingerprint), Expires: expires, Fingerprint: l.fingerprint}, leafError(err)
}

// Enrol implements graph.Gateways.
func (l *leafnodes) Enrol(ctx context.Context, id, publicKey string) error {
	err := l.enrolments.Enrol(ctx, id, publicKey)
	l.desk.Forget(id)
	return leafError(err)
}

// Revoke implements graph.Gateways.
func (l *leafnodes) Revoke(ctx context.Context, id string) error {
	return leafError(l.enrolments.Revoke(ctx, id))
}

// leafError maps the kinds of errors to those of graph.
func leafError(err error) error {
	for kind, to := range map[error]error{
		bus.ErrNotFound: graph.ErrNotFound, bus.ErrKey: graph.ErrInvalid, bus.ErrKeyTaken: graph.ErrConflict, bus.ErrRevision: graph.ErrConflict,
	} {
		if errors.Is(err, kind) {
			return &mappedError{err, to}
		}
	}
	return err
}

// maxEnrolBody is more than a request to enrol has.
const maxEnrolBody = 4 << 10

// serveEnrol answers a gateway that has a token: 200 when it may join, 403 when the token is no good.
func (l *leafnodes) serveEnrol(w http.ResponseWriter, r *http.Request) {
	var e gateway.EnrolRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxEnrolBody)).Decode(&e); err != nil {
		http.Error(w, "the body is not the JSON that shopfloor-edge sends: "+err.Error(), http.StatusBadRequest)
		return
	}
	switch err := l.enrolments.Redeem(r.Context(), e.Gateway, e.Token, e.PublicKey); {
	case err == nil:
		l.desk.Forget(e.Gateway)
		fmt.Fprintln(w, "enrolled")
	case errors.Is(err, bus.ErrToken):
		http.Error(w, err.Error(), http.StatusForbidden)
	case errors.Is(err, bus.ErrKey), errors.Is(err, bus.ErrKeyTaken), errors.Is(err, bus.ErrName):
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
}

// bufferNear is the part of its bound from which on a gateway's buffer is an alarm, droppedFor how long it is one that frames were dropped.
const (
	bufferNear = 0.8
	droppedFor = 10 * time.Minute
)

// alarms are those of the gateways that joined.
func (l *leafnodes) alarms(statusOf func(id string) (model.GatewayStatus, error), started time.Time) (alarms []model.Alarm) {
	if l == nil {
		return nil
	}
	for id, e := range l.enrolments.All() {
		if e.PublicKey == "" {
			continue
		}
		if link := l.Link(id); !link.Connected && time.Since(started) > heardWithin && time.Since(e.Enrolled) > heardWithin {
			alarms = append(alarms, model.Alarm{
				ID: "gateway." + id + ".away", Severity: model.AlarmWarning, Message: fmt.Sprintf("gateway %s is not connected", id),
				Remedy: "It keeps its frames until its buffer is full. Look at its log and /healthz, and whether it reaches " + l.addr + " of this host.",
			})
		}
		status, err := statusOf(id)
		if err != nil || status.Buffer == nil {
			continue // it has not reported yet
		}
		b := status.Buffer
		if used := float64(b.Bytes) / float64(max(b.MaxBytes, 1)); used >= bufferNear {
			alarms = append(alarms, model.Alarm{
				ID: "gateway." + id + ".buffer", Severity: model.AlarmWarning, Message: fmt.Sprintf("the buffer of gateway %s is full by %.0f %%", id, 100*used),
				Remedy: "When it is full, its oldest frames go. Find out why the core does not take them, or raise buffer.maxBytes in the gateway's configuration.",
			})
		}
		if b.Disk != "" && b.Disk != bus.DiskOK.String() {
			alarms = append(alarms, diskAlarm(id, b))
		}
		if b.Dropped > 0 && time.Since(b.LastDropped) < droppedFor {
			alarms = append(alarms, model.Alarm{
				ID: "gateway." + id + ".dropped", Severity: model.AlarmCritical, Message: fmt.Sprintf("gateway %s dropped %d frames: the core was away for longer than its buffer lasts", id, b.Dropped),
				Remedy: "Their values are lost. Raise buffer.maxBytes or buffer.maxAge in the gateway's configuration.",
			})
		}
	}
	return alarms
}

// diskAlarm tells that the disk of a gateway's buffer is full, or nearly.
func diskAlarm(id string, b *model.BufferStatus) model.Alarm {
	a := model.Alarm{
		ID: "gateway." + id + ".disk", Severity: model.AlarmWarning, Message: fmt.Sprintf("the disk of gateway %s has %d MiB free", id, b.DiskFree>>20),
		Remedy: "Free it or make it larger. Before it is full, the buffer stops to grow and loses its oldest frames while the core is away.",
	}
	if b.Disk == bus.DiskFull.String() {
		a.Severity = model.AlarmCritical
	}
	return a
}

// writeMetrics writes the totals of what gateways deliver.
func (l *leafnodes) writeMetrics(w io.Writer) {
	if l == nil {
		return
	}
	s := l.receiver.Stats()
	for name, value := range map[string]uint64{
		"uploads": s.Uploads, "entries": s.Entries, "repeated": s.Repeated, "refused": s.Refused, "failed": s.Failed, "ignored": s.Ignored, "busy": s.Busy,
	} {
		metrics.WriteCounterUint64(w, "shopfloor_receiver_"+name+"_total", value)
	}
	for id := range l.enrolments.All() {
		connected := uint64(0)
		if l.Link(id).Connected {
			connected = 1
		}
		metrics.WriteGaugeUint64(w, fmt.Sprintf("shopfloor_gateway_connected{gateway=%q}", id), connected)
	}
}
