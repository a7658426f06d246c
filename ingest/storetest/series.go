package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

func testLabels(t *testing.T, f *fixture) {
	values := []string{
		`plain`, `with "quotes"`, `back\slash`, "new\nline", "tab\tand\rreturn", `a,b={}[]()`, `'single' and ` + "`back`",
		"Kühlmittel Δp °C", "锅炉", `%s %d`, `" or __name__=~".+`, `\`, `"`, "nsu=urn:acme:boiler;s=Temp",
	}
	for i, value := range values {
		labels := []ingest.Label{{Name: "value", Value: value}, {Name: "i", Value: fmt.Sprint(i)}}
		f.write(t, ingest.Row{Name: f.AppendName(nil, "labels", labels), Time: f.now, Value: float64(i)})
	}
	for i, value := range values {
		match := []ingest.Matcher{{Name: "value", Value: value}}
		got, err := f.Series(testContext(t), "labels", match, at(f.now), 0)
		if err != nil {
			t.Fatalf("series of %q: %v", value, err)
		}
		want := [][]ingest.Label{{{Name: "i", Value: fmt.Sprint(i)}, {Name: "value", Value: value}}}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("series of %q (-want +got):\n%s", value, diff)
		}
		samples, err := f.Samples(testContext(t), "labels", match, ingest.Range{From: at(f.now), To: at(f.now + 1)})
		if err != nil {
			t.Fatalf("samples of %q: %v", value, err)
		}
		sameSamples(t, samples, []ingest.Sample{{Time: f.now, Value: float64(i)}})
	}
}

func testLabelNames(t *testing.T, f *fixture) {
	for _, name := range []string{"plain_1", "with space", "a.b-c", "1st", `quo"te`, `back\slash`, "Größe", "x=\"\"} or {y", "or", "by"} {
		f.write(t, ingest.Row{Name: f.AppendName(nil, "names", []ingest.Label{{Name: name, Value: "v"}}), Time: f.now, Value: 1})
		got, err := f.Series(testContext(t), "names", []ingest.Matcher{{Name: name, Value: "v"}}, at(f.now), 0)
		if err != nil {
			t.Errorf("series with label %q: %v", name, err)
		}
		if diff := gocmp.Diff([][]ingest.Label{{{Name: name, Value: "v"}}}, got); diff != "" {
			t.Errorf("series with label %q (-want +got):\n%s", name, diff)
		}
	}
}

func testLabelOrder(t *testing.T, f *fixture) {
	a := ingest.Label{Name: "a", Value: "1"}
	b := ingest.Label{Name: "b", Value: "2"}
	none := ingest.Label{Name: "none"}
	prefix := []byte("kept")
	first := f.AppendName(prefix, "v", []ingest.Label{a, none, b})
	if string(first[:4]) != "kept" {
		t.Fatalf("AppendName did not append: %q", first)
	}
	f.write(t,
		ingest.Row{Name: first[4:], Time: f.now, Value: 1},
		ingest.Row{Name: f.AppendName(nil, "v", []ingest.Label{b, a}), Time: f.now + 1, Value: 2})
	got, err := f.Series(testContext(t), "v", []ingest.Matcher{{Name: "none", Value: ""}}, at(f.now), 0)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff([][]ingest.Label{{a, b}}, got); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
}

func testLongNames(t *testing.T, f *fixture) {
	var labels []ingest.Label
	for i := range 100 {
		labels = append(labels, ingest.Label{Name: fmt.Sprintf("l%02d", i), Value: strings.Repeat("ä", 50_000)})
	}
	f.write(t, ingest.Row{Name: f.AppendName(nil, "long", labels), Time: f.now, Value: 1})
	got, err := f.Samples(testContext(t), "long", nil, ingest.Range{From: at(f.now), To: at(f.now + 1)})
	if err != nil {
		t.Fatal(err)
	}
	sameSamples(t, got, []ingest.Sample{{Time: f.now, Value: 1}})
}

func testSeveral(t *testing.T, f *fixture) {
	f.write(t, f.row("v", "a", f.now, 1), f.row("v", "b", f.now+7_000, 2))
	r := ingest.Range{From: at(f.now), To: at(f.now + 10_000)}
	if got, err := f.Samples(testContext(t), "v", nil, r); err == nil {
		t.Errorf("two series gave %v and no error", got)
	}
	r.Step = 10 * time.Second
	if got, err := f.Samples(testContext(t), "v", nil, r); err == nil {
		t.Errorf("two series gave %v and no error", got)
	}
	got, err := f.Samples(testContext(t), "v", []ingest.Matcher{{Name: "n", Value: "[ab]", Regexp: true}, {Name: "n", Value: "b"}}, r)
	if err != nil {
		t.Fatal(err)
	}
	sameSamples(t, got, []ingest.Sample{{Time: f.now, Value: 2}})
}

func testInjection(t *testing.T, f *fixture) {
	f.write(t, f.row("secret", "a", f.now, 1), f.row("v", "a", f.now, 2))
	r := ingest.Range{From: at(f.now), To: at(f.now + 1000)}
	hostile := []string{
		`x"} or {__name__="secret`, `x\"} or {__name__="secret`, "x\"\n} or secret{n=\"a", `x"}[1h]) or (secret{n="a`,
	}
	for _, text := range hostile {
		for _, r.Step = range []time.Duration{0, time.Second} {
			reads := []struct {
				metric string
				match  []ingest.Matcher
			}{
				{"v", []ingest.Matcher{{Name: "n", Value: text}}},
				{"v", []ingest.Matcher{{Name: text, Value: "x"}}},
				{text, nil},
			}
			for _, read := range reads {
				got, err := f.Samples(testContext(t), read.metric, read.match, r)
				if err == nil && len(got) != 0 {
					t.Errorf("metric %q with %v read %v", read.metric, read.match, got)
				}
			}
		}
	}
	if got, err := f.Samples(testContext(t), "", nil, r); err == nil {
		t.Errorf("no metric read %v and no error", got)
	}
}

func testSeries(t *testing.T, f *fixture) {
	var rows []ingest.Row
	for i := range 20 {
		rows = append(rows, f.row("v", fmt.Sprintf("%02d", 19-i), f.now, 1))
	}
	f.write(t, append(rows, f.row("other", "x", f.now, 1), f.row("v", "old", f.now-72*3_600_000, 1))...)
	tests := map[string]struct {
		match []ingest.Matcher
		limit int
		want  []string
	}{
		"first three":  {limit: 3, want: []string{"00", "01", "02"}},
		"equal":        {match: []ingest.Matcher{{Name: "n", Value: "07"}}, limit: 3, want: []string{"07"}},
		"regexp":       {match: []ingest.Matcher{{Name: "n", Value: "0[89]|1.", Regexp: true}}, limit: 3, want: []string{"08", "09", "10"}},
		"anchored":     {match: []ingest.Matcher{{Name: "n", Value: "0", Regexp: true}}, limit: 3},
		"not that old": {match: []ingest.Matcher{{Name: "n", Value: "old"}}, limit: 3},
		"no such name": {match: []ingest.Matcher{{Name: "m", Value: "07"}}, limit: 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := f.Series(testContext(t), "v", tt.match, at(f.now), tt.limit)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, labels := range got {
				for _, l := range sortLabels(labels) {
					names = append(names, l.Value)
				}
			}
			if diff := gocmp.Diff(tt.want, names); diff != "" {
				t.Errorf("series (-want +got):\n%s", diff)
			}
		})
	}
}

// testNewSeries asks the same question before and after a series appears: a cached answer would be wrong.
func testNewSeries(t *testing.T, f *fixture) {
	for i := range 3 {
		f.write(t, f.row("v", fmt.Sprint(i), f.now, 1))
		got, err := f.Series(testContext(t), "v", []ingest.Matcher{{Name: "n", Value: ".+", Regexp: true}}, at(f.now), 0)
		if err != nil || len(got) != i+1 {
			t.Errorf("got %d series, error %v, want %d", len(got), err, i+1)
		}
	}
}
