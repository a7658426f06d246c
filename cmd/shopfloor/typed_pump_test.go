//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// pump is an instance of a type of the server's own that is derived from one of DI.
type pump struct {
	ID           string
	ParameterSet struct {
		SetPoint struct {
			ID     string
			NodeID string
			Value  float64
			Status struct{ Name string }
			Unit   struct{ DisplayName string }
			Range  struct{ Low, High float64 }
		}
	}
}

// testTypedPump subscribes to a pump, writes its set point, and reads what was stored of it, all through typed fields.
func testTypedPump(t *testing.T, p *process) {
	const fields = `nodes { id ParameterSet { SetPoint { id nodeId value status { name } unit { displayName } range { low high } } } }`
	changes := streamOf[struct {
		Pump struct {
			Complete bool
			Nodes    []pump
		}
	}](p, `subscription { Pump: ShopfloorPlant_PumpType(server: "plant", path: "Objects/Plant/Pump", publishingInterval: "100ms", samplingInterval: "50ms") { complete `+fields+` } }`)
	first := <-changes
	if len(first.Pump.Nodes) != 1 || !first.Pump.Complete {
		t.Fatalf("first delivery %+v", first)
	}
	at := first.Pump.Nodes[0].ParameterSet.SetPoint
	if at.Value != 20 || at.Status.Name != "Good" || at.Unit.DisplayName != "°C" || at.Range.Low != 0 || at.Range.High != 200 {
		t.Errorf("set point %+v", at)
	}
	p.MustQuery(nil, `mutation($node: NodeId!) { publish(input: {server: "plant", nodes: [{nodeId: $node}]}) { results { status { name } } } }`, map[string]any{"node": at.NodeID})

	var written struct {
		Write []struct {
			ID, Field, NodeID string
			Status            struct{ Name string }
		}
	}
	p.MustQuery(&written, `mutation($id: ID!) { write: write_ShopfloorPlant_PumpType(ids: [$id], input: {ParameterSet: {SetPoint: 120.5}}) { id field nodeId status { name } } }`,
		map[string]any{"id": first.Pump.Nodes[0].ID})
	if len(written.Write) != 1 || written.Write[0].Status.Name != "Good" || written.Write[0].Field != "ParameterSet.SetPoint" || written.Write[0].NodeID != at.NodeID {
		t.Errorf("written %+v", written)
	}
	if next := <-changes; next.Pump.Complete || len(next.Pump.Nodes) != 1 || next.Pump.Nodes[0].ParameterSet.SetPoint.Value != 120.5 {
		t.Errorf("next delivery %+v", next)
	}
	var stored struct {
		Pump struct {
			Nodes []struct {
				ParameterSet struct {
					SetPoint struct {
						History struct {
							Series string
							Points []struct {
								Value  float64
								Status struct{ Name string }
							}
						}
					}
				}
			}
		}
	}
	p.waitFor(time.Minute, "the set point is stored", func() error {
		p.MustQuery(&stored, `{ Pump: ShopfloorPlant_PumpType(server: "plant") { nodes { ParameterSet { SetPoint { history(last: "1h") { series points { value status { name } } } } } } } }`, nil)
		if len(stored.Pump.Nodes) == 1 {
			if points := stored.Pump.Nodes[0].ParameterSet.SetPoint.History.Points; len(points) > 0 && points[len(points)-1].Value == 120.5 && points[len(points)-1].Status.Name == "Good" {
				return nil
			}
		}
		return errors.New("it is not")
	})
}

// streamOf is a subscription over SSE; it ends with the test.
func streamOf[T any](p *process, query string) <-chan T {
	p.t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), 2*time.Minute)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		cancel()
		_ = r.Body.Close()
	})
	out := make(chan T)
	go func() {
		defer close(out)
		for lines := bufio.NewScanner(r.Body); lines.Scan(); {
			data, ok := strings.CutPrefix(lines.Text(), "data:")
			if !ok || strings.TrimSpace(data) == "" {
				continue
			}
			var answer struct{ Data T }
			if err := json.Unmarshal([]byte(data), &answer); err != nil {
				p.t.Errorf("%s: %v", data, err)
				return
			}
			select {
			case out <- answer.Data:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
