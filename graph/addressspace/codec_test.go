package addressspace

import (
	"bytes"
	"reflect"
	"testing"
	"time"
)

func TestStoredForm(t *testing.T) {
	s := crawlPlant(t, newPlant(), nil, nil)
	s.Stamp, s.BrowsedAt = "stamp", time.Unix(1_700_000_000, 5)
	stored, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Unmarshal(stored)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, s) {
		t.Errorf("got %+v, want %+v", got, s)
	}
	if got.digest() != s.Version {
		t.Error("the version is another one")
	}
	for i := range stored {
		if _, err := Unmarshal(stored[:i]); err == nil {
			t.Fatalf("the first %d of %d bytes are taken", i, len(stored))
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	c := &crawler{services: newPlant(), limits: limits, progress: func(int, int) {}, counts: &counts{}}
	s, err := c.crawl(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.encode())
	f.Fuzz(func(t *testing.T, body []byte) {
		s := &Space{}
		r := reader{src: body}
		if r.space(s) != nil {
			return
		}
		s.settle()
		for i := range s.nodes {
			n := int32(i)
			s.Find(s.NodeID(n))
			_, _, _, _, _ = s.Path(n), s.TypeName(n), s.BrowseName(n), s.DisplayName(n), s.Unit(n)
		}
		s.Search(&Query{Text: "a b", TypeDefinition: num(58)})
		if again := s.encode(); !bytes.Equal(again, body) {
			other := &Space{}
			r := reader{src: again}
			if err := r.space(other); err != nil || !bytes.Equal(other.encode(), again) {
				t.Errorf("it does not come back: %v", err)
			}
		}
	})
}
