package victoria

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxHealthPage bounds what is read of a /metrics page; a large cluster's have some 2 MiB.
const maxHealthPage = 64 << 20

// maxHealthLine bounds one line of it.
const maxHealthLine = 1 << 20

// healthPage is what the /metrics page of a VictoriaMetrics process tells about it.
type healthPage struct {
	// start is when the process was started, in whole seconds since 1970; uptime is its age in seconds, by at most a second too low.
	start, uptime float64
	// flush is its -inmemoryDataFlushInterval, 0 for a process that has none.
	flush time.Duration
	// dedup is its -dedup.minScrapeInterval, if it has one.
	dedup    time.Duration
	hasDedup bool
}

// The beginnings of the lines that are read. VictoriaMetrics shows its flags, but for the secret ones, as metrics too: unlike /flags the
// page has those that are not set, cannot be locked apart from /metrics, and is certain to be of the same process.
const (
	lineStart  = "process_start_time_seconds "
	lineUptime = "vm_app_uptime_seconds "
	lineFlush  = `flag{name="inmemoryDataFlushInterval", value="`
	lineDedup  = `flag{name="dedup.minScrapeInterval", value="`
)

// readHealth reads the page at url.
func readHealth(ctx context.Context, client *http.Client, url string) (healthPage, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return healthPage{}, shortError(err)
	}
	req.Header.Set("Accept-Encoding", "identity") // it is read often, and mostly near by
	resp, err := client.Do(req)
	if err != nil {
		return healthPage{}, shortError(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return healthPage{}, newAnswerError(resp)
	}
	return parseHealth(io.LimitReader(resp.Body, maxHealthPage))
}

// parseHealth reads a page in the Prometheus text format.
func parseHealth(r io.Reader) (page healthPage, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 16<<10), maxHealthLine)
	hasStart, hasUptime := false, false
	for lines.Scan() {
		line := lines.Bytes()
		if value, ok := bytes.CutPrefix(line, []byte(lineStart)); ok {
			page.start, err = strconv.ParseFloat(string(bytes.TrimSpace(value)), 64)
			hasStart = true
		} else if value, ok := bytes.CutPrefix(line, []byte(lineUptime)); ok {
			page.uptime, err = strconv.ParseFloat(string(bytes.TrimSpace(value)), 64)
			hasUptime = true
		} else if value, ok := bytes.CutPrefix(line, []byte(lineFlush)); ok {
			page.flush, err = flagDuration(value)
		} else if value, ok := bytes.CutPrefix(line, []byte(lineDedup)); ok {
			page.dedup, err = flagDuration(value)
			page.hasDedup = true
		}
		if err != nil {
			return healthPage{}, fmt.Errorf("read metrics line %q: %w", line[:min(len(line), maxErrorText)], err)
		}
	}
	if err := lines.Err(); err != nil {
		return healthPage{}, fmt.Errorf("read metrics: %w", err)
	}
	if !hasStart || !hasUptime {
		return healthPage{}, errors.New("the page has no process_start_time_seconds and vm_app_uptime_seconds: name the /metrics of a VictoriaMetrics process")
	}
	return page, nil
}

// flagDuration reads the value of a flag up to its closing quote.
func flagDuration(value []byte) (time.Duration, error) {
	text, _, found := bytes.Cut(value, []byte{'"'})
	if !found {
		return 0, errors.New("the value has no end")
	}
	return time.ParseDuration(string(text))
}
