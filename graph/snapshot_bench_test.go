package graph

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model/nodeset"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

func nodeSetModel(b *testing.B, files []string) *typemodel.Builder {
	b.Helper()
	builder := typemodel.NewBuilder()
	for _, f := range files {
		d, err := nodeset.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		builder.Add(d.Nodes)
	}
	return builder
}

// BenchmarkSchemaBuild makes a schema of nodes that are in memory and swaps it in, as when a server connects.
func BenchmarkSchemaBuild(b *testing.B) {
	for name, files := range map[string][]string{
		"UA":  {opcuatest.NodeSet(b, "Opc.Ua.NodeSet2.xml")},
		"all": opcuatest.NodeSets(b),
	} {
		b.Run(name, func(b *testing.B) {
			builder := nodeSetModel(b, files)
			h := newPlatform(HandlerConfig{}).Handler.(*Handler)
			types := 0
			for b.Loop() {
				s, err := typed.Generate(builder.Build(), typed.Options{Fixed: Fixed(), Events: EventSchema()})
				if err != nil {
					b.Fatal(err)
				}
				if err := h.SetTypes(s); err != nil {
					b.Fatal(err)
				}
				types = len(s.Types)
			}
			b.ReportMetric(float64(types), "types")
		})
	}
}

// BenchmarkIntrospection asks again what was asked before.
func BenchmarkIntrospection(b *testing.B) {
	s, err := typed.Generate(nodeSetModel(b, opcuatest.NodeSets(b)).Build(), typed.Options{Fixed: Fixed(), Events: EventSchema()})
	if err != nil {
		b.Fatal(err)
	}
	p := newPlatform(HandlerConfig{})
	if err := p.Handler.(*Handler).SetTypes(s); err != nil {
		b.Fatal(err)
	}
	const query = `{"query": "{ __schema { types { kind name description fields(includeDeprecated: true) { name description args { name type { name kind ofType { name kind ofType { name kind } } } defaultValue } type { name kind ofType { name kind ofType { name kind ofType { name kind } } } } } interfaces { name } possibleTypes { name } enumValues { name } inputFields { name type { name kind ofType { name kind } } } } } }"}`
	for _, first := range []bool{true, false} {
		name := "from memory"
		if first {
			name = "anew"
		}
		b.Run(name, func(b *testing.B) {
			size := 0
			for b.Loop() {
				if first {
					p.Handler.(*Handler).snapshots.current.Load().answers = schemaAnswers{}
				}
				r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(query))
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Accept-Encoding", "gzip")
				w := httptest.NewRecorder()
				p.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					b.Fatal(w.Code)
				}
				size = w.Body.Len()
			}
			b.ReportMetric(float64(size), "bytes")
		})
	}
}
