//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

// Instances of types of the standard and of a companion specification, on a real server, in the GraphQL types of their node sets, or in those
// that the server has.
func TestTypedPlant(t *testing.T) {
	t.Parallel()
	peer := opcuatest.Start(t, opcuatest.Options{Env: []string{"COMPANION=di"}})
	nodeSets := opcuatest.NodeSet(t, "Opc.Ua.NodeSet2.xml") + "," + opcuatest.NodeSet(t, "Opc.Ua.Di.NodeSet2.xml")
	t.Run("node sets", func(t *testing.T) { testTypedPlant(t, peer, 0, "--nodeset", nodeSets) })
	t.Run("server types", func(t *testing.T) { testTypedPlant(t, peer, -1, "--server-types") })
}

// testTypedPlant locks what is locked from the second time on: firstLock is the answer to the first.
func testTypedPlant(t *testing.T, peer *opcuatest.Server, firstLock int, args ...string) {
	p := startProcess(t, args...)
	p.MustQuery(nil, `mutation($url: String!) { addServer(input: {id: "plant", name: "Plant", endpointUrl: $url, securityMode: NONE}) { id } }`, map[string]any{"url": peer.Endpoint()})

	type software struct {
		ID           string
		SerialNumber string
		Manufacturer struct{ Text string }
		Lock         struct {
			ID     string
			Locked *bool
		}
		Server struct{ Name string }
		Node   struct{ References struct{ Edges []any } }
	}
	var got struct {
		Software struct{ Nodes []software }
		Status   struct {
			Nodes []struct {
				NamespaceArray []string
				ServerStatus   struct {
					Status struct{ Name string }
					Value  struct {
						State       string
						CurrentTime time.Time
						BuildInfo   struct{ ProductName string }
					}
					State struct{ Value string }
				}
			}
		}
	}
	p.waitFor(time.Minute, "the server's objects are there", func() error {
		errs, err := p.Query(&got, `{
			Software: DI_SoftwareType(path: "Objects/Plant/Firmware") { nodes { id SerialNumber Manufacturer { text } Lock { id Locked } server { name } node { references { edges { isForward } } } } }
			Status: UA_ServerType(server: "plant") { nodes { NamespaceArray ServerStatus { status { name } value { State CurrentTime BuildInfo { ProductName } } State { value } } } }
		}`, nil)
		switch {
		case err != nil:
			return err
		case len(errs) > 0:
			return fmt.Errorf("%+v", errs)
		case len(got.Software.Nodes) == 0 || len(got.Status.Nodes) == 0:
			return fmt.Errorf("no instances: %+v", got)
		}
		return nil
	})
	s := got.Software.Nodes[0]
	if s.ID != "plant/"+plantNodes+"Firmware" || s.SerialNumber != "SN-1" || s.Manufacturer.Text != "Acme" || s.Server.Name != "Plant" || len(s.Node.References.Edges) == 0 {
		t.Errorf("software %+v", s)
	}
	status := got.Status.Nodes[0].ServerStatus
	if status.Status.Name != "Good" || status.Value.State != "Running" || status.State.Value != "Running" || status.Value.BuildInfo.ProductName == "" || time.Since(status.Value.CurrentTime).Abs() > time.Hour {
		t.Errorf("server status %+v", status)
	}
	if !slices.Contains(got.Status.Nodes[0].NamespaceArray, "http://opcfoundation.org/UA/DI/") {
		t.Errorf("namespaces %v", got.Status.Nodes[0].NamespaceArray)
	}

	for _, want := range []int{firstLock, -1} {
		var locked struct {
			DI_LockingServicesType_InitLock struct {
				Status         struct{ Name string }
				InitLockStatus int
			}
		}
		p.MustQuery(&locked, `mutation($lock: ID!) { DI_LockingServicesType_InitLock(id: $lock, Context: "test") { status { name } InitLockStatus } }`, map[string]any{"lock": s.Lock.ID})
		if l := locked.DI_LockingServicesType_InitLock; l.Status.Name != "Good" || l.InitLockStatus != want {
			t.Errorf("lock %+v, want %d", l, want)
		}
	}

	if slices.Contains(args, "--server-types") {
		testTypedPump(t, p)
	}

	var names struct{ Prefixes map[string]string }
	text, err := os.ReadFile(filepath.Join(p.args[1], "names.json"))
	if err == nil {
		err = json.Unmarshal(text, &names)
	}
	if err != nil || names.Prefixes["http://opcfoundation.org/UA/DI/"] != "DI" {
		t.Errorf("names.json: %v, %v", err, names.Prefixes)
	}
}
