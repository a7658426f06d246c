package publishednodes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// again formats what was read and reads that.
func again(t testing.TB, c *Config, most int) (*Config, []byte) {
	t.Helper()
	text, _, err := Format(servers(c), c.Writers)
	if err != nil {
		t.Fatal(err)
	}
	second, issues := parse(t, text, Options{Gateway: "g1", Servers: servers(c), MaxFields: most})
	if issues.Errors > 0 {
		t.Fatalf("what was written has errors: %v\n%s", issues.List, text)
	}
	return second, text
}

func TestFormatIsReadAgain(t *testing.T) {
	for _, file := range files(t, "testdata/good/*.json") {
		c, _ := parse(t, read(t, file), Options{Gateway: "g1"})
		second, text := again(t, c, 0)
		if !reflect.DeepEqual(second.Writers, c.Writers) {
			t.Errorf("%s: writers are\n%s\nwant\n%s\nof\n%s", file, asJSON(second.Writers), asJSON(c.Writers), text)
		}
		for i, s := range c.Servers {
			got := second.Servers[slices.IndexFunc(second.Servers, func(o Connection) bool { return o.ID == s.ID })]
			want := s.Server
			if !reflect.DeepEqual(got.Server, want) {
				t.Errorf("%s: server %d is %+v, want %+v", file, i, got.Server, want)
			}
		}
	}
}

func asJSON(v any) string {
	b, _ := json.MarshalIndent(v, "", " ")
	return string(b)
}

// TestExamplesComeBackEquivalent: node by node, the examples of OPC Publisher ask for the same before and after, by a comparison that knows
// nothing of how this package reads them.
func TestExamplesComeBackEquivalent(t *testing.T) {
	for _, name := range []string{"assets", "events", "uns"} {
		before := read(t, "testdata/good/"+name+".json")
		c, _ := parse(t, before, Options{Gateway: "g1"})
		_, after := again(t, c, 0)
		if got, want := normalised(t, after), normalised(t, before); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// normalised has a line for each node with all that applies to it, in one unit each.
func normalised(t *testing.T, text []byte) []string {
	t.Helper()
	var entries []map[string]any
	if err := json.Unmarshal(text, &entries); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range entries {
		nodes, _ := e["OpcNodes"].([]any)
		delete(e, "OpcNodes")
		for _, n := range nodes {
			all := map[string]any{"PublishingInterval": "1s", "SamplingInterval": "1s", "AuthenticationMode": "Anonymous"}
			merge(all, e)
			merge(all, n.(map[string]any))
			b, err := json.Marshal(all)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, string(b))
		}
	}
	slices.Sort(lines)
	return lines
}

// merge adds properties under their short names; the names of writers and fields, and what was given up on purpose, are left out.
func merge(into, properties map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		v := properties[name]
		short := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(name, "DataSet"), "Opc"), "WriterGroup"), "Timespan")
		switch name {
		case "DataSetWriterId", "DisplayName", "DataSetFieldId", "OpcAuthenticationPassword":
			continue
		case "UseSecurity":
			short, v = "EndpointSecurityMode", map[bool]string{true: "SignAndEncrypt", false: "None"}[v == true]
		case "Topic":
			short = "QueueName"
		case "WriterGroupMessageRetention":
			short = "MessageRetention"
		case "DataSetExtensionFields":
			texts := map[string]string{}
			for k, x := range v.(map[string]any) {
				if m, ok := x.(map[string]any); ok {
					x = m["Value"]
				}
				texts[k] = fmt.Sprint(x)
			}
			v = texts
		case "Id":
			if uri, id, ok := strings.Cut(v.(string), "#"); ok {
				v = "nsu=" + uri + ";" + id
			}
		}
		if m, ok := v.(map[string]any); ok && name == "ModelChangeHandling" && properties["Id"] == nil {
			into["Id"], v = "i=2253", m
		}
		into[short] = asDuration(name, v)
	}
}

func asDuration(name string, v any) any {
	switch x := v.(type) {
	case string:
		if d, err := parseTimespan(x); err == nil {
			return d.String()
		}
	case float64:
		switch {
		case name == "HeartbeatInterval":
			return time.Duration(x * float64(time.Second)).String()
		case strings.HasSuffix(name, "Interval"):
			return time.Duration(x * float64(time.Millisecond)).String()
		}
	}
	return v
}

func TestLargeWritersAreDivided(t *testing.T) {
	var b strings.Builder
	b.WriteString(`[{"EndpointUrl":"opc.tcp://a","DataSetWriterGroup":"g","DataSetWriterId":"w","OpcNodes":[`)
	for i := range 25 {
		fmt.Fprintf(&b, `{"Id":"nsu=urn:a;i=%d","TriggeredNodes":[{"Id":"nsu=urn:b;i=%d"}]},`, i, i)
	}
	b.WriteString("]}]")
	c, issues := parse(t, []byte(b.String()), Options{Gateway: "g1", MaxFields: 15})
	if len(issues.List) > 0 {
		t.Error(issues.List)
	}
	var names []string
	total := 0
	for _, w := range c.Writers {
		names, total = append(names, w.Name), total+len(w.Fields)
		for i, f := range w.Fields {
			if f.TriggeredBy != "" && w.Fields[i-1].Name != f.TriggeredBy {
				t.Errorf("writer %s has field %s without the one that triggers it", w.Name, f.Name)
			}
		}
	}
	if total != 50 || !slices.Equal(names, []string{"w_0", "w_1", "w_2", "w_3"}) {
		t.Errorf("got %d fields in %v", total, names)
	}
	if second, _ := again(t, c, 15); !reflect.DeepEqual(second.Writers, c.Writers) {
		t.Error("what was written is read otherwise")
	}
}

func TestKnownServersAreFoundAgain(t *testing.T) {
	known := []model.Server{
		{ID: "press", Name: "Press 7", EndpointURL: "opc.tcp://Press:4840/", SecurityMode: model.SecurityNone, UserName: "op", SealedPassword: []byte("x")},
		{ID: "oven-4840", Name: "other", EndpointURL: "opc.tcp://elsewhere:1", SecurityMode: model.SecurityNone},
	}
	c, _ := parse(t, []byte(`[{"EndpointUrl":"opc.tcp://press","OpcAuthenticationUsername":"op","OpcNodes":[]},
		{"EndpointUrl":"opc.tcp://oven","OpcNodes":[]},{"EndpointUrl":"opc.tcp://press","EncryptedAuthUsername":"eA==","OpcNodes":[]}]`), Options{Servers: known})
	if s := c.Servers[0]; s.ID != "press" || s.Name != "Press 7" || s.Password != nil || s.KeepUser {
		t.Errorf("got %+v", s)
	}
	if s := c.Servers[1]; s.ID != "oven-4840-2" {
		t.Errorf("got %+v", s)
	}
}

func TestPasswordsAreNotShown(t *testing.T) {
	c, issues := parse(t, []byte(`[{"EndpointUrl":"opc.tcp://a","OpcAuthenticationUsername":"u","OpcAuthenticationPassword":"hunter2","OpcAuthenticationPasswordd":"hunter2",
		"OpcNodes":[{"Id":"i=1"}]},{"EndpointUrl":"opc.tcp://a","OpcAuthenticationUsername":"u","OpcAuthenticationPassword":["hunter2"]}]`), Options{})
	if p := c.Servers[0].Password; p == nil || *p != "hunter2" {
		t.Errorf("password is %v", p)
	}
	text, written, err := Format(servers(c), c.Writers)
	if all := fmt.Sprint(issues.List, written.List, err, string(text), asJSON(c)); strings.Contains(all, "hunter2") {
		t.Error(all)
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.json", "testdata/bad/*.json"} {
		for _, file := range files(f, pattern) {
			f.Add(read(f, file))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, _, err := Parse(text, Options{Gateway: "g1", MaxFields: 7})
		if err != nil {
			return
		}
		second, written := again(t, c, 7)
		if !bytes.Equal([]byte(asJSON(second.Writers)), []byte(asJSON(c.Writers))) {
			t.Errorf("read\n%s\nwritten\n%s\nread again\n%s", asJSON(c.Writers), written, asJSON(second.Writers))
		}
	})
}

// large is a file of n nodes, 1,000 an entry.
func large(n int) []byte {
	var b bytes.Buffer
	b.WriteString("[")
	for i := range n {
		if i%1000 == 0 {
			if i > 0 {
				b.WriteString("]},\n")
			}
			fmt.Fprintf(&b, `{"EndpointUrl":"opc.tcp://10.0.%d.1:4840","DataSetWriterGroup":"g%d","DataSetWriterId":"w%d","OpcNodes":[`, i/20000, i/20000, i/1000)
		} else {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, `{"Id":"nsu=http://acme.com/machines/;s=Line%d.Cell.Machine.Tag%d","DataSetFieldId":"tag %d","OpcSamplingInterval":500,`+
			`"QueueSize":10,"SkipFirst":true,"HeartbeatIntervalTimespan":"00:00:10"}`, i/1000, i, i)
	}
	b.WriteString("]}]")
	return b.Bytes()
}

func BenchmarkParse120000(b *testing.B) {
	text := large(120_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		c, issues := parse(b, text, Options{Gateway: "g1"})
		if len(c.Writers) != 120 || len(c.Servers) != 6 || len(issues.List) > 0 {
			b.Fatalf("%d writers, %d servers, %v", len(c.Writers), len(c.Servers), issues.List[:min(3, len(issues.List))])
		}
	}
}

func BenchmarkFormat120000(b *testing.B) {
	c, _ := parse(b, large(120_000), Options{Gateway: "g1"})
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Format(servers(c), c.Writers); err != nil {
			b.Fatal(err)
		}
	}
}
