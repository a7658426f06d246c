package demoplant

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// run steps the simulation every 100 ms for d and calls check after each step.
func run(s *simulation, d time.Duration, check func()) {
	for end := s.now.Add(d); s.now.Before(end); {
		s.step(s.now.Add(100 * time.Millisecond))
		check()
	}
}

func TestBoilerReachesSetPoint(t *testing.T) {
	s := newSimulation(epoch, 7)
	b := s.boilers[0]
	highest := 0.0
	run(s, 10*time.Minute, func() { highest = max(highest, b.temperature) })
	if math.Abs(b.temperature-b.setPoint) > 1 || b.mode != boilerHolding {
		t.Errorf("after 10 minutes %.1f °C in mode %d, want 140 ± 1 and holding", b.temperature, b.mode)
	}
	if highest > b.setPoint+15 {
		t.Errorf("overshoot to %.1f °C", highest)
	}
	if want := saturationPressure(b.temperature); math.Abs(b.measuredPressure-want) > 0.05*want || want < 3.4 || want > 3.9 {
		t.Errorf("pressure %.2f bar at %.1f °C, the steam table says 3.6 bar at 140 °C", b.measuredPressure, b.temperature)
	}
	b.stopHeating()
	run(s, 10*time.Minute, func() {})
	if b.temperature > 25 || b.mode != boilerOff || b.measuredFuel != 0 {
		t.Errorf("10 minutes after the stop: %.1f °C, mode %d, fuel %.1f kg/h", b.temperature, b.mode, b.measuredFuel)
	}
}

func TestSaturationPressure(t *testing.T) {
	for celsius, want := range map[float64]float64{20: 0.0234, 100: 1.013, 140: 3.61, 180: 10.03} { // bar, steam tables
		if got := saturationPressure(celsius); math.Abs(got-want) > 0.02*want {
			t.Errorf("saturationPressure(%v) = %.4f bar, want %.4f", celsius, got, want)
		}
	}
}

func TestBoilerWater(t *testing.T) {
	s := newSimulation(epoch, 7)
	b := s.boilers[0]
	pumped, filled := false, false
	run(s, 20*time.Minute, func() {
		pumped = pumped || b.feedPump
		filled = filled || pumped && !b.feedPump
		if b.level < 35 || b.level > 75 {
			t.Fatalf("level %.1f %% left the band of the feed pump", b.level)
		}
	})
	if !pumped || !filled {
		t.Errorf("the feed pump ran: %t, and stopped again: %t", pumped, filled)
	}
	b.level = 5
	s.step(s.now.Add(100 * time.Millisecond))
	if b.burner != 0 || b.startHeating(100) {
		t.Errorf("burner %.2f with a dry drum, or heating accepted", b.burner)
	}
}

func TestLineCounts(t *testing.T) {
	s := newSimulation(epoch, 3)
	l := s.line
	seen, batches := map[lineState]bool{}, map[string]bool{}
	var finished, rejected uint32
	lastEnd := time.Time{}
	run(s, 40*time.Minute, func() {
		seen[l.state] = true
		if l.speed < 0 || l.speed > maxLineSpeed {
			t.Fatalf("speed %.1f out of range", l.speed)
		}
		if l.current.BatchID != "" {
			batches[l.current.BatchID] = true
		}
		if !l.last.Ended.Equal(lastEnd) {
			lastEnd = l.last.Ended
			finished += l.last.Good
			rejected += l.last.Rejected
		}
	})
	if int64(finished+l.current.Good) != l.good || rejected+l.current.Rejected != l.rejected {
		t.Errorf("batches add up to %d good and %d rejected, the counters say %d and %d", finished+l.current.Good, rejected+l.current.Rejected, l.good, l.rejected)
	}
	if len(batches) < 5 || len(seen) != 4 || l.rejected == 0 {
		t.Errorf("in 40 minutes: %d batches, states %v, %d rejected", len(batches), seen, l.rejected)
	}
	if share := float64(l.rejected) / float64(l.good); share > 0.03 {
		t.Errorf("%.1f %% rejected, want about 1.5 %%", 100*share)
	}
}

func TestLineRefusesBatchInFault(t *testing.T) {
	l := newPackagingLine()
	l.begin("A", 10, epoch)
	l.state = lineFault
	if _, ok := l.startBatch("B", 10, epoch); ok {
		t.Error("a faulty line started a batch")
	}
	l.state = lineRunning
	id, ok := l.startBatch("B", 10, epoch.Add(time.Minute))
	if !ok || id != "B-000002" || l.last.Recipe != "A" || !l.last.Ended.Equal(epoch.Add(time.Minute)) {
		t.Errorf("startBatch = %q, %t; last batch %+v", id, ok, l.last)
	}
}

func TestEnergyNeverDecreases(t *testing.T) {
	s := newSimulation(epoch, 11)
	m := s.meter
	last, integral := m.energy, m.energy
	run(s, 15*time.Minute, func() {
		if m.energy < last {
			t.Fatalf("energy fell from %v to %v kWh", last, m.energy)
		}
		last = m.energy
		integral += m.activePower * 0.1 / 3600
		apparent := 0.0
		for i := range phases {
			apparent += float64(m.voltage[i]) * float64(m.current[i]) / 1000
		}
		if math.Abs(apparent*m.powerFactor-m.activePower) > 0.01*m.activePower {
			t.Fatalf("phases carry %.2f kVA, power %.2f kW at cos phi %.3f", apparent, m.activePower, m.powerFactor)
		}
	})
	if math.Abs(integral-m.energy) > 1e-6 {
		t.Errorf("energy %v kWh, the integral of the power is %v", m.energy, integral)
	}
	if got := m.reset(s.now); got != last || m.energy != 0 || !m.lastReset.Equal(s.now) {
		t.Errorf("reset = %v, want %v, and then 0 kWh", got, last)
	}
}

func TestSimulationRepeats(t *testing.T) {
	a, b := newSimulation(epoch, 5), newSimulation(epoch, 5)
	run(a, time.Minute, func() {})
	run(b, time.Minute, func() {})
	if diff := cmp.Diff([]float64{a.boilers[0].measuredTemperature, a.meter.energy, a.line.speed}, []float64{b.boilers[0].measuredTemperature, b.meter.energy, b.line.speed}); diff != "" {
		t.Errorf("equal seeds differ:\n%s", diff)
	}
	energy := a.meter.energy
	a.step(a.now.Add(-time.Hour))
	if a.meter.energy != energy {
		t.Error("a clock set back changed the plant")
	}
	a.step(a.now.Add(24 * time.Hour))
	if grown := a.meter.energy - energy; grown > 100.0/3600 {
		t.Errorf("a day's pause added %v kWh, want one second's worth", grown)
	}
}
