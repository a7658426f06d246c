package demoplant

import (
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/cmd/shopfloor/demoplant/uaserver"
)

const (
	historyInterval = time.Second
	historyDepth    = 900 // values a variable, 15 minutes, and as many modified ones
)

// history keeps the newest values of one variable, in the order of their times, and what was modified of them. It is safe for concurrent use.
type history struct {
	mu       sync.Mutex
	values   []*ua.DataValue
	modified []uaserver.Modified
}

var _ uaserver.History = (*history)(nil)

// add records a value; it ignores one that is not newer than the last.
func (h *history) add(dv *ua.DataValue) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.values); n == 0 || dv.SourceTimestamp.After(h.values[n-1].SourceTimestamp) {
		h.values = trim(append(h.values, dv))
	}
}

// trim drops the oldest of what is beyond historyDepth, in place.
func trim[T any](list []T) []T {
	if len(list) > historyDepth {
		list = slices.Delete(list, 0, len(list)-historyDepth)
	}
	return list
}

// Raw implements uaserver.History.
func (h *history) Raw(start, end time.Time, newestFirst bool, limit int) []*ua.DataValue {
	h.mu.Lock()
	defer h.mu.Unlock()
	return window(h.values, func(v *ua.DataValue) time.Time { return v.SourceTimestamp }, start, end, newestFirst, limit)
}

// Modified implements uaserver.History.
func (h *history) Modified(start, end time.Time, newestFirst bool, limit int) []uaserver.Modified {
	h.mu.Lock()
	defer h.mu.Unlock()
	return window(h.modified, func(m uaserver.Modified) time.Time { return m.Value.SourceTimestamp }, start, end, newestFirst, limit)
}

// window copies what is of a time out of a list in the order of times.
func window[T any](list []T, at func(T) time.Time, start, end time.Time, newestFirst bool, limit int) []T {
	low, high := 0, len(list)
	if !start.IsZero() {
		low = search(list, at, start, newestFirst)
	}
	if !end.IsZero() {
		high = search(list, at, end, newestFirst)
	}
	if low >= high {
		return nil
	}
	if !newestFirst {
		return slices.Clone(list[low:min(high, low+limit)])
	}
	out := slices.Clone(list[max(low, high-limit):high])
	slices.Reverse(out)
	return out
}

// search returns the position of the first entry at or after t, or only after t when past is set.
func search[T any](list []T, at func(T) time.Time, t time.Time, past bool) int {
	return sort.Search(len(list), func(i int) bool {
		return at(list[i]).After(t) || !past && at(list[i]).Equal(t)
	})
}

// find returns where a value of a time is, or would be.
func (h *history) find(t time.Time) (i int, found bool) {
	i = search(h.values, func(v *ua.DataValue) time.Time { return v.SourceTimestamp }, t, false)
	return i, i < len(h.values) && h.values[i].SourceTimestamp.Equal(t)
}

// Update implements uaserver.History.
func (h *history) Update(perform ua.PerformUpdateType, v *ua.DataValue, now time.Time) ua.StatusCode {
	h.mu.Lock()
	defer h.mu.Unlock()
	i, found := h.find(v.SourceTimestamp)
	switch {
	case perform < ua.PerformUpdateTypeInsert || perform > ua.PerformUpdateTypeUpdate:
		return ua.StatusBadHistoryOperationUnsupported
	case perform == ua.PerformUpdateTypeInsert && found:
		return ua.StatusBadEntryExists
	case perform == ua.PerformUpdateTypeReplace && !found:
		return ua.StatusBadNoEntryExists
	case found:
		h.note(h.values[i], ua.HistoryUpdateTypeReplace, now)
		h.values[i] = v
		return ua.StatusGoodEntryReplaced
	}
	h.note(v, ua.HistoryUpdateTypeInsert, now)
	h.values = trim(slices.Insert(h.values, i, v))
	return ua.StatusGoodEntryInserted
}

// Delete implements uaserver.History.
func (h *history) Delete(start, end time.Time, modified bool, now time.Time) ua.StatusCode {
	h.mu.Lock()
	defer h.mu.Unlock()
	if modified {
		before := len(h.modified)
		h.modified = slices.DeleteFunc(h.modified, func(m uaserver.Modified) bool { return within(m.Value, start, end) })
		return outcome(before - len(h.modified))
	}
	before := len(h.values)
	for _, v := range h.values {
		if within(v, start, end) {
			h.note(v, ua.HistoryUpdateTypeDelete, now)
		}
	}
	h.values = slices.DeleteFunc(h.values, func(v *ua.DataValue) bool { return within(v, start, end) })
	return outcome(before - len(h.values))
}

// outcome is the status of a deletion.
func outcome(deleted int) ua.StatusCode {
	if deleted == 0 {
		return ua.StatusBadNoData
	}
	return ua.StatusOK
}

func within(v *ua.DataValue, start, end time.Time) bool {
	return !v.SourceTimestamp.Before(start) && v.SourceTimestamp.Before(end)
}

// DeleteAt implements uaserver.History.
func (h *history) DeleteAt(t, now time.Time) ua.StatusCode {
	h.mu.Lock()
	defer h.mu.Unlock()
	i, found := h.find(t)
	if !found {
		return ua.StatusBadNoEntryExists
	}
	h.note(h.values[i], ua.HistoryUpdateTypeDelete, now)
	h.values = slices.Delete(h.values, i, i+1)
	return ua.StatusOK
}

// note remembers what was modified. Of one time the newest modification comes first (Part 11, 6.5.3.3).
func (h *history) note(v *ua.DataValue, kind ua.HistoryUpdateType, now time.Time) {
	m := uaserver.Modified{Value: v, Info: &ua.ModificationInfo{ModificationTime: now, UpdateType: kind, UserName: "anonymous"}}
	i := search(h.modified, func(m uaserver.Modified) time.Time { return m.Value.SourceTimestamp }, v.SourceTimestamp, false)
	h.modified = trim(slices.Insert(h.modified, i, m))
}
