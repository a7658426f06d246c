package registry

import (
	"fmt"
	"maps"
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// draft is the next revision of a gateway's configuration while a transaction is made. It shares the fields of its base until they are changed.
type draft struct {
	registry *Registry
	base     *snapshot
	next     *snapshot
	// item is the one that is being applied; problems are those of each.
	item     int
	problems [][]model.ConfigurationProblem
	// servers and writers tell which records changed, and with which item last.
	servers map[string]int
	writers map[model.WriterKey]int
	// index finds the fields of writers that own theirs already.
	index map[model.WriterKey]map[string]int
}

func newDraft(r *Registry, base *snapshot, items int) *draft {
	next := emptySnapshot(base.commit.Gateway)
	next.servers, next.writers, next.parts = maps.Clone(base.servers), maps.Clone(base.writers), maps.Clone(base.parts)
	return &draft{
		registry: r, base: base, next: next, problems: make([][]model.ConfigurationProblem, items),
		servers: map[string]int{}, writers: map[model.WriterKey]int{}, index: map[model.WriterKey]map[string]int{},
	}
}

func (d *draft) gateway() string { return d.base.commit.Gateway }

// problem notes what is wrong with the item that is being applied.
func (d *draft) problem(field, format string, args ...any) {
	d.problems[d.item] = append(d.problems[d.item], model.ConfigurationProblem{Field: field, Message: fmt.Sprintf(format, args...)})
}

// putServer adds or replaces a server. Its password is sealed already.
func (d *draft) putServer(s model.Server) {
	s.Revision = 0
	d.next.servers[s.ID] = s
	d.servers[s.ID] = d.item
}

// removeServer removes a server with its writers.
func (d *draft) removeServer(id string) {
	for key, w := range d.next.writers {
		if w.Server == id {
			d.removeWriter(key)
		}
	}
	delete(d.next.servers, id)
	d.servers[id] = d.item
}

// putWriter adds or replaces a writer. Numbers that are 0 are given to it.
func (d *draft) putWriter(w model.DataSetWriter) error {
	w.Revision = 0
	if old, ok := d.next.writers[w.Key()]; ok {
		if w.GroupID == 0 {
			w.GroupID = old.GroupID
		}
		if w.WriterID == 0 {
			w.WriterID = old.WriterID
		}
	}
	if w.GroupID == 0 || w.WriterID == 0 {
		if err := d.giveNumbers(&w); err != nil {
			return err
		}
	}
	d.next.writers[w.Key()] = w
	d.writers[w.Key()] = d.item
	delete(d.index, w.Key())
	return nil
}

func (d *draft) removeWriter(key model.WriterKey) {
	delete(d.next.writers, key)
	delete(d.next.parts, key)
	delete(d.index, key)
	d.writers[key] = d.item
}

// giveNumbers gives a writer the number of its group and one of its own, unique among those of the gateway.
func (d *draft) giveNumbers(w *model.DataSetWriter) error {
	groups, writers := map[uint16]bool{}, map[uint16]bool{}
	group := w.GroupID
	for key, o := range d.next.writers {
		if key == w.Key() {
			continue
		}
		groups[o.GroupID], writers[o.WriterID] = true, true
		if o.Group == w.Group && group == 0 {
			group = o.GroupID
		}
	}
	if group == 0 {
		group = lowestFree(groups)
	}
	if w.WriterID == 0 {
		w.WriterID = lowestFree(writers)
	}
	if w.GroupID = group; group == 0 || w.WriterID == 0 {
		return fmt.Errorf("%w: writer: gateway %q has 65535 groups or writers, no more can be told apart", ErrInvalid, d.gateway())
	}
	return nil
}

// lowestFree returns the lowest number from 1 that is not taken, 0 if there is none.
func lowestFree(taken map[uint16]bool) uint16 {
	for n := uint16(1); n != 0; n++ {
		if !taken[n] {
			return n
		}
	}
	return 0
}

// changeFields removes and puts single fields of a writer. Each field that is put is checked here, what they say of each other in check.
func (d *draft) changeFields(c *model.FieldsChange) {
	w, ok := d.next.writers[c.Writer]
	if !ok {
		d.problem("changeFields.writer", "there is no writer %s; add it with putWriter", c.Writer)
		return
	}
	index := d.ownFields(&w)
	gone := map[int]bool{}
	for i, name := range c.Remove {
		at, ok := index[name]
		if !ok {
			d.problem(fmt.Sprintf("changeFields.remove[%d]", i), "%q is no field of writer %s", name, c.Writer)
			continue
		}
		gone[at] = true
		delete(index, name)
	}
	if len(gone) > 0 {
		at := -1
		w.Fields = slices.DeleteFunc(w.Fields, func(model.PublishedField) bool { at++; return gone[at] })
		for i := range w.Fields {
			index[w.Fields[i].Name] = i
		}
	}
	for i := range c.Put {
		f := c.Put[i]
		d.problems[d.item] = append(d.problems[d.item], f.Problems(fmt.Sprintf("changeFields.put[%d]", i))...)
		if at, ok := index[f.Name]; ok {
			w.Fields[at] = f
			continue
		}
		index[f.Name] = len(w.Fields)
		w.Fields = append(w.Fields, f)
	}
	d.next.writers[c.Writer] = w
	d.writers[c.Writer] = d.item
}

// ownFields gives a writer its own copy of its fields, once, and returns their places by their names.
func (d *draft) ownFields(w *model.DataSetWriter) map[string]int {
	if index, ok := d.index[w.Key()]; ok {
		return index
	}
	w.Fields = slices.Clone(w.Fields)
	index := make(map[string]int, len(w.Fields))
	for i := range w.Fields {
		index[w.Fields[i].Name] = i
	}
	d.index[w.Key()] = index
	return index
}

// check validates what changed, and what it has to do with the rest. The problems go to the item that changed a record last.
func (d *draft) check() {
	for id, item := range d.servers {
		if s, ok := d.next.servers[id]; ok {
			d.item = item
			if owner := d.registry.ownerOf(id); owner != "" && owner != d.gateway() {
				d.problem("server.id", "%q is a server of gateway %q; choose another id", s.ID, owner)
			}
		}
	}
	d.checkTwins()
	for key, item := range d.writers {
		w, ok := d.next.writers[key]
		if !ok {
			continue
		}
		d.item = item
		for _, p := range w.Problems() {
			d.problem("writer."+p.Field, "%s", p.Message)
		}
		if _, ok := d.next.servers[w.Server]; !ok && w.Server != "" {
			d.problem("writer.server", "%q is no server of gateway %q; add it first, or name one that is", w.Server, d.gateway())
		}
		d.checkBroker(&w)
	}
	d.checkNumbers()
	for id, item := range d.servers { // a server that went must not leave writers
		if _, ok := d.next.servers[id]; ok {
			continue
		}
		for key, w := range d.next.writers {
			if _, changed := d.writers[key]; w.Server == id && !changed {
				d.item = item
				d.problem("server", "%q is removed and writer %s publishes from it; remove the writer, too", id, key)
			}
		}
	}
}

// checkBroker asks for a broker that the gateway told it has.
func (d *draft) checkBroker(w *model.DataSetWriter) {
	if w.Output == nil {
		return
	}
	status, err := d.registry.Gateway(d.gateway())
	if err != nil || len(status.Brokers) == 0 || slices.Contains(status.Brokers, w.Output.Broker) {
		return // what is not known yet shows in the state of the gateway
	}
	d.problem("writer.output.broker", "%q is no broker of gateway %q, which has %q; use one of them, or add it to the gateway's configuration file",
		w.Output.Broker, d.gateway(), status.Brokers)
}

// checkNumbers wants the numbers of writers unique, and those of groups the same for all of a group.
func (d *draft) checkNumbers() {
	if len(d.writers) == 0 {
		return
	}
	writers, groups, names := map[uint16]model.WriterKey{}, map[string]uint16{}, map[uint16]string{}
	for _, key := range slices.SortedFunc(maps.Keys(d.next.writers), compareKeys) {
		w := d.next.writers[key]
		item, changed := d.writers[key]
		other, taken := writers[w.WriterID]
		if !taken {
			writers[w.WriterID] = key
		} else if item2, ok := d.writers[other]; changed || ok {
			if !changed {
				item = item2
			}
			d.item = item
			d.problem("writer.writerId", "%d is the number of both %s and %s; choose another, or leave it out", w.WriterID, other, key)
		}
		number, known := groups[w.Group]
		name, used := names[w.GroupID]
		switch {
		case known && number != w.GroupID && changed:
			d.item = item
			d.problem("writer.groupId", "%d differs from %d, the number of the other writers of group %q; leave it out", w.GroupID, number, w.Group)
		case !known && used && changed:
			d.item = item
			d.problem("writer.groupId", "%d is the number of group %q; choose another, or leave it out", w.GroupID, name)
		}
		groups[w.Group], names[w.GroupID] = w.GroupID, w.Group
	}
}
