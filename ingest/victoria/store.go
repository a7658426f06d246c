package victoria

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/app/vmselect"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/fs"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/storage"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// ErrClosed is returned after Close.
var ErrClosed = errors.New("the VictoriaMetrics store is closed")

// ErrReadOnly is returned by Append when less than Config.MinFreeDisk bytes are free. It ends by itself, within two
// seconds after space has been made.
var ErrReadOnly = errors.New("the VictoriaMetrics store is read-only because the disk is nearly full: free some space or lower min_free_disk")

// Config says where and how the series are kept. The zero value of every field but Dir means its default.
type Config struct {
	// Dir is the data folder; it is made when it is missing. It belongs to this store alone and is locked while open.
	Dir string
	// Retention is how long samples are kept, by whole months. Default 365 days, at least 24 h.
	Retention time.Duration
	// MinFreeDisk is the number of free bytes on the disk of Dir below which Append returns ErrReadOnly. Default 512 MiB.
	MinFreeDisk int64
	// Memory is the number of bytes that caches may grow to. Default a quarter of the machine's memory (or of the
	// container's limit). The first store of a process sets it.
	Memory int64
	// QueryTimeout is the longest a query may run. Default 30 s.
	QueryTimeout time.Duration
}

func (c Config) withDefaults() (Config, error) {
	if c.Dir == "" {
		return c, errors.New("dir is empty: name the data folder")
	}
	if c.Retention == 0 {
		c.Retention = 365 * 24 * time.Hour
	}
	if c.Retention < 24*time.Hour {
		return c, fmt.Errorf("retention %s is too short: at least 24h", c.Retention)
	}
	if c.MinFreeDisk < 0 || c.Memory < 0 || c.QueryTimeout < 0 {
		return c, fmt.Errorf("min_free_disk %d, memory %d and query_timeout %s must not be negative", c.MinFreeDisk, c.Memory, c.QueryTimeout)
	}
	if c.MinFreeDisk == 0 {
		c.MinFreeDisk = 512 << 20
	}
	if c.QueryTimeout == 0 {
		c.QueryTimeout = 30 * time.Second
	}
	return c, nil
}

// Store is an open VictoriaMetrics. All methods may be called from several goroutines; Append and Checkpoint not at the
// same time (see ingest.Store).
type Store struct {
	api // Series and Samples, through the store's own HTTP API

	dir     string
	storage *storage.Storage
	handler http.Handler
	batches sync.Pool // of *batch

	checkpointing sync.Mutex

	// mu is held shared by whatever uses storage, and exclusively by Close.
	mu     sync.RWMutex
	closed bool
}

var (
	_ ingest.Store  = (*Store)(nil)
	_ ingest.Reader = (*Store)(nil)
)

// Open opens or makes the store in cfg.Dir. It takes some 50 ms plus the time to read the part names; nothing is replayed.
// Errors are of the configuration, of the folder (which another process may have locked), or ErrOpen. VictoriaMetrics
// ends the process when its files are damaged; the reason is in the log.
func Open(cfg Config, log zerolog.Logger) (*Store, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("open VictoriaMetrics: %w", err)
	}
	// VictoriaMetrics would panic where this gives an error.
	if err := os.MkdirAll(cfg.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("open VictoriaMetrics: %w", err)
	}
	if err := acquire(cfg, log); err != nil {
		return nil, fmt.Errorf("open VictoriaMetrics in %s: %w", cfg.Dir, err)
	}
	s := &Store{dir: cfg.Dir}
	if s.storage, err = openStorage(cfg); err != nil {
		release()
		return nil, fmt.Errorf("open VictoriaMetrics in %s: %w", cfg.Dir, err)
	}
	if err := s.removeSnapshots(); err != nil {
		s.storage.MustClose()
		release()
		return nil, fmt.Errorf("open VictoriaMetrics in %s: %w", cfg.Dir, err)
	}
	attach(s.storage)
	vmselect.Init(maxQueries(), cfg.QueryTimeout)
	s.handler = s.whileOpen(queryMux(http.HandlerFunc(serveQuery)))
	s.api = api{client: &http.Client{Transport: inProcess{s.handler}}, base: "http://embedded/prometheus", maxSelector: (ownMaxQuery - queryOverhead) / 2}
	return s, nil
}

// openStorage opens the storage engine. It reports what it finds wrong by a panic, after a line in the log.
func openStorage(cfg Config) (st *storage.Storage, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("%v", reason)
		}
	}()
	return storage.MustOpenStorage(cfg.Dir, storage.OpenOptions{
		Retention:             cfg.Retention,
		FutureRetention:       48 * time.Hour,
		TrackMetricNamesStats: true,
	}), nil
}

// Close waits for calls and requests that are running, writes everything to disk and closes the store. Shut the HTTP
// server down first: a client that reads an export slowly would hold Close up. A second Close does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	vmselect.Stop()
	detach()
	s.storage.MustClose()
	fs.MustStopDirRemover()
	release()
	return nil
}

// ReadOnly reports whether Append would return ErrReadOnly.
func (s *Store) ReadOnly() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return !s.closed && s.storage.IsReadOnly()
}

// FreeSpace returns the free bytes on the disk of the data folder. It is at most two seconds old.
func (s *Store) FreeSpace() uint64 {
	return fs.MustGetFreeSpace(s.dir)
}
