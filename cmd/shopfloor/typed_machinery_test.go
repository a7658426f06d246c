//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

const (
	millID       = "plant/" + plantNodes + "Mill."
	machineryURI = "http://opcfoundation.org/UA/Machinery/"
)

// TestTypedMachinery takes a machine of OPC 40001-1 (Machinery) with the results of OPC 40001-101 on a real server through everything that the typed schema can
// do with it: it is queried, written, called and subscribed to by the types that the server itself tells of.
func TestTypedMachinery(t *testing.T) {
	t.Parallel()
	peer := opcuatest.Start(t, opcuatest.Options{Env: []string{"COMPANION=di,ia,machinery,machineryResult"}})
	p := startProcess(t, "--server-types")
	p.MustQuery(nil, `mutation($url: String!) { addServer(input: {id: "plant", name: "Plant", endpointUrl: $url, securityMode: NONE}) { id } }`, map[string]any{"url": peer.Endpoint()})
	p.waitFor(time.Minute, "the machine is there", func() error {
		var got struct{ Machines struct{ Nodes []any } }
		errs, err := p.Query(&got, `{ Machines: Machinery_MachineIdentificationType(server: "plant") { nodes { id } } }`, nil)
		if err == nil && (len(errs) > 0 || len(got.Machines.Nodes) != 1) {
			err = fmt.Errorf("%+v, %+v", got, errs)
		}
		return err
	})
	for _, c := range machineryCases {
		t.Run(c.name, func(t *testing.T) { c.run(t, p) })
	}
	t.Run("subscribed", func(t *testing.T) {
		own := *p
		own.t = t
		followsMill(t, &own)
	})
}

// machineryCase is an operation with its data, and the first words of its errors.
type machineryCase struct {
	name, query, want string
	errors            []string
}

func (c *machineryCase) run(t *testing.T, p *process) {
	var got, want any
	errs, err := p.Query(&got, c.query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(c.want), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	var messages []string
	for _, e := range errs {
		messages = append(messages, e.Message)
	}
	if diff := cmp.Diff(c.errors, messages); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
}

var machineryCases = []machineryCase{
	{
		name: "queried by type",
		query: `{ Machinery_MachineIdentificationType(server: "plant") { nodes { __typename id SerialNumber ProductInstanceUri YearOfConstruction Manufacturer { text locale } AssetId Location
			Model { text } server { name } } } Machinery_MachineryItemState_StateMachineType(server: "plant") { nodes { CurrentState { value { text } Id status { name } } } } }`,
		want: `{"Machinery_MachineIdentificationType": {"nodes": [{"__typename": "Machinery_MachineIdentificationType_Object", "id": "` + millID + `Identification", "SerialNumber": "4711",
			"ProductInstanceUri": "urn:acme:mill:4711", "YearOfConstruction": 2024, "Manufacturer": {"text": "Acme", "locale": "en"}, "AssetId": "A-1", "Location": "Hall 1", "Model": null,
			"server": {"name": "Plant"}}]},
			"Machinery_MachineryItemState_StateMachineType": {"nodes": [{"CurrentState": {"value": {"text": "Executing"}, "Id": "nsu=` + machineryURI + `;i=5006", "status": {"name": "Good"}}}]}}`,
	},
	{
		name: "queried by path, and as nodes",
		query: `{ Machinery_MachineIdentificationType(server: "plant", path: "Objects/Machines/Mill/Identification") { nodes { SerialNumber } }
			path(server: "plant", path: "Objects/Machines/Mill") { children(nodeClasses: [OBJECT]) { edges { node { __typename browseName { name } ... on Machinery_MachineIdentificationType { SerialNumber }
				... on UA_StateMachineType { CurrentState { value { text } } } ... on MachineryResult_ResultManagementType { ResultTransfer { id } } } } } } }`,
		want: `{"Machinery_MachineIdentificationType": {"nodes": [{"SerialNumber": "4711"}]}, "path": {"children": {"edges": [
			{"node": {"__typename": "Machinery_MachineIdentificationType_Object", "browseName": {"name": "Identification"}, "SerialNumber": "4711"}},
			{"node": {"__typename": "Machinery_MachineryItemState_StateMachineType_Object", "browseName": {"name": "MachineryItemState"}, "CurrentState": {"value": {"text": "Executing"}}}},
			{"node": {"__typename": "MachineryResult_ResultManagementType_Object", "browseName": {"name": "ResultManagement"}, "ResultTransfer": null}}]}}}`,
	},
	{
		name:  "queried as instances of a supertype from another specification",
		query: `{ DI_ITagNameplateType(server: "plant", path: "Objects/Machines") { nodes { __typename AssetId ... on Machinery_IMachineVendorNameplateType { YearOfConstruction } } } }`,
		want:  `{"DI_ITagNameplateType": {"nodes": [{"__typename": "Machinery_MachineIdentificationType_Object", "AssetId": "A-1", "YearOfConstruction": 2024}]}}`,
	},
	{
		name: "written",
		query: `mutation { write_Machinery_MachineIdentificationType(server: "plant", path: "Objects/Machines/Mill/Identification", input: {AssetId: "A-2", Location: "Hall 2", ComponentName: {text: "Mill"}}) {
			id field nodeId status { name } } }`,
		want: `{"write_Machinery_MachineIdentificationType": [
			{"id": "` + millID + `Identification", "field": "AssetId", "nodeId": "` + plantNodes + `Mill.Identification-AssetId", "status": {"name": "Good"}},
			{"id": "` + millID + `Identification", "field": "ComponentName", "nodeId": null, "status": {"name": "BadNoMatch"}},
			{"id": "` + millID + `Identification", "field": "Location", "nodeId": "` + plantNodes + `Mill.Identification-Location", "status": {"name": "Good"}}]}`,
	},
	{
		name:  "read back",
		query: `{ Machinery_MachineIdentificationType(ids: ["` + millID + `Identification"]) { nodes { AssetId Location } } }`,
		want:  `{"Machinery_MachineIdentificationType": {"nodes": [{"AssetId": "A-2", "Location": "Hall 2"}]}}`,
	},
	{
		name:   "what cannot be written is not in the schema",
		query:  `mutation { write_Machinery_MachineIdentificationType(server: "plant", path: "Objects/Machines/Mill/Identification", input: {SerialNumber: "4712"}) { id } }`,
		want:   `null`,
		errors: []string{`Field "SerialNumber" is not defined by type "Machinery_MachineIdentificationType_Write".`},
	},
	{
		name: "called, with a structure as result",
		query: `mutation { MachineryResult_ResultManagementType_GetLatestResult(id: "` + millID + `ResultManagement", Timeout: 0) { status { name } ResultHandle Error
			Result { dataTypeId ResultContent ResultMetaData } } }`,
		want: `{"MachineryResult_ResultManagementType_GetLatestResult": {"status": {"name": "Good"}, "ResultHandle": 1, "Error": 0, "Result": {
			"dataTypeId": "nsu=http://opcfoundation.org/UA/Machinery/Result/;i=3008", "ResultContent": [{"UaType": 11, "Value": 12.5}], "ResultMetaData": {
				"UaTypeId": "nsu=http://opcfoundation.org/UA/Machinery/Result/;i=5005", "ResultId": "result-1", "IsPartial": false, "PartId": "part-7", "ResultState": 1, "ResultEvaluation": 1,
				"CreationTime": "2026-01-02T00:00:00Z"}}}}`,
	},
	{
		name:  "called, with a list",
		query: `mutation { MachineryResult_ResultManagementType_AcknowledgeResults(id: "` + millID + `ResultManagement", ResultIds: ["result-1", "result-2"]) { status { name } ErrorPerResultId Error } }`,
		want:  `{"MachineryResult_ResultManagementType_AcknowledgeResults": {"status": {"name": "Good"}, "ErrorPerResultId": [0, 1], "Error": 1}}`,
	},
	{
		name: "called with an argument that the machine refuses, and one that is not there",
		query: `mutation { MachineryResult_ResultManagementType_GetLatestResult(id: "` + millID + `ResultManagement", Timeout: 60001) { status { name } Error Result { dataTypeId }
			inputArgumentResults { status { name } } }
			gone: MachineryResult_ResultManagementType_GetResultById(id: "` + millID + `ResultManagement", ResultId: "x", Timeout: 0) { status { name } } }`,
		want:   `{"MachineryResult_ResultManagementType_GetLatestResult": {"status": {"name": "BadInvalidArgument"}, "Error": null, "Result": null, "inputArgumentResults": [{"status": {"name": "BadOutOfRange"}}]}, "gone": null}`,
		errors: []string{`not found: ` + plantNodes + `Mill.ResultManagement of server "plant" has no method nsu=` + machineryURI + `Result/;GetResultById`},
	},
}

// followsMill subscribes to the identification and the state of the machine, by its types.
func followsMill(t *testing.T, p *process) {
	const query = `subscription { Mill: Machinery_MachineIdentificationType(server: "plant", publishingInterval: "100ms", samplingInterval: "50ms"%s) {
		stream sequence complete overflow nodes { SerialNumber AssetId } } }`
	type delivery struct {
		Mill struct {
			Stream, Sequence   string
			Complete, Overflow bool
			Nodes              []struct{ SerialNumber, AssetId string }
		}
	}
	identifications := streamOf[delivery](p, fmt.Sprintf(query, ""))
	first := <-identifications
	if !first.Mill.Complete || len(first.Mill.Nodes) != 1 || first.Mill.Nodes[0].SerialNumber != "4711" || first.Mill.Nodes[0].AssetId != "A-2" {
		t.Fatalf("first delivery %+v", first)
	}
	states := streamOf[struct {
		Mill struct {
			Nodes []struct {
				CurrentState struct {
					Value struct{ Text string }
					ID    string
				}
			}
		}
	}](p, `subscription { Mill: Machinery_MachineryItemState_StateMachineType(server: "plant", publishingInterval: "100ms", samplingInterval: "50ms") { nodes { CurrentState { value { text } ID: Id } } } }`)
	if first := <-states; len(first.Mill.Nodes) != 1 || first.Mill.Nodes[0].CurrentState.Value.Text != "Executing" {
		t.Fatalf("first delivery %+v", first)
	}
	p.MustQuery(nil, `mutation { write(input: [{server: "plant", nodeId: "`+plantNodes+`Mill.Blocked", value: true}]) { status { name } }
		write_Machinery_MachineIdentificationType(ids: ["`+millID+`Identification"], input: {AssetId: "A-3"}) { status { name } } }`, nil)
	if next := <-identifications; next.Mill.Complete || len(next.Mill.Nodes) != 1 || next.Mill.Nodes[0].SerialNumber != "4711" || next.Mill.Nodes[0].AssetId != "A-3" {
		t.Errorf("next delivery %+v", next)
	}
	// One that comes back has what it missed, of the same stream.
	resumed := <-streamOf[delivery](p, fmt.Sprintf(query, fmt.Sprintf(`, resume: {stream: %q, sequence: %q}`, first.Mill.Stream, first.Mill.Sequence)))
	if r := resumed.Mill; r.Stream != first.Mill.Stream || r.Sequence != "2" || r.Complete || r.Overflow || len(r.Nodes) != 1 || r.Nodes[0].AssetId != "A-3" {
		t.Errorf("resumed with %+v after %+v", resumed, first)
	}
	for next := range states {
		if s := next.Mill.Nodes[0].CurrentState; s.Value.Text == "OutOfService" && s.ID == "nsu="+machineryURI+";i=5004" {
			return
		}
	}
	t.Error("the state did not come")
}
