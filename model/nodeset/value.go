package nodeset

import (
	"fmt"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// nodeValue reads <Value>, which has one element, in the XML encoding (Part 6, 5.3). A value that cannot be taken is a problem of the
// file, and the node is without it.
func (p *parser) nodeValue(n *model.Node) error {
	taken := false
	return p.children(func(name string) error {
		if taken {
			return p.skip()
		}
		taken = true
		begun := len(p.open)
		arguments := n.BrowseName.NamespaceURI == "" && (n.BrowseName.Name == "InputArguments" || n.BrowseName.Name == "OutputArguments")
		var err error
		if arguments && name == "ListOfExtensionObject" {
			n.Arguments, err = p.arguments()
		} else {
			n.Value, err = p.value(name)
		}
		bad, ok := err.(*valueError) //nolint:errorlint // never wrapped
		if !ok {
			return err
		}
		p.problem("value of %s: %s", n.NodeID, bad.message)
		for len(p.open) >= begun {
			if _, err := p.next(); err != nil {
				return err
			}
		}
		return nil
	})
}

// valueError is why a value cannot be taken though the XML is sound.
type valueError struct{ message string }

func (e *valueError) Error() string { return e.message }

func badValue(format string, args ...any) error {
	return &valueError{fmt.Sprintf(format, args...)}
}

// value reads the element that was begun last as a value of the type that its name tells.
func (p *parser) value(name string) (model.Variant, error) {
	if element, ok := strings.CutPrefix(name, "ListOf"); ok {
		return p.list(element, nil)
	}
	switch name {
	case "Matrix":
		return p.matrix()
	case "Boolean":
		return one(p, p.boolean, model.BooleanValue)
	case "SByte":
		return one(p, signed[int8](p, 8), model.SByteValue)
	case "Byte":
		return one(p, unsigned[uint8](p, 8), model.ByteValue)
	case "Int16":
		return one(p, signed[int16](p, 16), model.Int16Value)
	case "UInt16":
		return one(p, unsigned[uint16](p, 16), model.UInt16Value)
	case "Int32":
		return one(p, signed[int32](p, 32), model.Int32Value)
	case "UInt32":
		return one(p, unsigned[uint32](p, 32), model.UInt32Value)
	case "Int64":
		return one(p, signed[int64](p, 64), model.Int64Value)
	case "UInt64":
		return one(p, unsigned[uint64](p, 64), model.UInt64Value)
	case "Float":
		return one(p, func() (float32, error) { f, err := p.float(32); return float32(f), err }, model.FloatValue)
	case "Double":
		return one(p, func() (float64, error) { return p.float(64) }, model.DoubleValue)
	case "String":
		return one(p, p.untrimmed, model.StringValue)
	case "DateTime":
		return one(p, p.dateTime, model.DateTimeValue)
	case "Guid":
		return one(p, p.guid, func(v model.GUID) model.Variant { return model.GUIDValue(&v) })
	case "ByteString":
		return one(p, p.byteString, model.ByteStringValue)
	case "XmlElement":
		return one(p, p.xmlElement, model.XMLElementValue)
	case "NodeId", "ExpandedNodeId":
		return one(p, p.idValue, func(v model.ExpandedNodeID) model.Variant { return model.ExpandedNodeIDValue(&v) })
	case "StatusCode":
		return one(p, p.statusCode, model.StatusCodeValue)
	case "QualifiedName":
		return one(p, p.nameValue, func(v model.QualifiedName) model.Variant { return model.QualifiedNameValue(&v) })
	case "LocalizedText":
		return one(p, p.textValue, func(v model.LocalizedText) model.Variant { return model.LocalizedTextValue(&v) })
	case "ExtensionObject":
		return one(p, p.extensionObject, func(v model.ExtensionObject) model.Variant { return model.ExtensionObjectValue(&v) })
	}
	return model.Variant{}, badValue("values of type %s are not taken", name)
}

// list reads elements of one type, of which dims are the dimensions of a matrix.
func (p *parser) list(element string, dims []int32) (model.Variant, error) {
	switch element {
	case "Boolean":
		return many(p, dims, p.boolean)
	case "SByte":
		return many(p, dims, signed[int8](p, 8))
	case "Byte":
		return many(p, dims, unsigned[uint8](p, 8))
	case "Int16":
		return many(p, dims, signed[int16](p, 16))
	case "UInt16":
		return many(p, dims, unsigned[uint16](p, 16))
	case "Int32":
		return many(p, dims, signed[int32](p, 32))
	case "UInt32":
		return many(p, dims, unsigned[uint32](p, 32))
	case "Int64":
		return many(p, dims, signed[int64](p, 64))
	case "UInt64":
		return many(p, dims, unsigned[uint64](p, 64))
	case "Float":
		return many(p, dims, func() (float32, error) { f, err := p.float(32); return float32(f), err })
	case "Double":
		return many(p, dims, func() (float64, error) { return p.float(64) })
	case "String":
		return many(p, dims, p.untrimmed)
	case "DateTime":
		return many(p, dims, p.dateTime)
	case "Guid":
		return many(p, dims, p.guid)
	case "ByteString":
		return many(p, dims, p.byteString)
	case "NodeId", "ExpandedNodeId":
		return many(p, dims, p.idValue)
	case "StatusCode":
		return many(p, dims, p.statusCode)
	case "QualifiedName":
		return many(p, dims, p.nameValue)
	case "LocalizedText":
		return many(p, dims, p.textValue)
	case "ExtensionObject":
		return many(p, dims, p.extensionObject)
	}
	return model.Variant{}, badValue("lists of type %s are not taken", element)
}

func one[T any](p *parser, read func() (T, error), pack func(T) model.Variant) (model.Variant, error) {
	v, err := read()
	if err != nil {
		return model.Variant{}, err
	}
	return pack(v), nil
}

func many[T model.Element](p *parser, dims []int32, read func() (T, error)) (model.Variant, error) {
	list := []T{}
	err := p.children(func(string) error {
		v, err := read()
		list = append(list, v)
		return err
	})
	if err != nil {
		return model.Variant{}, err
	}
	if count := elementCount(dims); dims != nil && count != len(list) {
		return model.Variant{}, badValue("a matrix of dimensions %v has %d elements", dims, len(list))
	}
	return model.ArrayValue(list, dims...), nil
}

// elementCount is the product of dims, -1 if no file could have that many.
func elementCount(dims []int32) int {
	n := 1
	for _, d := range dims {
		if d < 0 || n > MaxBytes {
			return -1
		}
		n *= int(d)
	}
	return n
}

// matrix reads <Dimensions> and then <Elements>, whose first one tells the type (Part 6, 5.3.1.17).
func (p *parser) matrix() (model.Variant, error) {
	var dims []int32
	var v model.Variant
	err := p.children(func(name string) error {
		switch name {
		case "Dimensions":
			return p.children(func(string) error {
				n, err := signed[int32](p, 32)()
				if dims = append(dims, n); err == nil && len(dims) > maxDimensions {
					err = badValue("a matrix has over %d dimensions", maxDimensions)
				}
				return err
			})
		case "Elements":
			element, err := p.firstChild()
			if err != nil {
				return err
			}
			if len(dims) < 2 || element == "" {
				return badValue("a matrix has %d dimensions and its first element is %q", len(dims), element)
			}
			v, err = p.list(element, dims)
			return err
		}
		return p.skip()
	})
	return v, err
}

// firstChild looks ahead to the name of the first element below the one that was begun last; "" if there is none.
func (p *parser) firstChild() (string, error) {
	saved := p.scanner
	defer func() { p.scanner = saved }()
	for {
		switch kind, err := p.next(); {
		case err != nil:
			return "", err
		case kind == tokenStart:
			return p.intern(p.name), nil
		case kind == tokenEnd:
			return "", nil
		}
	}
}
