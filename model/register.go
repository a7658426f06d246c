package model

// Verbs of registered nodes.
const (
	VerbRegister   = "register"   // Command[ExpandedNodeID] → []RegisterResult
	VerbUnregister = "unregister" // Command[ExpandedNodeID] → []RegisterResult
	VerbRegistered = "registered" // Command[RegisteredQuery] → []RegisteredNodes
)

// RegisterResult answers one node that was to be registered at its server, or no longer (Part 4, 5.9.5).
type RegisterResult struct {
	Status  StatusCode `json:"status,omitempty"`
	Message string     `json:"message,omitempty"`
}

// RegisteredQuery asks for all registered nodes of a server.
type RegisteredQuery struct{}

// RegisteredNodes are the nodes of a server that are registered, in the order of their ids.
type RegisteredNodes struct {
	NodeIDs []ExpandedNodeID `json:"nodeIds"`
}
