package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// intake is what a Receiver keeps of one gateway: the Publisher of its frames, and how far they are.
type intake struct {
	receiver *Receiver
	ctx      context.Context // of the Receiver's Run
	id       string
	slots    chan struct{}

	uploading sync.Mutex // one upload at a time: the order of frames is that of the uploads

	// Of the holder of uploading.
	publisher *Publisher
	accepted  uint64 // highest number handed to the publisher
	entries   []Frame

	mu       sync.Mutex
	stored   uint64 // highest number stored
	progress chan struct{}
	earlier  uint64 // stored at the last note
	noted    uint64
	refused  []refusedFrame
}

// refusedFrame is a frame that the stream did not take.
type refusedFrame struct {
	frame  Frame
	reason error
}

// open finds out how far the gateway's frames are, the first time.
func (g *intake) open(ctx context.Context) error {
	if g.publisher != nil {
		return nil
	}
	last, err := g.receiver.recall(ctx, g.id)
	if err != nil {
		return fmt.Errorf("last frame of gateway %q: %w", g.id, err)
	}
	p, err := NewPublisher(g.receiver.conn, PublisherConfig{Gateway: g.id, MaxFrames: maxUploadEntries})
	if err != nil {
		return err
	}
	g.publisher, g.accepted = p, last
	g.mu.Lock()
	g.stored, g.earlier, g.noted, g.progress = last, last, last, make(chan struct{})
	g.mu.Unlock()
	g.receiver.running.Go(func() {
		// It ends with ctx, or with the connection, and then its frames are given back.
		_ = p.Run(g.ctx)
	})
	return nil
}

// hello answers how far the gateway's frames are, once all that were handed over before are stored.
func (g *intake) hello(ctx context.Context) ([]byte, error) {
	g.uploading.Lock()
	defer g.uploading.Unlock()
	if err := g.open(ctx); err != nil {
		return nil, err
	}
	if err := g.wait(ctx, g.accepted); err != nil {
		return nil, err
	}
	return json.Marshal(helloReply{Last: g.accepted, Keep: g.receiver.keep().Milliseconds()})
}

// frames stores an upload, of which parts may have come before, and answers when all of it is stored.
func (g *intake) frames(ctx context.Context, body []byte) ([]byte, error) {
	g.uploading.Lock()
	defer g.uploading.Unlock()
	if err := g.open(ctx); err != nil {
		return nil, err
	}
	r := g.receiver
	r.stats.uploads.Add(1)
	var err error
	g.entries, err = parseUpload(g.entries[:0], body)
	defer clear(g.entries)
	if err != nil {
		return nil, err
	}
	for i := range g.entries {
		f := &g.entries[i]
		if f.Number <= g.accepted {
			r.stats.repeated.Add(1)
			continue
		}
		if err := g.store(ctx, f); err != nil {
			return nil, err
		}
		g.accepted = f.Number
		r.stats.entries.Add(1)
	}
	if err := g.wait(ctx, g.accepted); err != nil {
		return nil, err
	}
	if err := g.bury(ctx); err != nil {
		return nil, err
	}
	return json.Marshal(framesReply{Stored: g.accepted})
}

// metadata stores documents of metadata that do not belong to frames that come now.
func (g *intake) metadata(ctx context.Context, body []byte) error {
	g.uploading.Lock()
	defer g.uploading.Unlock()
	docs, err := parseUpload(nil, body)
	if err != nil {
		return err
	}
	for i := range docs {
		if docs[i].ContentType != contentMeta {
			return fmt.Errorf("%w: entry %d is no metadata", errUpload, i+1)
		}
		if err := g.receiver.control.PublishMeta(ctx, g.id, docs[i].Group, docs[i].Writer, contentMetaStored, docs[i].Data); err != nil {
			return err
		}
	}
	return nil
}

// store hands a frame over, and stores metadata before the frames behind it are.
func (g *intake) store(ctx context.Context, f *Frame) error {
	if f.ContentType == contentMeta {
		// Once what came before it is: progress is told by the highest number alone.
		if err := g.wait(ctx, g.accepted); err != nil {
			return err
		}
		if err := g.receiver.control.PublishMeta(ctx, g.id, f.Group, f.Writer, contentMetaStored, f.Data); err != nil {
			return err
		}
		g.done(f.Number)
		return nil
	}
	subject, err := Data(g.id, f.Group, f.Writer)
	if err != nil {
		return err
	}
	frame := *f
	frame.Gateway = g.id
	return g.publisher.PublishFrame(ctx, subject, FrameHeader{ContentType: f.ContentType, Number: f.Number}, f.Data, func(err error) {
		switch {
		case err == nil:
			g.done(frame.Number)
		case errors.Is(err, ErrTooLarge):
			g.mu.Lock()
			g.refused = append(g.refused, refusedFrame{frame, err})
			g.mu.Unlock()
			g.done(frame.Number)
		}
		// Otherwise the Receiver ends, and the frame's fate is not known: the gateway sends it again.
	})
}

// contentMetaStored is the content type of metadata in the core's stream.
const contentMetaStored = "application/json"

// done notes that the frames up to a number are stored.
func (g *intake) done(number uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if number > g.stored {
		g.stored = number
		close(g.progress)
		g.progress = make(chan struct{})
	}
}

// wait returns when all up to a number are stored.
func (g *intake) wait(ctx context.Context, number uint64) error {
	for {
		g.mu.Lock()
		stored, progress := g.stored, g.progress
		g.mu.Unlock()
		if stored >= number {
			return nil
		}
		select {
		case <-progress:
		case <-ctx.Done():
			return fmt.Errorf("frames of gateway %q are not stored yet: %w", g.id, ctx.Err())
		}
	}
}

// bury puts what the stream refused into the dead letters.
func (g *intake) bury(ctx context.Context) error {
	g.mu.Lock()
	refused := g.refused
	g.refused = nil
	g.mu.Unlock()
	for i := range refused {
		g.receiver.stats.refused.Add(1)
		if err := g.receiver.control.PublishDead(ctx, refused[i].frame, refused[i].reason.Error()); err != nil {
			return err
		}
	}
	return nil
}

// note returns the number that may be written down now, and whether it is another one than before.
func (g *intake) note(end bool) (number uint64, changed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	number = g.earlier
	if end {
		number = g.stored
	}
	g.earlier = g.stored
	changed = number != g.noted
	g.noted = number
	return number, changed
}
