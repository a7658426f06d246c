package gateway

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/publishednodes"
)

const (
	// filePoll is how often the file is looked at. A file that has changed is read when it stayed the same for one poll, so that none is read half
	// written.
	filePoll = time.Second
	// coreGrace is how long the file waits for what the core wants, so that servers which the core knows are found at once.
	coreGrace = 3 * time.Second
	// maxLogged bounds the issues of one file that are logged.
	maxLogged = 20
	// maxOutOfSync bounds what a gateway's status says of it.
	maxOutOfSync = 100
)

// NodesFileConfig says where the file is.
type NodesFileConfig struct {
	// Gateway is the gateway's id, Path the published nodes file.
	Gateway, Path string
	// LastGood is where a copy of the last file that could be read is kept, for a start with a bad one; empty keeps none. Sealer encrypts it: the file has
	// passwords in it.
	LastGood string
	Sealer   Sealer
	// Broker is the name of the broker of entries with transport Mqtt; empty stands for "default".
	Broker string
	// Core is the state that the core wants, which the file adds to; nil for a gateway that runs the file alone and reports nowhere.
	Core edge.State
}

// NodesFile is edge.State with a published nodes file: the gateway runs what the file asks for, beside what the core wants, and follows each change of
// both. What both have is the core's. A file that cannot be read leaves the last good one in force; log and status of the gateway say why.
type NodesFile struct {
	cfg     NodesFileConfig
	log     zerolog.Logger
	secrets *fileSecrets
	file    polledFile
	copy    goodCopy
	numbers fileNumbers

	good packedText // the text in force; nil when there was none

	mu      sync.Mutex
	failure string            // why the file as it is now is not in force
	refused []model.OutOfSync // of the text in force
}

var _ edge.State = (*NodesFile)(nil)

// NewNodesFile makes the state. secrets opens the passwords of servers of the core; those of the file are opened by Secrets of the result.
func NewNodesFile(cfg NodesFileConfig, secrets Secrets, log zerolog.Logger) *NodesFile {
	return &NodesFile{cfg: cfg, log: log, secrets: newFileSecrets(secrets), file: polledFile{path: cfg.Path}, copy: goodCopy{cfg.LastGood, cfg.Sealer}, numbers: fileNumbers{}}
}

// Secrets opens the passwords of all servers of the state.
func (f *NodesFile) Secrets() Secrets { return f.secrets }

// Watch implements edge.State. It is called once.
func (f *NodesFile) Watch(ctx context.Context, apply func(edge.Desired)) error {
	ctx, cancel := context.WithCancel(ctx)
	wanted, ended := make(chan edge.Desired), make(chan error, 1)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer cancel()
	if f.cfg.Core != nil {
		watching.Go(func() {
			ended <- f.cfg.Core.Watch(ctx, func(d edge.Desired) {
				select {
				case wanted <- d:
				case <-ctx.Done():
				}
			})
		})
	}
	f.start()
	return f.follow(ctx, wanted, ended, apply)
}

// follow applies what is in force at the begin and after each change.
func (f *NodesFile) follow(ctx context.Context, wanted <-chan edge.Desired, ended <-chan error, apply func(edge.Desired)) error {
	tick := time.NewTicker(filePoll)
	defer tick.Stop()
	grace, known := time.After(coreGrace), f.cfg.Core == nil
	var core edge.Desired
	if known {
		apply(f.join(core))
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended:
			return err
		case core = <-wanted:
			known = true
		case <-grace:
			if known {
				continue
			}
			known = true
		case <-tick.C:
			if !f.read() || !known {
				continue
			}
		}
		apply(f.join(core))
	}
}

// start reads the file, or the copy of the last good one when it cannot be used.
func (f *NodesFile) start() {
	if f.read() {
		return
	}
	text, err := f.copy.load()
	if err != nil {
		f.log.Warn().Err(err).Str("file", f.cfg.LastGood).Msg("copy of the last good published nodes file")
	}
	if text != nil && f.check(text) == nil {
		f.good = pack(text)
		f.log.Warn().Str("file", f.cfg.LastGood).Msg("the copy of the last good published nodes file runs")
	}
}

// read reads the file if it changed; it tells whether there is another text in force.
func (f *NodesFile) read() bool {
	text, err := f.file.poll()
	if err == nil && text == nil {
		return false
	}
	if err == nil {
		err = f.check(text)
	}
	if err != nil {
		f.fail(err)
		return false
	}
	f.good = pack(text)
	f.fail(nil)
	if err := f.copy.keep(text); err != nil {
		f.log.Warn().Err(err).Str("file", f.cfg.LastGood).Msg("no copy of the published nodes file is kept")
	}
	return true
}

func (f *NodesFile) check(text []byte) error {
	_, _, err := publishednodes.Parse(text, publishednodes.Options{Gateway: f.cfg.Gateway})
	return err
}

// fail notes why the file cannot be used; nil when it can. It is logged once.
func (f *NodesFile) fail(err error) {
	reason := ""
	if err != nil {
		reason = fmt.Sprintf("published nodes file %s: %v; what ran before goes on, correct the file", f.cfg.Path, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if reason != f.failure && err != nil {
		f.log.Error().Err(err).Str("file", f.cfg.Path).Msg("published nodes file cannot be used, what ran before goes on")
	}
	f.failure = reason
}

// join adds what the file asks for to what the core wants.
func (f *NodesFile) join(core edge.Desired) edge.Desired {
	d := edge.Desired{Revision: core.Revision, Servers: slices.Clone(core.Servers), Writers: slices.Clone(core.Writers)}
	if f.good == nil {
		return d
	}
	text, err := f.good.unpack()
	if err != nil {
		f.fail(err)
		return d
	}
	c, issues, err := publishednodes.Parse(text, publishednodes.Options{Gateway: f.cfg.Gateway, Servers: core.Servers, Broker: f.cfg.Broker})
	if err != nil { // checked before
		f.fail(err)
		return d
	}
	known := map[string]bool{}
	for _, s := range core.Servers {
		known[s.ID] = true
	}
	passwords := map[string]string{}
	for _, s := range c.Servers {
		if known[s.ID] {
			continue
		}
		s.Gateway = f.cfg.Gateway
		if s.Password != nil {
			s.SealedPassword = f.secrets.token(s.ID, *s.Password)
			passwords[string(s.SealedPassword)] = *s.Password
		}
		d.Servers = append(d.Servers, s.Server)
	}
	f.secrets.use(passwords)
	keys := map[model.WriterKey]bool{}
	for _, w := range core.Writers {
		keys[w.Key()] = true
	}
	refused := f.refusedBy(issues)
	var own []model.DataSetWriter
	for _, w := range c.Writers {
		if keys[w.Key()] {
			refused = append(refused, model.OutOfSync{Writer: w.Key(), Server: w.Server, Reason: "the published nodes file has a writer of this name as well; rename one of them, the core's runs"})
			continue
		}
		own = append(own, w)
	}
	f.numbers.number(own, core.Writers)
	d.Writers = append(d.Writers, own...)
	f.mu.Lock()
	f.refused = refused
	f.mu.Unlock()
	f.log.Info().Str("file", f.cfg.Path).Int("servers", len(c.Servers)).Int("writers", len(own)).Int("errors", issues.Errors).Int("warnings", issues.Warnings).
		Msg("published nodes file is in force")
	return d
}

// refusedBy logs the first issues and returns the errors.
func (f *NodesFile) refusedBy(issues *publishednodes.Issues) (list []model.OutOfSync) {
	logged := 0
	for _, i := range issues.List {
		if i.Severity == publishednodes.Info {
			continue
		}
		if logged++; logged <= maxLogged {
			f.log.Warn().Str("file", f.cfg.Path).Msg(i.String())
		}
		if i.Severity == publishednodes.Error && len(list) < maxOutOfSync {
			list = append(list, model.OutOfSync{Reason: "published nodes file: " + i.String()})
		}
	}
	return list
}

// ReportServer implements edge.State.
func (f *NodesFile) ReportServer(ctx context.Context, s model.ServerStatus) error {
	if f.cfg.Core == nil {
		return nil
	}
	return f.cfg.Core.ReportServer(ctx, s)
}

// ReportWriter implements edge.State.
func (f *NodesFile) ReportWriter(ctx context.Context, s model.WriterStatus) error {
	if f.cfg.Core == nil {
		return nil
	}
	return f.cfg.Core.ReportWriter(ctx, s)
}

// ReportGateway implements edge.State. What is wrong with the file is among what is out of sync.
func (f *NodesFile) ReportGateway(ctx context.Context, s model.GatewayStatus) error {
	if f.cfg.Core == nil {
		return nil
	}
	f.mu.Lock()
	of := slices.Clone(f.refused)
	if f.failure != "" {
		of = append([]model.OutOfSync{{Reason: f.failure}}, of...)
	}
	f.mu.Unlock()
	s.OutOfSyncCount += len(of)
	of = append(of, s.OutOfSync...)
	s.OutOfSync = of[:min(len(of), maxOutOfSync)]
	return f.cfg.Core.ReportGateway(ctx, s)
}
