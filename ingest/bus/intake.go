package bus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// intake is what a Receiver keeps of one gateway: the Publishers of its frames, and how far they are.
type intake struct {
	receiver *Receiver
	ctx      context.Context // of the Receiver's Run
	id       string
	slots    chan struct{}
	running  atomic.Int32 // uploads that are not answered

	uploading sync.Mutex // one upload at a time: the order of frames is that of the uploads

	// Of the holder of uploading.
	front, late *way // nil until open
	entries     []Frame
	announced   bool // metadata came that may come again among the frames

	mu       sync.Mutex
	taken    spans // what is stored of the uploads that ended well
	progress chan struct{}
	earlier  spans // taken at the last note
	noted    spans
	refused  []refusedFrame
}

// way is one of the two ways of a gateway's frames into the core's stream. Their order is kept on each: the one is for the newest frames, the
// other for a backlog that these go before.
type way struct {
	publisher *Publisher
	accepted  uint64 // highest number handed to the publisher; of the holder of uploading
	stored    uint64 // highest number stored; guarded by the intake's mu
}

// refusedFrame is a frame that the stream did not take.
type refusedFrame struct {
	frame  Frame
	reason error
}

// open finds out how far the gateway's frames are, the first time.
func (g *intake) open(ctx context.Context) error {
	if g.front != nil {
		return nil
	}
	taken, err := g.receiver.recall(ctx, g.id)
	if err != nil {
		return fmt.Errorf("last frame of gateway %q: %w", g.id, err)
	}
	var ways [2]*way
	for i := range ways {
		p, err := NewPublisher(g.receiver.conn, PublisherConfig{Gateway: g.id, MaxFrames: maxUploadEntries})
		if err != nil {
			return err
		}
		ways[i] = &way{publisher: p}
	}
	g.front, g.late = ways[0], ways[1]
	g.mu.Lock()
	g.taken, g.earlier, g.noted, g.progress = taken, taken, taken, make(chan struct{})
	g.mu.Unlock()
	for _, w := range ways {
		g.receiver.running.Go(func() {
			// It ends with ctx, or with the connection, and then its frames are given back.
			_ = w.publisher.Run(g.ctx)
		})
	}
	return nil
}

// hello answers how far the gateway's frames are, once all that were handed over before are stored.
func (g *intake) hello(ctx context.Context) ([]byte, error) {
	g.uploading.Lock()
	defer g.uploading.Unlock()
	if err := g.open(ctx); err != nil {
		return nil, err
	}
	if err := errors.Join(g.wait(ctx, g.front), g.wait(ctx, g.late)); err != nil {
		return nil, err
	}
	taken := g.stored()
	return json.Marshal(helloReply{Last: taken.last(), Ahead: taken.ahead(), Keep: g.receiver.keep().Milliseconds()})
}

// frames stores an upload, of which parts may have come before, and answers when all of it is stored.
func (g *intake) frames(ctx context.Context, body []byte) ([]byte, error) {
	g.running.Add(1)
	defer g.running.Add(-1)
	g.uploading.Lock()
	defer g.uploading.Unlock()
	if err := g.open(ctx); err != nil {
		return nil, err
	}
	r := g.receiver
	r.stats.uploads.Add(1)
	u, err := parseUpload(g.entries[:0], body)
	g.entries = u.entries
	defer clear(g.entries)
	if err != nil {
		return nil, err
	}
	taken := g.stored()
	w, hdr, err := g.wayOf(taken, &u)
	if err != nil {
		return nil, err
	}
	for i := range u.entries {
		f := &u.entries[i]
		if taken.has(f.Number) || f.Number <= w.accepted {
			r.stats.repeated.Add(1)
			continue
		}
		if err := g.store(ctx, w, f, hdr); err != nil {
			return nil, err
		}
		w.accepted = f.Number
		r.stats.entries.Add(1)
	}
	if err := g.wait(ctx, w); err != nil {
		return nil, err
	}
	if err := g.bury(ctx); err != nil {
		return nil, err
	}
	g.mu.Lock()
	g.taken = taken.cover(u.From, u.To)
	g.mu.Unlock()
	return json.Marshal(framesReply{Stored: u.To})
}

// codeBehind is the code of the answer to an upload that does not follow on what the core has.
const codeBehind = "behind"

// wayOf finds the way of an upload, and what its frames are marked with. An upload that does not follow on what was taken is refused: this
// process knows less than the one before it did, and the gateway has to send again what it keeps for that.
func (g *intake) wayOf(taken spans, u *upload) (*way, FrameHeader, error) {
	newest := len(taken) - 1
	if u.ahead {
		switch {
		case u.From < taken[newest].To:
			return nil, FrameHeader{}, fmt.Errorf("%w: frames behind %d do not go before a backlog: %d are here", errUpload, u.From, taken[newest].To)
		case len(taken) >= maxSpans:
			return nil, FrameHeader{}, fmt.Errorf("%w: frames went before a backlog %d times already", errUpload, newest)
		}
		return g.front, FrameHeader{Ahead: true}, nil
	}
	for i, one := range taken {
		switch {
		case u.From < one.From || u.From > one.To:
			continue
		case i == newest:
			return g.front, FrameHeader{Ahead: newest > 0}, nil
		}
		return g.late, FrameHeader{Late: taken[i+1].From}, nil
	}
	return nil, FrameHeader{}, &RemoteError{Code: codeBehind, Text: fmt.Sprintf("frames behind %d do not follow on what the core has, up to %d", u.From, taken[newest].To)}
}

// metadata stores documents of metadata that do not belong to frames that come now.
func (g *intake) metadata(ctx context.Context, body []byte) error {
	g.running.Add(1)
	defer g.running.Add(-1)
	g.uploading.Lock()
	defer g.uploading.Unlock()
	u, err := parseUpload(nil, body)
	if err != nil {
		return err
	}
	docs := u.entries
	g.announced = true
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
func (g *intake) store(ctx context.Context, w *way, f *Frame, hdr FrameHeader) error {
	if f.ContentType == contentMeta {
		// Once what came before it is: progress is told by the highest number alone.
		if err := g.wait(ctx, w); err != nil {
			return err
		}
		if err := g.storeMetadata(ctx, f, hdr.Late > 0); err != nil {
			return err
		}
		g.done(w, f.Number)
		return nil
	}
	subject, err := Data(g.id, f.Group, f.Writer)
	if err != nil {
		return err
	}
	frame := *f
	frame.Gateway = g.id
	hdr.ContentType, hdr.Number = f.ContentType, f.Number
	return w.publisher.PublishFrame(ctx, subject, hdr, f.Data, func(err error) {
		switch {
		case err == nil:
			g.done(w, frame.Number)
		case errors.Is(err, ErrTooLarge):
			g.mu.Lock()
			g.refused = append(g.refused, refusedFrame{frame, err})
			g.mu.Unlock()
			g.done(w, frame.Number)
		}
		// Otherwise the Receiver ends, and the frame's fate is not known: the gateway sends it again.
	})
}

// storeMetadata stores a document. Once documents came without their frames, one that comes with them is stored only if it is not known; and one of
// a backlog does not become the newest.
func (g *intake) storeMetadata(ctx context.Context, f *Frame, late bool) error {
	c := g.receiver.control
	var newest []byte
	if late || g.announced {
		versions, err := c.MetaVersions(ctx, g.id, f.Group, f.Writer)
		if err != nil {
			return err
		}
		for i := range versions {
			if bytes.Equal(versions[i].Data, f.Data) {
				return nil
			}
			newest = versions[i].Data
		}
	}
	err := c.PublishMeta(ctx, g.id, f.Group, f.Writer, contentMetaStored, f.Data)
	if err == nil && late && newest != nil {
		err = c.PublishMeta(ctx, g.id, f.Group, f.Writer, contentMetaStored, newest)
	}
	return err
}

// contentMetaStored is the content type of metadata in the core's stream.
const contentMetaStored = "application/json"

// stored returns what is stored.
func (g *intake) stored() spans {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.taken
}

// done notes that the frames of a way up to a number are stored.
func (g *intake) done(w *way, number uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if number > w.stored {
		w.stored = number
		close(g.progress)
		g.progress = make(chan struct{})
	}
}

// wait returns when all is stored that a way accepted.
func (g *intake) wait(ctx context.Context, w *way) error {
	for {
		g.mu.Lock()
		stored, progress := w.stored, g.progress
		g.mu.Unlock()
		if stored >= w.accepted {
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

// note returns what may be written down now, and whether it is other than before.
func (g *intake) note(end bool) (note spans, changed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	note = g.earlier
	if end {
		note = g.taken
	}
	g.earlier = g.taken
	changed = !slices.Equal(note, g.noted)
	g.noted = note
	return note, changed
}
