package bus

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestMetrics(t *testing.T) {
	s, c := newBus(t)
	ctx := testContext(t)
	fill(t, c, 30, 1000)
	if err := c.Purge(ctx, StreamData, 10); err != nil {
		t.Fatal(err)
	}
	guard, err := s.NewGuard(GuardConfig{Reserve: 7, Low: 8})
	if err != nil {
		t.Fatal(err)
	}
	leases, err := NewLeases(ctx, c, LeaseConfig{Process: "p"}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	text := newTextStore(t, c)
	appendText(t, text, textOf("a", time.Now(), "x"), textOf("a", time.Now(), strings.Repeat("x", MaxTextValue)))
	for range metaVersions + 5 { // five more than stay
		doc := []byte(fmt.Sprint(time.Now().UnixNano()))
		if err := c.PublishMeta(ctx, "g", "gr", "w", ContentJSON, doc); err != nil {
			t.Fatal(err)
		}
	}
	var b strings.Builder
	c.WriteMetrics(&b)
	guard.WriteMetrics(&b)
	leases.WriteMetrics(&b)
	text.WriteMetrics(&b)
	text.publisher.WriteMetrics(&b)
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	form := regexp.MustCompile(`^shopfloor_[a-z_]+(\{[a-z]+="[^"]+"\})? [0-9]+$`)
	seen := make(map[string]bool)
	for _, line := range lines {
		name, _, _ := strings.Cut(line, " ")
		if !form.MatchString(line) || seen[name] {
			t.Errorf("line %q, or it stands twice", line)
		}
		seen[name] = true
	}
	for _, want := range []string{
		`shopfloor_stream_messages{stream="UA_DATA"} 20`,
		`shopfloor_stream_purged_messages_total{stream="UA_DATA"} 10`,
		fmt.Sprintf(`shopfloor_stream_limit_bytes{stream="UA_DATA"} %d`, 1<<30/100*dataShare),
		`shopfloor_stream_dropped_messages_total{stream="UA_META"} 5`,
		`shopfloor_stream_dropped_messages_total{stream="UA_TEXT"} 0`,
		`shopfloor_stream_max_age_seconds{stream="UA_TEXT"} 7776000`,
		`shopfloor_text_stored_total 1`,
		`shopfloor_text_too_large_total 1`,
		`shopfloor_publisher_stored_total{gateway="text"} 1`,
		`shopfloor_bus_up 1`,
		`shopfloor_bus_dead_streams{dir="` + guard.cfg.Dir + `"} 0`,
		`shopfloor_lease_held 0`,
	} {
		if !strings.Contains(b.String(), want+"\n") {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
	// The limit is the real one while the Guard holds the streams.
	if err := c.changeStreams(ctx, holdStream); err != nil {
		t.Fatal(err)
	}
	b.Reset()
	c.WriteMetrics(&b)
	if want := fmt.Sprintf("shopfloor_stream_limit_bytes{stream=\"UA_DATA\"} %d\n", 1<<30/100*dataShare); !strings.Contains(b.String(), want) {
		t.Errorf("no line %q in\n%s", want, b.String())
	}
	shutdown(t, s)
	b.Reset()
	c.WriteMetrics(&b)
	if !strings.Contains(b.String(), "shopfloor_bus_up 0\n") {
		t.Errorf("after the end:\n%s", b.String())
	}
}
