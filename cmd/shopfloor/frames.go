package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/cmd/gateway"
	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// This file joins the bus to those who take frames and metadata: the ingest core does not know the bus, and the bus does not know it.
// Package gateway does the same for those who send them.

// metadata is ingest.MetaSource over the bus.
type metadata struct{ stored gateway.Metadata }

func (m metadata) Metadata(ctx context.Context, w model.WriterKey, v model.ConfigurationVersion) (*model.DataSetMetaData, error) {
	newest := v == model.ConfigurationVersion{}
	d, err := m.stored.Find(ctx, w, func(d *model.DataSetMetaData) bool { return newest || d.Version == v })
	if err == nil && d == nil {
		err = fmt.Errorf("metadata of %s in version %s: %w", w, v, ingest.ErrNoMetadata)
	}
	return d, err
}

// frameSource is ingest.FrameSource and ingest.DeadLetters over the bus, of some partitions or, with none, of the whole stream.
type frameSource struct {
	conn       *bus.Conn
	partitions []int
	// keep is how far the stream may be purged up to upTo, for the outputs of the gateway in this process; nil where there is none.
	keep func(ctx context.Context, upTo uint64) uint64
}

func (s frameSource) State(ctx context.Context) (ingest.StreamState, error) {
	st, err := s.conn.StreamState(ctx, bus.StreamData)
	return ingest.StreamState{Created: st.Created, First: st.First, Last: st.Last}, err
}

func (s frameSource) Open(ctx context.Context, from uint64) (ingest.FrameReader, error) {
	r, err := s.conn.ReadFrames(ctx, bus.StreamData, bus.FramesConfig{From: from, Partitions: s.partitions})
	if err != nil {
		return nil, err
	}
	return &frameReader{reader: r}, nil
}

func (s frameSource) Purge(ctx context.Context, upTo uint64) error {
	if s.keep != nil {
		upTo = s.keep(ctx, upTo)
	}
	return s.conn.PurgePartitions(ctx, bus.StreamData, s.partitions, upTo)
}

func (s frameSource) Dead(ctx context.Context, f ingest.Frame, reason error) error {
	return s.conn.PublishDead(ctx, bus.Frame{
		Sequence: f.Sequence, Gateway: f.Gateway, Group: f.Group, Writer: f.Writer, ContentType: f.ContentType, Number: f.Number, Data: f.Data,
	}, reason.Error())
}

// frameReader is ingest.FrameReader over the bus.
type frameReader struct {
	reader *bus.FrameReader
	batch  []ingest.Frame
}

func (r *frameReader) Next(ctx context.Context) ([]ingest.Frame, error) {
	frames, err := r.reader.Next(ctx)
	r.batch = r.batch[:0]
	for i := range frames {
		f := &frames[i]
		r.batch = append(r.batch, ingest.Frame{
			Sequence: f.Sequence, Gateway: f.Gateway, Group: f.Group, Writer: f.Writer, ContentType: f.ContentType,
			Number: f.Number, Late: f.Late, Time: f.Time, Data: f.Data,
		})
	}
	return r.batch, err
}

// Pending implements ingest.Pending.
func (r *frameReader) Pending(ctx context.Context) (uint64, error) { return r.reader.Pending(ctx) }

func (r *frameReader) Close() { r.reader.Close() }

// asStatus finds the status code in the error of a gateway's answer, which carries its name as the code.
func asStatus(err error) (model.StatusCode, bool) {
	var remote *bus.RemoteError
	if !errors.As(err, &remote) {
		return 0, false
	}
	code, err := model.ParseStatusCode(remote.Code)
	return code, err == nil
}

// deadLetters is graph.DeadLetters over the bus.
type deadLetters struct{ conn *bus.Conn }

func (d deadLetters) DeadLetters(ctx context.Context, f model.DeadLetterFilter, before uint64, limit int) ([]model.DeadLetter, error) {
	frames, err := d.conn.DeadFrames(ctx, bus.DeadQuery{
		Gateway: f.Gateway, Group: f.Group, Writer: f.Writer, Before: before, Limit: limit, MaxData: model.DeadLetterHead,
	})
	if err != nil {
		return nil, err
	}
	letters := make([]model.DeadLetter, len(frames))
	for i := range frames {
		f := &frames[i]
		letters[i] = model.DeadLetter{
			ID: f.Sequence, Time: f.Time, Reason: f.Reason, Gateway: f.Gateway, Group: f.Group, Writer: f.Writer,
			ContentType: f.ContentType, Sequence: f.FrameSequence, Size: f.Size, Head: f.Data,
		}
	}
	return letters, nil
}
