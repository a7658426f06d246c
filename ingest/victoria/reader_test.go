package victoria

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/VictoriaMetrics/metricsql"
	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// reader returns an api over a server that answers every request the same.
func reader(t *testing.T, status int, body string) api {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return api{client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, base: server.URL + "/prometheus"}
}

func TestReaderRejectsBadAnswers(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		want   string
	}{
		"error":            {http.StatusUnprocessableEntity, `{"status":"error","error":"too many"}`, "422"},
		"cut short":        {http.StatusOK, `{"metric":{"n":"a"},"values":[1,2`, "decode"},
		"text after data":  {http.StatusOK, `{"metric":{},"values":[1],"timestamps":[1]}` + "\ncannot read block\n", "decode"},
		"fewer timestamps": {http.StatusOK, `{"metric":{},"values":[1,2],"timestamps":[1]}`, "2 values for 1"},
		"no number":        {http.StatusOK, `{"metric":{},"values":["x"],"timestamps":[1]}`, "read value"},
		"no array":         {http.StatusOK, `{"metric":{},"values":{},"timestamps":[1]}`, "no array"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := ingest.Range{From: time.UnixMilli(0), To: time.UnixMilli(1000)}
			got, err := reader(t, tt.status, tt.body).Samples(t.Context(), "v", nil, r)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, error %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestReaderEndsWithItsContext(t *testing.T) {
	s := openStore(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Samples(ctx, "v", nil, ingest.Range{To: time.Now()}); err == nil {
		t.Error("samples with a cancelled context")
	}
}

func TestQueryTimeout(t *testing.T) {
	timeouts := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { timeouts <- r.FormValue("timeout") }))
	defer server.Close()
	a := api{client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, base: server.URL}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := a.Samples(ctx, "v", nil, ingest.Range{From: time.UnixMilli(0), To: time.UnixMilli(1)}); err != nil {
		t.Fatal(err)
	}
	if got := <-timeouts; !strings.HasPrefix(got, "4.") && got != "5.000" {
		t.Errorf("timeout is %q", got)
	}
}

func TestFloats(t *testing.T) {
	f := func(text string, want ...float64) {
		t.Helper()
		var got floats
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		nan := cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
		if diff := cmp.Diff(want, []float64(got), nan); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
	}
	f(`[]`)
	f(`[1]`, 1)
	f(` [ -0.5 , 1e-300,9007199254740991 ] `, -0.5, 1e-300, 1<<53-1)
	f(`["Infinity","-Infinity",null]`, math.Inf(1), math.Inf(-1), math.NaN())
}

func FuzzSelector(f *testing.F) {
	f.Add("v", "n", "a")
	f.Add(`v{`, `n"`, `x"} or {__name__="secret`)
	f.Add("Ü b", "a.b-c", "\\\n\x00\xff")
	f.Fuzz(func(t *testing.T, metric, name, value string) {
		if metric == "" || name == "" {
			t.Skip()
		}
		text, err := selector(metric, []ingest.Matcher{{Name: name, Value: value}})
		if err != nil {
			t.Fatal(err)
		}
		valid := utf8.ValidString(metric) && utf8.ValidString(name) && utf8.ValidString(value)
		expr, err := metricsql.Parse(text)
		if err != nil && !valid {
			return // refused is safe
		}
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		me, ok := expr.(*metricsql.MetricExpr)
		if !ok || len(me.LabelFilterss) != 1 {
			t.Fatalf("%q is no plain selector", text)
		}
		for _, filter := range me.LabelFilterss[0] {
			if filter.IsNegative || filter.IsRegexp {
				t.Fatalf("%q got filter %v", text, filter)
			}
		}
		want := []metricsql.LabelFilter{{Label: "__name__", Value: metric}, {Label: name, Value: value}}
		if valid && !slices.Equal(me.LabelFilterss[0], want) {
			t.Fatalf("%q became %v, want %v", text, me.LabelFilterss[0], want)
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"metric":{"n":"a"},"values":[1,null,"Infinity"],"timestamps":[1,2,3]}`))
	f.Add([]byte(`[1700000000.123,"1"]`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		var e export
		_ = e.lines(strings.NewReader(string(data)))
		var p point
		_ = p.UnmarshalJSON(data)
		var v floats
		_ = v.UnmarshalJSON(data)
	})
}
