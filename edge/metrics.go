package edge

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Metric is one that WriteMetrics writes. Names and labels stay the same from version to version: dashboards and alarms rely on them.
type Metric struct {
	Name string
	// Type is "counter" or "gauge".
	Type string
	Help string
}

// gatewayMetric is one of the gateway as a whole.
type gatewayMetric struct {
	Metric
	value func(*model.GatewayStatus) float64
}

func gatewayMetrics() []gatewayMetric {
	return []gatewayMetric{
		{
			Metric{"shopfloor_edge_start_time_seconds", "gauge", "Unix time at which the gateway started."},
			func(s *model.GatewayStatus) float64 { return seconds(s.Started) },
		},
		{
			Metric{"shopfloor_edge_values_total", "counter", "Values handed over to be stored."},
			func(s *model.GatewayStatus) float64 { return float64(s.Values) },
		},
		{
			Metric{"shopfloor_edge_frames_total", "counter", "Frames handed over to be stored."},
			func(s *model.GatewayStatus) float64 { return float64(s.Frames) },
		},
		{
			Metric{"shopfloor_edge_bytes_total", "counter", "Bytes of the frames handed over to be stored."},
			func(s *model.GatewayStatus) float64 { return float64(s.Bytes) },
		},
		{
			Metric{"shopfloor_edge_pending_frames", "gauge", "Frames handed over and not stored yet."},
			func(s *model.GatewayStatus) float64 { return float64(max(s.Pending, 0)) },
		},
		{
			Metric{"shopfloor_edge_dropped_values_total", "counter", "Values that came for a field or a writer that was just removed."},
			func(s *model.GatewayStatus) float64 { return float64(s.DroppedValues) },
		},
		{
			Metric{"shopfloor_edge_refused_values_total", "counter", "Values that cannot be encoded."},
			func(s *model.GatewayStatus) float64 { return float64(s.RefusedValues) },
		},
		{
			Metric{"shopfloor_edge_unstored_frames_total", "counter", "Frames of which it is not known whether they are stored."},
			func(s *model.GatewayStatus) float64 { return float64(s.UnstoredFrames) },
		},
		{
			Metric{"shopfloor_edge_gaps_total", "counter", "Times for which values are missing that cannot be delivered any more, since the gateway was set up."},
			func(s *model.GatewayStatus) float64 { return float64(s.GapCount) },
		},
		{
			Metric{"shopfloor_edge_last_gap_seconds", "gauge", "Unix time of the end of the newest time for which values are missing; 0 when there is none."},
			func(s *model.GatewayStatus) float64 { return seconds(s.LastGap()) },
		},
		{
			Metric{"shopfloor_edge_lost_deliveries_total", "counter", "Deliveries to live subscribers that could not be sent."},
			func(s *model.GatewayStatus) float64 { return float64(s.LostDeliveries) },
		},
	}
}

// serverMetric is one of each server, with its id in the label server.
type serverMetric struct {
	Metric
	value func(*model.ServerStatus) float64
}

func serverMetrics() []serverMetric {
	return []serverMetric{
		{
			Metric{"shopfloor_edge_server_connected", "gauge", "1 while values can flow from the server, else 0."},
			func(s *model.ServerStatus) float64 { return flag(s.State == model.StateConnected) },
		},
		{
			Metric{"shopfloor_edge_server_state_since_seconds", "gauge", "Unix time of the last change of the connection's state."},
			func(s *model.ServerStatus) float64 { return seconds(s.Since) },
		},
		{
			Metric{"shopfloor_edge_server_reconnects_total", "counter", "Connections to the server beyond the first."},
			func(s *model.ServerStatus) float64 { return float64(s.Reconnects) },
		},
		{
			Metric{"shopfloor_edge_server_values_total", "counter", "Values that arrived from the server."},
			func(s *model.ServerStatus) float64 { return float64(s.Figures.Values) },
		},
		{
			Metric{"shopfloor_edge_server_last_value_seconds", "gauge", "Unix time at which the newest value arrived; 0 before the first."},
			func(s *model.ServerStatus) float64 { return seconds(s.Figures.LastValue) },
		},
		{
			Metric{"shopfloor_edge_server_queued_values", "gauge", "Values received and not passed to the publisher yet."},
			func(s *model.ServerStatus) float64 { return float64(s.Figures.Queued) },
		},
		{
			Metric{"shopfloor_edge_server_overflows_total", "counter", "Values that said that their queue at the server overflowed."},
			func(s *model.ServerStatus) float64 { return float64(s.Figures.Overflows) },
		},
		{
			Metric{"shopfloor_edge_server_missing_messages_total", "counter", "Messages of the server that did not arrive and that it no longer had."},
			func(s *model.ServerStatus) float64 { return float64(s.Figures.MissingMessages) },
		},
		{
			Metric{"shopfloor_edge_server_crowded_values_total", "counter", "Values that arrived when there was no room for them."},
			func(s *model.ServerStatus) float64 { return float64(s.Figures.CrowdedValues) },
		},
		{
			Metric{"shopfloor_edge_server_undecodable_values_total", "counter", "What the server sent in bytes that are no values."},
			func(s *model.ServerStatus) float64 { return float64(s.Figures.UndecodableValues) },
		},
		{
			Metric{"shopfloor_edge_server_lost_notifications_total", "counter", "Overflows, missing messages, crowded and undecodable values together."},
			func(s *model.ServerStatus) float64 { return float64(s.LostNotifications) },
		},
		{
			Metric{"shopfloor_edge_server_monitored_items", "gauge", "Nodes that the server monitors for publishing."},
			func(s *model.ServerStatus) float64 { return float64(s.MonitoredItems) },
		},
		{
			Metric{"shopfloor_edge_server_bad_items", "gauge", "Nodes that the server refuses or reports Bad."},
			func(s *model.ServerStatus) float64 { return float64(s.BadItems) },
		},
		{
			Metric{"shopfloor_edge_server_late_items", "gauge", "Monitored nodes without their first value although it is due."},
			func(s *model.ServerStatus) float64 { return float64(s.Figures.LateItems) },
		},
		{
			Metric{"shopfloor_edge_server_subscriptions", "gauge", "Subscriptions at the server."},
			func(s *model.ServerStatus) float64 { return float64(s.Figures.Subscriptions) },
		},
		{
			Metric{"shopfloor_edge_server_sessions", "gauge", "Connected sessions for subscriptions: more than 1 where the server takes few subscriptions in one."},
			func(s *model.ServerStatus) float64 { return float64(s.Figures.Sessions) },
		},
		{
			Metric{"shopfloor_edge_server_publish_requests", "gauge", "Publish requests that wait at the server."},
			func(s *model.ServerStatus) float64 { return float64(s.Figures.Publishes) },
		},
		{
			Metric{"shopfloor_edge_server_monitors", "gauge", "Live monitorings of values."},
			func(s *model.ServerStatus) float64 { return float64(s.Figures.Monitors) },
		},
		{
			Metric{"shopfloor_edge_server_shared_items", "gauge", "Monitored items at the server that live monitorings share."},
			func(s *model.ServerStatus) float64 { return float64(s.Figures.SharedItems) },
		},
		{
			Metric{"shopfloor_edge_server_skipped_values_total", "counter", "Values that a live monitoring was not given because a newer one had come."},
			func(s *model.ServerStatus) float64 { return float64(s.Figures.SkippedValues) },
		},
	}
}

// connectionMetric has the state and the reason of each server as labels, for alarms on one of them.
func connectionMetric() Metric {
	return Metric{"shopfloor_edge_server_connection", "gauge", "Always 1; the labels state and reason tell how the connection stands, reason is empty without a fault."}
}

// Metrics lists what WriteMetrics writes, in that order.
func Metrics() []Metric {
	var list []Metric
	for _, m := range gatewayMetrics() {
		list = append(list, m.Metric)
	}
	for _, m := range serverMetrics() {
		list = append(list, m.Metric)
	}
	return append(list, connectionMetric())
}

// WriteMetrics writes the gateway's metrics in Prometheus' text form.
func (g *Gateway) WriteMetrics(w io.Writer) {
	b := bufio.NewWriter(w)
	defer func() { _ = b.Flush() }() // what cannot be written is the reader's loss
	status := g.Status()
	for _, m := range gatewayMetrics() {
		writeHeader(b, m.Metric)
		fmt.Fprintf(b, "%s %s\n", m.Name, number(m.value(&status)))
	}
	servers := g.serverStatuses()
	for _, m := range serverMetrics() {
		writeHeader(b, m.Metric)
		for i := range servers {
			fmt.Fprintf(b, "%s{server=%q} %s\n", m.Name, servers[i].Server, number(m.value(&servers[i])))
		}
	}
	m := connectionMetric()
	writeHeader(b, m)
	for _, s := range servers {
		fmt.Fprintf(b, "%s{server=%q,state=%q,reason=%q} 1\n", m.Name, s.Server, s.State, s.Reason)
	}
}

func writeHeader(w io.Writer, m Metric) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s %s\n", m.Name, m.Help, m.Name, m.Type)
}

// serverStatuses are those of all servers now, in the order of their ids.
func (g *Gateway) serverStatuses() []model.ServerStatus {
	g.mu.Lock()
	assets := make([]*asset, 0, len(g.assets))
	for _, a := range g.assets {
		assets = append(assets, a)
	}
	g.mu.Unlock()
	list := make([]model.ServerStatus, len(assets))
	for i, a := range assets {
		list[i] = a.status()
	}
	slices.SortFunc(list, func(a, b model.ServerStatus) int { return cmp.Compare(a.Server, b.Server) })
	return list
}

// number prints without an exponent.
func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func flag(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

// seconds is Unix time, 0 for the zero time.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
