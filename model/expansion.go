package model

// MaxExpansionSample bounds the fields in an Expansion.
const MaxExpansionSample = 100

// Expansion is what a Selection would publish now.
type Expansion struct {
	// Status is Bad when the beginning was not found or the server cannot be browsed; Message says more.
	Status  StatusCode `json:"status,omitempty"`
	Message string     `json:"message,omitempty"`
	// Count is how many variables were found; Truncated tells that there are more than MaxNodes or deeper than MaxDepth.
	Count     int  `json:"count"`
	Truncated bool `json:"truncated,omitempty"`
	// Sample are the first fields.
	Sample []PublishedField `json:"sample,omitempty"`
	// ValuesPerSecond is the most that they would send, when each value changes at each sampling: from the sampling interval, and the
	// MinimumSamplingInterval of the first 1,000 nodes.
	ValuesPerSecond float64 `json:"valuesPerSecond"`
}
