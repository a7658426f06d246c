package victoria

import (
	"errors"
	"flag"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/logger"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/storage"
	"github.com/rs/zerolog"
)

// ErrOpen is returned by Open while another Store of this process is open.
var ErrOpen = errors.New("another VictoriaMetrics store is open in this process: close it first")

// dedupInterval makes repeated samples one. One millisecond is the resolution of the store, so no true sample is lost.
const dedupInterval = time.Millisecond

// flushInterval is how long rows may stay in memory when nobody calls Checkpoint.
const flushInterval = 5 * time.Second

// process guards what VictoriaMetrics has once per process. Only this file writes it.
var process struct {
	mu   sync.Mutex
	open bool
	log  logWriter
}

// acquire takes the process for one store and sets every global of VictoriaMetrics for it.
func acquire(cfg Config, log zerolog.Logger) error {
	process.mu.Lock()
	defer process.mu.Unlock()
	if process.open {
		return ErrOpen
	}
	if err := setFlags(cfg); err != nil {
		return err
	}
	storage.SetDedupInterval(dedupInterval)
	storage.SetDataFlushInterval(flushInterval)
	storage.SetFreeDiskSpaceLimit(cfg.MinFreeDisk)
	storage.SetFinalDedupScheduleInterval(time.Hour)

	process.log.to.Store(&log)
	logger.SetOutputForTests(&process.log)
	process.open = true
	return nil
}

// release lets another store be opened.
func release() {
	process.mu.Lock()
	defer process.mu.Unlock()
	process.open = false
}

// setFlags sets the flags that app/vmselect and the libraries below it read. The memory limit is read once per process,
// by the first store.
func setFlags(cfg Config) error {
	flags := []struct{ name, value string }{
		// vmselect keeps its temporary files and caches below it; without it they go to ./victoria-metrics-data.
		{"storageDataPath", cfg.Dir},
		{"loggerLevel", "WARN"},
		// The default format with no timestamp is what logWriter parses. Not json: it exits without a stack on a panic.
		{"loggerFormat", "default"},
		{"loggerDisableTimestamps", "true"},
		// Browsers must not let any web page of the company read the plant's data.
		{"http.disableCORS", "true"},
		// Samples are shown as soon as they are stored, and never replaced by the previous point: they are not scraped.
		{"search.latencyOffset", "0s"},
		{"search.maxStepForPointsAdjustment", "0s"},
		// Gateways deliver late after an outage; a cached result would hide what came in since.
		{"search.disableCache", "true"},
		{"search.maxQueryDuration", cfg.QueryTimeout.String()},
		// Close waits for requests; the default of 30 days is too long for that.
		{"search.maxExportDuration", max(cfg.QueryTimeout, 5*time.Minute).String()},
		{"search.maxSeries", strconv.Itoa(maxSeries)},
		// Thousands of nodes are named in one query; see api.SamplesOf.
		{"search.maxQueryLen", strconv.Itoa(ownMaxQuery)},
	}
	if cfg.Memory > 0 {
		flags = append(flags, struct{ name, value string }{"memory.allowedBytes", strconv.FormatInt(cfg.Memory, 10)})
	} else {
		flags = append(flags, struct{ name, value string }{"memory.allowedPercent", "25"})
	}
	for _, f := range flags {
		if err := flag.Set(f.name, f.value); err != nil {
			return fmt.Errorf("set VictoriaMetrics flag %s=%q: %w", f.name, f.value, err)
		}
	}
	if !flag.Parsed() {
		// VictoriaMetrics refuses to work before the flags are parsed. Our command line is not its business.
		if err := flag.CommandLine.Parse(nil); err != nil {
			return fmt.Errorf("parse VictoriaMetrics flags: %w", err)
		}
	}
	return nil
}

// maxQueries is how many queries run at once; a query uses all processors, more of them only compete for memory.
func maxQueries() int { return min(2*runtime.GOMAXPROCS(0), 16) }

// logWriter turns the lines of VictoriaMetrics' own logger, "level<tab>file:line<tab>message", into events.
type logWriter struct {
	to atomic.Pointer[zerolog.Logger]
}

// Write logs one line. It never fails.
func (w *logWriter) Write(line []byte) (int, error) {
	level, rest, _ := strings.Cut(strings.TrimRight(string(line), "\n"), "\t")
	caller, detail, found := strings.Cut(rest, "\t")
	if !found {
		caller, detail = "", string(line)
	}
	// WithLevel neither exits nor panics: VictoriaMetrics does that by itself after the line is written.
	w.to.Load().WithLevel(zerologLevel(level)).Str("caller", caller).Str("detail", detail).Msg("victoriametrics")
	return len(line), nil
}

func zerologLevel(name string) zerolog.Level {
	switch name {
	case "info":
		return zerolog.InfoLevel
	case "warn":
		return zerolog.WarnLevel
	case "fatal":
		return zerolog.FatalLevel
	case "panic":
		return zerolog.PanicLevel
	default:
		return zerolog.ErrorLevel
	}
}
