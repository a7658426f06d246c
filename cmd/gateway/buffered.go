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
	d := &model.DataSetMetaData{}
	if err := json.Unmarshal(doc, d); err != nil {
		return nil, fmt.Errorf("decode metadata of %s: %w", w, err)
	}
	return d, nil
}
