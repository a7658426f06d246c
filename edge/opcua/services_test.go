package opcua

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

var builtInTypes = strings.Fields(`Boolean SByte Byte Int16 UInt16 Int32 UInt32 Int64 UInt64 Float Double String DateTime Guid ByteString XmlElement
	NodeId ExpandedNodeId StatusCode QualifiedName LocalizedText`)

// The services against one server with a low operation limit, so that all batches are split.
func TestServices(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{Vars: 500, Limit: 200})
	source := run(t, config(s.Endpoint(), &recorder{}))
	connected(t, source)
	for _, c := range []struct {
		name string
		test func(*testing.T, *Source)
	}{
		{"ReadBuiltInTypes", testReadBuiltInTypes},
		{"RoundTrip", testRoundTrip},
		{"ReadBatches", testReadBatches},
		{"ReadOddValues", testReadOddValues},
		{"ReadErrors", testReadErrors},
		{"WriteErrors", testWriteErrors},
		{"WriteVerify", testWriteVerify},
		{"WriteQuality", testWriteQuality},
		{"WriteAttributes", testWriteAttributes},
		{"ReadHow", testReadHow},
		{"Structures", testStructures},
		{"StructuresOfAttributes", testStructuresOfAttributes},
		{"RolePermissions", testRolePermissions},
		{"Call", testCall},
		{"DescribeMethods", testDescribeMethods},
		{"Browse", testBrowse},
		{"Translate", testTranslate},
		{"TranslateRequests", testTranslateRequests},
		{"Monitor", testMonitor},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, source) })
	}
}

func value(name string) model.ReadValueID {
	return model.ReadValueID{NodeID: plant(name), Attribute: model.AttributeValue}
}

func read(t *testing.T, s *Source, ids ...model.ReadValueID) []model.ReadResult {
	t.Helper()
	r, err := s.Read(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func testReadBuiltInTypes(t *testing.T, s *Source) {
	want := []string{
		"true", "-5", "200", "-30000", "60000", "-2000000000", "4000000000", `"-9007199254740993"`, `"18446744004990074895"`, "1.5", "3.141592653589793",
		`"høj ✓ test"`, `"2026-01-02T03:04:05.678Z"`, `"72962b91-fa75-4ae6-8d28-b404dc7daf63"`, `"AAEC/w=="`, `"<a><b>1</b></a>"`,
		`"nsu=urn:shopfloor:plant;s=Plant"`, `i=2258"`, `BadNodeIdUnknown`, `"namespaceUri":"urn:shopfloor:plant"`, `"Pumpe läuft"`,
	}
	for i, name := range builtInTypes {
		r := read(t, s, value("Scalar_"+name), value("Array_"+name))
		if got := string(r[0].Value.AppendJSON(nil)); !strings.Contains(got, want[i]) || !r[0].Status.IsGood() {
			t.Errorf("Scalar_%s is %s (%s), want %s", name, got, r[0].Status, want[i])
		}
		if name == "ExpandedNodeId" { // node-opcua sends the URI in the array only
			continue
		}
		if r[1].Value.Len() != 3 || r[1].Value.Type() != r[0].Value.Type() || !r[1].Value.Element(2).Equal(r[0].Value) {
			t.Errorf("Array_%s is %s, want three of %s", name, r[1].Value, r[0].Value)
		}
	}
}

// What is read can be written, in the form in which it is printed.
func testRoundTrip(t *testing.T, s *Source) {
	var ids []model.ReadValueID
	for _, name := range append([]string{"Matrix_Double"}, scalarsAndArrays()...) {
		ids = append(ids, value(name))
	}
	before := read(t, s, ids...)
	var writes []model.WriteValue
	for i, id := range ids {
		writes = append(writes, model.WriteValue{NodeID: id.NodeID, Attribute: id.Attribute, Value: before[i].Value.AppendJSON(nil)})
	}
	results, err := s.Write(t.Context(), writes)
	if err != nil {
		t.Fatal(err)
	}
	after := read(t, s, ids...)
	for i, r := range results {
		name := ids[i].NodeID.Text()
		if r.Status != model.StatusGood || !after[i].Value.Equal(before[i].Value) {
			t.Errorf("write of %s as %s: %v %s, then it is %s", name, writes[i].Value, r.Status, r.Message, after[i].Value)
		}
		if r.Status.IsGood() && !after[i].SourceTimestamp.Time().After(before[i].SourceTimestamp.Time()) {
			t.Errorf("%s was not written: its time is still %s", name, after[i].SourceTimestamp)
		}
	}
}

func scalarsAndArrays() []string {
	var names []string
	for _, n := range builtInTypes {
		names = append(names, "Scalar_"+n, "Array_"+n)
	}
	return names
}

// 500 values are as many requests as the limit of 200 asks for, and no more.
func testReadBatches(t *testing.T, s *Source) {
	var ids []model.ReadValueID
	for _, name := range counters(500) {
		ids = append(ids, value(name))
	}
	// Keep-alives of the two sessions may come in between: the smallest of several counts.
	least := uint64(1000)
	for range 3 {
		before := s.Requests()
		for i, r := range read(t, s, ids...) {
			if r.Status != model.StatusGood || r.Value.Type() != model.TypeDouble {
				t.Fatalf("%s is %v %s", ids[i].NodeID, r.Value, r.Message)
			}
		}
		least = min(least, s.Requests()-before)
	}
	if least != 3 {
		t.Errorf("500 values took %d requests at a limit of 200, want 3", least)
	}
}

func testReadOddValues(t *testing.T, s *Source) {
	r := read(t, s, value("MaxDate"), value("OldDate"), value("NaN"), value("Inf"), value("BigArray"), value("BigByteString"), value("VariantArray"), value("EmptyArray"),
		model.ReadValueID{NodeID: plant("Array_Double"), Attribute: model.AttributeValue, IndexRange: "0:1"},
		model.ReadValueID{NodeID: plant("V0"), Attribute: model.AttributeDisplayName})
	if got := r[0].Value.DateTime().Time().Year(); got != 9999 {
		t.Errorf("MaxDate is %s", r[0].Value)
	}
	if got := r[1].Value.String(); got != `DateTime "1650-01-01T00:00:00Z"` {
		t.Errorf("OldDate is %s", got)
	}
	if got := string(r[2].Value.AppendJSON(nil)) + string(r[3].Value.AppendJSON(nil)); got != `"NaN""-Infinity"` {
		t.Errorf("NaN and Inf are %s", got)
	}
	if r[4].Value.Len() != 70_000 {
		t.Errorf("BigArray has %d elements: %s", r[4].Value.Len(), r[4].Message)
	}
	if len(r[5].Value.Bytes()) != 3_000_000 {
		t.Errorf("BigByteString has %d bytes: %s", len(r[5].Value.Bytes()), r[5].Message)
	}
	if r[6].Value.Type() != model.TypeVariant || r[7].Value.Len() != 0 || !r[7].Value.IsArray() {
		t.Errorf("VariantArray is %s, EmptyArray is %s", r[6].Value, r[7].Value)
	}
	if r[8].Value.Len() != 2 || r[9].Value.LocalizedText().Text != "V0" {
		t.Errorf("Array_Double[0:1] is %s, the display name of V0 is %s", r[8].Value, r[9].Value)
	}
}

func testReadErrors(t *testing.T, s *Source) {
	foreign := model.ExpandedNodeID{NodeID: model.StringID(0, "x"), NamespaceURI: "urn:nobody"}
	r := read(t, s, value("V0"), value("Nobody"), model.ReadValueID{NodeID: foreign, Attribute: model.AttributeValue}, value("BadQuality"), value("V1"))
	for i, want := range []model.StatusCode{0, model.StatusBadNodeIdUnknown, model.StatusBadNodeIdUnknown, model.StatusBadSensorFailure, 0} {
		if r[i].Status != want || want.IsBad() != (r[i].Message != "") {
			t.Errorf("result %d is %v %q, want %v", i, r[i].Status, r[i].Message, want)
		}
	}
	if !strings.Contains(r[2].Message, `no namespace "urn:nobody"`) {
		t.Errorf("message is %q", r[2].Message)
	}
}

func testWriteErrors(t *testing.T, s *Source) {
	for _, c := range []struct {
		name, value string
		status      model.StatusCode
		message     string
	}{
		{"Scalar_Double", `"abc"`, model.StatusBadTypeMismatch, "Double"},
		{"Scalar_Byte", `256`, model.StatusBadTypeMismatch, "256"},
		{"Array_Int32", `7`, model.StatusBadTypeMismatch, ""},
		{"Nobody", `1`, model.StatusBadNodeIdUnknown, "Nobody"},
		{"ReadOnly", `1`, model.StatusBadNotWritable, "ReadOnly"},
		{"MaxDate", `"9999-12-31T00:00:00Z"`, model.StatusBadOutOfRange, "1678"},
		{"State", `1`, 0, ""},
	} {
		r, err := s.Write(t.Context(), []model.WriteValue{
			{NodeID: plant(c.name), Value: json.RawMessage(c.value)},
			{NodeID: plant("Scalar_Float"), Value: json.RawMessage("1.5")},
		})
		if err != nil {
			t.Fatal(err)
		}
		if r[0].Status != c.status || !strings.Contains(r[0].Message, c.message) || r[1].Status != 0 {
			t.Errorf("write %s to %s: %v %q, want %v %q", c.value, c.name, r[0].Status, r[0].Message, c.status, c.message)
		}
	}
}

// A structure that nobody compiled in keeps its bytes, on the first read too, and can be written back.
// Readers that need the same types at the same time all get them.
func TestStructuresAtOnce(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{Vars: 1})
	source := run(t, config(s.Endpoint(), &recorder{}))
	connected(t, source)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			r, err := source.Read(t.Context(), []model.ReadValueID{value("Struct_Batch"), value("Struct_Vec3")})
			if err != nil || r[0].Value.ExtensionObject().Encoding != model.ExtensionJSON || r[1].Value.ExtensionObject().Encoding != model.ExtensionJSON {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
	wg.Wait()
}

// Structures that nobody compiled in are read and written by the definitions of their types.
func testStructures(t *testing.T, s *Source) {
	const types = "nsu=urn:shopfloor:plant:types;"
	for name, want := range map[string]string{
		"Struct_Vec3": `"body":{"X":1,"Y":2,"Z":3}}`,
		"Struct_Batch": `"body":{"BatchId":"B-1","Recipe":{"Locale":"de","Text":"Rezept"},"Started":"1970-01-01T00:00:00Z","State":2,"Setpoints":[1,2,3],"Origin":{"X":1,"Y":2,"Z":3},` +
			`"Path":[{"X":1,"Y":2,"Z":3},{"X":4,"Y":5,"Z":6}],"Blob":"YWJj"}}`,
		"Struct_Optional": `"body":{"Code":7,"Score":0.5}}`,
		"Struct_Union":    `"body":{"Text":"hi"}}`,
	} {
		r := read(t, s, value(name))[0]
		got := string(r.Value.AppendJSON(nil))
		if r.Status != 0 || r.Message != "" || !strings.HasPrefix(got, `{"typeId":"`+types) || !strings.HasSuffix(got, want) {
			t.Errorf("%s is %v %s %s, want %s", name, r.Status, r.Message, got, want)
			continue
		}
		for _, text := range []string{got, strings.TrimSuffix(got[strings.Index(got, `"body":`)+len(`"body":`):], "}")} {
			w, err := s.Write(t.Context(), []model.WriteValue{{NodeID: plant(name), Value: json.RawMessage(text)}})
			if err != nil || w[0].Status.IsBad() {
				t.Errorf("write %s as %s: %+v, %v", name, text, w, err)
			}
			if again := read(t, s, value(name))[0]; !again.Value.Equal(r.Value) {
				t.Errorf("%s was written as %s and is %s", name, text, again.Value)
			}
		}
	}
	r := read(t, s, value("Struct_Array"))[0]
	if got := string(r.Value.AppendJSON(nil)); r.Value.Len() != 2 || !strings.Contains(got, `"body":{"X":2,"Y":3,"Z":4}}]`) {
		t.Errorf("Struct_Array is %s", got)
	}
	for text, want := range map[string]string{
		`{"X":1,"Y":2}`:          `member "Z" of Vec3 is missing`,
		`{"X":1,"Y":2,"Z":true}`: `Vec3.Z: type mismatch: want Double`,
		`7`:                      `want a structure`,
		`{"typeId":"nsu=urn:nowhere;i=1","body":{}}`: `the server has no namespace "urn:nowhere"`,
		`{"typeId":"i=11","body":{}}`:                `the server does not describe the structure i=11`,
	} {
		w, err := s.Write(t.Context(), []model.WriteValue{{NodeID: plant("Struct_Vec3"), Value: json.RawMessage(text)}})
		if err != nil || w[0].Status != model.StatusBadTypeMismatch || !strings.Contains(w[0].Message, want) {
			t.Errorf("write %s: %+v, %v; want %s", text, w, err, want)
		}
	}
}

func testCall(t *testing.T, s *Source) {
	call := func(method string, args ...string) model.CallResult {
		t.Helper()
		request := model.CallRequest{ObjectID: plant("Plant"), MethodID: plant(method)}
		for _, a := range args {
			request.InputArguments = append(request.InputArguments, json.RawMessage(a))
		}
		r, err := s.Call(t.Context(), []model.CallRequest{request})
		if err != nil {
			t.Fatal(err)
		}
		return r[0]
	}
	if r := call("Add", "1.5", "2"); r.Status != 0 || len(r.OutputArguments) != 1 || r.OutputArguments[0].Name != "sum" || r.OutputArguments[0].Value.Float() != 3.5 {
		t.Errorf("Add: %+v", r)
	}
	if r := call("Add", "1"); r.Status != model.StatusBadArgumentsMissing || !strings.Contains(r.Message, "a Double, b Double") {
		t.Errorf("Add with one argument: %+v", r)
	}
	if r := call("Add", "1", "2", "3"); r.Status != model.StatusBadTooManyArguments {
		t.Errorf("Add with three arguments: %+v", r)
	}
	r := call("Add", "1", `"x"`)
	if r.Status != model.StatusBadInvalidArgument || len(r.InputArgumentResults) != 2 || r.InputArgumentResults[0].Status != 0 ||
		r.InputArgumentResults[1].Status != model.StatusBadTypeMismatch || !strings.Contains(r.InputArgumentResults[1].Message, "argument b") {
		t.Errorf("Add with a wrong argument: %+v", r)
	}
	if r := call("Fail"); r.Status != model.StatusBadInvalidState || r.Message == "" {
		t.Errorf("Fail: %+v", r)
	}
	if r := call("Nobody"); !r.Status.IsBad() || !strings.Contains(r.Message, "Nobody") {
		t.Errorf("Nobody: %+v", r)
	}
	batch := read(t, s, value("Struct_Batch"))[0].Value
	r = call("EchoBatch", string(batch.AppendJSON(nil)), "[1,2,3]")
	if r.Status != 0 || len(r.OutputArguments) != 2 || !r.OutputArguments[0].Value.Equal(batch) || r.OutputArguments[1].Value.Uint() != 3 {
		t.Errorf("EchoBatch: %+v", r)
	}
	if r := call("EchoBatch", `{"BatchId":"B-2"}`, "[]"); r.Status != model.StatusBadInvalidArgument || !strings.Contains(r.InputArgumentResults[0].Message, `argument record: uajson: BatchRecord: type mismatch: member "Recipe" of BatchRecord is missing`) {
		t.Errorf("EchoBatch without members: %+v", r)
	}
}

func testBrowse(t *testing.T, s *Source) {
	fast, err := s.Translate(t.Context(), []model.BrowsePath{{Path: "Objects/Plant/Fast"}})
	if err != nil {
		t.Fatal(err)
	}
	hierarchical := model.Expanded(model.NumericID(0, idHierarchicalReferences))
	r, err := s.Browse(t.Context(), []model.BrowseDescription{
		{NodeID: fast[0].NodeID, ReferenceType: hierarchical, IncludeSubtypes: true},
		{NodeID: fast[0].NodeID, ReferenceType: hierarchical, IncludeSubtypes: true, MaxReferences: 7},
		{NodeID: plant("Nobody")},
		{NodeID: plant("V0"), Direction: model.BrowseInverse, ReferenceType: hierarchical, IncludeSubtypes: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(r[0].References) != 500 || r[0].More {
		t.Errorf("Fast has %d references, more is %v", len(r[0].References), r[0].More)
	}
	if len(r[1].References) != 7 || !r[1].More {
		t.Errorf("%d references of at most 7, more is %v", len(r[1].References), r[1].More)
	}
	if r[2].Status != model.StatusBadNodeIdUnknown || !strings.Contains(r[2].Message, "Nobody") {
		t.Errorf("Nobody: %+v", r[2])
	}
	if len(r[3].References) != 1 || r[3].References[0].NodeID != fast[0].NodeID || r[3].References[0].BrowseName.NamespaceURI != plantURI || r[3].References[0].IsForward {
		t.Errorf("above V0: %+v", r[3])
	}
}

func testTranslate(t *testing.T, s *Source) {
	const v7, speed = "nsu=urn:shopfloor:plant;s=V7", "nsu=urn:shopfloor:plant;s=Plant"
	starts := map[string]model.ExpandedNodeID{"": {}, "plant": plant("Plant"), "v7": plant("V7"), "nowhere": plant("Nobody")}
	tests := []struct {
		from, path, want string
		status           model.StatusCode
		message          string
	}{
		{"", "Objects/Plant/Fast/V7", v7, 0, ""},
		{"", "Objects/1:Plant/1:Fast/1:V7", v7, 0, ""},
		{"", "Objects/Nobody/V7", "", model.StatusBadNoMatch, "there is no /Nobody below i=85"},
		{"", "Objects/Server/ServerStatus/CurrentTime", "i=2258", 0, ""},
		{"", "Objects/2:Plant", "", model.StatusBadNoMatch, "there is no /2:Plant below i=85"},
		{"", "Objects/nsu=urn:shopfloor:plant;Plant/nsu=urn:shopfloor:plant;Fast/V7", v7, 0, ""},
		{"", "Objects/nsu=urn:nobody;Plant", "", model.StatusBadNoMatch, "there is no /nsu=urn:nobody;Plant"},
		{"", "Objects", "i=85", 0, ""},
		// The standard's text form.
		{"", "/0:Objects/1:Plant/1:Fast/1:V7", v7, 0, ""},
		{"", "/Objects/nsu=urn:shopfloor:plant;Plant/Fast/V7", v7, 0, ""},
		{"", "/Objects/Server.ServerStatus.CurrentTime", "i=2258", 0, ""},
		{"", "/Objects.Server", "", model.StatusBadNoMatch, "there is no .Server below i=85"},
		{"", "/0:Objects/1:Plant/1:Nobody/1:V7", "", model.StatusBadNoMatch, "there is no /1:Nobody below"},
		{"", "<Organizes>Objects<0:Organizes>Plant", speed, 0, ""},
		{"", "<#HierarchicalReferences>Objects", "", model.StatusBadNoMatch, "there is no <#HierarchicalReferences>Objects"},
		{"", "<HierarchicalReferences>0:Objects", "i=85", 0, ""},
		{"plant", "/Fast/V7", v7, 0, ""},
		{"plant", "Fast/V7", v7, 0, ""},
		{"plant", "<!0:Organizes>0:Objects", "i=85", 0, ""},
		{"plant", "<!HierarchicalReferences>", "i=85", 0, ""},
		{"v7", "<HasTypeDefinition>", "i=63", 0, ""},
		{"v7", "<0:HasTypeDefinition>0:BaseDataVariableType<!HasSubtype>0:BaseVariableType", "i=62", 0, ""},
		{"v7", "<HasTypeDefinition>2:BaseDataVariableType", "", model.StatusBadNoMatch, "there is no"},
		{"v7", "<2:Feeds>", "", model.StatusBadReferenceTypeIdInvalid, "no type of references that is named as in <2:Feeds>"},
		{"nowhere", "/Fast", "", model.StatusBadNodeIdUnknown, ""},
		{"", "/Objects//Plant", "", model.StatusBadSyntaxError, "at byte 9"},
		{"", "", "i=84", 0, ""},
	}
	paths := make([]model.BrowsePath, len(tests))
	for i, c := range tests {
		paths[i] = model.BrowsePath{StartingNode: starts[c.from], Path: c.path}
	}
	r, err := s.Translate(t.Context(), paths)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range tests {
		if got := r[i].NodeID; r[i].Status != c.status || c.want != "" && got.String() != c.want || c.status != 0 && (r[i].Message == "" || !strings.Contains(r[i].Message, c.message)) {
			t.Errorf("%s %s: %s, %v %q, want %s, %v %q", c.from, c.path, got, r[i].Status, r[i].Message, c.want, c.status, c.message)
		}
	}
}

// A path with its namespaces is one operation however long it is, and many paths are one request; one without is a request for each name.
func testTranslateRequests(t *testing.T, s *Source) {
	count := func(paths ...model.BrowsePath) uint64 {
		t.Helper()
		ctx, tally := model.WithTally(t.Context())
		r, err := s.Translate(ctx, paths)
		if err != nil {
			t.Fatal(err)
		}
		for i := range r {
			if r[i].Status.IsBad() {
				t.Fatalf("%+v", r[i])
			}
		}
		return tally.Counts()["TranslateBrowsePathsToNodeIds"].Requests
	}
	var qualified, names []model.BrowsePath
	for i := range 150 {
		qualified = append(qualified, model.BrowsePath{Path: fmt.Sprintf("/0:Objects/1:Plant/1:Fast/1:V%d", i)})
		names = append(names, model.BrowsePath{Path: fmt.Sprintf("Objects/Plant/Fast/V%d", i)})
	}
	if n := count(qualified...); n != 1 {
		t.Errorf("150 paths with namespaces took %d requests, want 1", n)
	}
	// Objects is known; Plant and Fast are asked for once in each namespace, V0 to V149 in each of 3.
	if n := count(names...); n < 3 || n > 5 {
		t.Errorf("150 paths of names took %d requests", n)
	}
}

func testMonitor(t *testing.T, s *Source) {
	ctx, cancel := contextWithCancel(t)
	got := make(chan model.ValueChanges, 1000)
	done := make(chan error)
	go func() {
		done <- s.Monitor(ctx, model.MonitorRequest{
			NodeIDs: []model.ExpandedNodeID{plant("V1"), plant("Nobody"), plant("Struct_Vec3")}, PublishingInterval: 100 * time.Millisecond,
		}, func(c model.ValueChanges) { got <- c })
	}()
	var values []float64
	refused, vector := false, ""
	deadline := time.After(10 * time.Second)
	for sequence := uint64(1); len(values) < 5 || !refused || vector == ""; sequence++ {
		select {
		case c := <-got:
			if c.Sequence != sequence {
				t.Fatalf("sequence %d, want %d", c.Sequence, sequence)
			}
			for _, x := range c.Changes {
				switch {
				case x.NodeID == plant("V1"):
					values = append(values, x.Value.Value.Float())
				case x.NodeID == plant("Struct_Vec3"):
					vector = string(x.Value.Value.AppendJSON(nil))
				case x.Value.Status == model.StatusBadNodeIdUnknown && x.Message != "":
					refused = true
				}
			}
		case <-deadline:
			t.Fatalf("got values %v, refused %v, a vector %s", values, refused, vector)
		}
	}
	if !strings.HasSuffix(vector, `"body":{"X":1,"Y":2,"Z":3}}`) {
		t.Errorf("Struct_Vec3 is %s", vector)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	eventually(t, 30*time.Second, func() bool { return len(s.publishing.all()) == 0 }, func() string { return "subscription removed" })
}

func TestNotConnected(t *testing.T) {
	source := run(t, config("opc.tcp://127.0.0.1:1/plant", &recorder{}))
	ctx, cancel := contextWithTimeout(t, 500*time.Millisecond)
	defer cancel()
	_, err := source.Read(ctx, []model.ReadValueID{value("V0")})
	if !errors.Is(err, model.StatusBadServerNotConnected) || !strings.Contains(fmt.Sprint(err), "nothing listens at opc.tcp://127.0.0.1:1/plant") {
		t.Errorf("read without a server: %v", err)
	}
}
