package graph

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/graph/typed"
)

// SchemaInfo is the schema of a snapshot.
type SchemaInfo struct{ snapshot *snapshot }

// Generation counts schemas from 1.
func (i *SchemaInfo) Generation() uint64 { return i.snapshot.generation }

// Hash is the SHA-256 of the text.
func (i *SchemaInfo) Hash() string { return i.snapshot.hash }

// Since is when the schema began to be served.
func (i *SchemaInfo) Since() time.Time { return i.snapshot.since }

// Types is how many types the plant's own model has in the schema.
func (i *SchemaInfo) Types() int { return i.snapshot.types }

// Sdl is the schema as text, nil where it is not shown.
func (i *SchemaInfo) Sdl() *string {
	if i.snapshot.owner.cfg.DisableIntrospection {
		return nil
	}
	sdl := i.snapshot.sdl()
	return &sdl
}

// LastChange is how the schema came to be, nil of the first one and where the schema is not shown.
func (i *SchemaInfo) LastChange() *SchemaChange {
	if i.snapshot.owner.cfg.DisableIntrospection {
		return nil
	}
	return i.snapshot.change
}

// SchemaChange is how one schema differs from the one before it. It is read-only.
type SchemaChange struct {
	Generation     uint64
	Hash           string
	Time           time.Time
	Causes         []SchemaCause
	Added, Removed []string
	Breaking       []SchemaDifference
	Dangerous      []SchemaDifference
}

func newSchemaChange(next *snapshot, changes *typed.Changes, causes []SchemaCause) *SchemaChange {
	return &SchemaChange{
		Generation: next.generation, Hash: next.hash, Time: next.since, Causes: causes, Added: changes.Added, Removed: changes.Removed,
		Breaking: schemaDifferences(changes.Breaking), Dangerous: schemaDifferences(changes.Dangerous),
	}
}

func schemaDifferences(list []typed.Difference) []SchemaDifference {
	out := make([]SchemaDifference, len(list))
	for i, d := range list {
		out[i] = SchemaDifference{Kind: SchemaDifferenceKind(d.Kind), Coordinate: d.Coordinate, Description: d.Description}
	}
	return out
}

// maxChangesWaiting is how many changes of the schema wait for a subscriber; further ones it misses.
const maxChangesWaiting = 16

// schemaFeed hands changes of the schema to subscribers.
type schemaFeed struct {
	mu          sync.Mutex
	subscribers map[chan *SchemaChange]struct{}
	missed      atomic.Uint64
}

// subscribe delivers changes until ctx ends.
func (f *schemaFeed) subscribe(ctx context.Context) <-chan *SchemaChange {
	c := make(chan *SchemaChange, maxChangesWaiting)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.subscribers == nil {
		f.subscribers = map[chan *SchemaChange]struct{}{}
	}
	f.subscribers[c] = struct{}{}
	context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.subscribers, c)
		close(c)
	})
	return c
}

func (f *schemaFeed) publish(c *SchemaChange) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.subscribers {
		select {
		case s <- c:
		default:
			f.missed.Add(1)
		}
	}
}

// errNoSnapshot is for executors that were not made by NewHandler.
var errNoSnapshot = errors.New("the operation does not run on a schema that changes")

// snapshotOf is what the operation runs on.
func snapshotOf(ctx context.Context) (*snapshot, error) {
	if s, ok := graphql.GetOperationContext(ctx).Stats.GetExtension(snapshotKey).(*snapshot); ok {
		return s, nil
	}
	return nil, errNoSnapshot
}

// schemaInfo is the schema that the operation runs on.
func (r *Resolver) schemaInfo(ctx context.Context) (*SchemaInfo, error) {
	s, err := snapshotOf(ctx)
	if err != nil {
		return nil, err
	}
	return &SchemaInfo{s}, nil
}

// schemaChanges subscribes to changes of the schema.
func (r *Resolver) schemaChanges(ctx context.Context) (<-chan *SchemaChange, error) {
	s, err := snapshotOf(ctx)
	if err != nil {
		return nil, err
	}
	if s.owner.cfg.DisableIntrospection {
		return nil, limitError("INTROSPECTION_DISABLED", "introspection is switched off, and with it what tells of the schema")
	}
	return s.owner.feed.subscribe(ctx), nil
}

// tellSchema puts generation and hash of the schema into the extensions of an answer whose request asks for them: "extensions": {"schema": true}.
func tellSchema(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	response := next(ctx)
	if response == nil || !graphql.HasOperationContext(ctx) || graphql.GetOperationContext(ctx).Extensions["schema"] != true {
		return response
	}
	if s, err := snapshotOf(ctx); err == nil {
		if response.Extensions == nil {
			response.Extensions = map[string]any{}
		}
		response.Extensions["schema"] = map[string]any{"generation": strconv.FormatUint(s.generation, 10), "hash": s.hash}
	}
	return response
}
