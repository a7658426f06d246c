package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// benchLiveReceived is what the clients got in the time that was measured.
type benchLiveReceived struct {
	Deliveries     uint64 `json:"deliveries"`
	ValuesReceived uint64 `json:"values_received"`
	// Lost are values that are missing between those that came: each variable counts its values. Repeated came more than once, as in a delivery
	// of all current values.
	Lost     uint64 `json:"lost"`
	Repeated uint64 `json:"repeated"`
	// OutOfSequence are deliveries whose sequence was not the next one although they did not tell of skipped values, Overflows those that told.
	OutOfSequence uint64 `json:"out_of_sequence"`
	Overflows     uint64 `json:"overflows"`
	// FewestValues is what the subscriber got that got the fewest, FewestShare the part of what its variables offered.
	FewestValues uint64  `json:"fewest_values"`
	FewestShare  float64 `json:"fewest_share"`
	// LongestSilenceMs is the longest time between two deliveries to a subscriber.
	LongestSilenceMs float64 `json:"longest_silence_ms"`
	// Latencies are from the source timestamp to the receipt by the client.
	LatencyP50Ms float64 `json:"latency_p50_ms"`
	LatencyP99Ms float64 `json:"latency_p99_ms"`
	LatencyMaxMs float64 `json:"latency_max_ms"`
	// Disconnected subscribers lost their connection; Failure is the first reason.
	Disconnected int    `json:"disconnected"`
	Failure      string `json:"failure,omitempty"`
}

// benchLiveStalled is what stalled clients saw that read after all.
type benchLiveStalled struct {
	// StalledDeliveries waited in their sockets, StalledReasons are how many connections ended how.
	StalledDeliveries uint64         `json:"stalled_deliveries"`
	StalledReasons    map[string]int `json:"stalled_reasons,omitempty"`
}

// benchClients are the clients' process. It ends when its input is closed.
type benchClients struct {
	command *exec.Cmd
	input   io.WriteCloser
	output  *json.Decoder
}

// clientsReady is what the process prints when all subscribers had all of their values.
type clientsReady struct {
	Seconds float64 `json:"seconds"`
	Failure string  `json:"failure,omitempty"`
}

func startBenchClients(ctx context.Context, cfg *benchLiveConfig, url string, progress io.Writer) (*benchClients, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the program: %w", err)
	}
	args := []string{
		"bench", "live", "--clients", "--url", url, "--subscribers", strconv.Itoa(cfg.subscribers), "--values", strconv.Itoa(cfg.values), "--rate", fmt.Sprint(cfg.rate),
		"--publishing", cfg.publishing.String(), "--duration", cfg.duration.String(), "--stalled", strconv.Itoa(cfg.stalled), "--nodes", strconv.Itoa(cfg.nodes),
		"--distinct=" + strconv.FormatBool(cfg.distinct),
	}
	fmt.Fprintf(progress, "clients: %d, each with %d values\n", cfg.subscribers+cfg.stalled, cfg.values)
	c := &benchClients{command: exec.CommandContext(ctx, self, args...)}
	c.command.Stderr = progress
	if c.input, err = c.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.output = json.NewDecoder(out)
	if err := c.command.Start(); err != nil {
		return nil, fmt.Errorf("start the clients: %w", err)
	}
	return c, nil
}

// subscribed waits until all subscribers had all of their values, and returns how long that took.
func (c *benchClients) subscribed() (seconds float64, err error) {
	var ready clientsReady
	if err := c.output.Decode(&ready); err != nil {
		return 0, fmt.Errorf("clients: %w", err)
	}
	if ready.Failure != "" {
		return 0, fmt.Errorf("clients: %s", ready.Failure)
	}
	return ready.Seconds, nil
}

type clientsCounted struct {
	received benchLiveReceived
	err      error
}

// count has them count for the time that is measured.
func (c *benchClients) count() <-chan clientsCounted {
	out := make(chan clientsCounted, 1)
	go func() {
		var r clientsCounted
		if _, err := fmt.Fprintln(c.input, "count"); err != nil {
			r.err = fmt.Errorf("clients: %w", err)
		} else if err := c.output.Decode(&r.received); err != nil {
			r.err = fmt.Errorf("clients: %w", err)
		}
		out <- r
	}()
	return out
}

// askStalled has the stalled clients read after all.
func (c *benchClients) askStalled() (r benchLiveStalled, err error) {
	if _, err := fmt.Fprintln(c.input, "ask"); err != nil {
		return r, fmt.Errorf("clients: %w", err)
	}
	if err := c.output.Decode(&r); err != nil {
		return r, fmt.Errorf("clients: %w", err)
	}
	return r, nil
}

func (c *benchClients) stop() error {
	_ = c.input.Close() // it is closed already when the process ended
	if err := c.command.Wait(); err != nil {
		return fmt.Errorf("clients: %w", err)
	}
	return nil
}

// subscribeTimeout is how long all subscribers may take to have all of their values.
const subscribeTimeout = 2 * time.Minute

// serveClients is the clients' process: it subscribes, waits for a line, counts for the time that is measured and tells what it got; after another line it
// tells of the stalled ones.
func serveClients(ctx context.Context, cfg *benchLiveConfig, stdin io.Reader, stdout io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := make(chan struct{})
	go func() {
		defer cancel()
		for s := bufio.NewScanner(stdin); s.Scan(); {
			select {
			case lines <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	begin := time.Now()
	fleet, err := subscribeFleet(ctx, cfg)
	defer fleet.close()
	if err != nil {
		return errors.Join(json.NewEncoder(stdout).Encode(clientsReady{Failure: err.Error()}))
	}
	if err := json.NewEncoder(stdout).Encode(clientsReady{Seconds: time.Since(begin).Seconds()}); err != nil {
		return err
	}
	select {
	case <-lines:
	case <-ctx.Done():
		return nil
	}
	fleet.count(true)
	if pause(ctx, cfg.duration) != nil {
		return nil
	}
	fleet.count(false)
	if err := json.NewEncoder(stdout).Encode(fleet.received(cfg)); err != nil {
		return err
	}
	select {
	case <-lines: // the platform was looked at while the clients were still there
	case <-ctx.Done():
		return nil
	}
	return json.NewEncoder(stdout).Encode(fleet.askStalled())
}
