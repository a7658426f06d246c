package opcua

import (
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	epochTicks = 116_444_736_000_000_000 // 1970-01-01 in 100 ns since 1601
	// wrapTicks and wrapRest: 2^64 = 100*wrapTicks + wrapRest.
	wrapTicks = 184_467_440_737_095_516
	wrapRest  = 16
)

// dateTime converts a time that gopcua decoded. gopcua multiplies the ticks by 100 to get nanoseconds, which wraps around 2^64 outside
// 1678..2262: 9999-12-31, a common "never", comes as a day in 1816. True ticks make multiples of 100; each wrap adds 16 to the rest, so
// the rest tells how often it wrapped, for all years that a DateTime may have.
func dateTime(t time.Time) model.DateTime {
	if t.IsZero() {
		return 0
	}
	n := t.UnixNano()
	rest := n % 100
	if rest == 0 {
		return model.DateTime(n/100 + epochTicks)
	}
	for wraps := int64(-1); wraps <= 14; wraps++ { // 1601 to after 9999
		if r := rest + wrapRest*wraps; r%100 == 0 {
			if ticks := n/100 + r/100 + wraps*wrapTicks + epochTicks; ticks > 0 {
				return model.DateTime(ticks)
			}
			break
		}
	}
	return model.MaxDateTime
}

// gopcua writes times of this range only.
var (
	firstWritable = model.DateTimeOf(time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC))
	lastWritable  = model.DateTimeOf(time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC))
)

// uaTime is the opposite of dateTime.
func uaTime(d model.DateTime) (time.Time, error) {
	if d.IsZero() {
		return time.Time{}, nil
	}
	if d < firstWritable || d > lastWritable {
		return time.Time{}, fmt.Errorf("DateTime %s cannot be written: want a time between 1678 and 2261", d)
	}
	return d.Time(), nil
}
