package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// commit is what makes a revision of a gateway's configuration valid: one small record under the key {gateway, "head"}. What it says is
// in parts, under {gateway, "part", hash}, which are written before it and are never changed, so that a reader sees the old revision
// or the whole new one, whenever the writer fails. Its update with the expected revision is what decides between two writers. The bucket keeps
// the last commits as the history of that key.
//
// Parts make a list of entries, one for each server and writer; each entry of a writer names the parts of its fields. A change of some
// fields of one writer writes the parts in which they are, the part with the writer's entry, and the commit, however many
// nodes the gateway publishes.
type commit struct {
	model.ConfigurationRevision
	Entries []partRef `json:"entries"`
}

// headName is the last name of a commit's key.
const headName = "head"

func headPath(gateway string) []string { return []string{gateway, headName} }

// entry is a server or a writer.
type entry struct {
	Server *model.Server `json:"server,omitempty"`
	// Writer is without its fields.
	Writer *model.DataSetWriter `json:"writer,omitempty"`
	Fields []partRef            `json:"fields,omitempty"`
	// Revision is that in which the server or writer changed last.
	Revision uint64 `json:"revision"`
}

func (e *entry) name() string {
	if e.Server != nil {
		return "server " + e.Server.ID
	}
	return "writer " + e.Writer.Group + "/" + e.Writer.Name
}

// snapshot is one revision of a gateway's configuration in memory. It is not changed after it was made; its fields belong to all who read it.
type snapshot struct {
	commit commit
	// stored is the revision of the commit's key in the bucket; 0 for a gateway without one.
	stored  uint64
	servers map[string]model.Server
	writers map[model.WriterKey]model.DataSetWriter
	// parts are those of each writer's fields, in their order.
	parts map[model.WriterKey][]partRef
}

func emptySnapshot(gateway string) *snapshot {
	return &snapshot{
		commit:  commit{ConfigurationRevision: model.ConfigurationRevision{Gateway: gateway}},
		servers: map[string]model.Server{}, writers: map[model.WriterKey]model.DataSetWriter{}, parts: map[model.WriterKey][]partRef{},
	}
}

// loadSnapshot reads the revision of a stored commit. Parts that known has are taken from there; known may be nil.
func loadSnapshot(ctx context.Context, b ConfigurationReader, head Entry, known *snapshot) (*snapshot, error) {
	var c commit
	if err := json.Unmarshal(head.Value, &c); err != nil {
		return nil, fmt.Errorf("commit of a configuration: %w", err)
	}
	if len(head.Key) == 0 || c.Gateway != head.Key[0] {
		return nil, fmt.Errorf("commit of the configuration of gateway %q is stored under %q", c.Gateway, head.Key)
	}
	entries, err := readParts[entry](ctx, b, c.Gateway, c.Entries)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", &c.ConfigurationRevision, err)
	}
	s := emptySnapshot(c.Gateway)
	s.commit, s.stored = c, head.Revision
	fields := known.fieldsByPart()
	for _, e := range entries {
		switch {
		case e.Server != nil:
			e.Server.Revision = e.Revision
			s.servers[e.Server.ID] = *e.Server
		case e.Writer != nil:
			w := *e.Writer
			w.Revision = e.Revision
			if w.Fields, err = known.readFields(ctx, b, w.Key(), e.Fields, fields); err != nil {
				return nil, fmt.Errorf("%s: writer %s: %w", &c.ConfigurationRevision, w.Key(), err)
			}
			s.writers[w.Key()], s.parts[w.Key()] = w, e.Fields
		}
	}
	return s, nil
}

// fieldsByPart finds the fields of each part that is in memory.
func (s *snapshot) fieldsByPart() map[string][]model.PublishedField {
	fields := map[string][]model.PublishedField{}
	if s == nil {
		return fields
	}
	for key, parts := range s.parts {
		rest := s.writers[key].Fields
		for _, p := range parts {
			fields[p.Hash] = rest[:p.Count:p.Count]
			rest = rest[p.Count:]
		}
	}
	return fields
}

// readFields reads the fields of a writer. When they are those of the known snapshot, it is the same slice.
func (s *snapshot) readFields(
	ctx context.Context, b ConfigurationReader, key model.WriterKey, parts []partRef, known map[string][]model.PublishedField,
) ([]model.PublishedField, error) {
	if s != nil && slices.Equal(s.parts[key], parts) {
		return s.writers[key].Fields, nil
	}
	var missing []partRef
	for _, p := range parts {
		if _, ok := known[p.Hash]; !ok {
			missing = append(missing, p)
		}
	}
	read, err := readParts[model.PublishedField](ctx, b, key.Gateway, missing)
	if err != nil || len(missing) == len(parts) {
		return read, err
	}
	var fields []model.PublishedField
	for _, p := range parts {
		if list, ok := known[p.Hash]; ok {
			fields = append(fields, list...)
			continue
		}
		fields, read = append(fields, read[:p.Count]...), read[p.Count:]
	}
	return fields, nil
}

// configuration is the snapshot in the form that others know.
func (s *snapshot) configuration() model.Configuration {
	c := model.Configuration{Gateway: s.commit.Gateway, Revision: s.commit.Revision}
	for _, v := range s.servers {
		c.Servers = append(c.Servers, v)
	}
	for _, w := range s.writers {
		c.Writers = append(c.Writers, w)
	}
	slices.SortFunc(c.Servers, func(a, b model.Server) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(c.Writers, compareWriters)
	return c
}

// compareWriters orders writers by gateway, group and name.
func compareWriters(a, b model.DataSetWriter) int {
	return cmp.Or(strings.Compare(a.Gateway, b.Gateway), strings.Compare(a.Group, b.Group), strings.Compare(a.Name, b.Name))
}

// hashes are those of all parts that the snapshot consists of.
func (s *snapshot) hashes(into map[string]bool) {
	for _, p := range s.commit.Entries {
		into[p.Hash] = true
	}
	for _, parts := range s.parts {
		for _, p := range parts {
			into[p.Hash] = true
		}
	}
}

// store writes a snapshot as the revision after base and returns it with the revision of its record. changed are the writers whose fields may differ
// from those of base. ErrConflict says that somebody else was faster.
func (s *snapshot) store(ctx context.Context, b ConfigurationBucket, base *snapshot, changed map[model.WriterKey]bool) error {
	known := map[string]bool{}
	base.hashes(known)
	var fresh []part
	take := func(parts []part) []partRef {
		for _, p := range parts {
			if !known[p.Hash] {
				known[p.Hash] = true
				fresh = append(fresh, p)
			}
		}
		return refs(parts)
	}
	for key := range changed {
		w, ok := s.writers[key]
		if !ok {
			continue
		}
		parts, err := cutParts(w.Fields, b.MaxValue(), func(f *model.PublishedField) string { return f.Name })
		if err != nil {
			return fmt.Errorf("writer %s: %w", key, err)
		}
		s.parts[key] = take(parts)
	}
	entries, err := cutParts(s.entries(), b.MaxValue(), (*entry).name)
	if err != nil {
		return err
	}
	s.commit.Entries = take(entries)
	head, err := json.Marshal(&s.commit)
	if err != nil {
		return fmt.Errorf("encode commit: %w", err)
	}
	if err := storeParts(ctx, b, s.commit.Gateway, fresh); err != nil {
		return fmt.Errorf("store the configuration of gateway %q: %w", s.commit.Gateway, err)
	}
	if base.stored == 0 {
		s.stored, err = b.Create(ctx, headPath(s.commit.Gateway), head)
	} else {
		s.stored, err = b.Update(ctx, headPath(s.commit.Gateway), head, base.stored)
	}
	return err
}

// entries are the records of the snapshot, in an order that stays.
func (s *snapshot) entries() []entry {
	c := s.configuration()
	list := make([]entry, 0, len(c.Servers)+len(c.Writers))
	for i := range c.Servers {
		list = append(list, entry{Server: &c.Servers[i], Revision: c.Servers[i].Revision})
	}
	for i := range c.Writers {
		w := &c.Writers[i]
		parts := s.parts[w.Key()]
		w.Fields = nil
		list = append(list, entry{Writer: w, Fields: parts, Revision: w.Revision})
	}
	return list
}
