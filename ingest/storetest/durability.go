package storetest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

func testReopen(t *testing.T, open func(t *testing.T, dir string) (*fixture, func())) {
	dir := t.TempDir()
	now := startOfTests()
	var want []ingest.Sample
	for i := range int64(3) {
		f, closeStore := open(t, dir)
		f.now = now
		// No checkpoint here: a clean close must write everything too.
		if err := f.Append([]ingest.Row{f.row("v", "a", now+i, float64(i))}); err != nil {
			t.Fatal(err)
		}
		closeStore()
		want = append(want, ingest.Sample{Time: now + i, Value: float64(i)})

		f, closeStore = open(t, dir)
		f.now = now
		sameSamples(t, f.raw(t, "v", "a"), want)
		closeStore()
	}
}

// The child of the durability test gets its round and folder by these variables.
const (
	envDir   = "STORETEST_DIR"
	envRound = "STORETEST_ROUND"
	envStart = "STORETEST_START"
)

const (
	rounds         = 6
	seriesPerRound = 300 // new ones in each round, so that the index is in danger too
	rowsPerSeries  = 20
	durable        = "checkpoint done"
)

// testDurability lets a child process append and checkpoint, kills it at once with SIGKILL while it goes on appending, and
// looks for every row of before the checkpoint. Several rounds use the same folder, the first series in all of them.
func testDurability(t *testing.T, open Open) {
	if dir := os.Getenv(envDir); dir != "" {
		runChild(t, open, dir)
		return
	}
	dir := t.TempDir()
	start := time.Now().Add(-2 * time.Hour).UnixMilli()
	for round := range rounds {
		killAfterCheckpoint(t, dir, round, start)
		store, reader, closeStore := open(t, dir)
		f := &fixture{Store: store, Reader: reader, now: start}
		lost := 0
		for past := range round + 1 {
			lost += f.countLost(t, past)
		}
		closeStore()
		if lost > 0 {
			t.Fatalf("round %d: %d of %d rows were lost that a checkpoint had made durable", round, lost, (round+1)*seriesPerRound*rowsPerSeries)
		}
	}
}

func killAfterCheckpoint(t *testing.T, dir string, round int, start int64) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^"+parentName(t)+"$/^durability$", "-test.count=1")
	child.Env = append(os.Environ(), envDir+"="+dir, envRound+"="+strconv.Itoa(round), envStart+"="+strconv.FormatInt(start, 10))
	stdin, err := child.StdinPipe() // closed when we die: then the child ends by itself
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	done, output := false, ""
	for !done && lines.Scan() {
		done = lines.Text() == durable
		output += lines.Text() + "\n"
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatalf("kill: %v", err)
	}
	_ = child.Wait() // it was killed
	if !done {
		t.Fatalf("round %d: the child ended before its checkpoint:\n%s", round, output)
	}
}

// parentName is the name of the test that called TestStore.
func parentName(t *testing.T) string {
	name := t.Name()
	return name[:len(name)-len("/durability")]
}

// runChild appends the rows of its round, makes them durable, says so, and appends others until it is killed.
func runChild(t *testing.T, open Open, dir string) {
	round, err := strconv.Atoi(os.Getenv(envRound))
	if err != nil {
		t.Fatal(err)
	}
	start, err := strconv.ParseInt(os.Getenv(envStart), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	store, reader, _ := open(t, dir)
	f := &fixture{Store: store, Reader: reader, now: start}
	rows := f.roundRows(round)
	// In pieces, so that the store has some rows in each of its stages when the checkpoint begins.
	for piece := 0; piece < len(rows); piece += len(rows) / 4 {
		if err := f.Append(rows[piece:min(len(rows), piece+len(rows)/4)]); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Checkpoint(testContext(t)); err != nil {
		t.Fatal(err)
	}
	fmt.Println(durable)
	for i := int64(0); ; i++ {
		if err := f.Append([]ingest.Row{f.row("later", strconv.Itoa(round), start+i, 1)}); err != nil {
			t.Fatal(err)
		}
		if round%2 == 0 {
			continue
		}
		// In every other round the kill hits a checkpoint.
		if err := f.Checkpoint(testContext(t)); err != nil {
			t.Fatal(err)
		}
	}
}

// roundRows are the rows of one round: of new series, and of series "all" that every round writes.
func (f *fixture) roundRows(round int) []ingest.Row {
	rows := make([]ingest.Row, 0, seriesPerRound*rowsPerSeries)
	for series := range seriesPerRound {
		labels := []ingest.Label{{Name: "series", Value: strconv.Itoa(series)}, {Name: "round", Value: strconv.Itoa(round)}}
		if series == 0 {
			labels[1].Value = "all"
		}
		name := f.AppendName(nil, "durable", labels)
		for i := range rowsPerSeries {
			at := f.now + int64(round)*60_000 + int64(i)*100
			rows = append(rows, ingest.Row{Name: name, Time: at, Value: float64(series*1000 + i)})
		}
	}
	return rows
}

// countLost returns how many rows of a round cannot be read back.
func (f *fixture) countLost(t *testing.T, round int) (lost int) {
	t.Helper()
	for series := range seriesPerRound {
		label := strconv.Itoa(round)
		if series == 0 {
			label = "all"
		}
		match := []ingest.Matcher{{Name: "series", Value: strconv.Itoa(series)}, {Name: "round", Value: label}}
		from := f.now + int64(round)*60_000
		got, err := f.Samples(testContext(t), "durable", match, ingest.Range{From: at(from), To: at(from + 60_000)})
		if err != nil {
			t.Fatal(err)
		}
		have := make(map[ingest.Sample]bool, len(got))
		for _, s := range got {
			have[s] = true
		}
		for i := range rowsPerSeries {
			if !have[ingest.Sample{Time: from + int64(i)*100, Value: float64(series*1000 + i)}] {
				lost++
			}
		}
	}
	return lost
}
