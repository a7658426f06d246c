package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// liveClient is one subscriber. It reads the text of deliveries without decoding it as JSON, so that a thousand of them take little of the machine.
type liveClient struct {
	fleet    *fleet
	conn     *websocket.Conn
	complete chan struct{} // closed when all values came once
	ended    chan struct{} // closed when the connection is; err tells why
	err      error

	counts   []uint64 // the newest of each item, 0 before the first
	known    int
	sequence uint64
	clock    clock

	mu  sync.Mutex
	got liveCounts
}

// liveCounts is what a subscriber got in the time that is measured.
type liveCounts struct {
	deliveries, values, lost, repeated, outOfSequence, overflows uint64

	last    time.Time // of a delivery
	silence time.Duration
}

func newLiveClient(f *fleet, conn *websocket.Conn, cfg *benchLiveConfig) *liveClient {
	return &liveClient{fleet: f, conn: conn, complete: make(chan struct{}), ended: make(chan struct{}), counts: make([]uint64, cfg.values)}
}

// read takes messages until the connection or ctx ends.
func (c *liveClient) read(ctx context.Context) {
	defer close(c.ended)
	defer func() { _ = c.conn.CloseNow() }()
	var message bytes.Buffer
	for {
		_, r, err := c.conn.Reader(ctx)
		if err == nil {
			message.Reset()
			_, err = io.Copy(&message, r)
		}
		if err == nil && bytes.Contains(message.Bytes(), []byte(`"type":"ping"`)) {
			err = c.conn.Write(ctx, websocket.MessageText, []byte(`{"type":"pong"}`))
		}
		if err != nil {
			c.err = err
			return
		}
		switch {
		case bytes.Contains(message.Bytes(), []byte(`"errors":[`)), bytes.Contains(message.Bytes(), []byte(`"type":"error"`)):
			c.err = fmt.Errorf("the platform answered %.500s", message.Bytes())
			return
		case bytes.Contains(message.Bytes(), []byte(`"changes":[`)):
			c.take(message.Bytes(), time.Now())
		}
	}
}

// take counts a delivery.
func (c *liveClient) take(text []byte, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	counting := c.fleet.counting.Load()
	sequence, overflow := number(text, `"sequence":"`), bytes.Contains(text, []byte(`"overflow":true`))
	if counting {
		c.got.deliveries++
		c.got.silence, c.got.last = max(c.got.silence, now.Sub(c.got.last)), now
		switch {
		case overflow:
			c.got.overflows++
		case sequence != c.sequence+1:
			c.got.outOfSequence++
		}
	}
	c.sequence = sequence
	for {
		at := bytes.Index(text, []byte(`{"item":`))
		if at < 0 {
			return
		}
		text = text[at:]
		item, n := number(text, `{"item":`), number(text, `"value":{"value":`)
		stamp := bytes.Index(text, []byte(`"sourceTimestamp":"`))
		text = text[len(`{"item":`):]
		if stamp >= 0 && n > 0 && item < uint64(len(c.counts)) {
			c.value(item, n, text[stamp+len(`"sourceTimestamp":"`)-len(`{"item":`):], now, counting)
		}
	}
}

// value counts one. Values that come again, as in a delivery of all current ones, are not received twice.
func (c *liveClient) value(item, n uint64, stamp []byte, now time.Time, counting bool) {
	before := c.counts[item]
	c.counts[item] = max(before, n)
	if before == 0 {
		if c.known++; c.known == len(c.counts) {
			close(c.complete)
		}
		return
	}
	switch {
	case !counting:
		return
	case n <= before:
		c.got.repeated++
		return
	}
	c.got.lost += n - before - 1
	c.got.values++
	c.fleet.latencies.add(now.Sub(c.clock.parse(stamp)))
}

// number is the one that follows a key.
func number(text []byte, key string) (n uint64) {
	at := bytes.Index(text, []byte(key))
	if at < 0 {
		return 0
	}
	for _, d := range text[at+len(key):] {
		if d < '0' || d > '9' {
			break
		}
		n = 10*n + uint64(d-'0')
	}
	return n
}

// clock reads times of day, most of which are in the same second as the one before.
type clock struct {
	text   string
	second time.Time
}

const clockSecond = len("2006-01-02T15:04:05")

func (c *clock) parse(stamp []byte) time.Time {
	if len(stamp) < clockSecond+1 {
		return time.Time{}
	}
	if string(stamp[:clockSecond]) != c.text {
		c.text = string(stamp[:clockSecond])
		c.second, _ = time.Parse("2006-01-02T15:04:05", c.text)
	}
	fraction, _, _ := bytes.Cut(stamp[clockSecond:min(len(stamp), clockSecond+12)], []byte("Z"))
	f, _ := strconv.ParseFloat("0"+string(fraction), 64)
	return c.second.Add(time.Duration(f * float64(time.Second)))
}

// latencyCounts counts times by the millisecond, up to a minute.
type latencyCounts struct{ counts [60_000]atomic.Uint64 }

func (l *latencyCounts) add(d time.Duration) {
	l.counts[min(max(int(d/time.Millisecond), 0), len(l.counts)-1)].Add(1)
}

// share is the time in ms that a share of all are not above.
func (l *latencyCounts) share(q float64) float64 {
	total := uint64(0)
	for i := range l.counts {
		total += l.counts[i].Load()
	}
	n, last := uint64(0), 0
	for i := range l.counts {
		if v := l.counts[i].Load(); v > 0 {
			n, last = n+v, i
			if float64(n) >= q*float64(total) {
				break
			}
		}
	}
	return float64(last + 1)
}
