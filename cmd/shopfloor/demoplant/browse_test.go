package demoplant

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gopcua/opcua"
	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
)

func browse(t *testing.T, c *opcua.Client, n *ua.NodeID, dir ua.BrowseDirection, refType uint32, pageSize uint32) []*ua.ReferenceDescription {
	t.Helper()
	resp, err := c.Browse(t.Context(), &ua.BrowseRequest{
		RequestedMaxReferencesPerNode: pageSize,
		NodesToBrowse: []*ua.BrowseDescription{{
			NodeID: n, BrowseDirection: dir, ReferenceTypeID: ua.NewNumericNodeID(0, refType), IncludeSubtypes: true, ResultMask: uint32(ua.BrowseResultMaskAll),
		}},
	})
	if err != nil {
		t.Fatalf("browse %s: %v", n, err)
	}
	result := resp.Results[0]
	refs := result.References
	for len(result.ContinuationPoint) > 0 {
		next, err := c.BrowseNext(t.Context(), &ua.BrowseNextRequest{ContinuationPoints: [][]byte{result.ContinuationPoint}})
		if err != nil {
			t.Fatalf("browse next of %s: %v", n, err)
		}
		result = next.Results[0]
		refs = append(refs, result.References...)
	}
	if result.StatusCode != ua.StatusOK {
		t.Fatalf("browse %s: %v", n, result.StatusCode)
	}
	return refs
}

// TestBrowsePlant walks from the plant folder to every node below and reads what a client reads of each.
func TestBrowsePlant(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	var variables, methods int
	var walk func(parent *ua.NodeID)
	walk = func(parent *ua.NodeID) {
		for _, r := range browse(t, c, parent, ua.BrowseDirectionForward, id.HierarchicalReferences, 0) {
			n := r.NodeID.NodeID
			if got := read(t, c, n, ua.AttributeIDNodeClass).Value.Value(); got != int32(r.NodeClass) {
				t.Errorf("%s: NodeClass attribute %v, browse says %v", n, got, r.NodeClass)
			}
			for _, attr := range []ua.AttributeID{ua.AttributeIDNodeID, ua.AttributeIDBrowseName, ua.AttributeIDDisplayName, ua.AttributeIDDescription, ua.AttributeIDWriteMask} {
				if dv := read(t, c, n, attr); dv.Status != ua.StatusOK {
					t.Errorf("%s %s: %v", n, attr, dv.Status)
				}
			}
			inverse := browse(t, c, n, ua.BrowseDirectionInverse, id.HierarchicalReferences, 0)
			if !slices.ContainsFunc(inverse, func(i *ua.ReferenceDescription) bool { return i.NodeID.NodeID.Equal(parent) && !i.IsForward }) {
				t.Errorf("%s has no inverse reference to %s", n, parent)
			}
			switch r.NodeClass {
			case ua.NodeClassVariable:
				variables++
				checkVariable(t, c, n, r)
			case ua.NodeClassMethod:
				methods++
				if dv := read(t, c, n, ua.AttributeIDExecutable); dv.Value.Value() != true {
					t.Errorf("%s is not executable", n)
				}
			case ua.NodeClassObject:
				if dv := read(t, c, n, ua.AttributeIDEventNotifier); dv.Value.Value() != byte(0) {
					t.Errorf("%s: EventNotifier %v", n, dv.Value.Value())
				}
			}
			walk(n)
		}
	}
	walk(node("Plant"))
	if variables < 100 || methods != 22 { // each alarm has 8
		t.Errorf("found %d variables with properties and %d methods, want over 100 and 22", variables, methods)
	}
}

func checkVariable(t *testing.T, c *opcua.Client, n *ua.NodeID, r *ua.ReferenceDescription) {
	t.Helper()
	if r.TypeDefinition.NodeID.IntID() == 0 {
		t.Errorf("%s has no type definition", n)
	}
	for _, attr := range []ua.AttributeID{ua.AttributeIDDataType, ua.AttributeIDAccessLevel, ua.AttributeIDUserAccessLevel, ua.AttributeIDMinimumSamplingInterval, ua.AttributeIDHistorizing} {
		if dv := read(t, c, n, attr); dv.Status != ua.StatusOK {
			t.Errorf("%s %s: %v", n, attr, dv.Status)
		}
	}
	rank := read(t, c, n, ua.AttributeIDValueRank).Value.Value().(int32)
	dv := read(t, c, n, ua.AttributeIDValue)
	if dv.Status != ua.StatusOK || dv.Value.Type() == ua.TypeIDNull || dv.SourceTimestamp.IsZero() || dv.ServerTimestamp.IsZero() {
		t.Errorf("%s: value %v, status %v, source time %v, server time %v", n, dv.Value.Value(), dv.Status, dv.SourceTimestamp, dv.ServerTimestamp)
	}
	if isArray := dv.Value.Has(ua.VariantArrayValues); isArray != (rank == 1) {
		t.Errorf("%s: ValueRank %d but array %t", n, rank, isArray)
	}
	if dims := read(t, c, n, ua.AttributeIDArrayDimensions); rank == 1 {
		if got := dims.Value.Value().([]uint32); len(got) != 1 || int32(got[0]) != dv.Value.ArrayLength() {
			t.Errorf("%s: ArrayDimensions %v, the value has %d elements", n, got, dv.Value.ArrayLength())
		}
	}
}

// TestTypesMatchInstances compares the InstanceDeclarations of each type with the components of its instances.
func TestTypesMatchInstances(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	subtypes := browse(t, c, ua.NewNumericNodeID(0, id.BaseObjectType), ua.BrowseDirectionForward, id.HasSubtype, 7)
	for instance, typeName := range map[string]string{"Boiler1": "BoilerType", "Boiler2": "BoilerType", "PackagingLine1": "PackagingLineType", "EnergyMeter1": "EnergyMeterType"} {
		if !slices.ContainsFunc(subtypes, func(r *ua.ReferenceDescription) bool { return r.NodeID.NodeID.Equal(node(typeName)) }) {
			t.Errorf("%s is no subtype of BaseObjectType", typeName)
		}
		def := browse(t, c, node(instance), ua.BrowseDirectionForward, id.HasTypeDefinition, 0)
		if len(def) != 1 || !def[0].NodeID.NodeID.Equal(node(typeName)) {
			t.Errorf("type definition of %s = %v", instance, def)
		}
		declared, have := members(t, c, node(typeName)), members(t, c, node(instance))
		if diff := cmp.Diff(declared, have); diff != "" {
			t.Errorf("%s differs from %s (-type +instance):\n%s", instance, typeName, diff)
		}
		for _, r := range browse(t, c, node(typeName), ua.BrowseDirectionForward, id.Aggregates, 0) {
			rule := browse(t, c, r.NodeID.NodeID, ua.BrowseDirectionForward, id.HasModellingRule, 0)
			if len(rule) != 1 || rule[0].NodeID.NodeID.IntID() != id.ModellingRule_Mandatory {
				t.Errorf("%s has no ModellingRule Mandatory", r.NodeID)
			}
		}
	}
}

func members(t *testing.T, c *opcua.Client, n *ua.NodeID) []string {
	t.Helper()
	var out []string
	for _, r := range browse(t, c, n, ua.BrowseDirectionForward, id.Aggregates, 0) {
		out = append(out, r.BrowseName.Name+" "+r.TypeDefinition.NodeID.String())
	}
	slices.Sort(out)
	return out
}

func TestProperties(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	unit := read(t, c, node("Boiler1.Temperature.EngineeringUnits"), ua.AttributeIDValue).Value.ExtensionObject().Value.(*ua.EUInformation)
	if unit.UnitID != 4408652 || unit.DisplayName.Text != "°C" { // UNECE code CEL
		t.Errorf("unit of Temperature = %+v", unit)
	}
	span := read(t, c, node("Boiler1.TemperatureSetPoint.EURange"), ua.AttributeIDValue).Value.ExtensionObject().Value.(*ua.Range)
	if *span != (ua.Range{Low: 20, High: 180}) {
		t.Errorf("EURange of TemperatureSetPoint = %+v", span)
	}
	states := read(t, c, node("LineState.EnumStrings"), ua.AttributeIDValue).Value.Value().([]*ua.LocalizedText)
	if len(states) != 4 || states[2].Text != "Starved" {
		t.Errorf("EnumStrings of LineState = %v", states)
	}
	args := read(t, c, node("PackagingLine1.StartBatch.InputArguments"), ua.AttributeIDValue).Value.Value().([]*ua.ExtensionObject)
	if a := args[1].Value.(*ua.Argument); len(args) != 2 || a.Name != "quantity" || a.DataType.IntID() != id.UInt32 {
		t.Errorf("InputArguments of StartBatch = %+v", a)
	}
	def := read(t, c, node("BatchRecord"), ua.AttributeIDDataTypeDefinition).Value.ExtensionObject().Value.(*ua.StructureDefinition)
	encoding := browse(t, c, node("BatchRecord"), ua.BrowseDirectionForward, id.HasEncoding, 0)
	if len(def.Fields) != 7 || len(encoding) != 1 || !encoding[0].NodeID.NodeID.Equal(def.DefaultEncodingID) {
		t.Errorf("BatchRecord: %d fields, encoding %v, default %v", len(def.Fields), encoding, def.DefaultEncodingID)
	}
	batch := read(t, c, node("PackagingLine1.CurrentBatch"), ua.AttributeIDValue).Value.ExtensionObject()
	if !batch.TypeID.NodeID.Equal(def.DefaultEncodingID) {
		t.Errorf("CurrentBatch is encoded as %v, want %v", batch.TypeID, def.DefaultEncodingID)
	}
	if r, ok := batch.Value.(*batchRecordBody); !ok || r.BatchID != "B-000001" || r.Quantity != 500 || r.Started.IsZero() || !r.Ended.IsZero() {
		t.Errorf("CurrentBatch = %+v", batch.Value)
	}
}

func TestReadErrors(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	for _, tt := range []struct {
		name string
		read *ua.ReadValueID
		want ua.StatusCode
	}{
		{"unknown node", &ua.ReadValueID{NodeID: node("Boiler9"), AttributeID: ua.AttributeIDValue}, ua.StatusBadNodeIDUnknown},
		{"unknown namespace", &ua.ReadValueID{NodeID: ua.NewNumericNodeID(77, 1), AttributeID: ua.AttributeIDValue}, ua.StatusBadNodeIDUnknown},
		{"value of an object", &ua.ReadValueID{NodeID: node("Boiler1"), AttributeID: ua.AttributeIDValue}, ua.StatusBadAttributeIDInvalid},
		{"attribute without meaning", &ua.ReadValueID{NodeID: node("Boiler1"), AttributeID: 99}, ua.StatusBadAttributeIDInvalid},
		{"malformed range", &ua.ReadValueID{NodeID: node("EnergyMeter1.Voltage"), AttributeID: ua.AttributeIDValue, IndexRange: "2:1"}, ua.StatusBadIndexRangeInvalid},
		{"range past the end", &ua.ReadValueID{NodeID: node("EnergyMeter1.Voltage"), AttributeID: ua.AttributeIDValue, IndexRange: "3"}, ua.StatusBadIndexRangeNoData},
		{"range of the array", &ua.ReadValueID{NodeID: node("EnergyMeter1.Voltage"), AttributeID: ua.AttributeIDValue, IndexRange: "1:2"}, ua.StatusOK},
		{"encoding", &ua.ReadValueID{NodeID: node("EnergyMeter1.Voltage"), AttributeID: ua.AttributeIDValue, DataEncoding: &ua.QualifiedName{Name: "Default XML"}}, ua.StatusBadDataEncodingUnsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, err := c.Read(t.Context(), &ua.ReadRequest{NodesToRead: []*ua.ReadValueID{tt.read}})
			if err != nil {
				t.Fatal(err)
			}
			if got := resp.Results[0].Status; got != tt.want {
				t.Errorf("status %v, want %v", got, tt.want)
			}
			if tt.want == ua.StatusOK && resp.Results[0].Value.ArrayLength() != 2 {
				t.Errorf("%d elements, want 2", resp.Results[0].Value.ArrayLength())
			}
		})
	}
}

func TestTranslateBrowsePaths(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	for path, want := range map[string]ua.StatusCode{
		"Plant/Boiler1/Temperature":  ua.StatusOK,
		"Plant/PackagingLine1/State": ua.StatusOK,
		"Plant/Boiler3/Temperature":  ua.StatusBadNoMatch,
	} {
		var elements []*ua.RelativePathElement
		for part := range strings.SplitSeq(path, "/") {
			elements = append(elements, &ua.RelativePathElement{
				ReferenceTypeID: ua.NewNumericNodeID(0, id.HierarchicalReferences), IncludeSubtypes: true, TargetName: &ua.QualifiedName{NamespaceIndex: 2, Name: part},
			})
		}
		req := &ua.TranslateBrowsePathsToNodeIDsRequest{BrowsePaths: []*ua.BrowsePath{{
			StartingNode: ua.NewNumericNodeID(0, id.ObjectsFolder), RelativePath: &ua.RelativePath{Elements: elements},
		}}}
		err := c.Send(t.Context(), req, func(r ua.Response) error {
			result := r.(*ua.TranslateBrowsePathsToNodeIDsResponse).Results[0]
			if result.StatusCode != want {
				t.Errorf("%s: %v, want %v", path, result.StatusCode, want)
			}
			if wantID := strings.ReplaceAll(strings.TrimPrefix(path, "Plant/"), "/", "."); want == ua.StatusOK && result.Targets[0].TargetID.NodeID.StringID() != wantID {
				t.Errorf("%s leads to %v", path, result.Targets[0].TargetID)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
