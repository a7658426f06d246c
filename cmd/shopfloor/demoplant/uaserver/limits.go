package uaserver

import "time"

// What one client or the sum of them may take. Clients read the per-request limits from Server/ServerCapabilities.
const (
	maxOperations         = 1000 // nodes, items, paths or methods per request
	maxReferences         = 5000 // references per BrowseResult
	maxContinuationPoints = 50   // per session
	maxHistoryValues      = 1000 // per node and response
	maxConnections        = 100
	maxSessions           = 50
	maxSubscriptions      = 50   // per session
	maxItems              = 5000 // per subscription, unless Config says otherwise
	maxQueue              = 1000 // values per monitored item
	maxPublishRequests    = 20   // waiting per session
	maxRetransmission     = 50   // messages kept per subscription for Republish
	maxNotifications      = 5000 // values per NotificationMessage
	maxMessageSize        = 512 << 10
	maxChunks             = 64
	bufferSize            = 0xffff

	minSampling   = 50 * time.Millisecond
	minPublishing = 50 * time.Millisecond
	maxPublishing = time.Hour
	minTimeout    = 10 * time.Second // of a session
	maxTimeout    = time.Hour

	handshakeTimeout = 10 * time.Second
	writeTimeout     = 5 * time.Second
)
