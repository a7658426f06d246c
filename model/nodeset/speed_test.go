package nodeset

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

func BenchmarkParse(b *testing.B) {
	text, err := os.ReadFile(opcuatest.NodeSet(b, "Opc.Ua.NodeSet2.xml"))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("nodeset", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := Parse(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	// What encoding/xml takes for the tokens alone.
	b.Run("xml.RawToken", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			d := xml.NewDecoder(bytes.NewReader(text))
			for {
				if _, err := d.RawToken(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
