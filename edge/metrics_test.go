package edge

import (
	"bufio"
	"regexp"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The names are a promise: whoever changes this list breaks dashboards and alarms.
const metricNames = `
shopfloor_edge_start_time_seconds gauge
shopfloor_edge_values_total counter
shopfloor_edge_frames_total counter
shopfloor_edge_bytes_total counter
shopfloor_edge_pending_frames gauge
shopfloor_edge_dropped_values_total counter
shopfloor_edge_refused_values_total counter
shopfloor_edge_unstored_frames_total counter
shopfloor_edge_gaps_total counter
shopfloor_edge_last_gap_seconds gauge
shopfloor_edge_lost_deliveries_total counter
shopfloor_edge_server_connected gauge
shopfloor_edge_server_state_since_seconds gauge
shopfloor_edge_server_reconnects_total counter
shopfloor_edge_server_values_total counter
shopfloor_edge_server_last_value_seconds gauge
shopfloor_edge_server_queued_values gauge
shopfloor_edge_server_overflows_total counter
shopfloor_edge_server_missing_messages_total counter
shopfloor_edge_server_crowded_values_total counter
shopfloor_edge_server_undecodable_values_total counter
shopfloor_edge_server_lost_notifications_total counter
shopfloor_edge_server_monitored_items gauge
shopfloor_edge_server_bad_items gauge
shopfloor_edge_server_late_items gauge
shopfloor_edge_server_subscriptions gauge
shopfloor_edge_server_sessions gauge
shopfloor_edge_server_publish_requests gauge
shopfloor_edge_server_monitors gauge
shopfloor_edge_server_shared_items gauge
shopfloor_edge_server_skipped_values_total counter
shopfloor_edge_server_connection gauge
`

func TestMetricNamesStay(t *testing.T) {
	var got strings.Builder
	for _, m := range Metrics() {
		got.WriteString("\n" + m.Name + " " + m.Type)
		if len(m.Help) < 10 || !strings.HasSuffix(m.Help, ".") || (m.Type == "counter") != strings.HasSuffix(m.Name, "_total") {
			t.Errorf("%+v", m)
		}
	}
	if got.String()+"\n" != metricNames {
		t.Errorf("the metrics are now:%s", got.String())
	}
}

func TestWriteMetrics(t *testing.T) {
	b := startGateway(t)
	b.state.desired <- Desired{Servers: []model.Server{{ID: "s1", EndpointURL: "a"}, {ID: "s2", EndpointURL: "bad"}}}
	eventually(t, "both servers", func() bool { return len(b.gateway.serverStatuses()) == 2 })
	var page strings.Builder
	b.gateway.WriteMetrics(&page)
	form := regexp.MustCompile(`^(# (HELP|TYPE) shopfloor_edge_\w+ .+|shopfloor_edge_\w+(\{server="s[12]"(,state="\w+",reason="\w*")?\})? [0-9.]+)$`)
	seen := map[string]bool{}
	for lines := bufio.NewScanner(strings.NewReader(page.String())); lines.Scan(); {
		if !form.MatchString(lines.Text()) {
			t.Errorf("line %q", lines.Text())
		}
		seen[lines.Text()] = true
	}
	for _, want := range []string{
		`shopfloor_edge_server_connected{server="s1"} 1`, `shopfloor_edge_server_connected{server="s2"} 0`, "shopfloor_edge_values_total 0",
		`shopfloor_edge_server_connection{server="s1",state="Connected",reason=""} 1`,
		`shopfloor_edge_server_connection{server="s2",state="Refused",reason="Configuration"} 1`,
	} {
		if !seen[want] {
			t.Errorf("no %s in\n%s", want, page.String())
		}
	}
}

// Between two heartbeats the figures stay, so that they alone make no report.
func TestFiguresAreSteady(t *testing.T) {
	g := NewGateway(GatewayConfig{}, newFakeState(), NewPublisher(PublisherConfig{}, &fakeSink{}, &fakeMetadata{}, zerolog.Nop()), zerolog.Nop())
	figures := func(values uint64, heartbeat bool) model.ServerFigures {
		return g.steady("s", model.ServerFigures{Values: values}, heartbeat)
	}
	if f := figures(10, false); f.Values != 10 {
		t.Errorf("the first: %+v", f)
	}
	if f := figures(20, false); f.Values != 10 {
		t.Errorf("before a heartbeat: %+v", f)
	}
	if f := figures(30, true); f.Values != 30 || f.ValuesPerSecond <= 0 {
		t.Errorf("at a heartbeat: %+v", f)
	}
	if f := figures(5, true); f.Values != 5 || f.ValuesPerSecond != 0 {
		t.Errorf("after a new start: %+v", f)
	}
}
