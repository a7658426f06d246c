package nodeset

import (
	"bytes"
	"encoding/base64"
	"math"
	"strconv"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The values of the built-in types in the XML encoding (Part 6, 5.3.1).

func (p *parser) untrimmed() (string, error) {
	b, err := p.contentBytes()
	return string(b), err
}

func (p *parser) boolean() (bool, error) {
	s, err := p.content()
	if err != nil {
		return false, err
	}
	v, err := strconv.ParseBool(s)
	if err != nil {
		return false, badValue("%q is neither true nor false", s)
	}
	return v, nil
}

func signed[T int8 | int16 | int32 | int64](p *parser, bits int) func() (T, error) {
	return func() (T, error) {
		s, err := p.content()
		if err != nil {
			return 0, err
		}
		n, err := strconv.ParseInt(s, 10, bits)
		if err != nil {
			return 0, badValue("%q is no integer of %d bits", s, bits)
		}
		return T(n), nil
	}
}

func unsigned[T uint8 | uint16 | uint32 | uint64](p *parser, bits int) func() (T, error) {
	return func() (T, error) {
		s, err := p.content()
		if err != nil {
			return 0, err
		}
		n, err := strconv.ParseUint(s, 10, bits)
		if err != nil {
			return 0, badValue("%q is no unsigned integer of %d bits", s, bits)
		}
		return T(n), nil
	}
}

func (p *parser) float(bits int) (float64, error) {
	s, err := p.content()
	if err != nil {
		return 0, err
	}
	switch s {
	case "INF":
		return math.Inf(1), nil
	case "-INF":
		return math.Inf(-1), nil
	}
	f, err := strconv.ParseFloat(s, bits)
	if err != nil {
		return 0, badValue("%q is no number", s)
	}
	return f, nil
}

func (p *parser) dateTime() (model.DateTime, error) {
	s, err := p.content()
	if err != nil {
		return 0, err
	}
	t, err := parseTime(s)
	if err != nil {
		return 0, badValue("%q is no date", s)
	}
	return model.DateTimeOf(t), nil
}

func (p *parser) byteString() ([]byte, error) {
	b, err := p.contentBytes()
	if err != nil {
		return nil, err
	}
	out, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(b)), ""))
	if err != nil {
		return nil, badValue("a byte string is no base64")
	}
	return out, nil
}

// member is the text of the members of that name below the element that was begun last.
func (p *parser) members(targets map[string]*string) error {
	return p.children(func(name string) error {
		target, ok := targets[name]
		if !ok {
			return p.skip()
		}
		var err error
		*target, err = p.content()
		return err
	})
}

func (p *parser) guid() (model.GUID, error) {
	var text string
	if err := p.members(map[string]*string{"String": &text}); err != nil {
		return model.GUID{}, err
	}
	g, err := model.ParseGUID(text)
	if err != nil {
		return g, badValue("%v", err)
	}
	return g, nil
}

// idValue reads a NodeId within a value; its namespace index is the file's.
func (p *parser) idValue() (model.ExpandedNodeID, error) {
	var text string
	if err := p.members(map[string]*string{"Identifier": &text}); err != nil {
		return model.ExpandedNodeID{}, err
	}
	id, err := p.nodeID(text)
	if err != nil {
		return id, badValue("%v", err)
	}
	return id, nil
}

func (p *parser) statusCode() (model.StatusCode, error) {
	var text string
	if err := p.members(map[string]*string{"Code": &text}); err != nil || text == "" {
		return 0, err
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, badValue("status code %q is no number up to 4294967295", text)
	}
	return model.StatusCode(n), nil
}

func (p *parser) nameValue() (model.QualifiedName, error) {
	var index, name string
	if err := p.members(map[string]*string{"NamespaceIndex": &index, "Name": &name}); err != nil || index == "" {
		return model.QualifiedName{Name: name}, err
	}
	n, err := strconv.ParseUint(index, 10, 16)
	if err != nil {
		return model.QualifiedName{}, badValue("namespace index %q is no number up to 65535", index)
	}
	uri, err := p.namespace(int(n))
	if err != nil {
		return model.QualifiedName{}, badValue("%v", err)
	}
	return model.QualifiedName{Name: name, NamespaceURI: uri}, nil
}

func (p *parser) textValue() (model.LocalizedText, error) {
	var t model.LocalizedText
	err := p.members(map[string]*string{"Locale": &t.Locale, "Text": &t.Text})
	return t, err
}

// raw is the text of the file within the element that was begun last.
func (p *parser) raw() (string, error) {
	from := p.pos
	if p.pendingEnd {
		return "", p.skip()
	}
	if err := p.skip(); err != nil {
		return "", err
	}
	return string(bytes.TrimSpace(p.src[from:p.start])), nil
}

func (p *parser) xmlElement() (model.XMLElement, error) {
	s, err := p.raw()
	return model.XMLElement(s), err
}

// extensionObject keeps the body as the XML that it is.
func (p *parser) extensionObject() (model.ExtensionObject, error) {
	var e model.ExtensionObject
	err := p.children(func(name string) (err error) {
		switch name {
		case "TypeId":
			e.TypeID, err = p.idValue()
		case "Body":
			var body string
			body, err = p.raw()
			e.Encoding, e.Body = model.ExtensionXML, []byte(body)
		default:
			err = p.skip()
		}
		return err
	})
	return e, err
}
