package bus

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// numbers makes the running numbers of a gateway's frames: each start of the process has a block of its own, so that no number is used twice,
// whatever a power failure took of the buffer and however the clock stands. A core that knows higher numbers of this gateway, because the
// gateway's folder was made anew, is met by a lift that is added to all of them.
type numbers struct {
	file  string
	state numberState
}

type numberState struct {
	// Block is that of the last start.
	Block uint64 `json:"block"`
	// Lift is added to the numbers; it is 0 until Met, when the core was asked for the first time.
	Lift uint64 `json:"lift"`
	Met  bool   `json:"met"`
}

// numberBlock is how many numbers one start has: 34 years of a thousand frames a second.
const numberBlock = 1 << 40

func openNumbers(file string) (*numbers, error) {
	n := &numbers{file: file}
	b, err := os.ReadFile(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("numbers of frames: %w", err)
	default:
		if err := json.Unmarshal(b, &n.state); err != nil {
			return nil, fmt.Errorf("numbers of frames: %s: %w: restore it from a backup, or delete the whole data folder", file, err)
		}
	}
	n.state.Block++
	return n, n.save()
}

func (n *numbers) first() uint64 { return n.state.Block*numberBlock + 1 }

// meet is told the highest number that the core has of this gateway. Only the first time does it matter.
func (n *numbers) meet(last uint64) error {
	if n.state.Met {
		return nil
	}
	n.state.Met = true
	if last > 0 {
		n.state.Lift = (last/numberBlock + 1) * numberBlock
	}
	return n.save()
}

// save writes the file so that a crash leaves the old or the new one.
func (n *numbers) save() error {
	body, err := json.Marshal(n.state)
	if err == nil {
		err = WriteFile(n.file, body)
	}
	if err != nil {
		return fmt.Errorf("numbers of frames: %w", err)
	}
	return nil
}

// WriteFile replaces a file, which only its owner may read, so that a crash or power failure leaves the old or the new one whole.
func WriteFile(file string, body []byte) error {
	dir := filepath.Dir(file)
	f, err := os.CreateTemp(dir, "."+filepath.Base(file)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err = f.Write(body); err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
