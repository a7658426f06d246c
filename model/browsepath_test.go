package model

import (
	"encoding/json"
	"testing"
)

func TestBrowsePathAsJSON(t *testing.T) {
	f := func(p BrowsePath, want string) {
		t.Helper()
		b, err := json.Marshal([]BrowsePath{p})
		if err != nil || string(b) != want {
			t.Fatalf("%+v is %s, %v, want %s", p, b, err, want)
		}
		got := []BrowsePath{{StartingNode: Expanded(NumericID(0, 1)), Path: "old"}}
		if err := json.Unmarshal(b, &got); err != nil || got[0] != p {
			t.Errorf("%s is %+v, %v, want %+v", b, got, err, p)
		}
	}
	f(BrowsePath{Path: "/2:a&&"}, `["/2:a\u0026\u0026"]`)
	f(BrowsePath{}, `[""]`)
	f(BrowsePath{StartingNode: ExpandedNodeID{NodeID: StringID(0, "x"), NamespaceURI: "urn:a"}, Path: "b"}, `[{"startingNode":"nsu=urn:a;s=x","path":"b"}]`)
	if err := json.Unmarshal([]byte(`7`), &BrowsePath{}); err == nil {
		t.Error("a number was taken for a path")
	}
}
