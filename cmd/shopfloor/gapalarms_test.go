package main

import (
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestGapAlarms(t *testing.T) {
	now := time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC)
	gap := func(server string, cause model.GapCause, ago time.Duration) model.Gap {
		return model.Gap{Server: server, Cause: cause, From: now.Add(-ago - time.Minute), To: now.Add(-ago), Detail: "because"}
	}
	alarms := gapAlarms([]model.GatewayStatus{
		{Gateway: "a", Gaps: []model.Gap{
			gap("old", model.GapNotAvailable, time.Hour), gap("press", model.GapServerRestarted, 10*time.Minute), gap("press", model.GapServerQueue, 5*time.Minute),
			gap("", model.GapBufferFull, time.Minute),
		}},
		{Gateway: "b"},
	}, now)
	if len(alarms) != 1 || alarms[0].ID != "gateway.a.gap.press" || alarms[0].Severity != model.AlarmCritical || alarms[0].Remedy != gapRemedy(model.GapServerQueue) ||
		!strings.Contains(alarms[0].Message, "from 2026-11-26T02:54:00Z to 2026-11-26T02:55:00Z: because") {
		t.Errorf("%+v", alarms)
	}
}
