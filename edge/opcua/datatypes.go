package opcua

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uajson"
)

const (
	// maxDataTypes bounds the data types that are remembered of a server.
	maxDataTypes = 20_000
	// maxEncodings bounds the encodings of one data type that are looked at.
	maxEncodings = 20
	binaryName   = "Default Binary"
)

// dataTypes are what is known of a server's structures, enumerations and simple types beyond the built-in ones (Part 3, 5.8.3): read when a value needs them, kept
// for the session.
type dataTypes struct {
	turn      chan struct{} // has room for the one that loads
	mu        sync.Mutex
	schema    model.DataTypeSchema
	seen      map[model.NodeID]bool         // data types that were asked for, described or not
	encodings map[model.NodeID]model.NodeID // encoding → data type
	codec     *uajson.StructureCodec
}

func newDataTypes() *dataTypes {
	t := &dataTypes{turn: make(chan struct{}, 1), seen: map[model.NodeID]bool{}, encodings: map[model.NodeID]model.NodeID{}}
	t.codec = uajson.NewStructureCodec(&t.schema)
	return t
}

// begin gives what is known from the start the server's namespaces: ids within structures are told with their URIs.
func (t *dataTypes) begin(ns model.NamespaceTable) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.schema.Namespaces = schemaNamespaces(ns)
	t.codec = uajson.NewStructureCodec(&t.schema)
}

// schemaNamespaces are the namespaces of a schema, which begins with that of the standard.
func schemaNamespaces(ns model.NamespaceTable) []string {
	return append([]string{namespaceZero}, ns[min(1, len(ns)):]...)
}

// current is the codec of what is known.
func (t *dataTypes) current() *uajson.StructureCodec {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.codec
}

// missing returns those of ids that were not asked for, neither before nor in this loading, and notes them in it.
func (t *dataTypes) missing(ids []model.NodeID, loading map[model.NodeID]bool) (missing []model.NodeID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range ids {
		if !n.IsNull() && !t.seen[n] && !loading[n] && len(t.seen)+len(loading) < maxDataTypes && !isBuiltIn(n) {
			loading[n] = true
			missing = append(missing, n)
		}
	}
	return missing
}

// isBuiltIn tells whether a data type is one of the built-in ones (Part 6, 5.1.2), or of those above them that describe nothing.
func isBuiltIn(n model.NodeID) bool {
	_, ok := rootType(n)
	return ok
}

// gather adds what was found of one level of types to what is being loaded, and returns the types that they refer to.
func gather(to, found *model.DataTypeSchema, loading map[model.NodeID]bool) (next []model.NodeID) {
	to.Structures = append(to.Structures, found.Structures...)
	to.Enums = append(to.Enums, found.Enums...)
	to.Simple = append(to.Simple, found.Simple...)
	for i := range found.Enums {
		loading[found.Enums[i].DataType] = true
	}
	for i := range found.Structures {
		loading[found.Structures[i].DataType] = true // a dictionary describes more than was asked for
		for _, f := range found.Structures[i].Fields {
			next = append(next, f.DataType)
		}
	}
	return next
}

// namespaceZero is the first of all servers' namespaces, whatever their NamespaceArray says.
const namespaceZero = "http://opcfoundation.org/UA/"

// settle makes what was loaded known, all at once: a type counts as asked for only when what it consists of is there too.
func (t *dataTypes) settle(ns model.NamespaceTable, loaded *model.DataTypeSchema, seen map[model.NodeID]bool) *uajson.StructureCodec {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.Copy(t.seen, seen)
	t.schema.Namespaces = schemaNamespaces(ns)
	gather(&t.schema, loaded, t.seen)
	for i := range loaded.Structures {
		if d := &loaded.Structures[i]; !d.EncodingID.IsNull() {
			t.encodings[d.EncodingID] = d.DataType
		}
	}
	t.codec = uajson.NewStructureCodec(&t.schema)
	return t.codec
}

// describeTypes reads the definitions of data types and of those that they consist of, level by level, all of a level at once, and returns a codec that knows
// them. A type that the server does not describe is left out. One loads at a time; the others wait and find what it loaded.
func (s *session) describeTypes(ctx context.Context, ids []model.NodeID) (*uajson.StructureCodec, error) {
	select {
	case s.dataTypes.turn <- struct{}{}:
		defer func() { <-s.dataTypes.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	loading, loaded := map[model.NodeID]bool{}, &model.DataTypeSchema{}
	level := s.dataTypes.missing(ids, loading)
	if len(level) == 0 {
		return s.dataTypes.current(), nil
	}
	for depth := 0; len(level) > 0 && depth < maxTypeDepth; depth++ {
		found, err := s.definitions(ctx, level)
		if err != nil { // all of it is asked for again
			return nil, fmt.Errorf("read data types: %w", err)
		}
		level = s.dataTypes.missing(gather(loaded, found, loading), loading)
	}
	return s.dataTypes.settle(s.namespaces, loaded, loading), nil
}

// definitions reads what the server says of data types.
func (s *session) definitions(ctx context.Context, ids []model.NodeID) (*model.DataTypeSchema, error) {
	reads := make([]*ua.ReadValueID, 0, 2*len(ids))
	for _, n := range ids {
		reads = append(reads, &ua.ReadValueID{NodeID: uaNodeID(n), AttributeID: ua.AttributeIDBrowseName},
			&ua.ReadValueID{NodeID: uaNodeID(n), AttributeID: ua.AttributeIDDataTypeDefinition})
	}
	values, err := s.readValues(ctx, reads)
	if err != nil {
		return nil, err
	}
	builtIn, err := s.builtInTypes(ctx, ids)
	if err != nil {
		return nil, err
	}
	found := &model.DataTypeSchema{}
	var undefined, simple []model.NodeID
	for i, n := range ids {
		name := values[2*i].Value.QualifiedName()
		switch x := values[2*i+1].Value.ExtensionObject(); {
		case x.TypeID.NodeID == typeStructureDefinition:
			d := model.StructureDescription{DataType: n, Name: name}
			if structureDefinition(x.Body, &d) == nil {
				found.Structures = append(found.Structures, d)
			}
		case x.TypeID.NodeID == typeEnumDefinition && len(x.Body) > noFields:
			d := model.EnumDescription{DataType: n, Name: name, BuiltInType: builtIn[n]}
			if enumDefinition(x.Body, &d) == nil {
				found.Enums = append(found.Enums, d)
			}
		case builtIn[n] != model.TypeExtensionObject:
			found.Simple = append(found.Simple, model.SimpleTypeDescription{DataType: n, Name: name, BuiltInType: builtIn[n]})
			simple = append(simple, n)
		default:
			undefined = append(undefined, n)
		}
	}
	if err := s.nameEnums(ctx, simple, found); err != nil {
		return nil, err
	}
	if err := s.findEncodings(ctx, found.Structures); err != nil {
		return nil, err
	}
	older, err := s.dictionaries(ctx, undefined)
	if err != nil {
		return nil, err
	}
	found.Structures, found.Enums = append(found.Structures, older.Structures...), append(found.Enums, older.Enums...)
	return found, nil
}

// findEncodings finds the binary encodings that definitions do not tell, by HasEncoding references (Part 3, 7.14).
func (s *session) findEncodings(ctx context.Context, structures []model.StructureDescription) error {
	var without []int
	var asked []*ua.BrowseDescription
	for i := range structures {
		if structures[i].EncodingID.IsNull() {
			without = append(without, i)
			asked = append(asked, &ua.BrowseDescription{
				NodeID: uaNodeID(structures[i].DataType), BrowseDirection: ua.BrowseDirectionForward, ReferenceTypeID: ns0(id.HasEncoding),
				IncludeSubtypes: true, ResultMask: uint32(ua.BrowseResultMaskBrowseName),
			})
		}
	}
	if len(asked) == 0 {
		return nil
	}
	found, err := s.browse(ctx, asked, maxEncodings)
	if err != nil {
		return err
	}
	for j, i := range without {
		for _, r := range found[j].references {
			if encoding := s.local(r.NodeID); encoding != nil && r.BrowseName != nil && r.BrowseName.Name == binaryName {
				structures[i].EncodingID = nodeID(encoding)
			}
		}
	}
	return nil
}

// encodedTypes finds the data types that encodings belong to. An id that is no encoding stands for itself.
func (s *session) encodedTypes(ctx context.Context, encodings []model.NodeID) ([]model.NodeID, error) {
	t := s.dataTypes
	types := make([]model.NodeID, len(encodings))
	var asked []model.NodeID
	t.mu.Lock()
	for i, e := range encodings {
		if known, ok := t.encodings[e]; ok {
			types[i] = known
		} else if !slices.Contains(asked, e) {
			asked = append(asked, e)
		}
	}
	t.mu.Unlock()
	found, err := s.browse(ctx, inverse(asked, id.HasEncoding), maxParents)
	if err != nil {
		return nil, fmt.Errorf("find the types of encodings: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, f := range found {
		of := asked[i]
		if len(f.references) > 0 {
			if parent := s.local(f.references[0].NodeID); parent != nil {
				of = nodeID(parent)
			}
		}
		if len(t.encodings) < maxDataTypes {
			t.encodings[asked[i]] = of
		}
		for j, e := range encodings {
			if e == asked[i] {
				types[j] = of
			}
		}
	}
	return types, nil
}
