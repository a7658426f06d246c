package model

import "time"

// HistoryNode is a variable of one of the platform's servers.
type HistoryNode struct {
	Server string
	NodeID ExpandedNodeID
	// Exact asks for values that are no numbers, or that a float64 cannot hold, too. They take a look at each such node.
	Exact bool
}

// NodeHistoryQuery asks for what is stored of variables, all of them in the same form.
type NodeHistoryQuery struct {
	Nodes    []HistoryNode
	From, To time.Time
	// Step 0 asks for raw values.
	Step time.Duration
	// Aggregate is as in HistoryQuery.
	Aggregate string
	// Limit is the largest number of points of each node.
	Limit int
	// Statuses asks for the statuses of raw values.
	Statuses bool
}

// NodeHistory is what is stored of one variable.
type NodeHistory struct {
	// Series is where it comes from. A variable that several writers publish has several; it is the one that most points come from.
	// It is zero when nothing is stored.
	Series SeriesID
	Points []HistoryPoint
	// More tells that there are more points.
	More bool
	// Statuses are the StatusCodes of the series at the times when they changed, the last one before From with them. Of aggregates there are
	// none.
	Statuses []Sample
	// Err tells why this one cannot be answered.
	Err error
}
