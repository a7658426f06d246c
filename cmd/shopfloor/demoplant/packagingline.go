package demoplant

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gopcua/opcua/ua"
)

// lineState is the enumeration LineState of the information model.
type lineState int32

const (
	lineIdle lineState = iota
	lineRunning
	lineStarved
	lineFault
)

const (
	maxLineSpeed = 240.0 // packs per minute
	rejectShare  = 0.015
	maxQuantity  = 100_000
	sealingZones = 8
)

// Bits of the stack light.
const (
	lightGreen  byte = 1 << iota
	lightYellow      // waits for material
	lightRed
)

// batchRecord is the structure BatchRecord of the information model, in the order of its fields on the wire.
type batchRecord struct {
	BatchID  string
	Recipe   string
	Quantity uint32 // ordered
	Good     uint32
	Rejected uint32
	Started  time.Time
	Ended    time.Time // zero while it runs
}

// Encode implements ua.BinaryEncoder (Part 6, 5.2.6).
func (r *batchRecord) Encode() ([]byte, error) {
	buf := ua.NewBuffer(nil)
	buf.WriteString(r.BatchID)
	buf.WriteString(r.Recipe)
	buf.WriteUint32(r.Quantity)
	buf.WriteUint32(r.Good)
	buf.WriteUint32(r.Rejected)
	buf.WriteTime(r.Started)
	buf.WriteTime(r.Ended)
	return buf.Bytes(), buf.Error()
}

// packagingLine fills batches of packs: it ramps to its set point, starves, faults, and counts what it makes.
type packagingLine struct {
	state         lineState
	remaining     float64 // s left in the present state, when it ends by itself
	speedSetPoint float64 // packs per minute
	speed         float64
	unfinished    float64 // fraction of the next pack
	good          int64
	rejected      uint32
	batches       uint32 // started so far; numbers the batch ids
	current       batchRecord
	last          batchRecord
	zones         [sealingZones]float64 // °C
	faultCode     uint16
	runSeconds    float64
	allSeconds    float64

	measuredZones   [sealingZones]float64
	measuredCurrent float32
}

func newPackagingLine() *packagingLine {
	l := &packagingLine{speedSetPoint: 180}
	for i := range l.zones {
		l.zones[i] = ambientTemperature
	}
	return l
}

// step advances the line by dt seconds that end at now.
func (l *packagingLine) step(dt float64, now time.Time, rnd *rand.Rand) {
	l.transition(dt, now, rnd)
	target, ramp := 0.0, 60.0
	if l.state == lineRunning {
		target, ramp = l.speedSetPoint, 30.0
	}
	l.speed += min(max(target-l.speed, -ramp*dt), ramp*dt)
	l.produce(dt, now, rnd)
	l.heat(dt, rnd)
	l.allSeconds += dt
	if l.state == lineRunning {
		l.runSeconds += dt
	}
	l.measuredCurrent = float32(max(0, 1.5+l.speed*0.045+0.08*rnd.NormFloat64()))
}

// transition runs the state machine. Faults and missing material come at random, on average every 5 and 2 minutes.
func (l *packagingLine) transition(dt float64, now time.Time, rnd *rand.Rand) {
	switch l.state {
	case lineIdle:
		if l.remaining -= dt; l.remaining <= 0 {
			l.begin(l.nextRecipe(), 500, now)
		}
	case lineRunning:
		switch p := rnd.Float64(); {
		case p < dt/300:
			l.state, l.remaining, l.faultCode = lineFault, 8+12*rnd.Float64(), uint16(101+rnd.IntN(5))
		case p < dt/300+dt/120:
			l.state, l.remaining = lineStarved, 4+8*rnd.Float64()
		}
	case lineStarved, lineFault:
		if l.remaining -= dt; l.remaining <= 0 {
			l.state, l.faultCode = lineRunning, 0
		}
	}
}

// produce integrates the speed into whole packs; a batch ends with its last good pack.
func (l *packagingLine) produce(dt float64, now time.Time, rnd *rand.Rand) {
	for l.unfinished += l.speed / 60 * dt; l.unfinished >= 1; l.unfinished-- {
		if l.current.BatchID == "" {
			continue // the belt runs empty after a batch
		}
		if rnd.Float64() < rejectShare {
			l.rejected++
			l.current.Rejected++
			continue
		}
		l.good++
		if l.current.Good++; l.current.Good >= l.current.Quantity {
			l.finish(now)
		}
	}
}

func (l *packagingLine) finish(now time.Time) {
	l.last = l.current
	l.last.Ended = now
	l.current = batchRecord{}
	l.state, l.remaining = lineIdle, 6
}

func (l *packagingLine) begin(recipe string, quantity uint32, now time.Time) {
	l.batches++
	l.current = batchRecord{BatchID: fmt.Sprintf("B-%06d", l.batches), Recipe: recipe, Quantity: quantity, Started: now}
	l.state, l.remaining = lineRunning, 0
}

func (l *packagingLine) nextRecipe() string {
	return [...]string{"Oat 500 g", "Muesli 375 g", "Granola 750 g"}[l.batches%3]
}

// startBatch starts a new batch at once; one that runs is closed as far as it got. A faulty line refuses.
func (l *packagingLine) startBatch(recipe string, quantity uint32, now time.Time) (string, bool) {
	if l.state == lineFault {
		return "", false
	}
	if l.current.BatchID != "" {
		l.finish(now)
	}
	l.begin(recipe, quantity, now)
	return l.current.BatchID, true
}

// heat lets the sealing zones follow their set points, which rise along the line, while the line is in use.
func (l *packagingLine) heat(dt float64, rnd *rand.Rand) {
	for i := range l.zones {
		target := 138 + 4*float64(i)
		if l.state == lineFault {
			target = 90
		}
		l.zones[i] += (target - l.zones[i]) * dt / 40
		l.measuredZones[i] = l.zones[i] + 0.2*rnd.NormFloat64()
	}
}

func (l *packagingLine) stackLight() byte {
	return [...]byte{lineIdle: 0, lineRunning: lightGreen, lineStarved: lightYellow, lineFault: lightRed}[l.state]
}

// availability is the share of time the line ran, in percent.
func (l *packagingLine) availability() float64 {
	if l.allSeconds == 0 {
		return 0
	}
	return 100 * l.runSeconds / l.allSeconds
}

func validLineSpeed(perMinute float64) bool {
	return perMinute >= 0 && perMinute <= maxLineSpeed
}
