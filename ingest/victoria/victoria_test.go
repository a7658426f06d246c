package victoria

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/ingest/storetest"
)

func TestMain(m *testing.M) {
	// What runs in parallel are tests against other processes, which mostly wait.
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	// VictoriaMetrics' packages start cleaners of their global caches when they are initialised; they run already.
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

// openStore opens a store that is closed with the test.
func openStore(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(Config{Dir: dir, MinFreeDisk: 1 << 20}, zerolog.New(zerolog.NewTestWriter(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	// VictoriaMetrics leaves fsync out in tests. The killed child processes inherit this and go the real way.
	t.Setenv("DISABLE_FSYNC_FOR_TESTING", "false")
	storetest.TestStore(t, func(t *testing.T, dir string) (ingest.Store, ingest.Reader, func()) {
		s := openStore(t, dir)
		return s, s, func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestOpenOnce(t *testing.T) {
	s := openStore(t, t.TempDir())
	if _, err := Open(Config{Dir: t.TempDir()}, zerolog.Nop()); !errors.Is(err, ErrOpen) {
		t.Errorf("second open: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	openStore(t, t.TempDir())
}

func TestOpenRejects(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]Config{
		"no folder":       {},
		"a file":          {Dir: file},
		"short retention": {Dir: t.TempDir(), Retention: time.Hour},
		"negative space":  {Dir: t.TempDir(), MinFreeDisk: -1},
	}
	for name, cfg := range tests {
		t.Run(name, func(t *testing.T) {
			if s, err := Open(cfg, zerolog.Nop()); err == nil {
				t.Errorf("opened %v", s.Close())
			}
		})
	}
	openStore(t, t.TempDir()) // a refused Open must not keep the process taken
}

func TestOpenLockedFolder(t *testing.T) {
	dir := t.TempDir()
	lock, err := os.Create(filepath.Join(dir, "flock.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil { // as another process would hold it
		t.Fatal(err)
	}
	if s, err := Open(Config{Dir: dir}, zerolog.Nop()); err == nil {
		t.Errorf("opened %v", s.Close())
	}
	openStore(t, t.TempDir())
}

func TestFilesStayInDir(t *testing.T) {
	work, dir := t.TempDir(), t.TempDir()
	t.Chdir(work)
	s := openStore(t, dir)
	if err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(work)
	if err != nil || len(left) != 0 {
		t.Errorf("working directory holds %v, error %v", left, err)
	}
}

func TestCheckpointLeavesNoSnapshot(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	rows := []ingest.Row{{Name: s.AppendName(nil, "v", nil), Time: time.Now().UnixMilli(), Value: 1}}
	if err := s.Append(rows); err != nil {
		t.Fatal(err)
	}
	if s.inMemory() == 0 {
		t.Error("no rows in memory before the checkpoint: the test proves nothing")
	}
	if err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.inMemory(); n != 0 {
		t.Errorf("%d rows in memory after the checkpoint", n)
	}
	if names := s.storage.MustListSnapshots(); len(names) != 0 {
		t.Errorf("snapshots are left: %v", names)
	}
	s.storage.MustCreateSnapshot() // as if killed in the middle of a checkpoint
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if names := openStore(t, dir).storage.MustListSnapshots(); len(names) != 0 {
		t.Errorf("snapshots are left after open: %v", names)
	}
}

func TestReadOnly(t *testing.T) {
	s, err := Open(Config{Dir: t.TempDir(), MinFreeDisk: 1 << 60}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !s.ReadOnly() {
		t.Error("not read-only with less space than MinFreeDisk")
	}
	if free := s.FreeSpace(); free == 0 || free >= 1<<60 {
		t.Errorf("free space is %d", free)
	}
	rows := []ingest.Row{{Name: s.AppendName(nil, "v", nil), Time: time.Now().UnixMilli(), Value: 1}}
	if err := s.Append(rows); !errors.Is(err, ErrReadOnly) {
		t.Errorf("append: %v", err)
	}
	if err := s.Checkpoint(t.Context()); err != nil {
		t.Errorf("checkpoint: %v", err)
	}
}

func TestClosed(t *testing.T) {
	s := openStore(t, t.TempDir())
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Append(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("append: %v", err)
	}
	if err := s.Checkpoint(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("checkpoint: %v", err)
	}
	if got, err := s.Series(t.Context(), "v", nil, time.Time{}, 1); err == nil {
		t.Errorf("series: %v and no error", got)
	}
	if s.ReadOnly() {
		t.Error("a closed store is read-only")
	}
}
