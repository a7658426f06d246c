package model

import "time"

// VerbModelMonitor starts deliveries of ModelChanges under each item's ID, as JSON. They end as those of VerbMonitor do.
const VerbModelMonitor = "monitormodel" // Command[ModelMonitorRequest] → null

// ModelChangeVerb says what changed: the bits of the verb of a ModelChangeStructureDataType (Part 5, 12.16).
type ModelChangeVerb uint8

// The bits.
const (
	ModelNodeAdded ModelChangeVerb = 1 << iota
	ModelNodeDeleted
	ModelReferenceAdded
	ModelReferenceDeleted
	ModelDataTypeChanged
	// ModelSemanticChanged is none of the standard's bits: a SemanticChangeEvent says that a property of the node has another value, such as its unit
	// or its range (Part 3, 9.33).
	ModelSemanticChanged ModelChangeVerb = 1 << 7
)

// ModelMonitorRequest asks for the changes of a server's address space.
type ModelMonitorRequest struct {
	// ID names the monitoring among all of the gateway; the asker makes it up.
	ID string `json:"id"`
	// Rebrowse is after how long the address space is browsed again, beside whenever the server says that it changed: changes that a server does not
	// tell of are found so. 0 stands for 12 hours. Negative: it is never browsed; then only what the server tells is delivered, and Reload when
	// that may not be all.
	Rebrowse time.Duration `json:"rebrowse,omitempty"`
}

// ModelChanges is one delivery of changes of an address space. The first one comes when the gateway knows what the address space is like, or that it
// cannot know: every change after it is delivered, or Reload is.
type ModelChanges struct {
	// Sequence counts deliveries from 1.
	Sequence uint64        `json:"sequence"`
	Changes  []ModelChange `json:"changes,omitempty"`
	// Reload tells that there may be changes which are not among Changes, as when the server was away: whoever keeps something of the address
	// space looks at it again.
	Reload bool `json:"reload,omitempty"`
	// Told says that the server tells of changes by events. Else they are found by browsing alone.
	Told bool `json:"told,omitempty"`
	// Status is Bad while changes cannot be seen: the server is not connected (BadServerNotConnected), or cannot be browsed. Message says why.
	Status  StatusCode `json:"status,omitempty"`
	Message string     `json:"message,omitempty"`
}

// ModelChange is one change of an address space.
type ModelChange struct {
	Affected ExpandedNodeID `json:"affected"`
	// AffectedType is the type definition of an Object or a Variable, where it is known.
	AffectedType ExpandedNodeID  `json:"affectedType"`
	Verb         ModelChangeVerb `json:"verb"`
	// Path and NodeClass are those of the affected node where the gateway browses; of a deleted one, as they were.
	Path      string    `json:"path,omitempty"`
	NodeClass NodeClass `json:"nodeClass,omitempty"`
}
