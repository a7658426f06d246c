package mqttout

import "time"

// The content types of messages (Part 14, 7.3.4.8).
const (
	contentJSON     = "application/json"
	contentJSONGzip = "application/json+gzip"
	contentUADP     = "application/opcua+uadp"
)

// The message types, which MQTT 5 has in the user property MessageType.
const (
	typeData     = "ua-data"
	typeMetadata = "ua-metadata"
	typeStatus   = "ua-status"
)

// message is one publish to the broker. Its payload is not changed any more once it is made.
type message struct {
	writer  *writer // whose metadata is to be sent before; nil when that does not matter
	first   uint64  // the sequence of the oldest frame that has a part in it; 0 for none
	topic   string
	payload []byte
	qos     uint8
	retain  bool
	// ttl, contentType and messageType are for MQTT 5.
	ttl         time.Duration
	contentType string
	messageType string
}

// expiry is the message expiry of MQTT 5 in seconds, rounded up; 0 for none.
func (m *message) expiry() uint32 {
	return uint32((m.ttl + time.Second - 1) / time.Second)
}
