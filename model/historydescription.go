package model

import "time"

// HistoryCapabilitiesQuery asks for the HistoryCapabilities of a server.
type HistoryCapabilitiesQuery struct{}

// HistoryCapabilities is what a server can do with history (HistoryServerCapabilitiesType, Part 11, 5.4.2). What the server does not tell is nil.
type HistoryCapabilities struct {
	AccessHistoryData        *bool `json:"accessHistoryData,omitempty"`
	AccessHistoryEvents      *bool `json:"accessHistoryEvents,omitempty"`
	InsertData               *bool `json:"insertData,omitempty"`
	ReplaceData              *bool `json:"replaceData,omitempty"`
	UpdateData               *bool `json:"updateData,omitempty"`
	DeleteRaw                *bool `json:"deleteRaw,omitempty"`
	DeleteAtTime             *bool `json:"deleteAtTime,omitempty"`
	InsertEvent              *bool `json:"insertEvent,omitempty"`
	ReplaceEvent             *bool `json:"replaceEvent,omitempty"`
	UpdateEvent              *bool `json:"updateEvent,omitempty"`
	DeleteEvent              *bool `json:"deleteEvent,omitempty"`
	InsertAnnotation         *bool `json:"insertAnnotation,omitempty"`
	ServerTimestampSupported *bool `json:"serverTimestampSupported,omitempty"`
	// The most values or events of a node in one answer of the server, and its limits for one request; 0 is no limit.
	MaxReturnDataValues            *uint32 `json:"maxReturnDataValues,omitempty"`
	MaxReturnEventValues           *uint32 `json:"maxReturnEventValues,omitempty"`
	MaxHistoryContinuationPoints   *uint32 `json:"maxHistoryContinuationPoints,omitempty"`
	MaxNodesPerHistoryReadData     *uint32 `json:"maxNodesPerHistoryReadData,omitempty"`
	MaxNodesPerHistoryReadEvents   *uint32 `json:"maxNodesPerHistoryReadEvents,omitempty"`
	MaxNodesPerHistoryUpdateData   *uint32 `json:"maxNodesPerHistoryUpdateData,omitempty"`
	MaxNodesPerHistoryUpdateEvents *uint32 `json:"maxNodesPerHistoryUpdateEvents,omitempty"`
	// Aggregates are the functions that the server computes.
	Aggregates []AggregateFunction `json:"aggregates,omitempty"`
}

// AggregateFunction is one that a server computes (Part 13, 4.2.2).
type AggregateFunction struct {
	NodeID ExpandedNodeID `json:"nodeId"`
	Name   string         `json:"name"`
}

// HistoryConfiguration is how a server keeps the history of a variable (HistoricalDataConfigurationType, Part 11, 5.2.3). Status is BadNotFound for a node without one.
// What the server does not tell is nil, or zero.
type HistoryConfiguration struct {
	Status  StatusCode `json:"status,omitempty"`
	Message string     `json:"message,omitempty"`
	// Stepped tells that values hold until the next one, else they are interpolated.
	Stepped    *bool  `json:"stepped,omitempty"`
	Definition string `json:"definition,omitempty"`
	// The values come at least MinTimeInterval and at most MaxTimeInterval apart.
	MaxTimeInterval *time.Duration `json:"maxTimeInterval,omitempty"`
	MinTimeInterval *time.Duration `json:"minTimeInterval,omitempty"`
	// ExceptionDeviation is by how much a value must differ to be stored, as ExceptionDeviationFormat says (Part 11, 5.2.3): 0 absolute,
	// 1 percent of the value, 2 percent of InstrumentRange, 3 percent of EURange, 4 unknown.
	ExceptionDeviation       *float64                `json:"exceptionDeviation,omitempty"`
	ExceptionDeviationFormat *int32                  `json:"exceptionDeviationFormat,omitempty"`
	StartOfArchive           DateTime                `json:"startOfArchive,omitempty"`
	StartOfOnlineArchive     DateTime                `json:"startOfOnlineArchive,omitempty"`
	ServerTimestampSupported *bool                   `json:"serverTimestampSupported,omitempty"`
	Aggregate                *AggregateConfiguration `json:"aggregate,omitempty"`
	// Aggregates are the functions for this node; empty where the server tells of none, then those of HistoryCapabilities hold.
	Aggregates []AggregateFunction `json:"aggregates,omitempty"`
}
