package victoria

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/encoding/zstd"
	"github.com/klauspost/compress/s2"
)

const (
	// maxTries is how often one request is sent within one Append.
	maxTries = 5
	// minPause and maxPause are the first and the longest pause between tries.
	minPause, maxPause = 100 * time.Millisecond, 2 * time.Second
	// slowWrite is the time after which a request says that the remote is overloaded.
	slowWrite = time.Second
	// maxErrorText bounds what is read of, and said about, a bad answer.
	maxErrorText = 300
	// zstdLevel is the fastest one.
	zstdLevel = 1
)

// request is a part of a plan on its way to the remote.
type request struct {
	ctx      context.Context
	plan     *plan
	from, to int // groups
	rows     int
	err      error
	done     func()
}

// sender sends one request at a time, and so bounds memory: it owns the buffers.
type sender struct {
	remote *Remote
	// url is the index of the write URL to use next.
	url        int
	raw        []byte
	compressed []byte
	// sent counts readers of compressed that the HTTP client has not closed yet.
	sent *atomic.Int32
}

func (s *sender) run() {
	for q := range s.remote.requests {
		s.raw = q.plan.appendRequest(s.raw[:0], q.from, q.to)
		q.err = s.send(q)
		q.done()
	}
}

// send sends a request until the remote takes it, or it makes no sense to try again.
func (s *sender) send(q *request) error {
	r := s.remote
	snappy := r.snappy.Load()
	var err error
	for try := 1; ; try++ {
		s.compress(snappy)
		urls := r.cfg.WriteURLs
		if err = s.post(q.ctx, urls[s.url%len(urls)], snappy); err == nil {
			s.accepted(snappy)
			return nil
		}
		s.url++
		var answer *answerError
		if errors.As(err, &answer) && answer.maybeEncoding() && !snappy && !r.zstd.Load() {
			snappy = true // perhaps it only does not know zstd: at once again
			continue
		}
		if try >= maxTries || errors.As(err, &answer) && !answer.passing() {
			return err
		}
		r.counters.retries.Inc()
		if !pause(q.ctx, try) {
			return fmt.Errorf("not taken within %s: %w", r.cfg.Timeout, err)
		}
	}
}

// accepted remembers which compression the remote knows.
func (s *sender) accepted(snappy bool) {
	r := s.remote
	switch {
	case !snappy && !r.zstd.Load():
		r.zstd.Store(true)
	case snappy && !r.snappy.Swap(true):
		r.log.Warn().Msg("remote store does not take zstd, going on with snappy")
	}
}

// compress fills compressed. It gives a buffer away that a request which was cut short may still read.
func (s *sender) compress(snappy bool) {
	if s.sent == nil || s.sent.Load() != 0 {
		s.sent, s.compressed = new(atomic.Int32), nil
	}
	if !snappy {
		s.compressed = zstd.CompressLevel(s.compressed[:0], s.raw, zstdLevel)
		return
	}
	s.compressed = s2.EncodeSnappy(s.compressed[:cap(s.compressed)], s.raw)
}

// post sends compressed once.
func (s *sender) post(ctx context.Context, url string, snappy bool) error {
	r := s.remote
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, s.body())
	if err != nil {
		return err
	}
	req.GetBody = func() (io.ReadCloser, error) { return s.body(), nil }
	req.ContentLength = int64(len(s.compressed))
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", encodingName(snappy))
	req.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	req.Header.Set("User-Agent", "shopfloor")

	r.counters.requests.Inc()
	r.counters.bytes.Add(len(s.compressed))
	r.counters.inFlight.Add(1)
	defer r.counters.inFlight.Add(-1)
	end := r.nodes.wrote()
	started := time.Now()
	resp, err := r.client.Do(req)
	if err != nil {
		end(givenUp(ctx, err))
		return fmt.Errorf("%s: %w", hideQuery(req.URL), shortError(err))
	}
	defer resp.Body.Close()
	r.counters.seconds.UpdateDuration(started)
	if resp.StatusCode/100 == 2 {
		_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection is used again
		end(err == nil)
		return nil // the rows are taken, whatever became of the rest of the answer
	}
	end(true)
	answer := newAnswerError(resp)
	if answer.passing() {
		r.nodes.overloaded()
	}
	return answer
}

// givenUp reports whether a failed request was given up from here, and so says nothing about the remote.
func givenUp(ctx context.Context, err error) bool {
	return errors.Is(err, context.Canceled) && ctx.Err() != nil
}

func encodingName(snappy bool) string {
	if snappy {
		return CompressionSnappy
	}
	return CompressionZstd
}

// body returns a reader of compressed.
func (s *sender) body() io.ReadCloser {
	s.sent.Add(1)
	return &sentBody{Reader: bytes.NewReader(s.compressed), sent: s.sent}
}

// sentBody tells when the HTTP client is done with a buffer: it may read on after its answer.
type sentBody struct {
	*bytes.Reader
	sent   *atomic.Int32
	closed atomic.Bool
}

// Close may be called several times.
func (b *sentBody) Close() error {
	if !b.closed.Swap(true) {
		b.sent.Add(-1)
	}
	return nil
}

// pause waits before the next try; it returns false when ctx ended.
func pause(ctx context.Context, try int) bool {
	d := min(minPause<<(try-1), maxPause)
	return sleep(ctx, d/2+rand.N(d))
}

// answerError is an answer other than 2xx.
type answerError struct {
	status int
	url    string
	line   string // the first line of the answer
}

func newAnswerError(resp *http.Response) *answerError {
	text, _ := bufio.NewReaderSize(io.LimitReader(resp.Body, maxErrorText), maxErrorText).ReadString('\n')
	return &answerError{status: resp.StatusCode, url: hideQuery(resp.Request.URL), line: strings.ToValidUTF8(strings.TrimSpace(text), "?")}
}

// Error names address, status, reason, and what to do about it.
func (e *answerError) Error() string {
	text := fmt.Sprintf("%s answered %d %s", e.url, e.status, http.StatusText(e.status))
	if e.line != "" {
		text += ": " + e.line
	}
	switch {
	case e.status == http.StatusUnauthorized || e.status == http.StatusForbidden:
		text += ": check username, password or token"
	case e.status == http.StatusNotFound || e.status == http.StatusMethodNotAllowed:
		text += ": check the path of the URL"
	case e.status/100 == 3:
		text += ": redirects are not followed, name the final URL"
	}
	return text
}

// passing reports whether the same request may be taken later.
func (e *answerError) passing() bool {
	return e.status >= 500 || e.status == http.StatusTooManyRequests || e.status == http.StatusRequestTimeout
}

// maybeEncoding reports whether the reason may be that the remote does not know the compression.
func (e *answerError) maybeEncoding() bool {
	return e.status == http.StatusUnsupportedMediaType || e.status == http.StatusBadRequest
}
