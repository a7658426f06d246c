package graph

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/graph/live"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// valuesOperation validates a subscription to values and returns its field; each answers with what generated code makes of what comes in on feed.
func valuesOperation(t testing.TB, selection string) (op *graphql.OperationContext, field *graphql.CollectedField, each func(d *live.Delivery, overflow bool) []byte) {
	t.Helper()
	p := newPlatform(HandlerConfig{})
	in := make(chan model.ValueChanges)
	p.commands.MonitorFunc = func(context.Context, model.MonitorRequest) (<-chan model.ValueChanges, error) { return in, nil }
	h := p.Handler.(*Handler)
	t.Cleanup(h.Close)
	schema := NewExecutableSchema(Config{Resolvers: h.snapshots.resolver})
	query := `{ v: values(server: "press", nodeIds: ["nsu=urn:plant;i=1"]) ` + selection + ` }`
	declared := ""
	for name, declaration := range map[string]string{"$yes": "$yes: Boolean = true ", "$no": "$no: Boolean = false "} {
		if strings.Contains(selection, name) {
			declared += declaration
		}
	}
	if declared != "" {
		declared = "(" + declared + ")"
	}
	query = "subscription" + declared + query
	if strings.Contains(selection, "...F") {
		query += ` fragment F on ValueChange { item value { dataType } }`
	}
	ctx := graphql.StartOperationTrace(t.Context())
	op, errs := executor.New(schema).CreateOperationContext(ctx, &graphql.RawParams{Query: query})
	if len(errs) > 0 {
		t.Fatalf("%s: %v", selection, errs)
	}
	ctx = graphql.WithOperationContext(ctx, op)
	ctx = graphql.WithResponseContext(ctx, graphql.DefaultErrorPresenter, graphql.DefaultRecover)
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Subscription"})
	c := &sharedStream{}
	next := schema.Exec(context.WithValue(ctx, sharedValuesKey{}, c))
	if c.sub == nil {
		t.Fatal("not subscribed")
	}
	return op, &fields[0], func(d *live.Delivery, overflow bool) []byte {
		c.feed <- valueChanges(d, overflow)
		return bytes.Clone(next(ctx).Data)
	}
}

func testDelivery(n int, value func(i int) model.DataValue) *live.Delivery {
	d := &live.Delivery{Stream: "stream\"1"}
	d.Sequence = 1 << 60
	for i := range n {
		d.Changes = append(d.Changes, model.ValueChange{Item: i, NodeID: tag(i + 1), Value: value(i)})
	}
	return d
}

// What is written is what generated code writes, byte for byte.
func TestDeliveryWriter(t *testing.T) {
	guid := model.GUID{1, 2, 3}
	values := []model.Variant{
		{},
		model.BooleanValue(true), model.Int64Value(-1 << 60), model.FloatValue(0.1), model.DoubleValue(1e300), model.StringValue("a \"b\" ü \x01 </script>"), model.NullStringValue(),
		model.DateTimeValue(132_000_000_000_000_000), model.GUIDValue(&guid), model.ByteStringValue([]byte{1, 2}), model.ArrayValue([]float64{1, 2.5}), model.ArrayValue([]string{"x", ""}),
		model.LocalizedTextValue(&model.LocalizedText{Locale: "de", Text: "Zustand"}),
	}
	d := testDelivery(len(values), func(i int) model.DataValue {
		return model.DataValue{
			Value: values[i], Status: []model.StatusCode{0, 0x40000000, 0x80010000, 0x80340480}[i%4], SourceTimestamp: model.DateTime(i) * 1_321_234_567_891_234, ServerTimestamp: model.DateTime(i%2) * 132_000_000_000_000_000,
		}
	})
	d.Changes[3].Message = "it's \"broken\"\n"
	d.Changes[4].NodeID.NamespaceURI = "urn:größe\\"
	told := testDelivery(1, doubles)
	told.States = []model.MonitoredItemState{{Item: 3, NodeID: tag(4), Status: model.StatusBadNotReadable, Message: "no \"x\""}, {Item: 1, NodeID: tag(2)}}
	told.Connection = &model.MonitorConnection{State: model.StateReconnecting, Message: "no answer"}
	whole := `{ stream sequence overflow changes { item nodeId value { value dataType status { code name severity } sourceTimestamp serverTimestamp message } } nodes { item nodeId status { name } message remedy } connection { state message } }`
	for _, selection := range []string{
		whole,
		`{ sequence }`,
		`{ __typename changes { __typename value { __typename status { __typename name } } } }`,
		`{ s: sequence changes { ...F a: item i: item value { x: value } } }`,
		`{ changes { ... on ValueChange { item } ... @include(if: $no) { nodeId } } sequence @skip(if: $yes) overflow @include(if: $yes) }`,
		`{ changes { value { status { name } } value { status { code } value } } }`,
		`{ connection { message s: state __typename } nodes { __typename status { code } } }`,
		`{ changes @skip(if: $yes) { item } sequence @skip(if: $yes) }`,
	} {
		op, field, generated := valuesOperation(t, selection)
		write := newDeliveryWriter(op, field)
		if write == nil {
			t.Fatalf("%s: is left to generated code", selection)
		}
		for _, d := range []*live.Delivery{d, testDelivery(0, nil), told} {
			for _, overflow := range []bool{false, true} {
				got := write(d, overflow)
				if want := generated(d, overflow); string(got) != string(want) {
					t.Errorf("%s:\ngot  %s\nwant %s", selection, got, want)
				}
			}
		}
	}
}

// What is not known is left to generated code.
func TestDeliveryWriterLeaves(t *testing.T) {
	op, field, _ := valuesOperation(t, `{ sequence nodes { item } connection { state } }`)
	// As if the schema had got a field.
	unknown, f := *field, *field.Selections[0].(*ast.Field)
	f.Name, f.Alias = "newField", "newField"
	unknown.Selections = append(slices.Clone(field.Selections), &f)
	if newDeliveryWriter(op, &unknown) != nil {
		t.Error("an unknown field is written")
	}
}

const dashboardSelection = `{ sequence overflow changes { item value { value sourceTimestamp status { name } } } }`

func doubles(i int) model.DataValue {
	return model.DataValue{Value: model.DoubleValue(float64(i) * 1.1), SourceTimestamp: 132_000_000_012_345_678}
}

// The text of a delivery is the only thing that is allocated for it.
func TestDeliveryWriterAllocates(t *testing.T) {
	op, field, _ := valuesOperation(t, dashboardSelection)
	write, d := newDeliveryWriter(op, field), testDelivery(100, doubles)
	write(d, false)
	if n := testing.AllocsPerRun(100, func() { write(d, false) }); n > 2 {
		t.Errorf("%v allocations for 100 values", n)
	}
}

func BenchmarkDelivery(b *testing.B) {
	op, field, generated := valuesOperation(b, dashboardSelection)
	write, d := newDeliveryWriter(op, field), testDelivery(100, doubles)
	for name, run := range map[string]func(){"writer": func() { write(d, false) }, "generated": func() { generated(d, false) }} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/value")
		})
	}
}
