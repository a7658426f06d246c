package graph

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/shopfloor-iiot/shopfloor/graph/graphws"
	"github.com/shopfloor-iiot/shopfloor/graph/live"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
)

// HandlerConfig are the limits of a handler. The zero value of each field stands for its default.
type HandlerConfig struct {
	// AllowedOrigins are patterns of hosts ("ui.example.com", "*.example.com") whose pages may open a WebSocket, beside those of the
	// handler's own host.
	AllowedOrigins []string
	// DisableIntrospection hides the schema.
	DisableIntrospection bool
	// AllowList has the operations that may run; nil for all.
	AllowList *AllowList
	// MaxComplexity bounds the price of an operation (see pricedSchema); 250,000.
	MaxComplexity int
	// MaxDepth bounds how deep fields are nested; 24.
	MaxDepth int
	// MaxTokens bounds the tokens of a query's text, MaxQueryBytes its length; 10,000 and 64 KiB.
	MaxTokens, MaxQueryBytes int
	// MaxRequestBytes bounds a request with its variables, over HTTP or as one WebSocket message; 8 MiB.
	MaxRequestBytes int64
	// QueryTimeout bounds a query or mutation; 30 s. Subscriptions have no end.
	QueryTimeout time.Duration
	// MaxSubscriptions bounds the subscriptions that run at the same time, of all clients together; 5,000.
	MaxSubscriptions int
	// Linger is how long live values are asked for that nobody subscribes to any more, so that clients can resume; 15 s.
	Linger time.Duration
	// KeepAlive is the interval of pings to subscribers; 15 s. A WebSocket client that does not answer two of them is closed.
	KeepAlive time.Duration
	// InitTimeout bounds the wait for connection_init on a new WebSocket; 10 s.
	InitTimeout time.Duration
	// WriteTimeout bounds how long a message may take into the socket of a subscriber, who is cut off then; 20 s.
	WriteTimeout time.Duration
}

// The sizes of the caches of parsed queries and of persisted query texts, in entries.
const (
	queryCacheSize     = 200
	persistedQueryText = 1000
)

// maxOperations bounds the operations of one WebSocket at a time.
const maxOperations = 1000

func (c HandlerConfig) withDefaults() HandlerConfig {
	for field, value := range map[*int]int{
		&c.MaxComplexity: 250_000, &c.MaxDepth: 24, &c.MaxTokens: 10_000, &c.MaxQueryBytes: 64 << 10, &c.MaxSubscriptions: 5000,
	} {
		if *field == 0 {
			*field = value
		}
	}
	for field, value := range map[*time.Duration]time.Duration{
		&c.QueryTimeout: 30 * time.Second, &c.KeepAlive: 15 * time.Second, &c.InitTimeout: 10 * time.Second,
		&c.WriteTimeout: 20 * time.Second,
	} {
		if *field == 0 {
			*field = value
		}
	}
	if c.MaxRequestBytes == 0 {
		c.MaxRequestBytes = 8 << 20
	}
	return c
}

// Handler serves queries, mutations and subscriptions: POST with JSON, GET for queries, Server-Sent Events (POST that accepts
// text/event-stream) and graphql-transport-ws. Subscriptions end with their request; a server that shuts down cancels the
// base context of its requests.
type Handler struct {
	http.Handler
	snapshots  *snapshots
	webSockets graphws.Counters
}

// NewHandler makes a handler with the fixed schema.
func NewHandler(cfg HandlerConfig, r *Resolver) *Handler {
	cfg = cfg.withDefaults()
	r.streams, r.feeds = newLiveHub(cfg, r), live.NewFeeds(live.Config{Linger: cfg.Linger})
	h := &Handler{snapshots: newSnapshots(cfg, r)}
	// The server picks the transport, and answers what panics before an operation has begun; operations run on snapshots.
	s := handler.New(NewExecutableSchema(Config{Resolvers: r}))
	s.SetErrorPresenter(presenter{r.Log}.present)
	s.SetRecoverFunc(caught)
	for _, t := range []graphql.Transport{
		&graphws.Transport{
			InitTimeout: cfg.InitTimeout, KeepAlive: cfg.KeepAlive, WriteTimeout: cfg.WriteTimeout, MaxMessageBytes: cfg.MaxRequestBytes, MaxOperations: maxOperations,
			Counters: &h.webSockets, Log: r.Log, // bounded has looked at the origin
		},
		olderWebSockets(cfg),
		timedWrites{transport.SSE{KeepAlivePingInterval: cfg.KeepAlive}, cfg.WriteTimeout},
		overHTTP{transport.GET{}},
		introspected{overHTTP{transport.POST{}}, h.snapshots},
	} {
		s.AddTransport(onSnapshots{t, h.snapshots})
	}
	h.Handler = bounded(s, cfg)
	return h
}

// Close ends what goes on after its subscribers left: live values that somebody may resume. It is called when no requests are served any more.
func (h *Handler) Close() {
	h.snapshots.resolver.streams.Close()
	h.snapshots.resolver.feeds.Close()
}

// WebSocketFigures count WebSockets with graphql-transport-ws.
func (h *Handler) WebSocketFigures() graphws.Figures { return h.webSockets.Figures() }

// LiveFigures count the live values that subscribers share: those of nodes, and of instances of the plant's own types.
func (h *Handler) LiveFigures() live.Figures {
	return h.snapshots.resolver.streams.Figures().Plus(h.snapshots.resolver.feeds.Figures())
}

// SetTypes adds the types of the plant's own model to the schema, in place of those of before. Operations that run go on with the schema
// that they began with; each later one, also on a WebSocket that is open, takes the new one. On an error nothing changes. Subscribers to
// schemaChanges are told the causes.
func (h *Handler) SetTypes(t *typed.Schema, causes ...SchemaCause) error {
	return h.snapshots.setTypes(t, causes)
}

// SchemaFigures are counts about the schemas of a handler.
type SchemaFigures struct {
	Generation uint64
	// Types is how many types the plant's own model has.
	Types int
	// Subscriptions run on types of the plant; they hold so many generations of the schema. Ended were ended because theirs was too old.
	Subscriptions, HeldGenerations int
	Ended                          uint64
	// MissedChanges were not delivered to subscribers of schemaChanges who were slow.
	MissedChanges uint64
	// Introspections were answered from memory.
	Introspections uint64
}

// SchemaFigures tells them.
func (h *Handler) SchemaFigures() SchemaFigures {
	s := h.snapshots
	now := s.current.Load()
	f := SchemaFigures{Generation: now.generation, Types: now.types, MissedChanges: s.feed.missed.Load(), Introspections: s.introspected.Load()}
	f.Subscriptions, f.HeldGenerations, f.Ended = s.held.figures()
	return f
}

// WatchInstances says whether ForgetInstances is called whenever objects of a server come or go. While it is, they are remembered for longer.
func (h *Handler) WatchInstances(server string, watched bool) {
	h.snapshots.space.Watch(server, watched)
}

// ForgetInstances says that objects of a server came or went.
func (h *Handler) ForgetInstances(server string) { h.snapshots.space.Forget(server) }

// startOperation gives each operation what its resolvers share, and bounds the number of subscriptions.
func startOperation(maxSubscriptions int64, running *atomic.Int64) graphql.OperationMiddleware {
	return func(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
		if isSubscription(ctx) {
			// Every transport ends the context of a subscription with it.
			context.AfterFunc(ctx, func() { running.Add(-1) })
			if running.Add(1) > maxSubscriptions {
				err := limitError("UNAVAILABLE", "%d subscriptions are running, which is the limit; try again later", maxSubscriptions)
				return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{err}})
			}
		}
		return next(withStreamEnd(withRootNodes(ctx)))
	}
}

// queryTimeout ends queries and mutations that take too long.
func queryTimeout(limit time.Duration) graphql.ResponseMiddleware {
	return func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
		if isSubscription(ctx) {
			return next(ctx)
		}
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		return next(ctx)
	}
}

func isSubscription(ctx context.Context) bool {
	if !graphql.HasOperationContext(ctx) {
		return false
	}
	op := graphql.GetOperationContext(ctx).Operation
	return op != nil && op.Operation == ast.Subscription
}

type requestIDKey struct{}

// requestID is the id by which a request is found in the log.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// bounded limits the body of requests, keeps pages of other hosts from opening WebSockets, and gives each request an id.
func bounded(next http.Handler, cfg HandlerConfig) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()
		w.Header().Set("X-Request-Id", id)
		if r.ContentLength > cfg.MaxRequestBytes {
			http.Error(w, fmt.Sprintf("the request has %d bytes, the limit is %d", r.ContentLength, cfg.MaxRequestBytes), http.StatusRequestEntityTooLarge)
			return
		}
		if r.Header.Get("Upgrade") != "" && !originAllowed(r, cfg.AllowedOrigins) {
			http.Error(w, fmt.Sprintf("origin %q is not %q; add its host to the allowed origins", r.Header.Get("Origin"), r.Host), http.StatusForbidden)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, cfg.MaxRequestBytes)
		// The keep-alive of Server-Sent Events must not outlive the handler, which net/http sees to only some time later.
		ctx, cancel := context.WithCancel(context.WithValue(r.Context(), requestIDKey{}, id))
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
