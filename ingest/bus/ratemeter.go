package bus

import "time"

// rateMeter counts events in the last seconds.
type rateMeter struct {
	second [rateSeconds + 1]int
	at     int64 // the second that is being counted
}

// rateSeconds is how many whole seconds the rate is the mean of.
const rateSeconds = 5

func (r *rateMeter) add(now time.Time, n int) {
	r.advance(now)
	r.second[r.at%(rateSeconds+1)] += n
}

func (r *rateMeter) advance(now time.Time) {
	at := now.Unix()
	for s := max(r.at+1, at-rateSeconds); s <= at; s++ {
		r.second[s%(rateSeconds+1)] = 0
	}
	r.at = max(r.at, at)
}

// perSecond is the mean of the last whole seconds.
func (r *rateMeter) perSecond(now time.Time) float64 {
	r.advance(now)
	sum := -r.second[r.at%(rateSeconds+1)]
	for _, n := range r.second {
		sum += n
	}
	return float64(sum) / rateSeconds
}
