package daemon

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon/metricstest"
)

func TestExposition(t *testing.T) {
	set := metrics.NewSet()
	set.NewPrometheusHistogramExt("shopfloor_ingest_append_seconds", []float64{0.1, 1}).Update(0.5)
	set.NewHistogram(`vm_own_seconds{a="b"}`).Update(0.5)
	set.NewSummaryExt("vm_request_seconds", 0, []float64{0.5, 1}).Update(0.5)
	var page bytes.Buffer
	NewExposition().Write(&page, func(w io.Writer) {
		_, _ = io.WriteString(w, `# HELP shopfloor_edge_x_total Own text.
# TYPE shopfloor_edge_x_total counter
shopfloor_edge_x_total 1
shopfloor_stream_bytes{stream="A B{"} 1
shopfloor_stream_messages{stream="A B{"} 2
shopfloor_stream_bytes{stream="C"} 3
shopfloor_stream_dropped_messages_total{stream="C"} 4

go_sched_latencies_seconds_bucket{le="1"} 4
go_sched_latencies_seconds_bucket{le="+Inf"} 5
# TYPE shopfloor_output_waiting gauge
shopfloor_output_waiting{broker="x"} 1
`)
		set.WritePrometheus(w)
	})
	families := metricstest.Check(t, page.Bytes())
	want := `# HELP shopfloor_edge_x_total Own text.
# TYPE shopfloor_edge_x_total counter
shopfloor_edge_x_total 1
# HELP shopfloor_stream_bytes Bytes in the stream or bucket.
# TYPE shopfloor_stream_bytes gauge
shopfloor_stream_bytes{stream="A B{"} 1
shopfloor_stream_bytes{stream="C"} 3
# HELP shopfloor_stream_messages Messages in the stream or bucket.
# TYPE shopfloor_stream_messages gauge
shopfloor_stream_messages{stream="A B{"} 2
# HELP shopfloor_stream_dropped_messages_total Messages that a limit of age or size removed.
# TYPE shopfloor_stream_dropped_messages_total counter
shopfloor_stream_dropped_messages_total{stream="C"} 4
`
	if !strings.HasPrefix(page.String(), want) {
		t.Errorf("got %s\nwant %s", page.String(), want)
	}
	for name, kind := range map[string]string{
		"shopfloor_ingest_append_seconds": "HISTOGRAM", "go_sched_latencies_seconds": "HISTOGRAM", "vm_request_seconds": "SUMMARY",
		"vm_own_seconds_bucket": "COUNTER", "vm_own_seconds_sum": "COUNTER", "shopfloor_output_waiting": "GAUGE",
	} {
		f := families[name]
		if f == nil || f.GetType().String() != kind {
			t.Errorf("%s is %v, want %s", name, f.GetType(), kind)
		}
	}
	if h := families["shopfloor_ingest_append_seconds"]; h != nil && h.Metric[0].GetHistogram().GetSampleCount() != 1 {
		t.Errorf("the histogram is %v", h)
	}
}
