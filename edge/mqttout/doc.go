// Package mqttout sends what a gateway publishes to MQTT brokers as well (OPC UA Part 14, 7.3.4): MQTT 3.1.1 and 5, JSON or UADP, metadata
// and status retained. It is edge.Outputs. A broker that is slow or away never holds a gateway back: its frames wait in the
// gateway's own store (edge.FrameLog), where each broker has a position that outlives the process. The position moves when the broker has acknowledged a
// message, of QoS 0 when it was written; what the limits of the store take before is counted.
package mqttout
