package uajson

import (
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// alias returns b as a string without copying it.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// appendText appends s as a JSON string; bytes that are no UTF-8 become U+FFFD.
func appendText(dst []byte, s string) []byte {
	if !isPlain(s) {
		return appendEscaped(dst, s)
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}

// appendEscaped appends a JSON string that is not plain.
func appendEscaped(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		case !special[c]:
			dst = append(dst, c)
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		default:
			const digits = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
		i++
	}
	return append(dst, '"')
}

// isPlain tells whether s can stand in a JSON string as it is.
func isPlain(s string) bool {
	for i := range len(s) {
		if special[s[i]] {
			return false
		}
		if s[i] >= utf8.RuneSelf {
			return utf8.ValidString(s[i:]) && !hasSpecial(s[i:])
		}
	}
	return true
}

func hasSpecial(s string) bool {
	for i := range len(s) {
		if special[s[i]] {
			return true
		}
	}
	return false
}

// hex4 reads the four digits of a \u escape.
func hex4(buf []byte, i int) (r rune, ok bool) {
	if i+4 > len(buf) {
		return 0, false
	}
	for _, c := range buf[i : i+4] {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20-'a' <= 5:
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// unescape writes the text of a string that scanner has checked to dst, which must be as long as src, and returns its length.
// Halves of surrogate pairs become U+FFFD.
func unescape(dst, src []byte) int {
	n := 0
	for i := 0; i < len(src); {
		c := src[i]
		if c != '\\' {
			dst[n] = c
			n++
			i++
			continue
		}
		c = src[i+1]
		i += 2
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r, _ := hex4(src, i)
			i += 4
			if utf16.IsSurrogate(r) {
				low := rune(0)
				if i+6 <= len(src) && src[i] == '\\' && src[i+1] == 'u' {
					low, _ = hex4(src, i+2)
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					i += 6
				}
			}
			n += utf8.EncodeRune(dst[n:], r)
			continue
		}
		dst[n] = c
		n++
	}
	return n
}

// bytesOf returns the bytes of s, which must not be changed.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
