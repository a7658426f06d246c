package victoria

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// selector returns the MetricsQL selector of the series of metric that match. Values, and names that are no plain
// identifiers, are quoted strings with escapes, so they cannot end the selector, whatever they hold.
func selector(metric string, match []ingest.Matcher) (string, error) {
	sel, err := appendMatchers([]byte{'{'}, metric, match)
	return string(append(sel, '}')), err
}

// selectors returns selectors of the series that match one of the lists, each at most maxBytes long unless one list alone takes more.
func selectors(metric string, lists [][]ingest.Matcher, maxBytes int) (all []string, err error) {
	var sel []byte
	for _, match := range lists {
		part, err := appendMatchers(nil, metric, match)
		if err != nil {
			return nil, err
		}
		switch {
		case len(sel) == 0:
			sel = append(sel, '{')
		case len(sel)+len(" or ")+len(part) < maxBytes:
			sel = append(sel, " or "...)
		default:
			all = append(all, string(append(sel, '}')))
			sel = append(sel[:0], '{')
		}
		sel = append(sel, part...)
	}
	if len(sel) > 0 {
		all = append(all, string(append(sel, '}')))
	}
	return all, nil
}

// appendMatchers appends what stands within the braces of a selector.
func appendMatchers(sel []byte, metric string, match []ingest.Matcher) ([]byte, error) {
	if metric == "" {
		return nil, errors.New("metric is empty: name the metric to read")
	}
	sel = append(sel, "__name__="...)
	sel = strconv.AppendQuote(sel, metric)
	for _, m := range match {
		if m.Name == "" {
			return nil, fmt.Errorf("matcher with value %q has no label name", m.Value)
		}
		sel = append(sel, ',')
		sel = appendLabelName(sel, m.Name)
		if m.Regexp {
			sel = append(sel, "=~"...)
		} else {
			sel = append(sel, '=')
		}
		sel = strconv.AppendQuote(sel, m.Value)
	}
	return sel, nil
}

// nameEscapes are the only escapes in a quoted label name; a value has those of Go.
var nameEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// appendLabelName appends name, quoted unless every version of VictoriaMetrics and Prometheus takes it bare.
func appendLabelName(dst []byte, name string) []byte {
	if plainName(name) {
		return append(dst, name...)
	}
	dst = append(dst, '"')
	dst = append(dst, nameEscapes.Replace(name)...)
	return append(dst, '"')
}

// plainName reports whether name is a label name of Prometheus' data model.
func plainName(name string) bool {
	for i, c := range []byte(name) {
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// rollup returns the MetricsQL expression of one aggregate over the window before each point, with the samples of a time that
// is later by shift.
func rollup(aggregate, selector string, window, shift time.Duration) (string, error) {
	series := fmt.Sprintf("%s[%dms]", selector, window.Milliseconds())
	if shift > 0 {
		series += fmt.Sprintf(" offset -%dms", shift.Milliseconds())
	}
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
