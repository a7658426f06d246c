package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// checkpoint is the sequence up to which all frames are on disk, in the stream that was made at Stream.
type checkpoint struct {
	Stream   time.Time `json:"stream"`
	Sequence uint64    `json:"sequence"`
}

// loadCheckpoint reads the file; one that does not exist gives the zero checkpoint.
func loadCheckpoint(file string) (checkpoint, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return checkpoint{}, nil
	}
	var c checkpoint
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil {
		return checkpoint{}, fmt.Errorf("read checkpoint %s: %w", file, err)
	}
	return c, nil
}

// save replaces the file so that after a crash or a power failure either the old or the new one is there, whole.
func (c checkpoint) save(file string) error {
	b, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode checkpoint: %w", err)
	}
	if err := writeSynced(file+".tmp", b); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	if err := os.Rename(file+".tmp", file); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	return nil
}

func writeSynced(file string, b []byte) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// alarm says what is wrong with a stream; "" for nothing.
type alarm string

const (
	// alarmReplaced: the stream is another one than that of the checkpoint. All it holds is read.
	alarmReplaced alarm = "stream was made anew since the checkpoint"
	// alarmTailLost: the stream ends before the checkpoint, after a power failure or when it was restored from a backup. Its last
	// sequences may be in use for other frames already, so all it holds is read again; what is stored is not stored twice.
	alarmTailLost alarm = "stream ends before the checkpoint"
	// alarmGap: frames behind the checkpoint are gone: purged by somebody else, or the checkpoint was restored from a backup.
	alarmGap alarm = "frames behind the checkpoint are gone"
	// alarmFile: the checkpoint file is damaged. All that the stream holds is read again.
	alarmFile alarm = "checkpoint file cannot be read"
)

// resume returns the checkpoint to go on from when the stream is in state st, with what is wrong and how many frames are lost.
func (c checkpoint) resume(st StreamState) (next checkpoint, a alarm, lost uint64) {
	next = checkpoint{Stream: st.Created, Sequence: c.Sequence}
	first := max(st.First, 1)
	switch {
	case c.Stream.IsZero():
		next.Sequence = first - 1 // the first start ever
	case !c.Stream.Equal(st.Created):
		next.Sequence = first - 1
		a = alarmReplaced
	case c.Sequence > st.Last:
		next.Sequence = first - 1
		a = alarmTailLost
	case c.Sequence+1 < first:
		next.Sequence = first - 1
		a, lost = alarmGap, first-1-c.Sequence
	}
	return next, a, lost
}
