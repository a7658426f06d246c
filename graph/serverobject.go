package graph

import (
	"context"
	"encoding/json"
	"math"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// serverObject reads variables of a server's object Server (Part 5, 6.3), which have the same ids everywhere. It is gone through twice by the same code: first it
// notes what is asked for, and then, when all of it was read at once, it answers.
type serverObject struct {
	ids     []uint32
	results map[uint32]*model.ReadResult
}

// readServerObject makes a T of what fill asks for, in one read.
func readServerObject[T any](ctx context.Context, r *Resolver, server string, fill func(*serverObject) T) (T, error) {
	o := &serverObject{}
	none := fill(o)
	reads := make([]model.ReadValueID, len(o.ids))
	for i, id := range o.ids {
		reads[i] = model.ReadValueID{NodeID: model.Expanded(model.NumericID(0, id)), Attribute: model.AttributeValue}
	}
	results, err := r.Commands.Read(ctx, server, reads)
	if err != nil || len(results) != len(reads) {
		return none, batchError("read from", server, len(results), len(reads), err)
	}
	o.results = make(map[uint32]*model.ReadResult, len(results))
	for i := range results {
		o.results[o.ids[i]] = &results[i]
	}
	return fill(o), nil
}

// value is null for one that the server does not have or show, and the first time.
func (o *serverObject) value(id uint32) model.Variant {
	if o.results == nil {
		o.ids = append(o.ids, id)
		return model.Variant{}
	}
	if r := o.results[id]; r != nil && !r.Status.IsBad() {
		return r.Value
	}
	return model.Variant{}
}

func (o *serverObject) number(id uint32) *float64 {
	f, ok := o.value(id).Number()
	if !ok {
		return nil
	}
	return &f
}

// integer is at most what a GraphQL Int holds.
func (o *serverObject) integer(id uint32) *int {
	f := o.number(id)
	if f == nil {
		return nil
	}
	i := int(min(*f, math.MaxInt32))
	return &i
}

func (o *serverObject) count(id uint32) *uint64 {
	f := o.number(id)
	if f == nil || *f < 0 {
		return nil
	}
	n := uint64(*f)
	return &n
}

func (o *serverObject) boolean(id uint32) *bool {
	v := o.value(id)
	if v.Type() != model.TypeBoolean || v.IsArray() {
		return nil
	}
	b := v.Bool()
	return &b
}

func (o *serverObject) text(id uint32) *string {
	v := o.value(id)
	if v.Type() != model.TypeString || v.IsArray() || v.IsNull() {
		return nil
	}
	s := v.Text()
	return &s
}

func (o *serverObject) localizedText(id uint32) *model.LocalizedText {
	v := o.value(id)
	if v.Type() != model.TypeLocalizedText || v.IsArray() {
		return nil
	}
	if t := v.LocalizedText(); t != (model.LocalizedText{}) {
		return &t
	}
	return nil
}

func (o *serverObject) time(id uint32) *time.Time {
	v := o.value(id)
	if v.Type() != model.TypeDateTime || v.IsArray() || v.DateTime() == 0 {
		return nil
	}
	t := v.DateTime().Time()
	return &t
}

// list is nil for one that the server does not have, not for an empty one.
func list[T model.Element](o *serverObject, id uint32, of model.BuiltInType) []T {
	v := o.value(id)
	if v.Type() != of || !v.IsArray() {
		return nil
	}
	return append([]T{}, model.Elements[T](v)...)
}

// structures decodes an array of structures by the names of their members. It is nil for one that the server does not have or does not describe.
func structures[T any](o *serverObject, id uint32) []T {
	objects := list[model.ExtensionObject](o, id, model.TypeExtensionObject)
	if objects == nil {
		return nil
	}
	out := make([]T, 0, len(objects))
	for i := range objects {
		var t T
		if objects[i].Encoding != model.ExtensionJSON || json.Unmarshal(objects[i].Body, &t) != nil {
			return nil
		}
		out = append(out, t)
	}
	return out
}

// enumerated is the name at n, nil for a number that is none of them.
func enumerated[T any](n *int, names []T) *T {
	if n == nil || *n < 0 || *n >= len(names) {
		return nil
	}
	return &names[*n]
}

// capabilityNodes are the nodes below each of the folders, in one browse.
func (r *Resolver) capabilityNodes(ctx context.Context, server string, folders ...uint32) ([][]CapabilityNode, error) {
	nodes := make([]model.BrowseDescription, len(folders))
	for i, f := range folders {
		nodes[i] = model.BrowseDescription{
			NodeID: model.Expanded(model.NumericID(0, f)), ReferenceType: model.Expanded(model.NumericID(0, hierarchicalReferences)), IncludeSubtypes: true, NodeClassMask: model.NodeClassObject,
		}
	}
	results, err := r.Commands.Browse(ctx, server, nodes)
	if err != nil || len(results) != len(nodes) {
		return nil, batchError("browse", server, len(results), len(nodes), err)
	}
	out := make([][]CapabilityNode, len(folders))
	for i := range results {
		if results[i].Status.IsBad() {
			continue // the server has no such folder
		}
		out[i] = []CapabilityNode{}
		for _, ref := range results[i].References {
			out[i] = append(out[i], CapabilityNode{NodeID: ref.NodeID, BrowseName: ref.BrowseName, DisplayName: ref.DisplayName})
		}
	}
	return out, nil
}
