package demoplant

import (
	"slices"
	"sync"
	"time"

	"github.com/gopcua/opcua/ua"
)

const (
	historyInterval = time.Second
	historyDepth    = 900 // values a variable, 15 minutes
)

// history keeps the newest values of one variable in a ring. It is safe for concurrent use.
type history struct {
	mu     sync.Mutex
	values [historyDepth]*ua.DataValue
	first  int
	count  int
}

// add records a value; it ignores one that is not newer than the last.
func (h *history) add(dv *ua.DataValue) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count > 0 && !dv.SourceTimestamp.After(h.at(h.count-1).SourceTimestamp) {
		return
	}
	if h.count == historyDepth {
		h.first = (h.first + 1) % historyDepth
		h.count--
	}
	h.values[(h.first+h.count)%historyDepth] = dv
	h.count++
}

// Raw implements uaserver.History.
func (h *history) Raw(start, end time.Time, newestFirst bool, limit int) []*ua.DataValue {
	h.mu.Lock()
	defer h.mu.Unlock()
	low, high := 0, h.count // the window [low, high)
	if !start.IsZero() {
		low = h.search(start, newestFirst)
	}
	if !end.IsZero() {
		high = h.search(end, newestFirst)
	}
	if low >= high {
		return nil
	}
	if newestFirst {
		low = max(low, high-limit)
	} else {
		high = min(high, low+limit)
	}
	out := make([]*ua.DataValue, 0, high-low)
	for i := low; i < high; i++ {
		out = append(out, h.at(i))
	}
	if newestFirst {
		slices.Reverse(out)
	}
	return out
}

// search returns the position of the first value at or after t, or only after t when past is set.
func (h *history) search(t time.Time, past bool) int {
	low, high := 0, h.count
	for low < high {
		mid := (low + high) / 2
		ts := h.at(mid).SourceTimestamp
		if ts.Before(t) || past && ts.Equal(t) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

func (h *history) at(i int) *ua.DataValue { return h.values[(h.first+i)%historyDepth] }
