package gateway

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
)

var (
	_ opcua.Memory  = (*Folder)(nil)
	_ edge.GapStore = (*Folder)(nil)
)

// Folder keeps what a gateway has to know of its last life: the subscriptions that it has at each server, a file each, whose time of change is the time
// until which the server's values are stored; and the gaps.
type Folder struct{ dir string }

// OpenFolder makes the folder when it is not there.
func OpenFolder(dir string) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder for subscriptions and gaps: %w", err)
	}
	return &Folder{dir}, nil
}

func (f *Folder) file(server string) string {
	return filepath.Join(f.dir, url.PathEscape(server)+".subscriptions")
}

// Load implements opcua.Memory.
func (f *Folder) Load(server string) ([]byte, time.Time, error) {
	info, err := os.Stat(f.file(server))
	if errors.Is(err, os.ErrNotExist) {
		return nil, time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, err
	}
	body, err := os.ReadFile(f.file(server))
	return body, info.ModTime(), err
}

// Save implements opcua.Memory. The time that was noted stays.
func (f *Folder) Save(server string, body []byte) error {
	info, missing := os.Stat(f.file(server))
	if err := bus.WriteFile(f.file(server), body); err != nil {
		return err
	}
	if missing != nil {
		return nil
	}
	return f.Note(server, info.ModTime())
}

// Note implements opcua.Memory.
func (f *Folder) Note(server string, alive time.Time) error {
	err := os.Chtimes(f.file(server), time.Time{}, alive)
	if errors.Is(err, os.ErrNotExist) {
		return nil // there is nothing to be taken over
	}
	return err
}

// Forget implements opcua.Memory.
func (f *Folder) Forget(server string) error {
	if err := os.Remove(f.file(server)); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (f *Folder) gaps() string { return filepath.Join(f.dir, "gaps.json") }

// LoadGaps implements edge.GapStore.
func (f *Folder) LoadGaps() ([]byte, error) {
	body, err := os.ReadFile(f.gaps())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return body, err
}

// SaveGaps implements edge.GapStore.
func (f *Folder) SaveGaps(body []byte) error { return bus.WriteFile(f.gaps(), body) }
