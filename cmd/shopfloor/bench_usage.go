package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
	"time"
)

// benchUsage is time, CPU and allocations of a stretch of work.
type benchUsage struct {
	begin  time.Time
	wall   time.Duration
	cpu    time.Duration
	allocs uint64
}

func measure() *benchUsage {
	runtime.GC()
	u := &benchUsage{cpu: cpuTime(), allocs: mallocs()}
	u.begin = time.Now()
	return u
}

func (u *benchUsage) stop() {
	u.wall, u.cpu, u.allocs = time.Since(u.begin), cpuTime()-u.cpu, mallocs()-u.allocs
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// cpuTime is the CPU time of the process so far, 0 where the system does not tell.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// residentBytes is the resident memory of the process, 0 where the system does not tell.
func residentBytes() uint64 {
	b, err := os.ReadFile("/proc/self/statm")
	var size, resident uint64
	if err == nil {
		_, err = fmt.Sscan(string(b), &size, &resident)
	}
	if err != nil {
		return 0
	}
	return resident * uint64(os.Getpagesize())
}

// benchProgress prints how far something is, once a second.
type benchProgress struct {
	w     io.Writer
	what  string
	total uint64
	begin time.Time
	next  time.Time
}

func newBenchProgress(w io.Writer, what string, total uint64) *benchProgress {
	fmt.Fprintf(w, "%s: %d values\n", what, total)
	now := time.Now()
	return &benchProgress{w: w, what: what, total: total, begin: now, next: now.Add(time.Second)}
}

func (p *benchProgress) at(done uint64) {
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(time.Second)
	fmt.Fprintf(p.w, "%s: %3.0f %%, %.0f values/s\n", p.what, 100*float64(done)/float64(p.total), float64(done)/now.Sub(p.begin).Seconds())
}
