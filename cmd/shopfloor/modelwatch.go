package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// modelNews is what a server told of its model.
type modelNews uint8

const (
	modelSame modelNews = iota
	// modelPerhapsChanged: it may be another one; versions tell.
	modelPerhapsChanged
	// modelTypesChanged: a type is another one, whatever the versions say.
	modelTypesChanged
)

const (
	// watchRetry is the wait before a server's changes are asked for again.
	watchRetry = 10 * time.Second
	// watchChanges bounds the changes that are remembered of a server until they are looked at; where there are more, all may have changed.
	watchChanges = 10_000
)

// modelWatch follows what servers tell of changes of their address spaces. It browses nothing.
type modelWatch struct {
	services typeServices
	endpoint *graph.Handler
	log      zerolog.Logger
	// wake says that there are news.
	wake chan struct{}
	work sync.WaitGroup

	mu      sync.Mutex
	servers map[string]*watchedServer
}

type watchedServer struct {
	stop   context.CancelFunc
	reload bool
	// affected are nodes that changed and may be types, or parts of them.
	affected []model.ModelChange
}

func newModelWatch(s typeServices, endpoint *graph.Handler, log zerolog.Logger) *modelWatch {
	return &modelWatch{services: s, endpoint: endpoint, log: log, wake: make(chan struct{}, 1), servers: map[string]*watchedServer{}}
}

// follow watches these servers, and no others any more.
func (w *modelWatch) follow(ctx context.Context, ids []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, s := range w.servers {
		if !slices.Contains(ids, id) {
			s.stop()
			delete(w.servers, id)
		}
	}
	for _, id := range ids {
		if w.servers[id] != nil {
			continue
		}
		own, stop := context.WithCancel(ctx)
		s := &watchedServer{stop: stop}
		w.servers[id] = s
		w.work.Go(func() { w.run(own, id, s) })
	}
}

// run follows one server.
func (w *modelWatch) run(ctx context.Context, id string, s *watchedServer) {
	defer w.endpoint.WatchInstances(id, false)
	for {
		changes, err := w.services.ModelChanges(ctx, id, model.ModelMonitorRequest{Rebrowse: -1})
		if err != nil {
			w.log.Debug().Err(err).Str("server", id).Msg("changes of the server's model are not followed; tried again")
		} else {
			for c := range changes {
				w.take(id, s, &c)
			}
			w.endpoint.WatchInstances(id, false)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(watchRetry):
		}
	}
}

// take notes a delivery.
func (w *modelWatch) take(id string, s *watchedServer, c *model.ModelChanges) {
	w.endpoint.WatchInstances(id, c.Told && !c.Status.IsBad())
	structural := slices.DeleteFunc(slices.Clone(c.Changes), func(m model.ModelChange) bool { return m.Verb&^model.ModelSemanticChanged == 0 })
	if !c.Reload && len(structural) == 0 {
		return
	}
	w.endpoint.ForgetInstances(id)
	if c.Status.IsBad() {
		return // what it has when it is back is looked at then
	}
	w.mu.Lock()
	s.reload = s.reload || c.Reload
	if s.affected = append(s.affected, structural...); len(s.affected) > watchChanges {
		s.affected, s.reload = nil, true
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// news is what a server told since it was asked for last. Instances have a type definition in what is told of them, types have none.
func (w *modelWatch) news(id string, known *serverModel) modelNews {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.servers[id]
	if s == nil {
		return modelSame
	}
	affected, reload := s.affected, s.reload
	s.affected, s.reload = nil, false
	for i := range affected {
		if affected[i].AffectedType.IsNull() || known != nil && known.has(affected[i].Affected) {
			return modelTypesChanged
		}
	}
	if reload {
		return modelPerhapsChanged
	}
	return modelSame
}
