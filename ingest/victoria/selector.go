package victoria

import (
	"errors"
	"fmt"
	"time"

	"github.com/VictoriaMetrics/metricsql"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// selector returns the MetricsQL selector of the series of metric that match. Names and values are quoted by the parser's
// own package, so they cannot end the selector, whatever they hold.
func selector(metric string, match []ingest.Matcher) (string, error) {
	if metric == "" {
		return "", errors.New("metric is empty: name the metric to read")
	}
	filters := make([]metricsql.LabelFilter, 1, 1+len(match))
	filters[0] = metricsql.LabelFilter{Label: "__name__", Value: metric}
	for _, m := range match {
		if m.Name == "" {
			return "", fmt.Errorf("matcher with value %q has no label name", m.Value)
		}
		filters = append(filters, metricsql.LabelFilter{Label: m.Name, Value: m.Value, IsRegexp: m.Regexp})
	}
	expr := metricsql.MetricExpr{LabelFilterss: [][]metricsql.LabelFilter{filters}}
	return string(expr.AppendString(nil)), nil
}

// rollup returns the MetricsQL expression of one aggregate over the window before each point.
func rollup(aggregate, selector string, window time.Duration) (string, error) {
	series := fmt.Sprintf("%s[%dms]", selector, window.Milliseconds())
	switch aggregate {
	case "":
		return "avg_over_time(" + series + ")", nil
	case "avg", "min", "max", "sum", "count", "first", "last", "stddev":
		return aggregate + "_over_time(" + series + ")", nil
	case "delta":
		// Not delta(): that takes the sample before the window as its start, and guesses one where there is none.
		return "last_over_time(" + series + ") - first_over_time(" + series + ")", nil
	default:
		return "", fmt.Errorf("aggregate %q is unknown: use avg, min, max, sum, count, first, last, delta or stddev", aggregate)
	}
}
