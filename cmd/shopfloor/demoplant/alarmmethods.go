package demoplant

import (
	"bytes"
	"slices"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/cmd/shopfloor/demoplant/uaserver"
)

// alarmOptionals is what the plant's alarms have of what their type leaves open.
var alarmOptionals = []string{
	"ConfirmedState", "Confirm", "ShelvingState", "MaxTimeShelved", "HighLimit", "HighHighLimit",
	"EnabledState/TransitionTime", "ActiveState/TransitionTime", "AckedState/TransitionTime", "ConfirmedState/TransitionTime",
}

// alarmMethods are the methods of an alarm by their paths (Part 9, 5.5 to 5.8). They are called under the plant's mutex with arguments of the declared types.
var alarmMethods = map[string]func(a *limitAlarm, in []any, t time.Time) ua.StatusCode{
	"Enable": func(a *limitAlarm, _ []any, t time.Time) ua.StatusCode {
		if a.enabled {
			return ua.StatusBadConditionAlreadyEnabled
		}
		a.enabled, a.changed, a.changedAt[enabledTime] = true, true, t
		return ua.StatusOK
	},
	"Disable": func(a *limitAlarm, _ []any, t time.Time) ua.StatusCode {
		if !a.enabled {
			return ua.StatusBadConditionAlreadyDisabled
		}
		a.enabled, a.changed, a.changedAt[enabledTime] = false, true, t
		return ua.StatusOK
	},
	"AddComment": func(a *limitAlarm, in []any, t time.Time) ua.StatusCode {
		if status := a.about(in); status != ua.StatusOK {
			return status
		}
		a.commented(in, t)
		return ua.StatusOK
	},
	"Acknowledge": func(a *limitAlarm, in []any, t time.Time) ua.StatusCode {
		switch status := a.about(in); {
		case status != ua.StatusOK:
			return status
		case a.acked:
			return ua.StatusBadConditionBranchAlreadyAcked
		}
		a.acked, a.changedAt[ackedTime] = true, t
		a.commented(in, t)
		return ua.StatusOK
	},
	"Confirm": func(a *limitAlarm, in []any, t time.Time) ua.StatusCode {
		switch status := a.about(in); {
		case status != ua.StatusOK:
			return status
		case a.confirmed:
			return ua.StatusBadConditionBranchAlreadyConfirmed
		case !a.acked:
			return ua.StatusBadInvalidState
		}
		a.confirmed, a.changedAt[confirmedTime] = true, t
		a.commented(in, t)
		return ua.StatusOK
	},
	"ShelvingState/OneShotShelve": func(a *limitAlarm, _ []any, _ time.Time) ua.StatusCode {
		return a.shelve(id.ShelvedStateMachineType_OneShotShelved, time.Time{})
	},
	"ShelvingState/TimedShelve": func(a *limitAlarm, in []any, t time.Time) ua.StatusCode {
		ms := in[0].(float64)
		if !(ms > 0 && ms <= milliseconds(maxTimeShelved)) { // NaN is neither
			return ua.StatusBadShelvingTimeOutOfRange
		}
		return a.shelve(id.ShelvedStateMachineType_TimedShelved, t.Add(time.Duration(ms*float64(time.Millisecond))))
	},
	"ShelvingState/Unshelve": func(a *limitAlarm, _ []any, _ time.Time) ua.StatusCode {
		if a.shelving == id.ShelvedStateMachineType_Unshelved {
			return ua.StatusBadConditionNotShelved
		}
		a.shelving, a.changed = id.ShelvedStateMachineType_Unshelved, true
		return ua.StatusOK
	},
}

// about checks the EventId that a method names: it must be of the alarm, since it became active.
func (a *limitAlarm) about(in []any) ua.StatusCode {
	switch eventID, _ := in[0].([]byte); {
	case !a.enabled:
		return ua.StatusBadConditionDisabled
	case !slices.ContainsFunc(a.known, func(k []byte) bool { return bytes.Equal(k, eventID) }):
		return ua.StatusBadEventIDUnknown
	}
	return ua.StatusOK
}

// commented keeps a comment; an empty one leaves that of before (Part 9, 5.5.6).
func (a *limitAlarm) commented(in []any, t time.Time) {
	a.changed = true
	if c, _ := in[1].(*ua.LocalizedText); c != nil && (c.Text != "" || c.Locale != "") {
		a.comment, a.changedAt[commentTime] = c, t
	}
}

func (a *limitAlarm) shelve(state uint32, until time.Time) ua.StatusCode {
	switch {
	case !a.enabled:
		return ua.StatusBadConditionDisabled
	case a.shelving == state:
		return ua.StatusBadConditionAlreadyShelved
	}
	a.shelving, a.unshelveAt, a.changed = state, until, true
	return ua.StatusOK
}

// addAlarm adds an alarm to a type or an instance, and returns its nodes. Without an alarm it is a declaration.
func (b *builder) addAlarm(owner *uaserver.Node, prefix, alarmName string, a *limitAlarm) []*uaserver.Node {
	path := prefix + "." + alarmName
	node := b.add(&uaserver.Node{ID: nodeID(path), Class: ua.NodeClassObject, BrowseName: name(alarmName), Description: ua.NewLocalizedText("Tells that the water is too hot")})
	b.space.Link(owner, id.HasComponent, node)
	b.space.Link(owner, id.HasCondition, node)
	members, err := b.space.Instantiate(node, b.space.Standard(id.ExclusiveLevelAlarmType), func(p string) *ua.NodeID {
		return nodeID(path + "." + dotted(p))
	}, alarmOptionals...)
	if err != nil && b.err == nil {
		b.err = err
	}
	nodes := []*uaserver.Node{node}
	for p, n := range members {
		nodes = append(nodes, n)
		if a == nil {
			continue
		}
		if _, ok := (*a.values.Load())[p]; ok {
			n.Variable.Read = func() *ua.DataValue { return (*a.values.Load())[p] }
		}
		if call := alarmMethods[p]; call != nil {
			n.Method.Call = func(in []*ua.Variant) (_ []*ua.Variant, _ []ua.StatusCode, status ua.StatusCode) {
				values := make([]any, len(in))
				for i := range in {
					values[i] = in[i].Value()
				}
				b.plant.change(func(t time.Time) { status = call(a, values, t) })
				return nil, nil, status
			}
		}
	}
	return nodes
}

func dotted(path string) string {
	return string(bytes.ReplaceAll([]byte(path), []byte("/"), []byte(".")))
}
