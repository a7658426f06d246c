package opcua

import (
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// gopcua writes times of this range only.
var (
	firstWritable = model.DateTimeOf(time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC))
	lastWritable  = model.DateTimeOf(time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC))
)

// uaTime converts a DateTime for gopcua.
func uaTime(d model.DateTime) (time.Time, error) {
	if d.IsZero() {
		return time.Time{}, nil
	}
	if d < firstWritable || d > lastWritable {
		return time.Time{}, fmt.Errorf("DateTime %s cannot be written: want a time between 1678 and 2261", d)
	}
	return d.Time(), nil
}
