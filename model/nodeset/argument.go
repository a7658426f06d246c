package nodeset

import (
	"strconv"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// arguments reads the list of ExtensionObjects with a method's arguments (Part 3, 8.6).
func (p *parser) arguments() ([]model.ArgumentDescription, error) {
	list := []model.ArgumentDescription{}
	err := p.children(func(string) error { // ExtensionObject
		return p.children(func(name string) error {
			if name != "Body" {
				return p.skip()
			}
			return p.children(func(name string) error {
				if name != "Argument" {
					return badValue("the arguments of a method have a <%s>", name)
				}
				a, err := p.argument()
				list = append(list, a)
				return err
			})
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (p *parser) argument() (model.ArgumentDescription, error) {
	a := model.ArgumentDescription{ValueRank: model.ValueRankScalar}
	err := p.children(func(name string) (err error) {
		switch name {
		case "Name":
			a.Name, err = p.content()
		case "DataType":
			a.DataType, err = p.idValue()
		case "ValueRank":
			a.ValueRank, err = p.optionalInt32(a.ValueRank)
		case "ArrayDimensions":
			err = p.children(func(string) error {
				n, err := unsigned[uint32](p, 32)()
				if a.ArrayDimensions = append(a.ArrayDimensions, n); err == nil && len(a.ArrayDimensions) > maxDimensions {
					err = badValue("argument %s has over %d dimensions", a.Name, maxDimensions)
				}
				return err
			})
		case "Description":
			a.Description, err = p.textValue()
		default:
			err = p.skip()
		}
		return err
	})
	return a, err
}

func (p *parser) optionalInt32(otherwise int32) (int32, error) {
	s, err := p.content()
	if err != nil || s == "" {
		return otherwise, err
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return otherwise, badValue("%q is no integer of 32 bits", s)
	}
	return int32(n), nil
}
