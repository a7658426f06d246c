package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const tankAlarm = "nsu=urn:shopfloor:plant;s=TankAlarm"

// TestConditions has an alarm of a real server shown, watched, acknowledged, shelved and confirmed, without a writer.
func TestConditions(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	addPlant(t, p)
	type condition struct {
		EventTypeName, Shelving               string
		Enabled, Active, Acknowledged, Retain bool
		Confirmed                             *bool
		Severity                              int
		Limits                                []string
		Time                                  time.Time
		UnshelveTime                          *time.Time
		Comment                               *struct{ Text string }
		Event                                 struct {
			Typename  string `json:"__typename"`
			HighLimit float64
		}
	}
	const fields = `eventTypeName shelving enabled active acknowledged retain confirmed severity limits time unshelveTime comment { text } event { __typename ... on LimitAlarmEvent { highLimit } }`
	list := func(filter string) (found []condition, complete bool) {
		var got struct {
			Server struct {
				Conditions struct {
					TotalCount int
					Complete   bool
					Edges      []struct{ Node condition }
				}
			}
		}
		p.MustQuery(&got, `{ server(id: "plant") { conditions(filter: {`+filter+`}) { totalCount complete edges { node { `+fields+` } } } } }`, nil)
		for _, e := range got.Server.Conditions.Edges {
			found = append(found, e.Node)
		}
		return found, got.Server.Conditions.Complete
	}
	await := func(what, filter string, ok func(c *condition) bool) {
		t.Helper()
		waitFor(t, 30*time.Second, what, func() error {
			if found, _ := list(filter); len(found) != 1 || ok != nil && !ok(&found[0]) {
				all, _ := list("")
				return fmt.Errorf("conditions %+v, of %+v", found, all)
			}
			return nil
		})
	}
	if found, complete := list(""); len(found) != 0 || !complete {
		t.Fatalf("conditions %+v, complete %t", found, complete)
	}
	watch := subscribe(t, p, `subscription { conditions(server: "plant", filter: {acknowledged: false}) { complete conditions { conditionId active } removed { conditionId } } }`)
	p.setLevel(99)
	await("the alarm is active", "active: true, acknowledged: false, minSeverity: 1", func(c *condition) bool {
		return c.EventTypeName == "ExclusiveLimitAlarmType" && c.Enabled && c.Retain && slices.Equal(c.Limits, []string{"HIGH_HIGH"}) && c.Event.Typename == "ExclusiveLimitAlarmType" &&
			c.Event.HighLimit == 80 && time.Since(c.Time) < 5*time.Minute
	})
	watch.await(t, `{"conditionId":"`+tankAlarm+`","active":true}`)
	call := func(mutation string, want ...string) {
		t.Helper()
		var got struct {
			R []struct {
				EventID *string
				Status  struct{ Name string }
				Message *string
			}
		}
		p.MustQuery(&got, `mutation { r: `+mutation+` { eventId status { name } message } }`, nil)
		if len(got.R) != len(want) {
			t.Fatalf("%s: %+v", mutation, got)
		}
		for i, r := range got.R {
			message := ""
			if r.Message != nil {
				message = *r.Message
			}
			if r.Status.Name+" "+message != want[i]+" " && (want[i] == "Good" || !strings.Contains(r.Status.Name+" "+message, want[i])) {
				t.Errorf("%s: result %d is %s %q, want %s", mutation, i, r.Status.Name, message, want[i])
			}
		}
	}
	const one = `(input: [{server: "plant", condition: "` + tankAlarm + `"`
	call(`acknowledge`+one+`, eventId: "AAAA"}, {server: "plant", condition: "`+tankAlarm+`", comment: "on my way", locale: "en"}, {server: "nowhere", condition: "i=1"}])`,
		"leave eventId out for the newest", "Good", "BadNotFound")
	await("the alarm is acknowledged", "acknowledged: true", func(c *condition) bool { return c.Comment != nil && c.Comment.Text == "on my way" })
	watch.await(t, `"removed":[{"conditionId":"`+tankAlarm+`"}]`)
	call(`shelve`+one+`, duration: "10m"}])`, "Good")
	await("the alarm is shelved", "shelved: true", func(c *condition) bool {
		return c.Shelving == "TIMED_SHELVED" && c.UnshelveTime != nil && time.Until(*c.UnshelveTime) > 5*time.Minute
	})
	call(`unshelve`+one+`}])`, "Good")
	await("the alarm is not shelved", "shelved: false", nil)
	call(`unshelve`+one+`}])`, "it is not shelved")
	call(`respond`+one+`, response: 0}])`, "may not have the method")
	call(`suppress`+one+`}])`, "Bad")
	p.setLevel(50)
	await("the alarm is not active", "active: false, acknowledged: true", func(c *condition) bool { return len(c.Limits) == 0 })
	call(`confirm`+one+`, comment: "fixed"}])`, "Good")
	waitFor(t, 30*time.Second, "the alarm is over", func() error {
		if found, complete := list(""); len(found) != 0 || !complete {
			return fmt.Errorf("conditions %+v, complete %t", found, complete)
		}
		return nil
	})
	call(`disable`+one+`}])`, "Good")
	var got struct{ Condition, None *condition }
	p.MustQuery(&got, `{ condition(server: "plant", id: "`+tankAlarm+`") { `+fields+` } none: condition(server: "plant", id: "i=2253") { `+fields+` } }`, nil)
	if got.Condition == nil || got.Condition.Enabled || got.None != nil {
		t.Errorf("a condition that is not retained, and what is none: %+v", got)
	}
	call(`enable`+one+`}])`, "Good")
}
