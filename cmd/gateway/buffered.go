package gateway

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// Buffered is edge.FrameSink and edge.Metadata over a gateway's own buffer.
type Buffered struct{ Buffer *bus.Buffer }

// PublishFrame implements edge.FrameSink.
func (b Buffered) PublishFrame(ctx context.Context, w model.WriterKey, frame []byte, done func(error)) error {
	return b.Buffer.PublishFrame(ctx, w.Group, w.Writer, bus.FrameHeader{ContentType: bus.ContentUADP}, frame, done)
}

// StoreMetadata implements edge.Metadata.
func (b Buffered) StoreMetadata(ctx context.Context, d *model.DataSetMetaData) error {
	doc, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode metadata: %w", err)
	}
	return b.Buffer.StoreMeta(ctx, d.Group, d.Writer, doc)
}

// LastMetadata implements edge.Metadata.
func (b Buffered) LastMetadata(ctx context.Context, w model.WriterKey) (*model.DataSetMetaData, error) {
	doc, err := b.Buffer.LastMeta(ctx, w.Group, w.Writer)
	if err != nil || doc == nil {
		return nil, err
	}
	return decodeMetadata(w, doc)
}

// Find returns the newest version that is right, or nil.
func (b Buffered) Find(ctx context.Context, w model.WriterKey, right func(*model.DataSetMetaData) bool) (*model.DataSetMetaData, error) {
	docs, err := b.Buffer.MetaVersions(ctx, w.Group, w.Writer)
	if err != nil {
		return nil, err
	}
	for i := len(docs) - 1; i >= 0; i-- {
		if d, err := decodeMetadata(w, docs[i]); err != nil || right(d) {
			return d, err
		}
	}
	return nil, nil
}

func decodeMetadata(w model.WriterKey, doc []byte) (*model.DataSetMetaData, error) {
	d := &model.DataSetMetaData{}
	if err := json.Unmarshal(doc, d); err != nil {
		return nil, fmt.Errorf("decode metadata of %s: %w", w, err)
	}
	return d, nil
}
