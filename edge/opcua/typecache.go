package opcua

import (
	"context"
	"sync"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	maxTypeDepth   = 32     // of the tree of data types; a server could make a loop
	maxCachedNodes = 50_000 // variables whose type is remembered
)

// typeCache remembers data types and the types of variables for one session.
type typeCache struct {
	mu        sync.Mutex
	builtIn   map[model.NodeID]model.BuiltInType
	variables map[model.NodeID]variableType
}

// variableType is what a variable may hold (Part 3, 5.6.2).
type variableType struct {
	dataType   model.NodeID
	builtIn    model.BuiltInType
	rank       int32
	dimensions []uint32
}

func newTypeCache() *typeCache {
	return &typeCache{builtIn: map[model.NodeID]model.BuiltInType{}, variables: map[model.NodeID]variableType{}}
}

// rootType is the built-in type of the data types from which all others derive (Part 3, 5.8.2); abstract numbers may be any.
func rootType(id model.NodeID) (model.BuiltInType, bool) {
	if id.Namespace() != 0 || id.Type() != model.IDNumeric {
		return 0, false
	}
	switch n := id.Numeric(); {
	case n >= idNumber && n < idEnumeration:
		return model.TypeVariant, true
	case n == idEnumeration:
		return model.TypeInt32, true
	case n > 0 && n <= uint32(model.TypeDiagnosticInfo):
		return model.BuiltInType(n), true
	}
	return 0, false
}

func (t *typeCache) get(id model.NodeID) (model.BuiltInType, bool) {
	if b, ok := rootType(id); ok {
		return b, true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	b, ok := t.builtIn[id]
	return b, ok
}

// builtInTypes finds the built-in type of each data type by its supertypes, all at once level by level. What has none is
// TypeVariant.
func (s *session) builtInTypes(ctx context.Context, ids []model.NodeID) (map[model.NodeID]model.BuiltInType, error) {
	parents := map[model.NodeID]model.NodeID{}
	var level []model.NodeID
	ask := func(id model.NodeID) {
		if _, asked := parents[id]; asked {
			return
		}
		if _, known := s.types.get(id); !known {
			parents[id] = model.NodeID{}
			level = append(level, id)
		}
	}
	for _, id := range ids {
		ask(id)
	}
	for depth := 0; len(level) > 0 && depth < maxTypeDepth; depth++ {
		asked := level
		level = nil
		found, err := s.browse(ctx, inverse(asked, idHasSubtype), maxParents)
		if err != nil {
			return nil, err
		}
		for i, f := range found {
			if len(f.references) > 0 {
				if parent := s.local(f.references[0].NodeID); parent != nil {
					parents[asked[i]] = nodeID(parent)
					ask(nodeID(parent))
				}
			}
		}
	}
	return s.types.settle(ids, parents), nil
}

// settle follows the supertypes and remembers what comes out.
func (t *typeCache) settle(ids []model.NodeID, parents map[model.NodeID]model.NodeID) map[model.NodeID]model.BuiltInType {
	result := make(map[model.NodeID]model.BuiltInType, len(ids))
	for _, id := range ids {
		builtIn := model.TypeVariant
		at := id
		for range maxTypeDepth {
			if b, ok := t.get(at); ok {
				builtIn = b
				break
			}
			at = parents[at]
		}
		result[id] = builtIn
		t.mu.Lock()
		t.builtIn[id] = builtIn
		t.mu.Unlock()
	}
	return result
}

// inverse asks for the inverse references of one type and its subtypes.
func inverse(nodes []model.NodeID, referenceType uint32) []*ua.BrowseDescription {
	r := make([]*ua.BrowseDescription, len(nodes))
	for i, n := range nodes {
		r[i] = &ua.BrowseDescription{
			NodeID: uaNodeID(n), BrowseDirection: ua.BrowseDirectionInverse, ReferenceTypeID: ns0(referenceType), IncludeSubtypes: true,
			ResultMask: uint32(ua.BrowseResultMaskAll),
		}
	}
	return r
}

// variableTypes reads what variables may hold, from the cache where it can. A variable that cannot be read has a Bad status.
func (s *session) variableTypes(ctx context.Context, nodes []model.NodeID) ([]variableType, []model.StatusCode, error) {
	types, status := make([]variableType, len(nodes)), make([]model.StatusCode, len(nodes))
	var missing []int
	var reads []*ua.ReadValueID
	for i, n := range nodes {
		t, ok := s.types.variable(n)
		if types[i] = t; !ok {
			missing = append(missing, i)
			for _, a := range []ua.AttributeID{ua.AttributeIDDataType, ua.AttributeIDValueRank, ua.AttributeIDArrayDimensions} {
				reads = append(reads, &ua.ReadValueID{NodeID: uaNodeID(n), AttributeID: a})
			}
		}
	}
	values, err := s.read(ctx, reads)
	if err != nil {
		return nil, nil, err
	}
	var dataTypes []model.NodeID
	for j, i := range missing {
		v := values[3*j : 3*j+3]
		id, ok := v[0].Value.Value().(*ua.NodeID)
		if !ok {
			status[i] = model.StatusCode(v[0].Status)
			if !status[i].IsBad() {
				status[i] = model.StatusBadAttributeIdInvalid
			}
			continue
		}
		types[i] = variableType{dataType: nodeID(id), rank: model.ValueRankAny}
		if rank, ok := v[1].Value.Value().(int32); ok {
			types[i].rank = rank
		}
		types[i].dimensions, _ = v[2].Value.Value().([]uint32) // optional
		dataTypes = append(dataTypes, types[i].dataType)
	}
	builtIn, err := s.builtInTypes(ctx, dataTypes)
	if err != nil {
		return nil, nil, err
	}
	for _, i := range missing {
		if status[i].IsGood() {
			types[i].builtIn = builtIn[types[i].dataType]
			s.types.keep(nodes[i], types[i])
		}
	}
	return types, status, nil
}

func (t *typeCache) variable(n model.NodeID) (variableType, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.variables[n]
	return v, ok
}

func (t *typeCache) keep(n model.NodeID, v variableType) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.variables) >= maxCachedNodes {
		clear(t.variables)
	}
	t.variables[n] = v
}
