package addressspace

import "time"

// State tells how it stands with the address space of a server.
type State string

// The states.
const (
	// Off: address spaces are not kept.
	Off State = "OFF"
	// Waiting: nothing is known, and the server is not connected, or others are browsed before it.
	Waiting State = "WAITING"
	// Browsing: it is being browsed; what was known before is searched meanwhile.
	Browsing State = "BROWSING"
	// Current: it was browsed, and changes are followed.
	Current State = "CURRENT"
	// Kept: it is as it was before the server was disconnected.
	Kept State = "KEPT"
	// Failed: it could not be browsed, and is tried again.
	Failed State = "FAILED"
)

// Status tells how it stands with the address space of a server.
type Status struct {
	State State
	// Nodes, References and Bytes are those of what is known, 0 for nothing; Version and BrowsedAt are empty then.
	Nodes, References, Bytes int
	Version                  string
	BrowsedAt                time.Time
	// Browsed and Found tell how far it is: of the nodes that are found the references are asked for next.
	Browsed, Found int
	// Error tells why it failed, or what is left out and why.
	Error string
	// Omitted counts what is left out.
	Omitted int
	// Told says that the server tells of changes; else it is browsed from time to time.
	Told bool
}
