// Package mqtt is the MQTT broker that foreign publishers deliver to: versions 3.1.1 and 5, over TCP and TLS (Part 14, 7.3.4).
//
// A QoS 1 message is acknowledged when the stream has stored it, not before, and a QoS 2 message is received (PUBREC) then.
// Each client may have a window of messages on their way; beyond that the broker stops reading from it. A message whose fate
// is unknown ends the connection, because nothing else makes an MQTT client send it again. QoS 0 is best effort: what does not
// find room soon is dropped and counted.
//
// Other clients may subscribe, as at any broker; what they get is kept in memory only. Retained messages are bounded.
package mqtt
