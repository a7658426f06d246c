package bus

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// delivery is what a reply subject of JetStream says of a message:
//
//	$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.<number>.<nanoseconds>.<pending>
//	$JS.ACK.<domain>.<account>.<stream>.<consumer>.<delivered>.<sequence>.<number>.<nanoseconds>.<pending>[.<token>]
type delivery struct {
	consumer string
	sequence uint64 // in the stream
	number   uint64 // of the delivery by this consumer, from 1
	time     time.Time
	pending  uint64 // messages of the consumer that were still to come
}

// parseDelivery reads a reply subject without allocating, as it is done for each frame.
func parseDelivery(reply string) (d delivery, err error) {
	rest, ok := strings.CutPrefix(reply, "$JS.ACK.")
	if !ok {
		return d, fmt.Errorf("reply subject %q is none of JetStream", reply)
	}
	skip := 1 // the stream
	if strings.Count(rest, ".") >= 8 {
		skip = 3
	}
	for range skip {
		_, rest, _ = strings.Cut(rest, ".")
	}
	d.consumer, rest, _ = strings.Cut(rest, ".")
	var numbers [5]uint64 // delivered, sequence, number, nanoseconds, pending
	for i := range numbers {
		var token string
		token, rest, _ = strings.Cut(rest, ".")
		if numbers[i], err = strconv.ParseUint(token, 10, 64); err != nil {
			return d, fmt.Errorf("reply subject %q: %w", reply, err)
		}
	}
	d.sequence, d.number, d.time = numbers[1], numbers[2], time.Unix(0, int64(numbers[3]))
	d.pending = numbers[4]
	return d, nil
}
