package model

import "time"

// GapCause is why values are missing.
type GapCause string

// The causes of gaps.
const (
	// GapServerRestarted: the server was started anew and knows nothing of the subscriptions that it had.
	GapServerRestarted GapCause = "ServerRestarted"
	// GapSubscriptionLost: the server dropped a subscription, because its lifetime ended while the gateway was away or by its own decision, or it does
	// not let another session have it.
	GapSubscriptionLost GapCause = "SubscriptionLost"
	// GapNotAvailable: the server no longer has notifications that it had sent and that did not arrive.
	GapNotAvailable GapCause = "NotAvailable"
	// GapServerQueue: the queue of monitored items overflowed at the server.
	GapServerQueue GapCause = "ServerQueue"
	// GapGatewayQueue: the gateway was not able to take over what the server sent.
	GapGatewayQueue GapCause = "GatewayQueue"
	// GapUndecodable: the server sent bytes that are no values.
	GapUndecodable GapCause = "Undecodable"
	// GapBufferFull: the gateway's buffer was full or its frames too old before the core took them.
	GapBufferFull GapCause = "BufferFull"
)

// MaxGapWriters bounds the writers that a Gap names.
const MaxGapWriters = 10

// Gap is a time for which values are missing that cannot be delivered any more.
type Gap struct {
	// Number counts the gaps of a gateway from 1 on. It identifies the gap there.
	Number uint64 `json:"number"`
	// Server is the id of the server whose values are missing; empty when those of all may be.
	Server string `json:"server,omitempty"`
	// Writers are those that miss values, at most MaxGapWriters of them; WriterCount is how many there are, 0 when that is not known.
	Writers     []WriterKey `json:"writers,omitempty"`
	WriterCount int         `json:"writerCount,omitempty"`
	// From and To bound the time in which values may be missing, by the gateway's clock.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Cause is why.
	Cause GapCause `json:"cause"`
	// Messages and Values count what is missing at least: notifications of the server (frames, for GapBufferFull) and values; 0 when it is not known.
	Messages uint64 `json:"messages,omitempty"`
	Values   uint64 `json:"values,omitempty"`
	// Detail is what happened, for people.
	Detail string `json:"detail,omitempty"`
}

// LastGap is the end of the newest gap; zero when there is none.
func (s *GatewayStatus) LastGap() (at time.Time) {
	for i := range s.Gaps {
		if s.Gaps[i].To.After(at) {
			at = s.Gaps[i].To
		}
	}
	return at
}
