package gateway

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// maxPolledFile bounds a file that is read, in bytes.
const maxPolledFile = 256 << 20

// polledFile is a file that is looked at again and again. Editors that replace the file and tools that write into it are both seen.
type polledFile struct {
	path string
	// seen is the file as it was at the last look, taken as it was when it was read.
	seen, taken os.FileInfo
	digest      [sha256.Size]byte // of the text that was read last; zero before
	looked      bool
}

// poll returns the text when it is another one than that which it returned last, else nil. A file that has changed is read when it is the same at two looks,
// so that none is read half written; the first look reads at once.
func (f *polledFile) poll() ([]byte, error) {
	info, err := os.Stat(f.path)
	first := !f.looked
	f.looked = true
	if err != nil {
		f.seen, f.taken, f.digest = nil, nil, [sha256.Size]byte{} // what comes back is read again
		return nil, err
	}
	stays := first || sameFile(f.seen, info)
	f.seen = info
	if !stays || f.taken != nil && sameFile(f.taken, info) {
		return nil, nil
	}
	if info.Size() > maxPolledFile {
		return nil, fmt.Errorf("has %d bytes, at most %d are read", info.Size(), maxPolledFile)
	}
	text, err := os.ReadFile(f.path)
	if err != nil {
		return nil, err
	}
	f.taken = info
	digest := sha256.Sum256(text)
	if digest == f.digest {
		return nil, nil
	}
	f.digest = digest
	return text, nil
}

func sameFile(a, b os.FileInfo) bool {
	return a != nil && os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// replaceFile writes a file, readable by its owner alone, so that a crash leaves the old or the new one.
func replaceFile(path string, text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already when it was renamed
	_, err = tmp.Write(text)
	if err == nil {
		err = tmp.Sync()
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
