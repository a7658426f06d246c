//go:build unix

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func refusesWrongPassword(t *testing.T, p plant) {
	p.addServer("guest", "view", "wrong", p.thumbprint)
	c := p.waitState("guest", "REFUSED")
	if c.Error == nil || !strings.Contains(*c.Error, "password") || strings.Contains(*c.Error, "wrong\"") {
		t.Errorf("error %v does not say that user or password are wrong", c.Error)
	}
	refused := time.Now()
	p.waitCount(10*time.Second, fmt.Sprintf(`count(timestamp(opcua_value{server="plant",writer!="structures"}) > %d)`, refused.Unix()))
	p.waitState("plant", "CONNECTED")
}

type plantPoint struct {
	Time  time.Time
	Value *float64
}

// goesOnAfterPowerCut also checks each stored value: V0 tells the period that it was made in.
func goesOnAfterPowerCut(t *testing.T, p plant) {
	killed := time.Now()
	p.peer.Kill()
	p.waitState("plant", "RECONNECTING")
	p.peer.Restart()
	ready := time.Now()
	p.waitCount(10*time.Second, fmt.Sprintf(`count(timestamp(opcua_value{server="plant",writer!="structures"}) > %d)`, ready.Unix()))
	t.Logf("fresh values of every variable %s after the server was ready", time.Since(ready))

	var points []plantPoint
	p.waitFor(10*time.Second, "3 s of history after the restart", func() error {
		points = p.history("plant", "V0")
		if n := len(points); n == 0 || points[n-1].Time.Before(ready.Add(3*time.Second)) {
			return fmt.Errorf("%d points", n)
		}
		return nil
	})
	gaps := 0
	for i, point := range points {
		if want := float64(point.Time.UnixMilli() / plantPeriod.Milliseconds()); *point.Value != want {
			t.Fatalf("V0 at %s is %v, want %v", point.Time, *point.Value, want)
		}
		if i == 0 || *point.Value == *points[i-1].Value+1 {
			continue
		}
		gaps++
		// What the server had not sent yet is lost with it, and nothing is made while it is away.
		if before := points[i-1].Time; before.Before(killed.Add(-2*time.Second)) || before.After(ready) || point.Time.Before(killed) || point.Time.After(ready.Add(10*time.Second)) {
			t.Errorf("values are missing from %s to %s; away from %s to %s", before, point.Time, killed, ready)
		}
	}
	if gaps != 1 {
		t.Errorf("%d gaps in %d points, want the one of the power cut", gaps, len(points))
	}
}

// history returns the stored values of a field without those that mark its absence.
func (p plant) history(server, field string) []plantPoint {
	p.t.Helper()
	var got struct {
		Series struct {
			Edges []struct {
				Node struct {
					History struct {
						Truncated bool
						Points    []plantPoint
					}
				}
			}
		}
	}
	p.MustQuery(&got, `query($f: SeriesFilter!) { series(filter: $f, first: 1) { edges { node { history(last: "5m", first: 10000) { truncated points { time value } } } } } }`,
		map[string]any{"f": map[string]any{"server": server, "field": field}})
	if len(got.Series.Edges) != 1 || got.Series.Edges[0].Node.History.Truncated {
		p.t.Fatalf("history of %s: %+v", field, got)
	}
	var points []plantPoint
	for _, point := range got.Series.Edges[0].Node.History.Points {
		if point.Value != nil {
			points = append(points, point)
		}
	}
	return points
}
