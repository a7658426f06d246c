package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// typesTimeout bounds the reading of one server's types, typesParallel how many are read at a time, typesRetry the wait after a failure.
	typesTimeout  = 2 * time.Minute
	typesParallel = 4
	typesRetry    = time.Minute
	// typesPause is the least time between two readings of one server, and typesEase how many times as long as the reading itself it is at least:
	// one that changes all the time is not read all the time.
	typesPause = 10 * time.Second
	typesEase  = 20
	// typesQuiet is how long nothing more must change before a server is read that told of changes.
	typesQuiet = 2 * time.Second
	// typesMaxAge is how old what is kept may be when a server connects: servers may forget to count up versions.
	typesMaxAge = 24 * time.Hour
)

// typeReading is how far the types of a server are read.
type typeReading struct {
	// since is when the server connected, for the connection that was looked at last; retry is when to read again what could not be read.
	since, retry time.Time
	began        time.Time
	pause        time.Duration
	running      bool
	// changed tells that the server told of another model since it was read, at told last; asked is what the reading was begun for.
	changed, asked modelNews
	told           time.Time
}

// typeResult is what a reading gave.
type typeResult struct {
	server   string
	versions map[string]string
	// groups is nil when the versions are those of before.
	groups []*namespaceTypes
	nodes  int
	took   time.Duration
	err    error
}

// look begins to read the types of servers that connected or changed since the last look, and forgets those of servers that are gone.
func (t *types) look(ctx context.Context, ids []string) {
	for id := range t.servers {
		if !slices.Contains(ids, id) {
			delete(t.servers, id)
			t.causes = append(t.causes, graph.SchemaCause{Kind: graph.SchemaCauseKindServerRemoved, Server: &id})
			t.save()
		}
	}
	maps.DeleteFunc(t.reading, func(id string, r *typeReading) bool { return !r.running && !slices.Contains(ids, id) })
	running := 0
	for _, r := range t.reading {
		if r.running {
			running++
		}
	}
	for _, id := range ids {
		r := t.reading[id]
		if r == nil {
			r = &typeReading{}
			t.reading[id] = r
		}
		if news := t.watch.news(id, t.servers[id]); news != modelSame {
			r.changed, r.told = max(r.changed, news), t.now()
		}
		status := t.services.registry.ServerStatus(id)
		if running == typesParallel || r.running || status.State != model.StateConnected || !r.due(status.Since, t.now()) {
			continue
		}
		known := t.servers[id]
		// Versions are enough to go by when the server did not say that a type is another one.
		trusted := known != nil && r.changed != modelTypesChanged && t.now().Sub(known.Read) < typesMaxAge
		*r = typeReading{since: status.Since, began: t.now(), pause: r.pause, running: true, asked: r.changed}
		running++
		t.work.Go(func() {
			result := t.readServer(ctx, id, known, trusted)
			select {
			case t.results <- result:
			case <-ctx.Done():
			}
		})
	}
}

// due tells whether it is time to read.
func (r *typeReading) due(connected, now time.Time) bool {
	switch {
	case !r.retry.IsZero():
		return !now.Before(r.retry)
	case !r.since.Equal(connected):
		return true
	}
	return r.changed != modelSame && now.Sub(r.told) >= typesQuiet && now.Sub(r.began) >= r.pause
}

// readServer reads the types of a server, or just the versions when these are those of what is known.
func (t *types) readServer(ctx context.Context, id string, known *serverModel, trusted bool) typeResult {
	ctx, cancel := context.WithTimeout(ctx, typesTimeout)
	defer cancel()
	began := t.now()
	r := typeResult{server: id}
	if r.versions, r.err = typed.ModelVersions(ctx, t.services, id); r.err != nil || trusted && known.told(r.versions) {
		return r
	}
	var nodes []*model.Node
	if nodes, r.err = typed.BrowseTypes(ctx, t.services, id); r.err != nil {
		return r
	}
	if r.nodes = len(nodes); r.nodes <= 4 { // the roots that are always there
		r.err = errNoTypes
		return r
	}
	r.groups, r.err = byNamespace(nodes)
	r.took = t.now().Sub(began)
	return r
}

// take takes what was read.
func (t *types) take(r typeResult) {
	reading := t.reading[r.server]
	if reading == nil { // the server is gone
		return
	}
	reading.running, reading.pause = false, max(typesPause, typesEase*r.took)
	known := t.servers[r.server]
	switch {
	case r.err != nil:
		reading.retry, reading.changed = t.now().Add(typesRetry), max(reading.changed, reading.asked)
		t.log.Warn().Err(r.err).Str("server", r.server).Msg("types of the server were not read; tried again")
		return
	case r.groups == nil:
		t.log.Debug().Str("server", r.server).Msg("types of the server are those of before, by their versions")
		return
	}
	next := &serverModel{Read: t.now(), Versions: r.versions, Namespaces: map[string]string{}, groups: t.store.share(r.groups)}
	for _, g := range next.groups {
		next.Namespaces[g.uri] = g.hash
	}
	t.log.Info().Str("server", r.server).Int("nodes", r.nodes).Dur("took_ms", r.took).Msg("types of the server were read")
	t.servers[r.server] = next
	t.causes = append(t.causes, modelCauses(r.server, known, next)...)
	t.save()
}

// modelCauses are what is new in a server's types.
func modelCauses(server string, known, next *serverModel) (causes []graph.SchemaCause) {
	if known == nil {
		return []graph.SchemaCause{{Kind: graph.SchemaCauseKindServerAdded, Server: &server}}
	}
	uris := maps.Clone(known.Namespaces)
	maps.Copy(uris, next.Namespaces)
	for _, uri := range slices.Sorted(maps.Keys(uris)) {
		if known.Namespaces[uri] == next.Namespaces[uri] {
			continue
		}
		c := graph.SchemaCause{Kind: graph.SchemaCauseKindModelChanged, Server: &server, NamespaceURI: &uri}
		if v := next.Versions[uri]; v != "" {
			c.Version = &v
		}
		if v := known.Versions[uri]; v != "" {
			c.PreviousVersion = &v
		}
		causes = append(causes, c)
	}
	return causes
}

// save keeps what was read. What cannot be kept is read again after a restart.
func (t *types) save() {
	if err := t.store.save(t.servers); err != nil {
		t.log.Warn().Err(err).Msg("types of servers are not kept")
	}
}
