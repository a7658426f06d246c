package model

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// GUID is a Guid (Part 6, 5.1.3) in the order of its text form, big end first. The binary encoding swaps the first
// three groups: see AppendWire and GUIDFromWire.
type GUID [16]byte

// ParseGUID reads "72962B91-FA75-4AE6-8D28-B404DC7DAF63" in either case.
func ParseGUID(s string) (GUID, error) {
	var g GUID
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return g, fmt.Errorf("guid %q: want the form 72962b91-fa75-4ae6-8d28-b404dc7daf63", s)
	}
	var digits [32]byte
	n := 0
	for i := range len(s) {
		if s[i] != '-' {
			if n == len(digits) {
				return g, fmt.Errorf("guid %q: a dash is missing", s)
			}
			digits[n] = s[i]
			n++
		}
	}
	if _, err := hex.Decode(g[:], digits[:n]); err != nil {
		return g, fmt.Errorf("guid %q: %w", s, err)
	}
	return g, nil
}

// String prints the text form in lower case.
func (g GUID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", g[0:4], g[4:6], g[6:8], g[8:10], g[10:16])
}

// AppendWire appends the binary encoding (Part 6, 5.2.2.6) to dst.
func (g GUID) AppendWire(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, binary.BigEndian.Uint32(g[0:]))
	dst = binary.LittleEndian.AppendUint16(dst, binary.BigEndian.Uint16(g[4:]))
	dst = binary.LittleEndian.AppendUint16(dst, binary.BigEndian.Uint16(g[6:]))
	return append(dst, g[8:]...)
}

// GUIDFromWire reads the binary encoding (Part 6, 5.2.2.6) from the 16 bytes of b.
func GUIDFromWire(b *[16]byte) GUID {
	var g GUID
	binary.BigEndian.PutUint32(g[0:], binary.LittleEndian.Uint32(b[0:]))
	binary.BigEndian.PutUint16(g[4:], binary.LittleEndian.Uint16(b[4:]))
	binary.BigEndian.PutUint16(g[6:], binary.LittleEndian.Uint16(b[6:]))
	copy(g[8:], b[8:])
	return g
}
