package bus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// brakeRoom is what a stream that is held may still grow by.
	brakeRoom = 1 << 20
	// brakeWait bounds the change of all bounds: a stream with a write error does not answer, and a full disk cannot wait.
	brakeWait = 5 * time.Second
	// metadataBound is where a stream that is held keeps its real bound, so that it is not forgotten if the process ends.
	metadataBound = "shopfloor_max_bytes"
)

// heldState says what was done to the streams last.
type heldState uint8

const (
	heldUnknown heldState = iota // an earlier process may have held them
	heldNot
	heldAll
)

// hold sets the bounds of the streams to what they hold when the disk gets full, and back.
func (g *Guard) hold(ctx context.Context, c *Conn) {
	want, change := heldNot, releaseStream
	if g.Stats().Level == DiskFull {
		want, change = heldAll, holdStream
	}
	if g.held == want || len(g.Stats().Dead) > 0 {
		return // a dead stream can be held no more, and be released only after the restart
	}
	ctx, cancel := context.WithTimeout(ctx, brakeWait)
	defer cancel()
	if err := c.changeStreams(ctx, change); err != nil {
		if want == heldAll {
			g.held = heldUnknown
		}
		g.server.zlog.Error().Err(err).Bool("full", want == heldAll).Msg("cannot set bounds of streams")
		return
	}
	g.held = want
}

// changeStreams updates the streams that change says.
func (c *Conn) changeStreams(ctx context.Context, change func(*jetstream.StreamInfo) (jetstream.StreamConfig, bool)) error {
	var errs []error
	list := c.js.ListStreams(ctx)
	for info := range list.Info() {
		cfg, ok := change(info)
		if !ok {
			continue
		}
		if _, err := c.js.UpdateStream(ctx, cfg); err != nil {
			errs = append(errs, fmt.Errorf("update stream %s: %w", cfg.Name, err))
		}
	}
	if err := list.Err(); err != nil {
		errs = append(errs, fmt.Errorf("list streams: %w", err))
	}
	return errors.Join(errs...)
}

func holdStream(info *jetstream.StreamInfo) (jetstream.StreamConfig, bool) {
	cfg := info.Config
	holds := int64(info.State.Bytes) + brakeRoom
	if _, held := cfg.Metadata[metadataBound]; held || cfg.Storage != jetstream.FileStorage || cfg.MaxBytes > 0 && cfg.MaxBytes <= holds {
		return cfg, false
	}
	cfg.Metadata = maps.Clone(cfg.Metadata)
	if cfg.Metadata == nil {
		cfg.Metadata = make(map[string]string)
	}
	cfg.Metadata[metadataBound] = strconv.FormatInt(cfg.MaxBytes, 10)
	cfg.MaxBytes = holds
	return cfg, true
}

func releaseStream(info *jetstream.StreamInfo) (jetstream.StreamConfig, bool) {
	cfg := info.Config
	bound, err := strconv.ParseInt(cfg.Metadata[metadataBound], 10, 64)
	if err != nil {
		return cfg, false
	}
	cfg.Metadata = maps.Clone(cfg.Metadata)
	delete(cfg.Metadata, metadataBound)
	cfg.MaxBytes = bound
	return cfg, true
}
