package bus

import (
	"fmt"
	"strings"
)

// maxName is the longest name in bytes before escaping. Three escaped names of that length and a reply subject stay below
// the 4,096 bytes that a NATS server takes as one line of its protocol.
const maxName = 200

const hexDigits = "0123456789ABCDEF"

// emptyToken stands for the empty name, because NATS knows no empty token.
const emptyToken = "="

// plain says whether a byte of a name stands for itself in a token.
func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// Escape makes one subject or key token of any name. ASCII letters, digits, '-' and '_' stand for themselves, every other
// byte becomes '=' and two upper-case hexadecimal digits ("a.b" is "a=2Eb"), and the empty name is "=". '=' is the one
// escape character that NATS allows in subjects and in keys of buckets alike. Names above 200 bytes give ErrName.
func Escape(name string) (string, error) {
	if name == "" {
		return emptyToken, nil
	}
	if len(name) > maxName {
		return "", fmt.Errorf("%w: %d bytes, at most %d are allowed: shorten %q…", ErrName, len(name), maxName, name[:32])
	}
	n := 0
	for i := 0; i < len(name); i++ {
		if !plain(name[i]) {
			n++
		}
	}
	if n == 0 {
		return name, nil
	}
	b := make([]byte, 0, len(name)+2*n)
	for i := 0; i < len(name); i++ {
		if c := name[i]; plain(c) {
			b = append(b, c)
		} else {
			b = append(b, '=', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(b), nil
}

// Unescape gives the name back of which Escape made the token. It takes nothing else: one name has one token.
func Unescape(token string) (string, error) {
	if token == emptyToken {
		return "", nil
	}
	if token == "" || len(token) > 3*maxName {
		return "", fmt.Errorf("%w: token of %d bytes, 1 to %d are allowed", ErrName, len(token), 3*maxName)
	}
	var b strings.Builder
	for i := 0; i < len(token); i++ {
		c := token[i]
		switch {
		case plain(c):
			b.WriteByte(c)
		case c == '=' && i+2 < len(token):
			hi, lo := strings.IndexByte(hexDigits, token[i+1]), strings.IndexByte(hexDigits, token[i+2])
			if hi < 0 || lo < 0 || plain(byte(hi<<4|lo)) {
				return "", fmt.Errorf("%w: escape %q in token %q", ErrName, token[i:i+3], token)
			}
			b.WriteByte(byte(hi<<4 | lo))
			i += 2
		default:
			return "", fmt.Errorf("%w: byte %q in token %q", ErrName, c, token)
		}
	}
	if b.Len() > maxName {
		return "", fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrName, b.Len(), maxName)
	}
	return b.String(), nil
}

// join escapes names into one subject or key behind a prefix.
func join(prefix string, names ...string) (string, error) {
	var b strings.Builder
	b.WriteString(prefix)
	for i, name := range names {
		token, err := Escape(name)
		if err != nil {
			return "", err
		}
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(token)
	}
	return b.String(), nil
}

// split is the inverse of join: it fills names with what stands behind the prefix, which must be exactly as many tokens.
func split(prefix, subject string, names []string) error {
	rest, ok := strings.CutPrefix(subject, prefix)
	if !ok || strings.Count(rest, ".") != len(names)-1 {
		return fmt.Errorf("%w: subject %q is not %s and %d tokens", ErrName, subject, prefix, len(names))
	}
	for i := range names {
		var token string
		token, rest, _ = strings.Cut(rest, ".")
		name, err := Unescape(token)
		if err != nil {
			return err
		}
		names[i] = name
	}
	return nil
}
