package bus

import (
	"testing"
	"time"
)

func TestParseDelivery(t *testing.T) {
	f := func(reply string, want delivery) {
		t.Helper()
		d, err := parseDelivery(reply)
		if err != nil || d.consumer != want.consumer || d.sequence != want.sequence || d.number != want.number || d.pending != want.pending || !d.time.Equal(want.time) {
			t.Fatalf("%s: %+v, %v; want %+v", reply, d, err, want)
		}
		if n := testing.AllocsPerRun(100, func() { _, _ = parseDelivery(reply) }); n != 0 {
			t.Fatalf("%s: %v allocations", reply, n)
		}
	}
	want := delivery{consumer: "cons_1", sequence: 77, number: 5, pending: 12, time: time.Unix(1700000000, 42)}
	f("$JS.ACK.UA_DATA.cons_1.1.77.5.1700000000000000042.12", want)
	f("$JS.ACK.hub.acc.UA_DATA.cons_1.1.77.5.1700000000000000042.12", want)
	f("$JS.ACK.hub.acc.UA_DATA.cons_1.1.77.5.1700000000000000042.12.rnd", want)
	for _, bad := range []string{"", "_INBOX.x", "$JS.ACK.", "$JS.ACK.S.c.1.x.5.1.0", "$JS.ACK.S.c.1.2", "$JS.ACK.S.c.1.2.3.4", "$JS.ACK.S.c.1.99999999999999999999.1.1.0"} {
		if d, err := parseDelivery(bad); err == nil {
			t.Fatalf("%q: %+v, want an error", bad, d)
		}
	}
}

func FuzzParseDelivery(f *testing.F) {
	f.Add("$JS.ACK.UA_DATA.cons_1.1.77.5.1700000000000000042.12")
	f.Add("$JS.ACK.hub.acc.UA_DATA.cons_1.1.77.5.1700000000000000042.12.rnd")
	f.Add("$JS.ACK.....")
	f.Fuzz(func(t *testing.T, reply string) {
		if _, err := parseDelivery(reply); err == nil && len(reply) < len("$JS.ACK.......") {
			t.Fatalf("%q was taken", reply)
		}
	})
}
