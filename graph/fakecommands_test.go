package graph

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// fakeCommands is a plant of 10,000 variables "nsu=urn:plant;i=<n>" below Objects, and a node of each other class. It counts
// what it is asked.
type fakeCommands struct {
	reads, browses, translates atomic.Int64
	items                      atomic.Int64

	ReadFunc   func(ctx context.Context, ids []model.ReadValueID) ([]model.ReadResult, error)
	BrowseFunc func(nodes []model.BrowseDescription) ([]model.BrowseResult, error)
	// TranslateFunc and AwayFunc, if they are there, answer paths and say which server is away.
	TranslateFunc func(path string) model.TranslateResult
	PathsFunc     func(paths []model.BrowsePath)
	AwayFunc      func(server string) error
	WriteFunc     func(server string, values []model.WriteValue) ([]model.WriteResult, error)
	CallFunc      func(server string, calls []model.CallRequest) ([]model.CallResult, error)
	RegisterFunc  func(server string, register bool, nodes []model.ExpandedNodeID) ([]model.RegisterResult, error)
	registered    []model.ExpandedNodeID
	DescribeFunc  func(methods []model.ExpandedNodeID) ([]model.MethodDescription, error)
	NodesFunc     func(server string, q model.NodeQuery) model.NodePage
	KeyFrameFunc  func(server string, writers []model.KeyFrameRequest) ([]model.KeyFrameResult, error)
	TraceFunc     func(r model.TraceRequest) (<-chan model.TraceEvents, error)
	ModelFunc     func(ctx context.Context, r model.ModelMonitorRequest) (<-chan model.ModelChanges, error)
	MonitorFunc   func(ctx context.Context, r model.MonitorRequest) (<-chan model.ValueChanges, error)
	fakeServerHistory
}

const plantSize = 10_000

// tag is the n-th variable; class c's node is tag(plantSize + c).
func tag(n int) model.ExpandedNodeID {
	return model.ExpandedNodeID{NodeID: model.NumericID(0, uint32(n)), NamespaceURI: "urn:plant"}
}

func ofClass(c model.NodeClass) model.ExpandedNodeID { return tag(plantSize + int(c)) }

// classOf tells the class of a node of the plant, Unspecified for one that is not there. "ns=2;i=7" is tag 7, too.
func classOf(id model.ExpandedNodeID) model.NodeClass {
	n := id.Numeric()
	switch {
	case id == objectsFolder:
		return model.NodeClassObject
	case id.NamespaceURI != "urn:plant" && id.Namespace() != 2, n == 0:
	case n < plantSize:
		return model.NodeClassVariable
	case n > plantSize && n <= plantSize+uint32(model.NodeClassView):
		return model.NodeClass(n - plantSize)
	}
	return model.NodeClassUnspecified
}

func (f *fakeCommands) Read(ctx context.Context, server string, ids []model.ReadValueID) ([]model.ReadResult, error) {
	if err := f.away(server); err != nil {
		return nil, err
	}
	f.reads.Add(1)
	f.items.Add(int64(len(ids)))
	if f.ReadFunc != nil {
		return f.ReadFunc(ctx, ids)
	}
	results := make([]model.ReadResult, len(ids))
	for i, id := range ids {
		results[i] = plantRead(id)
	}
	return results, nil
}

func (f *fakeCommands) Nodes(_ context.Context, server string, queries []model.NodeQuery) ([]model.NodePage, error) {
	if f.NodesFunc == nil {
		return nil, fmt.Errorf("%w: gateway %q is not connected", ErrUnavailable, "edge1")
	}
	pages := make([]model.NodePage, len(queries))
	for i, q := range queries {
		pages[i] = f.NodesFunc(server, q)
	}
	return pages, nil
}

func plantRead(id model.ReadValueID) (r model.ReadResult) {
	class, n := classOf(id.NodeID), id.NodeID.Numeric()
	if class == model.NodeClassUnspecified {
		return model.ReadResult{DataValue: model.DataValue{Status: model.StatusBadNodeIdUnknown}}
	}
	text := model.LocalizedText{Locale: "en", Text: fmt.Sprintf("%s %d", class, n)}
	variable := class == model.NodeClassVariable
	variableType := variable || class == model.NodeClassVariableType
	isType := class == model.NodeClassObjectType || class == model.NodeClassVariableType || class == model.NodeClassReferenceType ||
		class == model.NodeClassDataType
	double := model.Expanded(model.NumericID(0, 11))
	here := true
	switch id.Attribute {
	case model.AttributeNodeID:
		expanded := tag(int(n))
		if id.NodeID == objectsFolder {
			expanded = objectsFolder
		}
		r.Value = model.ExpandedNodeIDValue(&expanded)
	case model.AttributeNodeClass:
		r.Value = model.Int32Value(int32(class))
	case model.AttributeBrowseName:
		r.Value = model.QualifiedNameValue(&model.QualifiedName{Namespace: 2, Name: text.Text, NamespaceURI: "urn:plant"})
	case model.AttributeDisplayName, model.AttributeDescription:
		r.Value = model.LocalizedTextValue(&text)
	case model.AttributeValue:
		here = variableType
		r.Value = model.DoubleValue(float64(n) / 2)
		r.SourceTimestamp = model.DateTimeOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
		r.ServerTimestamp = r.SourceTimestamp
		if id.IndexRange != "" {
			r.Value = model.StringValue("range " + id.IndexRange)
		}
		if n == 13 {
			r = model.ReadResult{DataValue: model.DataValue{Status: model.StatusBadSensorFailure}, Message: "cable is cut"}
		}
	case model.AttributeDataType:
		here, r.Value = variableType, model.ExpandedNodeIDValue(&double)
	case model.AttributeValueRank:
		here, r.Value = variableType, model.Int32Value(1)
	case model.AttributeArrayDimensions:
		here, r.Value = variableType, model.ArrayValue([]uint32{3, 0})
	case model.AttributeAccessLevel, model.AttributeUserAccessLevel:
		here, r.Value = variable, model.ByteValue(5)
	case model.AttributeMinimumSamplingInterval:
		here, r.Value = variable, model.DoubleValue(250)
	case model.AttributeHistorizing:
		here, r.Value = variable, model.BooleanValue(true)
	case model.AttributeExecutable, model.AttributeUserExecutable:
		here, r.Value = class == model.NodeClassMethod, model.BooleanValue(true)
	case model.AttributeEventNotifier:
		here, r.Value = class == model.NodeClassObject || class == model.NodeClassView, model.ByteValue(1)
	case model.AttributeContainsNoLoops:
		here, r.Value = class == model.NodeClassView, model.BooleanValue(true)
	case model.AttributeIsAbstract:
		here, r.Value = isType, model.BooleanValue(true)
	case model.AttributeSymmetric:
		here, r.Value = class == model.NodeClassReferenceType, model.BooleanValue(false)
	case model.AttributeInverseName:
		here, r.Value = class == model.NodeClassReferenceType, model.LocalizedTextValue(&text)
	default:
		here = false
	}
	if !here {
		return model.ReadResult{DataValue: model.DataValue{Status: model.StatusBadAttributeIdInvalid}}
	}
	return r
}

// Browse answers that Objects and all of class Object have the variables 1 to 250 below, and a variable itself two more: so
// that tests can go deep.
func (f *fakeCommands) Browse(_ context.Context, server string, nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
	if err := f.away(server); err != nil {
		return nil, err
	}
	f.browses.Add(1)
	if f.BrowseFunc != nil {
		return f.BrowseFunc(nodes)
	}
	results := make([]model.BrowseResult, len(nodes))
	for i, d := range nodes {
		count, first := 250, 1
		switch classOf(d.NodeID) {
		case model.NodeClassUnspecified:
			results[i].Status = model.StatusBadNodeIdUnknown
			continue
		case model.NodeClassVariable:
			count, first = 2, int(d.NodeID.Numeric())*2+1000
		}
		if d.NodeClassMask != 0 && d.NodeClassMask&model.NodeClassVariable == 0 {
			continue
		}
		for n := d.Skip; n < count; n++ {
			if len(results[i].References) == d.MaxReferences {
				results[i].More = true
				break
			}
			results[i].References = append(results[i].References, model.Reference{
				ReferenceType: model.Expanded(model.NumericID(0, 47)), IsForward: d.Direction != model.BrowseInverse, NodeID: tag(first + n),
				BrowseName:  model.QualifiedName{Name: fmt.Sprintf("V%d", first+n), NamespaceURI: "urn:plant"},
				DisplayName: model.LocalizedText{Text: fmt.Sprintf("V %d", first+n)}, NodeClass: model.NodeClassVariable,
				TypeDefinition: model.Expanded(model.NumericID(0, 63)),
			})
		}
	}
	return results, nil
}

func (f *fakeCommands) away(server string) error {
	if f.AwayFunc == nil {
		return nil
	}
	return f.AwayFunc(server)
}

func (f *fakeCommands) Translate(_ context.Context, server string, paths []model.BrowsePath) ([]model.TranslateResult, error) {
	if err := f.away(server); err != nil {
		return nil, err
	}
	f.translates.Add(1)
	if f.PathsFunc != nil {
		f.PathsFunc(paths)
	}
	results := make([]model.TranslateResult, len(paths))
	for i, p := range paths {
		if f.TranslateFunc != nil {
			results[i] = f.TranslateFunc(p.Path)
			continue
		}
		var n int
		if _, err := fmt.Sscanf(p.Path, "Objects/V%d", &n); err != nil {
			results[i] = model.TranslateResult{Status: model.StatusBadNoMatch, Message: "nothing of that name below Objects"}
			continue
		}
		results[i].NodeID = tag(n)
	}
	return results, nil
}

func (f *fakeCommands) Write(_ context.Context, server string, values []model.WriteValue) ([]model.WriteResult, error) {
	return f.WriteFunc(server, values)
}

func (f *fakeCommands) Call(_ context.Context, server string, calls []model.CallRequest) ([]model.CallResult, error) {
	return f.CallFunc(server, calls)
}

// Expand finds the variables 1 to 3, or nothing of the path "Nowhere".
func (f *fakeCommands) DescribeMethods(_ context.Context, server string, methods []model.ExpandedNodeID) ([]model.MethodDescription, error) {
	if err := f.away(server); err != nil {
		return nil, err
	}
	return f.DescribeFunc(methods)
}

func (f *fakeCommands) RegisterNodes(_ context.Context, server string, nodes []model.ExpandedNodeID) ([]model.RegisterResult, error) {
	return f.RegisterFunc(server, true, nodes)
}

func (f *fakeCommands) UnregisterNodes(_ context.Context, server string, nodes []model.ExpandedNodeID) ([]model.RegisterResult, error) {
	return f.RegisterFunc(server, false, nodes)
}

func (f *fakeCommands) RegisteredNodes(_ context.Context, server string) ([]model.ExpandedNodeID, error) {
	if err := f.away(server); err != nil {
		return nil, err
	}
	return f.registered, nil
}

func (f *fakeCommands) SendKeyFrames(_ context.Context, server string, writers []model.KeyFrameRequest) ([]model.KeyFrameResult, error) {
	return f.KeyFrameFunc(server, writers)
}

func (f *fakeCommands) Expand(_ context.Context, _ string, selections []model.Selection) ([]model.Expansion, error) {
	if selections[0].Path == "Nowhere" {
		return []model.Expansion{{Status: model.StatusBadNoMatch, Message: "there is no Nowhere"}}, nil
	}
	return []model.Expansion{{Count: 3, ValuesPerSecond: 1.5, Truncated: true, Sample: []model.PublishedField{{Name: "V1", NodeID: tag(1)}}}}, nil
}

func (f *fakeCommands) Monitor(ctx context.Context, _ string, r model.MonitorRequest) (<-chan model.ValueChanges, error) {
	return f.MonitorFunc(ctx, r)
}

func (f *fakeCommands) ModelChanges(ctx context.Context, _ string, r model.ModelMonitorRequest) (<-chan model.ModelChanges, error) {
	return f.ModelFunc(ctx, r)
}

func (f *fakeCommands) Trace(_ context.Context, _ string, r model.TraceRequest) (<-chan model.TraceEvents, error) {
	return f.TraceFunc(r)
}
