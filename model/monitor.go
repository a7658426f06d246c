package model

import "time"

// MonitorRequest asks for the values of nodes as they change. Its items are those of NodeIDs, then those of Items.
type MonitorRequest struct {
	// ID names the monitoring among all of the gateway; the asker makes it up.
	ID string `json:"id"`
	// NodeIDs are nodes whose Value is monitored at SamplingInterval, the newest value of each delivery alone.
	NodeIDs          []ExpandedNodeID `json:"nodeIds,omitempty"`
	SamplingInterval time.Duration    `json:"samplingInterval,omitempty"`
	// Items are those that want more.
	Items              []MonitoredItem `json:"items,omitempty"`
	PublishingInterval time.Duration   `json:"publishingInterval"`
	// Compact takes deliveries in the form of uadp.AppendValueChanges where that has one for their values. Gateways of before it send JSON.
	Compact bool `json:"compact,omitempty"`
}

// Count is the number of items.
func (r *MonitorRequest) Count() int { return len(r.NodeIDs) + len(r.Items) }

// Item is the i-th item.
func (r *MonitorRequest) Item(i int) MonitoredItem {
	if i < len(r.NodeIDs) {
		return MonitoredItem{NodeID: r.NodeIDs[i], SamplingInterval: r.SamplingInterval}
	}
	return r.Items[i-len(r.NodeIDs)]
}

// MonitoredItem is what is monitored of a node, and how (Part 4, 5.13.1 and 7.21). The zero value of each field stands for its default.
type MonitoredItem struct {
	NodeID ExpandedNodeID `json:"nodeId"`
	// Attribute 0 is Value.
	Attribute        AttributeID   `json:"attribute,omitempty"`
	IndexRange       string        `json:"indexRange,omitempty"`
	SamplingInterval time.Duration `json:"samplingInterval,omitempty"`
	// QueueSize over 1 has all values delivered that the server sampled, at most so many in one delivery; else it is the newest one.
	QueueSize uint32 `json:"queueSize,omitempty"`
	// DiscardNewest has the newest value dropped when the queue is full, in place of the oldest.
	DiscardNewest bool              `json:"discardNewest,omitempty"`
	Trigger       DataChangeTrigger `json:"trigger,omitempty"`
	Deadband      *Deadband         `json:"deadband,omitempty"`
}

// ValueChange is a value of one monitored item. A node that cannot be monitored has one change with the Bad status
// and a Message that say why.
type ValueChange struct {
	// Item is the index of the item in the request.
	Item    int            `json:"item,omitempty"`
	NodeID  ExpandedNodeID `json:"nodeId"`
	Value   DataValue      `json:"value"`
	Message string         `json:"message,omitempty"`
}

// MonitoredItemState tells how an item stands whose state changed: Status is Bad with a Message for one that cannot be monitored, which is tried again,
// and BadWaitingForInitialData for one that has not answered in time; Good when it is monitored after all.
type MonitoredItemState struct {
	Item    int            `json:"item,omitempty"`
	NodeID  ExpandedNodeID `json:"nodeId"`
	Status  StatusCode     `json:"status,omitempty"`
	Message string         `json:"message,omitempty"`
}

// MonitorConnection tells how the way to the server stands. While it is not StateConnected no values come.
type MonitorConnection struct {
	State   ConnectionState `json:"state"`
	Message string          `json:"message,omitempty"`
}

// ValueChanges is one delivery of a monitoring: what changed since the last one. The first one has all items, in Changes, States or both, unless the
// server is not connected.
type ValueChanges struct {
	// Sequence counts deliveries from 1.
	Sequence uint64 `json:"sequence"`
	// Changes are in the order of the items; those of one item in the order of time.
	Changes []ValueChange `json:"changes"`
	// Overflow tells that values were skipped: the server's queue overflowed, or the receiver was slower than the source. Of items without a queue only
	// the newest value matters, and skipped ones are told here all the same.
	Overflow bool `json:"overflow,omitempty"`
	// States are those of the items whose state changed.
	States []MonitoredItemState `json:"states,omitempty"`
	// Connection is there when it changed, and in the first delivery.
	Connection *MonitorConnection `json:"connection,omitempty"`
}
