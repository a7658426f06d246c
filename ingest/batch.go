package ingest

import "github.com/shopfloor-iiot/shopfloor/model"

// batch is what some frames became, on its way from the goroutine that decodes to the one that appends. Two of them go round, so
// that one is filled while the other one is written.
type batch struct {
	rows  []Row
	texts []TextValue
	// events are those of the frames, with memory of their own.
	events []model.Event
	// read is the sequence of the last frame that was looked at. Up to safe no frame waits outside of the batches: for its
	// metadata, or for the other chunks of its message.
	read, safe uint64

	frames, values, screened, superseded int
}

// maxKept is the capacity in texts, and in events, that a batch keeps: they hold memory of their own.
const maxKept = 1 << 12

// reset makes an appended batch ready to be filled again.
func (b *batch) reset() {
	clear(b.texts)
	if cap(b.texts) > maxKept {
		b.texts = nil
	}
	clear(b.events)
	if cap(b.events) > maxKept {
		b.events = nil
	}
	*b = batch{rows: b.rows[:0], texts: b.texts[:0], events: b.events[:0], read: b.read, safe: b.safe}
}
