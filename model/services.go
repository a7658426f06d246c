package model

import (
	"encoding/json"
	"time"
)

// The types in this file are the services of OPC UA (Part 4) as the platform's parts ask them of each other. Node ids are in
// their nsu= form, since the asker does not know the session's namespace table. Every batch answers item by item: a Bad
// Status with a Message for one item says nothing of the others.

// Command is the body of a request to a gateway: items for one of its servers. The verbs are the constants Verb….
type Command[T any] struct {
	Server string `json:"server"`
	Items  []T    `json:"items"`
	// Gzip says that the asker takes an answer that is packed with gzip.
	Gzip bool `json:"gzip,omitempty"`
}

// The verbs of the commands that a gateway answers. The answer to a verb is the JSON array of its results.
const (
	VerbBrowse    = "browse"    // Command[BrowseDescription] → []BrowseResult
	VerbTranslate = "translate" // Command[BrowsePath] → []TranslateResult
	VerbRead      = "read"      // Command[ReadValueID] → []ReadResult
	VerbWrite     = "write"     // Command[WriteValue] → []WriteResult
	VerbCall      = "call"      // Command[CallRequest] → []CallResult
	VerbMethods   = "methods"   // Command[ExpandedNodeID] → []MethodDescription
	VerbExpand    = "expand"    // Command[Selection] → []Expansion
	VerbNodes     = "nodes"     // Command[NodeQuery] → []NodePage
	VerbKeyFrame  = "keyframe"  // Command[KeyFrameRequest] → []KeyFrameResult
	// VerbMonitor starts deliveries of ValueChanges under each item's ID, as JSON or in the compact form that the item asks for. They end when the asker has not renewed them
	// for MonitorLease.
	VerbMonitor = "monitor" // Command[MonitorRequest] → null
	// VerbRenew renews monitorings by their ids; VerbEnd ends them.
	VerbRenew = "renew" // Command[string] → null
	VerbEnd   = "end"   // Command[string] → null
)

// MonitorLease is how long a gateway delivers to an asker from whom it has not heard; askers renew three times as often.
const MonitorLease = 30 * time.Second

// BrowseDirection tells which references to follow (Part 4, 7.5).
type BrowseDirection uint8

// The directions.
const (
	BrowseForward BrowseDirection = 0
	BrowseInverse BrowseDirection = 1
	BrowseBoth    BrowseDirection = 2
)

// BrowseDescription asks for the references of one node (Part 4, 5.9.2).
type BrowseDescription struct {
	NodeID    ExpandedNodeID  `json:"nodeId"`
	Direction BrowseDirection `json:"direction,omitempty"`
	// ReferenceType is null for references of all types.
	ReferenceType   ExpandedNodeID `json:"referenceType"`
	IncludeSubtypes bool           `json:"includeSubtypes,omitempty"`
	// NodeClassMask 0 stands for all classes.
	NodeClassMask NodeClass `json:"nodeClassMask,omitempty"`
	// View is the View within which references are followed; null for the whole address space.
	View ExpandedNodeID `json:"view,omitzero"`
	// Skip passes over the first references. The page after another one, with Skip as many larger as that had references and all else the same, costs one
	// BrowseNext for a minute or so; any other Skip has the server list the references from the first one on.
	Skip int `json:"skip,omitempty"`
	// MaxReferences bounds the answer; 0 stands for the gateway's limit. More references make BrowseResult.More.
	MaxReferences int `json:"maxReferences,omitempty"`
}

// Reference is one reference of a browsed node (Part 4, 7.29).
type Reference struct {
	ReferenceType  ExpandedNodeID `json:"referenceType"`
	IsForward      bool           `json:"isForward,omitempty"`
	NodeID         ExpandedNodeID `json:"nodeId"`
	BrowseName     QualifiedName  `json:"browseName"`
	DisplayName    LocalizedText  `json:"displayName"`
	NodeClass      NodeClass      `json:"nodeClass"`
	TypeDefinition ExpandedNodeID `json:"typeDefinition"`
}

// BrowseResult answers one BrowseDescription.
type BrowseResult struct {
	Status     StatusCode  `json:"status,omitempty"`
	Message    string      `json:"message,omitempty"`
	References []Reference `json:"references,omitempty"`
	// More tells that the node has more references after these. The next page may be empty all the same.
	More bool `json:"more,omitempty"`
}

// ReadValueID asks for one attribute of one node (Part 4, 7.28).
type ReadValueID struct {
	NodeID    ExpandedNodeID `json:"nodeId"`
	Attribute AttributeID    `json:"attribute"`
	// IndexRange is "3", "2:5" or "0:1,3"; empty for the whole value.
	IndexRange string `json:"indexRange,omitempty"`
	// MaxAge is how old a value the server may answer with instead of asking its device (Part 4, 5.10.2); 0 for the newest that it can get.
	MaxAge time.Duration `json:"maxAge,omitempty"`
	// Timestamps are those to return. What differs in it or in MaxAge goes in requests of its own.
	Timestamps TimestampsToReturn `json:"timestamps,omitempty"`
}

// TimestampsToReturn tells which times come with a value (Part 4, 7.40). Its zero value is both, unlike that of the standard.
type TimestampsToReturn uint8

// The choices.
const (
	TimestampsBoth TimestampsToReturn = iota
	TimestampsSource
	TimestampsServer
	TimestampsNeither
)

// ReadResult answers one ReadValueID. NodeIds within Value are made ExpandedNodeIds in their nsu= form, QualifiedNames carry
// their NamespaceURI.
type ReadResult struct {
	DataValue
	Message string
}

// WriteValue asks to write one attribute (Part 4, 5.11.4). Value is plain JSON (the form in which Variant prints its value): the
// gateway coerces it to the node's DataType and refuses what does not fit.
type WriteValue struct {
	NodeID     ExpandedNodeID  `json:"nodeId"`
	Attribute  AttributeID     `json:"attribute"`
	IndexRange string          `json:"indexRange,omitempty"`
	Value      json.RawMessage `json:"value"`
	// Quality and SourceTimestamp are written with the value, for servers that take them; both 0 writes the value alone.
	Quality         StatusCode `json:"quality,omitempty"`
	SourceTimestamp DateTime   `json:"sourceTimestamp,omitempty"`
	// Verify has the gateway read back what it wrote and compare.
	Verify bool `json:"verify,omitempty"`
}

// WriteResult answers one WriteValue.
type WriteResult struct {
	Status  StatusCode `json:"status,omitempty"`
	Message string     `json:"message,omitempty"`
	// Verification is there when it was asked for and the write was carried out.
	Verification *Verification `json:"verification,omitempty"`
}

// Verification tells what a node has after it was written.
type Verification struct {
	Outcome VerificationOutcome `json:"outcome"`
	// Difference says what is not as it was written, or why it could not be read.
	Difference string `json:"difference,omitempty"`
	// Read is what was read back.
	Read ReadResult `json:"read"`
}

// VerificationOutcome is the outcome of reading back what was written.
type VerificationOutcome string

// The outcomes.
const (
	Verified           VerificationOutcome = "verified"   // the node has what was written
	VerifiedDifferent  VerificationOutcome = "different"  // it has something else
	VerifiedUnreadable VerificationOutcome = "unreadable" // it cannot be read
)

// CallRequest asks to call one method (Part 4, 5.12.2). Arguments are plain JSON, coerced to the method's InputArguments.
type CallRequest struct {
	ObjectID       ExpandedNodeID    `json:"objectId"`
	MethodID       ExpandedNodeID    `json:"methodId"`
	InputArguments []json.RawMessage `json:"inputArguments"`
}

// CallResult answers one CallRequest.
type CallResult struct {
	Status  StatusCode `json:"status,omitempty"`
	Message string     `json:"message,omitempty"`
	// InputArgumentResults has one result per argument when an argument was refused, else it is empty.
	InputArgumentResults []WriteResult `json:"inputArgumentResults,omitempty"`
	OutputArguments      []Argument    `json:"outputArguments,omitempty"`
}

// Argument is one output argument with its value.
type Argument struct {
	Name  string  `json:"name"`
	Value Variant `json:"value"`
}

// TranslateResult answers one browse path (Part 4, 5.9.4).
type TranslateResult struct {
	NodeID  ExpandedNodeID `json:"nodeId"`
	Status  StatusCode     `json:"status,omitempty"`
	Message string         `json:"message,omitempty"`
}
