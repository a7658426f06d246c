//go:build unix

package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// BenchmarkScaleOut measures what a process of the core and a VictoriaMetrics elsewhere need for a value, in processor time, as
// deploy/scale-out.md has it. It takes the frames of a gateway with 16,000 series in 64 writers, either all at once, as after an outage,
// or as they come, four times a second. Run it with -benchtime 1x.
func BenchmarkScaleOut(b *testing.B) {
	for _, processes := range []int{1, 2} {
		b.Run(fmt.Sprint("catch_up/processes=", processes), func(b *testing.B) { benchmarkCatchUp(b, processes) })
	}
	for _, perSecond := range []int{1, 4, 8} {
		b.Run(fmt.Sprint("steady/values_per_second=", perSecond*benchFields*benchWriters), func(b *testing.B) { benchmarkSteady(b, perSecond) })
	}
}

// BenchmarkScaleOutPublish measures what it takes to store frames on one NATS server, and on each of three. All are in this process, with
// the publisher.
func BenchmarkScaleOutPublish(b *testing.B) {
	for replicas, rig := range map[int]func(b *testing.B) *scaleRig{
		1: func(b *testing.B) *scaleRig { return newScaleRig(b) },
		3: func(b *testing.B) *scaleRig { return startCluster(b).rig() },
	} {
		b.Run(fmt.Sprint("replicas=", replicas), func(b *testing.B) {
			plant := newBenchPlant(b, rig(b))
			begin, cpu := time.Now(), cpuTime()
			for n := range int64(benchTicks) {
				plant.tick(n)
			}
			plant.frames.Wait()
			b.ReportMetric(float64(plant.bytes)/1e6/time.Since(begin).Seconds(), "MB/s")
			b.ReportMetric(float64(cpuTime()-cpu)/1e6/(float64(plant.bytes)/1e6), "cpu-ms/MB")
			b.ReportMetric(0, "ns/op")
		})
	}
}

const (
	benchWriters = 64
	benchFields  = 250
	// benchTicks is how many values of each series there are to catch up with, benchSeconds how long the steady flow lasts.
	benchTicks   = 400
	benchSeconds = 20
)

// benchPlant publishes as fast as the bus takes it, or as it is told.
type benchPlant struct {
	b         *testing.B
	rig       *scaleRig
	publisher *bus.Publisher
	writers   []model.WriterKey
	begin     time.Time
	frames    sync.WaitGroup
	bytes     int64
}

func newBenchPlant(b *testing.B, rig *scaleRig) *benchPlant {
	b.Helper()
	p := &benchPlant{b: b, rig: rig, writers: writersOfAllPartitions(b, benchWriters/bus.Partitions), begin: time.Now().Add(-10 * time.Minute)}
	for _, w := range p.writers {
		storeCounters(b, rig.conn, w, benchFields)
	}
	var err error
	if p.publisher, err = bus.NewPublisher(rig.conn, bus.PublisherConfig{Gateway: scaleGateway}); err != nil {
		b.Fatal(err)
	}
	runDone := make(chan error, 1)
	go func() { runDone <- p.publisher.Run(b.Context()) }()
	b.Cleanup(func() {
		if err := <-runDone; err != nil {
			b.Error(err)
		}
	})
	return p
}

// tick publishes value n of all series.
func (p *benchPlant) tick(n int64) {
	for i, w := range p.writers {
		frame, err := counterFrame(w, i, benchFields, n, p.begin.Add(time.Duration(n)*100*time.Millisecond))
		if err != nil {
			p.b.Fatal(err)
		}
		subject, err := bus.Data(w.Gateway, w.Group, w.Writer)
		if err != nil {
			p.b.Fatal(err)
		}
		p.frames.Add(1)
		p.bytes += int64(len(frame))
		if err := p.publisher.PublishFrame(p.b.Context(), subject, bus.FrameHeader{ContentType: bus.ContentUADP}, frame, func(error) { p.frames.Done() }); err != nil {
			p.b.Fatal(err)
		}
	}
}

// spent is the processor time of the processes that a benchmark is about.
type spent struct {
	at                    time.Time
	cores, victoria, rest time.Duration
}

func (p *benchPlant) spent(cores []*process) spent {
	u := spent{at: time.Now(), victoria: processTime(p.b, p.rig.victoria.Pid()), rest: cpuTime()}
	for _, c := range cores {
		u.cores += processTime(p.b, c.cmd.Process.Pid)
	}
	return u
}

// stored waits until the processes have stored a number of values.
func (p *benchPlant) stored(cores []*process, values float64) {
	p.b.Helper()
	waitFor(p.b, 5*time.Minute, "all values are stored", func() error {
		sum := 0.0
		for _, c := range cores {
			n, err := c.ownMetric("shopfloor_ingest_values_total")
			if err != nil {
				return err
			}
			sum += n
		}
		if sum < values {
			return fmt.Errorf("%.0f of %.0f", sum, values)
		}
		return nil
	})
}

func (p *benchPlant) report(from, to spent, values float64, publishing bool) {
	p.b.ReportMetric(values/to.at.Sub(from.at).Seconds(), "values/s")
	p.b.ReportMetric(float64(to.cores-from.cores)/values, "core-cpu-ns/value")
	p.b.ReportMetric(float64(to.victoria-from.victoria)/values, "victoria-cpu-ns/value")
	name := "bus-cpu-ns/value"
	if publishing {
		name = "bus+publisher-cpu-ns/value"
	}
	p.b.ReportMetric(float64(to.rest-from.rest)/values, name)
	p.b.ReportMetric(0, "ns/op")
}

func benchmarkCatchUp(b *testing.B, processes int) {
	rig := newScaleRig(b)
	plant := newBenchPlant(b, rig)
	cores := make([]*process, processes)
	for i := range cores {
		cores[i] = rig.startCore(fmt.Sprint("core-", i))
	}
	rig.waitShares(cores...)
	idle := plant.spent(cores)
	for _, c := range cores {
		c.Stop()
	}
	begin := time.Now()
	for n := range int64(benchTicks) {
		plant.tick(n)
	}
	plant.frames.Wait()
	values := float64(benchTicks * benchWriters * benchFields)
	b.ReportMetric(float64(plant.bytes)/values, "frame-bytes/value")
	b.ReportMetric(float64(plant.bytes)/1e6/time.Since(begin).Seconds(), "publish-MB/s")
	from := plant.spent(nil)
	for _, c := range cores {
		c.Restart()
	}
	plant.stored(cores, values)
	to := plant.spent(cores)
	to.cores -= idle.cores // their starts
	plant.report(from, to, values, false)
}

func benchmarkSteady(b *testing.B, perSecond int) {
	rig := newScaleRig(b)
	plant := newBenchPlant(b, rig)
	plant.begin = time.Now()
	cores := []*process{rig.startCore("core")}
	rig.waitShares(cores...)
	n := int64(0)
	for ; n < 3; n++ { // makes the series
		plant.tick(n)
	}
	values := func() float64 { return float64(n) * benchWriters * benchFields }
	plant.stored(cores, values())
	before := values()
	from := plant.spent(cores)
	due := time.NewTicker(time.Second / time.Duration(perSecond))
	defer due.Stop()
	for range perSecond * benchSeconds {
		<-due.C
		plant.tick(n)
		n++
	}
	plant.frames.Wait()
	plant.stored(cores, values())
	plant.report(from, plant.spent(cores), values()-before, true)
	if code, page := cores[0].Get("/metrics"); code == http.StatusOK {
		sent, rows := pageSum(b, page, "shopfloor_remote_store_sent_bytes_total{"), pageSum(b, page, "shopfloor_remote_store_rows_total{")
		b.ReportMetric(sent/rows, "remote-write-bytes/row")
	}
}

// pageSum sums up the lines of a page of metrics that begin so.
func pageSum(tb testing.TB, page, prefix string) (sum float64) {
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, prefix) {
			v, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndex(line, " ")+1:]), 64)
			if err != nil {
				tb.Fatal(err)
			}
			sum += v
		}
	}
	return sum
}

// processTime is the processor time of another process, in steps of 10 ms.
func processTime(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		tb.Skipf("no processor time of other processes here: %v", err)
	}
	_, after, _ := strings.Cut(string(stat), ") ") // the name may hold anything
	fields := strings.Fields(after)
	ticks := 0
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			tb.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
