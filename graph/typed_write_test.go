package graph

import (
	"fmt"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const twoPresses = `ids: ["press/nsu=urn:press;s=P002", "press/nsu=urn:press;s=P001", "press/nsu=urn:press;s=P002"]`

func TestTypedWrite(t *testing.T) {
	p, plant := pressPlatform(t, 2)
	delete(plant.nodes, model.ExpandedNodeID{NodeID: model.StringID(0, "P002.Parameters"), NamespaceURI: "urn:press"})
	var requests []string
	p.commands.WriteFunc = func(server string, values []model.WriteValue) ([]model.WriteResult, error) {
		request := server
		results := make([]model.WriteResult, len(values))
		for i, v := range values {
			request += fmt.Sprintf(" %s %d %s", v.NodeID, v.Attribute, v.Value)
			if string(v.Value) == "5" {
				results[i] = model.WriteResult{Status: model.StatusBadOutOfRange, Message: "too strong"}
			}
		}
		requests = append(requests, request)
		return results, nil
	}
	browses := p.commands.browses.Load
	if _, errs := p.data(t, `{ Plant_PressType(server: "press") { nodes { id } } }`, nil); len(errs) > 0 {
		t.Fatal(errs)
	}
	before := browses()
	data, errs := p.data(t, `mutation($strong: Float = 5) {
		one: write_Plant_PressType(server: "press", path: "Objects/Hall/Press1", input: {Force: $strong, State: true_1, value: [Leak, Overheat], Parameters: {Pressure: 1.5}})
			{ __typename id field nodeId status { name } message }
		two: write_Plant_PressType(`+twoPresses+`, input: {State: Off, Force: null, Parameters: {Pressure: 2}}) { id field nodeId status { name } message } }`, nil)
	wantAnswer(t, data, errs, `{"one":[
{"__typename":"TypedWriteResult","id":"press/nsu=urn:press;s=P001","field":"Parameters.Pressure","nodeId":"nsu=urn:press;s=P001.Pressure","status":{"name":"Good"},"message":null},
{"__typename":"TypedWriteResult","id":"press/nsu=urn:press;s=P001","field":"State","nodeId":"nsu=urn:press;s=P001.State","status":{"name":"Good"},"message":null},
{"__typename":"TypedWriteResult","id":"press/nsu=urn:press;s=P001","field":"Force","nodeId":"nsu=urn:press;s=P001.Force","status":{"name":"BadOutOfRange"},"message":"too strong"},
{"__typename":"TypedWriteResult","id":"press/nsu=urn:press;s=P001","field":"value","nodeId":"nsu=urn:press;s=P001.value","status":{"name":"Good"},"message":null}],
"two":[
{"id":"press/nsu=urn:press;s=P002","field":"Parameters.Pressure","nodeId":null,"status":{"name":"BadNoCommunication"},"message":"browse nsu=urn:press;s=P002.Parameters of server \"press\": BadNodeIdUnknown"},
{"id":"press/nsu=urn:press;s=P002","field":"State","nodeId":"nsu=urn:press;s=P002.State","status":{"name":"Good"},"message":null},
{"id":"press/nsu=urn:press;s=P001","field":"Parameters.Pressure","nodeId":"nsu=urn:press;s=P001.Pressure","status":{"name":"Good"},"message":null},
{"id":"press/nsu=urn:press;s=P001","field":"State","nodeId":"nsu=urn:press;s=P001.State","status":{"name":"Good"},"message":null}]}`)
	// One Write and one Browse for each level for all variables of a field.
	const node = " nsu=urn:press;s="
	want := []string{
		"press" + node + "P001.State 13 1" + node + "P001.Force 13 5" + node + "P001.value 13 9" + node + "P001.Pressure 13 1.5",
		"press" + node + "P002.State 13 0" + node + "P001.State 13 0" + node + "P001.Pressure 13 2",
	}
	if fmt.Sprint(requests) != fmt.Sprint(want) || browses()-before != 4 {
		t.Errorf("%d browses, requests\n%q\nwant\n%q", browses()-before, requests, want)
	}
	plant.nodes[model.Expanded(model.NumericID(0, 85))].children[0].children[1].children = nil
	data, errs = p.data(t, `mutation { write_Plant_PressType(`+twoPresses+`, input: {Parameters: {Pressure: 2}}) { id status { name } message } }`, nil)
	wantAnswer(t, data, errs, `{"write_Plant_PressType":[
{"id":"press/nsu=urn:press;s=P002","status":{"name":"BadNoMatch"},"message":"nsu=urn:press;s=P002 has no nsu=urn:acme:base;Parameters"},
{"id":"press/nsu=urn:press;s=P001","status":{"name":"Good"},"message":null}]}`)
	p.commands.WriteFunc = func(string, []model.WriteValue) ([]model.WriteResult, error) {
		return nil, fmt.Errorf("%w: the cable is cut", ErrUnavailable)
	}
	data, errs = p.data(t, `mutation { write_Acme_MachineType(ids: ["press/nsu=urn:press;s=P001"], input: {State: Off}) { status { name } message } }`, nil)
	wantAnswer(t, data, errs, `{"write_Acme_MachineType":[{"status":{"name":"BadNoCommunication"},"message":"write to server \"press\": unavailable: the cable is cut"}]}`)
}

func TestTypedWriteErrors(t *testing.T) {
	p, _ := pressPlatform(t, 2)
	p.commands.WriteFunc = func(string, []model.WriteValue) ([]model.WriteResult, error) {
		t.Error("something was written")
		return nil, ErrUnavailable
	}
	for args, want := range map[string]string{
		twoPresses + `, input: {}`:                                                               "BAD_USER_INPUT: invalid input: input: nothing to write",
		twoPresses + `, input: {Parameters: {}, State: null}`:                                    "BAD_USER_INPUT: invalid input: input: nothing to write",
		`input: {State: Off}`:                                                                    "BAD_USER_INPUT: invalid input: which instances is not given",
		`path: "Objects/Hall/Press1", input: {State: Off}`:                                       "BAD_USER_INPUT: invalid input: which instances is not given",
		`server: "press", path: "Objects/Hall", input: {State: Off}`:                             `NOT_FOUND: not found: "press/nsu=urn:press;s=Hall" is no instance of Plant_PressType`,
		`server: "press", path: "Objects/Shed", input: {State: Off}`:                             `NOT_FOUND: path "Objects/Shed" of server "press": BadNoMatch`,
		`ids: ["press/nsu=urn:press;s=P001", "press/nsu=urn:press;s=P009"], input: {State: Off}`: `NOT_FOUND: not found: "press/nsu=urn:press;s=P009" is no instance of Plant_PressType`,
		`ids: ["oven/i=85"], input: {State: Off}`:                                                `UNAVAILABLE: browse server "oven"`,
	} {
		data, errs := p.data(t, `mutation { write_Plant_PressType(`+args+`) { status { name } } }`, nil)
		wantAnswer(t, data, errs, `{"write_Plant_PressType":null}`, "[write_Plant_PressType] "+want)
	}
	for _, args := range []string{twoPresses + `, input: {Serial: "x"}`, twoPresses + `, input: {State: Broken}`, twoPresses + `, input: {Force: "strong"}`, twoPresses} {
		if _, errs := p.data(t, `mutation { write_Plant_PressType(`+args+`) { status { name } } }`, nil); len(errs) != 1 {
			t.Errorf("%s: errors %v", args, errs)
		}
	}
}
