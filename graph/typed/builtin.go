package typed

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// builtInValue has the parts of StatusCodes, LocalizedTexts and QualifiedNames.
type builtInValue struct {
	Code               uint32
	Locale, Text       string
	NamespaceURI, Name string
}

// builtInParts reads one of them, which may be an object, or a number or text alone.
func builtInParts(name string, value []byte) (v builtInValue, err error) {
	switch {
	case isNull(value):
	case value[0] == '{': // without regard to case
		err = json.Unmarshal(value, &v)
	case name == "StatusCode":
		err = json.Unmarshal(value, &v.Code)
	default:
		var text string
		if err = json.Unmarshal(value, &text); err == nil {
			v.Text, v.Name = text, text
			if uri, rest, ok := strings.Cut(strings.TrimPrefix(text, "nsu="), ";"); ok && strings.HasPrefix(text, "nsu=") {
				v.NamespaceURI, v.Name = uri, rest
			}
		}
	}
	return v, err
}

// builtInObject writes the built-in types that are objects of the fixed schema. Their JSON in structures has other names (Part 6, 5.4.2).
func (c *conversion) builtInObject(name string, selections ast.SelectionSet, value []byte, path ast.Path) {
	v, err := builtInParts(name, value)
	if err != nil {
		c.fail(path, "%s is no %s", short(value), name)
		return
	}
	status := model.StatusCode(v.Code)
	c.object(name, selections, path, func(f graphql.CollectedField, _ ast.Path) {
		switch name + "." + f.Name {
		case "StatusCode.code":
			c.WriteString(strconv.FormatUint(uint64(v.Code), 10))
		case "StatusCode.name":
			c.Write(quoted(status.Name()))
		case "StatusCode.severity":
			c.Write(quoted(strings.ToUpper(status.Severity().String())))
		case "QualifiedName.namespaceUri":
			c.Write(quoted(v.NamespaceURI))
		case "QualifiedName.name":
			c.Write(quoted(v.Name))
		case "LocalizedText.text":
			c.Write(quoted(v.Text))
		case "LocalizedText.locale":
			if v.Locale == "" {
				c.WriteString("null")
				return
			}
			c.Write(quoted(v.Locale))
		default:
			c.WriteString("null")
		}
	})
}

// unitOrRange writes the structures of analog variables that every typed schema has a type for (Part 8, 5.6.2 and 5.6.3).
func (c *conversion) unitOrRange(name string, selections ast.SelectionSet, value []byte, path ast.Path) {
	var outer struct {
		Encoding string          `json:"encoding"`
		Body     json.RawMessage `json:"body"`
	}
	var v struct {
		NamespaceURI                        string `json:"NamespaceUri"`
		UnitID                              *int32 `json:"UnitId"`
		DisplayName, Description, Low, High json.RawMessage
	}
	err := json.Unmarshal(value, &outer)
	if err == nil && outer.Encoding != "json" {
		c.fail(path, "%s has the encoding %q and was not decoded", name, outer.Encoding)
		return
	}
	if err == nil {
		err = json.Unmarshal(outer.Body, &v)
	}
	if err != nil {
		c.fail(path, "%s is no %s", short(value), name)
		return
	}
	text := func(s string, err error) {
		if err != nil || s == "" {
			c.WriteString("null")
			return
		}
		c.Write(quoted(s))
	}
	localized := func(value []byte) {
		parts, err := builtInParts("LocalizedText", value)
		text(parts.Text, err)
	}
	c.object(name, selections, path, func(f graphql.CollectedField, at ast.Path) {
		switch f.Name {
		case "low":
			c.value(named("Float"), nil, v.Low, at)
		case "high":
			c.value(named("Float"), nil, v.High, at)
		case "namespaceUri":
			text(v.NamespaceURI, nil)
		case "displayName":
			localized(v.DisplayName)
		case "description":
			localized(v.Description)
		case "unitId":
			if v.UnitID == nil {
				c.WriteString("null")
				return
			}
			c.WriteString(strconv.Itoa(int(*v.UnitID)))
		}
	})
}
