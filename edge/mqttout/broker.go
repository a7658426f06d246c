package mqttout

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// headerRoom is what a message needs beyond its payload: the topic, properties and counts.
const headerRoom = 4 << 10

// Broker is one broker.
type Broker struct {
	cfg         Config
	gateway     string
	url         *url.URL
	tls         *tls.Config
	statusTopic string
	log         zerolog.Logger
	frames      edge.FrameLog
	writers     atomic.Pointer[map[model.WriterKey]*model.DataSetWriter] // those that are sent here
	configured  chan struct{}                                            // closed when they are known
	link        *link
	counters    struct {
		published, bytes, dropped, refused atomic.Uint64
		inflight                           atomic.Int64
	}
	refusal atomic.Pointer[string] // the last one
}

func newBroker(cfg Config, gateway string, frames edge.FrameLog, log zerolog.Logger) (*Broker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.setDefaults(gateway)
	log = log.With().Str("broker", cfg.Name).Logger()
	b := &Broker{cfg: cfg, gateway: gateway, log: log, frames: frames, configured: make(chan struct{}), link: newLink(log)}
	var err error
	if b.url, err = url.Parse(cfg.URL); err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	if b.tls, err = cfg.tls(b.url); err != nil {
		return nil, err
	}
	if _, err = cfg.password(); err != nil {
		return nil, err
	}
	if b.statusTopic, err = publisherVariables(&b.cfg, gateway).topic(statusTopic); err != nil {
		return nil, fmt.Errorf("topicRoot: %w", err)
	}
	return b, nil
}

// run connects and sends until ctx ends; then what is on its way is, for at most grace while there is a connection. The rest is sent after the next
// start.
func (b *Broker) run(ctx context.Context, grace time.Duration) error {
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	e := newEncoder(time.Now())
	will, err := b.status(e, statusError)
	if err != nil {
		return err
	}
	feed := make(chan []edge.LogFrame)
	s := &sender{broker: b, encoder: e, batches: map[*writer]bool{}, feed: feed, writers: writers{broker: b, open: map[model.WriterKey]*writer{}}}
	if s.client, err = b.connect(context.WithoutCancel(ctx), will); err != nil {
		return fmt.Errorf("broker %q: %w", b.cfg.Name, err)
	}
	stop := context.AfterFunc(ctx, func() { b.limit(sending, cancel, grace) })
	defer stop()
	var feeding sync.WaitGroup
	feeding.Go(func() { b.feed(ctx, feed) })
	s.run(sending, ctx.Done())
	feeding.Wait()
	b.counters.inflight.Store(0)
	closing, done := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer done()
	s.client.close(closing)
	return nil
}

// limit ends sending after grace, or when there is no connection.
func (b *Broker) limit(sending context.Context, end func(), grace time.Duration) {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	for {
		change := b.link.changed()
		if !b.link.isUp() {
			end()
			return
		}
		select {
		case <-sending.Done():
			return
		case <-timer.C:
			end()
			return
		case <-change:
		}
	}
}

func (b *Broker) connect(ctx context.Context, will *message) (client, error) {
	if b.cfg.Version == Version311 {
		return newClient3(ctx, &b.cfg, b.url, b.tls, will, b.link), nil
	}
	return newClient5(ctx, &b.cfg, b.url, b.tls, will, b.link)
}

// maxMessage is the size in bytes above which a payload is not sent.
func (b *Broker) maxMessage() int {
	limit := b.cfg.MaxMessage
	if n := int(b.link.limit()); n > 0 {
		limit = min(limit, max(n-headerRoom, 1))
	}
	return limit
}

func tooLarge(m *message, limit int) error {
	return fmt.Errorf("%w: message of %d bytes for %s, the broker takes %d: raise maxMessage or the broker's limit, or split the writer",
		errRefused, len(m.payload), m.topic, limit)
}

func (b *Broker) published(m *message) {
	b.counters.published.Add(1)
	b.counters.bytes.Add(uint64(len(m.payload)))
}

// refuse counts what will never be sent. A reason is logged when it is another than the last one.
func (b *Broker) refuse(err error) {
	b.counters.refused.Add(1)
	text := err.Error()
	if last := b.refusal.Swap(&text); last == nil || *last != text {
		b.log.Warn().Err(err).Msg("message not sent")
	}
}
