package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestDemoAlarm is the tour of README: a set point above the limit brings the alarm of a boiler about, which is acknowledged, confirmed and goes as the boiler cools.
func TestDemoAlarm(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "--demo")
	demoConnected(t, p)
	const alarm = "nsu=urn:shopfloor:demo-plant;s=Boiler1.OverTemperature"
	events := subscribe(t, p, `subscription { serverEvents(server: "demo", filter: {minSeverity: 500, eventTypes: ["i=2915"]}) {
		events { __typename message { text } sourceName ... on AlarmConditionEvent { activeState { id } } } } }`)
	watch := subscribe(t, p, `subscription { conditions(server: "demo") { complete conditions { conditionId active acknowledged } removed { conditionId } } }`)
	set := func(celsius string) {
		t.Helper()
		p.MustQuery(nil, `mutation { write(input: [{server: "demo", nodeId: "nsu=urn:shopfloor:demo-plant;s=Boiler1.TemperatureSetPoint", value: `+celsius+`}]) { status { name } } }`, nil)
	}
	await := func(what string, count int, want string) {
		t.Helper()
		p.waitFor(2*time.Minute, what, func() error {
			var got struct {
				Server struct {
					Conditions struct {
						Complete bool
						Message  *string
						Edges    []struct {
							Node struct {
								ConditionID, SourceName, EventTypeName string
								Active, Acknowledged, Confirmed        bool
								Limits                                 []string
								Comment                                *struct{ Text string }
							}
						}
					}
				}
			}
			errs, err := p.Query(&got, `{ server(id: "demo") { conditions { complete message edges { node { conditionId sourceName eventTypeName active acknowledged confirmed limits comment { text } } } } } }`, nil)
			if err != nil || len(errs) > 0 {
				return fmt.Errorf("%w %+v", err, errs)
			}
			c := got.Server.Conditions
			if text := fmt.Sprintf("%+v", c.Edges); !c.Complete || len(c.Edges) != count || !strings.Contains(text, want) {
				return fmt.Errorf("complete %t, %s", c.Complete, text)
			}
			return nil
		})
	}
	await("nothing is wrong", 0, "")
	set("180")
	await("the alarm is active", 1, alarm+" SourceName:Boiler1 EventTypeName:ExclusiveLevelAlarmType Active:true Acknowledged:false")
	events.await(t, `"sourceName":"Boiler1","activeState":{"id":true}`)
	watch.await(t, `{"conditionId":"`+alarm+`","active":true,"acknowledged":false}`)
	await("the second limit is passed", 1, "Limits:[HIGH_HIGH]")
	act := func(action string) {
		t.Helper()
		var got struct {
			R []struct {
				Status  struct{ Name string }
				Message *string
			}
		}
		p.MustQuery(&got, `mutation { r: `+action+`(input: [{server: "demo", condition: "`+alarm+`", comment: "on my way"}]) { status { name } message } }`, nil)
		if len(got.R) != 1 || got.R[0].Status.Name != "Good" {
			t.Errorf("%s: %+v", action, got)
		}
	}
	act("acknowledge")
	await("it is acknowledged", 1, "Active:true Acknowledged:true Confirmed:false")
	set("100")
	await("the boiler cools", 1, "Active:false Acknowledged:true Confirmed:false Limits:[]")
	act("confirm")
	await("the alarm is gone", 0, "")
	watch.await(t, `"removed":[{"conditionId":"`+alarm+`"`)
	// The events of the alarm are stored with their state.
	p.waitFor(20*time.Second, "the alarm is in the store", func() error {
		var got struct {
			Events struct {
				Edges []struct {
					Node struct {
						Severity int
						Retain   *bool
					}
				}
			}
		}
		p.MustQuery(&got, `{ events(first: 50, filter: {server: "demo", sourceName: "Boiler1"}) { edges { node { severity retain } } } }`, nil)
		for _, e := range got.Events.Edges {
			if e.Node.Severity == 900 && e.Node.Retain != nil && *e.Node.Retain {
				return nil
			}
		}
		return fmt.Errorf("events %+v", got.Events)
	})
}
