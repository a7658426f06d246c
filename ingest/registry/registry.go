package registry

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
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

	configurations *configurations
	serverStatus   table[string, model.ServerStatus]
	writerStatus   table[model.WriterKey, model.WriterStatus]
	gateways       table[string, model.GatewayStatus]

	// changing serialises changes of desired state made through this Registry; the revisions guard against those of others.
	changing sync.Mutex
	ready    chan struct{}
	refused  atomic.Uint64
}

// New makes a Registry; it knows nothing before Run.
func New(b Buckets, s Sealer, log zerolog.Logger) *Registry {
	return &Registry{
		sealer: s, log: log, ready: make(chan struct{}),
		configurations: newConfigurations(b.Configuration, log),
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

// WriterPath is the key of the status of a writer in its bucket.
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
	watch(r.configurations.watch)
	watch(r.serverStatus.watch)
	watch(r.writerStatus.watch)
	watch(r.gateways.watch)
	watches.Go(func() { r.configurations.runCollect(ctx) })
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
func (r *Registry) Servers() (list []model.Server) {
	for _, c := range r.configurations.all() {
		list = slices.AppendSeq(list, maps.Values(c.servers))
	}
	slices.SortFunc(list, func(a, b model.Server) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// Server returns one server.
func (r *Registry) Server(id string) (model.Server, error) {
	if s, ok := r.snapshot(r.ownerOf(id)).servers[id]; ok {
		return s, nil
	}
	return model.Server{}, fmt.Errorf("server %q: %w", id, ErrNotFound)
}

// snapshot is the newest revision of a gateway's configuration.
func (r *Registry) snapshot(gateway string) *snapshot { return r.configurations.get(gateway) }

// ownerOf returns the gateway of a server, "" if there is no such server.
func (r *Registry) ownerOf(server string) string { return r.configurations.owner(server) }

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
func (r *Registry) Writers() (list []model.DataSetWriter) {
	for _, c := range r.configurations.all() {
		list = slices.AppendSeq(list, maps.Values(c.writers))
	}
	slices.SortFunc(list, compareWriters)
	return list
}

// Writer returns one writer.
func (r *Registry) Writer(key model.WriterKey) (model.DataSetWriter, error) {
	if w, ok := r.snapshot(key.Gateway).writers[key]; ok {
		return w, nil
	}
	return model.DataSetWriter{}, fmt.Errorf("writer %q: %w", key, ErrNotFound)
}

// WriterStatus returns what was reported last of a writer; it is empty when nothing was.
func (r *Registry) WriterStatus(key model.WriterKey) model.WriterStatus {
	s, _ := r.writerStatus.get(key)
	s.Writer = key
	return s
}

// Configuration returns the desired state of a gateway at a revision, or with 0 the newest.
func (r *Registry) Configuration(ctx context.Context, gateway string, revision uint64) (model.Configuration, error) {
	s, err := r.revision(ctx, gateway, revision)
	if err != nil {
		return model.Configuration{}, err
	}
	return s.configuration(), nil
}

// ConfigurationHistory returns the revisions of a gateway that are kept, the last 64, newest first.
func (r *Registry) ConfigurationHistory(ctx context.Context, gateway string) ([]model.ConfigurationRevision, error) {
	return r.configurations.history(ctx, gateway)
}

// ConfigurationDiff tells how revision to differs from revision from; 0 stands for the newest.
func (r *Registry) ConfigurationDiff(ctx context.Context, gateway string, from, to uint64) (model.ConfigurationDiff, error) {
	a, err := r.revision(ctx, gateway, from)
	if err != nil {
		return model.ConfigurationDiff{}, err
	}
	b, err := r.revision(ctx, gateway, to)
	if err != nil {
		return model.ConfigurationDiff{}, err
	}
	return difference(a, b), nil
}

// revision is a revision of a gateway's configuration; 0 stands for the newest.
func (r *Registry) revision(ctx context.Context, gateway string, revision uint64) (*snapshot, error) {
	if revision == 0 {
		return r.snapshot(gateway), nil
	}
	return r.configurations.revision(ctx, gateway, revision)
}
