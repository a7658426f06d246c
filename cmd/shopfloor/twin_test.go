//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

// twinCase is one query of a real server through GraphQL. The same cases are asked of servers that share no code.
type twinCase struct {
	name  string
	query string
	// want is the data as JSON.
	want string
	// errors are "path status" of each error, which all have the code NOT_FOUND: the path joined by dots, and the status of the server if it comes from it.
	errors []string
	// only is the one server that has what is asked for; empty for all.
	only string
}

// TestTwin asks node-opcua.
func TestTwin(t *testing.T) {
	t.Parallel()
	testTwin(t, "node-opcua", opcuatest.Start(t, opcuatest.Options{Vars: 10, Env: []string{"COMPANION=di"}}))
}

// TestInteropTwin asks asyncua and open62541.
func TestInteropTwin(t *testing.T) {
	t.Run("asyncua", func(t *testing.T) { testTwin(t, "asyncua", opcuatest.StartAsyncua(t, opcuatest.Options{Vars: 10})) })
	t.Run("open62541", func(t *testing.T) { testTwin(t, "open62541", opcuatest.StartOpen62541(t, opcuatest.Options{Vars: 10})) })
}

func testTwin(t *testing.T, stack string, peer *opcuatest.Server) {
	p := startProcess(t)
	p.MustQuery(nil, `mutation($url: String!) { addServer(input: {id: "plant", name: "Plant", endpointUrl: $url, securityMode: NONE}) { id } }`, map[string]any{"url": peer.Endpoint()})
	p.waitFor(30*time.Second, "the server is connected", func() error {
		var got struct{ Server struct{ State string } }
		errs, err := p.Query(&got, `{ server(id: "plant") { state } }`, nil)
		if err != nil || len(errs) > 0 || got.Server.State != "CONNECTED" {
			return fmt.Errorf("%s %v %+v", got.Server.State, err, errs)
		}
		return nil
	})
	for _, c := range twinCases {
		if c.only != "" && c.only != stack {
			continue
		}
		t.Run(c.name, func(t *testing.T) { c.ask(t, p) })
	}
	t.Run("values come back as they were written", func(t *testing.T) { twinWrites(t, p, stack) })
	if stack == "open62541" {
		for _, c := range twinServices {
			t.Run(c.name, func(t *testing.T) { c.ask(t, p) })
		}
		t.Run("methods of alarms", func(t *testing.T) { twinAlarms(t, p) })
		return // its plant does not have what comes next
	}
	for _, c := range twinModelCases {
		t.Run(c.name, func(t *testing.T) { c.ask(t, p) })
	}
	twinLive(t, p, stack)
}

// ask compares the whole answer. NodeIds in it stand without the namespace of the plant.
func (c *twinCase) ask(t *testing.T, p *process) {
	var data json.RawMessage
	errs, err := p.Query(&data, strings.ReplaceAll(c.query, "plant:", plantNodes), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(data), plantNodes, "plant:")), &got); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	if err := json.Unmarshal([]byte(c.want), &want); err != nil {
		t.Fatalf("what is wanted: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	var places []string
	for _, e := range errs {
		place := make([]string, len(e.Path))
		for i, part := range e.Path {
			place[i] = fmt.Sprint(part)
		}
		text := strings.Join(place, ".")
		if status := e.Extensions["statusCode"]; status != nil {
			text += fmt.Sprintf(" %v", status)
		}
		if e.Extensions["code"] != "NOT_FOUND" {
			t.Errorf("error %+v", e)
		}
		places = append(places, text)
	}
	slices.Sort(places)
	if diff := cmp.Diff(c.errors, places); diff != "" {
		t.Errorf("errors (-want +got):\n%s\n%+v", diff, errs)
	}
}

// twinWrites writes what it read of each built-in type, something else, and what the type has no place for.
func twinWrites(t *testing.T, p *process, stack string) {
	for _, c := range []struct{ dataType, other, wrong string }{
		{"Boolean", `false`, `"perhaps"`},
		{"SByte", `-128`, `-129`},
		{"Byte", `0`, `256`},
		{"Int16", `32767`, `1.5`},
		{"UInt16", `65535`, `-1`},
		{"Int32", `-2147483648`, `2147483648`},
		{"UInt32", `4294967295`, `true`},
		{"Int64", `"-9223372036854775808"`, `"9223372036854775808"`},
		{"UInt64", `"18446744073709551615"`, `"-1"`},
		{"Float", `-0.25`, `"much"`},
		{"Double", `1e300`, `"3,5"`},
		{"String", `"other"`, `7`},
		{"DateTime", `"2027-03-04T05:06:07Z"`, `"yesterday"`},
		{"Guid", `"00000000-0000-0000-0000-000000000001"`, `"12"`},
		{"ByteString", `"/w=="`, `"%"`},
		{"LocalizedText", `{"locale":"en","text":"Pump runs"}`, `7`},
		{"QualifiedName", `{"namespaceUri":"urn:shopfloor:plant","name":"R"}`, `3`},
	} {
		t.Run(c.dataType, func(t *testing.T) {
			for _, kind := range []struct{ node, other, wrong string }{
				{"Scalar_" + c.dataType, c.other, c.wrong},
				{"Array_" + c.dataType, "[" + c.other + "," + c.other + "]", "[" + c.wrong + "]"},
			} {
				twinWrite(t, p, kind.node, kind.other, kind.wrong)
			}
		})
	}
	t.Run("structure", func(t *testing.T) {
		var got struct {
			Write []itemResult
		}
		for _, members := range []string{`{"X":-1,"Y":0.5,"Z":7}`, `{"X":1,"Y":2,"Z":3}`} {
			p.MustQuery(&got, `mutation($value: Variant!) { write(input: [{server: "plant", nodeId: "`+plantNodes+`Struct_Vec3", value: $value}]) { status { name } message } }`,
				map[string]any{"value": json.RawMessage(members)})
			var structure struct {
				TypeID, Encoding string
				Body             json.RawMessage
			}
			if err := json.Unmarshal([]byte(twinRead(p, "Struct_Vec3")), &structure); err != nil || structure.Encoding != "json" || !sameJSON(string(structure.Body), members) {
				t.Errorf("%+v after %s was written: %+v, %v", structure, members, got.Write, err)
			}
		}
	})
	if stack != "asyncua" {
		twinWrite(t, p, "Scalar_StatusCode", `{"code":2147549184,"name":"BadUnexpectedError"}`, `"Wonderful"`)
	}
}

// twinRead returns a value as JSON.
func twinRead(p *process, node string) string {
	p.t.Helper()
	var got struct {
		Node struct {
			Value struct{ Value json.RawMessage }
		}
	}
	p.MustQuery(&got, `query($id: NodeId!) { node(server: "plant", nodeId: $id) { ... on VariableNode { value { value } } } }`, map[string]any{"id": plantNodes + node})
	return string(got.Node.Value.Value)
}

func twinWrite(t *testing.T, p *process, node, other, wrong string) {
	t.Helper()
	read := func() string { return twinRead(p, node) }
	write := func(value string) itemResult {
		var got struct{ Write []itemResult }
		p.MustQuery(&got, `mutation($in: WriteInput!) { write(input: [$in]) { nodeId status { name } message } }`,
			map[string]any{"in": map[string]any{"server": "plant", "nodeId": plantNodes + node, "value": json.RawMessage(value)}})
		return got.Write[0]
	}
	before := read()
	for _, value := range []string{before, other, before} {
		if r := write(value); r.Status.Name != "Good" {
			t.Errorf("write %s to %s: %+v %s", value, node, r, r.message())
		}
		if got := read(); !sameJSON(got, value) {
			t.Errorf("%s is %s after %s was written", node, got, value)
		}
	}
	if r := write(wrong); !strings.HasPrefix(r.Status.Name, "Bad") || r.message() == "" {
		t.Errorf("write %s to %s: %+v %q, want a Bad status with a message", wrong, node, r, r.message())
	}
	if got := read(); !sameJSON(got, before) {
		t.Errorf("%s is %s after a refused write, want %s", node, got, before)
	}
}

func sameJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && cmp.Equal(x, y)
}

var twinCases = []twinCase{
	{
		name: "object, variable and method",
		query: `{ nodes(server: "plant", nodeIds: ["plant:Plant", "plant:Scalar_Double", "plant:Add"]) {
			id nodeClass browseName { name namespaceUri } displayName { text }
			... on VariableNode { dataType valueRank accessLevel historizing value { value dataType status { name severity } } }
			... on MethodNode { executable userExecutable }
		} }`,
		want: `{"nodes": [
			{"id": "plant/plant:Plant", "nodeClass": "OBJECT", "browseName": {"name": "Plant", "namespaceUri": "urn:shopfloor:plant"}, "displayName": {"text": "Plant"}},
			{"id": "plant/plant:Scalar_Double", "nodeClass": "VARIABLE", "browseName": {"name": "Scalar_Double", "namespaceUri": "urn:shopfloor:plant"},
				"displayName": {"text": "Scalar_Double"}, "dataType": "i=11", "valueRank": -1, "accessLevel": ["CURRENT_READ", "CURRENT_WRITE"], "historizing": false,
				"value": {"value": 3.141592653589793, "dataType": "Double", "status": {"name": "Good", "severity": "GOOD"}}},
			{"id": "plant/plant:Add", "nodeClass": "METHOD", "browseName": {"name": "Add", "namespaceUri": "urn:shopfloor:plant"}, "displayName": {"text": "Add"},
				"executable": true, "userExecutable": true}
		]}`,
	},
	{
		name: "types of the standard",
		query: `{ nodes(server: "plant", nodeIds: ["i=58", "i=63", "i=35", "i=11"]) {
			nodeClass browseName { name namespaceUri }
			... on ObjectTypeNode { isAbstract } ... on VariableTypeNode { valueRank }
			... on ReferenceTypeNode { inverseName { text } } ... on DataTypeNode { isAbstract }
		} }`,
		want: `{"nodes": [
			{"nodeClass": "OBJECT_TYPE", "browseName": {"name": "BaseObjectType", "namespaceUri": ""}, "isAbstract": false},
			{"nodeClass": "VARIABLE_TYPE", "browseName": {"name": "BaseDataVariableType", "namespaceUri": ""}, "valueRank": -2},
			{"nodeClass": "REFERENCE_TYPE", "browseName": {"name": "Organizes", "namespaceUri": ""}, "inverseName": {"text": "OrganizedBy"}},
			{"nodeClass": "DATA_TYPE", "browseName": {"name": "Double", "namespaceUri": ""}, "isAbstract": false}
		]}`,
	},
	{
		name: "references both ways",
		query: `{
			down: node(server: "plant", nodeId: "plant:Add") { references(referenceType: "i=46") { edges { isForward referenceType node { nodeClass browseName { name } } } } }
			up: node(server: "plant", nodeId: "plant:Add") { references(direction: INVERSE, referenceType: "i=33") { edges { isForward referenceType node { nodeId nodeClass } } } }
		}`,
		want: `{
			"down": {"references": {"edges": [
				{"isForward": true, "referenceType": "i=46", "node": {"nodeClass": "VARIABLE", "browseName": {"name": "InputArguments"}}},
				{"isForward": true, "referenceType": "i=46", "node": {"nodeClass": "VARIABLE", "browseName": {"name": "OutputArguments"}}}
			]}},
			"up": {"references": {"edges": [{"isForward": false, "referenceType": "i=47", "node": {"nodeId": "plant:Plant", "nodeClass": "OBJECT"}}]}}
		}`,
	},
	{
		name:  "a range of a matrix",
		query: `{ node(server: "plant", nodeId: "plant:Matrix_Double") { ... on VariableNode { whole: value { value dataType } row: value(indexRange: "1,0:1") { value status { name } } } } }`,
		want:  `{"node": {"whole": {"value": [[1, 2, 3], [4, 5, 6]], "dataType": "Double[]"}, "row": {"value": [[4, 5]], "status": {"name": "Good"}}}}`,
	},
	{
		name: "a call, a wrong argument and one too few",
		query: `mutation { call(input: [
			{server: "plant", objectId: "plant:Plant", methodId: "plant:Add", inputArguments: [2, 3.5]}
			{server: "plant", objectId: "plant:Plant", methodId: "plant:Add", inputArguments: ["two", 3.5]}
			{server: "plant", objectId: "plant:Plant", methodId: "plant:Add", inputArguments: [2]}
		]) { status { name severity } inputArgumentResults { status { name } } outputArguments { name value dataType } } }`,
		want: `{"call": [
			{"status": {"name": "Good", "severity": "GOOD"}, "inputArgumentResults": [], "outputArguments": [{"name": "sum", "value": 5.5, "dataType": "Double"}]},
			{"status": {"name": "BadInvalidArgument", "severity": "BAD"}, "inputArgumentResults": [{"status": {"name": "BadTypeMismatch"}}, {"status": {"name": "Good"}}], "outputArguments": []},
			{"status": {"name": "BadArgumentsMissing", "severity": "BAD"}, "inputArgumentResults": [], "outputArguments": []}
		]}`,
	},
	{
		name: "calls of what cannot be called",
		query: `mutation { call(input: [
			{server: "plant", objectId: "plant:Plant", methodId: "plant:Nothing"}
			{server: "plant", objectId: "plant:Nothing", methodId: "plant:Add", inputArguments: [1, 2]}
			{server: "elsewhere", objectId: "plant:Plant", methodId: "plant:Add", inputArguments: [1, 2]}
		]) { status { severity } outputArguments { name } } }`,
		want: `{"call": [{"status": {"severity": "BAD"}, "outputArguments": []}, {"status": {"severity": "BAD"}, "outputArguments": []}, {"status": {"severity": "BAD"}, "outputArguments": []}]}`,
	},
	{
		name: "a structure by its definition, and what it does not take",
		query: `mutation {
			good: write(input: [{server: "plant", nodeId: "plant:Struct_Vec3", value: {X: -1, Y: 0.5, Z: 7}}]) { status { name } }
			bad: write(input: [
				{server: "plant", nodeId: "plant:Struct_Vec3", value: {X: -1, Y: "a half", Z: 7}}
				{server: "plant", nodeId: "plant:Struct_Vec3", value: {X: -1, Y: 0.5, W: 7}}
				{server: "plant", nodeId: "plant:Struct_Vec3", value: 5}
			]) { status { severity } }
		}`,
		want: `{"good": [{"status": {"name": "Good"}}], "bad": [{"status": {"severity": "BAD"}}, {"status": {"severity": "BAD"}}, {"status": {"severity": "BAD"}}]}`,
	},
	{
		name: "what is wrong with one node says nothing of the others",
		query: `{
			nodes(server: "plant", nodeIds: ["plant:Nothing", "plant:V0"]) { nodeId }
			node(server: "plant", nodeId: "plant:Nothing") { nodeId }
			path(server: "plant", path: "Objects/Nothing/There") { nodeId }
			other: node(server: "elsewhere", nodeId: "i=85") { nodeId }
			here: node(server: "plant", nodeId: "i=85") { browseName { name } }
		}`,
		want:   `{"nodes": [null, {"nodeId": "plant:V0"}], "node": null, "path": null, "other": null, "here": {"browseName": {"name": "Objects"}}}`,
		errors: []string{"node BadNodeIdUnknown", "nodes.0 BadNodeIdUnknown", "other", "path BadNoMatch"},
	},
	{
		name: "writes that the server refuses",
		query: `mutation { write(input: [
			{server: "plant", nodeId: "plant:ReadOnly", value: 2}
			{server: "plant", nodeId: "plant:Nothing", value: 2}
			{server: "plant", nodeId: "plant:Plant", value: 2}
			{server: "elsewhere", nodeId: "plant:V0", value: 2}
		]) { nodeId status { severity } } }`,
		want: `{"write": [
			{"nodeId": "plant:ReadOnly", "status": {"severity": "BAD"}}, {"nodeId": "plant:Nothing", "status": {"severity": "BAD"}},
			{"nodeId": "plant:Plant", "status": {"severity": "BAD"}}, {"nodeId": "plant:V0", "status": {"severity": "BAD"}}
		]}`,
	},
	{
		name:  "ranges of an array",
		query: `{ node(server: "plant", nodeId: "plant:Array_Int16") { ... on VariableNode { some: value(indexRange: "1:2") { value } none: value(indexRange: "80000") { status { name } } } } }`,
		want:  `{"node": {"some": {"value": [-30000, -30000]}, "none": {"status": {"name": "BadIndexRangeNoData"}}}}`,
	},
}
