package typed

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

func (x *Executable) model() *typemodel.Model { return x.typed.model }

// valueField fills a field of a variable.
func (r *run) valueField(k *slot, asked graphql.CollectedField, field *Field, i *instance) {
	if field.Name == "history" {
		r.history(k, asked, field, i)
		return
	}
	b := r.book(i.server, i.id)
	if field.Name == "value" {
		r.value(k, asked, field.Type, b)
		return
	}
	k.late = func(s *slot) {
		if s.err = b.err; s.err != nil {
			return
		}
		v := b.result
		switch field.Name {
		case "rawValue":
			if !v.Value.IsNull() {
				s.raw = v.Value.AppendJSON(nil)
			}
		case "dataType":
			if v.Value.Type() != model.TypeNull {
				s.raw = quoted(v.Value.TypeName())
			}
		case "status":
			s.raw = r.json(s, named("StatusCode"), asked, model.StatusCodeValue(v.Status).AppendJSON(nil))
		case "sourceTimestamp":
			s.raw = timeJSON(v.SourceTimestamp)
		case "serverTimestamp":
			s.raw = timeJSON(v.ServerTimestamp)
		}
	}
}

func timeJSON(t model.DateTime) []byte {
	if t.IsZero() {
		return nil
	}
	return quoted(t.String())
}

// value fills a slot with a value that is to be read, in a GraphQL type. A Bad status is an error beside null.
func (r *run) value(k *slot, asked graphql.CollectedField, typ Ref, b *reading) {
	k.late = func(s *slot) {
		switch {
		case b.err != nil:
			s.err = b.err
		case b.result.Status.IsBad():
			s.err = &StatusError{"read " + b.id.String(), b.result.Status, b.result.Message}
		case !b.result.Value.IsNull():
			s.raw = r.json(s, typ, asked, b.result.Value.AppendJSON(nil))
		}
	}
}

// json converts the JSON of a value, from a Variant or from within a structure, to that of a GraphQL type.
func (r *run) json(s *slot, typ Ref, asked graphql.CollectedField, value []byte) []byte {
	c := &conversion{run: r, position: s.position, raw: "rawValue"}
	c.value(typ, asked.Selections, value, s.path)
	return c.Bytes()
}

// Convert makes the JSON of a value, from a Variant, that of a GraphQL type with what is selected of it. What does not fit is null, with an error
// in ctx below path that refers to the field raw for the value as it is.
func (x *Executable) Convert(ctx context.Context, op *graphql.OperationContext, typ Ref, asked graphql.CollectedField, value []byte, path ast.Path, raw string) []byte {
	c := &conversion{run: &run{x: x, ctx: ctx, op: op}, position: asked.Position, raw: raw}
	c.value(typ, asked.Selections, value, path)
	return c.Bytes()
}

// conversion writes values in GraphQL types. What does not fit becomes null, with an error at its place: nothing in a value is non-null but
// what the conversion makes itself.
type conversion struct {
	bytes.Buffer
	run      *run
	position *ast.Position
	raw      string // the field that has the value as it is
}

func (c *conversion) fail(path ast.Path, format string, args ...any) {
	at := &slot{path: path, position: c.position}
	graphql.AddError(c.run.ctx, at.located(fmt.Errorf("%w: "+format, append([]any{ErrValue}, args...)...)))
	c.WriteString("null")
}

func isNull(value []byte) bool { return len(value) == 0 || string(value) == "null" }

func (c *conversion) value(typ Ref, selections ast.SelectionSet, value []byte, path ast.Path) {
	t := c.run.x.typed.Type(typ.Name)
	switch {
	case isNull(value):
		c.WriteString("null")
	case t != nil && t.Kind == Enum && typ.ItemNonNull:
		c.optionSet(t, value, path)
	case typ.List:
		c.list(typ, selections, value, path)
	case t != nil && t.Kind == Enum:
		c.enumeration(t, value, path)
	case t != nil:
		c.structure(t, selections, value, path)
	default:
		c.scalar(typ.Name, selections, value, path)
	}
}

func (c *conversion) list(typ Ref, selections ast.SelectionSet, value []byte, path ast.Path) {
	var items []json.RawMessage
	if err := json.Unmarshal(value, &items); err != nil {
		c.fail(path, "%s is no list of %s", short(value), typ.Name)
		return
	}
	c.WriteByte('[')
	for i, item := range items {
		if i > 0 {
			c.WriteByte(',')
		}
		c.value(typ.unlisted(), selections, item, below(path, ast.PathIndex(i)))
	}
	c.WriteByte(']')
}

// short is a value for a message.
func short(value []byte) string {
	if len(value) > 60 {
		return strings.ToValidUTF8(string(value[:60]), "") + "…"
	}
	return string(value)
}

func (c *conversion) enumeration(t *Type, value []byte, path ast.Path) {
	n, err := strconv.ParseInt(unquoted(value), 10, 64)
	for _, v := range t.Values {
		if err == nil && v.Value == n {
			c.Write(quoted(v.Name))
			return
		}
	}
	c.fail(path, "%s is no value of %s; ask for %s", short(value), t.Name, c.raw)
}

// optionSet writes the names of the bits that are set. One that has no name is told.
func (c *conversion) optionSet(t *Type, value []byte, path ast.Path) {
	n, err := strconv.ParseUint(unquoted(value), 10, 64)
	if err != nil {
		c.fail(path, "%s is no option set %s", short(value), t.Name)
		return
	}
	names, known := []string{}, uint64(0)
	for _, v := range t.Values {
		if bit := uint64(1) << (v.Value & 63); v.Value >= 0 && v.Value < 64 && n&bit != 0 {
			names, known = append(names, v.Name), known|bit
		}
	}
	if n&^known != 0 {
		c.fail(path, "%d has bits that %s does not name; ask for %s", n, t.Name, c.raw)
		return
	}
	text, _ := json.Marshal(names) // strings always marshal
	c.Write(text)
}

// unquoted is a number that may stand in quotes, as 64-bit integers do.
func unquoted(value []byte) string { return strings.Trim(string(value), `"`) }

// structure writes an object: a member of a structure, or a structure of a Variant, {"typeId", "encoding", "body"}.
func (c *conversion) structure(t *Type, selections ast.SelectionSet, value []byte, path ast.Path) {
	var outer struct {
		TypeID   *model.ExpandedNodeID `json:"typeId"`
		Encoding string                `json:"encoding"`
		Body     json.RawMessage       `json:"body"`
	}
	id := t.Source.NodeID
	if err := json.Unmarshal(value, &outer); err == nil && outer.TypeID != nil && outer.Encoding != "" {
		if outer.Encoding != "json" {
			c.fail(path, "a structure with the encoding %s was not decoded: the server does not describe its type; ask for %s", outer.TypeID, c.raw)
			return
		}
		value = outer.Body
		if actual := c.run.x.structures[*outer.TypeID]; actual != nil && (t.Kind == Interface || actual.Source.IsA(id)) {
			t, id = actual, *outer.TypeID
		}
	}
	if t.Kind == Interface {
		t = t.Object
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(value, &members); err != nil {
		c.fail(path, "%s is no structure %s", short(value), t.Name)
		return
	}
	c.object(t.Name, selections, path, func(f graphql.CollectedField, at ast.Path) {
		if f.Name == "dataTypeId" {
			c.Write(quoted(id.String()))
			return
		}
		field := t.field(f.Name)
		c.value(field.Type, f.Selections, members[field.Key.Name], at)
	})
}

// object writes the selected fields of an object type.
func (c *conversion) object(typeName string, selections ast.SelectionSet, path ast.Path, write func(graphql.CollectedField, ast.Path)) {
	satisfies := c.run.x.satisfies[typeName]
	if satisfies == nil {
		satisfies = []string{typeName}
	}
	c.WriteByte('{')
	for i, f := range graphql.CollectFields(c.run.op, selections, satisfies) {
		if i > 0 {
			c.WriteByte(',')
		}
		c.WriteString(strconv.Quote(f.Alias) + ":")
		if f.Name == "__typename" {
			c.WriteString(strconv.Quote(typeName))
			continue
		}
		write(f, below(path, ast.PathName(f.Alias)))
	}
	c.WriteByte('}')
}

// scalar writes a value of a built-in type.
func (c *conversion) scalar(name string, selections ast.SelectionSet, value []byte, path ast.Path) {
	fits := true
	switch name {
	case "Variant":
	case "Boolean":
		fits = string(value) == "true" || string(value) == "false"
	case "Int":
		fits = integerWithin(value, math.MinInt32, math.MaxInt32)
	case "UInt32":
		fits = integerWithin(value, 0, math.MaxUint32)
	case "Float":
		fits = value[0] == '-' || value[0] >= '0' && value[0] <= '9'
	case "Int64", "UInt64":
		text := unquoted(value)
		if fits = text != "" && strings.Trim(text, "-0123456789") == ""; fits {
			value = quoted(text)
		}
	case "EUInformation", "Range":
		c.unitOrRange(name, selections, value, path)
		return
	case "StatusCode", "QualifiedName", "LocalizedText":
		c.builtInObject(name, selections, value, path)
		return
	default:
		fits = value[0] == '"'
	}
	if !fits {
		c.fail(path, "%s is no %s; ask for %s", short(value), name, c.raw)
		return
	}
	c.Write(value)
}

func integerWithin(value []byte, low, high int64) bool {
	n, err := strconv.ParseInt(string(value), 10, 64)
	return err == nil && n >= low && n <= high
}
