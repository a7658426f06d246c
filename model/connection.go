package model

import "time"

// ConnectionState tells how the connection to a server stands.
type ConnectionState string

// The states of a connection.
const (
	// StateUnknown: its gateway has not reported yet.
	StateUnknown      ConnectionState = "Unknown"
	StateConnecting   ConnectionState = "Connecting"
	StateConnected    ConnectionState = "Connected"
	StateReconnecting ConnectionState = "Reconnecting"
	// StateRefused: the server or we refuse the connection (certificate, user, endpoint). It is tried again, slowly.
	StateRefused ConnectionState = "Refused"
)

// ConnectionReason is the kind of fault that a server is not connected for. Programs may rely on it, where the text is for people.
type ConnectionReason string

// The reasons.
const (
	// ReasonNotReachable: nothing listens at the address, or there is no way to it.
	ReasonNotReachable ConnectionReason = "NotReachable"
	// ReasonHostUnknown: the name of the host has no address.
	ReasonHostUnknown ConnectionReason = "HostUnknown"
	// ReasonNoAnswer: what listens there does not answer, or no longer.
	ReasonNoAnswer ConnectionReason = "NoAnswer"
	// ReasonConnectionClosed: the server, or somebody between, closed the connection.
	ReasonConnectionClosed ConnectionReason = "ConnectionClosed"
	// ReasonNotOPCUA: what answers does not speak OPC UA.
	ReasonNotOPCUA ConnectionReason = "NotOPCUA"
	// ReasonEndpointNotOffered: the server has no endpoint of the wanted security or way to log in.
	ReasonEndpointNotOffered ConnectionReason = "EndpointNotOffered"
	// ReasonCertificateUntrusted: we do not trust the server's certificate.
	ReasonCertificateUntrusted ConnectionReason = "CertificateUntrusted"
	// ReasonCertificateInvalid: the server's certificate or signature is wrong: expired, of another application, malformed.
	ReasonCertificateInvalid ConnectionReason = "CertificateInvalid"
	// ReasonCertificateRefused: the server does not trust the gateway's certificate.
	ReasonCertificateRefused ConnectionReason = "CertificateRefusedByServer"
	// ReasonUserRefused: the server refuses the user, or the anonymous one.
	ReasonUserRefused ConnectionReason = "UserRefused"
	// ReasonTooManySessions: the server has no room for one more session or connection.
	ReasonTooManySessions ConnectionReason = "TooManySessions"
	// ReasonServerHalted: the server is stopped or about to.
	ReasonServerHalted ConnectionReason = "ServerHalted"
	// ReasonBusy: the server has too much to do.
	ReasonBusy ConnectionReason = "Busy"
	// ReasonConfiguration: the server's record cannot be used.
	ReasonConfiguration ConnectionReason = "Configuration"
	// ReasonOther: see the text.
	ReasonOther ConnectionReason = "Other"
)

// ConnectionReasons are all reasons.
func ConnectionReasons() []ConnectionReason {
	return []ConnectionReason{
		ReasonNotReachable, ReasonHostUnknown, ReasonNoAnswer, ReasonConnectionClosed, ReasonNotOPCUA, ReasonEndpointNotOffered, ReasonCertificateUntrusted,
		ReasonCertificateInvalid, ReasonCertificateRefused, ReasonUserRefused, ReasonTooManySessions, ReasonServerHalted, ReasonBusy, ReasonConfiguration, ReasonOther,
	}
}

// ServerFigures is how much goes on between a gateway and one server. Totals count since the gateway connects the server.
type ServerFigures struct {
	// Values arrived, ValuesPerSecond since the figures before; LastValue is when the newest did, zero before the first.
	Values          uint64    `json:"values"`
	ValuesPerSecond float64   `json:"valuesPerSecond"`
	LastValue       time.Time `json:"lastValue,omitzero"`
	// Overflows counts values that said that the queue of their node overflowed at the server.
	Overflows uint64 `json:"overflows"`
	// MissingMessages are messages of the server that did not arrive and that it no longer had; CrowdedValues arrived when there was no room for
	// them; UndecodableValues are bytes that are no values. Each is a loss.
	MissingMessages   uint64 `json:"missingMessages,omitempty"`
	CrowdedValues     uint64 `json:"crowdedValues,omitempty"`
	UndecodableValues uint64 `json:"undecodableValues,omitempty"`
	// LateItems are the monitored items without their first value although it is due.
	LateItems int `json:"lateItems"`
	// Subscriptions are at the server; Publishes are Publish requests that wait there for something to report.
	Subscriptions int `json:"subscriptions"`
	// Sessions are those for subscriptions that are connected: one, or more where the server takes no more subscriptions in one.
	Sessions  int `json:"sessions,omitempty"`
	Publishes int `json:"publishes"`
	// Queued are values that were received and are not passed to the publisher yet.
	Queued int `json:"queued"`
	// Heartbeats counts those that were sent, or were due with HeartbeatDiagnosticsOnly; SkippedReads the cycles of cyclic reads that were left out
	// because one failed or took too long.
	Heartbeats   uint64 `json:"heartbeats,omitempty"`
	SkippedReads uint64 `json:"skippedReads,omitempty"`
	// Monitors are the live monitorings of values, SharedItems the monitored items at the server that they share; SkippedValues counts what one of them
	// was not given because a newer value had come.
	Monitors      int    `json:"monitors,omitempty"`
	SharedItems   int    `json:"sharedItems,omitempty"`
	SkippedValues uint64 `json:"skippedValues,omitempty"`
	// HeldPages are lists of references that somebody pages through and whose place is kept. RestartedPages counts later pages that were browsed from the
	// first reference on because their place was not, EvictedPages places that went because others needed the room.
	HeldPages      int    `json:"heldPages,omitempty"`
	RestartedPages uint64 `json:"restartedPages,omitempty"`
	EvictedPages   uint64 `json:"evictedPages,omitempty"`
}
