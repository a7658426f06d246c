package typed

import (
	_ "embed"
	"strconv"
	"strings"
)

// commonSDL are the types that every typed schema has.
//
//go:embed common.graphqls
var commonSDL string

// SDL is the schema as text that extends the fixed one.
func (s *Schema) SDL() string {
	var p printer
	p.WriteString(commonSDL)
	for _, t := range s.Types {
		p.printType(t)
	}
	p.extend("Query", s.Query)
	p.extend("Mutation", s.Mutation)
	p.extend("Subscription", s.Subscription)
	return p.String()
}

type printer struct{ strings.Builder }

var keywords = map[Kind]string{Object: "type", Interface: "interface", Input: "input", OneOf: "input", Enum: "enum"}

func (p *printer) printType(t *Type) {
	p.describe("", t.Description)
	p.WriteString(keywords[t.Kind] + " " + t.Name)
	if len(t.Implements) > 0 {
		p.WriteString(" implements " + strings.Join(t.Implements, " & "))
	}
	if t.Kind == OneOf {
		p.WriteString(" @oneOf")
	}
	p.WriteString(" {\n")
	for _, v := range t.Values {
		p.describe("  ", v.Description)
		p.WriteString("  " + v.Name + "\n")
	}
	p.fields(t.Fields)
	p.WriteString("}\n")
}

func (p *printer) extend(root string, fields []*Field) {
	if len(fields) == 0 {
		return
	}
	p.WriteString("extend type " + root + " {\n")
	p.fields(fields)
	p.WriteString("}\n")
}

func (p *printer) fields(fields []*Field) {
	for _, f := range fields {
		p.describe("  ", f.Description)
		p.WriteString("  " + f.Name)
		if len(f.Args) > 0 {
			p.WriteByte('(')
			for i, a := range f.Args {
				if i > 0 {
					p.WriteString(", ")
				}
				if a.Description != "" {
					p.WriteString(quote(a.Description) + " ")
				}
				p.WriteString(a.Name + ": " + a.Type.String())
				if a.Default != "" {
					p.WriteString(" = " + a.Default)
				}
			}
			p.WriteByte(')')
		}
		p.WriteString(": " + f.Type.String() + "\n")
	}
}

func (p *printer) describe(indent, text string) {
	if text != "" {
		p.WriteString(indent + quote(text) + "\n")
	}
}

// quote makes a string of GraphQL, in which control characters are escaped (GraphQL, 2.9.4).
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r < ' ' || r == 0x7f:
			hex := strconv.FormatInt(int64(r), 16)
			b.WriteString(`\u` + strings.Repeat("0", 4-len(hex)) + hex)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
