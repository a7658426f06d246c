//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

// storesStructures finds the members of structures of the plant's own types in history, and those that are numbers as series.
func storesStructures(t *testing.T, p plant) {
	var got struct {
		Publish struct{ Results []itemResult }
	}
	p.MustQuery(&got, `mutation($in: PublishInput!) { publish(input: $in) { results { nodeId status { name } message } } }`, map[string]any{"in": map[string]any{
		"server": "plant", "writer": "structures",
		"nodes": []map[string]any{{"nodeId": plantNodes + "Struct_Batch"}, {"nodeId": plantNodes + "Struct_Array"}, {"nodeId": plantNodes + "Struct_Union"}},
	}})
	for field, want := range map[string]string{
		"Struct_Batch": `"body":{"BatchId":"B-1","Recipe":{"Locale":"de","Text":"Rezept"},`, "Struct_Array": `"body":{"X":2,"Y":3,"Z":4}}]`, "Struct_Union": `"body":{"Text":"hi"}`,
	} {
		p.waitFor(30*time.Second, field+" is stored as "+want, func() error {
			var got struct {
				Series struct {
					Edges []struct {
						Node struct {
							History struct {
								Points []struct {
									Data *struct{ Value json.RawMessage }
								}
							}
						}
					}
				}
			}
			p.MustQuery(&got, `query($f: SeriesFilter!) { series(filter: $f) { edges { node { history(last: "5m") { points { data { value } } } } } } }`,
				map[string]any{"f": map[string]any{"server": "plant", "field": field}})
			for _, e := range got.Series.Edges {
				for _, point := range e.Node.History.Points {
					if point.Data != nil && strings.Contains(string(point.Data.Value), want) {
						return nil
					}
				}
			}
			return fmt.Errorf("%+v", got)
		})
	}
	p.waitFor(30*time.Second, "a series of a member", func() error {
		series, err := p.Prometheus(`opcua_value{field="Struct_Batch",element="Setpoints[2]"}`, time.Time{})
		if err != nil || len(series) != 1 || series[0].Value[1] != "3" {
			return fmt.Errorf("got %+v, %w", series, err)
		}
		return nil
	})
}

// waitCount waits until a Prometheus query counts every variable.
func (p plant) waitCount(limit time.Duration, query string) {
	p.t.Helper()
	p.waitFor(limit, query, func() error {
		series, err := p.Prometheus(query, time.Time{})
		if err != nil || len(series) != 1 || series[0].Value[1] != strconv.Itoa(plantVars) {
			return fmt.Errorf("got %+v, %w", series, err)
		}
		return nil
	})
}

func storesEveryVariable(_ *testing.T, p plant) {
	p.waitCount(15*time.Second, `count(opcua_value{server="plant",writer!="structures"})`)
}
