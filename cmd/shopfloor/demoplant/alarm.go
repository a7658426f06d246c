package demoplant

import (
	"crypto/rand"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/cmd/shopfloor/demoplant/uaserver"
)

const (
	highSeverity, highHighSeverity, normalSeverity = 600, 900, 100
	// maxTimeShelved is the longest that an alarm is shelved.
	maxTimeShelved = 8 * time.Hour
	// maxKnownEvents bounds the EventIds of a condition that are remembered; the oldest go first.
	maxKnownEvents = 32
)

// limitLevel is how far a value is beyond the limits.
type limitLevel int

const (
	levelNormal limitLevel = iota
	levelHigh
	levelHighHigh
)

// limits are what an alarm is about.
type limits struct {
	name           string
	input, unit    string // the variable that is looked at
	high, highHigh float64
	deadband       float64 // by which the value must fall below a limit again
}

// limitAlarm is an ExclusiveLevelAlarm with a high and a highhigh limit (Part 9, 5.8.18 to 5.8.20), which is acknowledged and then confirmed. The plant's mutex
// guards it, but for values.
type limitAlarm struct {
	limits
	node, source, input *ua.NodeID
	sourceName          string
	enabled             bool
	level               limitLevel
	acked, confirmed    bool
	shelving            uint32    // the state of ShelvedStateMachineType, of namespace 0
	unshelveAt          time.Time // of one that is shelved for a time
	severity            uint16
	message             string
	comment             *ua.LocalizedText
	lastSeverity        uint16
	changedAt           [alarmTimes]time.Time
	known               [][]byte // EventIds since it became active, the newest last
	time                time.Time
	changed             bool // since the last event
	// values are those of the alarm's variables, by their paths.
	values atomic.Pointer[map[string]*ua.DataValue]
}

// The times that an alarm keeps: when each of its states changed.
const (
	enabledTime = iota
	activeTime
	ackedTime
	confirmedTime
	commentTime
	severityTime
	alarmTimes
)

// newLimitAlarm makes an alarm that is enabled and in order.
func newLimitAlarm(source string, l limits, t time.Time) *limitAlarm {
	a := &limitAlarm{
		limits: l, node: nodeID(source + "." + l.name), source: nodeID(source), input: nodeID(source + "." + l.input), sourceName: source,
		enabled: true, acked: true, confirmed: true, shelving: id.ShelvedStateMachineType_Unshelved, severity: normalSeverity, lastSeverity: normalSeverity,
		message: "In order", comment: &ua.LocalizedText{},
	}
	for i := range a.changedAt {
		a.changedAt[i] = t
	}
	a.note(t)
	return a
}

// retained tells whether the alarm is of interest still (Part 9, 5.5.2).
func (a *limitAlarm) retained() bool {
	return a.enabled && (a.level != levelNormal || !a.acked || !a.confirmed)
}

// step looks at the value. A higher level than before wants to be acknowledged anew.
func (a *limitAlarm) step(t time.Time, value float64) {
	if !a.enabled {
		return
	}
	if a.shelving == id.ShelvedStateMachineType_TimedShelved && !t.Before(a.unshelveAt) {
		a.shelving, a.changed = id.ShelvedStateMachineType_Unshelved, true
	}
	level := a.levelOf(value)
	if level == a.level {
		return
	}
	if level > a.level {
		a.acked, a.confirmed = false, false
		a.changedAt[ackedTime], a.changedAt[confirmedTime] = t, t
	}
	if a.level == levelNormal || level == levelNormal {
		a.changedAt[activeTime] = t
	}
	if a.level == levelNormal {
		a.known = nil
	}
	if level == levelNormal && a.shelving == id.ShelvedStateMachineType_OneShotShelved {
		a.shelving = id.ShelvedStateMachineType_Unshelved
	}
	a.level, a.changed = level, true
	a.lastSeverity, a.changedAt[severityTime] = a.severity, t
	switch level {
	case levelHighHigh:
		a.severity, a.message = highHighSeverity, fmt.Sprintf("%s is much too hot: %.1f %s, the limit is %g %s", a.sourceName, value, a.unit, a.highHigh, a.unit)
	case levelHigh:
		a.severity, a.message = highSeverity, fmt.Sprintf("%s is too hot: %.1f %s, the limit is %g %s", a.sourceName, value, a.unit, a.high, a.unit)
	default:
		a.severity, a.message = normalSeverity, fmt.Sprintf("%s is in order again: %.1f %s", a.sourceName, value, a.unit)
	}
}

func (a *limitAlarm) levelOf(value float64) limitLevel {
	beyond := func(limit float64, before bool) bool { return value >= limit || before && value > limit-a.deadband }
	switch {
	case beyond(a.highHigh, a.level == levelHighHigh):
		return levelHighHigh
	case beyond(a.high, a.level != levelNormal):
		return levelHigh
	}
	return levelNormal
}

// event is the event that tells the state, nil when nothing has changed since the last one.
func (a *limitAlarm) event(t time.Time) *uaserver.Event {
	if !a.changed {
		return nil
	}
	a.changed = false
	a.note(t)
	return a.newest()
}

// note gives the state an EventId, and the nodes of the alarm their values.
func (a *limitAlarm) note(t time.Time) {
	eventID := make([]byte, 16)
	_, _ = rand.Read(eventID) // never fails
	if a.known = append(a.known, eventID); len(a.known) > maxKnownEvents {
		a.known = slices.Delete(a.known, 0, 1)
	}
	a.time = t
	values := map[string]*ua.DataValue{}
	for path, v := range a.fields() {
		values[path] = &ua.DataValue{EncodingMask: ua.DataValueValue | ua.DataValueSourceTimestamp, Value: ua.MustVariant(v), SourceTimestamp: t}
	}
	a.values.Store(&values)
}

// newest is the event of the state as it is.
func (a *limitAlarm) newest() *uaserver.Event {
	return &uaserver.Event{
		ID: a.known[len(a.known)-1], Type: id.ExclusiveLevelAlarmType, Source: a.source, SourceName: a.sourceName, Message: a.message, Severity: a.severity,
		Time: a.time, ConditionID: a.node, Fields: a.fields(),
	}
}

// fields are those of the type and its supertypes, by their paths.
func (a *limitAlarm) fields() map[string]any {
	text := func(s string) *ua.LocalizedText { return ua.NewLocalizedTextWithLocale(s, "en") }
	f := map[string]any{
		"EventId": a.known[len(a.known)-1], "EventType": builtin(id.ExclusiveLevelAlarmType), "SourceNode": a.source, "SourceName": a.sourceName,
		"Time": a.time, "ReceiveTime": a.time, "Message": text(a.message), "Severity": a.severity,
		"ConditionClassId": builtin(id.ProcessConditionClassType), "ConditionClassName": text("ProcessConditionClass"), "ConditionName": a.name,
		"BranchId": ua.NewTwoByteNodeID(0), "Retain": a.retained(), "ClientUserId": "", "InputNode": a.input,
		"Quality": ua.StatusOK, "Quality/SourceTimestamp": a.time, "LastSeverity": a.lastSeverity, "LastSeverity/SourceTimestamp": a.changedAt[severityTime],
		"Comment": a.comment, "Comment/SourceTimestamp": a.changedAt[commentTime],
		"SuppressedOrShelved": a.shelving != id.ShelvedStateMachineType_Unshelved, "MaxTimeShelved": milliseconds(maxTimeShelved),
		"HighLimit": a.high, "HighHighLimit": a.highHigh,
		"ShelvingState/CurrentState": text(shelvingTexts[a.shelving]), "ShelvingState/CurrentState/Id": builtin(a.shelving),
		"ShelvingState/UnshelveTime": 0.0, "LimitState/CurrentState": text(""), "LimitState/CurrentState/Id": ua.NewTwoByteNodeID(0),
	}
	if a.shelving == id.ShelvedStateMachineType_TimedShelved {
		f["ShelvingState/UnshelveTime"] = milliseconds(a.unshelveAt.Sub(a.time))
	}
	if a.level != levelNormal {
		state := limitStates[a.level]
		f["LimitState/CurrentState"], f["LimitState/CurrentState/Id"] = text(state.name), builtin(state.id)
	}
	for _, s := range []struct {
		name    string
		on      bool
		texts   [2]string
		changed int
	}{
		{"EnabledState", a.enabled, [2]string{"Disabled", "Enabled"}, enabledTime},
		{"ActiveState", a.level != levelNormal, [2]string{"Inactive", "Active"}, activeTime},
		{"AckedState", a.acked, [2]string{"Unacknowledged", "Acknowledged"}, ackedTime},
		{"ConfirmedState", a.confirmed, [2]string{"Unconfirmed", "Confirmed"}, confirmedTime},
	} {
		name := s.texts[0]
		if s.on {
			name = s.texts[1]
		}
		f[s.name], f[s.name+"/Id"], f[s.name+"/TransitionTime"] = text(name), s.on, a.changedAt[s.changed]
	}
	return f
}

// limitStates are those of ExclusiveLimitStateMachineType.
var limitStates = map[limitLevel]struct {
	name string
	id   uint32
}{levelHigh: {"High", id.ExclusiveLimitStateMachineType_High}, levelHighHigh: {"HighHigh", id.ExclusiveLimitStateMachineType_HighHigh}}

var shelvingTexts = map[uint32]string{
	id.ShelvedStateMachineType_Unshelved: "Unshelved", id.ShelvedStateMachineType_TimedShelved: "TimedShelved",
	id.ShelvedStateMachineType_OneShotShelved: "OneShotShelved",
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
