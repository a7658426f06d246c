package addressspace

import (
	"fmt"
	"io"
)

// WriteMetrics writes what is kept, and the totals, in Prometheus' text form.
func (c *Cache) WriteMetrics(w io.Writer) {
	for _, id := range c.Servers() {
		st := c.Status(id)
		fmt.Fprintf(w, "shopfloor_addressspace_nodes{server=%q} %d\n", id, st.Nodes)
		fmt.Fprintf(w, "shopfloor_addressspace_bytes{server=%q} %d\n", id, st.Bytes)
		fmt.Fprintf(w, "shopfloor_addressspace_omitted_nodes{server=%q} %d\n", id, st.Omitted)
	}
	for _, m := range []struct {
		name  string
		value uint64
	}{
		{"browses_total", c.browses.Load()},
		{"browse_failures_total", c.failedBrowses.Load()},
		{"requests_total", c.requests.Load()},
		{"request_failures_total", c.failures.Load()},
		{"searches_total", c.searches.Load()},
	} {
		fmt.Fprintf(w, "shopfloor_addressspace_%s %d\n", m.name, m.value)
	}
}
