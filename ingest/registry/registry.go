package registry

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Sealer encrypts passwords for storage.
type Sealer interface {
	Seal(plain []byte) ([]byte, error)
}

// Nodes looks at nodes of connected servers. An error says that the server cannot be asked now.
type Nodes interface {
	Read(ctx context.Context, server string, nodes []model.ReadValueID) ([]model.ReadResult, error)
	Browse(ctx context.Context, server string, nodes []model.BrowseDescription) ([]model.BrowseResult, error)
}

// Registry is the desired and reported state of all gateways, servers and writers. Its methods may be called from several
// goroutines.
type Registry struct {
	sealer Sealer
	log    zerolog.Logger
	nodes  Nodes

	servers      table[string, model.Server]
	writers      table[model.WriterKey, model.DataSetWriter]
	serverStatus table[string, model.ServerStatus]
	writerStatus table[model.WriterKey, model.WriterStatus]
	gateways     table[string, model.GatewayStatus]

	// changing serialises changes of desired state made through this Registry; the revisions guard against those of others.
	changing sync.Mutex
	ready    chan struct{}
	refused  atomic.Uint64
}

// New makes a Registry; it knows nothing before Run.
func New(b Buckets, s Sealer, log zerolog.Logger) *Registry {
	return &Registry{
		sealer: s, log: log, ready: make(chan struct{}),
		servers: table[string, model.Server]{
			name: BucketServer, bucket: b.Server, items: map[string]item[model.Server]{}, keys: map[string]string{},
			keyOf: func(s model.Server) string { return s.ID },
			path:  ServerPath,
			stamp: func(s *model.Server, revision uint64) { s.Revision = revision },
		},
		writers: table[model.WriterKey, model.DataSetWriter]{
			name: BucketWriter, bucket: b.Writer, items: map[model.WriterKey]item[model.DataSetWriter]{}, keys: map[string]model.WriterKey{},
			keyOf: func(w model.DataSetWriter) model.WriterKey { return w.Key() },
			path:  func(w model.DataSetWriter) []string { return WriterPath(w.Key()) },
			stamp: func(w *model.DataSetWriter, revision uint64) { w.Revision = revision },
		},
		serverStatus: table[string, model.ServerStatus]{
			name: BucketServerStatus, bucket: b.ServerStatus, items: map[string]item[model.ServerStatus]{}, keys: map[string]string{},
			keyOf: func(s model.ServerStatus) string { return s.Server },
			path:  func(s model.ServerStatus) []string { return []string{s.Gateway, s.Server} },
		},
		writerStatus: table[model.WriterKey, model.WriterStatus]{
			name: BucketWriterStatus, bucket: b.WriterStatus, items: map[model.WriterKey]item[model.WriterStatus]{}, keys: map[string]model.WriterKey{},
			keyOf: func(w model.WriterStatus) model.WriterKey { return w.Writer },
			path:  func(w model.WriterStatus) []string { return WriterPath(w.Writer) },
		},
		gateways: table[string, model.GatewayStatus]{
			name: BucketGateway, bucket: b.Gateway, items: map[string]item[model.GatewayStatus]{}, keys: map[string]string{},
			keyOf: func(g model.GatewayStatus) string { return g.Gateway },
			path:  func(g model.GatewayStatus) []string { return GatewayPath(g.Gateway) },
		},
	}
}

// ServerPath is the key of a server in its bucket.
func ServerPath(s model.Server) []string { return []string{s.Gateway, s.ID} }

// WriterPath is the key of a writer, and of its status, in their buckets.
func WriterPath(k model.WriterKey) []string { return []string{k.Gateway, k.Group, k.Writer} }

// GatewayPath is the key of a gateway in its bucket.
func GatewayPath(id string) []string { return []string{id} }

// SetNodes gives the Registry the means to look at nodes before they are published. It is called before Run; without it nodes
// are taken unseen.
func (r *Registry) SetNodes(n Nodes) { r.nodes = n }

// Run keeps the Registry as the buckets are, until ctx ends or a bucket cannot be reached any more.
func (r *Registry) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var watches, loading sync.WaitGroup
	watch := func(w func(context.Context, func(), func([]string, error)) error) {
		loading.Add(1)
		loaded := sync.OnceFunc(loading.Done)
		watches.Go(func() {
			defer loaded()
			if err := w(ctx, loaded, r.refuse); err != nil {
				cancel(err)
			}
		})
	}
	watch(r.servers.watch)
	watch(r.writers.watch)
	watch(r.serverStatus.watch)
	watch(r.writerStatus.watch)
	watch(r.gateways.watch)
	loading.Wait()
	if ctx.Err() == nil {
		close(r.ready)
	}
	watches.Wait()
	if err := context.Cause(ctx); err != context.Canceled { //nolint:errorlint // the cause is the bare error of the parent
		return err
	}
	return nil
}

// Ready is closed when all that is stored has been read.
func (r *Registry) Ready() <-chan struct{} { return r.ready }

// refuse notes a record that cannot be read. It stays in its bucket.
func (r *Registry) refuse(key []string, err error) {
	r.refused.Add(1)
	r.log.Warn().Err(err).Strs("key", key).Msg("record cannot be read, leaving it out")
}

// Servers returns all servers, ordered by id.
func (r *Registry) Servers() []model.Server {
	return r.servers.list(func(a, b model.Server) int { return cmp.Compare(a.ID, b.ID) })
}

// Server returns one server.
func (r *Registry) Server(id string) (model.Server, error) {
	s, ok := r.servers.get(id)
	if !ok {
		return s, fmt.Errorf("server %q: %w", id, ErrNotFound)
	}
	return s, nil
}

// ServerStatus returns what was reported last of a server; its state is Unknown when nothing was.
func (r *Registry) ServerStatus(id string) model.ServerStatus {
	s, ok := r.serverStatus.get(id)
	if !ok {
		return model.ServerStatus{Server: id, State: model.StateUnknown}
	}
	return s
}

// Gateways returns all gateways that ever reported, ordered by id.
func (r *Registry) Gateways() []model.GatewayStatus {
	return r.gateways.list(func(a, b model.GatewayStatus) int { return cmp.Compare(a.Gateway, b.Gateway) })
}

// Gateway returns one gateway.
func (r *Registry) Gateway(id string) (model.GatewayStatus, error) {
	g, ok := r.gateways.get(id)
	if !ok {
		return g, fmt.Errorf("gateway %q: %w", id, ErrNotFound)
	}
	return g, nil
}

// Writers returns all writers, ordered by gateway, group and name.
func (r *Registry) Writers() []model.DataSetWriter {
	return r.writers.list(func(a, b model.DataSetWriter) int {
		return cmp.Or(strings.Compare(a.Gateway, b.Gateway), strings.Compare(a.Group, b.Group), strings.Compare(a.Name, b.Name))
	})
}

// Writer returns one writer.
func (r *Registry) Writer(key model.WriterKey) (model.DataSetWriter, error) {
	w, ok := r.writers.get(key)
	if !ok {
		return w, fmt.Errorf("writer %q: %w", key, ErrNotFound)
	}
	return w, nil
}

// WriterStatus returns what was reported last of a writer; it is empty when nothing was.
func (r *Registry) WriterStatus(key model.WriterKey) model.WriterStatus {
	s, _ := r.writerStatus.get(key)
	s.Writer = key
	return s
}
