package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

const (
	// typesInterval is how often it is looked for servers that came, connected or went.
	typesInterval = 5 * time.Second
	// typesSettle is how long what was read waits for more before a schema is made of it, typesSettleMax for how long at most.
	typesSettle    = time.Second
	typesSettleMax = 10 * time.Second
)

// types keeps the types of the plant's own model in the schema: those of the configured node sets and, if that is wanted, of the servers. What
// servers have is kept on disk and served at once after a restart; it is read again when a server connects with other versions of its models,
// or tells that its types changed. The names that types get are recorded in the data folder.
type types struct {
	endpoint *graph.Handler
	services typeServices
	prefixes map[string]string
	file     string // of the names
	log      zerolog.Logger
	now      func() time.Time
	// servers are read only with fromServers.
	fromServers bool

	nodeSets []*model.Node
	store    *typeStore
	servers  map[string]*serverModel
	reading  map[string]*typeReading
	results  chan typeResult
	watch    *modelWatch
	names    *typed.Names
	sdl      string // of the schema that is served
	// causes are those of what is not served yet, waiting since since.
	causes []graph.SchemaCause
	since  time.Time

	work    sync.WaitGroup
	dropped atomic.Int64
	failed  atomic.Uint64
}

// typeServices are the commands with the registry's servers.
type typeServices struct {
	*commands
	registry graphRegistry
}

// Servers are the ids of all servers.
func (s typeServices) Servers() []string {
	list := s.registry.Servers()
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	return ids
}

// makeTypes reads the node sets and what is kept of servers, and puts their types into the schema.
func (p *platform) makeTypes(endpoint *graph.Handler) (*types, error) {
	c := &p.cfg.GraphQL
	t := &types{
		endpoint: endpoint, services: typeServices{p.commands, graphRegistry{p.registry}}, prefixes: c.Prefixes, log: p.part("types"), now: time.Now,
		file: filepath.Join(p.cfg.Data, "names.json"), fromServers: c.ServerTypes, store: &typeStore{dir: filepath.Join(p.cfg.Data, "types")},
		servers: map[string]*serverModel{}, reading: map[string]*typeReading{}, results: make(chan typeResult),
	}
	t.watch = newModelWatch(t.services, endpoint, t.log)
	var err error
	if t.names, err = readNames(t.file); err != nil {
		return nil, err
	}
	if len(c.NodeSets) > 0 {
		warn := func(w string) { t.log.Warn().Str("problem", w).Msg("node set is not as it should be") }
		if t.nodeSets, err = loadNodeSets(c.NodeSets, warn); err != nil {
			return nil, fmt.Errorf("graphql.nodeSets: %w", err)
		}
		t.causes = append(t.causes, graph.SchemaCause{Kind: graph.SchemaCauseKindNodeSets})
	}
	if t.fromServers {
		if t.servers, err = t.store.load(); err != nil {
			t.log.Warn().Err(err).Msg("types that are kept of servers are read again")
		}
		for _, id := range slices.Sorted(maps.Keys(t.servers)) {
			t.causes = append(t.causes, graph.SchemaCause{Kind: graph.SchemaCauseKindServerAdded, Server: &id})
		}
	}
	if len(t.causes) == 0 {
		return t, nil
	}
	if err := t.apply(); err != nil {
		if len(t.nodeSets) > 0 {
			return nil, err
		}
		t.log.Error().Err(err).Msg("types that are kept of servers do not make a schema")
	}
	return t, nil
}

// run reads the types of servers as they come and change, until ctx ends.
func (t *types) run(ctx context.Context, ready <-chan struct{}) error {
	if !t.fromServers && len(t.nodeSets) == 0 {
		<-ctx.Done()
		return nil
	}
	defer t.work.Wait()
	defer t.watch.work.Wait()
	select {
	case <-ready: // until then servers seem to be gone
	case <-ctx.Done():
		return nil
	}
	tick := time.NewTicker(typesInterval)
	defer tick.Stop()
	settle := time.NewTimer(time.Hour)
	defer settle.Stop()
	for {
		ids := t.services.Servers()
		t.watch.follow(ctx, ids)
		if t.fromServers {
			t.look(ctx, ids)
		}
		if len(t.causes) > 0 {
			if t.since.IsZero() {
				t.since = t.now()
			}
			settle.Reset(max(0, min(typesSettle, typesSettleMax-t.now().Sub(t.since))))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-t.watch.wake:
		case r := <-t.results:
			t.take(r)
			continue
		case <-settle.C:
		}
		if len(t.causes) == 0 || t.now().Sub(t.since) < typesSettle {
			continue
		}
		if err := t.apply(); err != nil { // the schema of before stays
			t.failed.Add(1)
			t.log.Error().Err(err).Msg("types of servers do not make a schema; the schema of before stays")
		}
	}
}

// sources are the nodes of all types: node sets win over servers; of a namespace that servers have in several versions the newest comes first,
// then they go by their ids.
func (t *types) sources(without map[string]bool) [][]*model.Node {
	keep := func(nodes []*model.Node) []*model.Node {
		if len(without) == 0 {
			return nodes
		}
		return slices.DeleteFunc(slices.Clone(nodes), func(n *model.Node) bool { return without[n.NodeID.NamespaceURI] })
	}
	type source struct {
		*namespaceTypes
		version, server string
	}
	var all []source
	seen := map[*namespaceTypes]bool{}
	for _, id := range slices.Sorted(maps.Keys(t.servers)) {
		for _, g := range t.servers[id].groups {
			if !seen[g] && !without[g.uri] {
				all = append(all, source{g, t.servers[id].Versions[g.uri], id})
			}
			seen[g] = true
		}
	}
	slices.SortStableFunc(all, func(a, b source) int {
		return cmp.Or(strings.Compare(a.uri, b.uri), strings.Compare(b.version, a.version), strings.Compare(a.server, b.server))
	})
	sources := [][]*model.Node{keep(t.nodeSets)}
	for _, s := range all {
		sources = append(sources, s.nodes)
	}
	return sources
}

// maxDropped bounds the namespaces that are left out because they do not make a schema.
const maxDropped = 20

// apply makes the schema of all nodes and serves it, if it is another one. A namespace whose types do not go together with the rest is left out.
func (t *types) apply() error {
	causes := t.causes
	t.causes, t.since = nil, time.Time{}
	without := map[string]bool{}
	var s *typed.Schema
	for {
		b := typemodel.NewBuilder()
		for _, nodes := range t.sources(without) {
			b.Add(nodes)
		}
		var err error
		if s, err = typed.Generate(b.Build(), typed.Options{Names: t.names, Prefixes: t.prefixes, Fixed: graph.Fixed(), Events: graph.EventSchema()}); err != nil {
			return err
		}
		sdl := s.SDL()
		if sdl == t.sdl {
			return nil
		}
		if err = writeJSON(t.file, s.Names); err != nil {
			return fmt.Errorf("names: %w", err)
		}
		if err = t.endpoint.SetTypes(s, causes...); err == nil {
			t.sdl, t.names = sdl, s.Names
			break
		}
		uri, known := s.Offender(sdl, err)
		if !known || without[uri] || uri == "" || len(without) == maxDropped {
			return err
		}
		without[uri] = true
		message := err.Error()
		causes = append(causes, graph.SchemaCause{Kind: graph.SchemaCauseKindNamespaceDropped, NamespaceURI: &uri, Message: &message})
		t.log.Error().Err(err).Str("namespace", uri).Msg("types of the namespace do not make a schema and are left out")
	}
	t.dropped.Store(int64(len(without)))
	t.log.Info().Int("types", len(s.Types)).Int("queries", s.Stats.Query).Int("methods", s.Stats.Mutation).Msg("the plant's own types are in the schema")
	return nil
}

// writeMetrics writes what is known of the schema in Prometheus' text form.
func (t *types) writeMetrics(w io.Writer) {
	f := t.endpoint.SchemaFigures()
	metrics.WriteGaugeUint64(w, "shopfloor_schema_generation", f.Generation)
	metrics.WriteGaugeUint64(w, "shopfloor_schema_types", uint64(f.Types))
	metrics.WriteGaugeUint64(w, "shopfloor_schema_dropped_namespaces", uint64(t.dropped.Load()))
	metrics.WriteGaugeUint64(w, "shopfloor_schema_typed_subscriptions", uint64(f.Subscriptions))
	metrics.WriteGaugeUint64(w, "shopfloor_schema_held_generations", uint64(f.HeldGenerations))
	metrics.WriteCounterUint64(w, "shopfloor_schema_ended_subscriptions_total", f.Ended)
	metrics.WriteCounterUint64(w, "shopfloor_schema_missed_changes_total", f.MissedChanges)
	metrics.WriteCounterUint64(w, "shopfloor_schema_introspections_from_memory_total", f.Introspections)
	metrics.WriteCounterUint64(w, "shopfloor_schema_failures_total", t.failed.Load())
}

var errNoTypes = errors.New("the server shows no types")
