package addressspace

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func paths(hits []Hit) (list []string) {
	for _, h := range hits {
		list = append(list, h.Space.Path(h.Node))
	}
	return list
}

func TestSearch(t *testing.T) {
	s := crawlPlant(t, newPlant(), nil, nil)
	pattern := func(text string) *model.Pattern {
		p, err := model.ParsePattern(text)
		if err != nil {
			t.Fatal(err)
		}
		return &p
	}
	const b1, b2, declared = "Objects/Plant/Boiler1", "Objects/Plant/Boiler2", "Types/BaseObjectType/MachineType/BoilerType"
	f := func(name string, q Query, want ...string) {
		t.Helper()
		if got := paths(s.Search(&q)); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	f("whole name before word, objects before types", Query{Text: "temperature"},
		b1+"/Temperature", b2+"/Temperature", declared+"/Temperature", b1+"/WaterTemperature", b2+"/WaterTemperature")
	f("prefix before word", Query{Text: "water"}, b1+"/WaterTemperature", b2+"/WaterTemperature")
	f("part of a word", Query{Text: "RESSU"}, b1+"/Pressure", b2+"/Pressure")
	f("names of nodes above", Query{Text: "boiler2 temperature"}, b2+"/Temperature", b2+"/WaterTemperature")
	f("as a path", Query{Text: "Boiler2/Temperature"}, b2+"/Temperature", b2+"/WaterTemperature")
	f("a node of the name before nodes of the type", Query{Text: "boilertype"}, declared, b1, b2)
	f("a node above alone is not enough", Query{Text: "boiler1"}, b1)
	f("unit as text", Query{Text: "bar"}, b1+"/Pressure", b2+"/Pressure")
	f("unit", Query{Unit: "BAR"}, b1+"/Pressure", b2+"/Pressure")
	f("letters beyond ASCII in any case", Query{Text: "°c water boiler1"}, b1+"/WaterTemperature")
	f("class", Query{Text: "boiler1", Classes: model.NodeClassVariable})
	f("class", Query{Text: "boiler", Classes: model.NodeClassObjectType}, declared)
	f("type", Query{TypeDefinition: text("BoilerType")}, b1, b2)
	f("supertype", Query{TypeDefinition: text("MachineType")}, b1, b2)
	f("type that is not there", Query{TypeDefinition: text("PumpType")})
	f("path", Query{Path: pattern("Objects/Plant/*/Press*")}, b1+"/Pressure", b2+"/Pressure")
	f("path over several names", Query{Path: pattern("**/Boiler1/**"), Text: "pressure"}, b1+"/Pressure")
	f("regular expression", Query{Path: pattern("/.*2/Pres.*/"), Classes: model.NodeClassVariable}, b2+"/Pressure", b2+"/Pressure/EngineeringUnits")
	f("id", Query{Text: " nsu=urn:plant;s=Boiler1.Pressure "}, b1+"/Pressure")
	f("id that is not there", Query{Text: "nsu=urn:plant;s=none"})
	f("nothing", Query{Text: "nothing"})
	if all := s.Search(&Query{}); len(all) != s.Len() {
		t.Errorf("%d of %d nodes without a condition", len(all), s.Len())
	}
}

func TestTermMatches(t *testing.T) {
	f := func(word, name string, want quality) {
		t.Helper()
		if got := newTerm(word).match(name); got != want {
			t.Errorf("%q in %q: %d, want %d", word, name, got, want)
		}
	}
	f("Temp", "TEMP", matchesWhole)
	f("temp", "Temperature", matchesPrefix)
	f("temp", "OilTemperature", matchesWord)
	f("temp", "oil_temperature", matchesWord)
	f("temp", "Oil2temperature", matchesWord)
	f("2", "Boiler2", matchesWord)
	f("2", "Boiler12", matchesPart)
	f("temp", "Attempt", matchesPart)
	f("temp", "AttemptTemp", matchesWord)
	f("temp", "Tem", noMatch)
	f("größe", "GRÖSSE", noMatch)
	f("größe", "Größe", matchesWhole)
	f("ÖL", "Altöl", matchesPart)
	f("öl", "AltÖl", matchesWord)
	f("ß", "Gase", noMatch)
}

// largePlant is a server of n variables in boilers, with names and ids as a PLC has them.
func largePlant(n int) *plant {
	p := newPlant()
	for i := 0; len(p.below) < n; i++ {
		area := text(fmt.Sprintf("Area%d", i/100))
		if i%100 == 0 {
			p.link(text("Plant"), organizes, area, fmt.Sprintf("Area%d", i/100), model.NodeClassObject, num(61))
		}
		machine := text(fmt.Sprintf("Area%d.Machine%d", i/100, i))
		p.link(area, organizes, machine, fmt.Sprintf("Machine%d", i), model.NodeClassObject, text("BoilerType"))
		for v := range 20 {
			id := text(fmt.Sprintf("Area%d.Machine%d.Signal%d_%d", i/100, i, v, i))
			p.link(machine, hasComponent, id, fmt.Sprintf("Signal%d_%d", v, i), model.NodeClassVariable, num(2368))
			unit := model.ExpandedNodeID{NodeID: model.NumericID(0, uint32(20*i+v)), NamespaceURI: uri}
			p.link(id, hasProperty, unit, engineeringUnits, model.NodeClassVariable, num(68))
			p.units[unit] = []string{"°C", "bar", "rpm", "kW"}[v%4]
			p.below[unit] = nil
		}
	}
	return p
}

func largeSpace(tb testing.TB, n int) *Space {
	p := largePlant(n)
	c := &crawler{services: p, server: "s1", limits: Limits{MaxNodes: 1_000_000, MaxDepth: 100}, progress: func(int, int) {}, counts: &counts{}}
	s, err := c.crawl(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // what pools hold goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestOverheadOfANode measures the memory of a space of 100,000 nodes beyond the texts of names and identifiers.
func TestOverheadOfANode(t *testing.T) {
	stored, err := largeSpace(t, 100_000).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	s, err := Unmarshal(stored)
	if err != nil {
		t.Fatal(err)
	}
	took := heap() - before
	perNode := (float64(took) - float64(s.TextBytes())) / float64(s.Len())
	t.Logf("%d nodes, %d references: %d bytes, of them %d of text; %.1f a node beyond text; %d bytes stored", s.Len(), s.References(), took, s.TextBytes(), perNode, len(stored))
	if perNode > 100 {
		t.Errorf("%.1f bytes a node, want at most 100", perNode)
	}
	if got := float64(s.Bytes()); got < 0.9*float64(took) || got > 1.1*float64(took) {
		t.Errorf("Bytes says %d, the heap %d", s.Bytes(), took)
	}
	runtime.KeepAlive(s)
	runtime.KeepAlive(stored)
}

func BenchmarkSearch(b *testing.B) {
	s := largeSpace(b, 100_000)
	path, err := model.ParsePattern("Objects/**/Machine12*/Signal?_*")
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		q    Query
	}{
		{"Word", Query{Text: "signal7_1234"}},
		{"Many", Query{Text: "signal"}},
		{"TwoWords", Query{Text: "machine17 signal3"}},
		{"Filters", Query{Text: "signal", Unit: "bar", Path: &path, TypeDefinition: num(63)}},
		{"Everything", Query{}},
	} {
		b.Run(c.name, func(b *testing.B) {
			hits := 0
			for b.Loop() {
				hits = len(s.Search(&c.q))
			}
			b.ReportMetric(float64(hits), "hits")
			b.ReportMetric(float64(s.Len()), "nodes")
		})
	}
}
