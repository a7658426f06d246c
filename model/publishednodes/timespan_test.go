package publishednodes

import (
	"testing"
	"time"
)

func TestTimespan(t *testing.T) {
	f := func(s string, want time.Duration, canonical string) {
		t.Helper()
		d, err := parseTimespan(s)
		if err != nil || d != want {
			t.Errorf("%q: got %v %v, want %v", s, d, err, want)
		}
		if got := formatTimespan(d); got != canonical {
			t.Errorf("%v is written %q, want %q", d, got, canonical)
		}
	}
	f("00:00:01.500", 1500*time.Millisecond, "00:00:01.5")
	f("0:0:1", time.Second, "00:00:01")
	f("01:02", time.Hour+2*time.Minute, "01:02:00")
	f("1.02:03:04.0000001", 26*time.Hour+3*time.Minute+4*time.Second+100, "1.02:03:04.0000001")
	f("-00:00:00.001", -time.Millisecond, "-00:00:00.001")
	f(" 23:59:59.9999999 ", 24*time.Hour-100, "23:59:59.9999999")
	bad := func(s string) {
		t.Helper()
		if d, err := parseTimespan(s); err == nil {
			t.Errorf("%q is read as %v", s, d)
		}
	}
	for _, s := range []string{"", "10", "1.5", "24:00:00", "00:60:00", "00:00:60", "00:00:01.12345678", "a:b:c", "00:00:00:00", "--00:00:01", "00:00:1e1", "999999.00:00:00", "1.1.00:00"} {
		bad(s)
	}
}

func TestNodeID(t *testing.T) {
	f := func(s, want string) {
		t.Helper()
		id, err := parseNodeID(s)
		if err != nil || id.String() != want {
			t.Errorf("%q: got %q %v, want %q", s, id, err, want)
		}
	}
	f("i=2258", "i=2258")
	f("ns=2;s=a#i=1", "ns=2;s=a#i=1")
	f("nsu=urn:x;s=a", "nsu=urn:x;s=a")
	f("http://test.org/UA/Data/#i=11224", "nsu=http://test.org/UA/Data/;i=11224")
	f("urn:a;b#s=x#s=y", "nsu=urn:a%3Bb;s=x#s=y")
	f("http://opcfoundation.org/UA/#i=85", "i=85")
	for _, s := range []string{"", "s", "urn:x#q=1", "svr=1;i=1", "ns=70000;i=1", "#i=1"} {
		if id, err := parseNodeID(s); err == nil {
			t.Errorf("%q is read as %q", s, id)
		}
	}
}
