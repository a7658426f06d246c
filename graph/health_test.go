package graph

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestPlatformLimits(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.ask(t, `{ limits { id } alarms { id } }`).wantData(t, `{"limits": [], "alarms": []}`)
	p.limits.limits = []model.Limit{
		{ID: "store.disk", Name: "Disk of the store", Current: 79, Max: 100, Unit: model.LimitBytes, Consequence: "Frames stay in the stream."},
		{ID: "series", Name: "Series", Current: 80, Max: 100, Unit: model.LimitSeries},
		{ID: "dead", Name: "Dead letters", Current: 100, Max: 100, Unit: model.LimitFrames},
		{ID: "users", Name: "Users", Current: 3, Unit: model.LimitItems},
	}
	p.ask(t, `{ limits { id name current limit unit state consequence } }`).wantData(t, `{"limits": [
		{"id": "store.disk", "name": "Disk of the store", "current": 79, "limit": 100, "unit": "BYTES", "state": "FAR", "consequence": "Frames stay in the stream."},
		{"id": "series", "name": "Series", "current": 80, "limit": 100, "unit": "SERIES", "state": "NEAR", "consequence": ""},
		{"id": "dead", "name": "Dead letters", "current": 100, "limit": 100, "unit": "FRAMES", "state": "REACHED", "consequence": ""},
		{"id": "users", "name": "Users", "current": 3, "limit": 0, "unit": "ITEMS", "state": "FAR", "consequence": ""}]}`)
}

func TestAlarms(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.limits.alarms = []model.Alarm{
		{ID: "b", Severity: model.AlarmWarning, Since: testTime.Add(-time.Hour), Message: "The disk is 85 % full.", Remedy: "Make room."},
		{ID: "c", Severity: model.AlarmCritical, Since: testTime, Message: "m", Remedy: "r"},
		{ID: "a", Severity: model.AlarmCritical, Since: testTime.Add(-time.Minute), Message: "m", Remedy: "r"},
	}
	p.ask(t, `{ alarms { id severity since message remedy } }`).wantData(t, `{"alarms": [
		{"id": "a", "severity": "CRITICAL", "since": "2026-01-02T03:03:05Z", "message": "m", "remedy": "r"},
		{"id": "c", "severity": "CRITICAL", "since": "2026-01-02T03:04:05Z", "message": "m", "remedy": "r"},
		{"id": "b", "severity": "WARNING", "since": "2026-01-02T02:04:05Z", "message": "The disk is 85 % full.", "remedy": "Make room."}]}`)
	if p.limits.alarms[0].ID != "b" {
		t.Error("the implementation's list was sorted in place")
	}
}

func TestPlatformLimitsFail(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.limits.err = fmt.Errorf("stream state: %w", ErrUnavailable)
	p.ask(t, `{ limits { id } }`).wantCodes(t, "UNAVAILABLE")
	p.ask(t, `{ alarms { id } }`).wantCodes(t, "UNAVAILABLE")
	p.resolver.Limits = nil
	p.ask(t, `{ limits { id } }`).wantCodes(t, "UNAVAILABLE")
	p.ask(t, `{ alarms { id } }`).wantCodes(t, "UNAVAILABLE")
}
