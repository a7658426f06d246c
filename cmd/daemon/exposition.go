package daemon

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Exposition makes one page of metrics in Prometheus' text form (version 0.0.4) of what several parts write. The parts' libraries leave out types and texts, and
// write the samples of a metric in several places: the page has the samples of each metric together, below its HELP and TYPE.
type Exposition struct{ help map[string]string }

// NewExposition makes an Exposition.
func NewExposition() *Exposition { return &Exposition{help: metricHelp()} }

// Write writes to w what write gives it.
func (e *Exposition) Write(w io.Writer, write func(io.Writer)) {
	var page bytes.Buffer
	write(&page)
	families := familiesOf(page.String())
	page.Reset()
	for _, f := range families {
		if f.help == "" {
			f.help = e.helpOf(f.name)
		}
		if f.help != "" {
			fmt.Fprintf(&page, "# HELP %s %s\n", f.name, f.help)
		}
		fmt.Fprintf(&page, "# TYPE %s %s\n", f.name, f.kind)
		for _, line := range f.lines {
			page.WriteString(line)
		}
	}
	_, _ = w.Write(page.Bytes()) // nothing can be done for who asked and went
}

// helpOf is the text of a metric. Those of libraries have one text in common.
func (e *Exposition) helpOf(name string) string {
	if help, ok := e.help[name]; ok {
		return help
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(name, suffix); ok && e.help[base] != "" {
			return e.help[base]
		}
	}
	prefix, _, _ := strings.Cut(name, "_")
	return e.help[prefix+"_"]
}

// family is a metric: its samples, line by line.
type family struct {
	name, kind, help string
	lines            []string
}

// familiesOf sorts the lines of pages by metric, in the order in which they come first.
func familiesOf(text string) (list []*family) {
	known, of := map[string]*family{}, map[string]string{}
	get := func(name string) *family {
		f := known[name]
		if f == nil {
			f = &family{name: name}
			known[name] = f
			list = append(list, f)
		}
		return f
	}
	for line := range strings.Lines(text) {
		if what, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok && what == "#" {
			keyword, rest, _ := strings.Cut(rest, " ")
			name, text, _ := strings.Cut(rest, " ")
			switch keyword {
			case "HELP":
				get(name).help = text
			case "TYPE":
				get(name).kind = text
			}
			continue
		}
		end := strings.IndexAny(line, "{ ")
		if end <= 0 {
			continue
		}
		name := line[:end]
		if of[name] == "" {
			of[name] = familyOf(name, line, known)
		}
		f := get(of[name])
		if f.kind == "" {
			f.kind = kindOf(f.name, name, line)
		}
		f.lines = append(f.lines, line)
	}
	return list
}

// familyOf is the metric that a sample belongs to: x_bucket, x_sum and x_count are the histogram or summary x where there is one.
func familyOf(name, line string, known map[string]*family) string {
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		base, ok := strings.CutSuffix(name, suffix)
		if !ok {
			continue
		}
		if suffix == "_bucket" && hasLabel(line, "le") {
			return base
		}
		if f := known[base]; f != nil && (f.kind == "histogram" || f.kind == "summary") {
			return base
		}
	}
	return name
}

// kindOf is the type of a metric that none was written for. The buckets of VictoriaMetrics' own histograms (vmrange) are none to Prometheus: they and their sums
// are counters.
func kindOf(family, name, line string) string {
	switch {
	case strings.HasSuffix(name, "_bucket") && name != family:
		return "histogram"
	case hasLabel(line, "quantile"):
		return "summary"
	case strings.HasSuffix(name, "_total"), strings.HasSuffix(name, "_bucket"), strings.HasSuffix(name, "_sum"), strings.HasSuffix(name, "_count"):
		return "counter"
	}
	return "gauge"
}

func hasLabel(line, name string) bool {
	return strings.Contains(line, "{"+name+`="`) || strings.Contains(line, ","+name+`="`)
}
