package publishednodes

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// parseTimespan reads "[-][d.]hh:mm[:ss[.fffffff]]". A number alone, which .NET takes for days, is refused: who writes "10" rarely means ten
// days.
func parseTimespan(s string) (time.Duration, error) {
	bad := fmt.Errorf("%q is no timespan; write hh:mm:ss, as in 00:00:01.500, or d.hh:mm:ss", s)
	rest, negative := strings.CutPrefix(strings.TrimSpace(s), "-")
	var total time.Duration
	if d, clock, ok := strings.Cut(rest, "."); ok && strings.Contains(clock, ":") {
		n, err := parseDigits(d, 5)
		if err != nil {
			return 0, bad
		}
		total, rest = time.Duration(n)*day, clock
	}
	parts := strings.Split(rest, ":")
	if len(parts) != 2 && len(parts) != 3 {
		return 0, bad
	}
	for i, unit := range []time.Duration{time.Hour, time.Minute} {
		n, err := parseDigits(parts[i], 2)
		if err != nil || n > 59 || i == 0 && n > 23 {
			return 0, bad
		}
		total += time.Duration(n) * unit
	}
	if len(parts) == 3 {
		seconds, err := parseSeconds(parts[2])
		if err != nil {
			return 0, bad
		}
		total += seconds
	}
	if negative {
		total = -total
	}
	return total, nil
}

// parseSeconds reads "ss" or "ss.fffffff".
func parseSeconds(s string) (time.Duration, error) {
	whole, fraction, dotted := strings.Cut(s, ".")
	n, err := parseDigits(whole, 2)
	if err != nil || n > 59 {
		return 0, strconv.ErrSyntax
	}
	if !dotted {
		return time.Duration(n) * time.Second, nil
	}
	f, err := parseDigits(fraction, 7)
	if err != nil {
		return 0, err
	}
	for range 9 - len(fraction) {
		f *= 10
	}
	return time.Duration(n)*time.Second + time.Duration(f), nil
}

// parseDigits reads 1 to most digits.
func parseDigits(s string, most int) (int64, error) {
	if len(s) > most || strings.Trim(s, "0123456789") != "" {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseInt(s, 10, 64)
}

// formatTimespan prints what parseTimespan reads, to 100 ns.
func formatTimespan(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	days := ""
	if d >= day {
		days = strconv.Itoa(int(d/day)) + "."
	}
	s := fmt.Sprintf("%s%s%02d:%02d:%02d", sign, days, d%day/time.Hour, d%time.Hour/time.Minute, d%time.Minute/time.Second)
	if f := d % time.Second / 100; f != 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%07d", f), "0")
	}
	return s
}
