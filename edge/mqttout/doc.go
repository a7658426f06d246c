// Package mqttout sends what a gateway publishes to MQTT brokers as well (OPC UA Part 14, 7.3.4): MQTT 3.1.1 and 5, JSON or UADP, metadata
// and status retained. It is edge.Outputs. A broker that is slow or away never holds a gateway back: frames wait in a queue of bounded
// size, and the oldest ones are dropped and counted when it is full.
package mqttout
