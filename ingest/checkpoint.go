package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Checkpoint is the sequence up to which all frames are on disk, in the stream that was made at Stream.
type Checkpoint struct {
	Stream   time.Time `json:"stream"`
	Sequence uint64    `json:"sequence"`
}

// Checkpoints keeps the checkpoint of one Core. Its methods are called by one goroutine.
type Checkpoints interface {
	// Load returns what was saved last, or the zero Checkpoint. ErrCheckpointDamaged, wrapped, says that it is there and cannot
	// be read; any other error is taken as a passing one.
	Load(ctx context.Context) (Checkpoint, error)
	// Save returns when c will be there after a crash or a power failure; before that, the one saved earlier is. An error says that
	// either may be there. ErrFenced, wrapped, says that another process has taken over.
	Save(ctx context.Context, c Checkpoint) error
}

var (
	// ErrCheckpointDamaged is what Checkpoints.Load returns for a checkpoint that cannot be read: the Core reads all that the stream
	// holds again.
	ErrCheckpointDamaged = errors.New("checkpoint is damaged")
	// ErrFenced is what Checkpoints.Save returns when this Core is no longer the one that reads the stream: it ends.
	ErrFenced = errors.New("another process reads these frames now")
)

// CheckpointFile keeps a Checkpoint in the file of this name. It belongs beside the data of an embedded store, into the same backup.
type CheckpointFile string

var _ Checkpoints = CheckpointFile("")

// Load reads the file; one that does not exist gives the zero Checkpoint.
func (file CheckpointFile) Load(context.Context) (Checkpoint, error) {
	b, err := os.ReadFile(string(file))
	if errors.Is(err, fs.ErrNotExist) {
		return Checkpoint{}, nil
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read checkpoint: %w", err)
	}
	var c Checkpoint
	if err := json.Unmarshal(b, &c); err != nil {
		return Checkpoint{}, fmt.Errorf("read %s: %w: %w", file, ErrCheckpointDamaged, err)
	}
	return c, nil
}

// Save replaces the file so that after a crash or a power failure either the old or the new one is there, whole.
func (file CheckpointFile) Save(_ context.Context, c Checkpoint) error {
	b, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode checkpoint: %w", err)
	}
	name := string(file)
	if err := writeSynced(name+".tmp", b); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	if err := os.Rename(name+".tmp", name); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	dir, err := os.Open(filepath.Dir(name))
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
// sparse says that the stream holds frames of others too, whose purge makes its first sequence rise.
func (c Checkpoint) resume(st StreamState, sparse bool) (next Checkpoint, a alarm, lost uint64) {
	next = Checkpoint{Stream: st.Created, Sequence: c.Sequence}
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
	case c.Sequence+1 < first && !sparse:
		next.Sequence = first - 1
		a, lost = alarmGap, first-1-c.Sequence
	}
	return next, a, lost
}
