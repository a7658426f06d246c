package opcua

import (
	"context"
	"fmt"
	"sync"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxCachedMethods bounds the methods whose arguments are remembered.
const maxCachedMethods = 10_000

// method is what a method takes and gives (Part 3, 5.7).
type method struct {
	inputs, outputs []argument
	status          model.StatusCode // Bad when the method could not be read
}

type argument struct {
	name        string
	description model.LocalizedText
	variableType
}

// String prints the argument for a message: "a Double", "ids Int32[]".
func (a argument) String() string {
	s := a.name + " " + a.builtIn.String()
	if a.rank >= 0 {
		s += "[]"
	}
	return s
}

// methodCache remembers methods for one session.
type methodCache struct {
	mu sync.Mutex
	m  map[model.NodeID]*method
}

func newMethodCache() *methodCache { return &methodCache{m: map[model.NodeID]*method{}} }

func (c *methodCache) get(id model.NodeID) *method {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.m[id]
}

func (c *methodCache) keep(id model.NodeID, m *method) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.m) >= maxCachedMethods {
		clear(c.m)
	}
	c.m[id] = m
}

// DescribeMethods implements edge.MethodDescriber.
func (s *Source) DescribeMethods(ctx context.Context, methods []model.ExpandedNodeID) ([]model.MethodDescription, error) {
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	results := make([]model.MethodDescription, len(methods))
	var ids []model.NodeID
	var whose []int
	for i, m := range methods {
		id, err := ses.namespaces.Resolve(m)
		if err != nil {
			results[i] = model.MethodDescription{Status: model.StatusBadNodeIdUnknown, Message: err.Error()}
			continue
		}
		ids, whose = append(ids, id), append(whose, i)
	}
	found, err := ses.describeMethods(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("describe methods: %w", err)
	}
	for j, i := range whose {
		if m := found[j]; m.status.IsBad() {
			results[i] = model.MethodDescription{Status: m.status, Message: fmt.Sprintf("method %s: %s: cannot read its arguments", methods[i], m.status.Name())}
		} else {
			results[i] = model.MethodDescription{InputArguments: ses.described(m.inputs), OutputArguments: ses.described(m.outputs)}
		}
	}
	return results, nil
}

// described is what arguments look like to others.
func (s *session) described(arguments []argument) []model.MethodArgument {
	r := make([]model.MethodArgument, len(arguments))
	for i, a := range arguments {
		r[i] = model.MethodArgument{
			Name: a.name, DataType: s.namespaces.Expand(a.dataType), BuiltInType: a.builtIn, ValueRank: a.rank, ArrayDimensions: a.dimensions, Description: a.description,
		}
	}
	return r
}

// describeMethods reads the arguments of methods, from the cache where it can.
func (s *session) describeMethods(ctx context.Context, ids []model.NodeID) ([]*method, error) {
	methods := make([]*method, len(ids))
	var missing []int
	var paths []*ua.BrowsePath
	for i, id := range ids {
		if methods[i] = s.methods.get(id); methods[i] == nil {
			missing = append(missing, i)
			paths = append(paths, property(id, "InputArguments"), property(id, "OutputArguments"))
		}
	}
	targets, err := s.translate(ctx, paths)
	if err != nil {
		return nil, err
	}
	var reads []*ua.ReadValueID
	for _, t := range targets {
		node := t.node
		if node == nil {
			node = ns0(0)
		}
		reads = append(reads, &ua.ReadValueID{NodeID: node, AttributeID: ua.AttributeIDValue})
	}
	values, err := s.read(ctx, reads)
	if err != nil {
		return nil, err
	}
	for j, i := range missing {
		m := &method{}
		if m.inputs, err = s.arguments(ctx, values[2*j]); err != nil {
			return nil, err
		}
		if m.outputs, err = s.arguments(ctx, values[2*j+1]); err != nil {
			return nil, err
		}
		for k := 2 * j; k < 2*j+2 && m.status.IsGood(); k++ {
			m.status = argumentStatus(&targets[k], values[k])
		}
		if m.status.IsGood() {
			s.methods.keep(ids[i], m)
		}
		methods[i] = m
	}
	return methods, nil
}

// argumentStatus is Bad where it is not known which arguments there are. A method without the property has none.
func argumentStatus(t *target, v *ua.DataValue) model.StatusCode {
	switch status := model.StatusCode(v.Status); {
	case t.status == model.StatusBadNoMatch:
		return 0
	case t.status.IsBad():
		return t.status
	case status.IsBad():
		return status
	}
	return 0
}

// arguments reads the value of an argument property; none when there is no such property.
func (s *session) arguments(ctx context.Context, v *ua.DataValue) ([]argument, error) {
	list, _ := v.Value.Value().([]*ua.ExtensionObject)
	var r []argument
	var types []model.NodeID
	for _, e := range list {
		if a, ok := e.Value.(*ua.Argument); ok {
			t := variableType{dataType: nodeID(a.DataType), rank: a.ValueRank, dimensions: a.ArrayDimensions}
			to := argument{name: a.Name, variableType: t}
			if a.Description != nil {
				to.description = model.LocalizedText{Locale: a.Description.Locale, Text: a.Description.Text}
			}
			r, types = append(r, to), append(types, t.dataType)
		}
	}
	builtIn, err := s.builtInTypes(ctx, types)
	if err != nil {
		return nil, err
	}
	for i := range r {
		r[i].builtIn = builtIn[r[i].dataType]
	}
	return r, nil
}
