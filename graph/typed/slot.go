package typed

import (
	"bytes"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// slot is a place in an answer: a value, or an object or a list of further slots. It is made while the address space is looked at, and
// filled when everything was read.
type slot struct {
	typ      *ast.Type
	path     ast.Path
	position *ast.Position

	// err takes the place of a value; told says that it is among the errors already.
	err  error
	told bool
	// raw is the value as JSON.
	raw []byte
	// late makes the value when everything was read.
	late func(s *slot)

	object, list bool
	keys         []string // of an object
	kids         []*slot
}

// rootSlot is that of a root field.
func rootSlot(f graphql.CollectedField) *slot {
	return &slot{typ: f.Definition.Type, path: ast.Path{ast.PathName(f.Alias)}, position: f.Position}
}

func below(p ast.Path, e ast.PathElement) ast.Path {
	return append(append(make(ast.Path, 0, len(p)+1), p...), e)
}

// kid adds a field to an object.
func (s *slot) kid(f graphql.CollectedField, typ *ast.Type) *slot {
	k := &slot{typ: typ, path: below(s.path, ast.PathName(f.Alias)), position: f.Position}
	s.object = true
	s.keys, s.kids = append(s.keys, f.Alias), append(s.kids, k)
	return k
}

// item adds an element to a list.
func (s *slot) item() *slot {
	k := &slot{typ: s.typ.Elem, path: below(s.path, ast.PathIndex(len(s.kids))), position: s.position}
	s.list = true
	s.kids = append(s.kids, k)
	return k
}

func (s *slot) text(v string) { s.raw = strconv.AppendQuote(nil, v) }

// located is an error at the place of s.
func (s *slot) located(err error) *gqlerror.Error {
	e := gqlerror.WrapPath(s.path, err)
	if s.position != nil {
		e.Locations = []gqlerror.Location{{Line: s.position.Line, Column: s.position.Column}}
	}
	return e
}

// write appends the slot; false means that it is null where its type does not allow that, so that what has it becomes null in turn
// (GraphQL, 6.4.4).
func (r *run) write(b *bytes.Buffer, s *slot) bool {
	if s.late != nil && s.err == nil {
		s.late(s)
	}
	start := b.Len()
	switch {
	case s.err != nil:
		graphql.AddError(r.ctx, s.located(s.err))
		return r.null(b, s)
	case s.raw != nil:
		b.Write(s.raw)
	case s.object:
		b.WriteByte('{')
		for i, k := range s.kids {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strconv.Quote(s.keys[i])) // a name of GraphQL
			b.WriteByte(':')
			if !r.write(b, k) {
				b.Truncate(start)
				return r.null(b, s)
			}
		}
		b.WriteByte('}')
	case s.list:
		b.WriteByte('[')
		for i, k := range s.kids {
			if i > 0 {
				b.WriteByte(',')
			}
			if !r.write(b, k) {
				b.Truncate(start)
				return r.null(b, s)
			}
		}
		b.WriteByte(']')
	default:
		if s.typ.NonNull && !s.told {
			graphql.AddError(r.ctx, s.located(errNull))
		}
		return r.null(b, s)
	}
	return true
}

func (r *run) null(b *bytes.Buffer, s *slot) bool {
	if s.typ.NonNull {
		return false
	}
	b.WriteString("null")
	return true
}
