package edge

import (
	"hash/maphash"
	"sync/atomic"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// successor is where the values of a replaced DataSet go: a Source learns of the new one only when it is open, and what arrives until then is of
// fields that mostly stay.
type successor struct {
	dataSet *dataSet
	fields  []int32 // index in the new DataSet by that in the old one; -1 for a field that is gone
}

// succeed finds the fields of an earlier DataSet in its successor: those with the same name that have the same source. Events have no field in a
// DataSet of values, nor the other way round.
func succeed(earlier, next *dataSet) *successor {
	index := make(map[uint64]int32, len(next.sources))
	for i, source := range next.sources {
		index[source] = int32(i)
	}
	s := &successor{dataSet: next, fields: make([]int32, len(earlier.sources))}
	for i, source := range earlier.sources {
		j, ok := index[source]
		if !ok || earlier.message.Kind != next.message.Kind {
			j = -1
		}
		s.fields[i] = j
	}
	return s
}

// sources are hashes of the fields' names and of what they have their values from.
func (p *Publisher) sources(fields []model.FieldMetaData) []uint64 {
	r := make([]uint64, len(fields))
	var h maphash.Hash
	h.SetSeed(p.seed)
	for i := range fields {
		f := &fields[i]
		for _, part := range [...]string{f.Name, f.Path, f.Node.String()} {
			h.WriteString(part)
			h.WriteByte(0)
		}
		r[i] = h.Sum64()
		h.Reset()
	}
	return r
}

// put passes a value on; it tells whether the field is still there.
func (s *successor) put(field int, v *model.DataValue) bool {
	if s == nil || field < 0 || field >= len(s.fields) || s.fields[field] < 0 {
		return false
	}
	s.dataSet.Put(int(s.fields[field]), v)
	return true
}

// putEvent passes an event on, if its fields are the same still.
func (s *successor) putEvent(fields []model.Variant) bool {
	if s == nil || len(s.fields) != len(s.dataSet.sources) {
		return false
	}
	for i, to := range s.fields {
		if int(to) != i {
			return false
		}
	}
	eventSet{s.dataSet}.PutEvent(fields)
	return true
}

// stored has done called when both DataSets have stored what was put into them: earlier those of before it was replaced, and what it passed on.
func (s *successor) stored(earlier *flights, done func(bool)) {
	var lost atomic.Bool
	var waiting atomic.Int32
	waiting.Store(2)
	part := func(stored bool) {
		if !stored {
			lost.Store(true)
		}
		if waiting.Add(-1) == 0 {
			done(!lost.Load())
		}
	}
	earlier.wait(false, part)
	s.dataSet.Stored(part)
}
