//go:build unix

package main

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

// plantFile is OPC Publisher's first example, for the test server: two entries, the second with a user; intervals in both forms; and a node
// by its browse path, one by the URI form of ids, and an entry that is wrong.
const plantFile = `[ // written by hand
  { "DataSetWriterId": "Leaf0_10000_3085991c", "DataSetName": "Tag_Leaf0", "DataSetWriterGroup": "Leaf0",
    "EndpointUrl": "%[1]s", "UseSecurity": false, "OpcAuthenticationMode": "Anonymous",
    "OpcNodes": [ { "Id": "nsu=urn:shopfloor:plant;s=V0", "DataSetFieldId": "StepUp",
      "OpcSamplingIntervalTimespan": "00:00:00.100", "OpcPublishingIntervalTimespan": "00:00:00.200",
      "HeartbeatIntervalTimespan": "00:00:01.500", "SkipFirst": true, "QueueSize": 10 },
      { "BrowsePath": [ "Objects", "nsu=urn:shopfloor:plant;Plant", "nsu=urn:shopfloor:plant;Fast", "nsu=urn:shopfloor:plant;V1" ], "OpcPublishingInterval": 200 },
      { "Id": "urn:shopfloor:plant#s=V2", "OpcPublishingInterval": 200, } ] },
  { "DataSetWriterId": "Leaf1_10000_2e4fc28f", "DataSetWriterGroup": "Leaf1", "DataSetPublishingInterval": 10000,
    "EndpointUrl": "%[1]s", "UseSecurity": false,
    "OpcAuthenticationMode": "UsernamePassword", "OpcAuthenticationUsername": "op", "OpcAuthenticationPassword": "op-pass",
    "OpcNodes": [ { "Id": "nsu=urn:shopfloor:plant;s=V3",
      "OpcSamplingInterval": 200, "OpcPublishingInterval": 200, "HeartbeatInterval": 2, "SkipFirst": true, "QueueSize": 10 } ] },
  { "EndpointUrl": "%[1]s", "OpcNodes": [ { "Id": "V4" } ] }
]`

const importMutation = `mutation($json: String!, $dry: Boolean!, $replace: Boolean!) {
	importPublishedNodes(gateway: "local", json: $json, dryRun: $dry, replace: $replace) {
		applied revision nodes errors servers { created unchanged removed } writers { created unchanged removed } issues { severity entry node problem } } }`

type imported struct {
	ImportPublishedNodes struct {
		Applied          bool
		Revision         string
		Nodes, Errors    int
		Servers, Writers struct{ Created, Unchanged, Removed int }
		Issues           []struct {
			Severity    string
			Entry, Node *int
			Problem     string
		}
	}
}

// TestPublishedNodesPlant takes a file of OPC Publisher to values in the history, and back.
func TestPublishedNodesPlant(t *testing.T) {
	t.Parallel()
	peer := opcuatest.Start(t, opcuatest.Options{Vars: 10, Period: 100 * time.Millisecond, AutoAccept: true})
	p := plant{process: startProcess(t, "--gateway", "local"), peer: peer}
	text := fmt.Sprintf(plantFile, peer.Endpoint())
	load := func(text string, dry, replace bool) imported {
		t.Helper()
		var got imported
		p.MustQuery(&got, importMutation, map[string]any{"json": text, "dry": dry, "replace": replace})
		return got
	}
	for _, dry := range []bool{true, false} {
		r := load(text, dry, false).ImportPublishedNodes
		if r.Applied == dry || r.Nodes != 4 || r.Servers.Created != 2 || r.Writers.Created != 2 || r.Errors != 1 || !strings.Contains(fmt.Sprint(r.Issues), "is no identifier") {
			t.Errorf("import with dryRun %v: %+v", dry, r)
		}
	}
	trustAll(p)
	for _, field := range []string{"StepUp", "V1", "nsu=urn:shopfloor:plant;s=V2", "nsu=urn:shopfloor:plant;s=V3"} {
		p.waitFor(30*time.Second, field+" has values in the history", func() error {
			var got struct {
				Series struct {
					Edges []struct {
						Node struct{ History struct{ Points []plantPoint } }
					}
				}
			}
			errs, err := p.Query(&got, `query($f: SeriesFilter!) { series(filter: $f, first: 1) { edges { node { history(last: "5m", first: 1000) { points { time value } } } } } }`,
				map[string]any{"f": map[string]any{"gateway": "local", "field": field}})
			if err != nil || len(errs) > 0 {
				return fmt.Errorf("%w %+v", err, errs)
			}
			if len(got.Series.Edges) == 0 || len(got.Series.Edges[0].Node.History.Points) < 3 {
				return fmt.Errorf("got %+v", got)
			}
			return nil
		})
	}
	var exported struct{ PublishedNodes string }
	p.MustQuery(&exported, `{ publishedNodes(gateway: "local") }`, nil)
	if strings.Contains(exported.PublishedNodes, "op-pass") || !strings.Contains(exported.PublishedNodes, `"OpcAuthenticationUsername": "op"`) {
		t.Errorf("export:\n%s", exported.PublishedNodes)
	}
	if r := load(exported.PublishedNodes, false, true).ImportPublishedNodes; r.Applied || r.Servers.Unchanged != 2 || r.Writers.Unchanged != 2 || r.Writers.Removed != 0 {
		t.Errorf("what was exported changes something: %+v", r)
	}
	if r := load(`[]`, false, true).ImportPublishedNodes; !r.Applied || r.Servers.Removed != 2 || r.Writers.Removed != 2 {
		t.Errorf("an empty file leaves something: %+v", r)
	}
}

// trustAll trusts the server's certificate, with which passwords are encrypted, for all servers.
func trustAll(p plant) {
	p.t.Helper()
	var got struct {
		Servers struct {
			Edges []struct{ Node struct{ ID string } }
		}
	}
	p.MustQuery(&got, `{ servers { edges { node { id } } } }`, nil)
	sum := sha1.Sum(p.peer.CertificateDER())
	for _, e := range got.Servers.Edges {
		p.MustQuery(nil, `mutation($s: ID!, $t: String!) { trustServerCertificate(server: $s, thumbprint: $t) { id } }`,
			map[string]any{"s": e.Node.ID, "t": hex.EncodeToString(sum[:])})
	}
}
