package demoplant

import (
	"math/rand/v2"
	"time"
)

// simulation is the physics of the whole plant: no clock, no I/O, the same for the same seed and times. It is not safe
// for concurrent use.
type simulation struct {
	boilers [2]*boiler
	line    *packagingLine
	meter   *energyMeter
	now     time.Time
	rnd     *rand.Rand
}

func newSimulation(start time.Time, seed uint64) *simulation {
	s := &simulation{
		boilers: [2]*boiler{
			newBoiler("BL-2019-0417", "7B1F0C52-3A64-4E0B-9C1D-5F2E8A6D4B10", 140, 62, start.AddDate(0, -2, -11).Truncate(24*time.Hour)),
			newBoiler("BL-2021-1102", "C4D9E2A7-81F5-4B36-A0E8-2D7C9B5F1E33", 118, 45, start.AddDate(0, -5, -3).Truncate(24*time.Hour)),
		},
		line: newPackagingLine(), meter: &energyMeter{lastReset: start}, now: start,
		rnd: rand.New(rand.NewPCG(seed, 0x5f0f)),
	}
	s.advance(0.001)
	return s
}

// heatUp has the boilers heat for 40 s, so that a plant that was just started has something to show: one is near its set point, the other on its way.
func (s *simulation) heatUp() {
	for range 400 {
		for _, b := range s.boilers {
			b.step(0.1, s.rnd)
		}
	}
}

// step advances the plant to now. A long pause (a suspended machine) counts as one second; time never runs backwards.
func (s *simulation) step(now time.Time) {
	dt := now.Sub(s.now).Seconds()
	if dt <= 0 {
		return
	}
	s.now = now
	s.advance(min(dt, 1))
}

func (s *simulation) advance(dt float64) {
	for _, b := range s.boilers {
		b.step(dt, s.rnd)
	}
	s.line.step(dt, s.now, s.rnd)
	s.meter.step(dt, s.load(), s.rnd)
}

// load is the electric load of the machines in kW.
func (s *simulation) load() float64 {
	load := 4.5 // light, control, compressed air
	for _, b := range s.boilers {
		load += 3 * b.burner // fan
		if b.feedPump {
			load += 5.5
		}
	}
	return load + 11*s.line.speed/maxLineSpeed + 9
}
