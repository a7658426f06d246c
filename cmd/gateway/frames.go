package gateway

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// FrameSink is edge.FrameSink over the bus.
type FrameSink struct{ Publisher *bus.Publisher }

// PublishFrame implements edge.FrameSink.
func (s FrameSink) PublishFrame(ctx context.Context, w model.WriterKey, frame []byte, done func(error)) error {
	subject, err := bus.Data(w.Gateway, w.Group, w.Writer)
	if err != nil {
		return err
	}
	return s.Publisher.PublishFrame(ctx, subject, bus.FrameHeader{ContentType: bus.ContentUADP}, frame, done)
}

// Metadata is edge.Metadata over the bus.
type Metadata struct{ Conn *bus.Conn }

const contentMetadata = "application/json"

// StoreMetadata implements edge.Metadata.
func (m Metadata) StoreMetadata(ctx context.Context, d *model.DataSetMetaData) error {
	doc, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode metadata: %w", err)
	}
	return m.Conn.PublishMeta(ctx, d.Gateway, d.Group, d.Writer, contentMetadata, doc)
}

// LastMetadata implements edge.Metadata.
func (m Metadata) LastMetadata(ctx context.Context, w model.WriterKey) (*model.DataSetMetaData, error) {
	return m.Find(ctx, w, func(*model.DataSetMetaData) bool { return true })
}

// Find returns the newest version that is right, or nil.
func (m Metadata) Find(ctx context.Context, w model.WriterKey, right func(*model.DataSetMetaData) bool) (*model.DataSetMetaData, error) {
	docs, err := m.Conn.MetaVersions(ctx, w.Gateway, w.Group, w.Writer)
	if err != nil {
		return nil, err
	}
	for i := len(docs) - 1; i >= 0; i-- {
		var d model.DataSetMetaData
		if err := json.Unmarshal(docs[i].Data, &d); err != nil {
			return nil, fmt.Errorf("decode metadata of %s: %w", w, err)
		}
		if right(&d) {
			return &d, nil
		}
	}
	return nil, nil
}
