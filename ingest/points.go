package ingest

import (
	"math"
	"slices"
)

// points collects the samples of a group of frames and gives them out series by series. The store finds a series by its name,
// which costs more than all the rest; samples of one series in a row are found once.
//
// The zero value is ready for use. It keeps its memory and does not allocate per sample.
type points struct {
	all     []point
	touched []*series
	// frame numbers frames, so that a series knows whether its newest sample is of this one; start is where its samples begin.
	frame uint64
	start int
	// unordered says that the time of a series went back within this frame.
	unordered bool
	// superseded counts samples that a later one of the same millisecond and frame replaced.
	superseded int
	seen       map[pointKey]struct{}
}

// point is one sample in the chain of its series.
type point struct {
	series *series
	time   int64
	value  float64
	next   int32 // the place of the next one plus 1, 0 for none
}

// series is a series on its way into the store.
type series struct {
	// name is what Store.AppendName made; nil when the field has no such series.
	name []byte
	// time and frame are those of the newest sample.
	time  int64
	frame uint64
	// head and tail are the places plus 1 of the first and the last sample; 0 for none.
	head, tail int32
}

type pointKey struct {
	series *series
	time   int64
}

// dropped is the time of a sample that was replaced.
const dropped = math.MinInt64

// begin begins a frame.
func (p *points) begin() {
	p.frame++
	p.start, p.unordered = len(p.all), false
}

// add appends a sample, or replaces the one that the series has at the same millisecond in this frame.
func (p *points) add(s *series, ms int64, v float64) {
	if s.frame == p.frame && s.head != 0 {
		if s.time == ms {
			p.all[s.tail-1].value = v
			p.superseded++
			return
		}
		p.unordered = p.unordered || ms < s.time
	}
	p.all = append(p.all, point{series: s, time: ms, value: v})
	place := int32(len(p.all))
	if s.head == 0 {
		s.head = place
		p.touched = append(p.touched, s)
	} else {
		p.all[s.tail-1].next = place
	}
	s.tail, s.frame, s.time = place, p.frame, ms
}

// end ends a frame. Only one in which the time of a series goes back can have samples of the same millisecond that add did not
// find.
func (p *points) end() {
	if !p.unordered {
		return
	}
	if p.seen == nil {
		p.seen = map[pointKey]struct{}{}
	}
	clear(p.seen)
	for i := len(p.all) - 1; i >= p.start; i-- {
		key := pointKey{p.all[i].series, p.all[i].time}
		if _, later := p.seen[key]; later {
			p.superseded++
			p.all[i].time = dropped
			continue
		}
		p.seen[key] = struct{}{}
	}
}

// emit appends all samples to rows, those of one series together and in the order in which they came, and forgets them.
func (p *points) emit(rows []Row) []Row {
	rows = slices.Grow(rows, len(p.all)) // at once: a batch of many series would be copied again and again while it grows
	for _, s := range p.touched {
		for place := s.head; place != 0; {
			pt := &p.all[place-1]
			place = pt.next
			if pt.time != dropped {
				rows = append(rows, Row{Name: s.name, Time: pt.time, Value: pt.value})
			}
		}
	}
	p.reset()
	return rows
}

// reset forgets all samples.
func (p *points) reset() {
	for _, s := range p.touched {
		s.head, s.tail = 0, 0
	}
	clear(p.touched)
	p.touched, p.all = p.touched[:0], p.all[:0]
	p.start = 0
}
