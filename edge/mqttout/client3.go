package mqttout

import (
	"context"
	"crypto/tls"
	"errors"
	"net/url"
	"sync"
	"time"

	"github.com/eclipse/paho.mqtt.golang"
)

// errClosed says that the connection was closed before a message was acknowledged.
var errClosed = errors.New("the connection was closed")

// client3 is a client of MQTT 3.1.1, with a new session for each connection: the library mixes what it sends again with what is new. So what
// is not acknowledged when a connection ends fails, and a message of QoS 2 may come twice then.
type client3 struct {
	options *mqtt.ClientOptions
	watcher watcher
	cancel  context.CancelFunc
	ended   chan struct{}

	mu      sync.Mutex
	current *connection3 // nil while there is none
}

// connection3 is one connection.
type connection3 struct {
	mqtt.Client
	lost     chan struct{} // closed when it is lost
	loseOnce func()
}

func newClient3(ctx context.Context, cfg *Config, u *url.URL, t *tls.Config, will *message, w watcher) *client3 {
	o := mqtt.NewClientOptions().AddBroker(u.String()).SetClientID(cfg.ClientID).SetProtocolVersion(4).SetKeepAlive(cfg.KeepAlive)
	o.SetCleanSession(true).SetOrderMatters(false).SetAutoReconnect(false).SetConnectTimeout(10 * time.Second).SetWriteTimeout(5 * time.Second)
	o.SetBinaryWill(will.topic, will.payload, will.qos, will.retain)
	if t != nil {
		o.SetTLSConfig(t)
	}
	if cfg.UserName != "" {
		o.SetCredentialsProvider(func() (string, string) {
			password, err := cfg.password()
			if err != nil {
				w.failed(err) // and the broker will refuse the empty one
			}
			return cfg.UserName, password
		})
	}
	ctx, cancel := context.WithCancel(ctx)
	c := &client3{options: o, watcher: w, cancel: cancel, ended: make(chan struct{})}
	go c.run(ctx)
	return c
}

// run connects, again and again, until ctx ends.
func (c *client3) run(ctx context.Context) {
	defer close(c.ended)
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause(n)):
		}
		l := &connection3{lost: make(chan struct{})}
		l.loseOnce = sync.OnceFunc(func() { close(l.lost) })
		o := *c.options
		o.OnConnectionLost = func(_ mqtt.Client, err error) {
			c.watcher.failed(err)
			l.loseOnce()
		}
		l.Client = mqtt.NewClient(&o)
		t := l.Connect()
		select {
		case <-ctx.Done():
		case <-t.Done():
		}
		if ctx.Err() == nil && t.Error() == nil {
			n = 0
			c.set(l)
			select {
			case <-ctx.Done():
			case <-l.lost:
			}
			c.set(nil)
		} else if ctx.Err() == nil {
			c.watcher.failed(t.Error())
		}
		l.Disconnect(250)
		l.loseOnce()
	}
}

func (c *client3) set(l *connection3) {
	c.mu.Lock()
	c.current = l
	c.mu.Unlock()
	c.watcher.look(func() bool { return l != nil }, 0)
}

func (c *client3) publish(_ context.Context, m *message) (ack, error) {
	c.mu.Lock()
	l := c.current
	c.mu.Unlock()
	if l == nil {
		return nil, errDown
	}
	// The library blocks for a while when the connection is being lost.
	handed := make(chan mqtt.Token, 1)
	go func() { handed <- l.Publish(m.topic, m.qos, m.retain, m.payload) }()
	var t mqtt.Token
	select {
	case t = <-handed:
	case <-l.lost:
		return nil, errDown
	}
	a := &ack3{done: make(chan struct{})}
	go func() {
		defer close(a.done)
		select {
		case <-t.Done():
			a.err = t.Error()
		case <-l.lost:
			a.err = errClosed
		}
	}()
	if m.qos > 0 {
		return a, nil
	}
	// A message of QoS 0 is done with when it is written.
	<-a.done
	if a.err != nil {
		return nil, errDown
	}
	return nil, nil
}

func (c *client3) close(context.Context) {
	c.cancel()
	<-c.ended
}

// ack3 is an acknowledgement of MQTT 3.1.1.
type ack3 struct {
	done chan struct{}
	err  error // once done is closed
}

func (a *ack3) Done() <-chan struct{} { return a.done }
func (a *ack3) Error() error          { return a.err }
