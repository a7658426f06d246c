package gateway

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
)

// packedText is a text that is needed now and then only, in a tenth of its memory.
type packedText []byte

// pack never returns nil.
func pack(text []byte) packedText {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil { // cannot be: the level is one
		panic(err)
	}
	// Writing to memory does not fail.
	_, _ = w.Write(text)
	_ = w.Close()
	return bytes.Clone(b.Bytes()) // without the room for more
}

func (p packedText) unpack() ([]byte, error) {
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(p)))
	if err != nil {
		return nil, fmt.Errorf("unpack text: %w", err)
	}
	return text, nil
}
