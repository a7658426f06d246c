package bus

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
)

const (
	defaultSyncInterval = 250 * time.Millisecond
	// minMaxStore leaves each stream room for some messages of the largest size.
	minMaxStore = 32 << 20
	// readyWait is how long a started server may take to accept connections. Recovery of the streams comes before and has
	// no limit: 10 GB took 12 s.
	readyWait = 10 * time.Second
)

// Config is how a Server stores and who may reach it.
type Config struct {
	// Dir is the store folder. It is made when missing and locked while the server runs.
	Dir string
	// SyncInterval is how often streams are synced to disk, and so what a power failure may take of the frames already
	// acknowledged. kill -9 takes none. 0 means 250 ms, which costs about a quarter of the rate of no sync at all.
	SyncInterval time.Duration
	// SyncAlways syncs before each acknowledgement: a power failure takes nothing, at some 700 frames a second.
	SyncAlways bool
	// MaxStore bounds the sum of all streams and buckets, in bytes. 0 means half of what they use already and what is
	// free on the disk.
	MaxStore int64
	// Listen is the TCP address for clients, "127.0.0.1:4222"; port 0 takes a free one. Empty means that nothing listens
	// and only Server.Connect reaches the server.
	Listen string
	// Password is what clients over Listen present (see Dial). Empty means a random one, so that only Server.Connect
	// gets in, listener or not.
	Password string
	// Leaf lets gateways join. nil lets none in.
	Leaf *LeafConfig
	// Remote joins this server, which is a gateway's, to the core's. It may be away.
	Remote *RemoteConfig
}

func (c *Config) validate() error {
	switch {
	case c.Dir == "":
		return errors.New("bus config: dir is empty: name the store folder")
	case c.SyncInterval < 0:
		return fmt.Errorf("bus config: sync_interval %s is negative: use 100ms to 1s, or 0 for %s", c.SyncInterval, defaultSyncInterval)
	case c.MaxStore < 0 || c.MaxStore > 0 && c.MaxStore < minMaxStore:
		return fmt.Errorf("bus config: max_store %d is too small: use at least %d bytes, or 0 to derive it from the disk", c.MaxStore, minMaxStore)
	case c.Leaf != nil && c.Remote != nil:
		return errors.New("bus config: leaf and remote are both set: a server is the core's or a gateway's")
	}
	return nil
}

// Server is an embedded NATS server with JetStream. Its methods may be called from several goroutines.
type Server struct {
	opts     *server.Options
	log      *logger
	zlog     zerolog.Logger
	lock     *os.File
	password string
	maxStore int64
	counters counters
	gate     gate
	inbox    string // prefix of the inboxes of Connect; empty means the common one

	restarting sync.Mutex // one Restart or Shutdown at a time

	mu     sync.Mutex
	server *server.Server
	conns  []*Conn
	done   bool
}

// Start locks the store folder, recovers its streams and returns when the server takes connections. It makes no streams:
// see EnsureStreams. The owner ends it with Shutdown.
func Start(cfg Config, log zerolog.Logger) (*Server, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make store folder: %w", err)
	}
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	s := &Server{
		log: &logger{log: log}, zlog: log, lock: lock, password: cfg.Password, maxStore: cfg.MaxStore,
		gate: gate{gateways: map[string]string{}, links: map[string][]uint64{}},
	}
	if cfg.Remote != nil {
		token, err := Escape(cfg.Remote.Gateway)
		if err != nil {
			lock.Close()
			return nil, err
		}
		s.inbox = inboxPrefix(token)
	}
	if err := s.start(cfg); err != nil {
		if s.server != nil {
			s.server.Shutdown()
			s.server.WaitForShutdown()
		}
		lock.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(cfg Config) error {
	if s.password == "" {
		s.password = rand.Text()
	}
	if s.maxStore == 0 {
		derived, err := deriveMaxStore(cfg.Dir)
		if err != nil {
			return err
		}
		if derived < minMaxStore {
			return fmt.Errorf("store folder %s: only %d bytes are left for streams: free the disk, at least %d are needed", cfg.Dir, derived, minMaxStore)
		}
		s.maxStore = derived
	}
	opts, err := s.options(cfg)
	if err != nil {
		return err
	}
	s.opts = opts
	return s.launch()
}

// launch makes a server of the options and starts it.
func (s *Server) launch() error {
	n, err := server.NewServer(s.opts.Clone())
	if err != nil {
		return fmt.Errorf("make nats server: %w", err)
	}
	s.mu.Lock()
	s.server = n
	s.mu.Unlock()
	s.log.fatal.Store(nil)
	n.SetLoggerV2(s.log, false, false, false)
	n.Start()
	if text := s.log.fatal.Load(); text != nil {
		return fmt.Errorf("start nats server: %s", *text)
	}
	if !n.ReadyForConnections(readyWait) || !n.JetStreamEnabled() {
		return fmt.Errorf("start nats server: not ready after %s", readyWait)
	}
	if a, ok := n.Addr().(*net.TCPAddr); ok && a != nil {
		s.opts.Port = a.Port // the same one after a restart
	}
	return s.takeLeafPort(n)
}

// current returns the running server.
func (s *Server) current() *server.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.server
}

// InProcessConn implements nats.InProcessConnProvider, over which connections find the server again after a restart. It is of
// no use to others.
func (s *Server) InProcessConn() (net.Conn, error) { return s.current().InProcessConn() }

func (s *Server) options(cfg Config) (*server.Options, error) {
	_, size, err := disk(cfg.Dir)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("store folder %s: %w", cfg.Dir, err)
	}
	opts := &server.Options{
		ServerName: "shopfloor",
		DontListen: true,
		// The process owns its signals; the server must not exit it.
		NoSigs:                     true,
		DisableJetStreamBanner:     true,
		CustomClientAuthentication: s,
		JetStream:                  true,
		StoreDir:                   dir,
		JetStreamMaxMemory:         64 << 20,
		// Not s.maxStore: a stream made under a larger limit would not be recovered under a smaller one. The streams' own
		// limits bound the store.
		JetStreamMaxStore: size,
		SyncInterval:      cfg.SyncInterval,
		SyncAlways:        cfg.SyncAlways,
	}
	if opts.SyncInterval == 0 {
		opts.SyncInterval = defaultSyncInterval
	}
	if cfg.Leaf != nil {
		if err := leafOptions(opts, cfg.Leaf); err != nil {
			return nil, err
		}
	}
	if cfg.Remote != nil {
		if err := remoteOptions(opts, cfg.Remote); err != nil {
			return nil, err
		}
	}
	if cfg.Listen == "" {
		return opts, nil
	}
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("bus config: listen %q: %w: use host:port", cfg.Listen, err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("bus config: listen %q: port must be 0 to 65535: %w", cfg.Listen, err)
	}
	opts.DontListen, opts.Host, opts.Port = false, host, int(n)
	if n == 0 {
		opts.Port = server.RANDOM_PORT
	}
	return opts, nil
}

// Check lets in who knows the password, and the gateways whose keys SetGateways named. It implements server.Authentication, is called by the NATS server for each new
// connection, in-process ones too, and is of no use to others.
func (s *Server) Check(c server.ClientAuthentication) bool {
	if c.Kind() == server.LEAF {
		return s.gate.check(c)
	}
	return subtle.ConstantTimeCompare([]byte(c.GetOpts().Password), []byte(s.password)) == 1
}

// MaxStore returns the bound of all streams and buckets together, in bytes, as configured or derived.
func (s *Server) MaxStore() int64 { return s.maxStore }

// URL returns where clients reach the server, without the password, or "" when nothing listens.
func (s *Server) URL() string {
	if a, ok := s.current().Addr().(*net.TCPAddr); ok && a != nil {
		return "nats://" + a.String()
	}
	return ""
}

// Connect opens an in-process connection. The name shows in logs. Use one for bulk and one for control traffic.
// Shutdown closes it if its owner did not.
func (s *Server) Connect(name string) (*Conn, error) {
	opts := []nats.Option{nats.InProcessServer(s)}
	if s.inbox != "" {
		opts = append(opts, nats.CustomInboxPrefix(s.inbox))
	}
	c, err := connect("", name, s.password, &s.counters, s.zlog, opts...)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done {
		c.Close()
		return nil, errors.New("connect to bus: server is shut down")
	}
	s.conns = append(s.conns, c)
	return c, nil
}

// Shutdown closes all connections of Connect, then the server, and gives the store folder free. When ctx ends first, the
// folder stays locked, because the server may still write to it. Calling it again does nothing.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	conns, done := s.conns, s.done
	s.conns, s.done = nil, true
	s.mu.Unlock()
	if done {
		return nil
	}
	// First, because a connection whose server is gone would try to reconnect for ever.
	for _, c := range conns {
		c.Close()
	}
	down := make(chan struct{})
	go func() {
		defer close(down)
		s.restarting.Lock() // and never given back: nothing is started any more
		s.stop()
	}()
	select {
	case <-down:
		return s.lock.Close()
	case <-ctx.Done():
		return fmt.Errorf("shut down nats server: %w: the store folder stays locked until the process ends", ctx.Err())
	}
}

func (s *Server) stop() {
	n := s.current()
	n.Shutdown()
	n.WaitForShutdown()
}

// Restart stops the server and starts it on the same files, in this process: what a stream needs after a write error (see
// Guard). Connections come back by themselves; what they waited for fails, and their senders send it again. Nothing
// acknowledged is lost. After an error there is no server, and Restart may be called again.
func (s *Server) Restart() error {
	s.restarting.Lock()
	defer s.restarting.Unlock()
	s.stop()
	if err := s.launch(); err != nil {
		s.stop()
		return fmt.Errorf("restart: %w", err)
	}
	s.counters.restarts.Add(1)
	return nil
}
