package graph

import (
	"context"
	"strconv"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxFieldDiffs bounds the fields of one writer in a difference.
const maxFieldDiffs = 1000

// Configuration shows the desired state of a gateway.
type Configuration struct{ configuration model.Configuration }

// Revision counts the transactions of the gateway.
func (c *Configuration) Revision() uint64 { return c.configuration.Revision }

// Servers are those that the gateway connects to.
func (c *Configuration) Servers(first *int, after *string) (*ServerConnection, error) {
	return serverConnection(c.configuration.Servers, first, after)
}

// Writers are what it publishes.
func (c *Configuration) Writers(first *int, after *string) (*WriterConnection, error) {
	return writerConnection(c.configuration.Writers, first, after)
}

// WriterDiff shows a writer that differs between two revisions.
type WriterDiff struct{ diff model.WriterDiff }

// From is the writer in the older revision.
func (d *WriterDiff) From() *Writer { return writerOrNil(d.diff.From) }

// To is the writer in the newer revision.
func (d *WriterDiff) To() *Writer { return writerOrNil(d.diff.To) }

func writerOrNil(w *model.DataSetWriter) *Writer {
	if w == nil {
		return nil
	}
	return &Writer{*w}
}

// OptionsChanged tells whether more than the fields differs.
func (d *WriterDiff) OptionsChanged() bool { return d.diff.Options }

// FieldCount is how many fields differ.
func (d *WriterDiff) FieldCount() int { return len(d.diff.Fields) }

// Fields are the first fields that differ.
func (d *WriterDiff) Fields(first *int) ([]FieldDiff, error) {
	limit, err := pageSize(first)
	if err != nil {
		return nil, err
	}
	list := d.diff.Fields[:min(limit, maxFieldDiffs, len(d.diff.Fields))]
	out := make([]FieldDiff, len(list))
	for i := range list {
		out[i] = FieldDiff{Name: list[i].Name(), From: d.field(d.diff.From, list[i].From), To: d.field(d.diff.To, list[i].To)}
	}
	return out, nil
}

func (d *WriterDiff) field(w *model.DataSetWriter, f *model.PublishedField) *PublishedField {
	if w == nil || f == nil {
		return nil
	}
	return &PublishedField{field: *f, writer: w.Key()}
}

// configurationDiff makes the answer of a difference.
func configurationDiff(d *model.ConfigurationDiff) *ConfigurationDiff {
	out := &ConfigurationDiff{From: d.From, To: d.To, Summary: d.Summary, Servers: []ServerDiff{}, Writers: []WriterDiff{}}
	for _, s := range d.Servers {
		out.Servers = append(out.Servers, ServerDiff{From: s.From, To: s.To})
	}
	for _, w := range d.Writers {
		out.Writers = append(out.Writers, WriterDiff{w})
	}
	return out
}

// OutOfSync shows a part of the desired state that does not run as wanted.
type OutOfSync struct{ part model.OutOfSync }

// Server is the id of the server.
func (o *OutOfSync) Server() string { return o.part.Server }

// Writer is the id of the writer, nil for a server that cannot be used at all.
func (o *OutOfSync) Writer() *string {
	if o.part.Writer == (model.WriterKey{}) {
		return nil
	}
	id := writerID(o.part.Writer)
	return &id
}

// Reason tells why.
func (o *OutOfSync) Reason() string { return o.part.Reason }

// configurationState compares what a gateway reported with what it is to run.
func (r *Resolver) configurationState(ctx context.Context, g *model.GatewayStatus) (*ConfigurationState, error) {
	c, err := r.Registry.Configuration(ctx, g.Gateway, 0)
	if err != nil {
		return nil, err
	}
	s := &ConfigurationState{
		DesiredRevision: int(c.Revision), Revision: int(g.ConfigurationRevision),
		InSync:         c.Revision == g.ConfigurationRevision && g.OutOfSyncCount == 0,
		OutOfSyncCount: g.OutOfSyncCount, OutOfSync: []OutOfSync{},
	}
	for _, o := range g.OutOfSync {
		s.OutOfSync = append(s.OutOfSync, OutOfSync{o})
	}
	return s, nil
}

// configurationHistory is a page of the revisions of a gateway.
func configurationHistory(list []model.ConfigurationRevision, first *int, after *string) (*ConfigurationRevisionConnection, error) {
	p, err := pageOf(list, func(r *model.ConfigurationRevision) string { return strconv.FormatUint(r.Revision, 10) }, false, first, after)
	if err != nil {
		return nil, err
	}
	c := &ConfigurationRevisionConnection{PageInfo: p.info, TotalCount: len(list), Edges: make([]ConfigurationRevisionEdge, len(p.items))}
	for i := range p.items {
		c.Edges[i] = ConfigurationRevisionEdge{Cursor: p.cursors[i], Node: p.items[i]}
	}
	return c, nil
}

// revisionNumber checks the number of a revision; nil is the newest.
func revisionNumber(field string, n *int) (uint64, error) {
	if n == nil {
		return 0, nil
	}
	if *n < 1 {
		return 0, fieldError(field, "%d is no revision; they count from 1, take one from configurationHistory", *n)
	}
	return uint64(*n), nil
}

// applyResult makes the answer of a transaction.
func applyResult(o *model.ConfigurationOutcome) *ApplyConfigurationResult {
	out := &ApplyConfigurationResult{Applied: o.Applied, Revision: o.Revision, Results: make([]ConfigurationItemResult, len(o.Problems))}
	for i, list := range o.Problems {
		out.Results[i].Problems = append([]model.ConfigurationProblem{}, list...)
	}
	return out
}

// change makes the registry's change of the input.
func (in *ApplyConfigurationInput) change() (model.ConfigurationChange, error) {
	c := model.ConfigurationChange{
		Gateway: in.Gateway, Author: valueOrZero(in.Author), Comment: valueOrZero(in.Comment), DryRun: valueOrZero(in.DryRun),
		Items: make([]model.ConfigurationItem, len(in.Items)),
	}
	if e := in.ExpectedRevision; e != nil {
		if *e < 0 {
			return c, fieldError("expectedRevision", "%d is no revision; 0 is that of a gateway that was given nothing yet", *e)
		}
		expected := uint64(*e)
		c.Expected = &expected
	}
	for i := range in.Items {
		if err := in.Items[i].item(strconv.Itoa(i), &c.Items[i]); err != nil {
			return c, err
		}
	}
	return c, nil
}

// item makes the registry's item of the input. What is wrong with the ids of writers is an error; all else is for the registry to tell.
func (in *ConfigurationItemInput) item(at string, out *model.ConfigurationItem) error {
	out.RemoveServer, out.PutWriter = in.RemoveServer, in.PutWriter
	if s := in.PutServer; s != nil {
		out.PutServer, out.Password = s.server(), s.Password
	}
	if in.RemoveWriter != nil {
		key, err := parseWriterID("items["+at+"].removeWriter", *in.RemoveWriter)
		if err != nil {
			return err
		}
		out.RemoveWriter = &key
	}
	if c := in.ChangeFields; c != nil {
		key, err := parseWriterID("items["+at+"].changeFields.writer", c.Writer)
		if err != nil {
			return err
		}
		out.ChangeFields = &model.FieldsChange{Writer: key, Remove: c.Remove, Put: c.Put}
	}
	return nil
}

func (in *PutServerInput) server() *model.Server {
	s := &model.Server{
		ID: in.ID, Name: in.Name, EndpointURL: in.EndpointURL, SecurityMode: valueOrZero(in.SecurityMode), SecurityPolicy: valueOrZero(in.SecurityPolicy),
		UserName: valueOrZero(in.UserName), TrustedThumbprints: in.TrustedThumbprints, ReverseConnect: valueOrZero(in.ReverseConnect),
	}
	return s
}
