// Package metricstest checks pages of metrics in tests.
package metricstest

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

var metricName = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)+$`)

// Check parses a page with Prometheus' own parser, and tells what is wrong with it: metrics without a type or a text, names and labels that are none, samples of a
// metric that do not stand together or come twice, counters whose names do not say so. It returns the metrics by name.
func Check(t testing.TB, page []byte) map[string]*dto.MetricFamily {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(page))
	if err != nil {
		t.Fatalf("metrics: %v", err)
	}
	for name, f := range families {
		switch {
		case f.Type == nil || f.GetType() == dto.MetricType_UNTYPED:
			t.Errorf("metric %s has no type", name)
		case strings.TrimSpace(f.GetHelp()) == "":
			t.Errorf("metric %s has no text", name)
		case !metricName.MatchString(name):
			t.Errorf("metric %s: the name has other characters than lower-case letters, digits and single '_'", name)
		case strings.HasPrefix(name, "shopfloor_") && (f.GetType() == dto.MetricType_COUNTER) != strings.HasSuffix(name, "_total"):
			t.Errorf("metric %s is a %s", name, f.GetType())
		}
		checkSamples(t, f)
	}
	checkOrder(t, string(page))
	return families
}

// checkSamples tells of samples that come twice.
func checkSamples(t testing.TB, f *dto.MetricFamily) {
	t.Helper()
	seen := map[string]bool{}
	for _, m := range f.GetMetric() {
		var labels []string
		for _, l := range m.GetLabel() {
			labels = append(labels, l.GetName()+"="+l.GetValue())
		}
		slices.Sort(labels)
		key := strings.Join(labels, "\x00")
		if seen[key] {
			t.Errorf("metric %s%q comes twice", f.GetName(), labels)
		}
		seen[key] = true
	}
}

// checkOrder tells of metrics whose samples stand in several places.
func checkOrder(t testing.TB, page string) {
	t.Helper()
	last, done := "", map[string]bool{}
	for line := range strings.Lines(page) {
		name, ok := strings.CutPrefix(line, "# TYPE ")
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, " ")
		if done[name] {
			t.Errorf("metric %s stands in several places", name)
		}
		done[last], last = true, name
	}
}
