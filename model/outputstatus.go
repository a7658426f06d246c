package model

import "time"

// OutputStatus is how an output of a gateway stands: a broker of its configuration file. Totals count since the gateway started.
type OutputStatus struct {
	// Name is what writers name it by.
	Name  string          `json:"name"`
	State ConnectionState `json:"state"`
	// Since is the time of the last change of State; Error tells why it is not Connected.
	Since time.Time `json:"since"`
	Error string    `json:"error,omitempty"`
	// Waiting is how many frames of the gateway, of whatever writer, the output has not passed. They are in the gateway's buffer.
	Waiting uint64 `json:"waiting"`
	// Sent messages are acknowledged by the broker, of QoS 0 written to it; InFlight ones are on their way.
	Sent     uint64 `json:"sent"`
	InFlight int    `json:"inFlight,omitempty"`
	// Dropped counts the frames, of whatever writer, that the buffer's limits took before the output had them.
	Dropped uint64 `json:"dropped,omitempty"`
	// Refused messages are not taken by the broker, too large or not to be encoded; LastRefusal tells why.
	Refused     uint64 `json:"refused,omitempty"`
	LastRefusal string `json:"lastRefusal,omitempty"`
	Reconnects  uint64 `json:"reconnects,omitempty"`
}
