package daemon

import (
	"fmt"
	"strings"
	"time"
)

// Duration is a time.Duration that may also be written in days: "30d".
type Duration time.Duration

// Set reads "1s", "2h30m" or "30d".
func (d *Duration) Set(s string) error {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		if _, err := fmt.Sscanf(days+" ", "%d ", &n); err == nil && n >= 0 && n < 100_000 {
			*d = Duration(time.Duration(n) * 24 * time.Hour)
			return nil
		}
	}
	v, err := time.ParseDuration(s)
	if err != nil || v < 0 {
		return fmt.Errorf("%q is no length of time; write 250ms, 1s, 2h or 30d", s)
	}
	*d = Duration(v)
	return nil
}

func (d Duration) String() string {
	if day := 24 * time.Hour; time.Duration(d) >= day && time.Duration(d)%day == 0 {
		return fmt.Sprintf("%dd", time.Duration(d)/day)
	}
	return time.Duration(d).String()
}

// UnmarshalText reads as Set does.
func (d *Duration) UnmarshalText(b []byte) error { return d.Set(string(b)) }

// MarshalText prints as String does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }
