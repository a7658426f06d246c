package typed

import (
	"context"
	"errors"
	"slices"

	"github.com/99designs/gqlgen/graphql"
)

// lookup is what a look for instances found.
type lookup struct {
	instances []*instance
	err       error
}

// lookForInstances looks, beside the deliveries, which instances there are now.
func (s *subscription) lookForInstances() {
	if s.looking {
		return
	}
	s.looking = true
	before, q := s.instances, s.search
	go func() {
		var found lookup
		defer func() {
			if v := recover(); v != nil { // the engine recovers in the goroutines of generated code alone
				found.err = s.op.RecoverFunc(s.ctx, v)
			}
			s.found <- found // has room for the one that is looked for
		}()
		found.instances = s.instancesNow(before, q)
	}()
}

// instancesNow finds the instances. Of a server that does not answer they are those of before.
func (s *subscription) instancesNow(before []*instance, q search) []*instance {
	r := s.x.newRun(graphql.WithFreshResponseContext(s.ctx), s.op)
	servers, wanted, err := r.serversOf(&q)
	if err != nil {
		return before
	}
	p := &page{typ: s.typ}
	for _, server := range servers {
		list, err := r.findOn(server, &q, wanted[server], s.typ)
		if err != nil && !errors.Is(err, errNoPath) && !errors.Is(err, ErrNotFound) {
			list = ofServer(before, server)
		}
		p.instances = append(p.instances, list...)
	}
	p.cut(&q)
	return p.instances
}

func ofServer(list []*instance, server string) (own []*instance) {
	for _, i := range list {
		if i.server == server {
			own = append(own, i)
		}
	}
	return own
}

// follow takes the instances that there are now. It delivers all when others are there than before; else it returns nil.
func (s *subscription) follow(ctx context.Context, found []*instance) []byte {
	same := slices.EqualFunc(s.instances, found, func(a, b *instance) bool { return a.key() == b.key() && a.definition == b.definition })
	if same && !s.stale {
		return nil
	}
	if s.stale {
		clear(s.live.known)
		s.stale = false
	}
	var removed []string
	for _, i := range s.instances {
		if !slices.ContainsFunc(found, func(f *instance) bool { return f.server == i.server && f.id == i.id }) {
			removed = append(removed, i.key())
			delete(s.live.known, place{i.server, i.id})
		}
	}
	s.instances = found
	return s.plan(ctx, removed)
}
