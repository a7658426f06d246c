package opcua

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// place is the node of a field, or why it is not known.
type place struct {
	node    model.ExpandedNodeID // where the search began when there is none
	status  model.StatusCode     // Bad when there is no node to ask for
	message string
}

// tell is the state of a field whose node is not known.
func (p place) tell() model.ItemState {
	return model.ItemState{NodeID: p.node, State: model.NodeBad, Status: p.status, Message: p.message}
}

// locate finds the nodes of fields: an id is taken as it is, browse paths are followed for all fields at once. A field that asks for what
// cannot be has a Bad place that says so.
func (s *session) locate(ctx context.Context, fields []model.PublishedField) ([]place, error) {
	places := make([]place, len(fields))
	var walks []walk
	var whose []int
	triggers := map[string]bool{"": true}
	for i := range fields {
		triggers[fields[i].Name] = fields[i].CyclicRead == nil
	}
	for i := range fields {
		f := &fields[i]
		err := checkField(f)
		if err == nil && (!triggers[f.TriggeredBy] || f.TriggeredBy == f.Name && f.Name != "") {
			err = fmt.Errorf("triggeredBy %q is no other monitored field of the writer, want the name of one", f.TriggeredBy)
		}
		if err != nil {
			places[i] = place{f.NodeID, model.StatusBadConfigurationError, err.Error()}
			continue
		}
		if f.BrowsePath == "" {
			places[i].node = f.NodeID
			continue
		}
		walks, whose = append(walks, s.walk(f.NodeID, f.BrowsePath)), append(whose, i)
	}
	if err := s.follow(ctx, walks); err != nil {
		return nil, fmt.Errorf("follow browse paths: %w", err)
	}
	for j, i := range whose {
		if w := &walks[j]; w.status.IsBad() {
			message := fmt.Sprintf("browsePath %q: %s: %s; it is looked for again", fields[i].BrowsePath, w.status.Name(), w.message)
			places[i] = place{fields[i].NodeID, w.status, message}
			continue
		}
		places[i].node = s.namespaces.Expand(walks[j].node)
	}
	return places, nil
}

// checkField refuses what no server could make sense of. Errors name the member, its value and what it may be.
func checkField(f *model.PublishedField) error {
	if f.NodeID.IsNull() && f.BrowsePath == "" {
		return errors.New("nodeId and browsePath are empty, want one of them")
	}
	switch f.Trigger {
	case "", model.TriggerStatus, model.TriggerStatusValue, model.TriggerStatusValueTimestamp:
	default:
		return fmt.Errorf("trigger %q is none, want Status, StatusValue or StatusValueTimestamp", f.Trigger)
	}
	value := f.Attribute == 0 || f.Attribute == model.AttributeValue
	if d := f.Deadband; d != nil {
		switch {
		case d.Type != model.DeadbandAbsolute && d.Type != model.DeadbandPercent:
			return fmt.Errorf("deadband.type %q is none, want Absolute or Percent", d.Type)
		case !(d.Value >= 0) || math.IsInf(d.Value, 1):
			return fmt.Errorf("deadband.value %v is none, want 0 or more", d.Value)
		case !value:
			return fmt.Errorf("deadband is for attribute %d (Value) alone, not for %d", model.AttributeValue, f.Attribute)
		}
	}
	if f.CyclicRead != nil && f.TriggeredBy != "" {
		return errors.New("a field with cyclicRead cannot have triggeredBy, which is for monitored ones; leave one of them out")
	}
	if f.Heartbeat != nil {
		if err := checkHeartbeat(f.Heartbeat.Behavior); err != nil {
			return err
		}
	}
	if _, err := parseRange(f.IndexRange); err != nil {
		return fmt.Errorf("indexRange %q: %w", f.IndexRange, err)
	}
	return nil
}

func checkHeartbeat(b model.HeartbeatBehavior) error {
	known := []model.HeartbeatBehavior{
		"", model.HeartbeatWatchdogLKV, model.HeartbeatWatchdogLKG, model.HeartbeatPeriodicLKV, model.HeartbeatPeriodicLKG, model.HeartbeatPeriodicLKVDropValue,
		model.HeartbeatPeriodicLKGDropValue, model.HeartbeatUpdatedTimestamps, model.HeartbeatDiagnosticsOnly,
	}
	if !slices.Contains(known, b) {
		return fmt.Errorf("heartbeat.behavior %q is none, want one of %v", b, known[1:])
	}
	return nil
}
