package model

import (
	"strings"
	"testing"
)

func TestParseExpandedNodeID(t *testing.T) {
	f := func(text string, want ExpandedNodeID) {
		t.Helper()
		got, err := ParseExpandedNodeID(text)
		if err != nil || got != want {
			t.Errorf("%s: got %#v, %v, want %#v", text, got, err, want)
		}
		if err == nil && !strings.Contains(text, "UA/;") && got.String() != text {
			t.Errorf("%s prints as %s", text, got)
		}
	}
	guid, _ := ParseGUID("72962b91-fa75-4ae6-8d28-b404dc7daf63")
	f("i=2258", Expanded(NumericID(0, 2258)))
	f("ns=2;i=7", Expanded(NumericID(2, 7)))
	f("ns=2;s=a;b=c", Expanded(StringID(2, "a;b=c")))
	f("s=", Expanded(StringID(0, "")))
	f("ns=1;g=72962b91-fa75-4ae6-8d28-b404dc7daf63", Expanded(GUIDID(1, guid)))
	f("ns=1;b=AQID", Expanded(OpaqueID(1, "\x01\x02\x03")))
	f("nsu=urn:acme:boiler;s=Temp", ExpandedNodeID{NodeID: StringID(0, "Temp"), NamespaceURI: "urn:acme:boiler"})
	f("nsu=urn:a%3Bb%25;i=1", ExpandedNodeID{NodeID: NumericID(0, 1), NamespaceURI: "urn:a;b%"})
	f("svr=3;nsu=urn:x;i=1", ExpandedNodeID{NodeID: NumericID(0, 1), NamespaceURI: "urn:x", ServerIndex: 3})
	f("nsu=http://opcfoundation.org/UA/;i=85", Expanded(NumericID(0, 85)))
}

func TestParseNodeIDRefuses(t *testing.T) {
	f := func(text, part string) {
		t.Helper()
		id, err := ParseNodeID(text)
		if err == nil {
			t.Errorf("%q: got %v, want an error with %q", text, id, part)
		} else if !strings.Contains(err.Error(), part) {
			t.Errorf("%q: %v, want it to say %q", text, err, part)
		}
	}
	f("", "is no identifier")
	f("Temp", "is no identifier")
	f("ns=70000;i=1", "no number up to 65535")
	f("ns=2", "is no identifier")
	f("i=4294967296", "no number up to 4294967295")
	f("i=-1", "no number")
	f("x=1", "want i=, s=, g= or b=")
	f("g=zz", "want the form")
	f("b=*", "no base64")
	f("nsu=;i=1", "is empty")
	f("nsu=urn:x;i=1", "without nsu=")
	f("svr=x;i=1", "server index")
}

func TestNamespaceTable(t *testing.T) {
	table := NamespaceTable{"http://opcfoundation.org/UA/", "urn:server", "urn:types"}
	id := StringID(2, "Temp")
	expanded := table.Expand(id)
	if got := expanded.String(); got != "nsu=urn:types;s=Temp" {
		t.Errorf("expanded to %s", got)
	}
	if back, err := table.Resolve(expanded); err != nil || back != id {
		t.Errorf("resolved to %v, %v", back, err)
	}
	if got := table.Expand(NumericID(0, 85)); got.String() != "i=85" {
		t.Errorf("namespace 0 expanded to %s", got)
	}
	if got := table.Expand(NumericID(9, 1)); got.String() != "ns=9;i=1" {
		t.Errorf("an index outside the table expanded to %s", got)
	}
	if _, err := table.Resolve(ExpandedNodeID{NamespaceURI: "urn:other"}); err == nil || !strings.Contains(err.Error(), "urn:other") {
		t.Errorf("an unknown namespace resolved: %v", err)
	}
}

func TestSeriesIDRoundTrip(t *testing.T) {
	for _, id := range []SeriesID{{"g", "gr", "w", "f", ""}, {"a/b", "c d", "é", "x%2F", "3"}} {
		if got, err := ParseSeriesID(id.String()); err != nil || got != id {
			t.Errorf("%s came back as %#v, %v", id, got, err)
		}
	}
	if _, err := ParseSeriesID("a/b"); err == nil {
		t.Error("a/b is taken for a series id")
	}
}

func FuzzParseExpandedNodeID(f *testing.F) {
	for _, s := range []string{"i=2258", "ns=2;s=a", "nsu=urn:a%3B;i=1", "svr=1;nsu=u;g=72962b91-fa75-4ae6-8d28-b404dc7daf63", "b=AQID"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseExpandedNodeID(s)
		if err != nil {
			return
		}
		if back, err := ParseExpandedNodeID(id.String()); err != nil || back != id {
			t.Fatalf("%q: %v came back as %v, %v", s, id, back, err)
		}
	})
}
