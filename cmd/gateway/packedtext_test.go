package gateway

import (
	"strings"
	"testing"
)

func TestPackedText(t *testing.T) {
	for _, text := range []string{"", "[]", strings.Repeat(`{"Id": "nsu=urn:plant;s=V1", "OpcSamplingInterval": 1000},`, 10_000)} {
		packed := pack([]byte(text))
		got, err := packed.unpack()
		if err != nil || string(got) != text || packed == nil {
			t.Errorf("%.30q came back as %.30q, %v", text, got, err)
		}
		if len(text) > 1000 && len(packed) > len(text)/10 {
			t.Errorf("%d bytes take %d", len(text), len(packed))
		}
	}
}
