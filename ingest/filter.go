package ingest

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxFilterItems bounds the ids and the nodes of a filter.
const maxFilterItems = 10_000

// filter is a SeriesFilter made ready to be asked often.
type filter struct {
	model.SeriesFilter
	ids         map[model.SeriesID]bool
	nodes       map[model.ExpandedNodeID]bool
	field, path *regexp.Regexp
}

func newFilter(f model.SeriesFilter) (*filter, error) {
	if n := max(len(f.IDs), len(f.NodeIDs)); n > maxFilterItems {
		return nil, fmt.Errorf("%w: filter with %d ids or nodes: at most %d; select by server, writer, field or path instead", ErrInvalid, n, maxFilterItems)
	}
	c := &filter{SeriesFilter: f}
	var err error
	if c.field, err = anchored("field", f.Field); err != nil {
		return nil, err
	}
	if c.path, err = anchored("path", f.Path); err != nil {
		return nil, err
	}
	c.ids, c.nodes = setOf(f.IDs), setOf(f.NodeIDs)
	return c, nil
}

func setOf[T comparable](items []T) map[T]bool {
	if len(items) == 0 {
		return nil
	}
	m := make(map[T]bool, len(items))
	for _, item := range items {
		m[item] = true
	}
	return m
}

// anchored compiles an expression that the whole text must match; nil for an empty one.
func anchored(name, expr string) (*regexp.Regexp, error) {
	if expr == "" {
		return nil, nil
	}
	// Compiled alone first: "a)(b" would be an expression within the brackets of the second one.
	if _, err := regexp.Compile(expr); err != nil {
		return nil, fmt.Errorf("%w: %s %q is no RE2 expression: %w", ErrInvalid, name, expr, err)
	}
	re, err := regexp.Compile("^(?:" + expr + ")$")
	if err != nil {
		return nil, fmt.Errorf("%w: %s %q is no RE2 expression: %w", ErrInvalid, name, expr, err)
	}
	return re, nil
}

// writer tells whether any series of a writer may match.
func (f *filter) writer(key model.WriterKey, server string) bool {
	return equalOrAny(f.Gateway, key.Gateway) && equalOrAny(f.Group, key.Group) && equalOrAny(f.Writer, key.Writer) &&
		equalOrAny(f.Server, server) &&
		(f.ids == nil || slices.ContainsFunc(f.IDs, func(id model.SeriesID) bool {
			return id.Gateway == key.Gateway && id.Group == key.Group && id.Writer == key.Writer
		}))
}

// series tells whether one series of a matching writer matches.
func (f *filter) series(id model.SeriesID, m *model.FieldMetaData) bool {
	return (f.ids == nil || f.ids[id]) && (f.nodes == nil || f.nodes[m.Node]) &&
		(f.field == nil || f.field.MatchString(id.Field)) && (f.path == nil || f.path.MatchString(m.Path))
}

func equalOrAny(want, have string) bool { return want == "" || want == have }
