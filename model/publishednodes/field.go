package publishednodes

import (
	"fmt"
	"math"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// fastestSampling stands for OPC Publisher's sampling interval 0; servers revise it to what they can.
	fastestSampling = time.Millisecond
	// fastestPublishing stands for its publishing interval 0, the shortest that the platform takes.
	fastestPublishing = 10 * time.Millisecond
	// longest bounds sampling and publishing intervals.
	longest = day
	// maxTriggered bounds the nodes that one node triggers.
	maxTriggered = 1000
)

// rootFolder is where browse paths begin (Part 5, 8.2.2); the model's paths begin there when they have no node.
var rootFolder = model.Expanded(model.NumericID(0, 84))

// target is the node with the browse path from it. root is where paths of nodes without an id begin, fallback the node when neither is given. last
// is the last name of the path.
func (n *node) target(at *place, root, fallback model.ExpandedNodeID) (id model.ExpandedNodeID, path, last string) {
	if isSet(n.browsePath) {
		var c *complaint
		if path, last, c = parsePath(n.browsePath); c != nil {
			at.report("BrowsePath", &n.browsePath, c)
		}
	}
	written, property := n.id, "Id"
	if written == "" {
		written, property = n.expandedID, "ExpandedNodeId"
	} else if n.expandedID != "" && n.expandedID != n.id {
		at.report("ExpandedNodeId", nil, warn("contradicts Id, which counts", "remove one of them"))
	}
	switch {
	case written != "":
		var err error
		if id, err = parseNodeID(written); err != nil {
			at.report(property, nil, wrong(err.Error(), "write it as in nsu=urn:acme;s=Temp, ns=2;s=Temp or i=2258"))
		} else if id.IsNull() {
			at.report(property, nil, wrong(fmt.Sprintf("%q is the null node", written), "write the id of a node"))
		}
	case path != "":
		id = root
	case fallback.IsNull():
		at.report("Id", nil, wrong("is missing", "write Id, as in nsu=urn:acme;s=Temp, or BrowsePath"))
	default:
		id = fallback
	}
	if path != "" && id == rootFolder {
		id = model.ExpandedNodeID{}
	}
	return id, path, last
}

// defaultName is the name of a field that has none: the last one of its path, else the node's id.
func defaultName(id model.ExpandedNodeID, last string) string {
	if last != "" {
		return last
	}
	return id.String()
}

// field makes a PublishedField of a node of an entry; publishing is the interval of its writer. Its name is not yet unique.
func (n *node) field(e *entry, publishing time.Duration, at *place) model.PublishedField {
	f := model.PublishedField{
		Attribute: n.attribute, IndexRange: n.indexRange, QueueSize: n.queueSize, DiscardNew: n.discardNew, SkipFirst: n.skipFirst,
		Deadband: n.deadband(at), Heartbeat: n.fieldHeartbeat(e, at),
	}
	if n.trigger != model.TriggerStatusValue {
		f.Trigger = n.trigger
	}
	var last string
	f.NodeID, f.BrowsePath, last = n.target(at, optionalID(e.rootNode, "DataSetRootNodeId", at), model.ExpandedNodeID{})
	if f.Name = n.fieldID; f.Name == "" {
		f.Name = n.displayName
	}
	if f.Name == "" {
		f.Name = defaultName(f.NodeID, last)
	}
	if n.sampling.given {
		f.SamplingInterval = sampling(n.sampling.value, publishing, "OpcSamplingInterval", at)
		if f.SamplingInterval == 0 {
			f.SamplingInterval = fastestSampling
		}
	}
	switch {
	case n.cyclicRead:
		if n.maxAge.value < 0 {
			at.report("CyclicReadMaxAge", nil, wrong("is negative", "write 0 or more"))
		}
		f.CyclicRead = &model.CyclicRead{MaxAge: n.maxAge.value, RegisterNode: n.register}
	case n.register || n.maxAge.given:
		at.report("RegisterNode", nil, note("and CyclicReadMaxAge have an effect with UseCyclicRead only", "write UseCyclicRead true, or remove them"))
	}
	return f
}

// sampling checks a sampling interval; -1 stands for the publishing interval.
func sampling(d, publishing time.Duration, property string, at *place) time.Duration {
	if d < 0 {
		return publishing
	}
	if d > longest {
		at.report(property, nil, wrong("is longer than a day", "write at most 1.00:00:00"))
	}
	return d
}

// publishing checks a publishing interval; 0 stands for the fastest.
func publishing(d time.Duration, property string, at *place) time.Duration {
	switch {
	case d < 0 || d > longest:
		at.report(property, nil, wrong("is not between 0 and a day", "write for example 00:00:01"))
	case d > 0 && d < fastestPublishing:
		at.report(property, nil, note("is raised to 10 ms, the shortest interval", "collect faster values with a shorter sampling interval and a queue"))
	}
	return max(d, fastestPublishing)
}

// deadband makes a Deadband.
func (n *node) deadband(at *place) *model.Deadband {
	given := n.deadbandType != "" && n.deadbandType != "None"
	switch {
	case !given && n.deadbandValue == nil || n.deadbandType == "None":
		return nil
	case !given:
		at.report("DeadbandValue", nil, warn("has no effect without DeadbandType", "write DeadbandType Absolute or Percent"))
		return nil
	case n.deadbandValue == nil:
		at.report("DeadbandType", nil, warn("has no effect without DeadbandValue", "write DeadbandValue"))
		return nil
	}
	d := &model.Deadband{Type: model.DeadbandType(n.deadbandType), Value: *n.deadbandValue}
	switch {
	case d.Type == model.DeadbandPercent && (d.Value < 0 || d.Value > 100):
		d.Value = math.Min(math.Max(d.Value, 0), 100)
		at.report("DeadbandValue", nil, warn("is no percentage, the nearest one is taken", "write 0 to 100"))
	case d.Value < 0:
		at.report("DeadbandValue", nil, wrong("is negative", "write 0 or more"))
	}
	return d
}

// fieldHeartbeat is the field's own; nil for the writer's.
func (n *node) fieldHeartbeat(e *entry, at *place) *model.Heartbeat {
	if !n.heartbeat.given && n.heartbeatBehavior == "" {
		return nil
	}
	h := &model.Heartbeat{Interval: n.heartbeat.or(e.heartbeat.value), Behavior: n.heartbeatBehavior}
	if h.Behavior == "" {
		h.Behavior = e.heartbeatBehavior
	}
	switch {
	case h.Interval < 0:
		at.report("HeartbeatInterval", nil, wrong("is negative", "write 0 for none"))
	case h.Interval == 0 && e.heartbeat.value == 0:
		return nil // there is none to be switched off
	case h.Interval == 0:
		h.Behavior = ""
	}
	return h
}
