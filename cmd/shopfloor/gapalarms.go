package main

import (
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// gapFor is how long after the end of a gap its alarm lasts; the gap itself stays in the list.
const gapFor = 15 * time.Minute

// gapAlarms tells of the newest gap of each server, but for those of full buffers, which have an alarm of their own.
func gapAlarms(gateways []model.GatewayStatus, now time.Time) (alarms []model.Alarm) {
	for i := range gateways {
		g := &gateways[i]
		newest := map[string]*model.Gap{}
		for j := range g.Gaps {
			gap := &g.Gaps[j]
			if last := newest[gap.Server]; gap.Cause != model.GapBufferFull && (last == nil || gap.To.After(last.To)) {
				newest[gap.Server] = gap
			}
		}
		for server, gap := range newest {
			if now.Sub(gap.To) > gapFor {
				continue
			}
			alarms = append(alarms, model.Alarm{
				ID: "gateway." + g.Gateway + ".gap." + server, Severity: model.AlarmCritical,
				Message: fmt.Sprintf("values of server %s are missing from %s to %s: %s", server, gap.From.UTC().Format(time.RFC3339), gap.To.UTC().Format(time.RFC3339), gap.Detail),
				Remedy:  gapRemedy(gap.Cause),
			})
		}
	}
	return alarms
}

// gapRemedy is what can be done against further gaps of a cause. What is missing does not come any more.
func gapRemedy(c model.GapCause) string {
	switch c {
	case model.GapServerRestarted:
		return "Nothing to be done if somebody restarted the server. If nobody did, look at the server's own log. Where the server has a history, it may hold what is missing."
	case model.GapSubscriptionLost:
		return "If the gateway was away: raise connections.subscriptionLifetime in its configuration; the server may allow less. Else look at the server's own log and load."
	case model.GapServerQueue:
		return "Enlarge the queue size of the nodes, or shorten the publishing interval of their writers: badNodes shows which they are."
	case model.GapGatewayQueue:
		return "The gateway cannot store as much as is published: look at the load of its host and its disk, or publish less."
	case model.GapUndecodable:
		return "The server breaks the rules of OPC UA: see the gateway's log, and its maker for an update."
	}
	return "Look at the network between gateway and server: more notifications were lost than the server keeps."
}
