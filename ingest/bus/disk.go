package bus

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
)

// disk returns the bytes free for this user and the size of the file system that holds dir.
func disk(dir string) (free, size int64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, fmt.Errorf("statfs %s: %w", dir, err)
	}
	block := int64(s.Bsize)
	return int64(s.Bavail) * block, int64(s.Blocks) * block, nil
}

// folderBytes sums up the files below dir. A folder that does not exist has 0 bytes.
func folderBytes(dir string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		sum += info.Size()
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("sum up %s: %w", dir, err)
	}
	return sum, nil
}

// deriveMaxStore gives the streams half of what they use and what is free: the other half belongs to the time-series
// database, which usually lives on the same disk and must never see it full.
func deriveMaxStore(dir string) (int64, error) {
	free, _, err := disk(dir)
	if err != nil {
		return 0, err
	}
	used, err := folderBytes(filepath.Join(dir, "jetstream"))
	if err != nil {
		return 0, err
	}
	return (free + used) / 2, nil
}
