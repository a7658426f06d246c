package bus

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockFile is the file in the store folder that carries the lock. It stays behind when the lock is gone: removing it
// would let two processes lock two different files of the same name.
const lockFile = "shopfloor.lock"

// lockDir takes the exclusive lock of a store folder. NATS takes none itself: a second server would start on the same
// files without a word and destroy them. The lock ends with Close, and with the process in any case.
func lockDir(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("store folder %s: %w: stop it, or give this one another folder", dir, ErrLocked)
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}
