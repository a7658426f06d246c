package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxItems bounds the items of one transaction.
	maxItems = 100_000
	// maxComment bounds author and comment, in bytes.
	maxComment = 1000
)

// Apply makes a transaction on the desired state of a gateway: all items or none. The outcome has the problems of each item; an
// error says that the change as a whole was not tried: ErrConflict when the gateway is at another revision than expected, ErrInvalid for a
// change that is none.
func (r *Registry) Apply(ctx context.Context, c model.ConfigurationChange) (model.ConfigurationOutcome, error) {
	if len(c.Items) == 0 || len(c.Items) > maxItems {
		return model.ConfigurationOutcome{}, fmt.Errorf("%w: items: has %d entries; give 1 to %d", ErrInvalid, len(c.Items), maxItems)
	}
	if !serverID.MatchString(c.Gateway) {
		return model.ConfigurationOutcome{}, fmt.Errorf("%w: gateway: %q is no id of a gateway; use up to 64 lower-case letters, digits, '-', '_' and '.'", ErrInvalid, c.Gateway)
	}
	return r.transact(ctx, &c, func(d *draft) error {
		for i := range c.Items {
			d.item = i
			if err := d.apply(&c.Items[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// RollBack makes the state of an earlier revision the gateway's desired state again, as a new revision.
func (r *Registry) RollBack(ctx context.Context, gateway string, revision uint64, author, comment string) (model.ConfigurationOutcome, error) {
	target, err := r.revision(ctx, gateway, revision)
	if err != nil {
		return model.ConfigurationOutcome{}, err
	}
	c := model.ConfigurationChange{Gateway: gateway, Author: author, Comment: comment, Items: make([]model.ConfigurationItem, 1)}
	return r.transact(ctx, &c, func(d *draft) error {
		d.next.commit.RolledBackTo = revision
		for _, s := range difference(d.base, target).Servers {
			if s.To == nil {
				d.removeServer(s.From.ID)
				continue
			}
			d.putServer(*s.To)
		}
		for _, w := range difference(d.next, target).Writers {
			if w.To == nil {
				d.removeWriter(w.From.Key())
				continue
			}
			if err := d.putWriter(*w.To); err != nil {
				return err
			}
		}
		return nil
	})
}

// transact makes the next revision with edit and stores it. When somebody else was faster, it makes it again on top of theirs, unless the change expects
// a revision.
func (r *Registry) transact(ctx context.Context, c *model.ConfigurationChange, edit func(*draft) error) (model.ConfigurationOutcome, error) {
	if len(c.Author) > maxComment || len(c.Comment) > maxComment {
		return model.ConfigurationOutcome{}, fmt.Errorf("%w: comment: author or comment is longer than %d bytes", ErrInvalid, maxComment)
	}
	r.changing.Lock()
	defer r.changing.Unlock()
	for range tries {
		base := r.snapshot(c.Gateway)
		if c.Expected != nil && *c.Expected != base.commit.Revision {
			return model.ConfigurationOutcome{Revision: base.commit.ConfigurationRevision}, fmt.Errorf(
				"%w: expectedRevision: %d was expected and gateway %q is at %d; look at what changed, and try again with that revision",
				ErrConflict, *c.Expected, c.Gateway, base.commit.Revision)
		}
		outcome, err := r.tryTransact(ctx, base, c, edit)
		if !errors.Is(err, errOvertaken) {
			return outcome, err
		}
		if err := r.settle(ctx); err != nil {
			return outcome, err
		}
	}
	return model.ConfigurationOutcome{}, fmt.Errorf("%w: the configuration of gateway %q is being changed by others, try again", ErrConflict, c.Gateway)
}

// errOvertaken says that somebody else stored the next revision first.
var errOvertaken = errors.New("somebody else changed the configuration")

func (r *Registry) tryTransact(ctx context.Context, base *snapshot, c *model.ConfigurationChange, edit func(*draft) error) (o model.ConfigurationOutcome, err error) {
	d := newDraft(r, base, max(len(c.Items), 1))
	o.Revision = base.commit.ConfigurationRevision
	if err := edit(d); err != nil {
		return o, err
	}
	d.check()
	o.Problems = d.problems
	if _, _, bad := o.Problem(); bad {
		return o, nil
	}
	diff := difference(base, d.next)
	if len(diff.Servers)+len(diff.Writers) == 0 {
		return o, nil
	}
	changed := d.stamp(&diff, c)
	o.Revision = d.next.commit.ConfigurationRevision
	if c.DryRun {
		return o, nil
	}
	err = d.next.store(ctx, r.configurations.bucket, base, changed)
	if errors.Is(err, ErrConflict) {
		return o, errOvertaken
	}
	if err != nil {
		return o, err
	}
	o.Applied = true
	r.configurations.take(d.next)
	r.dropGone(ctx, &diff)
	if o.Revision.Revision%collectEach == 0 {
		r.configurations.wantCollect(c.Gateway)
	}
	return o, nil
}

// stamp gives the draft its number and the changed records theirs, and returns the writers whose fields are to be stored.
func (d *draft) stamp(diff *model.ConfigurationDiff, c *model.ConfigurationChange) map[model.WriterKey]bool {
	next := d.next
	revision := &next.commit.ConfigurationRevision
	revision.Revision, revision.Time = d.base.commit.Revision+1, time.Now().UTC()
	revision.Author, revision.Comment, revision.Summary = c.Author, c.Comment, diff.Summary
	revision.Servers, revision.Writers = len(next.servers), len(next.writers)
	for id, s := range next.servers {
		if _, touched := d.servers[id]; touched {
			s.Revision = d.base.servers[id].Revision
			next.servers[id] = s
		}
	}
	for _, s := range diff.Servers {
		if s.To != nil {
			v := next.servers[s.To.ID]
			v.Revision = revision.Revision
			next.servers[v.ID] = v
		}
	}
	for key := range d.writers { // one that was put as it is keeps its revision
		if w, ok := next.writers[key]; ok {
			w.Revision = d.base.writers[key].Revision
			next.writers[key] = w
		}
	}
	changed := map[model.WriterKey]bool{}
	for _, w := range diff.Writers {
		if w.To != nil {
			v := next.writers[w.To.Key()]
			v.Revision = revision.Revision
			next.writers[v.Key()] = v
			changed[v.Key()] = true
		}
	}
	for _, w := range next.writers {
		revision.Fields += len(w.Fields)
	}
	return changed
}

// dropGone removes what was reported of servers and writers that are gone.
func (r *Registry) dropGone(ctx context.Context, diff *model.ConfigurationDiff) {
	for _, s := range diff.Servers {
		if s.To == nil {
			if err := r.serverStatus.drop(ctx, s.From.ID); err != nil {
				r.log.Warn().Err(err).Str("server", s.From.ID).Msg("status of a removed server stays")
			}
		}
	}
	for _, w := range diff.Writers {
		if w.To == nil {
			if err := r.writerStatus.drop(ctx, w.From.Key()); err != nil {
				r.log.Warn().Err(err).Str("writer", w.From.Key().String()).Msg("status of a removed writer stays")
			}
		}
	}
}

// apply applies one item to the draft.
func (d *draft) apply(i *model.ConfigurationItem) error {
	given := 0
	for _, is := range []bool{i.PutServer != nil, i.RemoveServer != nil, i.PutWriter != nil, i.RemoveWriter != nil, i.ChangeFields != nil} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		d.problem("item", "has %d of putServer, removeServer, putWriter, removeWriter and changeFields; give exactly one", given)
	case i.PutServer != nil:
		return d.applyServer(*i.PutServer, i.Password)
	case i.RemoveServer != nil:
		if _, ok := d.next.servers[*i.RemoveServer]; !ok {
			d.problem("removeServer", "%q is no server of gateway %q", *i.RemoveServer, d.gateway())
			return nil
		}
		d.removeServer(*i.RemoveServer)
	case i.PutWriter != nil:
		w := *i.PutWriter
		if d.here("putWriter.gateway", &w.Gateway) {
			return d.putWriter(w)
		}
	case i.RemoveWriter != nil:
		key := *i.RemoveWriter
		if !d.here("removeWriter.gateway", &key.Gateway) {
			return nil
		}
		if _, ok := d.next.writers[key]; !ok {
			d.problem("removeWriter", "there is no writer %s", key)
			return nil
		}
		d.removeWriter(key)
	case i.ChangeFields != nil:
		c := *i.ChangeFields
		if d.here("changeFields.writer.gateway", &c.Writer.Gateway) {
			d.changeFields(&c)
		}
	}
	return nil
}

// here fills in the gateway of a record, or notes that it is another one.
func (d *draft) here(field string, gateway *string) bool {
	if *gateway == "" {
		*gateway = d.gateway()
	}
	if *gateway != d.gateway() {
		d.problem(field, "%q is another gateway than %q, whose configuration is changed; make a transaction for each", *gateway, d.gateway())
		return false
	}
	return true
}

func (d *draft) applyServer(s model.Server, password *string) error {
	if !d.here("putServer.gateway", &s.Gateway) {
		return nil
	}
	s.SealedPassword = nil
	if err := validateServer(&s); err != nil {
		d.problems[d.item] = append(d.problems[d.item], *problemOf("putServer", err))
		return nil
	}
	if password != nil {
		sealed, err := d.registry.seal(s.UserName, *password)
		if p := problemOf("putServer", err); p != nil {
			d.problems[d.item] = append(d.problems[d.item], *p)
			return nil
		}
		if err != nil {
			return err
		}
		s.SealedPassword = sealed
	} else if s.UserName != "" {
		s.SealedPassword = d.next.servers[s.ID].SealedPassword
	}
	d.putServer(s)
	return nil
}
