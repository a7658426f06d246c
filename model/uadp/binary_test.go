package uadp

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// A namespace index of the server becomes the URI that it stands for, wherever it is in a value.
func TestBinaryNamespaces(t *testing.T) {
	table := model.NamespaceTable{"http://opcfoundation.org/UA/", "urn:a"}
	numeric := []byte{nodeIDFourByte, 1, 7, 0}
	want := model.ExpandedNodeID{NodeID: model.NumericID(0, 7), NamespaceURI: "urn:a"}
	name := model.QualifiedName{Namespace: 1, Name: "x", NamespaceURI: "urn:a"}
	object := model.ExtensionObject{TypeID: want}
	for _, c := range []struct {
		name  string
		bytes []byte
		want  model.Variant
	}{
		{"NodeId", append([]byte{17}, numeric...), model.ExpandedNodeIDValue(&want)},
		{"NodeIds", append([]byte{17 | variantArray, 1, 0, 0, 0}, numeric...), model.ArrayValue([]model.ExpandedNodeID{want})},
		{"ExpandedNodeId", append([]byte{18}, numeric...), model.ExpandedNodeIDValue(&want)},
		{"ExpandedNodeId with a URI", append([]byte{18, nodeIDFourByte | nodeIDNamespaceURI, 1, 7, 0}, text("urn:a")...), model.ExpandedNodeIDValue(&want)},
		{"QualifiedName", append([]byte{20, 1, 0}, text("x")...), model.QualifiedNameValue(&name)},
		{"structure", append(append([]byte{22}, numeric...), 0), model.ExtensionObjectValue(&object)},
		{"Variant", append([]byte{24 | variantArray, 1, 0, 0, 0, 17}, numeric...), model.ArrayValue([]model.Variant{model.ExpandedNodeIDValue(&want)})},
	} {
		var b Binary
		b.Reset(c.bytes, table)
		if got := b.Variant(); b.Err() != nil || !got.Equal(c.want) || b.Left() != 0 {
			t.Errorf("%s: %s, %d bytes left, %v; want %s", c.name, got, b.Left(), b.Err(), c.want)
		}
	}
	var b Binary
	b.Reset(numeric, nil)
	if id := b.NodeID(); id != model.NumericID(1, 7) {
		t.Errorf("without a table: %v", id)
	}
}

func text(s string) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(s))), s...)
}

func TestBinaryRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		read   func(*Binary)
		bytes  []byte
		reason error
	}{
		{"length -2", func(b *Binary) { b.Count(1) }, []byte{0xFE, 0xFF, 0xFF, 0xFF}, ErrMalformed},
		{"length beyond the end", func(b *Binary) { b.Count(4) }, []byte{2, 0, 0, 0, 1, 2, 3, 4}, ErrTruncated},
		{"array of length -2", func(b *Binary) { b.Variant() }, []byte{6 | variantArray, 0xFE, 0xFF, 0xFF, 0xFF}, ErrMalformed},
		{"too deep", func(b *Binary) {
			for b.Enter() {
			}
		}, nil, ErrLimit},
		{"end", func(b *Binary) { b.Uint64() }, make([]byte, 7), ErrTruncated},
	} {
		var b Binary
		b.Reset(c.bytes, nil)
		c.read(&b)
		if !errors.Is(b.Err(), c.reason) || b.Left() != 0 {
			t.Errorf("%s: %v, want %v", c.name, b.Err(), c.reason)
		}
	}
}

func FuzzBinary(f *testing.F) {
	f.Add([]byte{0x0D, 11, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{1, 24 | variantArray, 1, 0, 0, 0, 25, 0x40, 0x40, 0x40})
	table := model.NamespaceTable{"http://opcfoundation.org/UA/", "urn:a"}
	f.Fuzz(func(t *testing.T, data []byte) {
		var b Binary
		b.Reset(data, table)
		for b.Left() > 0 {
			var v model.DataValue
			b.DataValue(&v)
			_ = v.Clone().Value.String()
		}
	})
}
