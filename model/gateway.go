package model

import "time"

// BufferStatus is what a gateway in a process of its own reports of its buffer and of its link to the core.
type BufferStatus struct {
	// Frames and Bytes are in the buffer, of MaxBytes. What the core took stays a few seconds longer.
	Frames   uint64 `json:"frames"`
	Bytes    uint64 `json:"bytes"`
	MaxBytes uint64 `json:"maxBytes"`
	// DiskFree is what is free on the disk of the buffer, in bytes; Disk is "ok", "low" before it is full, or "full": then frames go before MaxBytes.
	DiskFree uint64 `json:"diskFree,omitempty"`
	Disk     string `json:"disk,omitempty"`
	// Oldest is when the oldest of them was stored; zero when there is none.
	Oldest time.Time `json:"oldest,omitzero"`
	// Dropped counts the frames, since the gateway started, that went because the buffer was full or they were too old; LastDropped is when
	// that was noticed last.
	Dropped     uint64    `json:"dropped"`
	LastDropped time.Time `json:"lastDropped,omitzero"`
	// Forwarded counts the frames that the core took since the gateway started, ForwardRate those a second in the last seconds.
	Forwarded   uint64  `json:"forwarded"`
	ForwardRate float64 `json:"forwardRate"`
	// Late counts the frames, since the gateway started, that newer ones went before; Backlog tells that there are some now.
	Late    uint64 `json:"late,omitempty"`
	Backlog bool   `json:"backlog,omitempty"`
	// Reconnects counts the times that handing over ended with an error, since the gateway started.
	Reconnects uint64 `json:"reconnects"`
}

// GatewayLink is how the core knows a gateway.
type GatewayLink struct {
	// Local tells that the gateway is in the core's own process.
	Local bool
	// Enrolled is when the gateway's key was accepted; zero when it was not.
	Enrolled time.Time
	// Connected tells that it was heard within the last seconds; Heard is when it was last, zero when it was not since the core started.
	Connected bool
	Heard     time.Time
}

// GatewayToken lets a gateway enrol once.
type GatewayToken struct {
	Gateway string
	// Token is shown once. It has the fingerprint of the core's certificate in it.
	Token   string
	Expires time.Time
	// Fingerprint is the SHA-256 of the core's certificate for gateways, in hexadecimal.
	Fingerprint string
}
