package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/shopfloor-iiot/shopfloor/graph/typed"
)

// typedMaxAge is how long the handler goes by what it saw of a server's objects.
const typedMaxAge = 30 * time.Second

// snapshot is one schema with an executor and a cache of parsed queries of its own: a parsed query points into its schema.
type snapshot struct {
	owner      *snapshots
	generation uint64
	executor   *executor.Executor
	schema     *ast.Schema
	// typedSDL is the text of the types of the plant's own model, types their number, hash that of the whole text.
	typedSDL string
	types    int
	// events are the types of events among them.
	events *plantEvents
	hash   string
	since  time.Time
	// change is how it differs from the one before.
	change  *SchemaChange
	answers schemaAnswers
}

// sdl is the schema as text.
func (s *snapshot) sdl() string { return SDL() + s.typedSDL }

// snapshots runs each operation on the schema that is current when it begins, until it ends. It is the executor that transports see.
type snapshots struct {
	cfg      HandlerConfig
	resolver *Resolver
	space    *typed.Space
	// persisted are texts of queries, which are of no schema; subscriptions counts those that run on all schemas.
	persisted     graphql.Cache[string]
	subscriptions *atomic.Int64

	feed schemaFeed
	held heldSubscriptions
	// introspected counts answers to introspection that were ready.
	introspected atomic.Uint64

	// fixed is the first one, without types of the plant.
	fixed   *snapshot
	mu      sync.Mutex // of those who swap
	current atomic.Pointer[snapshot]
}

var _ graphql.GraphExecutor = (*snapshots)(nil)

func newSnapshots(cfg HandlerConfig, r *Resolver) *snapshots {
	s := &snapshots{
		cfg: cfg, resolver: r, space: typed.NewSpace(typedServices{r}, typedMaxAge), persisted: lru.New[string](persistedQueryText), subscriptions: &atomic.Int64{},
	}
	fixed := NewExecutableSchema(Config{Resolvers: r, Schema: Fixed()})
	s.fixed = &snapshot{executor: s.executor(fixed, false), schema: fixed.Schema()}
	s.install(s.fixed, nil)
	return s
}

// setTypes makes the fixed schema with a typed one the current schema. On an error the current one stays.
func (s *snapshots) setTypes(t *typed.Schema, causes []SchemaCause) error {
	sdl := t.SDL()
	merged, err := typed.Merge(Sources(), sdl)
	if err != nil {
		return err
	}
	// With the schema given, generated code answers introspection from it.
	fixed := NewExecutableSchema(Config{Resolvers: s.resolver, Schema: merged})
	x := typed.NewExecutable(t, merged, fixed, typedServices{s.resolver}, s.space, s.resolver.feeds, withRootNodes)
	s.resolver.hierarchy.learn(t.EventSupertypes())
	s.install(&snapshot{executor: s.executor(x, true), schema: merged, typedSDL: sdl, types: len(t.Types), events: newPlantEvents(t, x)}, causes)
	return nil
}

// install makes a schema the current one, and tells how it differs from the one before.
func (s *snapshots) install(next *snapshot, causes []SchemaCause) {
	hash := sha256.New()
	io.WriteString(hash, SDL())         //nolint:errcheck // a hash takes everything
	io.WriteString(hash, next.typedSDL) //nolint:errcheck // as above
	next.owner, next.hash = s, hex.EncodeToString(hash.Sum(nil))

	s.mu.Lock()
	defer s.mu.Unlock()
	next.generation, next.since = 1, s.resolver.now()
	if now := s.current.Load(); now != nil {
		next.generation = now.generation + 1
		next.change = newSchemaChange(next, typed.Compare(now.schema, next.schema), causes)
	}
	s.current.Store(next)
	s.resolver.plantEvents.Store(next.events)
	if next.change != nil {
		s.feed.publish(next.change)
		s.held.endFor(next)
	}
}

// executor makes one for a schema. Nothing of it is shared with another but what does not know schemas. In a large one names are not
// suggested for those that are wrong: each would be compared with thousands, milliseconds for a name.
func (s *snapshots) executor(schema graphql.ExecutableSchema, large bool) *executor.Executor {
	priced := pricedSchema{sharedValues{schema}}
	e := executor.New(priced)
	if large {
		e.SetDisableSuggestion(true)
		e.SetDefaultRulesFn(rulesWithoutSuggestions)
	}
	e.SetQueryCache(lru.New[*ast.QueryDocument](queryCacheSize))
	e.SetParserTokenLimit(s.cfg.MaxTokens)
	e.SetErrorPresenter(presenter{s.resolver.Log}.present)
	e.SetRecoverFunc(caught)
	e.Use(queryLength{s.cfg.MaxQueryBytes})
	if s.cfg.AllowList != nil {
		e.Use(onlyAllowed{s.cfg.AllowList})
	} else {
		e.Use(extension.AutomaticPersistedQuery{Cache: s.persisted})
	}
	e.Use(depthLimit{s.cfg.MaxDepth})
	limit := extension.FixedComplexityLimit(s.cfg.MaxComplexity)
	e.Use(limit)
	limit.Validate(newPriceList(priced)) //nolint:errcheck // it takes every schema
	if !s.cfg.DisableIntrospection {
		e.Use(extension.Introspection{})
	}
	e.AroundOperations(startOperation(int64(s.cfg.MaxSubscriptions), s.subscriptions))
	e.AroundResponses(countRequests)
	e.AroundResponses(tellSchema)
	e.AroundResponses(queryTimeout(s.cfg.QueryTimeout))
	e.AroundResponses(endOfStream)
	return e
}

// rulesWithoutSuggestions replaces the rule that goes on suggesting names of types.
func rulesWithoutSuggestions() *rules.Rules {
	r := rules.NewDefaultRules()
	r.RemoveRule(rules.KnownTypeNamesRule.Name)
	r.AddRule(rules.KnownTypeNamesRuleWithoutSuggestions.Name, rules.KnownTypeNamesRuleWithoutSuggestions.RuleFunc)
	return r
}

// snapshotKey is where an operation keeps the snapshot that it was begun with.
const snapshotKey = "shopfloor.snapshot"

// CreateOperationContext parses and validates an operation by the current schema. A subscription that asks for no types of the plant runs on
// the fixed schema: what changes does not concern it, and it holds nothing.
func (s *snapshots) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	now := s.current.Load()
	op, errs := now.executor.CreateOperationContext(ctx, params)
	if len(errs) == 0 && now != s.fixed && isSubscriptionOperation(op) {
		if own, errs := s.fixed.executor.CreateOperationContext(ctx, params); len(errs) == 0 {
			op, now = own, s.fixed
		}
	}
	op.Stats.SetExtension(snapshotKey, now)
	return op, errs
}

// DispatchOperation runs an operation on the schema that it was validated by.
func (s *snapshots) DispatchOperation(ctx context.Context, op *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	now := s.of(op)
	if now != s.fixed && isSubscriptionOperation(op) {
		return s.held.dispatch(ctx, now, op)
	}
	noteIntrospection(ctx, op, now)
	return now.executor.DispatchOperation(ctx, op)
}

// DispatchError answers errors of an operation that does not run.
func (s *snapshots) DispatchError(ctx context.Context, list gqlerror.List) *graphql.Response {
	now := s.current.Load()
	if graphql.HasOperationContext(ctx) {
		now = s.of(graphql.GetOperationContext(ctx))
	}
	return now.executor.DispatchError(ctx, withRemedies(list))
}

func (s *snapshots) of(op *graphql.OperationContext) *snapshot {
	if own, ok := op.Stats.GetExtension(snapshotKey).(*snapshot); ok {
		return own
	}
	return s.current.Load()
}

// onSnapshots is a transport that runs operations on snapshots in place of the one executor of its server.
type onSnapshots struct {
	graphql.Transport
	snapshots *snapshots
}

// Do serves a request.
func (t onSnapshots) Do(w http.ResponseWriter, r *http.Request, _ graphql.GraphExecutor) {
	t.Transport.Do(w, r, t.snapshots)
}
