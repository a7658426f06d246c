package uaserver

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/rs/zerolog"
)

// Config says where and as what the server presents itself.
type Config struct {
	Listen          string // host:port; port 0 takes a free one
	ApplicationURI  string
	ProductURI      string
	ApplicationName string
	Certificate     []byte          // DER; with PrivateKey it turns on Basic256Sha256 beside None
	PrivateKey      *rsa.PrivateKey // of the certificate
	MaxItems        int             // monitored items per subscription; 0: 5000
	// Conditions calls report with the newest events of all conditions that are retained, and raises none meanwhile. It must not be called from Raise. nil: the
	// server has no conditions, and no ConditionRefresh.
	Conditions func(report func(retained []Event))
}

// Server serves one address space. Use: New, Listen, Run.
type Server struct {
	cfg      Config
	space    *Space
	log      zerolog.Logger
	started  time.Time
	listener *net.TCPListener
	ctx      context.Context // of Run; the sessions live under it
	tasks    sync.WaitGroup

	sessions        sessions
	channelIDs      atomic.Uint32
	subscriptionIDs atomic.Uint32
	itemIDs         atomic.Uint32
	connections     atomic.Int32
}

// New returns a server for a filled space and gives the nodes of the Server object their values. The space must not
// change any more.
func New(cfg Config, space *Space, log zerolog.Logger) (*Server, error) {
	if (cfg.Certificate == nil) != (cfg.PrivateKey == nil) {
		return nil, errors.New("configure server: certificate and private key go together, only one is set")
	}
	if cfg.MaxItems <= 0 {
		cfg.MaxItems = maxItems
	}
	s := &Server{cfg: cfg, space: space, log: log, started: time.Now(), sessions: sessions{table: make(map[string]*session)}}
	s.channelIDs.Store(uint32(s.started.Unix())) // unlikely to repeat after a restart (Part 4, 5.6.2)
	s.bindServerObject()
	s.bindConditions()
	return s, nil
}

// Listen opens the port. After it URL is valid and clients can connect; they are served once Run is called.
func (s *Server) Listen(ctx context.Context) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen for opc ua on %q: %w", s.cfg.Listen, err)
	}
	s.listener = l.(*net.TCPListener)
	return nil
}

// URL returns the endpoint, e.g. opc.tcp://127.0.0.1:4840; a server that listens on all addresses names the loopback.
func (s *Server) URL() string {
	addr := *s.listener.Addr().(*net.TCPAddr)
	if addr.IP.IsUnspecified() {
		addr.IP = net.IPv4(127, 0, 0, 1)
	}
	return "opc.tcp://" + addr.String()
}

// Run accepts clients until ctx ends, then closes all connections and waits for every goroutine it started.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer s.tasks.Wait()
	defer cancel()
	s.ctx = ctx
	defer s.listener.Close()
	stop := context.AfterFunc(ctx, func() { s.listener.Close() })
	defer stop()
	s.tasks.Go(func() { s.expireSessions(ctx) })
	for {
		tcp, err := s.listener.AcceptTCP()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return fmt.Errorf("accept opc ua client: %w", err)
			}
			s.log.Warn().Err(err).Msg("opc ua client not accepted")
			time.Sleep(50 * time.Millisecond) // out of file descriptors: do not spin
			continue
		}
		if s.connections.Add(1) > maxConnections {
			s.connections.Add(-1)
			_ = tcp.Close()
			s.log.Warn().Int("limit", maxConnections).Msg("opc ua client turned away, too many connections")
			continue
		}
		s.tasks.Go(func() {
			defer s.connections.Add(-1)
			s.serveConn(ctx, tcp)
		})
	}
}

func (s *Server) expireSessions(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s.sessions.expire(now)
		}
	}
}

// serve answers one request; nil means that it will be answered later.
func (s *Server) serve(c *conn, requestID uint32, req ua.Request) ua.Response {
	resp, status := s.dispatch(c, requestID, req)
	if status != ua.StatusOK {
		return fault(req.Header(), status)
	}
	return resp
}

func (s *Server) dispatch(c *conn, requestID uint32, request ua.Request) (ua.Response, ua.StatusCode) {
	switch req := request.(type) {
	case *ua.FindServersRequest:
		return s.findServers(req), ua.StatusOK
	case *ua.GetEndpointsRequest:
		return s.getEndpoints(req), ua.StatusOK
	case *ua.CreateSessionRequest:
		return s.createSession(c, req)
	case *ua.ActivateSessionRequest:
		return s.activateSession(c, req)
	}
	sess, status := s.sessions.use(c, request.Header().AuthenticationToken, time.Now())
	if status != ua.StatusOK {
		return nil, status
	}
	switch req := request.(type) {
	case *ua.CloseSessionRequest:
		return s.closeSession(sess, req)
	case *ua.ReadRequest:
		return s.read(req)
	case *ua.WriteRequest:
		return s.write(req)
	case *ua.HistoryReadRequest:
		return s.historyRead(req)
	case *ua.HistoryUpdateRequest:
		return s.historyUpdate(req)
	case *ua.CallRequest:
		return s.call(sess, req)
	case *ua.BrowseRequest:
		return s.browse(sess, req)
	case *ua.BrowseNextRequest:
		return s.browseNext(sess, req)
	case *ua.TranslateBrowsePathsToNodeIDsRequest:
		return s.translate(req)
	case *ua.RegisterNodesRequest: // a hint only: the ids are fast enough as they are (Part 4, 5.9.5)
		return &ua.RegisterNodesResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), RegisteredNodeIDs: req.NodesToRegister}, ua.StatusOK
	case *ua.UnregisterNodesRequest:
		return &ua.UnregisterNodesResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK)}, ua.StatusOK
	}
	return s.dispatchSubscription(c, requestID, sess, request)
}

func (s *Server) dispatchSubscription(c *conn, requestID uint32, sess *session, request ua.Request) (ua.Response, ua.StatusCode) {
	switch req := request.(type) {
	case *ua.PublishRequest:
		return s.publish(c, requestID, sess, req)
	case *ua.RepublishRequest:
		return s.republish(sess, req)
	case *ua.CreateSubscriptionRequest:
		return s.createSubscription(sess, req)
	case *ua.ModifySubscriptionRequest:
		return s.modifySubscription(sess, req)
	case *ua.SetPublishingModeRequest:
		return s.setPublishingMode(sess, req)
	case *ua.DeleteSubscriptionsRequest:
		return s.deleteSubscriptions(sess, req)
	case *ua.CreateMonitoredItemsRequest:
		return s.createItems(sess, req)
	case *ua.ModifyMonitoredItemsRequest:
		return s.modifyItems(sess, req)
	case *ua.SetMonitoringModeRequest:
		return s.setMonitoringMode(sess, req)
	case *ua.DeleteMonitoredItemsRequest:
		return s.deleteItems(sess, req)
	}
	return nil, ua.StatusBadServiceUnsupported
}

func responseHeader(req *ua.RequestHeader, status ua.StatusCode) *ua.ResponseHeader {
	return &ua.ResponseHeader{
		Timestamp: time.Now(), RequestHandle: req.RequestHandle, ServiceResult: status,
		ServiceDiagnostics: &ua.DiagnosticInfo{}, StringTable: []string{}, AdditionalHeader: ua.NewExtensionObject(nil),
	}
}

func fault(req *ua.RequestHeader, status ua.StatusCode) ua.Response {
	return &ua.ServiceFault{ResponseHeader: responseHeader(req, status)}
}
