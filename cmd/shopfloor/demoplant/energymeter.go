package demoplant

import (
	"math"
	"math/rand/v2"
	"time"
)

const phases = 3

// energyMeter measures the three-phase supply of the whole plant.
type energyMeter struct {
	voltage       [phases]float32 // V, phase to neutral
	current       [phases]float32 // A
	activePower   float64         // kW
	reactivePower float64         // kvar
	powerFactor   float64
	frequency     float64 // Hz
	energy        float64 // kWh since the last reset
	lastReset     time.Time
	clock         float64 // s, drives the slow drift of the mains
}

// step advances the meter by dt seconds under a load in kW.
func (m *energyMeter) step(dt, load float64, rnd *rand.Rand) {
	m.clock += dt
	m.activePower = max(0, load*(1+0.004*rnd.NormFloat64()))
	m.energy += m.activePower * dt / 3600
	m.powerFactor = 0.80 + 0.15*min(1, load/60) + 0.002*rnd.NormFloat64()
	m.reactivePower = m.activePower * math.Tan(math.Acos(min(m.powerFactor, 1)))
	m.frequency = 50 + 0.02*math.Sin(m.clock/37) + 0.002*rnd.NormFloat64()
	share := [phases]float64{0.36, 0.33, 0.31}
	for i := range phases {
		voltage := 231 + 2*math.Sin(m.clock/300+2*float64(i)) + 0.2*rnd.NormFloat64()
		m.voltage[i] = float32(voltage)
		m.current[i] = float32(1000 * m.activePower * share[i] / (voltage * m.powerFactor))
	}
}

// reset starts counting anew and returns the energy counted so far, in kWh.
func (m *energyMeter) reset(now time.Time) float64 {
	previous := m.energy
	m.energy, m.lastReset = 0, now
	return previous
}
