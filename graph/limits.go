package graph

import (
	"context"
	"math"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// pricedSchema says what a field costs: 1, and what is asked below it as often as the field's arguments tell.
type pricedSchema struct{ graphql.ExecutableSchema }

// priceList is a schema as prices are asked of it. What a field of an interface costs is asked for each object that implements it, thousands
// where types of a plant are nodes; since they all cost the same, one is enough.
type priceList struct {
	pricedSchema
	schema *ast.Schema
}

func newPriceList(s pricedSchema) priceList {
	schema := *s.Schema()
	schema.PossibleTypes = make(map[string][]*ast.Definition, len(schema.PossibleTypes))
	for name, types := range s.Schema().PossibleTypes {
		schema.PossibleTypes[name] = types[:min(len(types), 1)]
	}
	return priceList{s, &schema}
}

// Schema has one possible type for each interface.
func (l priceList) Schema() *ast.Schema { return l.schema }

// historyDiscount is how many points of history cost as much as one other item: they come from our own store, in one go.
const historyDiscount = 10

// searchPrice is that of one search, which looks at all nodes that are known.
const searchPrice = 500

// Complexity prices a field. It never gives up, so that all types of the schema follow the same rule.
func (s pricedSchema) Complexity(_ context.Context, _, field string, child int, args map[string]any) (int, bool) {
	if price, ok := historyPrice(field, child, args); ok {
		return price, true
	}
	items := 1
	if v, ok := args["first"]; ok && v != nil {
		if n, err := graphql.UnmarshalInt(v); err == nil {
			items = n
		}
		// More than the bound is refused by the field itself, with an error that says so.
		if field == "history" {
			items = min(items, maxHistoryPoints, historySteps(args)) / historyDiscount
		} else {
			items = min(items, maxPageSize)
		}
	}
	for _, name := range []string{"nodeIds", "ids", "paths", "input", "representations"} {
		if list := graphql.CoerceList(args[name]); list != nil {
			items = len(list)
		}
	}
	price := saturatingPrice(max(items, 1), max(child, 1))
	if field == "search" && price < math.MaxInt-searchPrice {
		price += searchPrice
	}
	return price, true
}

// historySteps is how many points a history has at most by its step; the largest int without one.
func historySteps(args map[string]any) int {
	a, err := historyArgsOf(args)
	if err != nil || a.step == nil {
		return math.MaxInt
	}
	q, err := a.query(model.SeriesID{}, time.Now())
	if err != nil { // refused by the field itself
		return math.MaxInt
	}
	return int((q.To.Sub(q.From)-1)/q.Step) + 1
}

// saturatingPrice is 1 + items * child, or the largest int if that is beyond.
func saturatingPrice(items, child int) int {
	if child > (math.MaxInt-1)/items {
		return math.MaxInt
	}
	return 1 + items*child
}

// queryLength bounds the text of a query, before anything is parsed or kept in a cache.
type queryLength struct{ max int }

// ExtensionName names the limit.
func (queryLength) ExtensionName() string { return "QueryLength" }

// Validate accepts every schema.
func (queryLength) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters refuses a text that is too long.
func (l queryLength) MutateOperationParameters(_ context.Context, p *graphql.RawParams) *gqlerror.Error {
	if len(p.Query) <= l.max {
		return nil
	}
	return limitError("QUERY_TOO_LONG", "query has %d bytes, the limit is %d; put values into variables", len(p.Query), l.max)
}

// maxSelections bounds the fields of a query with its fragments written out: fragments that spread each other twice double with
// every step.
const maxSelections = 20_000

// depthLimit bounds how deep fields are nested, and how many there are.
type depthLimit struct{ max int }

// ExtensionName names the limit.
func (depthLimit) ExtensionName() string { return "DepthLimit" }

// Validate accepts every schema.
func (depthLimit) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext refuses an operation that is too deep or too large.
func (l depthLimit) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	depth, fields := measurer{}.measure(op.Operation.SelectionSet)
	if depth > l.max {
		return limitError("DEPTH_LIMIT_EXCEEDED", "fields are nested %d deep, the limit is %d; ask in several requests", depth, l.max)
	}
	if fields > maxSelections {
		return limitError("FIELD_LIMIT_EXCEEDED", "operation selects more than %d fields; ask in several requests", maxSelections)
	}
	return nil
}

// measurer remembers the size of each fragment, so that the time is linear in the text.
type measurer map[*ast.FragmentDefinition]struct{ depth, fields int }

func (m measurer) measure(set ast.SelectionSet) (depth, fields int) {
	for _, s := range set {
		var d, f int
		switch s := s.(type) {
		case *ast.Field:
			d, f = m.measure(s.SelectionSet)
			d, f = d+1, f+1
		case *ast.InlineFragment:
			d, f = m.measure(s.SelectionSet)
		case *ast.FragmentSpread:
			size, known := m[s.Definition]
			if !known {
				size.depth, size.fields = m.measure(s.Definition.SelectionSet)
				m[s.Definition] = size
			}
			d, f = size.depth, size.fields
		}
		depth, fields = max(depth, d), min(fields+f, maxSelections+1)
	}
	return depth, fields
}

func limitError(code, format string, args ...any) *gqlerror.Error {
	err := gqlerror.Errorf(format, args...)
	err.Extensions = map[string]any{"code": code}
	return err
}
