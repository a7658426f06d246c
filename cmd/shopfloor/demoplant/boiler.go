package demoplant

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/gopcua/opcua/ua"
)

const (
	ambientTemperature = 20.0  // °C
	burnerGain         = 220.0 // °C above ambient at full burner, in equilibrium
	boilerTimeConstant = 60.0  // s
	minBoilerSetPoint  = 20.0  // °C
	maxBoilerSetPoint  = 180.0 // °C
	lowWaterLevel      = 15.0  // %; below it the burner is locked out
	fullFuelFlow       = 85.0  // kg/h
	// The limits of the alarm: above the overshoot of the first set points, and within the range of set points, so that a client can bring it about.
	highTemperature     = 160.0 // °C
	highHighTemperature = 172.0 // °C
)

// The operating modes of a boiler, in the order of its EnumStrings.
const (
	boilerOff uint32 = iota
	boilerHeating
	boilerHolding
	boilerCooling
)

// boiler is a steam boiler: first-order heat-up under a PI controller, pressure on the saturation curve, and a water
// level between evaporation and a feed pump. The fields up to the blank line are its physical state; the measured ones
// carry sensor noise.
type boiler struct {
	setPoint    float64 // °C
	enabled     bool
	temperature float64 // °C
	integral    float64 // of the controller, share of the full burner
	burner      float64 // 0..1
	level       float64 // %
	feedPump    bool
	mode        uint32
	starts      uint32
	hours       float64

	measuredTemperature, measuredPressure, measuredFuel, measuredSteam float64
	measuredLevel                                                      float32

	serial          string
	assetID         *ua.GUID
	lastMaintenance time.Time
}

func newBoiler(serial, assetID string, setPoint, level float64, maintained time.Time) *boiler {
	return &boiler{
		setPoint: setPoint, enabled: true, temperature: ambientTemperature, level: level, starts: 1,
		serial: serial, assetID: ua.NewGUID(assetID), lastMaintenance: maintained,
	}
}

// step advances the boiler by dt seconds.
func (b *boiler) step(dt float64, rnd *rand.Rand) {
	b.control(dt)
	b.temperature += (ambientTemperature + burnerGain*b.burner - b.temperature) * dt / boilerTimeConstant
	b.water(dt)
	if b.burner > 0 {
		b.hours += dt / 3600
	}
	b.mode = b.operatingMode()

	steam := b.steam()
	b.measuredTemperature = b.temperature + 0.12*rnd.NormFloat64()
	b.measuredPressure = saturationPressure(b.temperature) * (1 + 0.002*rnd.NormFloat64())
	b.measuredFuel = max(0, fullFuelFlow*b.burner*(1+0.005*rnd.NormFloat64()))
	b.measuredSteam = max(0, steam*(1+0.01*rnd.NormFloat64()))
	b.measuredLevel = float32(b.level + 0.05*rnd.NormFloat64())
}

// control is a PI controller with the integral held while the burner is at a limit.
func (b *boiler) control(dt float64) {
	if !b.enabled || b.level < lowWaterLevel {
		b.burner, b.integral = 0, 0
		return
	}
	const gain, resetTime = 0.05, 45.0
	deviation := b.setPoint - b.temperature
	want := gain*deviation + b.integral
	b.burner = min(max(want, 0), 1)
	if b.burner == want {
		b.integral += gain * deviation * dt / resetTime
	}
}

// water evaporates with the steam and is fed between 40 and 70 %.
func (b *boiler) water(dt float64) {
	b.level -= (0.02 + b.steam()/4000) * dt
	switch {
	case b.level < 40:
		b.feedPump = true
	case b.level > 70:
		b.feedPump = false
	}
	if b.feedPump {
		b.level += 1.1 * dt
	}
	b.level = min(max(b.level, 0), 100)
}

// steam returns the steam flow in kg/h; there is none below 100 °C.
func (b *boiler) steam() float64 {
	if b.temperature <= 100 {
		return 0
	}
	return 900 * b.burner
}

func (b *boiler) operatingMode() uint32 {
	switch {
	case b.enabled && b.temperature < b.setPoint-2:
		return boilerHeating
	case b.enabled && b.temperature <= b.setPoint+2:
		return boilerHolding
	case b.temperature > ambientTemperature+5:
		return boilerCooling
	}
	return boilerOff
}

// startHeating switches the burner on. It is refused, without an error, while the water is too low.
func (b *boiler) startHeating(target float64) bool {
	if b.level < lowWaterLevel {
		return false
	}
	if !b.enabled {
		b.starts++
	}
	b.setPoint, b.enabled = target, true
	return true
}

// stopHeating switches the burner off; the boiler cools down.
func (b *boiler) stopHeating() { b.enabled = false }

func validBoilerSetPoint(celsius float64) bool {
	return celsius >= minBoilerSetPoint && celsius <= maxBoilerSetPoint // false for NaN
}

// saturationPressure returns the absolute pressure of saturated steam in bar (Antoine equation for water).
func saturationPressure(celsius float64) float64 {
	const barPerTorr = 0.00133322
	if celsius < 100 {
		return barPerTorr * math.Pow(10, 8.07131-1730.63/(233.426+celsius))
	}
	return barPerTorr * math.Pow(10, 8.14019-1810.94/(244.485+celsius))
}

func (b *boiler) statusText() *ua.LocalizedText {
	text := [...]string{"Burner off", "Heating up", "At set point", "Cooling down"}[b.mode]
	if b.level < lowWaterLevel {
		text = "Locked out: water level low"
	}
	return ua.NewLocalizedTextWithLocale(text, "en")
}
