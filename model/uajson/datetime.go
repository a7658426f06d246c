package uajson

import "github.com/shopfloor-iiot/shopfloor/model"

const (
	ticksPerSecond = 10_000_000
	secondsPerDay  = 86_400
	// unixDays is 1970-01-01 in days since 1601-01-01.
	unixDays = 134_774
	// lastDay is 9999-12-31 in days since 1970-01-01.
	lastDay = 2_932_896
	// noTime and endOfTime stand for times beyond what can be said (Part 6, 5.4.2.6).
	noTime    = "0001-01-01T00:00:00Z"
	endOfTime = "9999-12-31T23:59:59Z"
)

// clock keeps the text of a second, since times that follow each other mostly share theirs.
type clock struct {
	second int64 // since 1601-01-01; 0 is none
	text   [len(noTime) - 1]byte
}

// appendDateTime appends a time as ISO 8601 with up to seven decimals, in quotes (Part 6, 5.4.2.6).
func appendDateTime(dst []byte, t model.DateTime) []byte {
	var c clock
	return c.append(dst, t)
}

// append is appendDateTime.
func (c *clock) append(dst []byte, t model.DateTime) []byte {
	dst = append(dst, '"')
	ticks := int64(t)
	if ticks <= 0 {
		return append(append(dst, noTime...), '"')
	}
	second, fraction := ticks/ticksPerSecond, uint32(ticks%ticksPerSecond)
	if second != c.second || second == 0 {
		if second/secondsPerDay-unixDays > lastDay {
			return append(append(dst, endOfTime...), '"')
		}
		c.set(second)
	}
	dst = append(dst, c.text[:]...)
	if fraction != 0 {
		high, low := fraction/1e4, fraction%1e4
		dst = append(dst, '.', byte('0'+high/100), byte('0'+high/10%10), byte('0'+high%10), byte('0'+low/1000), byte('0'+low/100%10), byte('0'+low/10%10),
			byte('0'+low%10))
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return append(dst, 'Z', '"')
}

// set makes the text of a second.
func (c *clock) set(second int64) {
	c.second = second
	y, m, d := civil(second/secondsPerDay - unixDays)
	s := uint32(second % secondsPerDay)
	c.text = [...]byte{
		byte('0' + y/1000), byte('0' + y/100%10), byte('0' + y/10%10), byte('0' + y%10), '-', byte('0' + m/10), byte('0' + m%10), '-',
		byte('0' + d/10), byte('0' + d%10), 'T', byte('0' + s/36000), byte('0' + s/3600%10), ':', byte('0' + s/600%6), byte('0' + s/60%10), ':',
		byte('0' + s%60/10), byte('0' + s%10),
	}
}

// civil makes a date of days since 1970-01-01, in the Gregorian calendar. It counts in years that begin in March and in eras of 400
// years, which are all of the same length.
func civil(days int64) (y, m, d uint32) {
	z := uint32(days + 719_468)
	era := z / 146_097
	day := z % 146_097
	year := (day - day/1460 + day/36_524 - day/146_096) / 365
	ofYear := day - (365*year + year/4 - year/100)
	month := (5*ofYear + 2) / 153
	d = ofYear - (153*month+2)/5 + 1
	y = era*400 + year
	if month < 10 {
		return y, month + 3, d
	}
	return y + 1, month - 9, d
}

// daysOf is the inverse of civil; m and d must be in their ranges.
func daysOf(y, m, d uint32) int64 {
	if m > 2 {
		m -= 3
	} else {
		m += 9
		y--
	}
	era, year := y/400, y%400
	return int64(era)*146_097 + int64(365*year+year/4-year/100+(153*m+2)/5+d-1) - 719_468
}

// daysIn is the number of days of a month.
func daysIn(y, m uint32) uint32 {
	switch m {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// parseDateTime reads ISO 8601 as 2026-01-02T03:04:05.1234567Z, with any number of decimals, of which seven count, with an offset in
// place of the Z, or with neither, which is UTC. Times before 1601 are 0, times from the end of 9999 on are the end of time.
func parseDateTime(s string) (model.DateTime, bool) {
	var c clock
	return c.parse(s)
}

// parse is parseDateTime.
func (c *clock) parse(s string) (model.DateTime, bool) {
	if len(s) < len(c.text) {
		return 0, false
	}
	second := c.second
	if s[:len(c.text)] != string(c.text[:]) {
		var ok bool
		if second, ok = parseSecond(s); !ok {
			return 0, false
		}
		c.second = second
		copy(c.text[:], s)
	}
	fraction, rest, ok := decimals(s[len(c.text):])
	if !ok {
		return 0, false
	}
	offset, ok := zone(rest)
	switch second -= offset; {
	case !ok:
		return 0, false
	case s[:19] == endOfTime[:19]:
		return model.MaxDateTime, true
	case second < 0:
		return 0, true
	}
	return model.DateTime(second*ticksPerSecond + fraction), true
}

// parseSecond reads the date and the time up to the second, as seconds since 1601-01-01.
func parseSecond(s string) (int64, bool) {
	if s[4] != '-' || s[7] != '-' || s[10]|0x20 != 't' && s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return 0, false
	}
	y := two(s, 0)*100 + two(s, 2)
	month, day, hour, minute, second := two(s, 5), two(s, 8), two(s, 11), two(s, 14), two(s, 17)
	if y == 0 || y >= 10000 || month-1 >= 12 || day-1 >= daysIn(y, month) || hour >= 24 || minute >= 60 || second > 60 {
		return 0, false
	}
	return (daysOf(y, month, day)+unixDays)*secondsPerDay + int64(hour*3600+minute*60+second), true
}

// two reads two digits; anything else gives a number over 9999.
func two(s string, i int) uint32 {
	a, b := s[i]-'0', s[i+1]-'0'
	if a > 9 || b > 9 {
		return 1 << 20
	}
	return uint32(a)*10 + uint32(b)
}

// decimals reads the fraction of a second as 100 ns.
func decimals(s string) (ticks int64, rest string, ok bool) {
	if s == "" || s[0] != '.' && s[0] != ',' {
		return 0, s, true
	}
	i := 1
	for ; i < len(s) && s[i]-'0' <= 9; i++ {
		if i <= len(tens)-1 {
			ticks = ticks*10 + int64(s[i]-'0')
		}
	}
	return ticks * tens[min(i, len(tens))-1], s[i:], i > 1
}

// tens are the ticks that the last of n decimals counts.
var tens = [...]int64{ticksPerSecond, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1}

// zone reads the offset to UTC in seconds.
func zone(s string) (int64, bool) {
	switch {
	case s == "" || s == "Z" || s == "z":
		return 0, true
	case len(s) != 6 || s[3] != ':' || s[0] != '+' && s[0] != '-':
		return 0, false
	}
	hours, minutes := two(s, 1), two(s, 4)
	if hours >= 24 || minutes >= 60 {
		return 0, false
	}
	offset := int64(hours*3600 + minutes*60)
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}
