package model

import "time"

// NodeState tells how a published node stands, the desired state against the actual one.
type NodeState string

// The states of a published node.
const (
	// NodeCreating: it is wanted, and the server has not answered yet.
	NodeCreating NodeState = "Creating"
	// NodeActive: the server monitors it, and its newest value is not Bad.
	NodeActive NodeState = "Active"
	// NodeBad: the server refuses it, or its newest value is Bad. What was refused is tried again by itself.
	NodeBad NodeState = "Bad"
	// NodeOverflow: its queue at the server overflowed within OverflowMemory, so values were lost.
	NodeOverflow NodeState = "Overflow"
	// NodeLate: the server monitors it and sends nothing: no first value (Part 4, 5.13.1.3 asks for one), or none for the timeout of the
	// writer's Watchdog.
	NodeLate NodeState = "Late"
	// NodeDisconnected: the server is not connected; why stands in the ServerStatus.
	NodeDisconnected NodeState = "Disconnected"
)

// NodeStates are all states, those that call for somebody last.
func NodeStates() []NodeState {
	return []NodeState{NodeActive, NodeCreating, NodeDisconnected, NodeLate, NodeOverflow, NodeBad}
}

// OverflowMemory is how long a node stays in NodeOverflow after its queue overflowed.
const OverflowMemory = time.Minute

// ItemState is the actual state of one published field.
type ItemState struct {
	Field  string         `json:"field"`
	NodeID ExpandedNodeID `json:"nodeId"`
	State  NodeState      `json:"state,omitempty"`
	// Status is the server's answer when it refuses the node, else the status of the newest value.
	Status StatusCode `json:"status"`
	// Message says more than the status, if there is more to say.
	Message string `json:"message,omitempty"`
	// Since is when the server accepted or refused the node, or its values began to be Bad or ceased to be; zero before.
	Since time.Time `json:"since,omitzero"`
	// LastValue is when the newest value arrived; zero before the first.
	LastValue time.Time `json:"lastValue,omitzero"`
	// Values and Overflows count the values that arrived, and those that said that others before them were lost (Part 4, 7.39.1), since the
	// field is published.
	Values    uint64 `json:"values,omitempty"`
	Overflows uint64 `json:"overflows,omitempty"`
	// SamplingInterval and QueueSize are what the server made of those that were asked for; 0 while it does not monitor the node.
	SamplingInterval time.Duration `json:"samplingInterval,omitempty"`
	QueueSize        uint32        `json:"queueSize,omitempty"`
}

// MaxNodePage is the most nodes in a NodePage.
const MaxNodePage = 1000

// NodeQuery asks for the states of the nodes that a gateway publishes from one server.
type NodeQuery struct {
	// Writer selects the nodes of one writer; nil those of all writers of the server.
	Writer *WriterKey `json:"writer,omitempty"`
	// States selects nodes in one of these states; empty in any.
	States []NodeState `json:"states,omitempty"`
	// Text selects nodes with it in the name of their field or their node id, in any case.
	Text string `json:"text,omitempty"`
	// First is how many to return, at most MaxNodePage; 0 returns the totals alone.
	First int `json:"first"`
	// After is the field to go on behind; its zero value begins at the first. Fields come in the order of the DataSet, writer by writer.
	After SeriesID `json:"after,omitzero"`
}

// PublishedNode is the state of a field with the writer that it belongs to.
type PublishedNode struct {
	Writer WriterKey `json:"writer"`
	ItemState
}

// NodePage answers one NodeQuery.
type NodePage struct {
	// Status is BadNotFound for a Writer that does not publish from the server, or an After that is not among its fields.
	Status  StatusCode      `json:"status,omitempty"`
	Message string          `json:"message,omitempty"`
	Nodes   []PublishedNode `json:"nodes,omitempty"`
	// More tells that there are more nodes behind the last one.
	More bool `json:"more,omitempty"`
	// Totals counts the nodes that Writer and Text select by their states, whatever States asks for.
	Totals map[NodeState]int `json:"totals"`
	// Values, Overflows and LastValue sum up the same nodes.
	Values    uint64    `json:"values"`
	Overflows uint64    `json:"overflows"`
	LastValue time.Time `json:"lastValue,omitzero"`
}
