package uajson

import (
	"math"
	"strconv"
)

// parseInt reads an integer that scanner has checked, or digits from a string. ok is false if it is none or beyond 64 bits.
func parseInt(b []byte) (n int64, ok bool) {
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		b = b[1:]
	}
	u, ok := parseUint(b)
	switch {
	case !ok || u > 1<<63 || u == 1<<63 && !neg:
		return 0, false
	case neg:
		return -int64(u), true
	}
	return int64(u), true
}

// parseUint reads digits. ok is false if there are others or the number is beyond 64 bits.
func parseUint(b []byte) (n uint64, ok bool) {
	if len(b) == 0 || len(b) > 20 {
		return 0, false
	}
	for i, c := range b {
		d := uint64(c - '0')
		if d > 9 || i == 19 && (n > math.MaxUint64/10 || n*10 > math.MaxUint64-d) {
			return 0, false
		}
		n = n*10 + d
	}
	return n, true
}

// exact are the powers of ten that a Double holds exactly.
var exact = [...]float64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// parseFloat reads a JSON number; what is beyond a Double becomes infinite. ok is false if b is no number.
func parseFloat(b []byte) (f float64, ok bool) {
	if f, ok = parseShort(b); ok {
		return f, true
	}
	for _, c := range b { // strconv reads more than JSON has: hexadecimal, underscores, names
		if c-'0' > 9 && c != '.' && c != '-' && c != '+' && c|0x20 != 'e' {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(alias(b), 64)
	return f, err == nil || math.IsInf(f, 0)
}

// parseShort reads numbers of up to 15 digits without an exponent: their digits and a power of ten are exact, so that one division
// rounds right.
func parseShort(b []byte) (f float64, ok bool) {
	var n uint64
	i, digits, point := 0, 0, -1
	if len(b) > 0 && b[0] == '-' {
		i = 1
	}
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c-'0' <= 9:
			n = n*10 + uint64(c-'0')
			digits++
		case c == '.' && point < 0:
			point = digits
		default:
			return 0, false
		}
	}
	if digits == 0 || digits > 15 {
		return 0, false
	}
	f = float64(n)
	if point >= 0 {
		f /= exact[digits-point]
	}
	if b[0] == '-' {
		f = -f
	}
	return f, true
}

// named reads the numbers that JSON lacks (Part 6, 5.4.2.4).
func named(s string) (f float64, ok bool) {
	switch s {
	case "NaN":
		return math.NaN(), true
	case "Infinity", "INF":
		return math.Inf(1), true
	case "-Infinity", "-INF":
		return math.Inf(-1), true
	}
	return 0, false
}

// appendFloat appends the shortest number that reads back as f, whose size is bits, or the name of one that JSON lacks
// (Part 6, 5.4.2.4).
func appendFloat(dst []byte, f float64, bits int) []byte {
	if bits == 64 {
		if out, ok := appendShort(dst, f); ok {
			return out
		}
	}
	a := math.Abs(f)
	switch {
	case f != f:
		return append(dst, `"NaN"`...)
	case a > math.MaxFloat64:
		if f > 0 {
			return append(dst, `"Infinity"`...)
		}
		return append(dst, `"-Infinity"`...)
	case a != 0 && (a < 1e-6 || a >= 1e21):
		return strconv.AppendFloat(dst, f, 'e', -1, bits)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, bits)
}

// appendShort appends a number that has up to four decimals and 15 digits, as measured values mostly do. A decimal of that length that
// reads back as f is the shortest one, so that nothing needs to be searched.
func appendShort(dst []byte, f float64) ([]byte, bool) {
	scaled := f * 1e4
	if !(math.Abs(scaled) < 1e15) || f == 0 {
		return dst, f == 0 && !math.Signbit(f) && appendZero(&dst)
	}
	n := int64(math.Round(scaled))
	if float64(n)/1e4 != f {
		return dst, false
	}
	if n < 0 {
		dst, n = append(dst, '-'), -n
	}
	dst = strconv.AppendInt(dst, n/1e4, 10)
	if n %= 1e4; n != 0 {
		dst = append(dst, '.', byte('0'+n/1000), byte('0'+n/100%10), byte('0'+n/10%10), byte('0'+n%10))
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return dst, true
}

func appendZero(dst *[]byte) bool {
	*dst = append(*dst, '0')
	return true
}
