package graph

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write "+eventTypesFile+" anew")

const eventTypesFile = "eventtypes/eventtypes.graphqls"

// The text of the schema is what the tables say; go generate writes it.
func TestEventTypesText(t *testing.T) {
	want := printEventTypes()
	if *update {
		if err := os.WriteFile(eventTypesFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != eventTypesText {
		t.Errorf("%s is not what eventtypes.go says: run go generate ./graph", eventTypesFile)
	}
}

// printEventTypes makes the text of the schema from the tables.
func printEventTypes() string {
	var b strings.Builder
	b.WriteString("# Made from eventtypes.go and event.graphqls by go generate; do not edit.\n")
	for i := range eventObjects {
		o := &eventObjects[i]
		fmt.Fprintf(&b, "%q\ntype %s {\n", o.about, o.name)
		printEventFields(&b, o.fields)
		b.WriteString("}\n")
	}
	common := eventInterfaceFields()
	for i := range standardEventTypes {
		t := &standardEventTypes[i]
		var chain []*eventType // from BaseEventType
		for up := t; up != nil; up = eventTypeNamed(up.super) {
			chain = append([]*eventType{up}, chain...)
		}
		faces := standardEvents().byName[t.name].interfaces
		if t.super != "" {
			fmt.Fprintf(&b, "%q\ninterface %s implements %s {\n%s", t.about, t.face(), strings.Join(faces[1:], " & "), common)
			printEventChain(&b, chain)
		}
		about := "An event of a type that has none of its own here."
		if t.about != "" {
			about = t.about
		}
		fmt.Fprintf(&b, "%q\ntype %s implements %s {\n%s", about, t.name, strings.Join(faces, " & "), common)
		printEventChain(&b, chain)
	}
	return b.String()
}

func printEventChain(b *strings.Builder, chain []*eventType) {
	for _, t := range chain {
		printEventFields(b, t.fields)
	}
	b.WriteString("}\n")
}

func printEventFields(b *strings.Builder, fields []eventField) {
	for i := range fields {
		f := &fields[i]
		if f.about != "" {
			fmt.Fprintf(b, "  %q\n", f.about)
		}
		fmt.Fprintf(b, "  %s: %s\n", f.graphQLName(), f.kind)
	}
}

func eventTypeNamed(name string) *eventType {
	for i := range standardEventTypes {
		if standardEventTypes[i].name == name {
			return &standardEventTypes[i]
		}
	}
	return nil
}

// eventInterfaceFields is the text of the fields of the interface Event, as its file has them.
func eventInterfaceFields() string {
	for _, s := range sources {
		_, rest, ok := strings.Cut(s.Input, "\ninterface Event {\n")
		if !ok {
			continue
		}
		if body, _, ok := strings.Cut(rest, "\n}\n"); ok {
			return body + "\n"
		}
	}
	panic("the schema has no interface Event")
}
