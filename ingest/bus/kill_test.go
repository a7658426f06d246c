package bus

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// childDir tells the test binary to be the process that is killed, on this folder.
const (
	childDir  = "BUS_TEST_CHILD_DIR"
	childFrom = "BUS_TEST_CHILD_FROM"
)

// childMain publishes frames from a number on without an end, and prints each number when its frame is acknowledged.
func childMain(dir string) error {
	from, err := strconv.ParseUint(os.Getenv(childFrom), 10, 64)
	if err != nil {
		return err
	}
	s, err := Start(Config{Dir: dir, MaxStore: 1 << 30}, zerolog.New(os.Stderr).Level(zerolog.WarnLevel))
	if err != nil {
		return err
	}
	c, err := s.Connect("child")
	if err != nil {
		return err
	}
	ctx := context.Background()
	if err := EnsureStreams(ctx, c, StreamsConfig{MaxBytes: s.MaxStore()}); err != nil {
		return err
	}
	p, err := NewPublisher(c, PublisherConfig{Gateway: "g", MaxFrames: 64})
	if err != nil {
		return err
	}
	go p.Run(ctx)
	for i := from; ; i++ {
		err := p.PublishFrame(ctx, fmt.Sprint("ua.data.g.gr.w", i%3), FrameHeader{ContentType: ContentUADP, Number: i}, numbered(i, 200+int(i%9000)), func(err error) {
			if err == nil {
				os.Stdout.WriteString(strconv.FormatUint(i, 10) + "\n")
			}
		})
		if err != nil {
			return err
		}
	}
}

// Kill -9 at random moments loses no acknowledged frame, and the sender that goes on from the last acknowledgement it saw
// makes no second copy and no disorder.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	var acked uint64
	const rounds = 6
	for round := range rounds {
		last := runAndKill(t, dir, acked+1)
		if last <= acked {
			t.Fatalf("round %d: no acknowledgement before the kill", round)
		}
		acked = last
	}
	s := startServer(t, Config{Dir: dir})
	c := connectTo(t, s)
	st, err := c.StreamState(testContext(t), StreamData)
	if err != nil || st.Messages < acked || st.Messages != st.Last {
		t.Fatalf("state %+v, %v; %d frames were acknowledged", st, err, acked)
	}
	frames := readAll(t, c, StreamData, 1, int(st.Last))
	checkNumbers(t, frames, 1) // each once, in order, and all of them
	t.Logf("%d frames acknowledged, %d stored, %d kills", acked, st.Last, rounds)
}

// runAndKill starts the child, kills it a random time after its first acknowledgement, and returns the last one it printed.
func runAndKill(t *testing.T, dir string, from uint64) (last uint64) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, childFrom+"="+strconv.FormatUint(from, 10))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer stuck.Stop()
	expected := from
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		n, err := strconv.ParseUint(lines.Text(), 10, 64)
		if err != nil || n != expected {
			break // the line was cut by the kill, or acknowledgements came out of order
		}
		if last = n; n == from {
			time.AfterFunc(time.Duration(50+rand.IntN(250))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		}
		expected++
	}
	rest := lines.Text()
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // "signal: killed" is what it is here for
	if n, err := strconv.ParseUint(rest, 10, 64); err == nil && n > expected && lines.Err() == nil {
		t.Fatalf("acknowledgement of %d came where %d was due; stderr: %s", n, expected, stderr.String())
	}
	if last == 0 {
		t.Fatalf("child died before an acknowledgement: %s", stderr.String())
	}
	return last
}
