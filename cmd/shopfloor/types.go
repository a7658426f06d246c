package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// typesInterval is how often it is looked for servers that connected.
	typesInterval = 5 * time.Second
	// typesTimeout bounds the reading of one server's types, typesParallel how many are read at a time, typesRetry the wait after a failure.
	typesTimeout  = 2 * time.Minute
	typesParallel = 4
	typesRetry    = time.Minute
)

// types keeps the types of the plant's own model in the schema: those of the configured node sets and, if that is wanted, of the servers
// that are connected. The names that they get are recorded in the data folder.
type types struct {
	endpoint *graph.Handler
	services typeServices
	prefixes map[string]string
	file     string // of the names
	log      zerolog.Logger
	now      func() time.Time

	nodeSets []*model.Node
	servers  map[string]*serverTypes
	names    *typed.Names
	sdl      string // of the schema that is served
}

// serverTypes are the types that a server had when it connected.
type serverTypes struct {
	// since is when it connected; retry is when to read again what could not be read.
	since, retry time.Time
	nodes        []*model.Node
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

// makeTypes reads the node sets and puts their types into the schema.
func (p *platform) makeTypes(endpoint *graph.Handler) (*types, error) {
	c := &p.cfg.GraphQL
	t := &types{
		endpoint: endpoint, services: typeServices{p.commands, graphRegistry{p.registry}}, prefixes: c.Prefixes, log: p.part("types"), now: time.Now,
		file: filepath.Join(p.cfg.Data, "names.json"), servers: map[string]*serverTypes{},
	}
	var err error
	if t.names, err = readNames(t.file); err != nil {
		return nil, err
	}
	if len(c.NodeSets) == 0 {
		return t, nil
	}
	warn := func(w string) { t.log.Warn().Str("problem", w).Msg("node set is not as it should be") }
	if t.nodeSets, err = loadNodeSets(c.NodeSets, warn); err != nil {
		return nil, fmt.Errorf("graphql.nodeSets: %w", err)
	}
	return t, t.apply()
}

// run reads the types of servers as they connect, until ctx ends.
func (t *types) run(ctx context.Context) error {
	tick := time.NewTicker(typesInterval)
	defer tick.Stop()
	for {
		if t.look(ctx) {
			if err := t.apply(); err != nil { // the schema of before stays
				t.log.Error().Err(err).Msg("types of servers do not make a schema")
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look reads the types of servers that connected since the last look, and tells whether there is anything new.
func (t *types) look(ctx context.Context) (changed bool) {
	ids := t.services.Servers()
	for id := range t.servers {
		if !slices.Contains(ids, id) {
			delete(t.servers, id)
			changed = true
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, typesParallel)
	for _, id := range ids {
		status := t.services.registry.ServerStatus(id)
		known := t.servers[id]
		if status.State != model.StateConnected || known != nil && known.since.Equal(status.Since) && (known.retry.IsZero() || t.now().Before(known.retry)) {
			continue
		}
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			began := t.now()
			ctx, cancel := context.WithTimeout(ctx, typesTimeout)
			defer cancel()
			nodes, err := typed.BrowseTypes(ctx, t.services, id)
			mu.Lock()
			defer mu.Unlock()
			next := &serverTypes{since: status.Since, nodes: nodes}
			if err != nil {
				next.retry = t.now().Add(typesRetry)
				if known != nil {
					next.nodes = known.nodes
				}
				t.log.Warn().Err(err).Str("server", id).Msg("types of the server were not read; tried again")
			} else {
				changed = true
				t.log.Info().Str("server", id).Int("nodes", len(nodes)).Dur("took_ms", t.now().Sub(began)).Msg("types of the server were read")
			}
			t.servers[id] = next
		})
	}
	wg.Wait()
	return changed
}

// apply makes the schema of all nodes and serves it, if it is another one. Node sets win over servers, servers over those behind them in the
// order of their ids.
func (t *types) apply() error {
	sources := [][]*model.Node{t.nodeSets}
	for _, id := range slices.Sorted(maps.Keys(t.servers)) {
		sources = append(sources, t.servers[id].nodes)
	}
	s, err := typedSchema(typed.Options{Names: t.names, Prefixes: t.prefixes}, sources...)
	if err != nil {
		return err
	}
	sdl := s.SDL()
	if sdl == t.sdl {
		return nil
	}
	if err := writeJSON(t.file, s.Names); err != nil {
		return fmt.Errorf("names: %w", err)
	}
	if err := t.endpoint.SetTypes(s); err != nil {
		return err
	}
	t.names, t.sdl = s.Names, sdl
	t.log.Info().Int("types", len(s.Types)).Int("queries", s.Stats.Query).Int("methods", s.Stats.Mutation).Msg("the plant's own types are in the schema")
	return nil
}
