package typed

import (
	"encoding/json"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// historyRead is what the store, or each server, is asked for in one go: the history of all variables for which a query has the same arguments.
type historyRead struct {
	query model.NodeHistoryQuery
	// servers tells that the servers are asked for what they keep themselves.
	servers bool
	// step is the argument as it was given.
	step    string
	index   map[place]int
	results []model.NodeHistory
	err     error
}

// history books the history of a variable.
func (r *run) history(k *slot, asked graphql.CollectedField, field *Field, i *instance) {
	args := asked.ArgumentMap(r.op.Variables)
	key, err := json.Marshal(args)
	if err != nil {
		k.err = fmt.Errorf("%w: history: %w", ErrInvalid, err)
		return
	}
	h := r.histories[string(key)]
	if h == nil {
		h = &historyRead{index: map[place]int{}, servers: args["source"] == "SERVER"}
		h.step, _ = args["step"].(string)
		h.query, h.err = r.x.services.HistoryQuery(args)
		r.histories[string(key)] = h
	}
	at := place{i.server, i.id}
	n, known := h.index[at]
	if !known {
		n = len(h.query.Nodes)
		h.index[at] = n
		h.query.Nodes = append(h.query.Nodes, model.HistoryNode{Server: i.server, NodeID: i.id})
	}
	of := r.x.typed.Type(field.Type.Name)
	wanted := r.wantedOfPoints(asked, of)
	h.query.Statuses = h.query.Statuses || wanted["status"]
	if wanted["value"] && !r.x.isNumber(r.pointType(of).field("value").Type) {
		h.query.Nodes[n].Exact = true
	}
	k.late = func(s *slot) {
		if s.err = h.err; s.err != nil {
			return
		}
		result := &h.results[n]
		if s.err = result.Err; s.err != nil {
			return
		}
		c := &conversion{run: r, position: s.position, raw: "number"}
		c.history(of, asked.Selections, h, result, s.path)
		s.raw = c.Bytes()
	}
}

// pointType is the type of the points of a type of history.
func (r *run) pointType(of *Type) *Type { return r.x.typed.Type(of.field("points").Type.Name) }

// wantedOfPoints are the fields that are asked for of points.
func (r *run) wantedOfPoints(asked graphql.CollectedField, of *Type) map[string]bool {
	wanted := map[string]bool{}
	for _, f := range graphql.CollectFields(r.op, asked.Selections, r.x.satisfies[of.Name]) {
		if f.Name != "points" {
			continue
		}
		for _, p := range graphql.CollectFields(r.op, f.Selections, r.x.satisfies[r.pointType(of).Name]) {
			wanted[p.Name] = true
		}
	}
	return wanted
}

// isNumber tells whether all values of a type are stored as numbers.
func (x *Executable) isNumber(value Ref) bool {
	if t := x.typed.Type(value.Name); t != nil {
		return t.Kind == Enum && (!value.List || value.ItemNonNull && t.widest() < 53)
	}
	if value.List {
		return false
	}
	switch value.Name {
	case "Boolean", "Int", "UInt32", "Float", "DateTime", "StatusCode":
		return true
	}
	return false
}

// widest is the highest value of an enumeration, or bit of an option set.
func (t *Type) widest() (n int64) {
	for _, v := range t.Values {
		n = max(n, v.Value)
	}
	return n
}

// history writes what is stored of a variable.
func (c *conversion) history(of *Type, selections ast.SelectionSet, h *historyRead, result *model.NodeHistory, path ast.Path) {
	q := &h.query
	c.object(of.Name, selections, path, func(f graphql.CollectedField, at ast.Path) {
		var text []byte
		switch f.Name {
		case "series":
			if result.Series != (model.SeriesID{}) {
				text = quoted(result.Series.String())
			}
		case "from":
			text = timeJSON(model.DateTimeOf(q.From))
		case "to":
			text = timeJSON(model.DateTimeOf(q.To))
		case "step":
			if q.Step > 0 {
				text = quoted(h.step)
			}
		case "aggregate":
			if q.Step > 0 {
				text = quoted(strings.ToUpper(q.Aggregate))
			}
		case "truncated":
			text = strconv.AppendBool(nil, result.More)
		case "points":
			c.points(c.run.pointType(of), f.Selections, q, result, at)
			return
		}
		c.orNull(text)
	})
}

func (c *conversion) orNull(text []byte) {
	if text == nil {
		text = []byte("null")
	}
	c.Write(text)
}

func (c *conversion) points(of *Type, selections ast.SelectionSet, q *model.NodeHistoryQuery, result *model.NodeHistory, path ast.Path) {
	value := of.field("value").Type
	c.WriteByte('[')
	for i := range result.Points {
		if i > 0 {
			c.WriteByte(',')
		}
		p := &result.Points[i]
		c.object(of.Name, selections, below(path, ast.PathIndex(i)), func(f graphql.CollectedField, at ast.Path) {
			switch f.Name {
			case "time":
				c.Write(timeJSON(model.DateTimeOfMilli(p.Time)))
			case "number":
				if math.IsNaN(p.Number) || math.IsInf(p.Number, 0) {
					c.orNull(nil)
					return
				}
				c.Write(appendNumber(p.Number))
			case "value":
				c.pointValue(value, f.Selections, q, p, at)
			case "status":
				status, known := pointStatus(p, result.Statuses)
				if !known {
					c.orNull(nil)
					return
				}
				c.value(named("StatusCode"), f.Selections, model.StatusCodeValue(status).AppendJSON(nil), at)
			}
		})
	}
	c.WriteByte(']')
}

// pointStatus is that of the exact value, or the last one that was stored up to the point.
func pointStatus(p *model.HistoryPoint, statuses []model.Sample) (model.StatusCode, bool) {
	if p.Value != nil {
		return p.Value.Status, true
	}
	i := sort.Search(len(statuses), func(i int) bool { return statuses[i].Time > p.Time })
	if i == 0 || math.IsNaN(statuses[i-1].Value) {
		return 0, false
	}
	return model.StatusCode(statuses[i-1].Value), true
}

// maxExact is the largest integer up to which a float64 holds every one.
const maxExact = 1 << 53

// pointValue writes the value of a point in the type of the variable.
func (c *conversion) pointValue(typ Ref, selections ast.SelectionSet, q *model.NodeHistoryQuery, p *model.HistoryPoint, path ast.Path) {
	n := p.Number
	switch {
	case p.Value != nil && (p.Value.Status.IsBad() || p.Value.Value.IsNull()):
		c.orNull(nil)
		return
	case p.Value != nil:
		c.value(typ, selections, p.Value.Value.AppendJSON(nil), path)
		return
	case math.IsNaN(n) || math.IsInf(n, 0):
		c.orNull(nil)
		return
	case typ.Name == "Float" && !typ.List:
		c.Write(appendNumber(n))
		return
	case typ.List && !typ.ItemNonNull || q.Step > 0 && !selectsValues(q.Aggregate):
		c.orNull(nil)
		return
	}
	whole := n == math.Trunc(n) && math.Abs(n) <= maxExact
	var text []byte
	switch enum := c.run.x.typed.Type(typ.Name); {
	case typ.Name == "Variant":
		text = appendNumber(n)
	case typ.Name == "DateTime":
		text = timeJSON(model.DateTimeOf(time.UnixMicro(int64(math.Round(n * 1e6)))))
	case typ.Name == "Boolean":
		text = strconv.AppendBool(nil, n != 0)
	case whole && (enum != nil && enum.Kind == Enum || typ.Name == "Int" || typ.Name == "UInt32" || typ.Name == "Int64" || typ.Name == "UInt64" || typ.Name == "StatusCode"):
		text = strconv.AppendInt(nil, int64(n), 10)
	}
	if text == nil {
		c.orNull(nil)
		return
	}
	c.value(typ, selections, text, path)
}

// selectsValues tells whether what an aggregate gives is one of the values.
func selectsValues(aggregate string) bool {
	switch aggregate {
	case "first", "last", "min", "max":
		return true
	}
	return false
}

// appendNumber writes a number as JSON does.
func appendNumber(n float64) []byte {
	text, _ := json.Marshal(n) // it is finite
	return text
}
