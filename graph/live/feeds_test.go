package live

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// press writes documents by hand.
type press struct {
	h       *Feeds
	started int
	in      chan Document
	written int // documents of all that is known
}

func newPress(cfg Config) *press { return &press{h: NewFeeds(cfg), in: make(chan Document)} }

func (p *press) produce(ctx context.Context, f *Feed) {
	for {
		select {
		case <-ctx.Done():
			return
		case d := <-p.in:
			if f.Add(d); d.Last {
				return
			}
		case w := <-f.Wholes():
			f.Answer(w, func(sequence uint64, overflow bool) Document {
				p.written++
				return Document{Data: fmt.Appendf(nil, "all of %d %t", sequence, overflow)}
			})
		}
	}
}

func (p *press) subscribe(t *testing.T, key string, resume *Resume) *Reader {
	t.Helper()
	u, err := p.h.Subscribe(t.Context(), key, resume, func(ctx context.Context, f *Feed) {
		p.started++
		p.produce(ctx, f)
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (p *press) write(texts ...string) {
	for _, text := range texts {
		p.in <- Document{Data: []byte(text)}
	}
	synctest.Wait()
}

// reads compares the next documents, each with its sequence before it.
func reads(t *testing.T, u *Reader, want ...string) {
	t.Helper()
	for _, w := range want {
		d, err := u.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%d %s", d.Sequence, d.Data); got != w {
			t.Fatalf("got %.40q, want %.40q", got, w)
		}
	}
}

func TestReadersShareAFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(Config{Linger: 10 * time.Second})
		defer p.h.Close()
		a := p.subscribe(t, "x", nil)
		p.write("one", "two")
		reads(t, a, "1 one", "2 two")
		b, c := p.subscribe(t, "x", nil), p.subscribe(t, "x", nil)
		reads(t, b, "2 all of 2 false")
		reads(t, c, "2 all of 2 false")
		if p.written != 1 {
			t.Errorf("%d documents of all for two readers", p.written)
		}
		p.write("three")
		id := a.feed.ID()
		reads(t, p.subscribe(t, "x", &Resume{id, 1}), "2 two", "3 three")
		reads(t, p.subscribe(t, "x", &Resume{id, 3000}), "3 all of 3 true")
		reads(t, p.subscribe(t, "x", &Resume{"other", 3}), "3 all of 3 true")
		reads(t, b, "3 three")
		if f := p.h.Figures(); p.started != 1 || f.Streams != 1 || f.Subscribers != 6 || f.Resumed != 1 || f.Gaps != 2 || f.Deliveries != 9 {
			t.Errorf("started %d, %+v", p.started, f)
		}
	})
}

func TestReaderThatResumesAFreshFeedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(Config{})
		defer p.h.Close()
		u := p.subscribe(t, "x", &Resume{"gone", 7})
		p.write("one")
		reads(t, u, "1 all of 1 true")
		p.write("two")
		reads(t, u, "2 two")
	})
}

func TestSlowReaderSlowsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(Config{KeepBytes: 20 << 10})
		defer p.h.Close()
		slow, fast := p.subscribe(t, "x", nil), p.subscribe(t, "x", nil)
		p.write("one")
		reads(t, slow, "1 one")
		reads(t, fast, "1 one")
		large := strings.Repeat("x", 4<<10)
		for i := range 10 {
			p.write(large)
			reads(t, fast, fmt.Sprintf("%d %s", i+2, large))
		}
		if f := p.h.Figures(); f.Bytes > 20<<10 || f.Bytes < 16<<10 {
			t.Errorf("%d bytes are kept", f.Bytes)
		}
		reads(t, slow, "11 all of 11 true")
		p.write("last")
		reads(t, slow, "12 last")
		if f := p.h.Figures(); f.Skipped == 0 {
			t.Errorf("figures %+v", f)
		}
	})
}

func TestFeedLingersAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(Config{Linger: 10 * time.Second, MaxStreams: 1})
		a := p.subscribe(t, "x", nil)
		p.write("one")
		reads(t, a, "1 one")
		if _, err := p.h.Subscribe(t.Context(), "y", nil, p.produce); !errors.Is(err, ErrStreams) {
			t.Errorf("error %v, want %v", err, ErrStreams)
		}
		a.Close()
		a.Close() // does nothing
		time.Sleep(9 * time.Second)
		b := p.subscribe(t, "x", &Resume{a.feed.ID(), 0})
		reads(t, b, "1 one")
		b.Close()
		time.Sleep(11 * time.Second)
		if f := p.h.Figures(); f.Streams != 0 || f.Bytes != 0 {
			t.Errorf("%+v after all have left", f)
		}
		// One that nobody reads makes room.
		p.subscribe(t, "x", nil).Close()
		synctest.Wait()
		c := p.subscribe(t, "y", nil)
		synctest.Wait()
		if f := p.h.Figures(); f.Streams != 1 || p.started != 3 {
			t.Errorf("%+v, started %d", f, p.started)
		}
		p.h.Close()
		if _, err := c.Next(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("error %v, want %v", err, ErrClosed)
		}
		if _, err := p.h.Subscribe(t.Context(), "x", nil, p.produce); !errors.Is(err, ErrClosed) {
			t.Errorf("error %v, want %v", err, ErrClosed)
		}
	})
}

func TestLastDocumentEndsAFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPress(Config{})
		defer p.h.Close()
		a, late := p.subscribe(t, "x", nil), p.subscribe(t, "x", &Resume{"other", 1})
		p.in <- Document{Data: []byte("null"), Last: true}
		synctest.Wait()
		for _, u := range []*Reader{a, late} {
			if d, err := u.Next(t.Context()); err != nil || !d.Last || string(d.Data) != "null" {
				t.Errorf("%+v, %v", d, err)
			}
		}
		b := p.subscribe(t, "x", nil)
		p.write("one")
		reads(t, b, "1 one")
		if p.started != 2 {
			t.Errorf("started %d", p.started)
		}
	})
}
